"""Many requests at once share the processors in order."""

from anyio import run
from anyio.to_thread import current_default_thread_limiter
from threadpoolctl import threadpool_info

from recsys_lib.processors import processors
from recsys_lib.serving.http.service import Service
from recsys_lib.serving.http.threads import limit_requests


def test_as_many_requests_at_once_as_processors_and_one():
    async def limited():
        limit_requests()
        return current_default_thread_limiter().total_tokens

    assert run(limited) == processors() + 1


def test_products_of_matrices_run_in_their_caller(shop):
    assert Service(shop).require()
    blas = [library for library in threadpool_info() if library["user_api"] == "blas"]
    assert {library["num_threads"] for library in blas} == {1}
