"""Results: transcripts and tags, kept as documents that hold what a person said."""

from uuid import UUID

from sqlalchemy import delete

from schemas.tag import Tag
from schemas.transcript import Transcript
from store.database import DatabaseSession
from store.tables import PartialTranscript, Tagging, TranscriptRow


class Results:
    """What the stages leave. A check-in has at most one of each."""

    def __init__(self, session: DatabaseSession) -> None:
        self._session = session

    def transcript(self, check_in_id: UUID) -> Transcript | None:
        """What was heard, if it was transcribed."""
        row = self._session.get(TranscriptRow, check_in_id)
        return None if row is None else Transcript.model_validate(row.transcript)

    def partial(self, check_in_id: UUID) -> tuple[Transcript, float] | None:
        """What was heard before the transcription broke off: (transcript, seconds of the recording listened to)."""
        row = self._session.get(PartialTranscript, check_in_id)
        return None if row is None else (Transcript.model_validate(row.transcript), row.seconds)

    def tags(self, check_in_id: UUID) -> tuple[Tag, ...] | None:
        """The tags; None until they were made."""
        row = self._session.get(Tagging, check_in_id)
        return None if row is None else tuple(Tag.model_validate(tag) for tag in row.tags)

    def save_transcript(self, check_in_id: UUID, transcript: Transcript | None) -> None:
        """Replace the transcript. Tags of an earlier one go with it: their places are in the old words.

        What was heard on the way there goes too, and its progress with it.
        """
        self._session.execute(delete(Tagging).where(Tagging.check_in_id == check_in_id))
        self._session.execute(delete(PartialTranscript).where(PartialTranscript.check_in_id == check_in_id))
        if transcript is None:
            self._session.execute(delete(TranscriptRow).where(TranscriptRow.check_in_id == check_in_id))
        else:
            document = transcript.model_dump(mode="json")
            self._session.merge(TranscriptRow(check_in_id=check_in_id, transcript=document))

    def save_tags(self, check_in_id: UUID, tags: tuple[Tag, ...], *, tagger: str) -> None:
        """Replace the tags."""
        document = [tag.model_dump(mode="json") for tag in tags]
        self._session.merge(Tagging(check_in_id=check_in_id, tagger=tagger, tags=document))
