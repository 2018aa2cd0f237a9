"""Results: transcripts and tags, sealed with the key of whoever spoke."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select

from schemas.errors import TranscriptVersionsFull
from schemas.tag import Tag
from schemas.transcript import Transcript, TranscriptVersionRead
from store.database import DatabaseSession
from store.sealing import Place
from store.tables import PartialTranscript, Tagging, TranscriptRow, TranscriptVersion
from store.vault import Vault

MOST_VERSIONS = 100
"""Of a transcript that may still be edited. Runs add theirs beyond it."""


class Results:
    """What the stages leave. A check-in has at most one of each, and the transcripts that went before."""

    def __init__(self, session: DatabaseSession, vault: Vault) -> None:
        self._session = session
        self._vault = vault

    def transcript(self, check_in_id: UUID) -> Transcript | None:
        """What was heard, if it was transcribed."""
        row = self._session.get(TranscriptRow, check_in_id)
        return None if row is None else self._open(row)

    def versions(self, check_in_id: UUID) -> Sequence[TranscriptVersionRead]:
        """How it read, oldest first; the present one is the last, if there is one.

        One is opened after the other, and only its text is kept: the words of all would take hundreds of megabytes.
        """
        present = list(self._told(TranscriptRow, check_in_id))
        earlier = self._told(TranscriptVersion, check_in_id)
        return [*(version for version in earlier if version not in present), *present]  # it may just be replaced

    def check_editable(self, check_in_id: UUID) -> None:
        """Raises TranscriptVersionsFull where it has had so many versions that only a run may add another."""
        query = select(TranscriptRow.version).where(TranscriptRow.check_in_id == check_in_id)
        if (self._session.scalar(query) or 0) >= MOST_VERSIONS:
            raise TranscriptVersionsFull

    def partial(self, check_in_id: UUID) -> tuple[Transcript, float] | None:
        """What was heard before the transcription broke off: (transcript, seconds of the recording listened to)."""
        row = self._session.get(PartialTranscript, check_in_id)
        if row is None:
            return None
        document = self._vault.of_check_in(check_in_id).open_document(row.sealed, partial_place(check_in_id))
        return Transcript.model_validate(document), row.seconds

    def tags(self, check_in_id: UUID) -> tuple[Tag, ...] | None:
        """The tags; None until they were made."""
        row = self._session.get(Tagging, check_in_id)
        if row is None:
            return None
        document = self._vault.of_check_in(check_in_id).open_document(row.sealed, tags_place(check_in_id))
        return tuple(Tag.model_validate(tag) for tag in document)

    def save_transcript(self, check_in_id: UUID, transcript: Transcript | None, *, now: datetime) -> None:
        """Replace the transcript; the one before stays in the history. Its tags go: their places are in its words.

        What was heard on the way there goes too, and its progress with it.
        """
        self._session.execute(delete(Tagging).where(Tagging.check_in_id == check_in_id))
        self._session.execute(delete(PartialTranscript).where(PartialTranscript.check_in_id == check_in_id))
        before = self._session.get(TranscriptRow, check_in_id)
        version = self._keep(before) + 1 if before else self._newest(check_in_id) + 1
        if before:
            self._session.delete(before)
            self._session.flush()
        if transcript is not None:
            place = transcript_place(check_in_id, version)
            sealed = self._vault.of_check_in(check_in_id).seal_document(transcript.model_dump(mode="json"), place)
            self._session.add(TranscriptRow(check_in_id=check_in_id, version=version, made_at=now, sealed=sealed))
            self._session.flush()

    def save_tags(self, check_in_id: UUID, tags: tuple[Tag, ...], *, tagger: str) -> None:
        """Replace the tags."""
        document = [tag.model_dump(mode="json") for tag in tags]
        sealed = self._vault.of_check_in(check_in_id).seal_document(document, tags_place(check_in_id))
        self._session.merge(Tagging(check_in_id=check_in_id, tagger=tagger, sealed=sealed))

    def _keep(self, row: TranscriptRow) -> int:
        """Put a transcript into the history, as it was sealed; returns its version."""
        self._session.add(
            TranscriptVersion(check_in_id=row.check_in_id, version=row.version, made_at=row.made_at, sealed=row.sealed)
        )
        return row.version

    def _newest(self, check_in_id: UUID) -> int:
        query = select(TranscriptVersion.version).where(TranscriptVersion.check_in_id == check_in_id)
        return self._session.scalar(query.order_by(TranscriptVersion.version.desc()).limit(1)) or 0

    def _told(
        self, table: type[TranscriptRow] | type[TranscriptVersion], check_in_id: UUID
    ) -> Iterator[TranscriptVersionRead]:
        query = select(table.version, table.made_at, table.sealed).where(table.check_in_id == check_in_id)
        with self._session.execute(query.order_by(table.version).execution_options(yield_per=1)) as rows:
            for version, made_at, sealed in rows:
                place = transcript_place(check_in_id, version)
                document = self._vault.of_check_in(check_in_id).open_document(sealed, place)
                yield TranscriptVersionRead(
                    version=version,
                    made_at=made_at,
                    text=document["text"],
                    language=document["language"],
                    edited=document.get("edited", False),
                )

    def _open(self, row: TranscriptRow) -> Transcript:
        place = transcript_place(row.check_in_id, row.version)
        return Transcript.model_validate(self._vault.of_check_in(row.check_in_id).open_document(row.sealed, place))


def transcript_place(check_in_id: UUID, version: int) -> Place:
    """A transcript keeps its place when a later one takes over: its version is part of it."""
    return Place("transcripts", check_in_id, "transcript", version)


def partial_place(check_in_id: UUID) -> Place:
    """What was heard so far."""
    return Place("partial_transcripts", check_in_id, "transcript")


def tags_place(check_in_id: UUID) -> Place:
    """The tags of a check-in."""
    return Place("taggings", check_in_id, "tags")
