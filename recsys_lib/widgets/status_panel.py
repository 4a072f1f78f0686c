"""Status: what is trained on what, how good it is, and the report of its run."""

from __future__ import annotations

from html import escape
from typing import Any

import ipywidgets as widgets

from recsys_lib.serving import Recommender
from recsys_lib.widgets import status
from recsys_lib.widgets.panel import Panel, heading, line, table_html
from recsys_lib.widgets.product_facts import ProductFacts


class StatusPanel(Panel):
    """Sentences about data and models, tables of versions and runs, and the report."""

    TITLE = "Status"

    def __init__(self, recommender: Recommender, facts: ProductFacts, explorer: Any) -> None:
        super().__init__(recommender, facts, explorer)
        self.tables = widgets.HTML()
        self.report = widgets.HTML()
        self.open_report = widgets.Button(
            description="Show the report", tooltip="The report of the run that trained this version"
        )
        self.open_report.on_click(lambda _button: self._show_report())
        self.children = (self.message, self.tables, line(self.open_report), self.report)

    def answer(self) -> None:
        """Fill the tables."""
        dataset = self.recommender.dataset
        said = "".join(f"<div>{escape(text)}</div>" for text in status.sentences(self.recommender))
        self.results = status.versions(dataset)
        report = status.report(self.recommender)
        self.open_report.layout.display = "none" if report is None else None
        self.tables.value = "".join(
            [
                heading(f"{dataset.name}, version {self.recommender.version or '(unnamed)'}"),
                said,
                heading("Versions"),
                table_html(self.results),
                heading("Last runs"),
                table_html(status.runs(dataset)),
                heading("Report", "none is kept" if report is None else dataset.shown(report)),
            ]
        )

    def static(self) -> str:
        """The tables."""
        self.show()
        return f"<h3>{escape(self.TITLE)}</h3>{self.message.value}{self.tables.value}"

    def _show_report(self) -> None:
        """The report in a frame of its own, in which nothing runs."""
        report = status.report(self.recommender)
        if self.report.value or report is None:
            self.report.value, self.open_report.description = "", "Show the report"
            return
        page = escape(report.read_text("utf-8"), quote=True)
        self.report.value = (
            f'<iframe class="rx-report" sandbox title="Report" srcdoc="{page}"></iframe>'
        )
        self.open_report.description = "Hide the report"
