"""Sealing up: what people said before there were keys is sealed, an account at a time.

An account has its key only once all of it is sealed: rows and key are one transaction, and the files from before are
removed after it. Whoever is interrupted leaves the account as it was, and perhaps new files without a row, which the
janitor removes.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from uuid import UUID

from sqlalchemy import select

from schemas.errors import AccountNotFound, StorageUnavailable
from store.accounts import vocabulary_place
from store.audio import storage_errors
from store.corrections import correction_place
from store.database import Database, DatabaseSession
from store.opening import Store
from store.results import partial_place, tags_place, transcript_place
from store.sealed_file import CHUNK_BYTES, MAGIC
from store.sealing import FORMAT, Cipher, Place
from store.tables import (
    Account,
    AccountKey,
    CheckIn,
    CorrectionRow,
    PartialTranscript,
    Tagging,
    TranscriptRow,
)
from store.unit_of_work import unit_of_work

_BATCH = 100
_FREE_PAGES_EMPTIED = 1
"""SQLite's `user_version`, which nothing else uses: what was said before there were keys has left the file."""

SealedRow = TranscriptRow | PartialTranscript | Tagging | CorrectionRow


def seal_up(store: Store, *, unsealed: Path) -> int:
    """Seal everything that is not sealed; returns how many accounts it was. Nobody else may write meanwhile.

    `unsealed` is the folder where recordings lay, in folders by the first two characters of their keys. A recording
    that is missing there is left as it is. Where all is sealed it costs a query. Raises ServerKeyMissing, StorageFull,
    StorageUnavailable.
    """
    shutil.rmtree(unsealed / "incoming", ignore_errors=True)  # what was arriving, at a place that is used no more
    count = 0
    while accounts := _without_key(store):
        for account_id in accounts:
            count += _seal_account(store, account_id, unsealed)
    _empty_free_pages(store.database)
    return count


def _without_key(store: Store) -> list[UUID]:
    with store.reading() as reading:
        return list(reading.vault.without_key(limit=_BATCH))


def _seal_account(store: Store, account_id: UUID, unsealed: Path) -> bool:
    """Whether it was still to do."""
    session = store.database.writing()
    try:
        with unit_of_work(lambda: session, store.wake_ups, store.rules, store.keys) as work, ExitStack() as undo:
            account = work.accounts.lock(account_id)
            if session.get(AccountKey, account_id) is not None:
                return False
            work.vault.make(account_id, now=store.clock())
            cipher = work.vault.of(account_id)
            _seal_vocabulary(account, cipher)
            for check_in in _check_ins(session, account_id):
                for row, place in _rows(session, check_in.id):
                    row.sealed = _sealed(row.sealed, cipher, place)
                old = _path(unsealed, check_in.audio_key)
                if key := _seal_file(store, old, cipher):
                    undo.callback(store.recordings.delete, key)
                    check_in.audio_key = key
                    work.afterwards(partial(_remove, old))
                session.flush()
            undo.pop_all()  # from here on the new files may be the only ones that count
    except AccountNotFound:
        return False
    return True


def _seal_vocabulary(account: Account, cipher: Cipher) -> None:
    if account.vocabulary is not None:
        account.vocabulary = _sealed(account.vocabulary, cipher, vocabulary_place(account.id))


def _check_ins(session: DatabaseSession, account_id: UUID) -> Iterator[CheckIn]:
    """One after the other: what was said in all of them need not fit into memory."""
    for check_in_id in session.scalars(select(CheckIn.id).where(CheckIn.account_id == account_id)).all():
        yield session.get_one(CheckIn, check_in_id)


def _rows(session: DatabaseSession, check_in_id: UUID) -> Iterator[tuple[SealedRow, Place]]:
    """What there is of a check-in, and where each belongs."""
    if transcript := session.get(TranscriptRow, check_in_id):
        yield transcript, transcript_place(check_in_id, transcript.version)
    if heard := session.get(PartialTranscript, check_in_id):
        yield heard, partial_place(check_in_id)
    if tagging := session.get(Tagging, check_in_id):
        yield tagging, tags_place(check_in_id)
    for correction in session.scalars(select(CorrectionRow).where(CorrectionRow.check_in_id == check_in_id)):
        yield correction, correction_place(check_in_id, correction.id)


def _sealed(content: bytes, cipher: Cipher, place: Place) -> bytes:
    """What is sealed already, for a key that is gone, stays as it is: no JSON begins like that."""
    return content if content[:1] == bytes((FORMAT,)) else cipher.seal(content, place)


def _seal_file(store: Store, old: Path, cipher: Cipher) -> str | None:
    """The key of a sealed copy; None where there is nothing to seal."""
    with storage_errors():
        if not old.exists():
            return None
        with old.open("rb") as file, store.recordings.staged(cipher) as arriving:
            if file.read(len(MAGIC)) == MAGIC:
                return None
            file.seek(0)
            while chunk := file.read(CHUNK_BYTES):
                arriving.write(chunk)
            return arriving.keep()


def _path(unsealed: Path, key: str) -> Path:
    return unsealed / key[:2] / key


def _remove(old: Path) -> None:
    with storage_errors():
        old.unlink(missing_ok=True)


def _empty_free_pages(database: Database) -> None:
    """Have SQLite write its file anew, once: pages that are free may hold what was deleted.

    Raises StorageUnavailable where there is no room for a second one, or somebody else is at it.
    """
    if database.engine.dialect.name != "sqlite":
        return
    try:
        with database.engine.connect() as connection:
            cursor = connection.connection.cursor()  # not within a transaction
            if cursor.execute("PRAGMA user_version").fetchone()[0] < _FREE_PAGES_EMPTIED:
                cursor.execute("VACUUM")
                is_read, *_ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                if not is_read:  # else the log still holds the old pages: the next start does it
                    cursor.execute(f"PRAGMA user_version = {_FREE_PAGES_EMPTIED}")
    except sqlite3.OperationalError as error:
        raise StorageUnavailable("The database cannot be written anew: there has to be room for it twice") from error
