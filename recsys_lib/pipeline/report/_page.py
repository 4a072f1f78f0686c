"""Put the record of a run and its notebooks on one page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from recsys_lib.errors import ArtifactError
from recsys_lib.files import read_json, replacing, sha256
from recsys_lib.pipeline.report._headline import headline_cards, warnings_of
from recsys_lib.pipeline.report._numbers import human
from recsys_lib.pipeline.report._people import examples_of
from recsys_lib.pipeline.report._summary import summary
from recsys_lib.pipeline.report._timeline import Bar, Timeline, duration, when
from recsys_lib.pipeline.runs.record import RECORD

REPORT = "report.html"
_CONVERTER = Path(__file__).with_name("_notebook_html.py")
_END = "<!-- notebook ends -->"
_HEADING = re.compile(r"<h1\b[^>]*>(.*?)</h1>", re.DOTALL)


@dataclass(frozen=True)
class Parameter:
    """A parameter of the run; ``changed`` if it is not the default."""

    name: str
    value: str
    changed: bool


@dataclass(frozen=True)
class StepSection:
    """One step on the page: its record, its bar in the timeline, and its notebook as HTML.

    ``page`` is the file name of the notebook's own page; the report itself hides the code. Both are
    empty if the step has no notebook.
    """

    step: dict[str, Any]
    bar: Bar | None
    body: str = ""
    page: str = ""

    @property
    def failed(self) -> bool:
        """Whether the step ended with an error."""
        return bool(self.step["status"] == "failed")

    @property
    def title(self) -> str:
        """The first heading of the notebook."""
        heading = _HEADING.search(self.body)
        return Markup(heading[1]).striptags() if heading else self.step["name"]


def write_report(run_folder: Path, *, previous: dict[str, Any] | None = None) -> Path:
    """Write ``report.html`` of a run, and a page for each of its executed notebooks.

    Parameters
    ----------
    run_folder : Path
        Folder with ``run.json`` and the executed notebooks.
    previous : dict, optional
        Record of the run with which metrics are compared.

    Returns
    -------
    Path
        The report: one file that needs no network and runs no scripts.

    Raises
    ------
    ArtifactError
        If the record names a notebook outside of ``run_folder``.

    Examples
    --------
    >>> import json, tempfile
    >>> record = {
    ...     "run_id": "r1", "dataset": "shop", "status": "succeeded", "steps": [], "metrics": {},
    ...     "started_at": "2026-01-31T23:59:00Z", "finished_at": "2026-01-31T23:59:59Z",
    ...     "parameters": {"dataset": "shop"}, "changed_parameters": [],
    ...     "git": {"commit": None, "dirty": None},
    ...     "environment": {"python": "3.11", "packages": {}},
    ... }
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "run.json").write_text(json.dumps(record))
    ...     write_report(Path(folder)).name
    'report.html'
    """
    record = read_json(run_folder / RECORD)
    timeline = Timeline.from_record(record)
    before, warnings = (previous or {}).get("metrics", {}), warnings_of(record)
    page = (
        _environment()
        .get_template("report.html.j2")
        .render(
            run=record,
            sections=[_section(step, record, run_folder, timeline) for step in record["steps"]],
            cards=headline_cards(record["metrics"], before),
            previous=previous,
            before=before,
            warnings=warnings,
            summary=summary(record, warnings),
            examples=examples_of(run_folder),
            seconds=timeline.seconds,
            parameters=_parameters(record),
        )
    )
    return _write(run_folder / REPORT, page)


def write_page(notebook: Path) -> Path:
    """Write one executed notebook as a page of its own beside it; returns its path."""
    body = _converted(notebook)
    page = _environment().get_template("alone.html.j2").render(notebook=notebook.name, body=body)
    return _write(notebook.with_suffix(".html"), page)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("recsys_lib.pipeline.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"human": human, "when": when, "duration": duration}
    return environment


def _section(
    step: dict[str, Any], record: dict[str, Any], folder: Path, timeline: Timeline
) -> StepSection:
    notebook = folder / step["notebook"]
    if notebook.name != step["notebook"]:
        raise ArtifactError(
            f"{folder / RECORD}: step {step['name']!r} names the notebook "
            f"{step['notebook']!r}, which is not a file beside the record"
        )
    if not notebook.is_file():
        return StepSection(step, timeline.bar(step))
    page = notebook.with_suffix(".html")
    begin = f"<!-- notebook {sha256(notebook)} by {sha256(_CONVERTER)} begins -->"
    body = _body_of(page, begin) or _converted(notebook)
    template = _environment().get_template("notebook.html.j2")
    _write(page, template.render(run=record, step=step, body=body, begin=begin, end=_END))
    return StepSection(step, timeline.bar(step), body, page.name)


def _converted(notebook: Path) -> str:
    from recsys_lib.pipeline.report._notebook_html import as_html  # noqa: PLC0415  # imports nbconvert

    return as_html(notebook)


def _body_of(page: Path, begin: str) -> str:
    """The notebook in a page made from the same notebook, or "".

    A reused step brings its page along: importing nbconvert takes longer than all the rest.
    """
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    return text.partition(begin)[2].partition(_END)[0]


def _parameters(record: dict[str, Any]) -> list[list[Parameter]]:
    """The parameters by section, those without a section first."""
    changed = set(record["changed_parameters"])

    def rows(values: dict[str, Any], prefix: str = "") -> list[Parameter]:
        names = {f"{prefix}{name}": value for name, value in values.items()}
        return [Parameter(name, _shown(value), name in changed) for name, value in names.items()]

    parameters = record["parameters"]
    groups = {name: value for name, value in parameters.items() if isinstance(value, dict)}
    alone = {name: value for name, value in parameters.items() if name not in groups}
    return [rows(alone), *(rows(values, f"{name}.") for name, values in groups.items() if values)]


def _shown(value: Any) -> str:
    return str(value) if value != "" else "(empty)"


def _write(path: Path, text: str) -> Path:
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path
