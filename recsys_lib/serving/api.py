"""The recommender over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import metadata
from typing import Any

import pandas as pd
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from recsys_lib.columns import Answers
from recsys_lib.errors import NotTrainedError, UnknownIdError
from recsys_lib.paths import Dataset
from recsys_lib.serving import schemas
from recsys_lib.serving.service import Service


def create_app(service: Service) -> FastAPI:
    """The application over a service."""

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
    _add_questions(app, service)
    return app


def serve(dataset: str, host: str, port: int) -> None:
    """Answer requests until interrupted."""
    service = Service(Dataset.find(dataset))
    print(f"Serving dataset {service.dataset.name}: http://{host}:{port}/docs", flush=True)
    uvicorn.run(create_app(service), host=host, port=port, log_level="info")


def _add_management(app: FastAPI, service: Service) -> None:
    @app.get("/status")
    def status() -> schemas.Status:
        """Counts of the database and state of the models."""
        return schemas.Status.model_validate(service.status())

    @app.post("/training")
    def training(body: schemas.TrainingRequest) -> schemas.TrainingAnswer:
        """Train a model in the background."""
        return service.train(body.model_type, force=body.force_retrain)


def _add_questions(app: FastAPI, service: Service) -> None:
    @app.post("/matrix_factor/similar")
    def similar(body: schemas.SimilarRequest) -> schemas.Recommendations:
        """Items that the same users like."""
        return _recommendations(service.require().similar_items(body.item_id, body.n))

    @app.post("/matrix_factor/user")
    def user(body: schemas.UserRequest) -> schemas.Recommendations:
        """Items for a known user."""
        recommender = service.require()
        return _recommendations(
            recommender.recommend(body.user_id, body.n, body.filter_already_liked)
        )

    @app.post("/search")
    def search(body: schemas.SearchRequest) -> schemas.SearchResults:
        """Products that mean what the query says."""
        answer = service.require().search(body.query, body.top_k)
        rows = _rows(answer.rename(columns={Answers.ITEM: "product_id"}))
        return schemas.SearchResults.model_validate({"results": rows})


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(UnknownIdError)
    def unknown(request: Request, error: UnknownIdError) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, status_code=404)

    @app.exception_handler(NotTrainedError)
    def not_trained(request: Request, error: NotTrainedError) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, status_code=409)


def _recommendations(answer: pd.DataFrame) -> schemas.Recommendations:
    return schemas.Recommendations.model_validate({"recommendations": _rows(answer)})


def _rows(answer: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows for JSON: what is not known is null, not NaN."""
    return answer.astype(object).where(answer.notna(), None).to_dict("records")
