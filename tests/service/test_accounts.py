"""Signing up, in, on and out."""

import json
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from tests.conftest import FakeClock
from tests.service.conftest import PASSWORD, Phone

Problem = Callable[[Response], str]


def test_whoever_signs_up_is_signed_in(phone: Phone) -> None:
    """The first session comes with the account."""
    assert phone.get("/accounts/me").json()["email"] == "kim@example.org"


def test_an_email_has_one_account_whatever_its_case(phone: Phone, client: TestClient, problem: Problem) -> None:
    """The second is told to sign in."""
    answer = client.post("/v1/accounts", json={"email": " KIM@Example.org", "password": PASSWORD})

    assert (answer.status_code, problem(answer)) == (409, "email-taken")


def test_a_short_password_is_refused_without_being_repeated(client: TestClient, problem: Problem) -> None:
    """The problem names the field, and holds nothing of what was typed."""
    answer = client.post("/v1/accounts", json={"email": "kim@example.org", "password": "tooshort"})

    assert (answer.status_code, problem(answer)) == (422, "invalid-input")
    assert answer.json()["fields"][0]["field"] == "body.password"
    assert "tooshort" not in answer.text


def test_signing_in_needs_the_right_password(phone: Phone, client: TestClient, problem: Problem) -> None:
    """A wrong one and an unknown e-mail get the same answer."""
    right = client.post("/v1/sessions", json={"email": "kim@example.org", "password": PASSWORD})
    wrong = client.post("/v1/sessions", json={"email": "kim@example.org", "password": "something else"})
    unknown = client.post("/v1/sessions", json={"email": "nobody@example.org", "password": PASSWORD})

    assert right.status_code == 201
    assert (wrong.status_code, problem(wrong)) == (401, "credentials-wrong")
    assert wrong.content == unknown.content


def test_a_session_is_refreshed_with_a_new_pair(phone: Phone, client: TestClient) -> None:
    """And the new access token works."""
    answer = client.post("/v1/sessions/refresh", json={"refresh_token": phone.tokens["refresh_token"]})

    assert answer.status_code == 200
    assert Phone(client, answer.json()).get("/accounts/me").status_code == 200


def test_a_refresh_token_used_again_later_ends_the_session_for_good(
    phone: Phone, client: TestClient, clock: FakeClock, problem: Problem
) -> None:
    """The revocation is committed although the answer is an error."""
    body = {"refresh_token": phone.tokens["refresh_token"]}
    newest = client.post("/v1/sessions/refresh", json=body).json()
    clock.advance(seconds=11)

    reused = client.post("/v1/sessions/refresh", json=body)

    assert (reused.status_code, problem(reused)) == (401, "refresh-token-invalid")
    assert Phone(client, newest).get("/accounts/me").status_code == 401


def test_signing_out_is_at_once(phone: Phone, problem: Problem) -> None:
    """The access token stops working, not only the refresh token."""
    assert phone.delete("/sessions/current").status_code == 204

    answer = phone.get("/accounts/me")
    assert (answer.status_code, problem(answer)) == (401, "not-signed-in")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_what_a_person_tells_about_their_speech_is_kept_field_by_field(phone: Phone, stranger: Phone) -> None:
    """Each thing once, in order; what is left out stays; another account has its own."""
    assert phone.get("/accounts/me").json()["languages"] == phone.get("/accounts/me").json()["vocabulary"] == []

    first = phone.patch("/accounts/me", json={"languages": ["de", "en", "de"], "vocabulary": [" Zoë ", "Łódź", "Zoë"]})
    second = phone.patch("/accounts/me", json={"languages": []})

    assert first.status_code == 200, first.text
    assert (first.json()["languages"], first.json()["vocabulary"]) == (["de", "en"], ["Zoë", "Łódź"])
    assert (second.json()["languages"], second.json()["vocabulary"]) == ([], ["Zoë", "Łódź"])
    assert phone.get("/accounts/me").json() == second.json()
    assert phone.patch("/accounts/me", json={"languages": None}).json() == second.json()
    assert stranger.get("/accounts/me").json()["vocabulary"] == []


@pytest.mark.parametrize(
    "body",
    [
        {"languages": ["xx"]},
        {"languages": ["en"] * 9},
        {"vocabulary": ["Zoë", "  "]},
        {"vocabulary": ["Zoë" * 17]},
        {"vocabulary": ["Zo\të"]},
        {"vocabulary": ["Zo\x85ë"]},
        {"vocabulary": ["Zoë"] * 101},
        {"email": "Zoë@example.org"},
    ],
    ids=["unknown", "many", "blank", "long", "tab", "control", "hundreds", "another field"],
)
def test_what_is_no_language_and_no_name_is_refused_without_being_repeated(
    phone: Phone, problem: Problem, body: dict[str, object]
) -> None:
    """Nothing is changed, and the problem holds no name."""
    phone.patch("/accounts/me", json={"languages": ["de"], "vocabulary": ["Łódź"]})

    answer = phone.patch("/accounts/me", json=body)

    assert (answer.status_code, problem(answer)) == (422, "invalid-input")
    assert "Zo" not in answer.text
    kept = phone.get("/accounts/me").json()
    assert (kept["languages"], kept["vocabulary"]) == (["de"], ["Łódź"])


def test_telling_about_your_speech_needs_a_session(client: TestClient, problem: Problem) -> None:
    """As everything about an account."""
    answer = client.patch("/v1/accounts/me", json={"languages": ["de"]})

    assert (answer.status_code, problem(answer)) == (401, "not-signed-in")


@pytest.mark.parametrize("field", ["email", "password", "device_name"])
@pytest.mark.parametrize("bad", ["a\\u0000b", "a\\ud800bcdefghijk"], ids=["nul", "surrogate"])
def test_what_no_database_can_hold_is_refused(client: TestClient, problem: Problem, field: str, bad: str) -> None:
    """NUL and half a character: an error of the field, on every database."""
    account = {"email": "kim@example.org", "password": PASSWORD, "device_name": "phone"}
    body = json.dumps(account | {field: "BAD"}).replace("BAD", bad if field != "email" else f"{bad}@example.org")
    if (field, bad) == ("password", "a\\u0000b"):
        body = body.replace("a\\u0000b", "short")  # NUL in a password does no harm: only its hash is kept
    answer = client.post("/v1/accounts", content=body, headers={"Content-Type": "application/json"})

    assert (answer.status_code, problem(answer)) == (422, "invalid-input")


def test_a_refresh_token_that_is_no_text_is_refused(client: TestClient, problem: Problem) -> None:
    """As any other field."""
    body = '{"refresh_token": "\\ud800"}'
    answer = client.post("/v1/sessions/refresh", content=body, headers={"Content-Type": "application/json"})

    assert (answer.status_code, problem(answer)) == (422, "invalid-input")


def test_a_sign_up_whose_answer_was_lost_can_be_sent_again(
    client: TestClient, problem: Callable[[Response], str]
) -> None:
    """With its key and password it is the same account; with another password, or key, the e-mail is taken."""
    given = {"email": "kim@example.org", "password": PASSWORD}
    key = {"Idempotency-Key": "a sign-up".replace(" ", "-")}
    first, second = (client.post("/v1/accounts", json=given, headers=key) for _ in range(2))

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["account_id"] == second.json()["account_id"]
    assert second.headers["idempotent-replayed"] == "true"
    tokens = [Phone(client, answer.json()).get("/sessions") for answer in (first, second)]
    assert (tokens[0].status_code, len(tokens[1].json()["items"])) == (401, 1)
    wrong = client.post("/v1/accounts", json=given | {"password": "another long one"}, headers=key)
    assert problem(wrong) == "email-taken"
    assert problem(client.post("/v1/accounts", json=given, headers={"Idempotency-Key": "2"})) == "email-taken"
    other = client.post("/v1/accounts", json=given | {"email": "sam@example.org"}, headers=key)
    assert problem(other) == "idempotency-key-reused"


def test_a_sign_in_whose_answer_was_lost_leaves_one_session(phone: Phone, client: TestClient) -> None:
    """However often it is sent with its key; the tokens that were lost are good for nothing."""
    given = {"email": "kim@example.org", "password": PASSWORD, "device_name": "tablet"}
    answers = [client.post("/v1/sessions", json=given, headers={"Idempotency-Key": "k"}).json() for _ in range(3)]

    devices = [session["device_name"] for session in phone.get("/sessions").json()["items"]]
    assert sorted(devices) == ["phone", "tablet"]
    assert [Phone(client, tokens).get("/accounts/me").status_code for tokens in answers] == [401, 401, 200]
