"""The service in a process of its own, and the application for other servers."""

from __future__ import annotations

import os
import sys

import uvicorn
from fastapi import FastAPI

from recsys_lib.paths import SAMPLE, Dataset
from recsys_lib.serving.http.access import TOKEN_VARIABLE, is_loopback, token
from recsys_lib.serving.http.app import create_app
from recsys_lib.serving.http.patience import PatientProtocol
from recsys_lib.serving.http.service import Service

DATASET_VARIABLE = "RECSYS_DATASET"
_GRACE_SECONDS = 5  # for requests that are under way when the service is to stop


def serve(dataset: str, host: str, port: int) -> None:
    """Answer requests until interrupted."""
    service = Service(Dataset.find(dataset))
    print(f"Serving dataset {service.dataset.name}: http://{host}:{port}/docs", flush=True)
    if not is_loopback(host) and not token():
        print(
            f"POST /training is refused to other machines: set {TOKEN_VARIABLE} to allow it",
            file=sys.stderr,
        )
    try:
        uvicorn.run(
            create_app(service),
            host=host,
            port=port,
            http=PatientProtocol,
            log_level="info",
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
    finally:
        service.jobs.stop()  # again, because a second Ctrl-C skips the end of the lifespan


def app_from_environment() -> FastAPI:
    """The application of the dataset that ``RECSYS_DATASET`` names, by default the sample.

    ParameterError when there is no such dataset.
    """
    dataset = Dataset.find(os.environ.get(DATASET_VARIABLE, "").strip() or SAMPLE)
    dataset.require()
    return create_app(Service(dataset))
