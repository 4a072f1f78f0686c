"""What a request may cost: the size of its body, and the time that it takes to arrive."""

from __future__ import annotations

import asyncio

from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 256 * 1024
MOST_SECONDS = 10.0

_CLOSE = {"connection": "close"}


class BodyLimits:
    """Reads the body of a request before the application does.

    Parameters
    ----------
    app: the application behind.
    most_bytes: a longer body is thrown away while it arrives, and answered with 413.
    most_seconds: for the whole body; after that the answer is 408.
    """

    def __init__(
        self, app: ASGIApp, most_bytes: int = MOST_BYTES, most_seconds: float = MOST_SECONDS
    ) -> None:
        self.app, self.most_bytes, self.most_seconds = app, most_bytes, most_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body, size, code = bytearray(), 0, 0
        try:
            async with asyncio.timeout(self.most_seconds):
                more = True
                while more:
                    message = await receive()
                    if message["type"] != "http.request":
                        return  # the client went away
                    size += len(message.get("body", b""))
                    if size <= self.most_bytes:
                        body += message.get("body", b"")
                    more = message.get("more_body", False)
        except TimeoutError:
            code = 408
        if size > self.most_bytes:
            code = 413
        if code:
            detail = {
                408: f"the body did not arrive within {self.most_seconds:g} seconds",
                413: f"the body is too long: send at most {self.most_bytes:,} bytes",
            }[code]
            await JSONResponse({"detail": detail}, code, _CLOSE)(scope, receive, send)
            return
        await self.app(scope, _replayed(bytes(body), receive), send)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Receive the body first, and then what the server sends: that the client went away."""
    first = True

    async def again() -> Message:
        nonlocal first
        if first:
            first = False
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return again
