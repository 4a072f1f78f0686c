"""The recommender over HTTP."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import metadata
from typing import Annotated, Any

import pandas as pd
from fastapi import Depends, FastAPI, Path
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse
from fastapi_offline import FastAPIOffline

from recsys_lib.columns import Answers
from recsys_lib.errors import ArtifactError, NotTrainedError
from recsys_lib.serving.http import requests, schemas
from recsys_lib.serving.http.access import require_token
from recsys_lib.serving.http.errors import add_errors, problem, problems
from recsys_lib.serving.http.limits import BodyLimits
from recsys_lib.serving.http.service import Service

_POLL_SECONDS = 0.2
_QUERY = problems(404, 408, 409, 413, 422, 503)


def create_app(service: Service) -> FastAPI:
    """Make the application that answers over HTTP.

    Parameters
    ----------
    service
        The champion of a dataset, and the training of its models.

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

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(service.jobs.stop)

    # Its page of documentation comes without a network.
    app = FastAPIOffline(
        redoc_url=None,
        title="Product recommender",
        version=metadata.version("recsys-lib"),
        description=f"Recommendations and search for the dataset {service.dataset.name}.",
        lifespan=lifespan,
    )
    app.add_middleware(BodyLimits)
    add_errors(app)
    _add_probes(app, service)
    _add_training(app, service)
    _add_queries(app, service)
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


def _add_queries(app: FastAPI, service: Service) -> None:
    @app.post("/matrix_factor/similar", responses=_QUERY)
    def similar(body: requests.SimilarRequest) -> schemas.Similar:
        """Items that the same users like."""
        answer = service.require().similar_items(body.item_id, body.n, body.by)
        return schemas.Similar.model_validate({"recommendations": _rows(answer)})

    @app.post("/matrix_factor/user", responses=_QUERY)
    def user(body: requests.UserRequest) -> schemas.Recommendations:
        """Items for a known user."""
        recommender = service.require()
        return _picks(recommender.recommend(body.user_id, body.n, body.filter_already_liked))

    @app.post("/matrix_factor/history", responses=_QUERY)
    def history(body: requests.HistoryRequest) -> schemas.Recommendations:
        """Items for anybody who took these items."""
        return _picks(service.require().recommend_for_history(body.item_ids, body.n))

    @app.post("/search", responses=problems(408, 409, 413, 422, 503))
    def search(body: requests.SearchRequest) -> schemas.SearchResults:
        """Products whose text answers the query."""
        recommender = service.require()
        answer = recommender.search(
            body.query, body.top_k, mode=body.mode, filters=body.filters, offset=body.offset
        )
        rows = _rows(answer.rename(columns={Answers.ITEM: "product_id"}))
        return schemas.SearchResults.model_validate({"results": rows})

    @app.get("/items/{item_id:path}", responses=problems(404, 409, 422, 503))
    def item(item_id: Annotated[requests.AskedItem, Path()]) -> schemas.Item:
        """Title and picture of an item."""
        return schemas.Item.model_validate(service.require().item(item_id))


def _picks(answer: pd.DataFrame) -> schemas.Recommendations:
    if Answers.REASON not in answer:
        answer = answer.assign(**{Answers.REASON: None})
    return schemas.Recommendations.model_validate({"recommendations": _rows(answer)})


def _rows(answer: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows for JSON: unknown values are null, not NaN. ArtifactError for a score of NaN."""
    rows = answer.astype(object).where(answer.notna(), None).to_dict("records")
    for row in rows:
        if row[Answers.SCORE] is None or not math.isfinite(row[Answers.SCORE]):
            raise ArtifactError("the model gives scores that are not finite: train it again")
    return rows
