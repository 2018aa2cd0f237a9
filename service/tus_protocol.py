"""What tus 1.0 asks of every request and response under one path, errors included."""

from starlette import status
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from schemas.errors import TusVersionUnsupported
from service.problems import answer_problem

PATH = "/v1/uploads"
VERSION = "1.0.0"


class TusProtocol:
    """ASGI middleware: what tus asks of every request and response, errors included."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse other versions, before anything of a body is read; let POST stand for a method a proxy would drop."""
        if scope["type"] != "http" or not (scope["path"] == PATH or scope["path"].startswith(f"{PATH}/")):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        instead = headers.get("x-http-method-override", "").upper()
        if scope["method"] == "POST" and instead in {"PATCH", "DELETE", "HEAD"}:
            scope["method"] = instead

        async def send_as_tus(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered = MutableHeaders(scope=message)
                answered["Tus-Resumable"] = VERSION
                if message["status"] == status.HTTP_412_PRECONDITION_FAILED:
                    answered["Tus-Version"] = VERSION
            await send(message)

        if scope["method"] != "OPTIONS" and headers.get("tus-resumable") != VERSION:
            await answer_problem(TusVersionUnsupported())(scope, receive, send_as_tus)
        else:
            await self._app(scope, receive, send_as_tus)
