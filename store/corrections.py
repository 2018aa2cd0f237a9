"""Corrections of the tags by the speaker: kept apart from what the tagger found, with their history."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from schemas.correction import CorrectionCreate, CorrectionRead, TagReference
from schemas.errors import CorrectionIdTaken, CorrectionOutside
from schemas.tag import Tag, TagSource, TextTag
from schemas.transcript import Transcript
from store.anchors import Anchor
from store.database import DatabaseSession
from store.placing import place
from store.tables import CorrectionRow

_REASON = "The speaker says so"


class Corrections:
    """The corrections of a check-in, oldest first."""

    def __init__(self, session: DatabaseSession) -> None:
        self._session = session

    def add(self, check_in_id: UUID, create: CorrectionCreate, transcript: Transcript, *, now: datetime) -> bool:
        """Keep a correction; False where it was kept before. Call with the account's row locked: numbers grow by one.

        Raises CorrectionOutside where its places are not in the transcript, CorrectionIdTaken where the id says
        something else.
        """
        known = self._session.get(CorrectionRow, create.id)
        if known is not None:
            if known.check_in_id != check_in_id or known.correction["said"] != create.model_dump(mode="json"):
                raise CorrectionIdTaken
            return False
        of_check_in = select(func.count()).where(CorrectionRow.check_in_id == check_in_id)
        self._session.add(
            CorrectionRow(
                id=create.id,
                check_in_id=check_in_id,
                number=self._session.scalar(of_check_in),
                created_at=now,
                correction={
                    "said": create.model_dump(mode="json"),
                    "before": _anchor(create.before, transcript),
                    "after": _anchor(create.after, transcript),
                },
            )
        )
        return True

    def of(self, check_in_id: UUID) -> Sequence[CorrectionRow]:
        """All of them, oldest first."""
        query = select(CorrectionRow).where(CorrectionRow.check_in_id == check_in_id)
        return self._session.scalars(query.order_by(CorrectionRow.number)).all()


def read_correction(row: CorrectionRow, transcript: Transcript) -> CorrectionRead:
    """A correction for its speaker to read."""
    before, after = _found(row, "before", transcript), _found(row, "after", transcript)
    return CorrectionRead(
        **CorrectionCreate.model_validate(row.correction["said"]).model_dump(),
        before_quote=_quote(row, "before"),
        after_quote=_quote(row, "after"),
        created_at=row.created_at,
        stands=before is not None or after is not None,
    )


def apply_corrections(
    tags: Iterable[Tag], corrections: Sequence[CorrectionRow], transcript: Transcript
) -> tuple[Tag, ...]:
    """The tags as the speaker wants them: what they removed is gone, what they said is there, whoever finds what."""
    current = list(tags)
    for row in corrections:
        said = CorrectionCreate.model_validate(row.correction["said"])
        before, after = _found(row, "before", transcript), _found(row, "after", transcript)
        if said.before and before:
            current = [tag for tag in current if not _is(tag, said.before, before)]
        if said.after and after:
            current = [tag for tag in current if not _is(tag, said.after, after)]
            statement = said.after.model_dump() | {"start": after[0], "end": after[1]}
            stated = TextTag(**statement, confidence=1.0, reason=_REASON, source=TagSource.SPEAKER)
            current.extend(place([stated], transcript))
    return tuple(sorted(current, key=lambda tag: (tag.start, tag.end, tag.kind)))


def _is(tag: Tag, reference: TagReference, place_: tuple[int, int]) -> bool:
    same = tag.kind == reference.kind and tag.label == reference.label
    return same and tag.start < place_[1] and place_[0] < tag.end


def _anchor(reference: TagReference | None, transcript: Transcript) -> dict[str, Any] | None:
    if reference is None:
        return None
    anchor = Anchor.at(transcript.text, reference.start, reference.end)
    if reference.end > len(transcript.text) or not anchor.words:
        raise CorrectionOutside
    return anchor.to_document()


def _found(row: CorrectionRow, side: str, transcript: Transcript) -> tuple[int, int] | None:
    document = row.correction[side]
    return Anchor.from_document(document).find(transcript.text) if document else None


def _quote(row: CorrectionRow, side: str) -> str | None:
    document = row.correction[side]
    return document["quote"] if document else None
