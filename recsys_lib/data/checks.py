"""Whether what was read may be used: bad lines are written down first, then counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from recsys_lib.data.catalogue import Catalogue
from recsys_lib.data.loaded import LoadedRatings
from recsys_lib.data.rejected import Rejected, write_rejected
from recsys_lib.errors import InputDataError


@dataclass
class Checks:
    """Checks of ratings, then of products, that raise InputDataError.

    Parameters
    ----------
    path: where the bad lines go, so that they can be looked at when they stop the run.
    max_bad_share: how many bad lines are too many.
    """

    path: Path
    max_bad_share: float
    _rejected: list[Rejected] = field(default_factory=list)

    def ratings(self, files: Sequence[Path], ratings: LoadedRatings) -> None:
        """There are ratings, and few bad lines."""
        self._check(files, ratings.rejected, ratings.n_lines)
        if ratings.frame.is_empty():
            raise InputDataError("no rating is left", file=files[0])

    def products(self, files: Sequence[Path], catalogue: Catalogue) -> Catalogue:
        """There are products where there are files of them, and few bad lines."""
        self._check(files, catalogue.rejected, catalogue.n_lines)
        return catalogue

    def _check(self, files: Sequence[Path], rejected: list[Rejected], n_lines: int) -> None:
        self._rejected += rejected
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_rejected(self.path, self._rejected)
        if rejected and len(rejected) > self.max_bad_share * n_lines:
            first = rejected[0]
            raise InputDataError(
                f"{first.reason}; {len(rejected):,} of {n_lines:,} lines are bad, more than "
                f"etl.max_bad_share ({self.max_bad_share:g}) allows: see {self.path}",
                file=first.file,
                line=first.line,
            )
        if files and n_lines == 0:
            raise InputDataError("there is no record in the file", file=files[0])
