"""Corrections of the tags by the speaker: kept apart from what the tagger found, with their history."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from schemas.correction import Correction, CorrectionCreate, CorrectionRead, TagReference
from schemas.errors import CorrectionIdTaken, CorrectionOutside, CorrectionsFull, CorrectionUnknown
from schemas.tag import Tag, TagSource, TextTag
from schemas.taxonomy import labels
from schemas.transcript import Transcript
from store.anchors import Anchor, read_words
from store.database import DatabaseSession
from store.placing import place
from store.sealing import Place
from store.tables import CorrectionRow
from store.vault import Vault

MOST = 500
"""Corrections of one check-in: every one is looked up each time its tags are read."""
_REASON = "The speaker says so"


@dataclass(frozen=True)
class KeptCorrection:
    """A correction as it was kept: what was said, and the words it was about (`before`, `after`)."""

    id: UUID
    created_at: datetime
    document: dict[str, Any]

    @property
    def said(self) -> Correction:
        """As it was made."""
        return Correction.model_validate(self.document["said"])

    def quote(self, side: str) -> str | None:
        """The words of one side."""
        anchor = self.document[side]
        return anchor["quote"] if anchor else None


class Corrections:
    """The corrections of a check-in, oldest first."""

    def __init__(self, session: DatabaseSession, vault: Vault) -> None:
        self._session = session
        self._vault = vault

    def add(self, check_in_id: UUID, create: CorrectionCreate, transcript: Transcript, *, now: datetime) -> bool:
        """Keep a correction; False where it was kept before. Call with the check-in locked: numbers grow by one.

        Raises CorrectionIdTaken where the id says something else, CorrectionOutside where its places hold no word,
        CorrectionUnknown where it revokes what is not there, CorrectionsFull.
        """
        known = self._session.get(CorrectionRow, (check_in_id, create.id))
        if known is not None:
            if self._open(known).said.model_dump() != create.model_dump():
                raise CorrectionIdTaken
            return False
        number = self._session.scalar(select(func.count()).where(CorrectionRow.check_in_id == check_in_id)) or 0
        if number >= MOST:
            raise CorrectionsFull
        if create.revokes:
            self._check_revoked(check_in_id, create.revokes)
        document = {
            "said": create.model_dump(mode="json"),
            "before": _anchor(create.before, transcript),
            "after": _anchor(create.after, transcript),
        }
        sealed = self._vault.of_check_in(check_in_id).seal_document(document, correction_place(check_in_id, create.id))
        self._session.add(
            CorrectionRow(check_in_id=check_in_id, id=create.id, number=number, created_at=now, sealed=sealed)
        )
        return True

    def of(self, check_in_id: UUID) -> Sequence[KeptCorrection]:
        """All of them, oldest first."""
        query = select(CorrectionRow).where(CorrectionRow.check_in_id == check_in_id)
        return [self._open(row) for row in self._session.scalars(query.order_by(CorrectionRow.number))]

    def _check_revoked(self, check_in_id: UUID, revoked: UUID) -> None:
        row = self._session.get(CorrectionRow, (check_in_id, revoked))
        if row is None or self._open(row).said.revokes:
            raise CorrectionUnknown

    def _open(self, row: CorrectionRow) -> KeptCorrection:
        cipher = self._vault.of_check_in(row.check_in_id)
        return KeptCorrection(
            row.id, row.created_at, cipher.open_document(row.sealed, correction_place(row.check_in_id, row.id))
        )


def read_corrections(rows: Sequence[KeptCorrection], transcript: Transcript | None) -> tuple[CorrectionRead, ...]:
    """The history for its speaker to read."""
    revoked = _revoked(rows)
    found = {placed.said.id: placed for placed in _placed(rows, transcript.tagged.text if transcript else "")}
    return tuple(
        CorrectionRead(
            **found[row.id].said.model_dump(),
            before_quote=row.quote("before"),
            after_quote=row.quote("after"),
            created_at=row.created_at,
            revoked=row.id in revoked,
            stands=bool(found[row.id].before or found[row.id].after),
        )
        for row in rows
    )


def apply_corrections(
    tags: Iterable[Tag], corrections: Sequence[KeptCorrection], transcript: Transcript
) -> tuple[Tag, ...]:
    """The tags as the speaker wants them: what they removed is gone, what they said is there, whoever finds what."""
    current = list(tags)
    revoked = _revoked(corrections)
    for correction in _placed([row for row in corrections if row.id not in revoked], transcript.tagged.text):
        current = [tag for tag in current if not correction.replaces(tag)]
        current.extend(place(correction.statement(), transcript))
    return tuple(sorted(current, key=lambda tag: (tag.start, tag.end, tag.kind)))


@dataclass(frozen=True)
class _Placed:
    """A correction and where its words stand now, (start, end); None where they do not."""

    said: Correction
    before: tuple[int, int] | None
    after: tuple[int, int] | None

    def replaces(self, tag: Tag) -> bool:
        """Whether the tag is the one it is about, or says the same; or is what the tagger now calls those words."""
        said = self.said
        if said.before and self.before and _is(tag, said.before, self.before):
            return True
        if not (said.after and self.after):
            return False
        is_renamed = said.before is not None and said.before.kind is said.after.kind is tag.kind
        by_tagger = tag.source is TagSource.TAGGER and _touches(tag, self.after)
        return _is(tag, said.after, self.after) or (is_renamed and by_tagger)

    def statement(self) -> list[TextTag]:
        """The tag it says, if it says one that the taxonomy still has."""
        after = self.said.after
        if after is None or self.after is None or after.label not in labels()[after.kind]:
            return []
        places = {"start": self.after[0], "end": self.after[1]}
        return [TextTag(**after.model_dump() | places, confidence=1.0, reason=_REASON, source=TagSource.SPEAKER)]


def _placed(rows: Iterable[KeptCorrection], text: str) -> list[_Placed]:
    words = read_words(text)

    def found(document: dict[str, Any] | None) -> tuple[int, int] | None:
        return Anchor.from_document(document).find(words) if document else None

    return [_Placed(row.said, found(row.document["before"]), found(row.document["after"])) for row in rows]


def _revoked(rows: Iterable[KeptCorrection]) -> set[UUID]:
    return {revoked for row in rows if (revoked := row.said.revokes)}


def _is(tag: Tag, reference: TagReference, place_: tuple[int, int]) -> bool:
    return tag.kind == reference.kind and tag.label == reference.label and _touches(tag, place_)


def _touches(tag: Tag, place_: tuple[int, int]) -> bool:
    return tag.start < place_[1] and place_[0] < tag.end


def _anchor(reference: TagReference | None, transcript: Transcript) -> dict[str, Any] | None:
    if reference is None:
        return None
    text = transcript.tagged.text
    anchor = Anchor.at(text, reference.start, reference.end)
    if reference.end > len(text) or not anchor.words:
        raise CorrectionOutside
    return anchor.to_document()


def correction_place(check_in_id: UUID, correction_id: UUID) -> Place:
    """The id of a correction is its phone's to choose, and unique within its check-in alone."""
    return Place("corrections", f"{check_in_id} {correction_id}", "correction")
