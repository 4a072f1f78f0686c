"""The log of a service: lists off the path of a request, events until they are on the disk."""

from __future__ import annotations

import queue
import sqlite3
import sys
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from recsys_lib.errors import RecsysError, StorageError
from recsys_lib.loop.records import Event, ServedList
from recsys_lib.loop.store import DATABASE, connect, insert

_CAPACITY = 10_000  # entries that may wait
_MOST_AT_ONCE = 2_000  # entries of one transaction
_GATHERING_SECONDS = 0.5  # in which more lists may come; events do not wait for them
_ANSWER_SECONDS = 60.0  # for events to reach the disk
_STOP = "stop"


@dataclass(frozen=True)
class _Events:
    events: Sequence[Event]
    done: Future[int] = field(default_factory=Future)


_Entry: TypeAlias = ServedList | _Events | str


@dataclass
class LogCounts:
    """What a log did since it was opened.

    Parameters
    ----------
    lists, events: written.
    empty: those of the lists without any item.
    repeated: events that were there before.
    dropped: lists that were not written, since too many waited or the disk refused them.
    """

    lists: int = 0
    empty: int = 0
    events: int = 0
    repeated: int = 0
    dropped: int = 0


class FeedbackLog:
    """Writes the feedback of one dataset, from any number of threads.

    Several processes may write to one folder. Rows are written in transactions of many, by one
    thread; where it falls behind, lists are dropped and counted, and no request waits.

    Parameters
    ----------
    folder
        ``data/feedback/<dataset>``; made with the first entry.
    capacity
        Entries that may wait.

    Examples
    --------
    >>> import tempfile
    >>> from recsys_lib.loop.records import Shown
    >>> with tempfile.TemporaryDirectory() as name, FeedbackLog(Path(name)) as log:
    ...     served = ServedList("v1", (Shown("a", 1, 0.5),), user_id="ann")
    ...     _ = log.add_list(served)
    ...     log.add_events([Event("click", "a", served.list_id)])
    1
    """

    def __init__(self, folder: Path, capacity: int = _CAPACITY) -> None:
        self.folder, self.counts = folder, LogCounts()
        self.problem = ""
        self._queue: queue.Queue[_Entry] = queue.Queue(capacity)
        self._enough = min(_MOST_AT_ONCE, max(capacity // 2, 1))
        self._at_once = threading.Event()  # what waits is to be written now
        self._lock = threading.Lock()  # of the counts
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> FeedbackLog:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add_list(self, served: ServedList) -> bool:
        """Write a list soon. False where it was dropped, since too many entries wait."""
        if self._put(served):
            return True
        with self._lock:
            self.counts.dropped += 1
        return False

    def add_events(self, events: Iterable[Event]) -> int:
        """Write events, and return when they are on the disk.

        Returns
        -------
        int
            How many were not there yet.

        Raises
        ------
        StorageError
            Where they could not be written; send them again later. None of them is there then.
        """
        entry = _Events(list(events))
        if not entry.events:
            return 0
        if not self._put(entry):
            raise StorageError("too many events wait to be written: send them again later")
        try:
            return entry.done.result(_ANSWER_SECONDS)
        except TimeoutError:
            raise StorageError(
                f"the events were not written within {_ANSWER_SECONDS:.0f} seconds: "
                "send them again later, with the same event_id"
            ) from None

    def close(self) -> None:
        """Write what waits, and stop. A further entry starts the log again."""
        with self._starting:
            if self._thread is not None:
                self._queue.put(_STOP)
                self._at_once.set()
                self._thread.join()
                self._thread = None

    def _put(self, entry: ServedList | _Events) -> bool:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._write, name="feedback", daemon=True)
                self._thread.start()
        try:
            self._queue.put_nowait(entry)
        except queue.Full:
            return False
        if isinstance(entry, _Events) or self._queue.qsize() >= self._enough:
            self._at_once.set()
        return True

    def _write(self) -> None:
        connection = None
        running = True
        while running:
            entries = self._next()
            running = _STOP not in entries
            lists = [entry for entry in entries if isinstance(entry, ServedList)]
            waiting = [entry for entry in entries if isinstance(entry, _Events)]
            if not lists and not waiting:
                continue
            try:
                if connection is None:
                    connection = connect(self.folder)
                added = insert(connection, lists, [entry.events for entry in waiting])
            except (sqlite3.Error, RecsysError, OSError) as error:
                self._fail(error, lists, waiting)
                if connection is not None:
                    connection.close()
                connection = None
                continue
            self._count(lists, [len(entry.events) for entry in waiting], added)
            for entry, new in zip(waiting, added, strict=True):
                entry.done.set_result(new)
        if connection is not None:
            connection.close()

    def _next(self) -> list[_Entry]:
        """Wait for an entry, and take what else is there.

        The thread sleeps while lists gather: woken for each, it would take the interpreter from
        the threads that answer.
        """
        entries = [self._queue.get()]
        if isinstance(entries[0], ServedList):
            self._at_once.wait(_GATHERING_SECONDS)
        self._at_once.clear()
        while len(entries) < _MOST_AT_ONCE and entries[-1] != _STOP:
            try:
                entries.append(self._queue.get_nowait())
            except queue.Empty:
                break
        return entries

    def _count(self, lists: list[ServedList], events: Sequence[int], added: Sequence[int]) -> None:
        with self._lock:
            self.problem = ""
            self.counts.lists += len(lists)
            self.counts.empty += sum(not served.items for served in lists)
            self.counts.events += sum(added)
            self.counts.repeated += sum(events) - sum(added)

    def _fail(self, error: Exception, lists: list[ServedList], waiting: list[_Events]) -> None:
        """Count and say what was lost; the service goes on."""
        problem = str(error)
        if not isinstance(error, StorageError):  # which names the file itself
            problem = f"{self.folder / DATABASE} could not be written: {problem}"
        with self._lock:
            is_new, self.problem = problem != self.problem, problem
            self.counts.dropped += len(lists)
        if is_new:
            print(f"Feedback: {problem}", file=sys.stderr, flush=True)
        for entry in waiting:
            entry.done.set_exception(StorageError(problem))
