"""Issuers: whose word is taken for who somebody is (OpenID Connect Core 1.0), as set, and the keys they sign with."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx2
import structlog
from anyio import Lock, to_thread
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from schemas.errors import IssuerUnavailable

APPLE = "https://appleid.apple.com"
APPLE_KEYS = "https://appleid.apple.com/auth/keys"
"""As Apple documents it. Its discovery document once named another issuer than its tokens did, for a day."""
GOOGLE = "https://accounts.google.com"
FETCH_SECONDS = 3.0
FRESH = timedelta(hours=1)
"""After that the keys are asked for again: one that the issuer took back is not believed much longer."""
STALE = timedelta(days=1)
"""How long they are believed while the issuer does not answer."""
PAUSE = timedelta(minutes=1)
"""Between two askings, however many tokens name a key that is not known."""
FIRST_PAUSE = timedelta(seconds=5)
"""The same while there are no keys at all."""

_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}

log = structlog.get_logger()

VerifyingKey = RSAKey | ECKey


@dataclass(frozen=True)
class Issuer:
    """A provider, by the name an app calls it, and what the apps are called there (`aud`)."""

    name: str
    url: str
    client_ids: frozenset[str]
    keys_url: str = ""
    """Empty: the discovery document tells."""


def read_issuer(text: str) -> Issuer:
    """Of `name=https://issuer|client-id|another`. Raises ValueError."""
    name, _, rest = text.partition("=")
    url, *client_ids = rest.split("|")
    if not _NAME.fullmatch(name) or not client_ids or not all(client_ids):
        raise ValueError(f"{name!r} has not the form name=https://issuer|client-id")
    if not is_trustworthy(url):
        raise ValueError(f"the issuer {name!r} needs https, and no query")
    return Issuer(name, url, frozenset(client_ids))


def is_trustworthy(url: str, *, beside: str | None = None) -> bool:
    """https; http only to this machine, and then for `beside` as well, the URL it was learnt from."""
    parts = urlsplit(url)
    if not parts.hostname or parts.query or parts.fragment or parts.username:
        return False
    if parts.scheme == "https":
        return True
    here = parts.scheme == "http" and parts.hostname in _LOOPBACK
    return here and (beside is None or urlsplit(beside).hostname in _LOOPBACK)


class IssuerKeys:
    """The present keys of an issuer, fetched when they are needed."""

    def __init__(self, issuer: Issuer) -> None:
        self.issuer = issuer
        self._keys: dict[str, VerifyingKey] = {}
        self._fetched_at: datetime | None = None
        self._asked_at: datetime | None = None
        self._fetching = Lock()

    async def find(self, kid: str, *, now: datetime) -> VerifyingKey | None:
        """The key of this id. None: the issuer has no such key. Raises IssuerUnavailable while that cannot be told."""
        if not self._is_known(kid, now=now):
            async with self._fetching:
                if not self._is_known(kid, now=now) and self._may_ask(now=now):
                    self._asked_at = now
                    await self._refresh(now=now)
        key = self._keys.get(kid) if self._are_believed(now=now) else None
        if key is None and self._fetched_at != self._asked_at:  # the last asking failed
            raise IssuerUnavailable
        return key

    def _is_known(self, kid: str, *, now: datetime) -> bool:
        return kid in self._keys and self._fetched_at is not None and now - self._fetched_at <= FRESH

    def _are_believed(self, *, now: datetime) -> bool:
        return self._fetched_at is not None and now - self._fetched_at <= STALE

    def _may_ask(self, *, now: datetime) -> bool:
        pause = FIRST_PAUSE if self._fetched_at is None else PAUSE
        return self._asked_at is None or now - self._asked_at >= pause

    async def _refresh(self, *, now: datetime) -> None:
        try:
            self._keys = await to_thread.run_sync(_fetch, self.issuer)
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, TypeError, KeyError) as error:
            log.warning("issuer.failed", name=self.issuer.name, error=type(error).__name__)
            return
        self._fetched_at = now


def _fetch(issuer: Issuer) -> dict[str, VerifyingKey]:
    """The key set (RFC 7517). Raises httpx2.HTTPError, and ValueError, TypeError or KeyError where it is none."""
    with httpx2.Client(timeout=FETCH_SECONDS, follow_redirects=False) as client:
        keys_url = issuer.keys_url or _discover(client, issuer)
        keys = dict(_usable(_get(client, keys_url)["keys"]))
    if not keys:
        raise ValueError("no key of a kind that is used here")
    return keys


def _discover(client: httpx2.Client, issuer: Issuer) -> str:
    """Where the keys are (OpenID Connect Discovery 1.0, 4)."""
    told = _get(client, f"{issuer.url.rstrip('/')}/.well-known/openid-configuration")
    if told["issuer"] != issuer.url:
        raise ValueError("the discovery document is another issuer's")
    if not is_trustworthy(told["jwks_uri"], beside=issuer.url):
        raise ValueError("the keys would come over an open line")
    return str(told["jwks_uri"])


def _get(client: httpx2.Client, url: str) -> dict[str, Any]:
    document: dict[str, Any] = client.get(url).raise_for_status().json()
    return document


def _usable(listed: Sequence[dict[str, Any]]) -> Iterator[tuple[str, VerifyingKey]]:
    """RSA and EC alone: a secret in this place would let anybody sign. Broken and unknown ones are passed over."""
    kinds: dict[str, type[VerifyingKey]] = {"RSA": RSAKey, "EC": ECKey}
    for given in listed:
        try:
            yield given["kid"], kinds[given["kty"]].import_key(given)
        except (JoseError, ValueError, TypeError, KeyError):
            continue
