"""What is refused before its body was read: a body that may have no end is not taken in for ever."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class UnreadBodies:
    """ASGI middleware. The connection is closed with the answer, unless what is left of the body has a sane length.

    Then the server reads to its end, and the client gets to see the answer although it is still sending.
    """

    def __init__(self, app: ASGIApp, *, sane_bytes: int) -> None:
        self._app = app
        self._sane_bytes = sane_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add `Connection: close` where it is due."""
        if scope["type"] != "http" or not self._may_be_endless(Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        is_read = False

        async def notice_end() -> Message:
            nonlocal is_read
            message = await receive()
            is_read = is_read or not message.get("more_body", False)
            return message

        async def close_unless_read(message: Message) -> None:
            if message["type"] == "http.response.start" and not is_read:
                MutableHeaders(scope=message)["Connection"] = "close"
            await send(message)

        await self._app(scope, notice_end, close_unless_read)

    def _may_be_endless(self, headers: Headers) -> bool:
        if "transfer-encoding" in headers:
            return True
        length = headers.get("content-length", "0")
        return not length.isascii() or not length.isdigit() or len(length) > 15 or int(length) > self._sane_bytes
