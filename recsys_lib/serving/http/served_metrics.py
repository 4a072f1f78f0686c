"""Numbers for Prometheus about what is served: which version, its rules, and the last monitor."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from recsys_lib.files import read_json
from recsys_lib.paths import Dataset
from recsys_lib.serving.http.service import Service

_UNREADABLE = -1.0


class ServedMetrics(Collector):
    """Asks a service at each scrape; nothing is opened for it."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def collect(self) -> Iterator[Metric]:
        """The version and whether it is the champion, rules, and what ``recsys monitor`` said."""
        dataset, service = self._service.dataset, self._service
        version = GaugeMetricFamily(
            "recsys_version_info", "1 for the version that answers", labels=["dataset", "version"]
        )
        if service.open_version:
            version.add_metric([dataset.name, service.open_version], 1)
        yield version
        yield GaugeMetricFamily(
            "recsys_version_refused",
            "1 while a new champion cannot be opened and the one before answers",
            value=float(bool(service.problem)),
        )
        yield CounterMetricFamily(
            "recsys_rules_refused", "changes of the rules that were refused", service.rules.refused
        )
        yield from _monitored(dataset)


def _monitored(dataset: Dataset) -> Iterator[Metric]:
    """Exit code and time of the last ``recsys monitor``; nothing where there was none.

    A damaged file is a number, too: the others are there all the same, and an alert sees it.
    """
    path = dataset.monitored
    if not path.is_file():
        return
    time = path.stat().st_mtime
    try:
        code = float(read_json(path)["exit_code"])
    except (ValueError, KeyError, TypeError):
        code = _UNREADABLE
    yield GaugeMetricFamily(
        "recsys_monitor_verdict",
        "0 fine, 10 look at this, 11 retrain, 12 roll back, -1 unreadable",
        value=code,
    )
    yield GaugeMetricFamily(
        "recsys_monitor_seconds", "when recsys monitor last ran, in seconds since 1970", value=time
    )
