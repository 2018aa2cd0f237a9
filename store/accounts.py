"""Accounts: who can sign in."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from schemas.access import AccessAction
from schemas.errors import AccountNotFound, EmailTaken
from store.accesses import Accesses
from store.database import DatabaseSession
from store.sealing import Place
from store.tables import Account
from store.vault import Vault


@dataclass(frozen=True)
class SpeechPreferences:
    """What a person told about their speech."""

    languages: tuple[str, ...]
    """Codes of those they speak; empty: any."""
    vocabulary: tuple[str, ...]
    """Names of people and places they speak of."""


class Accounts:
    """E-mail addresses arrive here in lower case."""

    def __init__(self, session: DatabaseSession, vault: Vault, accesses: Accesses) -> None:
        self._session = session
        self._vault = vault
        self._accesses = accesses

    def add(self, email: str, *, password_hash: str, now: datetime) -> Account:
        """Somebody new, with a key of their own. Raises EmailTaken, ServerKeyMissing."""
        account = Account(id=uuid4(), email=email, password_hash=password_hash, created_at=now, last_cursor=0)
        try:
            with self._session.begin_nested():
                self._session.add(account)
        except IntegrityError as error:
            raise EmailTaken from error
        self._vault.make(account.id, now=now)
        self._accesses.record(account.id, AccessAction.SIGNED_UP, now=now)
        return account

    def get(self, account_id: UUID) -> Account:
        """The account of somebody who is signed in. Raises AccountNotFound where it has been deleted since."""
        account = self._session.get(Account, account_id)
        if account is None:
            raise AccountNotFound
        return account

    def lock(self, account_id: UUID) -> Account:
        """The account as it is now, until the end of the transaction. Raises AccountNotFound.

        What changes how somebody signs in, and what signs them in, take their turns by it.
        """
        account = self._session.get(Account, account_id, with_for_update=True, populate_existing=True)
        if account is None:
            raise AccountNotFound
        return account

    def update(
        self, account_id: UUID, *, languages: tuple[str, ...] | None = None, vocabulary: tuple[str, ...] | None = None
    ) -> None:
        """Keep what a person tells about their speech. None: stays as it is."""
        account = self.get(account_id)
        if languages is not None:
            account.languages = " ".join(languages)
        if vocabulary is not None:
            cipher = self._vault.of(account_id)
            sealed = cipher.seal_document(list(vocabulary), vocabulary_place(account_id))
            account.vocabulary = sealed if vocabulary else None

    def speech_of(self, account_id: UUID) -> SpeechPreferences:
        """What was told about the speech in an account's recordings."""
        account = self.get(account_id)
        vocabulary: list[str] = []
        if account.vocabulary is not None:
            cipher = self._vault.of(account_id)
            vocabulary = cipher.open_document(account.vocabulary, vocabulary_place(account_id))
        return SpeechPreferences(tuple(account.languages.split()), tuple(vocabulary))

    def find(self, email: str) -> Account | None:
        """By e-mail."""
        return self._session.scalar(select(Account).where(Account.email == email))


def vocabulary_place(account_id: UUID) -> Place:
    """The names somebody told."""
    return Place("accounts", account_id, "vocabulary")
