"""The recommender over HTTP."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import metadata
from typing import Any

import pandas as pd
import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from recsys_lib.columns import Answers
from recsys_lib.errors import ArtifactError, NotTrainedError, QueryError, UnknownIdError
from recsys_lib.paths import Dataset
from recsys_lib.serving.http import schemas
from recsys_lib.serving.http.service import Service

_MEANINGS = {
    404: "unknown id",
    409: "the model is not trained; the detail says what to run",
    422: "the body is not valid",
    503: "the files of the model are damaged",
}
_STATUS_CODES = {UnknownIdError: 404, NotTrainedError: 409, ArtifactError: 503, QueryError: 422}


def create_app(service: Service) -> FastAPI:
    """Make the application that answers over HTTP.

    Parameters
    ----------
    service
        The champion of a dataset, and the training of its models.

    Returns
    -------
    fastapi.FastAPI
        With the endpoints /status, /training, /matrix_factor/similar, /matrix_factor/user and
        /search. Trainings that are under way are stopped with it.

    Examples
    --------
    >>> from recsys_lib.paths import Dataset
    >>> app = create_app(Service(Dataset.find("sample")))
    >>> app.title
    'Product recommender'
    >>> uvicorn.run(app, port=8000)  # doctest: +SKIP
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        service.jobs.stop()

    app = FastAPI(
        title="Product recommender",
        version=metadata.version("recsys-lib"),
        description=f"Recommendations and search for the dataset {service.dataset.name}.",
        lifespan=lifespan,
    )
    _add_errors(app)
    _add_management(app, service)
    _add_queries(app, service)
    return app


def serve(dataset: str, host: str, port: int) -> None:
    """Answer requests until interrupted."""
    service = Service(Dataset.find(dataset))
    print(f"Serving dataset {service.dataset.name}: http://{host}:{port}/docs", flush=True)
    try:
        uvicorn.run(create_app(service), host=host, port=port, log_level="info")
    finally:
        service.jobs.stop()  # again, because a second Ctrl-C skips the end of the lifespan


def _add_management(app: FastAPI, service: Service) -> None:
    @app.get("/status", responses=_problems(503))
    def status() -> schemas.Status:
        """Counts of the database and state of the models."""
        return schemas.Status.model_validate(service.status())

    @app.post("/training", responses=_problems(422, 503))
    def training(body: schemas.TrainingRequest) -> schemas.TrainingAnswer:
        """Train a model in the background."""
        return service.train(body.model_type, force=body.force_retrain)


def _add_queries(app: FastAPI, service: Service) -> None:
    @app.post("/matrix_factor/similar", responses=_problems(404, 409, 422, 503))
    def similar(body: schemas.SimilarRequest) -> schemas.Recommendations:
        """Items that the same users like."""
        return _recommendations(service.require().similar_items(body.item_id, body.n))

    @app.post("/matrix_factor/user", responses=_problems(404, 409, 422, 503))
    def user(body: schemas.UserRequest) -> schemas.Recommendations:
        """Items for a known user."""
        recommender = service.require()
        return _recommendations(
            recommender.recommend(body.user_id, body.n, body.filter_already_liked)
        )

    @app.post("/search", responses=_problems(409, 422, 503))
    def search(body: schemas.SearchRequest) -> schemas.SearchResults:
        """Products whose text answers the query."""
        recommender = service.require()
        answer = recommender.search(
            body.query, body.top_k, mode=body.mode, filters=body.filters, offset=body.offset
        )
        rows = _rows(answer.rename(columns={Answers.ITEM: "product_id"}))
        return schemas.SearchResults.model_validate({"results": rows})


def _add_errors(app: FastAPI) -> None:
    """Make every error a ``{"detail": "..."}`` with a sentence."""

    def known(request: Request, error: Exception) -> JSONResponse:
        code = next(code for kind, code in _STATUS_CODES.items() if isinstance(error, kind))
        return _problem(code, str(error))

    for kind in _STATUS_CODES:
        app.add_exception_handler(kind, known)

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        problems = [(".".join(map(str, p["loc"][1:])), p["msg"]) for p in error.errors()]
        return _problem(422, "; ".join(f"{where or 'body'}: {what}" for where, what in problems))

    @app.exception_handler(Exception)
    def unexpected(request: Request, error: Exception) -> JSONResponse:
        return _problem(500, f"{type(error).__name__}: the log of the service has the details")


def _problem(code: int, detail: str) -> JSONResponse:
    return JSONResponse(schemas.Problem(detail=detail).model_dump(), code)


def _problems(*codes: int) -> dict[int | str, dict[str, Any]]:
    """The errors of an endpoint, for its documentation."""
    return {code: {"model": schemas.Problem, "description": _MEANINGS[code]} for code in codes}


def _recommendations(answer: pd.DataFrame) -> schemas.Recommendations:
    return schemas.Recommendations.model_validate({"recommendations": _rows(answer)})


def _rows(answer: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows for JSON: unknown values are null, not NaN. ArtifactError for a score of NaN."""
    rows = answer.astype(object).where(answer.notna(), None).to_dict("records")
    for row in rows:
        if row[Answers.SCORE] is None or not math.isfinite(row[Answers.SCORE]):
            raise ArtifactError("the model gives scores that are not finite: train it again")
    return rows
