"""Security headers: no answer leaves without them, whoever gives it."""

import re
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from starlette.responses import StreamingResponse

from service.app import create_app
from service.passwords import Passwords
from service.security_headers import DOCUMENTATION_POLICY, SecurityHeaders
from service.settings import ServiceSettings
from store.media.sandbox import Sandbox
from store.opening import Store
from tests.service.conftest import Phone

POLICY = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"

ANSWERS: dict[str, tuple[int, Callable[[TestClient, Phone], Response]]] = {
    "a result": (200, lambda _, phone: phone.get("/accounts/me")),
    "nothing": (204, lambda _, phone: phone.delete("/sessions/current")),
    "not signed in": (401, lambda client, _: client.get("/v1/accounts/me")),
    "an unknown path": (404, lambda client, _: client.get("/nothing/here")),
    "a wrong method": (405, lambda client, _: client.put("/v1/accounts")),
    "a body that does not fit": (422, lambda client, _: client.post("/v1/sessions", json={})),
    "a body that is too large": (413, lambda client, _: client.post("/v1/sessions", content=bytes(64_001))),
    "metrics": (200, lambda client, _: client.get("/metrics")),
    "a script of the documentation": (
        200,
        lambda client, _: client.get("/static-offline-docs/swagger-ui-bundle.js"),
    ),
    "the description": (200, lambda client, _: client.get("/openapi.json")),
}


def check(answer: Response, *, policy: str = POLICY) -> None:
    """All are there, once."""
    headers = answer.headers
    assert headers.get_list("x-content-type-options") == ["nosniff"]
    assert headers.get_list("referrer-policy") == ["no-referrer"]
    assert headers.get_list("cache-control") == ["no-store"]
    assert headers.get_list("content-security-policy") == [policy]
    assert headers.get_list("cross-origin-resource-policy") == ["same-origin"]
    assert "microphone=()" in headers["permissions-policy"]
    assert "strict-transport-security" not in headers


@pytest.mark.parametrize("what", ANSWERS)
def test_an_answer_has_them(client: TestClient, phone: Phone, what: str) -> None:
    """Results, problems, and what the framework answers by itself."""
    status, ask = ANSWERS[what]

    answer = ask(client, phone)

    assert answer.status_code == status
    check(answer)


def test_an_unforeseen_error_has_them(
    settings: ServiceSettings, sqlite_store: Store, sandbox: Sandbox, passwords: Passwords
) -> None:
    """It is answered outside of all middleware that is added the usual way."""
    app = create_app(settings, store=sqlite_store, sandbox=sandbox, passwords=passwords)

    @app.get("/broken")
    def fail() -> None:
        raise ZeroDivisionError

    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/broken")

    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    check(answer)


def test_a_recording_is_kept_by_no_cache(phone: Phone) -> None:
    """As a whole, in part, and where it has not changed; apps that keep a copy can still compare it."""
    sent = phone.send().json()
    path = f"/check-ins/{sent['id']}/audio"
    whole = phone.get(path)

    part = phone.get(path, headers={"Range": "bytes=0-9", "If-Range": whole.headers["etag"]})
    unchanged = phone.get(path, headers={"If-None-Match": whole.headers["etag"]})

    assert [answer.status_code for answer in (whole, part, unchanged)] == [200, 206, 304]
    for answer in (whole, part, unchanged):
        check(answer)


@pytest.mark.parametrize(
    ("said", "sent"),
    [
        (None, "no-store"),
        ("no-cache", "no-store"),
        ("private", "no-store"),
        ("private, no-store", "private, no-store"),
        ("public, max-age=60", "public, max-age=60"),
    ],
)
def test_a_stream_is_kept_by_nobody_unless_it_says_for_how_long(said: str | None, sent: str) -> None:
    """The framework sends `no-cache` with event streams, which lets a browser keep them."""
    headers = {"Cache-Control": said} if said else {}
    stream = StreamingResponse(iter(["data: 1\n\n", "data: 2\n\n"]), headers=headers, media_type="text/event-stream")

    answer = TestClient(SecurityHeaders(stream)).get("/v1/events")

    assert answer.text.count("data") == 2
    assert answer.headers.get_list("cache-control") == [sent]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_documentation_may_run_what_it_has(client: TestClient) -> None:
    """Scripts and styles from here and within the page, and nothing from elsewhere."""
    page = client.get("/docs")
    inline = re.findall(r"<script>(.+?)</script>", page.text, flags=re.DOTALL)
    allowed = dict(directive.split(" ", 1) for directive in DOCUMENTATION_POLICY.split("; "))

    check(page, policy=DOCUMENTATION_POLICY)
    assert inline
    assert allowed["script-src"] == "'self' 'unsafe-inline'"
    assert allowed["connect-src"] == "'self'"
    assert allowed["default-src"] == "'none'"


def test_https_stays_https(client: TestClient) -> None:
    """A browser that came over HTTPS comes back over HTTPS."""
    answer = client.get("https://testserver/healthz")

    assert answer.headers["strict-transport-security"] == "max-age=31536000"
