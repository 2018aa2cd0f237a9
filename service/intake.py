"""Intake: a recording that has arrived becomes a check-in, once, however often and however many at a time send it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import structlog
from anyio import CapacityLimiter

from schemas.access import AccessAction
from schemas.check_in import CheckInCreate
from schemas.errors import CheckInNotFound, PermanentError, RecordingTooLong, StorageQuotaReached
from store.check_ins import StoredRecording
from store.media.formats import SNIFF_BYTES, sniff
from store.media.sandbox import Sandbox
from store.opening import Store
from store.recordings import StagedRecording
from store.stages import TRANSCRIBE
from store.unit_of_work import UnitOfWork

log = structlog.get_logger()

Within = Callable[[UnitOfWork], None]


class Sender(Protocol):
    """Whose recording it is, and which device sends it."""

    @property
    def account_id(self) -> UUID:
        """The account."""

    @property
    def session_id(self) -> UUID:
        """The device's session."""


@dataclass(frozen=True)
class Intake:
    """What it takes to accept a recording."""

    store: Store
    sandbox: Sandbox
    max_seconds: float
    """Of a recording."""
    max_account_bytes: int
    """Of all recordings of an account."""
    threads: CapacityLimiter
    """What accepting runs in: a store of recordings that is slow holds up nobody who only asks."""

    def accept(
        self, sender: Sender, create: CheckInCreate, audio: StagedRecording, *, within: Within = lambda _: None
    ) -> bool:
        """Make the recording durable, commit its check-in, and only then queue its job.

        `within` is done in the same transaction. Whether the check-in is new. Raises StorageQuotaReached, the errors
        of `Sandbox.probe`, `CheckIns.add` and `StagedRecording.keep`, and those of `within`.
        """
        known = self._known(sender.account_id, create, audio)
        recording = known or self._keep(audio)
        try:
            key = self._commit(sender, create, recording, within)
        except PermanentError:  # refused; after any other error its row may be there all the same
            if known is None:
                self.store.recordings.delete(recording.key)
            raise
        if key is None:
            log.info("check_in.received", check_in_id=str(create.id), audio_seconds=recording.seconds)
        elif recording.key != key:  # another request with the same id was faster
            self.store.recordings.delete(recording.key)
        return key is None

    def check_room(self, work: UnitOfWork, account_id: UUID, size: int) -> None:
        """Whether the account may have so many bytes more. Raises StorageQuotaReached."""
        if work.uploads.bytes_of(account_id) + size > self.max_account_bytes:
            raise StorageQuotaReached(f"An account may have {self.max_account_bytes / 1e9:g} GB of recordings")

    def _commit(self, sender: Sender, create: CheckInCreate, recording: StoredRecording, within: Within) -> str | None:
        """None for a new check-in; else the key of the recording that it has."""
        with self.store.unit_of_work() as work:
            work.sessions.check_open(sender.session_id)
            within(work)
            check_in, new = work.check_ins.add(sender.account_id, create, recording, now=self.store.clock())
            if new:
                self.check_room(work, sender.account_id, 0)
                work.accesses.record(
                    sender.account_id,
                    AccessAction.CHECK_IN_SENT,
                    session_id=sender.session_id,
                    subject_id=create.id,
                    now=self.store.clock(),
                )
                work.nudge(TRANSCRIBE, check_in.id, attempts=check_in.attempt)
            return None if new else check_in.audio_key

    def _known(self, account_id: UUID, create: CheckInCreate, audio: StagedRecording) -> StoredRecording | None:
        """The recording of a check-in that exists, with the hash of what was sent now, for `add` to compare."""
        try:
            with self.store.reading() as reading:
                known = reading.check_ins.get_for(account_id, create.id)
        except CheckInNotFound:
            return None
        return StoredRecording(known.audio_key, known.audio_format, audio.size, audio.sha256, known.audio_seconds)

    def _keep(self, audio: StagedRecording) -> StoredRecording:
        with audio.finish() as content, self.store.recordings.in_memory(content) as file:
            format_ = sniff(file.read(SNIFF_BYTES))
            try:
                probe = self.sandbox.probe(file, format_, max_seconds=self.max_seconds)
            except RecordingTooLong as error:
                raise RecordingTooLong(f"A recording may last {self.max_seconds / 60:g} minutes") from error
        return StoredRecording(audio.keep(), format_, audio.size, audio.sha256, probe.seconds)
