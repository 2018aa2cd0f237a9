"""Idempotency: a request that is sent again with its Idempotency-Key makes nothing more.

As in draft-ietf-httpapi-idempotency-key-header. What came of a request is kept as an id, never as an answer: answers
can hold what a person said, and are made anew.
"""

from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError

from schemas.errors import IdempotencyKeyReused
from store.database import DatabaseSession
from store.tables import IdempotencyKey

LIFETIME = timedelta(hours=48)


class Idempotency:
    """Keys of requests, each within its scope."""

    def __init__(self, session: DatabaseSession) -> None:
        self._session = session

    def claim(self, account_id: UUID, key: str | None, request: str, *, made: UUID, now: datetime) -> UUID | None:
        """None for a new request, which is to make `made`, in this transaction; else the id of what was made before.

        `request` says what is asked for. Without a key every request is new. Raises IdempotencyKeyReused.
        """
        if key is None:
            return None
        if (before := self.made_by(str(account_id), key, request, now=now)) is not None:
            return before
        try:
            with self._session.begin_nested():
                self.remember(str(account_id), key, request, made=made, account_id=account_id, now=now)
        except IntegrityError:  # another request with this key was faster
            return self.made_by(str(account_id), key, request, now=now)
        return None

    def made_by(self, scope: str, key: str, request: str, *, now: datetime) -> UUID | None:
        """What came of a request with this key, if there was one lately. Raises IdempotencyKeyReused."""
        known = self._session.get(IdempotencyKey, (scope, _digest(key)), populate_existing=True)
        if known is None or known.made_at <= now - LIFETIME:
            return None
        if known.fingerprint != _digest(request):
            raise IdempotencyKeyReused
        return known.made

    def remember(self, scope: str, key: str, request: str, *, made: UUID, account_id: UUID, now: datetime) -> None:
        """What comes of a request, within a scope: an account, or what people ask for who are not signed in."""
        self._session.execute(
            delete(IdempotencyKey).where(
                IdempotencyKey.scope == scope,
                IdempotencyKey.digest == _digest(key),
                IdempotencyKey.made_at <= now - LIFETIME,
            )
        )
        self._session.add(
            IdempotencyKey(
                scope=scope,
                digest=_digest(key),
                account_id=account_id,
                fingerprint=_digest(request),
                made=made,
                made_at=now,
            )
        )
        self._session.flush()

    def made_instead(self, account_id: UUID, key: str | None, made: UUID) -> None:
        """Something else has taken the place of what came of a request."""
        if key is None:
            return
        self._session.execute(
            update(IdempotencyKey)
            .where(IdempotencyKey.scope == str(account_id), IdempotencyKey.digest == _digest(key))
            .values(made=made)
        )

    def forget_expired(self, *, now: datetime) -> None:
        """After two days a key may mean something else."""
        self._session.execute(delete(IdempotencyKey).where(IdempotencyKey.made_at <= now - LIFETIME))


def _digest(text: str) -> bytes:
    return sha256(text.encode()).digest()
