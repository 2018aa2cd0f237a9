"""Security headers: what a browser may do with an answer of ours, which is close to nothing."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

DOCUMENTATION = "/docs"

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
DOCUMENTATION_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Swagger UI is started by a script within its page, which shows nothing that anybody sent and talks to us alone."""

TRANSPORT_SECURITY = "max-age=31536000"
"""A year. Not for subdomains: whether those speak TLS is not ours to say."""


class SecurityHeaders:
    """ASGI middleware; the outermost, so that no answer leaves without them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add what the answer does not say itself."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message.setdefault("headers", [])
                _add(MutableHeaders(scope=message), scope)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _add(headers: MutableHeaders, scope: Scope) -> None:
    if scope["path"] == DOCUMENTATION:
        headers.setdefault("Content-Security-Policy", DOCUMENTATION_POLICY)
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    if scope["scheme"] == "https":  # over plain HTTP anybody on the way could have written it (RFC 6797, 7.2)
        headers.setdefault("Strict-Transport-Security", TRANSPORT_SECURITY)
    if not _says_for_how_long(headers.get("Cache-Control", "")):
        headers["Cache-Control"] = "no-store"


def _says_for_how_long(cache_control: str) -> bool:
    """`no-cache`, which the framework sends with event streams, still lets a browser keep a copy (ASVS 5.0, 14.3.2)."""
    return "no-store" in cache_control or "max-age" in cache_control
