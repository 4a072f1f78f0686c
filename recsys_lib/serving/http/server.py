"""The service in a process of its own, and the application for other servers."""

from __future__ import annotations

import os
import sys
import threading

import uvicorn
from fastapi import FastAPI

from recsys_lib.errors import ParameterError
from recsys_lib.loop import FeedbackLog, keep_rotating
from recsys_lib.loop.experiment import start_experiment
from recsys_lib.paths import SAMPLE, Dataset
from recsys_lib.serving.http.access import TOKEN_VARIABLE, is_loopback, token
from recsys_lib.serving.http.app import create_app
from recsys_lib.serving.http.explored_place import ExploredPlace
from recsys_lib.serving.http.patience import PatientProtocol
from recsys_lib.serving.http.questions import Questions
from recsys_lib.serving.http.service import Service
from recsys_lib.serving.recommender import Recommender

DATASET_VARIABLE = "RECSYS_DATASET"
FEEDBACK_VARIABLE = "RECSYS_FEEDBACK"
_GRACE_SECONDS = 5  # for requests that are under way when the service is to stop


def serve(  # noqa: PLR0913  # most are optional
    dataset: str,
    host: str,
    port: int,
    *,
    feedback: bool = True,
    challenger: str = "",
    share: float = 0.0,
    interleave: bool = False,
    explore: int | None = None,
) -> None:
    """Answer requests until interrupted.

    With ``feedback`` every list is logged, and events are taken. ``share`` of the people get the
    lists of the version ``challenger``, or, with ``interleave``, all get lists of both versions.
    ``explore`` is the place of lists that items without history get.
    """
    service = Service(Dataset.find(dataset))
    questions = _questions(
        service, feedback=feedback, challenger=challenger, share=share, interleave=interleave
    )
    if explore is not None:
        _explore(questions, explore)
    print(f"Serving dataset {service.dataset.name}: http://{host}:{port}/docs", flush=True)
    if not is_loopback(host) and not token():
        print(
            f"POST /training is refused to other machines: set {TOKEN_VARIABLE} to allow it",
            file=sys.stderr,
        )
    try:
        uvicorn.run(
            create_app(service, questions),
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

    It keeps feedback unless ``RECSYS_FEEDBACK`` is off. ParameterError for another value, and when
    there is no such dataset.
    """
    dataset = Dataset.find(os.environ.get(DATASET_VARIABLE, "").strip() or SAMPLE)
    dataset.require()
    wanted = os.environ.get(FEEDBACK_VARIABLE, "").strip().lower() or "on"
    if wanted not in ("on", "off"):
        raise ParameterError(f"{FEEDBACK_VARIABLE} is {wanted!r}: choose on or off")
    service = Service(dataset)
    return create_app(service, _questions(service, feedback=wanted == "on"))


def _questions(
    service: Service,
    *,
    feedback: bool,
    challenger: str = "",
    share: float = 0.0,
    interleave: bool = False,
) -> Questions:
    log = FeedbackLog(service.dataset.feedback) if feedback else None
    if log is not None:
        threading.Thread(target=keep_rotating, args=(log.folder,), daemon=True).start()
    if not challenger:
        return Questions(service, log)
    version = Recommender.load(service.dataset.version(challenger), dataset=service.dataset)
    if log is not None:
        start_experiment(log.folder, challenger, share, interleaved=interleave)
    return Questions(service, log, version, share, interleave=interleave)


def _explore(questions: Questions, position: int) -> None:
    if questions.log is None:
        raise ParameterError("exploring needs feedback: leave --no-feedback out")
    questions.explored_place = ExploredPlace(questions.service, questions.log.folder, position)
    threading.Thread(target=questions.explored_place.keep_refreshing, daemon=True).start()
