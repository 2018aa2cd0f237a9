"""Somebody who has something in every table that can hold what is theirs."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from schemas.correction import CorrectionCreate
from schemas.export import ExportState
from schemas.tag import TextTag
from store.check_ins import StoredRecording
from store.opening import Store
from store.stages import TRANSCRIBE
from store.tables import Export, OidcIdentity, PasswordReset, Table, UploadPart
from tests.making import make_account, make_check_in, make_create, make_partial, make_recording, make_transcript, settle

TEXT = "I feel calm today."
CALM = TextTag(kind="feeling", label="peaceful", start=7, end=11, confidence=0.9, reason="")


@dataclass(frozen=True)
class Belongings:
    """What somebody has. Keys are those of files that lie in the store."""

    account_id: UUID
    check_in_id: UUID
    """Ready, with transcript, tags, corrections."""
    being_transcribed: UUID
    recordings: frozenset[str]
    export: str
    part: str


def rows(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that stands in the database, by table."""
    with store.database.reading() as session:
        return {
            table.name: sorted((tuple(row) for row in session.execute(select(table))), key=repr)
            for table in Table.metadata.sorted_tables
        }


def kept(store: Store, account_id: UUID, content: bytes = b"speech") -> StoredRecording:
    """A recording of theirs, sealed and stored."""
    with store.reading() as reading:
        cipher = reading.vault.of(account_id)
    with store.recordings.staged(cipher) as arriving:
        arriving.write(content)
        return make_recording(key=arriving.keep(), sha256=arriving.sha256)


def make_belongings(store: Store, email: str) -> Belongings:
    """Somebody who has used all of it."""
    account_id = make_account(store, email)
    settled, transcribing, deleted = (kept(store, account_id) for _ in range(3))
    check_in_id = make_check_in(store, account_id, recording=settled)
    settle(store, check_in_id, transcript=make_transcript(TEXT), tags=[CALM])
    _correct(store, check_in_id)
    being_transcribed = make_check_in(store, account_id, recording=transcribing)
    _hear_a_part(store, being_transcribed)
    gone = make_check_in(store, account_id, recording=deleted)
    with store.unit_of_work() as work:
        work.check_ins.delete_for(account_id, gone, now=store.clock())
    store.recordings.delete(deleted.key)
    _sign_in(store, account_id)
    return Belongings(
        account_id,
        check_in_id,
        being_transcribed,
        frozenset({settled.key, transcribing.key}),
        _export(store, account_id),
        _upload(store, account_id),
    )


def _correct(store: Store, check_in_id: UUID) -> None:
    removal = {"id": uuid4(), "before": {"kind": "feeling", "label": "peaceful", "start": 7, "end": 11}}
    with store.unit_of_work() as work:
        create = CorrectionCreate.model_validate(removal)
        work.corrections.add(check_in_id, create, make_transcript(TEXT), now=store.clock())
        work.results.save_transcript(check_in_id, make_transcript(TEXT), now=store.clock())
        work.results.save_tags(check_in_id, (), tagger="none")


def _hear_a_part(store: Store, check_in_id: UUID) -> None:
    with store.unit_of_work() as work:
        claim = work.claims.take(TRANSCRIBE, check_in_id, worker="w", now=store.clock())
        assert claim is not None
        work.claims.progress(claim, make_partial("I feel calm."), seconds=1, percent=50, now=store.clock())


def _sign_in(store: Store, account_id: UUID) -> None:
    now = store.clock()
    with store.unit_of_work() as work:
        work.sessions.open(account_id, device_name="phone", now=now)
        work.accounts.update(account_id, vocabulary=("Dana",))
        work.idempotency.claim(account_id, f"key of {account_id}", "request", made=uuid4(), now=now)
        work._session.add(OidcIdentity(issuer="issuer", subject=str(account_id), account_id=account_id, linked_at=now))
        work._session.add(
            PasswordReset(id=uuid4(), account_id=account_id, asked_at=now, expires_at=now, tries=0, due_at=now)
        )


def _export(store: Store, account_id: UUID) -> str:
    now, key = store.clock(), kept(store, account_id).key
    with store.unit_of_work() as work:
        work._session.add(
            Export(
                id=uuid4(),
                account_id=account_id,
                state=ExportState.READY,
                percent=100,
                asked_at=now,
                audio_key=key,
                size=6,
                ready_at=now,
                expires_at=now + timedelta(days=7),
            )
        )
    return key


def _upload(store: Store, account_id: UUID) -> str:
    now = store.clock()
    with store.unit_of_work() as work:
        cipher = work.vault.of(account_id)
        upload = work.uploads.create(account_id, make_create(), upload_id=uuid4(), length=1_000, now=now)
        lease = work.uploads.lease(upload, now=now)
        writer = store.upload_parts.new(cipher)
        writer.write(b"half")
        writer.close()
        part = UploadPart(upload_id=upload.id, start=0, key=writer.key, size=writer.size)
        work.uploads.count(upload.id, lease, part, now=now)
    return writer.key
