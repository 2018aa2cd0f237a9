"""Passwords: argon2id (RFC 9106), two at a time and never on the event loop."""

from secrets import token_urlsafe

from anyio import CapacityLimiter, to_thread
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

AT_ONCE = 2
"""Each takes 64 MiB and a core for a third of a second."""


class Passwords:
    """Hashes, and verifies in the same time whether or not there is an account."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._limiter = CapacityLimiter(AT_ONCE)
        self._decoy = self._hasher.hash(token_urlsafe())

    async def hash(self, password: str) -> str:
        """An encoded argon2id hash, salt and cost included."""
        return await to_thread.run_sync(self._hasher.hash, password, limiter=self._limiter)

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether it is the password. None (no such account) and "" (no password) take as long and are never right."""
        right = await to_thread.run_sync(self._verify, password_hash or self._decoy, password, limiter=self._limiter)
        return right and bool(password_hash)

    def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False
