"""CORS: closed, unless an origin is named."""

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError

from service.app import create_app
from service.passwords import Passwords
from service.settings import ServiceSettings
from store.media.sandbox import Sandbox
from store.opening import Store

APP = "https://app.example.org"
LOCAL = "http://localhost:5173"
TUS = "tus-resumable, upload-offset, upload-length, upload-metadata, upload-checksum"


def preflight(client: TestClient, path: str, origin: str, method: str, headers: str) -> dict[str, str]:
    """What a browser asks first; the headers of the answer."""
    asked = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
    return dict(client.options(path, headers=asked).headers)


@pytest.fixture
def open_client(settings: ServiceSettings, sqlite_store: Store, sandbox: Sandbox, passwords: Passwords) -> TestClient:
    """The API, open for two origins."""
    opened = ServiceSettings(**settings.model_dump() | {"cors_origins": f"{APP}, {LOCAL}"})
    app = create_app(opened, store=sqlite_store, sandbox=sandbox, passwords=passwords)
    return TestClient(app, raise_server_exceptions=False)


def test_no_other_origin_may_read_anything(client: TestClient) -> None:
    """By default: neither asked beforehand nor with the answer."""
    asked = preflight(client, "/v1/check-ins", APP, "POST", "authorization")
    answer = client.get("/healthz", headers={"Origin": APP})

    assert [name for name in [*asked, *answer.headers] if name.startswith("access-control")] == []


@pytest.mark.parametrize("origin", [APP, LOCAL])
@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("POST", "/v1/check-ins", "authorization, content-type, idempotency-key"),
        ("POST", "/v1/uploads", f"authorization, {TUS}"),
        ("PATCH", "/v1/uploads/1", f"authorization, content-type, {TUS}"),
        ("HEAD", "/v1/uploads/1", "authorization, tus-resumable"),
        ("DELETE", "/v1/check-ins/1", "authorization"),
        ("GET", "/v1/check-ins/1/audio", "authorization, range, if-range, if-none-match"),
        ("GET", "/v1/events", "authorization, last-event-id"),
    ],
)
def test_a_named_origin_may_use_the_api(
    open_client: TestClient, origin: str, method: str, path: str, headers: str
) -> None:
    """With the headers of recordings, uploads and streams, and without cookies."""
    asked = preflight(open_client, path, origin, method, headers)

    assert asked["access-control-allow-origin"] == origin
    assert method in asked["access-control-allow-methods"].split(", ")
    allowed = {name.lower() for name in asked["access-control-allow-headers"].split(", ")}
    assert set(headers.split(", ")) <= allowed
    assert "access-control-allow-credentials" not in asked
    assert asked["x-content-type-options"] == "nosniff"


def test_a_named_origin_may_read_the_answer(open_client: TestClient) -> None:
    """Problems too, and the headers that tell where an upload is."""
    answer = open_client.get("/v1/nothing", headers={"Origin": APP})
    exposed = set(answer.headers["access-control-expose-headers"].lower().split(", "))

    assert answer.status_code == 404
    assert answer.headers["access-control-allow-origin"] == APP
    assert "origin" in answer.headers["vary"].lower()
    assert {
        "location", "upload-offset", "upload-length", "upload-expires", "tus-resumable", "tus-version",
        "tus-extension", "tus-max-size", "idempotent-replayed", "retry-after", "etag", "content-range", "accept-ranges",
    } <= exposed  # fmt: skip


@pytest.mark.parametrize("origin", ["https://evil.example.org", "http://app.example.org", f"{APP}.example.net", "null"])
def test_others_may_not(open_client: TestClient, origin: str) -> None:
    """Nor may one that looks like it."""
    asked = preflight(open_client, "/v1/check-ins", origin, "POST", "authorization")
    answer = open_client.get("/healthz", headers={"Origin": origin})

    assert "access-control-allow-origin" not in asked
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "origins",
    [
        "*",
        f"{APP},*",
        "https://*.example.org",
        f"{APP}/",
        f"{APP}/page",
        f"{APP}?",
        f"{APP}:443",
        "http://localhost:80",
        "https://App.example.org",
        "https://kim@app.example.org",
        "https://app.example.org:port",
        "app.example.org",
        "ftp://app.example.org",
        "null",
        "https://",
    ],
)
def test_what_would_open_all_or_nothing_is_refused_at_the_start(origins: str) -> None:
    """With a message that names it: a browser compares origins letter by letter."""
    with pytest.raises(ValidationError, match="is no origin: name each"):
        ServiceSettings(cors_origins=origins)


@pytest.mark.parametrize("proxies", ["*", "127.0.0.1,*", "proxy", "10.0.0.0/33", "10.0.0.1/8"])
def test_proxies_are_named_by_address(proxies: str) -> None:
    """Anything else would believe everybody, or nobody."""
    with pytest.raises(ValidationError, match="is no address and no network"):
        ServiceSettings(trusted_proxies=proxies)


@pytest.mark.parametrize("proxies", ["", "127.0.0.1", "127.0.0.1, ::1, 10.0.0.0/8"])
def test_proxies_may_be_several_or_none(proxies: str) -> None:
    """Addresses and networks."""
    assert ServiceSettings(trusted_proxies=proxies).trusted_proxies == proxies
