"""Requests whose head never ends: uvicorn would wait for ever, and keep all that arrives."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

_ANSWER = "HTTP/1.1 {}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class PatientProtocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]  # chosen by uvicorn
    """Closes a connection whose next request has no complete head in time, or a long one.

    Attributes
    ----------
    most_seconds: from the connection, or the first byte of a further request, to its last header.
    most_bytes: of path and headers.
    """

    most_seconds = 10.0
    most_bytes = 64 * 1024
    _timer: asyncio.TimerHandle | None

    def connection_made(self, transport: Any) -> None:
        """Wait for the first request."""
        super().connection_made(transport)
        self._bytes, self._timer = 0, None
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Wait for the end of a head, unless a request is under way."""
        self._bytes += len(data)
        if self._in_head() and self._bytes > self.most_bytes and b"\r\n\r\n" not in data:
            self._refuse("431 Request Header Fields Too Large")
            return
        super().data_received(data)
        if not self._in_head():
            self._stop()
        elif self._timer is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._stop()
        super().connection_lost(exc)

    def _in_head(self) -> bool:
        return self.cycle is None or bool(self.cycle.response_complete)

    def _wait(self) -> None:
        self._timer = self.loop.call_later(self.most_seconds, self._refuse, "408 Request Timeout")

    def _stop(self) -> None:
        self._bytes = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, status: str) -> None:
        self._stop()
        if not self.transport.is_closing():
            self.transport.write(_ANSWER.format(status).encode())
            self.transport.close()
