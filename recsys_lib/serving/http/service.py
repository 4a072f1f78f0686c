"""The recommender behind the HTTP service: always the current champion."""

from __future__ import annotations

import threading
import time
from typing import Any

from recsys_lib.errors import ArtifactError, NotTrainedError, RecsysError
from recsys_lib.files import read_json
from recsys_lib.paths import Dataset
from recsys_lib.registry import CHAMPION, MANIFEST, run_command
from recsys_lib.registry.in_use import is_worked_on
from recsys_lib.serving._answers import status
from recsys_lib.serving.http.followed_rules import FollowedRules
from recsys_lib.serving.http.parameters import served_parameters, write_config
from recsys_lib.serving.http.schemas import ModelType, TrainingAnswer
from recsys_lib.serving.http.threads import limit_libraries
from recsys_lib.serving.http.training import TrainingJobs
from recsys_lib.serving.recommender import Recommender

_SECTIONS: dict[ModelType, str] = {"mf": "matrix_factorization", "ss": "similarity_search"}
_GONE = "gone"  # in place of the stamp of a file that is not there
_RETRY_SECONDS = 5  # between attempts to open a champion that cannot be opened


class Service:
    """The champion of one dataset, opened, and the training of its models.

    The champion is opened again when ``champion.json`` changes. A request finishes with the
    version it began with. Where the new champion cannot be opened, the old one goes on answering.

    Attributes
    ----------
    rules: what became of changes in the rules of the shop, which the champion follows.
    """

    def __init__(self, dataset: Dataset, jobs: TrainingJobs | None = None) -> None:
        self.dataset, self.jobs = dataset, jobs or TrainingJobs(dataset)
        self.rules = FollowedRules(dataset.rules)
        self._recommender: Recommender | None = None
        self._loaded: tuple[int, int] | None = None
        self._problem: str | None = None
        self._failed: tuple[int, int] | str | None = None
        self._retry_at = 0.0
        self._lock = threading.Lock()

    def recommender(self) -> Recommender | None:
        """The champion, or None when there is none yet."""
        with self._lock:
            stamp = self._stamp()
            if self._recommender is None:
                if stamp is not None:
                    self._open(stamp)
            elif stamp == self._loaded:
                self._problem, self._failed = None, None
            elif (stamp or _GONE) != self._failed or time.monotonic() >= self._retry_at:
                self._open_beside(stamp)
            found = self._recommender
        if found is not None:
            self.rules.refresh(found)
        return found

    @property
    def open_version(self) -> str:
        """The version that answers; "" before the first question."""
        return self._recommender.version if self._recommender else ""

    @property
    def problem(self) -> str:
        """Why a newer champion does not answer; "" where it does."""
        return self._problem or ""

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
        if self._problem:
            answer["problem"] = self._problem
        if served is not None and served.rules is not None:
            answer["rules"] = self.rules.status(served.rules)
        return answer

    def train(self, model_type: ModelType, *, force: bool) -> TrainingAnswer:
        """Start a training, unless the model is trained and ``force`` is not set.

        It keeps the parameters of the served version.
        """
        failure, running = self.jobs.failure(model_type), self.jobs.running()
        if running:
            message = f"{running} is being trained: GET /status tells when it is ready"
            return self._answer("running", message, model_type)
        if self._is_trained(model_type) and not force and not failure:
            message = "the model is trained already: set force_retrain to train it again"
            return self._answer("already_trained", message, model_type)
        if is_worked_on(self.dataset.models):
            message = "another run works on the dataset: ask again when it has ended"
            return self._answer("running", message, model_type)
        parameters = served_parameters(self.dataset)
        config = None
        if parameters:
            path = self.dataset.models / f"training-{model_type}.yaml"
            config = write_config(path, parameters)
        if self.jobs.start(model_type, config, force=force) is None:
            message = "another training is under way, or the service is about to stop"
            return self._answer("running", message, model_type)
        message = "training has started: GET /status tells when it is ready"
        message = f"{message}; {failure}" if failure else message
        return self._answer("started", message, model_type, parameters)

    def outcome(self, begun: TrainingAnswer) -> TrainingAnswer:
        """What became of a training that was waited for."""
        model_type = begun.model_type
        failure, served = self.jobs.failure(model_type), self.jobs.has_served(model_type)
        if failure:
            return self._answer("failed", failure, model_type, begun.parameters)
        if begun.status != "started" and not served:
            return begun  # it was the run of somebody else
        message = "the model is trained and served"
        if not served:
            message = f"the model is trained, but not served: see {self.jobs.log(model_type)}"
        return self._answer("success", message, model_type, begun.parameters)

    def _stamp(self) -> tuple[int, int] | None:
        """What changes with ``champion.json``; None where there is none."""
        try:
            facts = (self.dataset.models / CHAMPION).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return facts.st_mtime_ns, facts.st_ino

    def _open(self, stamp: tuple[int, int]) -> None:
        self._recommender = Recommender.load(dataset=self.dataset)
        limit_libraries()
        # Meanwhile it answers, in more time; an error shows again where somebody asks.
        threading.Thread(target=self._recommender.prepare, daemon=True).start()
        self._loaded, self._problem, self._failed = stamp, None, None

    def _open_beside(self, stamp: tuple[int, int] | None) -> None:
        """Open another champion; when that fails the open one stays."""
        try:
            if stamp is None:
                raise ArtifactError(f"{self.dataset.models / CHAMPION} is gone")
            self._open(stamp)
        except (RecsysError, OSError) as error:
            self._problem = f"version {self.open_version} is still served: {error}"
            self._failed = stamp or _GONE
            self._retry_at = time.monotonic() + _RETRY_SECONDS

    def _is_trained(self, model_type: ModelType) -> bool:
        recommender = self.recommender()
        if recommender is None:
            return False
        part = recommender.als if model_type == "mf" else recommender.product_search
        return part is not None

    def _stats(self, model_type: ModelType) -> dict[str, Any]:
        """Sizes and metrics of the served model; empty where there is none."""
        if not self._is_trained(model_type):
            return {}
        served = self.require()
        counts = status(self.dataset, served.als, served.product_search)[_SECTIONS[model_type]]
        counts.pop("status")
        manifest = self.dataset.version(served.version) / MANIFEST
        metrics = read_json(manifest)["metrics"] if manifest.is_file() else {}
        of_search = model_type == "ss"
        return counts | {k: v for k, v in metrics.items() if k.startswith("search.") == of_search}

    def _answer(
        self,
        state: Any,
        message: str,
        model_type: ModelType,
        parameters: dict[str, Any] | None = None,
    ) -> TrainingAnswer:
        return TrainingAnswer(
            status=state,
            message=message,
            model_type=model_type,
            stats=self._stats(model_type),
            parameters=parameters or {},
        )
