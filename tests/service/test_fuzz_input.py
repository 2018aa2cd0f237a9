"""Whatever a request holds, it is answered or refused: no header, id, cursor or body is an error of the server."""

import json
import re
from contextlib import suppress
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from schemas.errors import CursorInvalid, RangeNotSatisfiable
from service import cursors
from service.ranges import parse_range
from store.opening import Store
from tests.making import make_transcript, make_wav, settle
from tests.service.conftest import Phone
from tests.service.exploring import first_status, is_stream, operations_of
from tests.service.strange import CURSORS, EDGES, HEADER_WORDS, HEADERS, JSON, NO_JSON, PARTS, PLACES, forms

SHARED = settings(
    max_examples=150,
    deadline=None,
    database=None,
    phases=(Phase.explicit, Phase.generate),  # to shrink takes minutes where each fault is logged
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
"""All examples of a test meet the same API: what one of them changed is there for the next, as in life."""
JSON_TYPE = "application/json"


@pytest.fixture
def check_in(phone: Phone, sqlite_store: Store) -> str:
    """A check-in that has a result."""
    check_in_id: str = phone.send().json()["id"]
    settle(sqlite_store, UUID(check_in_id), transcript=make_transcript())
    return check_in_id


@pytest.fixture
def operations(client: TestClient) -> list[Any]:
    """What there is to ask for, but for what ends the session or takes the check-in away."""
    return [operation for operation in operations_of(client) if operation.method.upper() != "DELETE"]


def check(answer: Response) -> None:
    """No error of the server; and what is refused is refused as a problem."""
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400 and answer.request.method != "HEAD":
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code


def path_of(operation: Any, identifier: str) -> str:
    """Its path, about this thing wherever it is about one."""
    return re.sub(r"\{.*?\}", lambda _: identifier, operation.path)


def takers_of_json(operations: list[Any]) -> list[Any]:
    """Those with a body."""
    return [operation for operation in operations if any(body.media_type == JSON_TYPE for body in operation.body)]


def names_of(client: TestClient) -> list[str]:
    """All names of fields there are."""
    schemas = client.get("/openapi.json").json()["components"]["schemas"].values()
    return sorted({name for schema in schemas for name in schema.get("properties", {})})


@given(header=st.text(max_size=40) | st.from_regex(r"\A\s?bytes=\d{0,20}-\d{0,20}\s?\Z"), size=st.integers(0, 10**12))
@example(header="bytes=-", size=1)
@example(header="bytes=-0", size=1)
@example(header="bytes=²-", size=9)
@example(header="bytes=0-0\n", size=1)
def test_a_range_lies_within_the_recording(header: str, size: int) -> None:
    """Or is to be ignored, or is refused."""
    with suppress(RangeNotSatisfiable):
        wanted = parse_range(header, size)
        assert wanted is None or 0 <= wanted[0] < wanted[1] <= size


@given(first=st.integers(0, 99), length=st.integers(1, 10**17), size=st.integers(100, 10**12))
def test_a_range_is_what_was_asked_for(first: int, length: int, size: int) -> None:
    """As RFC 9110, 14.1.2 counts: both ends are within, and what lies behind the end is cut off."""
    assert parse_range(f"bytes={first}-{first + length - 1}", size) == (first, min(first + length, size))
    assert parse_range(f"bytes={first}-", size) == (first, size)
    assert parse_range(f"bytes=-{length}", size) == (max(size - length, 0), size)


@given(place=PLACES)
def test_a_cursor_comes_back_as_it_was(place: tuple[datetime, UUID]) -> None:
    """Whatever the moment is."""
    assert cursors.decode(cursors.encode(*place)) == place


@given(cursor=CURSORS)
@example(cursor=EDGES[0])
@example(cursor=EDGES[1])
@example(cursor=EDGES[2])
def test_a_cursor_is_a_place_or_none_of_ours(cursor: str) -> None:
    """There is no third."""
    with suppress(CursorInvalid):
        moment, check_in_id = cursors.decode(cursor)
        assert moment.tzinfo is not None
        assert isinstance(check_in_id, UUID)


@SHARED
@given(cursor=CURSORS)
@example(cursor=EDGES[0])
@example(cursor=EDGES[1])
@example(cursor=EDGES[2])
def test_a_list_after_any_cursor_is_no_error_of_the_server(phone: Phone, cursor: str) -> None:
    """One that is a place outside the calendar of the database included."""
    check(phone.get("/check-ins", params={"cursor": cursor}))


@SHARED
@given(data=st.data())
def test_any_json_is_answered_or_refused(
    client: TestClient, phone: Phone, operations: list[Any], check_in: str, data: st.DataObject
) -> None:
    """Of every operation that takes some, about a check-in that is there."""
    takers = [
        operation for operation in operations if "application/json" in [body.media_type for body in operation.body]
    ]
    operation = data.draw(st.sampled_from(takers))
    fields = st.dictionaries(st.sampled_from(names_of(client)), JSON, max_size=6)
    body = data.draw((fields | JSON).map(lambda value: json.dumps(value).encode()) | NO_JSON)
    headers = phone.headers | {"Content-Type": JSON_TYPE}
    check(client.request(operation.method, path_of(operation, check_in), content=body, headers=headers))


@SHARED
@given(data=st.data())
def test_any_field_is_answered_or_refused(
    client: TestClient, phone: Phone, operations: list[Any], check_in: str, data: st.DataObject
) -> None:
    """A body that fits its schema but for one field."""
    takers = [
        operation for operation in operations if "application/json" in [body.media_type for body in operation.body]
    ]
    operation = data.draw(st.sampled_from(takers))
    case = data.draw(operation.as_strategy())
    body = case.body if isinstance(case.body, dict) else {}
    name = data.draw(st.sampled_from(sorted(body)) if body else st.just("id"))
    content = json.dumps(body | {name: data.draw(JSON)}, default=str).encode()
    headers = phone.headers | {"Content-Type": JSON_TYPE}
    check(client.request(operation.method, path_of(operation, check_in), content=content, headers=headers))


@SHARED
@given(data=st.data())
def test_any_id_is_answered_or_refused(
    client: TestClient, phone: Phone, operations: list[Any], data: st.DataObject
) -> None:
    """In the path of every operation that is about one thing."""
    operation = data.draw(st.sampled_from([operation for operation in operations_of(client) if "{" in operation.path]))
    identifier = data.draw(
        st.text(min_size=1, max_size=60).filter(lambda text: text not in {".", ".."})
        | st.uuids().map(lambda id_: id_.hex)
        | st.uuids().map(lambda id_: f"{{{id_}}}")
        | st.sampled_from(["0" * 32, "1" * 31, "%00", "..%2f..%2fetc", "a" * 5_000])
    )
    path = path_of(operation, quote(identifier.encode("utf-8", "surrogatepass"), safe=""))
    check(client.request(operation.method, path, headers=phone.headers, content=b"{}"))


@SHARED
@given(data=st.data())
def test_any_header_is_answered_or_refused(
    client: TestClient, phone: Phone, operations: list[Any], check_in: str, data: st.DataObject
) -> None:
    """Of every operation: bytes of any kind in headers that somebody reads, some of them twice."""
    operation = data.draw(st.sampled_from(operations))
    values = st.binary(max_size=40) | st.builds(bytes.__add__, st.sampled_from(HEADER_WORDS), st.binary(max_size=12))
    drawn = data.draw(st.lists(st.tuples(st.sampled_from(HEADERS), values), min_size=1, max_size=4))
    headers = {name.lower().encode(): value.encode() for name, value in phone.headers.items()}
    pairs = [*headers.items(), *((name.lower().encode(), value) for name, value in drawn)]
    if data.draw(st.booleans()):  # else the first of two would hide the other
        named = {name for name, _ in pairs[1:]}
        pairs = [pair for pair in pairs[:1] if pair[0] not in named] + pairs[1:]
    path = path_of(operation, check_in)
    if is_stream(operation):
        assert first_status(client, operation.method.upper(), f"http://testserver{path}", pairs) < 500
    else:
        content = make_wav(seconds=0.01) if data.draw(st.booleans()) else b""
        check(client.request(operation.method, path, headers=pairs, content=content))


@SHARED
@given(range_=st.binary(max_size=30), start=st.integers(0, 20_000), end=st.integers(0, 20_000))
def test_any_piece_of_a_recording_is_answered_or_refused(
    phone: Phone, check_in: str, range_: bytes, start: int, end: int
) -> None:
    """And what is answered is that piece."""
    whole = phone.get(f"/check-ins/{check_in}/audio").content
    check(phone.get(f"/check-ins/{check_in}/audio", headers={b"Range": b"bytes=" + range_}))
    piece = phone.get(f"/check-ins/{check_in}/audio", headers={"Range": f"bytes={start}-{end}"})
    check(piece)
    if piece.status_code == 206:
        assert piece.content == whole[start : end + 1]


@SHARED
@given(form=forms())
@example(form=(b"multipart/form-data", b""))
@example(form=(b"multipart/form-data; boundary=", b"----\r\n"))
@example(form=(b"multipart/form-data; boundary=\xff", b"--\xff\r\n\r\n--\xff--"))
@example(form=(b"multipart/mixed; boundary=x", b"--x--"))
@example(form=(b"multipart/form-data; boundary=\x85x", b"--x--"))
@example(
    form=(b"multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="\xff"\r\n\r\n\r\n--x--')
)
def test_any_form_is_answered_or_refused(phone: Phone, form: tuple[bytes, bytes]) -> None:
    """A boundary that is missing, wrong or odd; parts that are missing, doubled, cut off or no parts."""
    content_type, body = form
    check(phone.post("/check-ins", content=body, headers={b"Content-Type": content_type}))


@SHARED
@given(raw=st.binary(max_size=300), query=st.dictionaries(st.sampled_from(PARTS), st.text(max_size=30), max_size=6))
def test_any_raw_body_is_answered_or_refused(phone: Phone, raw: bytes, query: dict[str, str]) -> None:
    """Whatever the query says of it."""
    check(phone.post("/check-ins", content=raw, params=query, headers={"Content-Type": "audio/mp4"}))
    given_ = {"id": str(uuid4()), "recorded_at": "2026-03-01T09:30:00Z", "time_zone": "UTC"} | query
    check(phone.post("/check-ins", content=raw, params=given_, headers={"Content-Type": "audio/mp4"}))
