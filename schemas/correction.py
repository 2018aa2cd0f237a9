"""Corrections: what the speaker says about the tags. They win over the tagger, whatever it finds later."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from schemas.base import Schema, UtcDatetime
from schemas.tag import Holder, TagKind
from schemas.taxonomy import labels


class TagReference(Schema):
    """A tag that is there: of this kind and label, touching these characters of the transcript."""

    kind: TagKind
    label: str = Field(max_length=64)
    start: int = Field(ge=0)
    end: int = Field(ge=1)


class TagStatement(TagReference):
    """A tag as the speaker wants it."""

    holder: Holder = Holder.SELF
    negated: bool = False
    past: bool = False


class Correction(Schema):
    """One change to the tags. Remove: `before` alone. Add: `after` alone. Relabel, move: both. Take back: `revokes`."""

    id: UUID
    """Chosen by the phone; the same id is the same correction, however often it is sent."""
    before: TagReference | None = None
    after: TagStatement | None = None
    revokes: UUID | None = None
    """An earlier correction that counts no more."""


class CorrectionCreate(Correction):
    """A correction that is being made."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        sides = [side for side in (self.before, self.after) if side]
        if bool(sides) == bool(self.revokes):
            raise ValueError(
                "send `before` (the tag to change or remove), `after` (as it should be), both, or `revokes`"
            )
        for side in sides:
            if side.start >= side.end:
                raise ValueError("a tag ends after it starts")
            if side.label not in labels()[side.kind]:
                raise ValueError("not a label of this kind; GET /v1/taxonomy lists them")
        return self


class CorrectionRead(Correction):
    """A correction as it was made, with the words it was about."""

    before_quote: str | None
    after_quote: str | None
    created_at: UtcDatetime
    revoked: bool
    """Taken back by a later correction."""
    stands: bool
    """Whether its words stand in the present transcript: if not, it rests, and counts again if they return."""


class CorrectionList(Schema):
    """Oldest first: the history. A later one wins over an earlier one."""

    items: tuple[CorrectionRead, ...]


def _has_a_word(text: str) -> str:
    if not text.split():
        raise ValueError("a transcript has at least one word; to remove all of it delete the check-in")
    if any(ord(character) < 32 and not character.isspace() for character in text):
        raise ValueError("a transcript has no control characters")
    return text


class TranscriptEdit(Schema):
    """The transcript as the speaker wants it to read."""

    text: Annotated[str, Field(max_length=50_000), AfterValidator(_has_a_word)]
