"""A limit for bodies that are no recording, before anybody is asked who they are."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from schemas.errors import RequestTooLarge
from service.problems import answer_problem

MAX_BYTES = 64_000
UPLOAD = ("POST", "/v1/check-ins")
"""Has the limit that is set for recordings, and never holds its body in memory."""


class BodyLimit:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 413 where Content-Length tells; end a body without one as soon as it is too long."""
        if scope["type"] != "http" or (scope["method"], scope["path"]) == UPLOAD:
            await self._app(scope, receive, send)
            return
        if int(Headers(scope=scope).get("content-length") or 0) > MAX_BYTES:
            await answer_problem(RequestTooLarge(f"It may have {MAX_BYTES} bytes"))(scope, receive, send)
            return
        received = 0

        async def receive_within_limit() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_BYTES:
                raise RequestTooLarge
            return message

        await self._app(scope, receive_within_limit, send)
