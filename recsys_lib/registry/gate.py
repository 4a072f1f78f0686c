"""The regression gate: is a version better or worse than the champion, beyond noise?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl

from recsys_lib.registry.parts import EVALUATION, PER_USER_FILE
from recsys_lib.significance import paired_comparison

FEWEST_USERS = 30
_PREFERRED = "ndcg@10"
_KEYS = ("user", "held_out")
_SEED = 0

Judgement = Literal["better", "same", "worse", "unknown"]
_JUDGEMENTS: dict[str, Judgement] = {"better": "better", "worse": "worse", "within noise": "same"}


@dataclass(frozen=True)
class Verdict:
    """A version compared with the champion, on users with the same held-out items for both.

    Parameters
    ----------
    judgement: better, same (within noise), worse, or unknown if they cannot be compared.
    champion: its name.
    metric: what was compared, such as ndcg@10.
    users: on how many users both were tested.
    difference, low, high: mean of version - champion, and its 95 % bootstrap interval.
    p: p-value of a paired randomization test.
    """

    judgement: Judgement
    champion: str
    metric: str = ""
    users: int = 0
    difference: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    p: float = 1.0

    def __str__(self) -> str:
        return self._against(f"{self.champion}, which is served")

    @property
    def finding(self) -> str:
        """The same sentence for the history, where the champion may be served no more."""
        return self._against(self.champion)

    def _against(self, champion: str) -> str:
        if self.judgement == "unknown":
            return (
                f"not comparable with {champion}: only {self.users} users were tested on the same "
                "held-out items"
            )
        beyond = "within noise" if self.judgement == "same" else "beyond noise"
        judgement = "as good as" if self.judgement == "same" else f"{self.judgement} than"
        return (
            f"{judgement} {champion}: {self.metric} differs by {self.difference:+.4f} "
            f"({self.low:+.4f} to {self.high:+.4f}) on {self.users:,} users, {beyond}"
        )


def compare_versions(version: Path, champion: Path) -> Verdict | None:
    """Compare two version folders; None unless both were evaluated."""
    files = [folder / EVALUATION / PER_USER_FILE for folder in (version, champion)]
    if version == champion or not all(file.is_file() for file in files):
        return None
    mine, theirs = (pl.read_parquet(file, glob=False) for file in files)
    return judge(mine, theirs, champion.name)


def judge(mine: pl.DataFrame, theirs: pl.DataFrame, champion: str) -> Verdict:
    """Compare the metrics of each user, tables as ``Evaluation.per_user_table`` makes them."""
    both = mine.join(theirs, on=_KEYS, suffix=" of champion")
    metric = _metric(mine, theirs)
    if len(both) < FEWEST_USERS or metric is None:
        return Verdict("unknown", champion, users=len(both))
    found = paired_comparison(
        both[metric].to_numpy(), both[f"{metric} of champion"].to_numpy(), seed=_SEED
    )
    judgement = _JUDGEMENTS[found.verdict]
    return Verdict(
        judgement, champion, metric, len(both), found.mean, found.low, found.high, found.p
    )


def _metric(mine: pl.DataFrame, theirs: pl.DataFrame) -> str | None:
    """nDCG@10, otherwise nDCG of the longest list that both have."""
    common = [name for name in mine.columns if name in theirs.columns and name.startswith("ndcg")]
    return _PREFERRED if _PREFERRED in common else (common[-1] if common else None)
