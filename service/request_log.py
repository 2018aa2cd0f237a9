"""One log line for each request: method, path, status, seconds. No query, no body, no address.

The path is the route's, with its parameters unfilled: what stands in their places can be anything.
"""

import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger()


class RequestLog:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Log when the response is complete."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.monotonic()
        status = 0

        async def remember_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, remember_status)
        finally:
            log.info(
                "request.completed",
                method=scope["method"],
                path=getattr(scope.get("route"), "path", "unknown"),
                status=status,
                seconds=round(time.monotonic() - began, 3),
            )
