"""Which version was live when: ``history.jsonl``, one line a change of champion.

``champion.json`` holds the newest change whole and is replaced in one move: in that moment the
change happens. Its line is appended to the history after that. Where a process ends between the
two, readers take the change from ``champion.json``, and the next change writes its line first. So
the history never has a change that did not happen, and never lacks one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from filelock import FileLock

from recsys_lib.errors import StorageError
from recsys_lib.files import read_json, write_json, writing
from recsys_lib.paths import Dataset, is_version_name
from recsys_lib.registry.changes import Change, Live, is_time, live_times, versions_before
from recsys_lib.registry.history_file import HISTORY, append, encode, parse, read_lines
from recsys_lib.registry.parts import CHAMPION

FOUND = "found in champion.json, which gives no reason"
UNKNOWN = "somebody"

_LOCK = ".history.lock"


@dataclass(frozen=True)
class History:
    """All changes of a dataset's champion, oldest first.

    Parameters
    ----------
    changes: those of the file, and the newest one where the file has it not yet.
    problems: a sentence for each line that cannot be read, and for a change without a line.
    unwritten: the change that has no line yet.
    """

    changes: tuple[Change, ...] = ()
    problems: tuple[str, ...] = ()
    unwritten: Change | None = None

    @property
    def last(self) -> Change | None:
        """The newest change."""
        return self.changes[-1] if self.changes else None

    @property
    def before(self) -> list[str]:
        """What a rollback can go back to, newest first; what a rollback left is not in it."""
        return versions_before(self.changes)

    def live(self, version: str) -> list[Live]:
        """When a version was served, oldest first; empty if it never was."""
        return [live for live in live_times(self.changes) if live.change.version == version]

    def recent(self, changes: int) -> set[str]:
        """The versions that were served in the last ``changes``, or that rollbacks reach."""
        if changes < 1:
            return set()
        names = [name for one in self.changes[-changes:] for name in (one.previous, one.version)]
        return {name for name in (*names, *self.before[:changes]) if name}


def read_history(dataset: Dataset) -> History:
    """Read the changes of a dataset's champion.

    Parameters
    ----------
    dataset
        Whose champion.

    Returns
    -------
    History
        Empty where nothing was ever promoted. Damaged lines are left out and named.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> shop = Dataset.find("shop", Path(mkdtemp()))
    >>> for version in ("v1", "v2"):
    ...     _ = change_champion(shop, version, reason="better", by="run")
    >>> [(change.previous, change.version) for change in read_history(shop).changes]
    [(None, 'v1'), ('v1', 'v2')]
    """
    # The champion comes first: a change that happens meanwhile is then no missing line.
    served = _served(dataset)
    path = dataset.models / HISTORY
    lines = read_lines(path)
    changes, damaged = parse(path, lines)
    missing = _unwritten(changes, served)
    if missing is None:
        return History(tuple(changes), tuple(damaged.values()))
    if lines and encode(missing).startswith(lines[-1]):
        damaged.pop(len(lines), None)  # it was being written when its process ended
    said = [f"{path} lacks the change to {missing.version}, which the next change adds"]
    problems = (*damaged.values(), *(said if lines else []))
    return History((*changes, missing), problems, missing)


def change_champion(
    dataset: Dataset,
    version: str,
    *,
    reason: str,
    by: str,
    by_hand: bool = False,
    pinned: bool = False,
    rollback: int = 0,
) -> Change:
    """Serve a version, and record that.

    Parameters
    ----------
    dataset, version
        What is served from now on.
    reason, by
        Why, and who decided that.
    by_hand, pinned
        See :class:`recsys_lib.registry.Choice`.
    rollback
        How many changes a rollback goes back.

    Returns
    -------
    Change
        The change; the last one where this version was served already, which is no change.

    Raises
    ------
    StorageError
        If the disk is full or forbids writing; the message says whether the change happened.
    """
    path = dataset.models / HISTORY
    with _alone(dataset):
        history = read_history(dataset)
        if history.unwritten:
            append(path, history.unwritten)
        last = history.last
        how = {"by_hand": by_hand, "pinned": pinned}
        if last and last.version == version:
            write_json(dataset.models / CHAMPION, last.as_pointer() | how)
            return last
        before = last.version if last else None
        change = Change(_moment(datetime.now(UTC)), before, version, reason, by, rollback)
        write_json(dataset.models / CHAMPION, change.as_pointer() | how)
        try:
            append(path, change)
        except StorageError as error:
            raise StorageError(
                f"version {version} is served now, but {error}; the next change of champion adds "
                "the line"
            ) from error
    return change


def _moment(time: datetime) -> str:
    """A time to the microsecond, so that no two changes share one."""
    return time.isoformat(timespec="microseconds")


def _served(dataset: Dataset) -> tuple[Mapping[str, Any], str] | None:
    """What champion.json says, and when it was written; None where it names no version."""
    path = dataset.models / CHAMPION
    try:
        written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        stored = dict(read_json(path))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, TypeError):
        return None  # registry.champion says so, and a promotion mends it
    named = is_version_name(str(stored.get("version", "")))
    return (stored, _moment(written)) if named else None


def _unwritten(
    changes: Sequence[Change], served: tuple[Mapping[str, Any], str] | None
) -> Change | None:
    """The change that champion.json has and the lines have not."""
    last = changes[-1] if changes else None
    if served is None or (last and last.version == served[0]["version"]):
        return None
    stored, written = served
    before, version = last.version if last else None, str(stored["version"])
    since = str(stored["since"]) if is_time(stored.get("since")) else written
    if any(change.time == since and change.version == version for change in changes):
        return None
    try:
        change = Change.from_pointer(stored)
        if change.previous == before:
            return change
    except (ValueError, KeyError, TypeError):
        pass  # another program, an older release or an editor wrote it
    time = written if last and since <= last.time else since
    return Change(time, before, version, FOUND, UNKNOWN)


@contextmanager
def _alone(dataset: Dataset) -> Iterator[None]:
    """Hold the lock of the champion, which takes milliseconds; a run holds another one."""
    path = dataset.models / _LOCK
    with writing(path):
        dataset.models.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
