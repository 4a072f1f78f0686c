"""The recommender behind the HTTP service: always the current champion."""

from __future__ import annotations

import threading
from typing import Any

from recsys_lib.errors import NotTrainedError
from recsys_lib.files import read_json
from recsys_lib.paths import Dataset
from recsys_lib.registry import CHAMPION, MANIFEST, champion, run_command
from recsys_lib.serving._answers import status
from recsys_lib.serving.http.schemas import ModelType, TrainingAnswer
from recsys_lib.serving.http.training import TrainingJobs
from recsys_lib.serving.recommender import Recommender

_SECTIONS: dict[ModelType, str] = {"mf": "matrix_factorization", "ss": "similarity_search"}


class Service:
    """The champion of one dataset, opened, and the training of its models.

    The champion is opened again when ``champion.json`` changes. A request finishes with the
    version it began with.
    """

    def __init__(self, dataset: Dataset, jobs: TrainingJobs | None = None) -> None:
        self.dataset, self.jobs = dataset, jobs or TrainingJobs(dataset)
        self._recommender: Recommender | None = None
        self._loaded: int | None = None
        self._lock = threading.Lock()

    def recommender(self) -> Recommender | None:
        """The champion, or None when there is none yet."""
        pointer = self.dataset.models / CHAMPION
        if not pointer.is_file():
            return None
        with self._lock:
            changed = pointer.stat().st_mtime_ns
            if changed != self._loaded:
                self._recommender = Recommender.load(dataset=self.dataset)
                self._loaded = changed
            return self._recommender

    def require(self) -> Recommender:
        """The champion; NotTrainedError says what to run."""
        recommender = self.recommender()
        if recommender is None:
            raise NotTrainedError(f"nothing is trained yet: {run_command(self.dataset)}")
        return recommender

    def status(self) -> dict[str, Any]:
        """The body of ``GET /status``."""
        # Ask the jobs first: one that ends in between has published before the model is opened.
        running = self.jobs.running()
        failed = [model for model in _SECTIONS if self.jobs.failure(model)]
        served = self.recommender()
        answer = status(
            self.dataset, served.als if served else None, served.product_search if served else None
        )
        for model_type, section in _SECTIONS.items():
            if running == model_type:
                answer[section]["status"] = "training"
            elif model_type in failed:
                answer[section]["status"] = "failed"
        return answer

    def train(self, model_type: ModelType, *, force: bool) -> TrainingAnswer:
        """Start a training, unless the model is trained and ``force`` is not set."""
        failure, running = self.jobs.failure(model_type), self.jobs.running()
        trained = self._is_trained(model_type)
        stats = self._stats(model_type) if trained else {}
        if not running and trained and not force and not failure:
            message = "the model is trained already: set force_retrain to train it again"
            return self._answer("already_trained", message, model_type, stats)
        if running or self.jobs.start(model_type) is None:
            message = f"{running or 'a model'} is being trained: GET /status tells when it is ready"
            return self._answer("running", message, model_type, stats)
        message = "training has started: GET /status tells when it is ready"
        if failure:
            message = f"{message}; {failure}"
        return self._answer("started", message, model_type, stats)

    def _is_trained(self, model_type: ModelType) -> bool:
        recommender = self.recommender()
        if recommender is None:
            return False
        part = recommender.als if model_type == "mf" else recommender.product_search
        return part is not None

    def _stats(self, model_type: ModelType) -> dict[str, Any]:
        folder = champion(self.dataset)
        metrics = read_json(folder / MANIFEST)["metrics"] if folder else {}
        searching = {k: v for k, v in metrics.items() if k.startswith("search.")}
        if model_type == "ss":
            return searching
        return {k: v for k, v in metrics.items() if k not in searching}

    @staticmethod
    def _answer(
        state: str, message: str, model_type: ModelType, stats: dict[str, Any]
    ) -> TrainingAnswer:
        return TrainingAnswer(status=state, message=message, model_type=model_type, stats=stats)
