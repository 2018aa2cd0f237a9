"""Strange input: what no phone sends, and somebody will."""

import json
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta, timezone
from uuid import UUID, uuid4

from hypothesis import strategies as st

from schemas.check_in import CheckInCreate
from service import cursors
from tests.making import make_wav

HEADERS = (
    *("Range", "If-Range", "If-None-Match", "Last-Event-ID", "Content-Length", "Content-Type", "Content-Encoding"),
    *("Transfer-Encoding", "Authorization", "Cookie", "Origin", "Host", "Accept", "Idempotency-Key", "X-Forwarded-For"),
    *("Access-Control-Request-Method", "Tus-Resumable", "Upload-Offset", "Upload-Length", "Upload-Metadata"),
    *("Upload-Checksum", "X-HTTP-Method-Override"),
)
HEADER_WORDS = (
    *(b"bytes=0-", b"bytes=-1", b"bytes=0-0,2-3", b"Bearer ", b"Basic Og==", b"multipart/form-data; boundary="),
    *(b"application/json", b"1.0.0", b"0", b"-1", b"9" * 20, b"9" * 5_000, b'W/"x"', b"*", b"filename Zm9v", b"a b="),
    *(b"https://example.org", b"sha1 AAAA", b"\xb2", b"gzip", b"DELETE"),
)
NUMBERS = st.sampled_from([10**30, -(10**30), 2**31, 2**63, 2**64, -(2**63) - 1, 1e308, float("nan"), float("-inf")])
WORDS = st.text(max_size=20) | st.uuids().map(str) | st.sampled_from(["\ud800", "\0", "2026-03-01T09:30:00Z"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | NUMBERS | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)
NO_JSON = st.binary(max_size=60) | st.sampled_from([b"[" * 30_000, b"9" * 5_000, b'{"a":' * 10_000, b"\xff\xfe{}"])

OFFSETS = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
PLACES = st.tuples(st.datetimes(timezones=OFFSETS), st.uuids())
CURSORS = (
    st.text(max_size=60)
    | st.binary(max_size=60).map(lambda raw: urlsafe_b64encode(raw).decode())
    | JSON.map(lambda value: urlsafe_b64encode(json.dumps(value).encode()).decode())
    | st.lists(JSON, min_size=2, max_size=2).map(lambda value: urlsafe_b64encode(json.dumps(value).encode()).decode())
    | PLACES.map(lambda place: cursors.encode(*place))
)
EDGES = [
    cursors.encode(datetime.min.replace(tzinfo=timezone(timedelta(hours=14))), UUID(int=0)),
    cursors.encode(datetime.max.replace(tzinfo=timezone(timedelta(hours=-14))), UUID(int=0)),
    urlsafe_b64encode(b"[" * 150).decode(),
]
PARTS = (*CheckInCreate.model_fields, "audio", "other")
BOUNDARIES = st.sampled_from([b"x", b"--", b"a b", b"'", b"=" * 70, b"z" * 300]) | st.binary(max_size=20)


VALUES = st.binary(max_size=60) | st.sampled_from([b"", make_wav(seconds=0.01), b"a" * 1_001, str(uuid4()).encode()])
DISPOSITIONS = st.sampled_from([b"form-data", b"attachment", b"form-data; filename=a.wav", b""])


@st.composite
def forms(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """(content type, body): a form that is nearly one."""
    boundary = draw(BOUNDARIES)
    body = b""
    for name in draw(st.lists(st.sampled_from(PARTS) | st.text(max_size=8), max_size=6)):
        named = draw(DISPOSITIONS) + b'; name="' + name.encode("utf-8", "replace") + b'"'
        body += b"--%b\r\nContent-Disposition: %b\r\n\r\n%b\r\n" % (boundary, named, draw(VALUES))
    body += draw(st.sampled_from([b"--%b--\r\n", b"--%b", b"\r\n--%b--", b"%.0b"])) % boundary
    cut = draw(st.just(len(body)) | st.integers(0, len(body)))
    at = draw(st.integers(0, cut))
    noise = draw(st.just(b"") | st.binary(max_size=20))
    told = draw(st.just(b"; boundary=" + boundary) | st.just(b'; boundary="' + boundary + b'"') | BOUNDARIES)
    return b"multipart/form-data" + told, body[:at] + noise + body[at:cut]
