"""Idempotency: a request that is sent again with its Idempotency-Key makes nothing more.

As in draft-ietf-httpapi-idempotency-key-header. What came of a request is kept as an id, never as an answer: answers
can hold what a person said, and are made anew.
"""

from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from schemas.errors import IdempotencyKeyReused
from store.database import DatabaseSession
from store.tables import IdempotencyKey

LIFETIME = timedelta(hours=48)


class Idempotency:
    """Keys of requests, each within the account that sent it."""

    def __init__(self, session: DatabaseSession) -> None:
        self._session = session

    def claim(self, account_id: UUID, key: str | None, request: str, *, made: UUID, now: datetime) -> UUID | None:
        """None for a new request, which is to make `made`, in this transaction; else the id of what was made before.

        `request` says what is asked for. Without a key every request is new. Raises IdempotencyKeyReused.
        """
        if key is None:
            return None
        place = {"scope": str(account_id), "digest": _digest(key)}
        row = IdempotencyKey(**place, account_id=account_id, fingerprint=_digest(request), made=made, made_at=now)
        known = self._session.get(IdempotencyKey, (place["scope"], place["digest"]))
        if known is not None and known.made_at <= now - LIFETIME:
            self._session.delete(known)
            self._session.flush()
            known = None
        if known is None:
            try:
                with self._session.begin_nested():
                    self._session.add(row)
            except IntegrityError:  # another request with this key was faster
                known = self._session.get_one(IdempotencyKey, (place["scope"], place["digest"]))
            else:
                return None
        if known.fingerprint != _digest(request):
            raise IdempotencyKeyReused
        return known.made

    def forget_expired(self, *, now: datetime) -> None:
        """After two days a key may mean something else."""
        self._session.execute(delete(IdempotencyKey).where(IdempotencyKey.made_at <= now - LIFETIME))


def _digest(text: str) -> bytes:
    return sha256(text.encode()).digest()
