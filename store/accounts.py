"""Accounts: who can sign in."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from schemas.errors import EmailTaken
from store.database import DatabaseSession
from store.tables import Account


@dataclass(frozen=True)
class SpeechPreferences:
    """What a person told about their speech."""

    languages: tuple[str, ...]
    """Codes of those they speak; empty: any."""
    vocabulary: tuple[str, ...]
    """Names of people and places they speak of."""


class Accounts:
    """E-mail addresses arrive here in lower case."""

    def __init__(self, session: DatabaseSession) -> None:
        self._session = session

    def add(self, email: str, *, password_hash: str, now: datetime) -> Account:
        """Raises EmailTaken."""
        account = Account(id=uuid4(), email=email, password_hash=password_hash, created_at=now, last_cursor=0)
        try:
            with self._session.begin_nested():
                self._session.add(account)
        except IntegrityError as error:
            raise EmailTaken from error
        return account

    def get(self, account_id: UUID) -> Account:
        """The account of somebody who is signed in."""
        return self._session.get_one(Account, account_id)

    def update(
        self, account_id: UUID, *, languages: tuple[str, ...] | None = None, vocabulary: tuple[str, ...] | None = None
    ) -> None:
        """Keep what a person tells about their speech. None: stays as it is."""
        account = self.get(account_id)
        if languages is not None:
            account.languages = " ".join(languages)
        if vocabulary is not None:
            account.vocabulary = list(vocabulary) or None

    def speech_of(self, account_id: UUID) -> SpeechPreferences:
        """What was told about the speech in an account's recordings."""
        account = self.get(account_id)
        return SpeechPreferences(tuple(account.languages.split()), tuple(account.vocabulary or ()))

    def find(self, email: str) -> Account | None:
        """By e-mail."""
        return self._session.scalar(select(Account).where(Account.email == email))
