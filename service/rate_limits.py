"""Rate limits: how often a thing may be asked for, by whom, and what happens while nobody can count.

What guards an account against guessing, or a server against invented accounts, is closed while Redis is away: it could
not be counted over all processes. Everything else is then counted in each process by itself, so that a phone can still
send its recordings.
"""

import math
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from ipaddress import IPv6Address, IPv6Network, ip_address

import structlog
from limits import RateLimitItem, parse

from schemas.errors import LimitsUnavailable, TandemError, TooManyRequests
from service.windows import MemoryWindows, RedisWindows

IPV6_PREFIX = 64
"""Bits. A household, or one rented server, has all addresses that begin with the same ones."""

log = structlog.get_logger()


class Guarded(StrEnum):
    """What has a limit."""

    SIGN_IN = "sign-in"
    """With a wrong password: one that is right does not count."""
    SIGN_UP = "sign-up"
    REFRESH = "refresh"
    PASSWORD_RESET = "password-reset"  # noqa: S105 - the name of a request, no secret
    SIGNED_IN = "signed-in"
    """Any request with an access token; a long poll or an event stream is one."""
    UPLOAD = "upload"
    """The beginning of one."""


class Per(StrEnum):
    """Whose requests are counted together."""

    ADDRESS = "address"
    EMAIL = "email"
    ACCOUNT = "account"


@dataclass(frozen=True)
class Rule:
    """So many in any such span, for each."""

    per: Per
    limit: RateLimitItem


RULES: Mapping[Guarded, tuple[Rule, ...]] = {
    Guarded.SIGN_IN: (
        Rule(Per.ADDRESS, parse("100 per 15 minutes")),
        Rule(Per.EMAIL, parse("10 per 15 minutes")),
    ),
    Guarded.SIGN_UP: (Rule(Per.ADDRESS, parse("200 per hour")),),
    Guarded.REFRESH: (Rule(Per.ADDRESS, parse("600 per hour")),),
    Guarded.PASSWORD_RESET: (
        Rule(Per.ADDRESS, parse("100 per hour")),
        Rule(Per.EMAIL, parse("5 per hour")),
    ),
    Guarded.SIGNED_IN: (Rule(Per.ACCOUNT, parse("6000 per minute")),),
    Guarded.UPLOAD: (Rule(Per.ACCOUNT, parse("2000 per hour")),),
}
"""A request passes if all rules of what it asks for let it."""

CLOSED_WITHOUT_REDIS = frozenset({Guarded.SIGN_IN, Guarded.SIGN_UP, Guarded.PASSWORD_RESET})


class RateLimits:
    """The counts of one API process and, through Redis, of all of them."""

    def __init__(
        self, redis_url: str, *, enabled: str = "on", rules: Mapping[Guarded, tuple[Rule, ...]] = RULES
    ) -> None:
        """`enabled` is `on` or `off`; off, everything passes."""
        self._rules = rules if enabled == "on" else {}
        self._shared = RedisWindows(redis_url)
        self._own = MemoryWindows()

    async def take(self, guarded: Guarded, subjects: Mapping[Per, str]) -> None:
        """Count a request for each of its rules. A refused one counts for none.

        Raises TooManyRequests, with the seconds until the window frees, and LimitsUnavailable.
        """
        taken: list[Rule] = []
        for rule in self._rules.get(guarded, ()):
            if seconds := await self._take(guarded, rule, subjects):
                await self._give_back(guarded, taken, subjects)
                log.warning("rate_limit.reached", name=guarded.value, reason=rule.per.value)
                raise TooManyRequests(retry_after=math.floor(seconds) + 1)
            taken.append(rule)

    @asynccontextmanager
    async def failures(
        self, guarded: Guarded, subjects: Mapping[Per, str], *, failure: type[TandemError]
    ) -> AsyncIterator[None]:
        """Count only what ends with `failure`.

        It is counted beforehand and given back, so that guesses that come all at once are no more than others.
        Raises what `take` raises, before anything was done.
        """
        await self.take(guarded, subjects)
        failed = False
        try:
            yield
        except failure:
            failed = True
            raise
        finally:
            if not failed:
                await self._give_back(guarded, self._rules.get(guarded, ()), subjects)

    def close(self) -> None:
        """Close the connections."""
        self._shared.close()

    async def _take(self, guarded: Guarded, rule: Rule, subjects: Mapping[Per, str]) -> float:
        key = _key(guarded, rule, subjects)
        seconds = await self._shared.take(rule.limit, *key)
        if seconds is not None:
            return seconds
        if guarded in CLOSED_WITHOUT_REDIS:
            raise LimitsUnavailable
        return await self._own.take(rule.limit, *key)

    async def _give_back(self, guarded: Guarded, rules: Iterable[Rule], subjects: Mapping[Per, str]) -> None:
        for rule in rules:
            await self._shared.give_back(rule.limit, *_key(guarded, rule, subjects))


def _key(guarded: Guarded, rule: Rule, subjects: Mapping[Per, str]) -> tuple[str, ...]:
    """Nobody's e-mail or address stands in Redis."""
    return guarded.value, rule.per.value, sha256(f"tandem rate limit {subjects[rule.per]}".encode()).hexdigest()


def counted_address(host: str) -> str:
    """The address that a client's requests are counted by: of IPv6 its /64. What is no address stays as it is."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return str(address)
    return str(address.ipv4_mapped or IPv6Network((int(address), IPV6_PREFIX), strict=False))
