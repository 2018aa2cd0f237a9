"""Every endpoint for nobody, for a stranger, for another account, for a device that was signed out, and for its owner.

The table below has a row for each; one that is missing from it fails.
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from schemas.tag import TextTag
from service import health, taxonomy
from service.app import LIMITED
from store.opening import Store
from store.tables import OidcIdentity
from tests.making import make_transcript, make_wav, settle
from tests.service.conftest import PASSWORD, Phone
from workers.exports import make_due_exports

TEXT = "I feel calm today."
CALM = TextTag(kind="feeling", label="peaceful", start=7, end=11, confidence=0.9, reason="")
TUS = {"Tus-Resumable": "1.0.0"}
METADATA = "id {id},recorded_at MjAyNi0wMy0wMVQwODozMDowMFo=,time_zone VVRD"


class Rule(StrEnum):
    """Who gets what."""

    OPEN = "open"
    """Asks for no token: the same for all."""
    OWN = "own"
    """Whoever is signed in, each with their own."""
    OWNER = "owner"
    """Of what the path names, alone. For everybody else it is not there."""
    ENDLESS = "endless"
    """A stream: only that it begins for nobody else is looked at."""


@dataclass(frozen=True)
class Row:
    """An endpoint and a request that succeeds for its owner."""

    rule: Rule
    success: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None


def fields() -> dict[str, str]:
    """Of a new recording."""
    return {"id": str(uuid4()), "recorded_at": "2026-03-01T08:30:00Z", "time_zone": "UTC"}


def metadata() -> str:
    """Of a new upload."""
    return METADATA.format(id=b64encode(str(uuid4()).encode()).decode())


TABLE: dict[tuple[str, str], Row] = {
    ("POST", "/v1/accounts"): Row(Rule.OPEN, 201, {"email": "new@example.org", "password": PASSWORD}),
    ("GET", "/v1/accounts/me"): Row(Rule.OWN),
    ("PATCH", "/v1/accounts/me"): Row(Rule.OWN, body={"languages": ["en"]}),
    ("DELETE", "/v1/accounts/me"): Row(Rule.OWN, body={"password": PASSWORD}),
    ("PUT", "/v1/accounts/me/password"): Row(
        Rule.OWN, 204, {"current_password": PASSWORD, "password": "another correct horse"}
    ),
    ("GET", "/v1/accounts/me/accesses"): Row(Rule.OWN),
    ("GET", "/v1/accounts/me/identities"): Row(Rule.OWN),
    ("POST", "/v1/accounts/me/identities"): Row(
        Rule.OWN, 422, {"provider": "apple", "id_token": "e30.e30.e30", "nonce": "n" * 16}
    ),
    ("DELETE", "/v1/accounts/me/identities/{identity_id}"): Row(Rule.OWNER, 204),
    ("GET", "/v1/sessions"): Row(Rule.OWN),
    ("POST", "/v1/sessions"): Row(Rule.OPEN, 201, {"email": "kim@example.org", "password": PASSWORD}),
    ("POST", "/v1/sessions/oidc"): Row(
        Rule.OPEN, 422, {"provider": "apple", "id_token": "e30.e30.e30", "nonce": "n" * 16}
    ),
    ("POST", "/v1/sessions/refresh"): Row(Rule.OPEN, 401, {"refresh_token": "none of ours"}),
    ("DELETE", "/v1/sessions/current"): Row(Rule.OWN, 204),
    ("DELETE", "/v1/sessions/{session_id}"): Row(Rule.OWNER, 204),
    ("POST", "/v1/password-resets"): Row(Rule.OPEN, 404, {"email": "kim@example.org"}),
    ("POST", "/v1/password-resets/confirm"): Row(Rule.OPEN, 401, {"token": "none of ours", "password": PASSWORD}),
    ("GET", "/v1/deletions/{receipt_id}"): Row(Rule.OPEN, 404),
    ("POST", "/v1/check-ins"): Row(Rule.OWN, 201, content=make_wav()),
    ("GET", "/v1/check-ins"): Row(Rule.OWN),
    ("GET", "/v1/check-ins/{check_in_id}"): Row(Rule.OWNER),
    ("DELETE", "/v1/check-ins/{check_in_id}"): Row(Rule.OWNER, 204),
    ("POST", "/v1/check-ins/{check_in_id}/runs"): Row(Rule.OWNER, 202),
    ("HEAD", "/v1/check-ins/{check_in_id}/audio"): Row(Rule.OWNER),
    ("GET", "/v1/check-ins/{check_in_id}/audio"): Row(Rule.OWNER),
    ("POST", "/v1/check-ins/{check_in_id}/corrections"): Row(
        Rule.OWNER,
        201,
        {"id": str(uuid4()), "before": {"kind": "feeling", "label": "peaceful", "start": 7, "end": 11}},
    ),
    ("GET", "/v1/check-ins/{check_in_id}/corrections"): Row(Rule.OWNER),
    ("PUT", "/v1/check-ins/{check_in_id}/transcript"): Row(Rule.OWNER, 202, {"text": "I feel calm now."}),
    ("GET", "/v1/check-ins/{check_in_id}/transcript/versions"): Row(Rule.OWNER),
    ("OPTIONS", "/v1/uploads"): Row(Rule.OPEN, 204),
    ("OPTIONS", "/v1/uploads/{upload_id}"): Row(Rule.OPEN, 204),
    ("POST", "/v1/uploads"): Row(Rule.OWN, 201, headers=TUS | {"Upload-Length": "1000", "Upload-Metadata": metadata()}),
    ("HEAD", "/v1/uploads/{upload_id}"): Row(Rule.OWNER, headers=TUS),
    ("PATCH", "/v1/uploads/{upload_id}"): Row(
        Rule.OWNER,
        204,
        headers=TUS | {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"},
        content=b"RIFF",
    ),
    ("DELETE", "/v1/uploads/{upload_id}"): Row(Rule.OWNER, 204, headers=TUS),
    ("GET", "/v1/changes"): Row(Rule.OWN),
    ("GET", "/v1/events"): Row(Rule.ENDLESS),
    ("POST", "/v1/exports"): Row(Rule.OWN, 202),
    ("GET", "/v1/exports"): Row(Rule.OWN),
    ("GET", "/v1/exports/{export_id}"): Row(Rule.OWNER),
    ("DELETE", "/v1/exports/{export_id}"): Row(Rule.OWNER, 204),
    ("HEAD", "/v1/exports/{export_id}/file"): Row(Rule.OWNER),
    ("GET", "/v1/exports/{export_id}/file"): Row(Rule.OWNER),
    ("GET", "/v1/taxonomy"): Row(Rule.OPEN),
    ("GET", "/healthz"): Row(Rule.OPEN),
    ("GET", "/readyz"): Row(Rule.OPEN),
    ("GET", "/metrics"): Row(Rule.OPEN),
}
SIGNED_IN = [key for key, row in TABLE.items() if row.rule is not Rule.OPEN]
OWNED = [key for key, row in TABLE.items() if row.rule is Rule.OWNER]


class Scene:
    """Kim owns one of everything; Sam is signed in as well; one device of Kim's was signed out."""

    def __init__(self, client: TestClient, store: Store, owner: Phone, other: Phone) -> None:
        self.client = client
        self.owner = owner
        self.other = other
        self.signed_out = self._signed_out()
        self.ids = {
            "check_in_id": self._check_in(store),
            "upload_id": self._upload(),
            "export_id": self._export(store),
            "session_id": self._session(),
            "identity_id": self._identity(store),
            "receipt_id": str(uuid4()),
        }

    def ask(self, key: tuple[str, str], token: str | None, *, ids: Mapping[str, str] | None = None) -> Response:
        """A request that would succeed for the owner."""
        method, path = key
        row = TABLE[key]
        headers = dict(row.headers) | ({"Authorization": f"Bearer {token}"} if token is not None else {})
        params = fields() if key == ("POST", "/v1/check-ins") else None
        address = path.format(**(self.ids | dict(ids or {})))
        sent: dict[str, Any] = {"json": row.body} if row.body is not None else {"content": row.content}
        return self.client.request(method, address, headers=headers, params=params, **sent)

    def _sign_in(self) -> Any:
        given = {"email": "kim@example.org", "password": PASSWORD}
        return self.client.post("/v1/sessions", json=given).json()

    def _signed_out(self) -> str:
        token: str = self._sign_in()["access_token"]
        answer = self.client.delete("/v1/sessions/current", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 204
        return token

    def _session(self) -> str:
        self._sign_in()
        sessions = self.owner.get("/sessions").json()["items"]
        return str(next(session["id"] for session in sessions if not session["current"]))

    def _check_in(self, store: Store) -> str:
        check_in_id = self.owner.send().json()["id"]
        settle(store, UUID(check_in_id), transcript=make_transcript(TEXT), tags=[CALM])
        return str(check_in_id)

    def _upload(self) -> str:
        headers = TUS | {"Upload-Length": "1000", "Upload-Metadata": metadata()}
        return str(self.owner.post("/uploads", headers=headers).headers["location"].rpartition("/")[2])

    def _export(self, store: Store) -> str:
        export_id = self.owner.post("/exports").json()["id"]
        make_due_exports(store)
        return str(export_id)

    def _identity(self, store: Store) -> str:
        account_id = UUID(self.owner.tokens["account_id"])
        with store.unit_of_work() as work:
            linked = OidcIdentity(
                issuer="https://issuer.example.org", subject="kim", account_id=account_id, linked_at=store.clock()
            )
            work._session.add(linked)
        return str(self.owner.get("/accounts/me/identities").json()[0]["id"])


@pytest.fixture
def scene(client: TestClient, sqlite_store: Store, phone: Phone, stranger: Phone) -> Scene:
    """A new one for each row: some of them destroy."""
    return Scene(client, sqlite_store, phone, stranger)


def routes() -> set[tuple[str, str]]:
    """What there is, those that the documentation does not show included."""
    routers = [*(part.router for part in LIMITED), *(part.router for part in (taxonomy, health))]
    return {
        (method, route.path)
        for router in routers
        for route in router.routes
        for method in getattr(route, "methods", None) or ()
    }


def test_the_table_has_every_endpoint(client: TestClient) -> None:
    """Whoever adds one decides who may use it."""
    documented = {
        (method.upper(), path)
        for path, operations in client.get("/openapi.json").json()["paths"].items()
        for method in operations
    }

    assert documented <= routes() == set(TABLE)


@pytest.mark.parametrize("key", TABLE, ids=" ".join)
def test_its_owner_may(scene: Scene, key: tuple[str, str]) -> None:
    """The request of the row is one that succeeds; what is open is so without a token."""
    row = TABLE[key]
    if row.rule is Rule.ENDLESS:
        return
    token = None if row.rule is Rule.OPEN else scene.owner.tokens["access_token"]
    answer = scene.ask(key, token)

    assert answer.status_code == row.success, answer.text


@pytest.mark.parametrize("key", SIGNED_IN, ids=" ".join)
def test_nobody_else_may(scene: Scene, key: tuple[str, str]) -> None:
    """No token, one that is none of ours, one of a device that was signed out, a refresh token: 401, and all alike."""
    tokens = [None, "", "none-of-ours", scene.signed_out, scene.owner.tokens["refresh_token"]]
    answers = [scene.ask(key, token) for token in tokens]

    assert [answer.status_code for answer in answers] == [401] * len(tokens)
    assert all(answer.headers["www-authenticate"] == "Bearer" for answer in answers)
    if key[0] != "HEAD":
        assert len({answer.json()["type"] for answer in answers}) == 1


@pytest.mark.parametrize("key", OWNED, ids=" ".join)
def test_for_another_account_it_is_not_there(scene: Scene, key: tuple[str, str]) -> None:
    """404, the same answer as for an id that never was; and afterwards the owner finds it untouched."""
    token = scene.other.tokens["access_token"]
    nowhere = dict.fromkeys(scene.ids, str(uuid4()))
    theirs, missing = scene.ask(key, token), scene.ask(key, token, ids=nowhere)

    assert theirs.status_code == missing.status_code == 404
    assert theirs.content == missing.content
    varying = {"date", "content-length"}
    assert {n: v for n, v in theirs.headers.items() if n not in varying} == {
        n: v for n, v in missing.headers.items() if n not in varying
    }
    assert scene.ask(key, scene.owner.tokens["access_token"]).status_code == TABLE[key].success


@pytest.mark.parametrize("key", [key for key in SIGNED_IN if TABLE[key].rule is Rule.OWN], ids=" ".join)
def test_another_account_gets_its_own(scene: Scene, key: tuple[str, str]) -> None:
    """Nothing of Kim's stands in what Sam is told."""
    if key[1] == "/v1/accounts/me/identities" and key[0] == "POST":
        return
    answer = scene.ask(key, scene.other.tokens["access_token"])

    assert answer.status_code == TABLE[key].success
    told = answer.text
    for secret in (scene.owner.tokens["account_id"], "kim@example.org", *scene.ids.values()):
        assert secret not in told
