"""Numbers for Prometheus: requests and their times, and what the feedback log wrote and dropped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client import Counter as CounterMetric
from prometheus_client import Histogram as HistogramMetric
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from recsys_lib.loop import FeedbackLog, LogCounts

_BOUNDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_NO_ROUTE = "none"
_OF_LOG = {
    "lists": "lists that the feedback log has written",
    "empty": "those of them without any item",
    "dropped": "lists that the feedback log could not write",
    "events": "events that the feedback log has written",
    "repeated": "events that were sent again",
}


def add_metrics(app: FastAPI, log: FeedbackLog | None, *others: Collector) -> None:
    """Count all requests from now on, and answer ``GET /metrics``.

    The numbers are those of one process: with several workers each has its own. ``others`` add
    theirs at each scrape.
    """
    registry = CollectorRegistry()
    requests = CounterMetric(
        "recsys_requests", "answered requests", ["route", "status"], registry=registry
    )
    seconds = HistogramMetric(
        "recsys_request_seconds",
        "from the head of a request to the end of its answer",
        ["route"],
        buckets=_BOUNDS,
        registry=registry,
    )
    for other in others:
        registry.register(other)
    if log is not None:
        registry.register(_LogCollector(lambda: log.counts))

    def note(route: str, status: int, took: float) -> None:
        requests.labels(route, status).inc()
        seconds.labels(route).observe(took)

    app.add_middleware(_Stopwatch, note=note)

    @app.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class _LogCollector(Collector):
    def __init__(self, counts: Callable[[], LogCounts]) -> None:
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        counts = self._counts()
        for name, meaning in _OF_LOG.items():
            yield CounterMetricFamily(
                f"recsys_feedback_{name}", meaning, value=getattr(counts, name)
            )


class _Stopwatch:
    """Tells ``note`` the route, the status and the seconds of each request."""

    def __init__(self, app: ASGIApp, note: Callable[[str, int, float], None]) -> None:
        self.app, self.note = app, note

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            # The path as it is declared: ids in it would make a metric for each of them.
            route = getattr(scope.get("route"), "path", _NO_ROUTE)
            self.note(route, status, time.perf_counter() - started)
