"""Password resets: letters that were asked for, and what the token in them is good for."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_urlsafe
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, delete, select, update

from schemas.errors import ResetTokenInvalid
from store.database import DatabaseSession
from store.tables import Account, PasswordReset

LIFETIME = timedelta(minutes=30)
"""How long a token is good, from the moment it is made."""
GIVEN_UP_AFTER = timedelta(hours=1)
"""A letter that could not be sent by then is not sent any more: nobody waits for it."""
MAX_TRIES = 3
WAIT = timedelta(minutes=2)
"""From the beginning of the first try until the next may begin: far longer than a mail server may take. Then 8."""


@dataclass(frozen=True)
class DueLetter:
    """A letter to be sent by whoever claimed it, and by nobody else meanwhile."""

    reset_id: UUID
    email: str = field(repr=False)
    token: str = field(repr=False)
    """The only moment in which it exists outside of the letter."""
    attempt: int


class PasswordResets:
    """One row for each letter."""

    def __init__(self, session: DatabaseSession) -> None:
        self._session = session

    def ask(self, account_id: UUID, *, now: datetime) -> None:
        """Have a letter sent. One that is on its way is enough."""
        on_its_way = select(PasswordReset.id).where(PasswordReset.account_id == account_id, *_unsent(now=now))
        if self._session.scalar(on_its_way.limit(1)) is None:
            self._session.add(
                PasswordReset(
                    id=uuid4(),
                    account_id=account_id,
                    asked_at=now,
                    expires_at=now + GIVEN_UP_AFTER,
                    tries=0,
                    due_at=now,
                )
            )

    def next_due(self, *, now: datetime) -> UUID | None:
        """The letter that has waited longest, if one is to be sent."""
        query = select(PasswordReset.id).where(PasswordReset.due_at <= now, *_unsent(now=now))
        return self._session.scalar(query.order_by(PasswordReset.due_at).limit(1))

    def claim(self, reset_id: UUID, *, now: datetime) -> DueLetter | None:
        """Take up a letter, with a new token; the one of an earlier try is void. None: somebody else has taken it."""
        reset = self._session.get(PasswordReset, reset_id)
        if reset is None or reset.due_at is None or reset.due_at > now or reset.tries >= MAX_TRIES:
            return None
        token = token_urlsafe(32)
        claimed = self._session.execute(
            update(PasswordReset)
            .where(PasswordReset.id == reset_id, PasswordReset.tries == reset.tries)
            .values(
                tries=reset.tries + 1,
                due_at=now + WAIT * 4**reset.tries,
                digest=_digest(token),
                expires_at=now + LIFETIME,
            )
            .returning(PasswordReset.tries)
        ).scalar()
        if claimed is None:
            return None
        email = self._session.get_one(Account, reset.account_id).email
        return DueLetter(reset_id, email, token, attempt=claimed)

    def finish(self, letter: DueLetter) -> None:
        """It was sent, or never will be: do not try again. Nothing happens where another try has begun."""
        self._session.execute(
            update(PasswordReset)
            .where(PasswordReset.id == letter.reset_id, PasswordReset.digest == _digest(letter.token))
            .values(due_at=None)
        )

    def check(self, token: str, *, now: datetime) -> UUID:
        """The account a token speaks for. Raises ResetTokenInvalid."""
        account_id = self._session.scalar(select(PasswordReset.account_id).where(*_good(token, now=now)))
        if account_id is None:
            raise ResetTokenInvalid
        return account_id

    def use(self, token: str, *, now: datetime) -> None:
        """Once. Raises ResetTokenInvalid."""
        used = self._session.execute(delete(PasswordReset).where(*_good(token, now=now)).returning(PasswordReset.id))
        if used.scalar() is None:
            raise ResetTokenInvalid

    def remove_all(self, account_id: UUID) -> None:
        """No letter to this account is good any more."""
        self._session.execute(delete(PasswordReset).where(PasswordReset.account_id == account_id))

    def forget_expired(self, *, now: datetime) -> None:
        """Remove letters that are good for nothing any more."""
        self._session.execute(delete(PasswordReset).where(PasswordReset.expires_at < now))


def _unsent(*, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Sent some day, if nothing goes wrong for good."""
    return (
        PasswordReset.due_at.is_not(None),
        PasswordReset.tries < MAX_TRIES,
        PasswordReset.asked_at > now - GIVEN_UP_AFTER,
    )


def _good(token: str, *, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return PasswordReset.digest == _digest(token), PasswordReset.expires_at > now


def _digest(token: str) -> bytes:
    """Tokens have 256 random bits, so a plain hash keeps them."""
    return sha256(token.encode()).digest()
