"""Which version is served: it comes through the gate, or a person decides."""

from __future__ import annotations

import getpass
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from recsys_lib.errors import ArtifactError, WorseError
from recsys_lib.files import fingerprint
from recsys_lib.paths import Dataset
from recsys_lib.registry.history import change_champion
from recsys_lib.registry.parts import CHAMPION, EVALUATION, MANIFEST, PER_USER_FILE, champion
from recsys_lib.registry.versions import published_versions, verify

if TYPE_CHECKING:
    from recsys_lib.registry.gate import Verdict

BY_VARIABLE = "RECSYS_BY"
"""Names who changes the champion, where it is neither the user of this machine nor a run."""
RUN = "run"


def promote(
    dataset: Dataset,
    version: str,
    *,
    force: bool = False,
    pin: bool = False,
    by_hand: bool = True,
    reason: str = "",
    by: str = "",
) -> Verdict | None:
    """Make a published version the champion, the one that is served.

    The change is recorded in ``history.jsonl``.

    Parameters
    ----------
    dataset
        Whose version.
    version
        Its name: the id of the run that trained it.
    force
        Promote it without comparing it with the champion.
    pin
        Keep it until the next promotion by hand: runs train, but promote nothing.
    by_hand
        Whether a person chose it. Then a run that makes nothing anew leaves it the champion.
    reason
        Why, for the history; by default what the comparison found.
    by
        Who decides; by default $RECSYS_BY, otherwise user@host, or run where no person chose it.

    Returns
    -------
    How it compares with the champion before; None where the two were not compared.

    Raises
    ------
    ArtifactError
        If no version of this name was published, or its files are not as recorded.
    WorseError
        If it is worse than the champion beyond noise, unless ``force`` is set.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from recsys_lib.registry import publish, read_history, writing_part
    >>> shop = Dataset.find("shop", Path(mkdtemp()))
    >>> options = {"parameters": {}, "data_fingerprint": "f", "libraries": ["numpy"]}
    >>> for version in ("v1", "v2"):
    ...     with writing_part(shop.version(version) / "als", **options) as folder:
    ...         _ = (folder / "notes.txt").write_text(version)
    ...     _ = publish(shop, version)
    >>> _ = promote(shop, "v1", reason="fewer complaints")
    >>> champion(shop).name, read_history(shop).last.reason
    ('v1', 'fewer complaints')
    """
    _require_published(dataset, version)
    verify(dataset, version)
    verdict, found = (None, "not compared") if force else _compared(dataset, version)
    if verdict is not None and verdict.judgement == "worse":
        raise WorseError(
            f"version {version} is {verdict}; to serve it anyway: "
            f"'recsys promote {version} --dataset {dataset.name} --force'"
        )
    by = by or author("" if by_hand else RUN)
    change_champion(dataset, version, reason=reason or found, by=by, by_hand=by_hand, pinned=pin)
    return verdict


def against_champion(dataset: Dataset, version: str) -> Verdict | None:
    """A version compared with the champion, on the same test users.

    None if there is no other champion, or one of the two was not evaluated.
    """
    from recsys_lib.registry.gate import compare_versions  # noqa: PLC0415  # slow import

    served = champion(dataset)
    return compare_versions(dataset.version(version), served) if served else None


def author(program: str = "") -> str:
    """Who changes the champion: $RECSYS_BY, otherwise the program, otherwise user@host."""
    return os.environ.get(BY_VARIABLE, "").strip() or program or f"{_user()}@{socket.gethostname()}"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container whose user has no name
        return f"user {os.getuid()}"


def _require_published(dataset: Dataset, version: str) -> None:
    if not (dataset.version(version) / MANIFEST).is_file():
        raise ArtifactError(
            f"dataset {dataset.name!r} has no published version {version!r}: "
            f"there is {', '.join(published_versions(dataset)) or 'none'}"
        )


def _compared(dataset: Dataset, version: str) -> tuple[Verdict | None, str]:
    """The verdict of the gate, and what it says; None where there is nothing to compare."""
    try:
        served = champion(dataset)
    except ArtifactError:  # a promotion mends it
        return None, f"not compared: {CHAMPION} was damaged"
    if served is None:
        return None, "the first version that is served"
    if _measured_alike(dataset.version(version), served):
        return None, f"measured exactly like {served.name}"
    verdict = against_champion(dataset, version)
    if verdict is None:
        return None, f"not compared with {served.name}: not both were evaluated"
    return verdict, verdict.finding


def _measured_alike(version: Path, served: Path) -> bool:
    """Whether the evaluation found the same for each user as that of the champion."""
    mine, theirs = (folder / EVALUATION / PER_USER_FILE for folder in (version, served))
    return mine.is_file() and theirs.is_file() and fingerprint(mine) == fingerprint(theirs)
