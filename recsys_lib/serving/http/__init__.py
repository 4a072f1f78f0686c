"""The recommender over HTTP. It needs the extra ``api`` (FastAPI and uvicorn)."""

from recsys_lib.serving.http.app import create_app
from recsys_lib.serving.http.server import app_from_environment, serve
from recsys_lib.serving.http.service import Service

__all__ = ["Service", "app_from_environment", "create_app", "serve"]
