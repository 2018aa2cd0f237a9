"""Signing in with Apple, Google or another, and linking them to an account."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from redis import Redis

from schemas.errors import IdTokenInvalid
from service.app import create_app
from service.id_tokens import VerifiedIdToken
from service.identities import _sign_in
from service.passwords import Passwords
from service.settings import ServiceSettings
from store.janitor import tidy
from store.media.sandbox import Sandbox
from store.opening import Store
from store.tables import Account, UsedIdToken
from tests.conftest import FakeClock
from tests.service.conftest import PASSWORD, Phone
from tests.service.issuing import APP, NONCE, LocalIssuer, local_issuer

Problem = Callable[[Response], str]


@pytest.fixture
def issuer() -> Iterator[LocalIssuer]:
    """One of this test."""
    with local_issuer() as issuer:
        yield issuer


@pytest.fixture
def client(
    issuer: LocalIssuer,
    settings: ServiceSettings,
    sqlite_store: Store,
    sandbox: Sandbox,
    passwords: Passwords,
    redis: Redis,
) -> Iterator[TestClient]:
    """The API, set up with the issuer as `local`."""
    known = settings.model_copy(update={"oidc_issuers": f"local={issuer.url}|{APP}"})
    app = create_app(known, store=sqlite_store, sandbox=sandbox, passwords=passwords)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def given(id_token: str, **fields: Any) -> dict[str, Any]:
    """What the app sends."""
    return {"provider": "local", "id_token": id_token, "nonce": NONCE} | fields


def sign_in(client: TestClient, id_token: str, **fields: Any) -> Response:
    """With a token."""
    return client.post("/v1/sessions/oidc", json=given(id_token, **fields))


def signed_in(client: TestClient, id_token: str) -> Phone:
    """A phone that was let in."""
    answer = sign_in(client, id_token)
    assert answer.status_code == 201, answer.text
    return Phone(client, answer.json())


def test_somebody_new_gets_an_account_and_comes_back_to_it(
    client: TestClient, issuer: LocalIssuer, clock: FakeClock
) -> None:
    """Known by the subject: the e-mail may be another by then."""
    first = signed_in(client, issuer.token(clock()))
    second = signed_in(client, issuer.token(clock(), email="new@example.org"))
    other = signed_in(client, issuer.token(clock(), sub="another", email="sam@example.org"))

    assert first.get("/accounts/me").json()["email"] == "kim@example.org"
    assert second.get("/accounts/me").json() == first.get("/accounts/me").json()
    assert other.tokens["account_id"] != first.tokens["account_id"]


def test_a_token_opens_one_session(client: TestClient, issuer: LocalIssuer, clock: FakeClock, problem: Problem) -> None:
    """Whoever reads it on the way comes too late."""
    token = issuer.token(clock())
    signed_in(client, token)

    again = sign_in(client, token)

    assert (again.status_code, problem(again)) == (401, "id-token-invalid")
    assert again.json()["detail"] == "It was used before"


def test_a_sign_in_whose_answer_was_lost_can_be_sent_again_with_its_key(
    client: TestClient, issuer: LocalIssuer, clock: FakeClock, problem: Problem
) -> None:
    """The session that nobody learned of makes room; with another key, or none, the token was used."""
    token = given(issuer.token(clock()))
    first, second = (
        client.post("/v1/sessions/oidc", json=token, headers={"Idempotency-Key": "k"}).json() for _ in range(2)
    )

    assert first["account_id"] == second["account_id"]
    assert [Phone(client, tokens).get("/accounts/me").status_code for tokens in (first, second)] == [401, 200]
    other = client.post("/v1/sessions/oidc", json=token, headers={"Idempotency-Key": "another"})
    assert problem(other) == "id-token-invalid"


def test_a_token_that_is_not_good_makes_no_account(
    client: TestClient, issuer: LocalIssuer, clock: FakeClock, problem: Problem, sqlite_store: Store
) -> None:
    """The problem tells what is wrong, and nothing of what the token holds."""
    answer = sign_in(client, issuer.token(clock(), aud="org.example.other"))

    assert (answer.status_code, problem(answer)) == (401, "id-token-invalid")
    assert "'aud'" in answer.json()["detail"]
    assert "org.example" not in answer.text
    with sqlite_store.database.reading() as session:
        assert session.query(Account).count() == 0


def test_a_provider_that_is_not_set_up_is_told(client: TestClient, problem: Problem) -> None:
    """Empty client ids: off."""
    answer = sign_in(client, "x", provider="google")

    assert (answer.status_code, problem(answer)) == (422, "provider-unknown")


def test_an_issuer_that_does_not_answer_is_told(
    client: TestClient, issuer: LocalIssuer, clock: FakeClock, problem: Problem
) -> None:
    """It may work later."""
    issuer.status = 500
    answer = sign_in(client, issuer.token(clock()))

    assert (answer.status_code, problem(answer)) == (503, "issuer-unavailable")
    assert int(answer.headers["retry-after"]) > 0


def test_an_account_needs_an_email_that_was_verified(
    client: TestClient, issuer: LocalIssuer, clock: FakeClock, problem: Problem
) -> None:
    """Anybody could claim any other. Apple's relay addresses are verified."""
    for claims in ({"email": None}, {"email_verified": False}):
        answer = sign_in(client, issuer.token(clock(), **claims))
        assert (answer.status_code, problem(answer)) == (422, "email-unverified")

    relayed = signed_in(client, issuer.token(clock(), email="x7@privaterelay.example.org", is_private_email=True))
    assert relayed.get("/accounts/me").json()["email"] == "x7@privaterelay.example.org"


def test_an_account_with_the_email_is_not_opened_but_can_be_linked(
    phone: Phone, client: TestClient, issuer: LocalIssuer, clock: FakeClock, problem: Problem
) -> None:
    """Signed in with the password, and with the very token that was refused: it was not used up."""
    token = issuer.token(clock())
    refused = sign_in(client, token)
    assert (refused.status_code, problem(refused)) == (409, "email-taken")
    assert "link" in refused.json()["action"]

    linked = phone.post("/accounts/me/identities", json=given(token))

    assert linked.status_code == 201, linked.text
    assert (linked.json()["provider"], linked.json()["issuer"]) == ("local", issuer.url)
    assert signed_in(client, issuer.token(clock(), n=1)).tokens["account_id"] == phone.tokens["account_id"]


def test_a_token_that_links_opens_no_session_afterwards(
    phone: Phone, client: TestClient, issuer: LocalIssuer, clock: FakeClock, problem: Problem
) -> None:
    """It is one use of it."""
    token = issuer.token(clock())
    assert phone.post("/accounts/me/identities", json=given(token)).status_code == 201

    assert problem(sign_in(client, token)) == "id-token-invalid"
    assert problem(phone.post("/accounts/me/identities", json=given(token))) == "id-token-invalid"


def test_a_device_that_is_signed_out_meanwhile_links_nothing(
    phone: Phone,
    issuer: LocalIssuer,
    clock: FakeClock,
    problem: Problem,
    sqlite_store: Store,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While the issuer is asked for its keys, all devices are; and the token is not used up."""
    account_id, token, answer = UUID(phone.tokens["account_id"]), issuer.token(clock()), issuer.answer

    def answer_late(path: str) -> Any:
        with sqlite_store.unit_of_work() as work:
            work.sessions.revoke_all(account_id, now=clock())
        return answer(path)

    monkeypatch.setattr(issuer, "answer", answer_late)
    refused = phone.post("/accounts/me/identities", json=given(token))

    assert issuer.asked, "it was signed in when it asked"
    assert (refused.status_code, problem(refused)) == (404, "session-not-found")
    with sqlite_store.reading() as reading:
        assert reading.identities.list_for(account_id) == []
    with sqlite_store.database.reading() as session:
        assert session.query(UsedIdToken).count() == 0


def test_an_identity_belongs_to_one_account(
    phone: Phone, stranger: Phone, issuer: LocalIssuer, clock: FakeClock, problem: Problem
) -> None:
    """Linked twice to the same one it stays one."""
    first, second = (phone.post("/accounts/me/identities", json=given(issuer.token(clock(), n=n))) for n in (1, 2))
    assert (first.status_code, first.json()) == (201, second.json())

    answer = stranger.post("/accounts/me/identities", json=given(issuer.token(clock(), n=3)))

    assert (answer.status_code, problem(answer)) == (409, "identity-taken")
    assert phone.get("/accounts/me/identities").json() == [first.json()]
    assert stranger.get("/accounts/me/identities").json() == []


def test_an_identity_is_unlinked_while_there_is_another_way_in(
    phone: Phone, stranger: Phone, client: TestClient, issuer: LocalIssuer, clock: FakeClock, problem: Problem
) -> None:
    """Here the password. Nobody else can do it."""
    linked = phone.post("/accounts/me/identities", json=given(issuer.token(clock()))).json()

    assert problem(stranger.delete(f"/accounts/me/identities/{linked['id']}")) == "identity-not-found"
    assert phone.delete(f"/accounts/me/identities/{linked['id']}").status_code == 204

    assert phone.get("/accounts/me/identities").json() == []
    assert problem(sign_in(client, issuer.token(clock(), n=1))) == "email-taken"
    assert problem(phone.delete(f"/accounts/me/identities/{uuid4()}")) == "identity-not-found"


def test_the_last_way_in_stays(client: TestClient, issuer: LocalIssuer, clock: FakeClock, problem: Problem) -> None:
    """An account without a password keeps one identity."""
    phone = signed_in(client, issuer.token(clock()))
    phone.post("/accounts/me/identities", json=given(issuer.token(clock(), sub="subject-8")))
    first, second = (identity["id"] for identity in phone.get("/accounts/me/identities").json())
    assert phone.delete(f"/accounts/me/identities/{first}").status_code == 204

    answer = phone.delete(f"/accounts/me/identities/{second}")

    assert (answer.status_code, problem(answer)) == (409, "last-way-in")
    assert [identity["id"] for identity in phone.get("/accounts/me/identities").json()] == [second]


def test_an_account_without_a_password_has_none_that_is_right(
    client: TestClient, issuer: LocalIssuer, clock: FakeClock, problem: Problem
) -> None:
    """Neither the empty one nor any other signs in."""
    signed_in(client, issuer.token(clock()))

    for password in ("", PASSWORD):
        answer = client.post("/v1/sessions", json={"email": "kim@example.org", "password": password})
        assert (answer.status_code, problem(answer)) == (401, "credentials-wrong")


@pytest.mark.parametrize("field", ["provider", "id_token", "nonce"])
@pytest.mark.parametrize(
    ("bad", "status_of_token"),
    [("", 401), ("a\\u0000b", 401), ("\\ud800", 422), ("x" * 20_000, 422)],
    ids=["empty", "nul", "surrogate", "long"],
)
def test_fields_that_cannot_be_are_refused(client: TestClient, field: str, bad: str, status_of_token: int) -> None:
    """Before anybody is asked."""
    body = '{"provider": "local", "id_token": "a.b.c", "nonce": "0123456789"}'
    values = {"provider": "local", "id_token": "a.b.c", "nonce": "0123456789"}
    body = body.replace(f'"{values[field]}"', f'"{bad}"')
    answer = client.post("/v1/sessions/oidc", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == (status_of_token if field == "id_token" else 422)


def test_two_first_sign_ins_at_once_make_one_account(store: Store) -> None:
    """On each database: one of them waits, and finds the account of the other."""
    expires_at = store.clock() + timedelta(minutes=10)
    tokens = [
        VerifiedIdToken("https://id.example.org", "subject-7", "kim@example.org", bytes([number] * 32), expires_at)
        for number in range(4)
    ]

    with ThreadPoolExecutor(4) as pool:
        sessions = list(pool.map(lambda token: _sign_in(store, token, "phone", None), tokens))

    assert len({session.account_id for session in sessions}) == 1
    assert len({session.access_token for session in sessions}) == 4


def test_a_token_used_at_once_opens_one_session(store: Store) -> None:
    """On each database."""
    expires_at = store.clock() + timedelta(minutes=10)
    token = VerifiedIdToken("https://id.example.org", "subject-7", "kim@example.org", bytes(32), expires_at)

    def attempt(_number: int) -> bool:
        try:
            _sign_in(store, token, "phone", None)
        except IdTokenInvalid:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(attempt, range(4))) == [False, False, False, True]


def test_used_tokens_are_forgotten_once_they_have_expired(store: Store, clock: FakeClock) -> None:
    """Not earlier: until then they would be taken again."""
    token = VerifiedIdToken("https://id.example.org", "subject-7", "kim@example.org", bytes(32), store.clock())
    _sign_in(store, token, "phone", None)

    def remembered() -> int:
        tidy(store)
        with store.database.reading() as session:
            return session.query(UsedIdToken).count()

    assert remembered() == 1
    clock.advance(seconds=1)
    assert remembered() == 0
