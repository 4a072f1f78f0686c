"""Put a run's record and its notebooks on one page."""

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
from recsys_lib.pipeline.report.headline import headline_cards, human
from recsys_lib.pipeline.report.notices import remarks
from recsys_lib.pipeline.report.timeline import Bar, Timeline, duration, when

REPORT = "report.html"
_RECORD = "run.json"
_STORY = Path(__file__).with_name("notebook_html.py")
_END = "<!-- notebook ends -->"
_HEADING = re.compile(r"<h1\b[^>]*>(.*?)</h1>", re.DOTALL)


@dataclass(frozen=True)
class Parameter:
    """A parameter of the run; ``changed`` says that it is not the default."""

    name: str
    value: str
    changed: bool


@dataclass(frozen=True)
class Chapter:
    """One notebook: the step's record, its place in the timeline, and all of it as HTML.

    The report's style hides the code. ``story`` and ``page`` are empty without a notebook.
    """

    step: dict[str, Any]
    bar: Bar | None
    story: str = ""
    page: str = ""

    @property
    def failed(self) -> bool:
        """Whether the step ended with an error."""
        return bool(self.step["status"] == "failed")

    @property
    def title(self) -> str:
        """The notebook's first heading, as text."""
        heading = _HEADING.search(self.story)
        return Markup(heading[1]).striptags() if heading else self.step["name"]


def write_report(run_folder: Path, *, previous: dict[str, Any] | None = None) -> Path:
    """Write report.html, and a page for each executed notebook; returns the report's path.

    ``previous`` is the record of the run before, against which metrics are compared. Raises
    ArtifactError when the record names a notebook outside of ``run_folder``.
    """
    record = read_json(run_folder / _RECORD)
    timeline = Timeline.of(record)
    earlier = (previous or {}).get("metrics", {})
    page = (
        _environment()
        .get_template("report.html.j2")
        .render(
            run=record,
            chapters=[_chapter(step, record, run_folder, timeline) for step in record["steps"]],
            cards=headline_cards(record["metrics"], earlier),
            previous=previous,
            earlier=earlier,
            remarks=remarks(record),
            seconds=timeline.seconds,
            sections=_sections(record),
        )
    )
    return _write(run_folder / REPORT, page)


def write_page(notebook: Path) -> Path:
    """Write one executed notebook as a page beside it, which stands alone; returns its path."""
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


def _chapter(
    step: dict[str, Any], record: dict[str, Any], folder: Path, timeline: Timeline
) -> Chapter:
    notebook = folder / step["notebook"]
    if notebook.name != step["notebook"]:
        raise ArtifactError(
            f"{folder / _RECORD}: step {step['name']!r} names the notebook "
            f"{step['notebook']!r}, which is no file beside the record"
        )
    if not notebook.is_file():
        return Chapter(step, timeline.bar(step))
    page = notebook.with_suffix(".html")
    begin = f"<!-- notebook {sha256(notebook)} by {sha256(_STORY)} begins -->"
    body = _body_of(page, begin) or _converted(notebook)
    template = _environment().get_template("notebook.html.j2")
    _write(page, template.render(run=record, step=step, body=body, begin=begin, end=_END))
    return Chapter(step, timeline.bar(step), body, page.name)


def _converted(notebook: Path) -> str:
    from recsys_lib.pipeline.report.notebook_html import as_html  # noqa: PLC0415  # imports nbconvert

    return as_html(notebook)


def _body_of(page: Path, begin: str) -> str:
    """The notebook inside a page that was made before of the same notebook, else nothing.

    A cached step brings its page along: importing nbconvert takes longer than all the rest.
    """
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    return text.partition(begin)[2].partition(_END)[0]


def _sections(record: dict[str, Any]) -> list[list[Parameter]]:
    """The parameters, in groups as the record has them; the ungrouped ones first."""
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
