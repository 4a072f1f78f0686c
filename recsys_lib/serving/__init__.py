"""Query the trained models: from Python, over HTTP (``http``), or for everybody (``export``).

``http`` is not imported here, since it needs the extra ``api``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys_lib.serving.recommender import Recommender

if TYPE_CHECKING:
    from fastapi import FastAPI

__all__ = ["Recommender", "app"]


def app() -> FastAPI:
    """The service for another server: ``uvicorn --factory recsys_lib.serving:app``.

    It serves the dataset that ``RECSYS_DATASET`` names, by default the sample.
    """
    from recsys_lib.serving.http import app_from_environment  # noqa: PLC0415  # needs the extra api

    return app_from_environment()
