"""Progress: what was heard so far of a long recording, for its owner to read and for another attempt to go on from."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select

from schemas.change import ChangeType
from schemas.progress import ProgressRead, SegmentText, segment_texts
from schemas.transcript import Transcript
from store.changes import Changes, Progressed
from store.database import DatabaseSession
from store.results import partial_place
from store.stages import TRANSCRIBE
from store.tables import Change, CheckIn, PartialTranscript
from store.vault import Vault

_GOING_ON = (TRANSCRIBE.waiting, TRANSCRIBE.working)
"""Afterwards nobody is shown a part: of a check-in that failed it is kept for another attempt alone."""


class Progress:
    """Partial transcripts. The words stand there alone: changes tell by number which of them are new."""

    def __init__(self, session: DatabaseSession, changes: Changes, vault: Vault) -> None:
        self._session = session
        self._changes = changes
        self._vault = vault

    def save(self, check_in: CheckIn, transcript: Transcript, *, seconds: float, percent: int, now: datetime) -> None:
        """Replace what was heard so far, and tell of it. Call with the check-in locked."""
        before = self._session.get(PartialTranscript, check_in.id)
        told = self._segments(before) if before else ()
        read = ProgressRead(percent=percent, segments=segment_texts(transcript))
        cipher = self._vault.of(check_in.account_id)
        sealed = cipher.seal_document(transcript.model_dump(mode="json"), partial_place(check_in.id))
        self._session.merge(PartialTranscript(check_in_id=check_in.id, seconds=seconds, percent=percent, sealed=sealed))
        self._session.flush()
        self._changes.record(
            check_in.account_id,
            ChangeType.CHECK_IN_PROGRESSED,
            check_in_id=check_in.id,
            state=check_in.state,
            at=now,
            progressed=Progressed(check_in.id, percent, _shared(told, read.segments), len(read.segments)),
        )

    def of(self, check_in: CheckIn) -> ProgressRead | None:
        """All that was heard so far, while it waits for its transcription or is in it."""
        partial = self._session.get(PartialTranscript, check_in.id)
        if partial is None or check_in.state not in _GOING_ON:
            return None
        return ProgressRead(percent=partial.percent, segments=self._segments(partial))

    def told_by(self, changes: Iterable[Change]) -> dict[int, ProgressRead]:
        """What those changes tell that are a progress, by their cursors; without those that are over by now."""
        steps = [change for change in changes if change.partial_id]
        query = (
            select(PartialTranscript)
            .join(CheckIn, CheckIn.id == PartialTranscript.check_in_id)
            .where(
                PartialTranscript.check_in_id.in_({step.check_in_id for step in steps}), CheckIn.state.in_(_GOING_ON)
            )
        )
        segments = {row.check_in_id: self._segments(row) for row in self._session.scalars(query)} if steps else {}
        return {step.cursor: _told(step, segments[step.check_in_id]) for step in steps if step.check_in_id in segments}

    def _segments(self, partial: PartialTranscript) -> tuple[SegmentText, ...]:
        cipher = self._vault.of_check_in(partial.check_in_id)
        document = cipher.open_document(partial.sealed, partial_place(partial.check_in_id))
        return segment_texts(Transcript.model_validate(document))


def _told(step: Change, segments: tuple[SegmentText, ...]) -> ProgressRead:
    return ProgressRead(percent=step.percent or 0, segments=segments[step.first_segment : step.end_segment])


def _shared(one: tuple[SegmentText, ...], other: tuple[SegmentText, ...]) -> int:
    """How many segments both begin with."""
    pairs = zip(one, other, strict=False)
    return next((i for i, (segment, twin) in enumerate(pairs) if segment != twin), min(len(one), len(other)))
