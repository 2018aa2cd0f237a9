"""The limit of bodies: whatever a request says about its length, it is no error of the server."""

from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.responses import Response as PlainResponse
from starlette.types import Message, Receive, Scope, Send

from service.body_limit import MAX_BYTES, BodyLimit
from tests.making import make_wav
from tests.service.conftest import Phone

WRONG = ["-1", "+5", "abc", "1e3", "0x10", "5, 5", " ", "", "²", "1_000"]
HUGE = ["64001", "9" * 18, "9" * 19, "9" * 5_000]
LARGE_PATHS = [("POST", "/v1/check-ins"), ("POST", "/v1/uploads"), ("PATCH", "/v1/uploads/7")]


def pieces(size: int) -> Iterator[bytes]:
    """A body without a length."""
    for _ in range(size // 1_000):
        yield bytes(1_000)
    yield bytes(size % 1_000)


@pytest.mark.parametrize(("method", "path"), [("POST", "/v1/sessions"), ("GET", "/v1/accounts/me"), *LARGE_PATHS])
@pytest.mark.parametrize("length", WRONG)
def test_a_length_that_is_no_number_is_refused(
    client: TestClient, problem: Callable[[Response], str], method: str, path: str, length: str
) -> None:
    """On every path, uploads included."""
    headers = {b"Content-Length": length.encode("latin-1"), b"Tus-Resumable": b"1.0.0"}

    answer = client.request(method, path, content=b"{}", headers=headers)

    assert answer.status_code == 400
    assert problem(answer) == "content-length-invalid"


def test_two_lengths_are_refused(client: TestClient, problem: Callable[[Response], str]) -> None:
    """Whoever stands in front might have believed the other one."""
    headers = [("Content-Length", "2"), ("Content-Length", "3")]

    answer = client.post("/v1/sessions", content=b"{}", headers=headers)

    assert answer.status_code == 400
    assert problem(answer) == "content-length-invalid"


@pytest.mark.parametrize("length", HUGE)
def test_a_length_that_is_too_large_is_refused(
    client: TestClient, problem: Callable[[Response], str], length: str
) -> None:
    """Before a byte is read."""
    answer = client.post("/v1/sessions", content=b"{}", headers={"Content-Length": length})

    assert answer.status_code == 413
    assert problem(answer) == "request-too-large"


@pytest.mark.parametrize("length", ["9" * 18, "9" * 19, "9" * 5_000])
def test_a_recording_may_not_be_any_length(phone: Phone, problem: Callable[[Response], str], length: str) -> None:
    """Its own limit is larger, and is one all the same."""
    answer = phone.post("/check-ins", content=b"RIFF", headers={"Content-Length": length})

    assert answer.status_code == 413
    assert problem(answer) == "recording-too-large"


@pytest.mark.parametrize("path", ["/sessions", "/accounts"])
def test_a_body_without_a_length_ends_at_the_limit(
    client: TestClient, problem: Callable[[Response], str], path: str
) -> None:
    """It is no body that could not be read: it is one that is too large."""
    headers = {"Content-Type": "application/json"}

    answer = client.post(f"/v1{path}", content=pieces(MAX_BYTES + 1), headers=headers)
    smaller = client.post(f"/v1{path}", content=pieces(MAX_BYTES), headers=headers)

    assert answer.status_code == 413
    assert problem(answer) == "request-too-large"
    assert smaller.status_code == 422


def test_a_recording_counts_for_itself(phone: Phone) -> None:
    """With and without a length it may be larger than other bodies."""
    wav = make_wav(seconds=3)
    given = {"id": "9e2f1a51-62a5-4a4f-8d8c-0d5a4cf3a111", "recorded_at": "2026-03-01T09:30:00Z", "time_zone": "UTC"}

    answer = phone.post("/check-ins", params=given, content=iter([wav[:70_000], wav[70_000:]]))

    assert len(wav) > MAX_BYTES
    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("method", "path", "counts"),
    [
        *((method, path, False) for method, path in LARGE_PATHS),
        ("PUT", "/v1/uploads/7", True),
        ("PATCH", "/v1/check-ins", True),
        ("POST", "/v1/check-ins/7/runs", True),
        ("POST", "/v1/uploadsmore", True),
    ],
)
def test_only_uploads_have_no_limit_here(method: str, path: str, counts: bool) -> None:
    """By method and path."""

    async def read_all(scope: Scope, receive: Receive, send: Send) -> None:
        body = await Request(scope, receive).body()
        await PlainTextResponse(str(len(body)))(scope, receive, send)

    answer = TestClient(BodyLimit(read_all)).request(method, path, content=pieces(MAX_BYTES + 1))

    assert (answer.status_code == 413) == counts
    assert counts or answer.text == str(MAX_BYTES + 1)


def test_an_app_that_swallows_the_error_answers_the_same() -> None:
    """Whatever it says about a body that it could not read, the phone learns that it was too large."""

    async def swallow(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await Request(scope, receive).body()
        except Exception:  # noqa: BLE001 - what a framework does
            await PlainResponse(status_code=400)(scope, receive, send)

    answer = TestClient(BodyLimit(swallow)).post("/", content=pieces(MAX_BYTES + 1))

    assert answer.status_code == 413
    assert answer.json()["type"] == "urn:tandem:problem:request-too-large"


def test_an_answer_that_has_begun_is_finished() -> None:
    """What comes after that is not read: it looks as if the phone were gone."""
    heard: list[Message] = []

    async def answer_first(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while not heard or heard[-1]["type"] != "http.disconnect":
            heard.append(await receive())
        await send({"type": "http.response.body", "body": b"done"})

    answer = TestClient(BodyLimit(answer_first)).post("/", content=pieces(MAX_BYTES + 1))

    assert (answer.status_code, answer.text) == (200, "done")
    assert heard == [{"type": "http.disconnect"}]
