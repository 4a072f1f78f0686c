"""Prepare what takes seconds at its first use, while somebody looks at the first answer."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

_PAUSE = 0.5
"""Seconds in which the first answer gets to the screen undisturbed."""

_log = logging.getLogger(__name__)


class WarmUp:
    """Does tasks in the background, one after the other.

    Parameters
    ----------
    tasks: what to do; a task that fails is logged, and fails again, with a message, where it is
        asked for.
    when_done: called after the first of them.
    background: whether to do them in a thread of its own, or at once.
    """

    def __init__(
        self, tasks: Sequence[Callable[[], object]], when_done: Callable[[], None], background: bool
    ) -> None:
        self._tasks, self._when_done = tasks, when_done
        self._thread = threading.Timer(_PAUSE, self._run)
        self._thread.daemon = True
        self.ready = False
        if not tasks or not background:
            self._run()
        else:
            self._thread.start()

    def wait(self) -> None:
        """Return when everything is done."""
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        for task in self._tasks or [lambda: None]:
            try:
                task()
            except Exception as error:
                _log.info("not prepared: %s", error)
            if not self.ready:
                self.ready = True
                self._when_done()
