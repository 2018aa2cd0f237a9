"""Making exports: claim one that waits, write its ZIP sealed among the recordings, tell how far it is."""

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from typing import BinaryIO
from uuid import UUID

import structlog

from schemas.access import AccessAction, AccessRead
from schemas.account import AccountRead
from schemas.check_in import CheckInSummary
from schemas.errors import AccountNotFound, CheckInNotFound, RecordingMissing, SealBroken, TandemError
from store.corrections import apply_corrections, read_corrections
from store.exports import KEEPING, ExportClaim, lease_for
from store.opening import Store
from store.recordings import StagedRecording
from store.sealing import Cipher
from store.showing import access_of, account_of, summary_of
from store.tables import CheckIn
from store.unit_of_work import UnitOfWork
from workers.exporting.archive import Archive, audio_path
from workers.exporting.documents import FORMAT, ExportedCheckIn, ExportedEntry, ExportedSession, ExportManifest

_PIECE_BYTES = 256 * 1024
READINGS = 2
"""Of each recording: whether it is whole, and into the ZIP."""

log = structlog.get_logger()


class ExportOver(Exception):
    """Another attempt has it, or its account is gone."""


class HoldsDeleted(Exception):
    """Something that stands in it was deleted while it was being made."""


def make_due_exports(store: Store) -> None:
    """Make what is asked for, one after the other, until nothing waits. Call it every so often."""
    while True:
        with store.unit_of_work() as work:
            claim = work.exports.take(now=store.clock())
        if claim is None:
            return
        try:
            while not _is_made(store, claim):
                log.info("export.begun_again", attempt=claim.attempt)
            log.info("export.made", attempt=claim.attempt)
        except (ExportOver, AccountNotFound):
            log.info("export.over", attempt=claim.attempt)
        except (TandemError, OSError) as error:
            log.warning("export.failed", attempt=claim.attempt, error=type(error).__name__)
            with store.unit_of_work() as work:
                work.exports.give_back(claim, now=store.clock())


def _is_made(store: Store, claim: ExportClaim) -> bool:
    """False where it has to be made once more: nothing that somebody deletes is in an export afterwards."""
    try:
        _make(store, claim)
    except HoldsDeleted:
        return False
    return True


def _make(store: Store, claim: ExportClaim) -> None:
    with store.reading() as reading:
        cipher = reading.vault.of(claim.account_id)
        check_ins = reading.check_ins.all_ids(claim.account_id)
    with store.recordings.staged(cipher) as staged:
        with Archive(staged) as archive:
            for number, check_in_id in enumerate(check_ins):
                _add(store, archive, cipher, claim, check_in_id, percent=100 * number // len(check_ins))
            archive.finish(_manifest(store, claim.account_id))
        _tell(store, claim, percent=99, lease=lease_for(staged.size, least=KEEPING))
        _finish(store, claim, staged, archive.entries)


def _add(
    store: Store, archive: Archive, cipher: Cipher, claim: ExportClaim, check_in_id: UUID, *, percent: int
) -> None:
    """One that is deleted meanwhile is left out."""
    try:
        exported, check_in = _exported(store, claim.account_id, check_in_id)
    except CheckInNotFound:
        return
    _tell(store, claim, percent=percent, lease=lease_for(READINGS * check_in.audio_size))
    with ExitStack() as opened:
        audio = None
        if exported.audio is not None:
            try:
                audio = opened.enter_context(store.recordings.open(check_in.audio_key, cipher))
                _read_through(audio)
            except (RecordingMissing, SealBroken) as error:
                log.warning("export.recording_left_out", check_in_id=str(check_in_id), error=type(error).__name__)
                exported = exported.model_copy(update={"audio": None})
                audio = None
        archive.add(exported, audio)


def _read_through(audio: BinaryIO) -> None:
    """One that is damaged is found before half of it stands in the ZIP. Raises SealBroken, StorageUnavailable."""
    while audio.read(_PIECE_BYTES):
        pass
    audio.seek(0)


def _exported(store: Store, account_id: UUID, check_in_id: UUID) -> tuple[ExportedCheckIn, CheckIn]:
    with store.reading() as reading:
        check_in = reading.check_ins.get_for(account_id, check_in_id)
        transcript = reading.results.transcript(check_in_id)
        versions = reading.results.versions(check_in_id)
        tags = reading.results.tags(check_in_id) or ()
        corrections = reading.corrections.of(check_in_id)
    exported = ExportedCheckIn(
        check_in=CheckInSummary(**summary_of(check_in)),
        audio=_audio(check_in),
        transcript=transcript,
        versions=tuple(versions),
        tags=apply_corrections(tags, corrections, transcript) if transcript else (),
        corrections=read_corrections(corrections, transcript),
    )
    return exported, check_in


def _audio(check_in: CheckIn) -> str | None:
    return None if check_in.audio_deleted_at else audio_path(check_in.id, check_in.audio_format)


def _manifest(store: Store, account_id: UUID) -> ExportManifest:
    with store.reading() as reading:
        account = AccountRead(**account_of(reading.accounts.get(account_id), reading.accounts))
        issuers = tuple(identity.issuer for identity in reading.identities.list_for(account_id))
        sessions = tuple(map(ExportedSession.model_validate, reading.sessions.list_for(account_id, now=store.clock())))
        accesses = tuple(AccessRead(**access_of(entry)) for entry in reading.accesses.before(account_id, None))
    return ExportManifest(
        format=FORMAT,
        made_at=store.clock(),
        account=account,
        identities=issuers,
        sessions=sessions,
        check_ins=(),
        accesses=accesses,
    )


def _tell(store: Store, claim: ExportClaim, *, percent: int, lease: timedelta) -> None:
    with store.unit_of_work() as work:
        if not work.exports.progress(claim, percent=percent, now=store.clock(), lease=lease):
            raise ExportOver


def _finish(store: Store, claim: ExportClaim, staged: StagedRecording, entries: Sequence[ExportedEntry]) -> None:
    key = staged.keep()
    try:
        _hand_over(store, claim, key, staged.size, entries)
    except (ExportOver, HoldsDeleted, AccountNotFound):
        store.recordings.delete(key)
        raise


def _hand_over(store: Store, claim: ExportClaim, key: str, size: int, entries: Sequence[ExportedEntry]) -> None:
    now = store.clock()
    with store.unit_of_work() as work:
        work.accounts.lock(claim.account_id)
        if not work.exports.finish(claim, key=key, size=size, now=now):
            raise ExportOver
        work.accesses.record(claim.account_id, AccessAction.EXPORT_MADE, subject_id=claim.export_id, now=now)
        _check_nothing_is_gone(work, claim.account_id, entries)
        for older in work.exports.delete_all(claim.account_id, but=claim.export_id):
            work.afterwards(partial(store.recordings.delete, older))


def _check_nothing_is_gone(work: UnitOfWork, account_id: UUID, entries: Sequence[ExportedEntry]) -> None:
    """Call with the account locked: whoever deletes something later finds an export that is ready. Or HoldsDeleted."""
    shown = {entry.id for entry in entries} - set(work.check_ins.all_ids(account_id))
    heard = {entry.id for entry in entries if entry.audio} - set(work.check_ins.with_recording(account_id))
    if shown or heard:
        raise HoldsDeleted
