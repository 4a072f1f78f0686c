"""The recommender over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import metadata
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Path
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse
from fastapi_offline import FastAPIOffline

from recsys_lib.errors import NotTrainedError
from recsys_lib.serving.http import answers, requests, schemas
from recsys_lib.serving.http.access import require_token
from recsys_lib.serving.http.errors import add_errors, problem, problems
from recsys_lib.serving.http.limits import BodyLimits
from recsys_lib.serving.http.metrics import add_metrics
from recsys_lib.serving.http.questions import Questions
from recsys_lib.serving.http.served_metrics import ServedMetrics
from recsys_lib.serving.http.service import Service
from recsys_lib.serving.http.threads import limit_requests
from recsys_lib.serving.http.versions import add_versions

_POLL_SECONDS = 0.2
_QUERY = problems(404, 408, 409, 413, 422, 503)


def create_app(service: Service, questions: Questions | None = None) -> FastAPI:
    """Make the application that answers over HTTP.

    Parameters
    ----------
    service
        The champion of a dataset, and the training of its models.
    questions
        How lists are asked for: with a log, and with a challenger, where these are wanted. By
        default of the champion, without a log.

    Returns
    -------
    fastapi.FastAPI
        With the endpoints that docs/http.md describes. Nothing is opened before the first request.
        Trainings that are under way are stopped with it.

    Examples
    --------
    >>> import uvicorn
    >>> from recsys_lib.paths import Dataset
    >>> app = create_app(Service(Dataset.find("sample")))
    >>> app.title
    'Product recommender'
    >>> uvicorn.run(app, port=8000)  # doctest: +SKIP
    """

    questions = questions or Questions(service)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        limit_requests()
        yield
        await run_in_threadpool(service.jobs.stop)
        if questions.log is not None:
            await run_in_threadpool(questions.log.close)

    # Its page of documentation comes without a network.
    app = FastAPIOffline(
        redoc_url=None,
        redirect_slashes=False,
        title="Product recommender",
        version=metadata.version("recsys-lib"),
        description=f"Recommendations and search for the dataset {service.dataset.name}.",
        lifespan=lifespan,
    )
    app.add_middleware(BodyLimits)
    add_metrics(app, questions.log, ServedMetrics(service))
    add_errors(app)
    _add_probes(app, service)
    _add_training(app, service)
    _add_lists(app, questions)
    _add_facts(app, service)
    add_versions(app, service)
    return app


def _add_probes(app: FastAPI, service: Service) -> None:
    @app.get("/", include_in_schema=False)
    def root() -> RedirectResponse:
        return RedirectResponse("docs")

    @app.get("/health")
    def health() -> schemas.Health:
        """The service runs."""
        return schemas.Health()

    @app.get("/ready", responses=problems(503), response_model=schemas.Ready)
    def ready() -> Any:
        """The service can answer queries."""
        try:
            return schemas.Ready(version=service.require().version)
        except NotTrainedError as error:
            return problem(503, str(error))

    @app.get("/status", responses=problems(503), response_model_exclude_unset=True)
    def status() -> schemas.Status:
        """Counts of the database and state of the models."""
        return schemas.Status.model_validate(service.status())


def _add_training(app: FastAPI, service: Service) -> None:
    errors = problems(401, 403, 408, 413, 422, 503)

    @app.post("/training", responses=errors, dependencies=[Depends(require_token)])
    async def training(body: requests.TrainingRequest) -> schemas.TrainingAnswer:
        """Train a model in the background, or wait for it."""
        model = body.model_type
        answer = await run_in_threadpool(service.train, model, force=body.force_retrain)
        if not body.wait or answer.status == "already_trained":
            return answer
        # Without a thread of its own: queries need the threads.
        while service.jobs.running() == model:
            await asyncio.sleep(_POLL_SECONDS)
        return await run_in_threadpool(service.outcome, answer)


def _add_lists(app: FastAPI, questions: Questions) -> None:
    ask = questions.ask
    # Fields that are not set are left out: without a log there is no list_id.

    @app.post("/matrix_factor/similar", responses=_QUERY, response_model_exclude_unset=True)
    def similar(body: requests.SimilarRequest) -> schemas.Similar:
        """Items like one item."""
        return ask("similar", answers.similar, body)

    @app.post("/matrix_factor/user", responses=_QUERY, response_model_exclude_unset=True)
    def user(body: requests.UserRequest) -> schemas.Recommendations:
        """Items for a known user."""
        return ask("user", answers.user, body)

    @app.post("/matrix_factor/history", responses=_QUERY, response_model_exclude_unset=True)
    def history(body: requests.HistoryRequest) -> schemas.Recommendations:
        """Items for anybody who took these items."""
        return ask("history", answers.history, body)

    @app.post(
        "/search", responses=problems(408, 409, 413, 422, 503), response_model_exclude_unset=True
    )
    def search(body: requests.SearchRequest) -> schemas.SearchResults:
        """Products whose text answers the query."""
        return ask("search", answers.search, body)

    @app.post(
        "/batch", responses=problems(408, 409, 413, 422, 503), response_model_exclude_unset=True
    )
    def batch(body: requests.BatchRequest) -> schemas.Batch:
        """Many questions at once, all answered by the same version."""
        return questions.batch(body)

    @app.post("/events", responses=problems(408, 413, 422, 503))
    def events(body: requests.EventsRequest) -> schemas.EventsAnswer:
        """What people did with items; the events are on the disk when the answer comes."""
        return questions.add_events(body)


def _add_facts(app: FastAPI, service: Service) -> None:
    @app.post("/matrix_factor/explain", responses=_QUERY)
    def explain(body: requests.ExplanationRequest) -> schemas.Explanation:
        """Why an item is recommended to a user."""
        return answers.explanation(service.require().explain, body)

    @app.post("/matrix_factor/why_not", responses=_QUERY)
    def why_not(body: requests.ExplanationRequest) -> schemas.Explanation:
        """Why an item is not among the first for a user, and what it would take."""
        return answers.explanation(service.require().why_not, body)

    @app.get("/items/{item_id:path}", responses=problems(404, 409, 422, 503))
    def item(item_id: Annotated[requests.AskedItem, Path()]) -> schemas.Item:
        """Title and picture of an item."""
        return schemas.Item.model_validate(service.require().item(item_id))
