"""ID tokens: whether one that a phone got from Apple, Google or another issuer is good (OpenID Connect Core 1.0)."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry
from joserfc.util import urlsafe_b64decode
from pydantic import TypeAdapter, ValidationError

from schemas.account import Email
from schemas.errors import IdTokenInvalid, ProviderUnknown
from service.issuers import Issuer, IssuerKeys

ALGORITHMS = frozenset({"RS256", "ES256"})
"""Signatures by key pairs alone. A header that names another algorithm, or none, is not looked at further."""
LEEWAY = timedelta(minutes=1)
"""How far the clocks of issuer and server may be apart."""
LONGEST = timedelta(days=7)
"""Used tokens are remembered until they expire, so none may be good for ever."""

_EMAIL: TypeAdapter[str] = TypeAdapter(Email)


@dataclass(frozen=True)
class VerifiedIdToken:
    """What a good token says."""

    issuer: str
    subject: str
    email: str | None
    """Only one that the issuer has verified."""
    digest: bytes
    """Of what is signed: a signature can be written in more than one way."""
    expires_at: datetime
    """When it is refused, leeway included."""


class IdTokens:
    """Verifies, with the keys of the issuers it was given."""

    def __init__(self, issuers: Iterable[Issuer]) -> None:
        self._keys = {issuer.name: IssuerKeys(issuer) for issuer in issuers}
        self._registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)

    def name_of(self, issuer_url: str) -> str | None:
        """What the provider is called here; None where it is not set up any more."""
        return next((name for name, keys in self._keys.items() if keys.issuer.url == issuer_url), None)

    async def verify(self, provider: str, id_token: str, *, nonce: str, now: datetime) -> VerifiedIdToken:
        """The claims of a token that was issued by the provider, to one of our apps, for this sign-in.

        Raises ProviderUnknown, IdTokenInvalid and IssuerUnavailable.
        """
        if provider not in self._keys:
            raise ProviderUnknown
        keys = self._keys[provider]
        key = await keys.find(_key_id(id_token), now=now)
        if key is None:
            raise IdTokenInvalid("The issuer has no such key")
        try:
            claims = jwt.decode(id_token, key, registry=self._registry).claims
            _registry_of(keys.issuer, now=now).validate(claims)
        except JoseError as error:
            raise IdTokenInvalid(_reason(error)) from error
        _check_audience(claims, keys.issuer)
        _check_nonce(claims, nonce)
        return VerifiedIdToken(
            issuer=keys.issuer.url,
            subject=_subject(claims),
            email=_verified_email(claims),
            digest=sha256(id_token.rpartition(".")[0].encode()).digest(),
            expires_at=_expiry(claims, now=now),
        )


def _key_id(id_token: str) -> str:
    """Read before anything is verified: it only chooses among the issuer's own keys."""
    try:
        header = json.loads(urlsafe_b64decode(id_token.partition(".")[0].encode()))
    except (ValueError, RecursionError) as error:
        raise IdTokenInvalid("It is no JSON Web Token") from error
    if not isinstance(header, dict) or not isinstance(header.get("kid"), str):
        raise IdTokenInvalid("It names no key")
    if header.get("alg") not in ALGORITHMS:
        raise IdTokenInvalid("It is not signed in a way that is accepted")
    return str(header["kid"])


def _registry_of(issuer: Issuer, *, now: datetime) -> jwt.JWTClaimsRegistry:
    return jwt.JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=int(LEEWAY.total_seconds()),
        iss={"essential": True, "value": issuer.url},
        aud={"essential": True, "values": sorted(issuer.client_ids)},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True},
    )


def _reason(error: JoseError) -> str:
    """Names the claim, and nothing of what it holds."""
    claim = getattr(error, "claim", None)
    return f"Its claim {claim!r} is missing or wrong" if claim else "Its signature or form is wrong"


def _check_audience(claims: Mapping[str, Any], issuer: Issuer) -> None:
    """3.1.3.7, 3 to 5: nobody else's besides ours; among several, the app it was issued to (`azp`) is ours."""
    audience = claims["aud"]
    if isinstance(audience, str) or len(audience) == 1:
        return
    if not issuer.client_ids.issuperset(audience) or claims.get("azp") not in issuer.client_ids:
        raise IdTokenInvalid("It was issued to others as well")


def _check_nonce(claims: Mapping[str, Any], nonce: str) -> None:
    """It is the SHA-256 of what was sent, in lower-case hex: whoever reads the token does not know what to send."""
    expected = sha256(nonce.encode()).hexdigest()
    if not compare_digest(str(claims["nonce"]).encode(), expected.encode()):
        raise IdTokenInvalid("It was issued for another sign-in: the nonce differs")


def _subject(claims: Mapping[str, Any]) -> str:
    """At most 255 characters of ASCII (2)."""
    subject = str(claims["sub"])
    if len(subject) > 255 or not (subject.isascii() and subject.isprintable()):
        raise IdTokenInvalid("Its subject is none")
    return subject


def _verified_email(claims: Mapping[str, Any]) -> str | None:
    """Apple writes booleans as text, too."""
    if claims.get("email_verified") not in (True, "true"):
        return None
    try:
        return _EMAIL.validate_python(claims.get("email"))
    except ValidationError:
        return None


def _expiry(claims: Mapping[str, Any], *, now: datetime) -> datetime:
    seconds = min(claims["exp"], now.timestamp() + 2 * LONGEST.total_seconds())
    expires_at = datetime.fromtimestamp(seconds, UTC)
    if expires_at > now + LONGEST:
        raise IdTokenInvalid("It is good for longer than any sign-in takes")
    return expires_at + LEEWAY
