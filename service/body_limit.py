"""A limit for bodies that are no recording, before anybody is asked who they are."""

import re

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from schemas.errors import ContentLengthInvalid, RecordingTooLarge, RequestTooLarge, TandemError
from service.problems import answer_problem

MAX_BYTES = 64_000
UPLOADS = "/v1/uploads"
_LENGTH = re.compile(r"[0-9]+")
_MAX_DIGITS = 18
"""What has more is larger than any disk, and would be slow to read as a number."""


class BodyLimit:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 400 or 413 where Content-Length tells; end a body without one as soon as it is too long, with 413."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif refusal := _refusal(scope):
            await answer_problem(refusal)(scope, receive, send)
        elif _counts_for_itself(scope):
            await self._app(scope, receive, send)
        else:
            await _Exchange(receive, send).run(self._app, scope)


class _Exchange:
    """One request whose body is counted as it arrives."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._received = 0
        self._answered = False

    async def run(self, app: ASGIApp, scope: Scope) -> None:
        """Whatever the app makes of a body that is too long, 413 is the answer."""
        try:
            await app(scope, self._receive_within_limit, self._send_unless_too_long)
        except RequestTooLarge:
            if self._answered:
                raise
        if self._is_too_long and not self._answered:
            await answer_problem(_too_large())(scope, self._receive, self._send)

    @property
    def _is_too_long(self) -> bool:
        return self._received > MAX_BYTES

    async def _receive_within_limit(self) -> Message:
        message = await self._receive()
        self._received += len(message.get("body", b""))
        if not self._is_too_long:
            return message
        if self._answered:  # nobody waits for the rest of the body any more
            return {"type": "http.disconnect"}
        raise _too_large()

    async def _send_unless_too_long(self, message: Message) -> None:
        """Drop what the app says about a body that it could not read."""
        if self._is_too_long and not self._answered:
            return
        self._answered = True
        await self._send(message)


def _refusal(scope: Scope) -> TandemError | None:
    headers = Headers(scope=scope)
    lengths = set(headers.getlist("content-length"))
    if not lengths:
        return None
    length = lengths.pop().strip()
    if lengths or "transfer-encoding" in headers or not _LENGTH.fullmatch(length):
        return ContentLengthInvalid()
    if len(length) > _MAX_DIGITS:
        return RecordingTooLarge() if _counts_for_itself(scope) else _too_large()
    return _too_large() if int(length) > MAX_BYTES and not _counts_for_itself(scope) else None


def _counts_for_itself(scope: Scope) -> bool:
    """Recordings have the limit that is set for them, and are never in memory as a whole."""
    method, path = scope["method"], scope["path"]
    if path == UPLOADS or path.startswith(f"{UPLOADS}/"):
        return method in {"POST", "PATCH"}
    return (method, path) == ("POST", "/v1/check-ins")


def _too_large() -> RequestTooLarge:
    return RequestTooLarge(f"It may have {MAX_BYTES} bytes")
