"""The recommender over HTTP. It needs the extra ``api`` (FastAPI and uvicorn)."""

from recsys_lib.serving.http.app import create_app, serve
from recsys_lib.serving.http.service import Service

__all__ = ["Service", "create_app", "serve"]
