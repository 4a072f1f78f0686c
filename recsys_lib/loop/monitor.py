"""Look at everything there is of a dataset: data, served version, feedback; and say what to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl

from recsys_lib.blend.sources import item_embeddings
from recsys_lib.columns import Feedback, Products
from recsys_lib.data.database import reading
from recsys_lib.data.interactions import Interactions
from recsys_lib.data.summary import read_summary
from recsys_lib.files import write_json
from recsys_lib.loop.comparisons import Drift
from recsys_lib.loop.drift import drift
from recsys_lib.loop.exported import EXPORT_ROUTE
from recsys_lib.loop.familiarity import Unknown, unknown_to
from recsys_lib.loop.outcomes import outcomes
from recsys_lib.loop.periods import Periods, product_facts
from recsys_lib.loop.reading import last_list, read_events, read_shown
from recsys_lib.loop.traffic import by_day
from recsys_lib.loop.verdict import (
    EXIT_CODES,
    Finding,
    MonitorVerdict,
    of_drift,
    of_lists,
    of_overlap,
    of_unknown,
    of_versions,
    overall,
)
from recsys_lib.loop.version_overlap import Overlap, version_overlap
from recsys_lib.parameters import MonitorParameters
from recsys_lib.paths import Dataset
from recsys_lib.registry import (
    ALS_PART,
    SEARCH_PART,
    Part,
    champion,
    has_part,
    read_history,
    run_command,
)

_FACTS = {
    Products.ITEM: pl.String,
    Products.PRICE: pl.Float64,
    Products.CATEGORIES: pl.String,
    Products.MAIN_CATEGORY: pl.String,
}

_SHOWN = tuple(name for name in Feedback.SHOWN if name not in (Feedback.QUESTION, Feedback.SCORE))
"""What the monitor looks at: questions are long texts."""


@dataclass(frozen=True)
class Monitored:
    """What was found.

    Parameters
    ----------
    dataset: which was looked at.
    served: folder of the served version; None where nothing is served.
    interactions: what models see.
    drifts: comparisons of the newest interactions with those before.
    unknown: what the served version does not know of them; None where that cannot be said.
    overlap: of its lists with those of the version served before; None where there is none.
    shown: shown items with their outcomes, of both periods; no rows where nothing was logged.
    parameters: with which it was looked at.
    """

    dataset: Dataset
    served: Path | None
    interactions: Interactions
    drifts: list[Drift]
    unknown: Unknown | None
    overlap: Overlap | None
    shown: pl.DataFrame
    parameters: MonitorParameters

    @cached_property
    def findings(self) -> list[Finding]:
        """All findings, the most urgent ones first."""
        found = [*self._of_data(), *self._of_feedback()]
        return sorted(found, key=lambda finding: -list(EXIT_CODES).index(finding.verdict))

    @property
    def verdict(self) -> MonitorVerdict:
        """The most urgent verdict of the findings."""
        return overall(self.findings)

    @property
    def exit_code(self) -> int:
        """Of the verdict, for schedulers."""
        return EXIT_CODES[self.verdict]

    @property
    def days(self) -> pl.DataFrame:
        """Lists a day in the newest period, see :func:`recsys_lib.loop.traffic.by_day`."""
        return by_day(self.newest)

    def table(self) -> pl.DataFrame:
        """The findings as columns verdict, finding and remedy."""
        rows = [(f.verdict, f.sentence, f.remedy) for f in self.findings]
        return pl.DataFrame(rows, ["verdict", "finding", "what to do"], orient="row")

    def drift_table(self) -> pl.DataFrame:
        """The comparisons of the newest interactions with those before."""
        columns = ["what", "unit", "before", "now", "measure", "size", "p", "verdict"]
        rows = [tuple(vars(row)[name] for name in columns) for row in self.drifts]
        return pl.DataFrame(rows, columns, orient="row")

    def save(self, path: Path) -> None:
        """Write verdict, exit code and findings as JSON, and what a run records of them."""
        write_json(
            path,
            {
                "dataset": self.dataset.name,
                "version": self.served.name if self.served else None,
                "verdict": self.verdict,
                "exit_code": self.exit_code,
                "findings": [vars(finding) for finding in self.findings],
                "metrics": self._metrics(),
                "sayings": [self.verdict],
                "warnings": [str(one) for one in self.findings if one.verdict != "fine"],
            },
        )

    @property
    def newest(self) -> pl.DataFrame:
        """Shown items of the newest period, with their outcomes."""
        time = pl.col(Feedback.TIME)
        return self.shown.filter(time > time.max() - timedelta(days=self.parameters.days))

    def _metrics(self) -> dict[str, float]:
        found = {"monitor.exit_code": float(self.exit_code)}
        if self.unknown:
            found["monitor.unknown_items"] = self.unknown.items
            found["monitor.unknown_users"] = self.unknown.users
        if self.overlap:
            found["monitor.overlap"] = self.overlap.overlap
        return found

    def _of_data(self) -> list[Finding]:
        run = run_command(self.dataset)
        if not self.drifts:
            said = "nothing is old enough, or has no time, to compare the newest data with"
            found = [Finding("fine", said)]
        else:
            found = list(of_drift(self.drifts, learned=_has_learned(self), run=run))
        if self.served is None:
            found.append(Finding("look at this", "no version is served", run))
        if self.unknown:
            found += of_unknown(self.unknown, self.parameters, run=run)
        if self.overlap:
            found += of_overlap(self.overlap, self.parameters)
        return found

    def _of_feedback(self) -> list[Finding]:
        if self.shown.is_empty():
            said = "no list was logged: 'recsys serve' does that"
            return [Finding("fine", said)]
        found = list(of_lists(self.days, self.parameters))
        earlier = _before(self.dataset)
        if self.served and earlier:
            command = f"recsys rollback --dataset {self.dataset.argument}"
            names = self.served.name, earlier.name
            # Nobody may have looked at the lists of a file.
            seen = self.shown.filter(pl.col(Feedback.ROUTE) != EXPORT_ROUTE)
            found += of_versions(seen, *names, self.parameters, rollback=command)
        return found


def monitor(dataset: Dataset, parameters: MonitorParameters) -> Monitored:
    """Look at the data, the served version and the feedback of a dataset.

    Parameters
    ----------
    dataset
        01_etl has read it; feedback and a served version may be missing.
    parameters
        Periods and limits.

    Raises
    ------
    ArtifactError
        If the data were not read yet, or a file is damaged.
    """
    served, interactions = champion(dataset), Interactions.load(dataset.processed)
    products = _products(dataset.database)
    days, before = parameters.days, parameters.before_days
    vectors = _vectors(served, interactions) if served else None
    drifts = drift(interactions, products, days, before, seed=parameters.seed, vectors=vectors)
    unknown = overlap = None
    earlier = _before(dataset)
    if served and earlier:
        overlap = version_overlap(served, earlier, seed=parameters.seed)
    if served and interactions.has_times:
        newest = Periods.of(interactions.timestamp, days, before).now
        unknown = unknown_to(served, interactions, newest)
    shown = recent_lists(dataset, days + before)
    return Monitored(dataset, served, interactions, drifts, unknown, overlap, shown, parameters)


def _before(dataset: Dataset) -> Path | None:
    """Folder of the version that was served before; it may have been removed."""
    earlier = read_history(dataset).before
    return dataset.version(earlier[0]) if earlier else None


def _vectors(served: Path, interactions: Interactions) -> np.ndarray | None:
    """Of the texts of all items, by the served version; None where it has no search part."""
    if not has_part(served, SEARCH_PART):
        return None
    from recsys_lib.search import ProductSearch  # noqa: PLC0415  # slow, and not always there

    return item_embeddings(ProductSearch.load(served / SEARCH_PART), interactions.items.ids())


def _products(database: Path) -> pl.DataFrame:
    """Prices and categories of all products, without their long texts."""
    query = f"SELECT {', '.join(_FACTS)} FROM {Products.TABLE}"
    with reading(database) as connection:
        return product_facts(pl.read_database(query, connection, schema_overrides=_FACTS))


def recent_lists(dataset: Dataset, days: int) -> pl.DataFrame:
    """Shown items of the last days with a list, with their outcomes."""
    last = last_list(dataset.feedback)
    since = last - timedelta(days=days) if last else None
    shown = read_shown(dataset.feedback, since, _SHOWN)
    return outcomes(shown, read_events(dataset.feedback, since))


def _has_learned(found: Monitored) -> bool:
    """Whether the served version was trained on the data as they are now."""
    if found.served is None or not has_part(found.served, ALS_PART):
        return False
    trained = Part.read(found.served / ALS_PART).manifest["data_fingerprint"]
    return bool(trained == read_summary(found.dataset.processed)["fingerprint"])
