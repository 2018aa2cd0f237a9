"""Requests that the OpenAPI allows and forbids, sent to the API in this process, and what is asked of the answers.

What there is to ask for is told by the OpenAPI alone: an operation that is added is explored without a word here.
"""

from base64 import b64encode
from collections import Counter, defaultdict
from collections.abc import Callable, MutableMapping
from functools import partial
from hashlib import sha256
from random import Random
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID, uuid4

import anyio
import requests
import schemathesis
from argon2 import PasswordHasher
from fastapi.testclient import TestClient
from httpx2 import Response
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import checks
from schemathesis.core import NOT_SET
from schemathesis.core.result import Ok
from starlette.types import ASGIApp, Message, Scope

from schemas.tag import TextTag
from store.opening import Store
from tests.making import make_transcript, make_wav, settle

CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
TUS = {"Tus-Resumable": "1.0.0"}
"""What every request to /v1/uploads has to say."""
SERVER = "http://testserver"
CHECK_INS = "/v1/check-ins"
TEXT = "I feel calm today."
CALM = {"kind": "feeling", "label": "calm", "start": TEXT.index("calm"), "end": TEXT.index(" today")}
FITTING: dict[str, Any] = {
    "time_zone": "Europe/Berlin",
    "recorded_at": "2026-03-01T09:30:00+01:00",
    "audio": make_wav(),
    "text": "I feel calm and happy today.",
    "before": CALM,
    "after": CALM | {"label": "hopeful"},
    "revokes": None,
    "password": "correct horse battery",
}
"""What chance does not hit, by the name of the field or parameter."""
FITTING_HEADERS: dict[str, Callable[[], str]] = {
    "Upload-Length": lambda: str(len(FITTING["audio"])),
    "Upload-Offset": lambda: "0",
    "Upload-Checksum": lambda: "sha256 " + b64encode(sha256(FITTING["audio"]).digest()).decode(),
    "Upload-Metadata": lambda: ",".join(
        f"{name} {b64encode(value.encode()).decode()}" for name, value in _told().items()
    ),
}
FITTING_SHARE = 0.7
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")


def _told() -> dict[str, str]:
    """What a phone tells about a recording."""
    return {"id": str(uuid4())} | {name: FITTING[name] for name in ("time_zone", "recorded_at")}


def operations_of(client: TestClient) -> list[Any]:
    """All of them. Fails where one cannot be read: it would be left out in silence."""
    schema = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
    found = list(schema.get_all_operations())
    assert [result.err() for result in found if not isinstance(result, Ok)] == []
    return [result.ok() for result in found if isinstance(result, Ok)]


class Explorer:
    """Somebody who is signed in, asks for everything, and remembers the ids there are."""

    def __init__(self, client: TestClient, store: Store, chance: Random) -> None:
        self.statuses: defaultdict[str, Counter[int]] = defaultdict(Counter)
        """How often each operation answered what."""
        self._client = client
        self._store = store
        self._chance = chance
        self._ids: defaultdict[str, list[str]] = defaultdict(list)
        self._headers: dict[str, str] = {}
        self._fitting = FITTING
        self._password_hash = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(FITTING["password"])
        self._changed = True

    def explore(self, operation: Any, *, examples: int) -> None:
        """Send so many requests to an operation. Raises where an answer is a 5xx, or not what the OpenAPI says."""

        @seed(self._chance.getrandbits(32))
        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def send(case: Any) -> None:
            self._send(case)

        send()

    def _send(self, case: Any) -> None:
        self._be_ready(case)
        if self._chance.random() < FITTING_SHARE:
            self._make_fit(case)
        if isinstance(wait := case.query.get("wait"), int | float):
            case.query["wait"] = min(wait, 0)  # a long poll would take its time
        headers = TUS | (self._headers if case.operation.definition.raw.get("security") else {})
        request = requests.Request(**case.as_transport_kwargs(base_url=SERVER, headers=headers)).prepare()
        if is_stream(case.operation):
            status = first_status(self._client, str(request.method), str(request.url), _raw_headers(request))
            self.statuses[case.operation.label][status] += 1
            assert str(status) in case.operation.definition.raw["responses"], (case.operation.label, status)
            return
        answer = send_prepared(self._client, request)
        self.statuses[case.operation.label][answer.status_code] += 1
        case.validate_response(answer, checks=CHECKS)
        self._learn(case, answer)

    def _be_ready(self, case: Any) -> None:
        """Signed in, as somebody new where need be, with a check-in that has a result and one that waits for it."""
        if self._changed and not self._is_signed_in():
            self._ids.clear()
            self._sign_in()
        if not self._changed or not case.path_parameters:
            return
        self._ids[CHECK_INS] = [self._add_check_in(), self._add_check_in()]
        tag = TextTag.model_validate(CALM | {"confidence": 0.9, "reason": "a test"})
        settle(self._store, UUID(self._ids[CHECK_INS][0]), transcript=make_transcript(TEXT), tags=[tag])
        self._changed = False

    def _is_signed_in(self) -> bool:
        return self._client.get("/v1/accounts/me", headers=self._headers).is_success

    def _sign_in(self) -> None:
        now, email = self._store.clock(), f"kim-{self._chance.getrandbits(64)}@example.org"
        with self._store.unit_of_work() as work:
            account = work.accounts.add(email, password_hash=self._password_hash, now=now)
            issued = work.sessions.open(account.id, device_name="phone", now=now)
        self._headers = {"Authorization": f"Bearer {issued.access_token}"}
        self._fitting = FITTING | {"refresh_token": issued.refresh_token}

    def _add_check_in(self) -> str:
        told = _told()
        answer = self._client.post(CHECK_INS, params=told, content=FITTING["audio"], headers=self._headers)
        assert answer.status_code == 201, answer.text
        return told["id"]

    def _make_fit(self, case: Any) -> None:
        """So that not everything is refused at the door."""
        for name in case.path_parameters:
            if known := self._known(case.path.split("{" + name)[0].rstrip("/")):
                case.path_parameters[name] = self._chance.choice(known)
        for fields in (case.query, case.body):
            if isinstance(fields, MutableMapping):
                fields.update({name: self._fitting[name] for name in fields.keys() & self._fitting.keys()})
        for name in case.headers.keys() & FITTING_HEADERS.keys():
            case.headers[name] = FITTING_HEADERS[name]()
        if (case.media_type or "").startswith("audio/") or "octet-stream" in (case.media_type or ""):
            required = case.operation.definition.raw["requestBody"].get("required", False)
            case.body = FITTING["audio"] if required or self._chance.random() < 0.5 else NOT_SET

    def _known(self, collection: str) -> list[str]:
        """Ids that were met there, or that are listed there now."""
        if not self._ids[collection]:
            self._ids[collection] = _listed(self._client.get(collection, headers=self._headers))
        return self._ids[collection]

    def _learn(self, case: Any, answer: Response) -> None:
        """Ids of what is new, and that what was there may have changed."""
        if case.method.upper() == "GET" or not answer.is_success:
            return
        self._changed = True
        if location := answer.headers.get("location"):
            self._ids[case.path].append(urlsplit(location).path.rsplit("/", 1)[-1])


def _listed(answer: Response) -> list[str]:
    body = answer.json() if answer.headers.get("content-type") == "application/json" else None
    items = body.get("items", []) if isinstance(body, dict) else body or []
    return [item["id"] for item in items if isinstance(item, dict) and "id" in item]


def send_prepared(client: TestClient, request: requests.PreparedRequest) -> Response:
    """What schemathesis made, byte for byte."""
    assert request.body is None or isinstance(request.body, str | bytes)
    return client.request(str(request.method), str(request.url), content=request.body, headers=_raw_headers(request))


def _raw_headers(request: requests.PreparedRequest) -> list[tuple[bytes, bytes]]:
    return [
        (name.lower().encode(), value if isinstance(value, bytes) else value.encode("latin-1"))
        for name, value in request.headers.items()
    ]


def is_stream(operation: Any) -> bool:
    """Whether its answer may never end."""
    return "text/event-stream" in operation.definition.raw["responses"].get("200", {}).get("content", {})


def first_status(client: TestClient, method: str, url: str, headers: list[tuple[bytes, bytes]]) -> int:
    """The status of an answer that may never end: nobody listens to the rest."""
    assert client.portal is not None  # it was entered
    parts = urlsplit(url)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(parts.path),
        "raw_path": parts.path.encode(),
        "root_path": "",
        "query_string": parts.query.encode(),
        "headers": headers,
        "client": ("testclient", 50_000),
        "server": ("testserver", 80),
    }
    return client.portal.call(partial(_first_status, client.app, scope))


async def _first_status(app: ASGIApp, scope: Scope) -> int:
    status = 0

    async def receive() -> Message:
        await anyio.sleep_forever()
        raise AssertionError

    async def send(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)
        listening.cancel()

    with anyio.CancelScope() as listening:
        await app(scope, receive, send)
    return status
