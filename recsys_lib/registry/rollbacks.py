"""Back to a version that was served before."""

from __future__ import annotations

from dataclasses import dataclass

from recsys_lib.errors import ArtifactError, ParameterError
from recsys_lib.paths import Dataset
from recsys_lib.registry.history import History, change_champion, read_history
from recsys_lib.registry.promotion import author
from recsys_lib.registry.versions import require_champion, verify


@dataclass(frozen=True)
class Rollback:
    """A rollback that was carried out.

    Parameters
    ----------
    version: what is served now.
    left: what was served before.
    skipped: a sentence for each version between the two that can no longer be served.
    """

    version: str
    left: str
    skipped: tuple[str, ...] = ()


def rollback(
    dataset: Dataset, changes: int = 1, *, reason: str = "", pin: bool = True, by: str = ""
) -> Rollback:
    """Serve again what was served some changes of champion before.

    A second rollback goes further back, not to the version that the first one left. Versions that
    were removed or are damaged are skipped.

    Parameters
    ----------
    dataset
        Whose champion.
    changes
        How many changes to go back.
    reason
        Why, for the history.
    pin
        Keep it until the next promotion by hand, so that no run serves the bad models again.
    by
        Which program decides; by default a person.

    Returns
    -------
    Rollback
        What is served now, what was left, and what was skipped.

    Raises
    ------
    ParameterError
        If ``changes`` is below 1, or there were fewer changes.
    ArtifactError
        If none of the versions that were served before can be served; the message says why.
    NotTrainedError
        If there is no champion.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> from recsys_lib.registry import publish, writing_part
    >>> shop = Dataset.find("shop", Path(mkdtemp()))
    >>> options = {"parameters": {}, "data_fingerprint": "f", "libraries": ["numpy"]}
    >>> for version in ("v1", "v2"):
    ...     with writing_part(shop.version(version) / "als", **options) as folder:
    ...         _ = (folder / "notes.txt").write_text(version)
    ...     _ = publish(shop, version)
    >>> rollback(shop, reason="it recommends one item to everybody").version
    'v1'
    """
    history = read_history(dataset)
    left = _left(dataset, history)
    before = history.before
    if not 1 <= changes <= len(before):
        raise ParameterError(
            f"a rollback by {changes} is not possible: dataset {dataset.name!r} has "
            f"{len(before)} earlier changes of champion: 'recsys models --history --dataset "
            f"{dataset.name}' lists them"
        )
    skipped: list[str] = []
    for number, version in enumerate(before[changes - 1 :], start=changes):
        if problem := _problem(dataset, version, left):
            skipped.append(problem)
            continue
        why = f"rolled back from {left}{f': {reason}' if reason else ''}"
        change_champion(
            dataset,
            version,
            reason=why,
            by=author(by),
            by_hand=True,
            pinned=pin,
            rollback=number,
        )
        return Rollback(version, left, tuple(skipped))
    raise ArtifactError("\n".join(["no version that was served before can be served:", *skipped]))


def _left(dataset: Dataset, history: History) -> str:
    """The version to go back from; it may have been removed."""
    if history.last is None:
        return require_champion(dataset).name
    return history.last.version


def _problem(dataset: Dataset, version: str, left: str) -> str:
    """Why a rollback cannot go to a version; "" if it can."""
    if version == left:
        return f"version {version} is skipped: it is served now"
    try:
        verify(dataset, version)
    except ArtifactError as error:
        return f"version {version} is skipped: {error}"
    return ""
