"""The report of a run: one page that tells the whole story and needs no network."""

from recsys_lib.pipeline.report._page import REPORT, write_page, write_report

__all__ = ["REPORT", "write_page", "write_report"]
