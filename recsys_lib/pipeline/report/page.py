"""Put a run's record and its notebooks on one page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from recsys_lib.files import read_json, replacing
from recsys_lib.pipeline.report.headline import headline_cards, human

REPORT = "report.html"
_RECORD = "run.json"
_BEGIN, _END = "<!-- notebook begins -->", "<!-- notebook ends -->"


@dataclass(frozen=True)
class Bar:
    """A step in the timeline: left end, start-up part and rest, in percent of the run."""

    left: float
    startup: float
    work: float


@dataclass(frozen=True)
class Chapter:
    """One notebook: the step's record, its place in the timeline, and all of it as HTML.

    The report's style hides the code.
    """

    step: dict[str, Any]
    bar: Bar | None
    story: str
    page: str


def write_report(run_folder: Path, *, previous: dict[str, Any] | None = None) -> Path:
    """Write report.html, and a page for each executed notebook; returns the report's path.

    ``previous`` is the record of the run before, against which metrics are compared.
    """
    record = read_json(run_folder / _RECORD)
    environment = _environment()
    chapters = [_chapter(step, record, run_folder, environment) for step in record["steps"]]
    page = environment.get_template("report.html.j2").render(
        run=record,
        chapters=chapters,
        cards=headline_cards(record["metrics"], (previous or {}).get("metrics", {})),
        previous=previous,
        warnings=_warnings(record),
        seconds=_seconds(record["started_at"], record["finished_at"]),
        parameters=_parameters(record),
    )
    return _write(run_folder / REPORT, page)


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("recsys_lib.pipeline.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["human"] = human
    environment.filters["when"] = _when
    return environment


def _chapter(
    step: dict[str, Any], record: dict[str, Any], folder: Path, environment: Environment
) -> Chapter:
    notebook = folder / step["notebook"]
    if not notebook.is_file():
        return Chapter(step, None, "", "")
    page = notebook.with_suffix(".html")
    body = _body_of(page) if page.is_file() else _converted(notebook)
    template = environment.get_template("notebook.html.j2")
    _write(page, template.render(run=record, step=step, body=body, begin=_BEGIN, end=_END))
    return Chapter(step, _bar(step, record), body, page.name)


def _converted(notebook: Path) -> str:
    from recsys_lib.pipeline.report.story import as_html  # noqa: PLC0415  # imports nbconvert

    return as_html(notebook)


def _body_of(page: Path) -> str:
    """The notebook inside a page that an earlier run made of it."""
    text = page.read_text(encoding="utf-8")
    return text.partition(_BEGIN)[2].partition(_END)[0]


def _bar(step: dict[str, Any], record: dict[str, Any]) -> Bar | None:
    if not step["started_at"]:
        return None
    total = max(_seconds(record["started_at"], record["finished_at"]), 1e-3)
    percent = 100 / total
    return Bar(
        left=_seconds(record["started_at"], step["started_at"]) * percent,
        startup=step["startup_seconds"] * percent,
        work=(step["seconds"] - step["startup_seconds"]) * percent,
    )


def _warnings(record: dict[str, Any]) -> list[str]:
    metrics = record["metrics"]
    found = [
        f"Step {step['name']} failed. {step['reason']}"
        for step in record["steps"]
        if step["status"] == "failed"
    ]
    if metrics.get("etl.rejected"):
        found.append(f"{metrics['etl.rejected']:,} lines of the input were set aside as bad.")
    if metrics.get("etl.reviewed_unknown_products"):
        found.append(
            f"{metrics['etl.reviewed_unknown_products']:,} rated items are not in the catalogue."
        )
    if record["git"]["dirty"]:
        found.append("The code had changes that are not committed: the run cannot be repeated.")
    return found


def _parameters(record: dict[str, Any]) -> list[tuple[str, str, bool]]:
    """Name, value, and whether it was changed from its default."""
    changed = set(record["changed_parameters"])
    rows = [("dataset", str(record["parameters"]["dataset"]), False)]
    for section, values in record["parameters"].items():
        if isinstance(values, dict):
            names = ((f"{section}.{name}", value) for name, value in values.items())
            rows += [(name, _shown(value), name in changed) for name, value in names]
    return rows


def _shown(value: Any) -> str:
    return str(value) if value != "" else "(empty)"


def _seconds(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def _when(moment: str) -> str:
    return f"{datetime.fromisoformat(moment):%d %B %Y, %H:%M} UTC"


def _write(path: Path, text: str) -> Path:
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path
