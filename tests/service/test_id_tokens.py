"""An ID token is taken if the issuer signed it, for this app and this sign-in, and it is still good."""

import base64
import hmac
import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import ECKey, RSAKey

from schemas.errors import IdTokenInvalid, IssuerUnavailable, ProviderUnknown
from service.id_tokens import IdTokens, VerifiedIdToken
from service.issuers import Issuer, is_trustworthy, read_issuer
from service.settings import ServiceSettings
from tests.conftest import FakeClock
from tests.service.issuing import APP, NONCE, SUBJECT, LocalIssuer, local_issuer

Forge = Callable[[LocalIssuer, FakeClock], str]


@pytest.fixture
def issuer() -> Iterator[LocalIssuer]:
    """One of this test."""
    with local_issuer() as issuer:
        yield issuer


@pytest.fixture
def id_tokens(issuer: LocalIssuer) -> IdTokens:
    """What verifies its tokens."""
    return IdTokens([Issuer("local", issuer.url, frozenset({APP, "org.example.web"}))])


def verify(id_tokens: IdTokens, token: str, clock: FakeClock, *, nonce: str = NONCE) -> VerifiedIdToken:
    """As the route does."""

    async def call() -> VerifiedIdToken:
        return await id_tokens.verify("local", token, nonce=nonce, now=clock())

    return anyio.run(call)


def segment(content: Any) -> str:
    """A part of a token."""
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def test_a_good_token_tells_who_it_is(id_tokens: IdTokens, issuer: LocalIssuer, clock: FakeClock) -> None:
    """Issuer, subject, and the e-mail in lower case."""
    verified = verify(id_tokens, issuer.token(clock(), email="Kim@Example.org"), clock)

    assert (verified.issuer, verified.subject, verified.email) == (issuer.url, SUBJECT, "kim@example.org")
    assert (verified.expires_at - clock()).total_seconds() == 660


def test_a_token_of_an_elliptic_curve_is_good_too(id_tokens: IdTokens, issuer: LocalIssuer, clock: FakeClock) -> None:
    """ES256."""
    issuer.rotate(ECKey.generate_key("P-256", {"kid": "curve"}))

    assert verify(id_tokens, issuer.token(clock()), clock).subject == SUBJECT


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": [APP]},
        {"aud": APP, "azp": "org.example.android"},
        {"aud": [APP, "org.example.web"], "azp": APP},
        {"iat": 1772355600 + 59},
        {"exp": 1772355600 - 59},
        {"nbf": 1772355600},
    ],
    ids=["list of one", "azp of one", "two of ours", "clock behind", "clock ahead", "not before"],
)
def test_what_a_good_token_may_say(
    id_tokens: IdTokens, issuer: LocalIssuer, clock: FakeClock, claims: dict[str, Any]
) -> None:
    """A minute apart is the same moment; beside a single audience nobody asks for `azp`."""
    assert clock().timestamp() == 1772355600
    assert verify(id_tokens, issuer.token(clock(), **claims), clock).subject == SUBJECT


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example.org"},
        {"iss": None},
        {"aud": "org.example.other"},
        {"aud": None},
        {"aud": []},
        {"aud": [APP, "org.example.other"], "azp": APP},
        {"aud": [APP, "org.example.web"]},
        {"aud": [APP, "org.example.web"], "azp": "org.example.other"},
        {"exp": 1772355600 - 60},
        {"exp": None},
        {"exp": "soon"},
        {"exp": 1772355600 + 8 * 86400},
        {"exp": 10**30},
        {"iat": 1772355600 + 61},
        {"iat": None},
        {"nbf": 1772355600 + 61},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
        {"sub": "a\0b"},
        {"nonce": NONCE},
        {"nonce": sha256(NONCE.encode()).hexdigest().upper()},
        {"nonce": sha256(b"another-nonce-of-this-test").hexdigest()},
        {"nonce": None},
    ],
    ids=str,
)
def test_a_token_with_a_claim_that_is_wrong_is_refused(
    id_tokens: IdTokens, issuer: LocalIssuer, clock: FakeClock, claims: dict[str, Any]
) -> None:
    """Each claim by itself, in a token that is well signed."""
    with pytest.raises(IdTokenInvalid):
        verify(id_tokens, issuer.token(clock(), **claims), clock)


def test_whoever_gets_hold_of_a_token_does_not_know_its_nonce(
    id_tokens: IdTokens, issuer: LocalIssuer, clock: FakeClock
) -> None:
    """The hash, which stands in it, is refused: only what it was made of is taken."""
    token = issuer.token(clock())

    with pytest.raises(IdTokenInvalid, match="nonce"):
        verify(id_tokens, token, clock, nonce=issuer.claims(clock())["nonce"])
    assert verify(id_tokens, token, clock).subject == SUBJECT


def unsigned(issuer: LocalIssuer, clock: FakeClock) -> str:
    """`none`, with the id of a real key."""
    return f"{segment({'alg': 'none', 'kid': issuer.keys[0].kid})}.{segment(issuer.claims(clock()))}."


def confused(issuer: LocalIssuer, clock: FakeClock) -> str:
    """HMAC with the public key, which everybody has, as the secret."""
    secret = issuer.keys[0].as_pem(private=False)
    signed = f"{segment({'alg': 'HS256', 'kid': issuer.keys[0].kid})}.{segment(issuer.claims(clock()))}"
    code = hmac.digest(secret, signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(code).rstrip(b'=').decode()}"


def altered(issuer: LocalIssuer, clock: FakeClock) -> str:
    """Another subject under a real signature."""
    header, _, signature = issuer.token(clock()).split(".")
    return f"{header}.{segment(issuer.claims(clock(), sub='somebody-else'))}.{signature}"


def of_another_key(issuer: LocalIssuer, clock: FakeClock) -> str:
    """Signed by somebody who calls their key as the issuer's is called."""
    own = RSAKey.generate_key(2048, {"kid": str(issuer.keys[0].kid)})
    return issuer.sign(issuer.claims(clock()), key=own)


def with_its_own_key(issuer: LocalIssuer, clock: FakeClock) -> str:
    """The key to verify it with stands in its header."""
    own = RSAKey.generate_key(2048, {"kid": "mine"})
    return issuer.sign(issuer.claims(clock()), key=own, kid=issuer.keys[0].kid, jwk=own.as_dict(private=False))


def of_an_unknown_key(issuer: LocalIssuer, clock: FakeClock) -> str:
    """By its name."""
    return issuer.sign(issuer.claims(clock()), kid="unknown")


def without_a_signature(issuer: LocalIssuer, clock: FakeClock) -> str:
    """Cut off."""
    return issuer.token(clock()).rpartition(".")[0] + "."


def with_claims_that_are_none(issuer: LocalIssuer, clock: FakeClock) -> str:
    """A list."""
    return f"{issuer.token(clock()).split('.')[0]}.{segment(['sub'])}.c2ln"


def with_a_list_as_header(issuer: LocalIssuer, clock: FakeClock) -> str:
    """Of the right words."""
    return f"{segment(['alg', 'kid'])}.{segment({})}.c2ln"


FORGERIES = [
    unsigned,
    confused,
    altered,
    of_another_key,
    with_its_own_key,
    of_an_unknown_key,
    without_a_signature,
    with_claims_that_are_none,
    with_a_list_as_header,
]


@pytest.mark.parametrize("forge", FORGERIES)
def test_what_the_issuer_did_not_sign_is_refused(
    id_tokens: IdTokens, issuer: LocalIssuer, clock: FakeClock, forge: Forge
) -> None:
    """However it is made to look like it."""
    verify(id_tokens, issuer.token(clock()), clock)

    with pytest.raises(IdTokenInvalid):
        verify(id_tokens, forge(issuer, clock), clock)


@given(token=st.one_of(st.text(), st.from_regex(r"[\w-]{0,40}\.[\w-]{0,40}\.[\w-]{0,40}", fullmatch=True)))
@settings(max_examples=200, deadline=None)
def test_whatever_is_sent_is_a_token_or_refused(token: str) -> None:
    """Nothing else is raised, and no issuer is asked."""
    nobody = IdTokens([Issuer("local", "http://127.0.0.1:1", frozenset({APP}))])

    with pytest.raises(IdTokenInvalid):
        verify(nobody, token.encode(errors="replace").decode(), FakeClock())


def test_keys_are_fetched_once_and_again_for_an_unknown_one(
    id_tokens: IdTokens, issuer: LocalIssuer, clock: FakeClock
) -> None:
    """The issuer takes a new key: the first token of it has the keys fetched again, if that was not just done."""
    for _ in range(3):
        verify(id_tokens, issuer.token(clock()), clock)
    assert issuer.asked == ["/.well-known/openid-configuration", "/keys"]

    issuer.rotate()
    with pytest.raises(IdTokenInvalid):
        verify(id_tokens, issuer.token(clock()), clock)
    assert len(issuer.asked) == 2

    clock.advance(seconds=60)
    assert verify(id_tokens, issuer.token(clock()), clock).subject == SUBJECT
    assert len(issuer.asked) == 4


def test_many_tokens_of_unknown_keys_ask_the_issuer_once_a_minute(
    id_tokens: IdTokens, issuer: LocalIssuer, clock: FakeClock
) -> None:
    """Together or one after another."""
    verify(id_tokens, issuer.token(clock()), clock)
    clock.advance(minutes=2)
    refused: list[int] = []

    async def one(number: int) -> None:
        token = issuer.sign(issuer.claims(clock()), kid=f"unknown-{number}")
        try:
            await id_tokens.verify("local", token, nonce=NONCE, now=clock())
        except IdTokenInvalid:
            refused.append(number)

    async def many() -> None:
        async with anyio.create_task_group() as tasks:
            for number in range(20):
                tasks.start_soon(one, number)

    anyio.run(many)

    assert len(refused) == 20
    assert issuer.asked.count("/keys") == 2


def test_a_key_that_was_taken_back_is_good_for_an_hour_at_most(
    id_tokens: IdTokens, issuer: LocalIssuer, clock: FakeClock
) -> None:
    """Nobody asks for it, so only age has the keys fetched again."""
    old = issuer.keys[0]
    verify(id_tokens, issuer.token(clock()), clock)
    issuer.rotate(ECKey.generate_key("P-256", {"kid": "new"}))
    clock.advance(hours=1, seconds=1)

    with pytest.raises(IdTokenInvalid):
        verify(id_tokens, issuer.sign(issuer.claims(clock()), key=old), clock)


def test_known_keys_are_believed_for_a_day_while_the_issuer_is_away(
    id_tokens: IdTokens, issuer: LocalIssuer, clock: FakeClock
) -> None:
    """Then nobody can tell; and of a key that nobody knows, at once."""
    verify(id_tokens, issuer.token(clock()), clock)
    issuer.status = 503
    clock.advance(hours=23)
    assert verify(id_tokens, issuer.token(clock()), clock).subject == SUBJECT

    with pytest.raises(IssuerUnavailable):
        verify(id_tokens, issuer.sign(issuer.claims(clock()), kid="unknown"), clock)
    clock.advance(hours=2)
    with pytest.raises(IssuerUnavailable):
        verify(id_tokens, issuer.token(clock()), clock)

    issuer.status = 200
    clock.advance(minutes=1)
    assert verify(id_tokens, issuer.token(clock()), clock).subject == SUBJECT


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": "https://accounts.example.org"},
        {"issuer": None},
        {"jwks_uri": "http://example.org/keys"},
        {"jwks_uri": None},
        {"jwks_uri": "http://127.0.0.1:1/keys"},
    ],
    ids=str,
)
def test_a_discovery_document_that_does_not_fit_is_not_followed(
    id_tokens: IdTokens, issuer: LocalIssuer, clock: FakeClock, change: dict[str, str | None]
) -> None:
    """Another issuer's, keys over an open line, keys that are not there."""
    issuer.discovery |= change

    with pytest.raises(IssuerUnavailable):
        verify(id_tokens, issuer.token(clock()), clock)
    assert "/keys" not in issuer.asked


def test_keys_of_a_kind_that_is_not_used_are_passed_over(
    id_tokens: IdTokens, issuer: LocalIssuer, clock: FakeClock
) -> None:
    """A secret among the public keys, a broken one, one of a new kind, and something else altogether."""
    issuer.beside = [
        {"kty": "oct", "kid": "secret", "k": "c2VjcmV0"},
        {"kty": "RSA", "kid": "broken", "n": "!", "e": "AQAB"},
        {"kty": "EC", "kid": "curve", "crv": "P-1", "x": "AA", "y": "AA"},
        {"kty": "AKP", "kid": "new"},
        {"kty": "RSA"},
        7,
    ]
    assert verify(id_tokens, issuer.token(clock()), clock).subject == SUBJECT

    issuer.keys = []
    clock.advance(hours=25)
    with pytest.raises(IssuerUnavailable):
        verify(id_tokens, f"{segment({'alg': 'RS256', 'kid': 'secret'})}.e30.c2ln", clock)


def test_keys_whose_place_is_known_need_no_discovery(issuer: LocalIssuer, clock: FakeClock) -> None:
    """As Apple's."""
    issuer.discovery["issuer"] = "https://account.example.org"
    id_tokens = IdTokens([Issuer("local", issuer.url, frozenset({APP}), keys_url=f"{issuer.url}/keys")])

    assert verify(id_tokens, issuer.token(clock()), clock).subject == SUBJECT
    assert issuer.asked == ["/keys"]


def test_a_provider_that_is_not_set_up_is_unknown(id_tokens: IdTokens, clock: FakeClock) -> None:
    """Before anything else is looked at."""
    with pytest.raises(ProviderUnknown):
        anyio.run(lambda: id_tokens.verify("google", "x", nonce=NONCE, now=clock()))


@pytest.mark.parametrize(
    ("claims", "email"),
    [
        ({"email_verified": "true"}, "kim@example.org"),
        ({"email_verified": False}, None),
        ({"email_verified": "false"}, None),
        ({"email_verified": None}, None),
        ({"email_verified": [True]}, None),
        ({"email": None}, None),
        ({"email": "no e-mail"}, None),
        ({"email": 7}, None),
    ],
    ids=str,
)
def test_only_a_verified_email_counts(
    id_tokens: IdTokens, issuer: LocalIssuer, clock: FakeClock, claims: dict[str, Any], email: str | None
) -> None:
    """Apple writes true as text."""
    assert verify(id_tokens, issuer.token(clock(), **claims), clock).email == email


def test_a_token_is_the_same_whichever_way_its_signature_is_written(
    id_tokens: IdTokens, issuer: LocalIssuer, clock: FakeClock
) -> None:
    """Of an elliptic curve there are two: (r, s) and (r, n - s). Both verify, and count as one use."""
    issuer.rotate(ECKey.generate_key("P-256", {"kid": "curve"}))
    token = issuer.token(clock())
    signed, _, signature = token.rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    other = raw[:32] + (order - int.from_bytes(raw[32:], "big")).to_bytes(32, "big")
    twin = f"{signed}.{base64.urlsafe_b64encode(other).rstrip(b'=').decode()}"

    assert twin != token
    assert verify(id_tokens, twin, clock).digest == verify(id_tokens, token, clock).digest


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://id.example.org", True),
        ("https://id.example.org/realms/one", True),
        ("http://127.0.0.1:8080", True),
        ("http://localhost/x", True),
        ("http://id.example.org", False),
        ("https://id.example.org?x=1", False),
        ("https://user@id.example.org", False),
        ("ftp://127.0.0.1", False),
        ("", False),
    ],
)
def test_an_issuer_is_spoken_to_over_https(url: str, *, good: bool) -> None:
    """But for one on this machine."""
    assert is_trustworthy(url) is good
    assert not is_trustworthy("http://127.0.0.1/keys", beside="https://id.example.org")


def test_issuers_are_read_from_the_settings() -> None:
    """Apple and Google by their client ids alone, others in full."""
    assert read_issuer("one=https://id.example.org|a|b") == Issuer("one", "https://id.example.org", frozenset("ab"))

    issuers = ServiceSettings(google_client_ids="g1, g2", oidc_issuers="one=https://id.example.org|a").issuers
    told = [(issuer.name, sorted(issuer.client_ids)) for issuer in issuers]
    assert told == [("google", ["g1", "g2"]), ("one", ["a"])]


@pytest.mark.parametrize(
    "wrong",
    [
        "one",
        "one=https://id.example.org",
        "One=https://id.example.org|a",
        "one=http://id.example.org|a",
        "apple=https://id.example.org|a",
        "one=https://accounts.google.com|a",
        "one=https://id.example.org|a,one=https://other.example.org|a",
        "one=https://id.example.org|a,two=https://id.example.org|b",
    ],
)
def test_issuers_that_cannot_be_meant_end_the_start(wrong: str) -> None:
    """With a message, before anybody signs in."""
    with pytest.raises(ValueError, match="oidc_issuers"):
        ServiceSettings(oidc_issuers=wrong)
