"""The rules of the shop while the service runs: a changed file counts from the next list on."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

from recsys_lib.errors import RulesError
from recsys_lib.rules import VersionRules, stamps
from recsys_lib.serving.recommender import Recommender

_NONE = (None,)
_RETRY_SECONDS = 5  # a file that the refused rules name may have been put right since


class FollowedRules:
    """Keeps the rules of a recommender like their file; threads may share it.

    A file with a mistake is refused as a whole, and the rules before stay in force. So they do when
    the file is gone: an empty one ends them.

    Attributes
    ----------
    refused: how many changes were.
    problem: of the file as it is now; None where it is in force.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.refused, self.problem = 0, ""
        self._refused_stamps: object = None
        self._retry_at = 0.0
        self._lock = threading.Lock()

    def refresh(self, recommender: Recommender) -> None:
        """Take over the file where it has changed; others go on with the old rules meanwhile."""
        rules = recommender.rules
        found = stamps([self.path] if rules is None else rules.file.files)
        if found == (_NONE if rules is None else rules.file.stamps):
            self.problem = ""
            return
        if found == self._refused_stamps and time.monotonic() < self._retry_at:
            return
        if self._lock.acquire(blocking=False):
            try:
                self._take_over(recommender, found)
            finally:
                self._lock.release()

    def status(self, rules: VersionRules) -> dict[str, Any]:
        """For ``GET /status``."""
        return {
            "fingerprint": rules.fingerprint,
            "n_rules": len(rules),
            "refused": self.refused,
            "problem": self.problem or None,
        }

    def _take_over(self, recommender: Recommender, found: object) -> None:
        try:
            recommender.use_rules(self.path)
        except RulesError as error:
            self.problem = f"the rules before stay in force: {error}"
            self.refused += found != self._refused_stamps
            self._refused_stamps = found
            self._retry_at = time.monotonic() + _RETRY_SECONDS
