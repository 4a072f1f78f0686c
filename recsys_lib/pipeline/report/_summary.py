"""The first sentences of a report: models and data, how good it is, what to watch, what next."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recsys_lib.pipeline.ending import quality_line
from recsys_lib.pipeline.report._numbers import Metrics, human

_NOT_SERVED = "Not served: "
_PARAMETER = re.compile(r"\b(?:etl|als|embed|evaluate)\.[a-z_]+")
_SHOWN_WARNINGS = 2
_MODELS, _MONITOR = "models", "monitor"


@dataclass(frozen=True)
class Line:
    """A sentence, and in a word or two what it is about; ``code`` is a command that follows it."""

    label: str
    text: str
    code: str = ""


def summary(record: Mapping[str, Any], warnings: Sequence[str]) -> list[Line]:
    """What a reader needs to know who reads nothing else.

    Parameters
    ----------
    record: of the run.
    warnings: all warnings of the run, the most important first.
    """
    metrics = record["metrics"]
    lines = [Line("Trained", _trained(record)), Line("Quality", quality_line(metrics))]
    if record["status"] == "succeeded":
        lines += [Line("Served", _served(record)), *_next(record)]
    lines.insert(2, Line("Monitor", _monitored(record)))
    lines.insert(4, Line("To watch", _to_watch(warnings)))
    return [line for line in lines if line.text]


def _trained(record: Mapping[str, Any]) -> str:
    """What was learned from what."""
    metrics, parameters = record["metrics"], record["parameters"]
    models, data = list(_models(metrics, parameters)), list(_data(metrics))
    if not models:
        return f"Nothing yet. Loaded: {_listed(data)}." if data else ""
    made = "".join([models[0][0].upper(), _listed(models)[1:]])
    return f"{made}, from {_listed(data)}." if data else f"{made}."


def _models(metrics: Metrics, parameters: Mapping[str, Any]) -> Iterator[str]:
    if any(name.startswith("als.") for name in metrics):
        yield "matrix factorization (ALS)"
    if "search.n_products" in metrics:
        yield f"search by words and by meaning ({parameters['embed']['model']})"
    if any(name.startswith("served.") for name in metrics):
        yield "a blend of these and other sources"


def _data(metrics: Metrics) -> Iterator[str]:
    ratings, users, items, products = (
        metrics.get(f"etl.{name}") for name in ("interactions", "users", "items", "products")
    )
    if ratings:
        yield f"{human(ratings)} ratings of {human(items)} items by {human(users)} users"
    if products:
        yield f"{human(products)} products"


def _served(record: Mapping[str, Any]) -> str:
    """Whether people are answered by this version, and how it compares with the one before."""
    if not _has_version(record):
        return ""
    if not record.get("serve", True):
        return "No: this run is one of several trials, and none of them is served by itself."
    refused = [text for text in record.get("warnings", []) if text.startswith(_NOT_SERVED)]
    if refused:
        return f"No: {refused[0].removeprefix(_NOT_SERVED)}."
    verdict = record.get("verdict", "").replace(", which is served", ", which was served before")
    if verdict:
        return f"Yes: this version answers now. It is {verdict}."
    # The first one that is served, or one whose results are those of the one before, or unmeasured.
    return "Yes: this version answers now. No difference from an earlier one was measured."


def _has_version(record: Mapping[str, Any]) -> bool:
    """Whether a step of the run made, or took over, a part of a model version."""
    outputs = (output for step in record["steps"] for output in step.get("outputs", []))
    return any(Path(output["path"]).parts[0] == _MODELS for output in outputs)


def _monitored(record: Mapping[str, Any]) -> str:
    """The verdict of the monitor; what it found are warnings."""
    said = [note for step in record["steps"] if step["name"] == _MONITOR for note in step["notes"]]
    return f"{said[0].capitalize()}." if said else ""


def _to_watch(warnings: Sequence[str]) -> str:
    others = [text for text in warnings if not text.startswith(_NOT_SERVED)]
    if not others:
        return "Nothing: no step has warned, and no line of the input was rejected."
    shown, more = others[:_SHOWN_WARNINGS], len(others) - _SHOWN_WARNINGS
    rest = [f"{more} more warning{'s'[: more - 1]} below."] if more > 0 else []
    return " ".join([*shown, *rest])


def _next(record: Mapping[str, Any]) -> Iterator[Line]:
    """The first advice of the evaluation, and how to follow it."""
    advice = [text for step in record["steps"] for text in step.get("advice", [])]
    if not advice:
        return
    named = _PARAMETER.search(advice[0])
    option = f"--set {named[0]}=VALUE" if named else ""
    yield Line("Next", advice[0], f"python run_pipeline.py {option}" if option else "")


def _listed(parts: Sequence[str]) -> str:
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last
