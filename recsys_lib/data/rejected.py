"""Input that could not be used: kept with its place and the reason, never lost silently."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from recsys_lib.files import replacing

_TEXT_LIMIT = 500


@dataclass(frozen=True)
class Rejected:
    """One bad line: where it is, why it was set aside, and the start of what it says."""

    file: str
    line: int
    reason: str
    text: str

    @classmethod
    def at(cls, file: Path, line: int, reason: str, text: str) -> Rejected:
        """Make one, keeping the first 500 characters of the text."""
        return cls(str(file), line, reason, text[:_TEXT_LIMIT])


def write_rejected(path: Path, rejected: Iterable[Rejected]) -> None:
    """Write all bad lines as JSON lines, an empty file when there are none."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as out:
        for bad in rejected:
            out.write(json.dumps(asdict(bad), ensure_ascii=False) + "\n")


def read_rejected(path: Path) -> list[Rejected]:
    """What :func:`write_rejected` wrote."""
    with path.open(encoding="utf-8") as lines:
        return [Rejected(**json.loads(line)) for line in lines]


def count_reasons(rejected: Iterable[Rejected]) -> dict[str, int]:
    """Lines by reason, most frequent first."""
    return dict(Counter(bad.reason for bad in rejected).most_common())
