"""Corrections: what the speaker says about the tags. They win over the tagger, whatever it finds later."""

from typing import Self
from uuid import UUID

from pydantic import Field, model_validator

from schemas.base import Schema, UtcDatetime
from schemas.tag import Holder, TagKind
from schemas.taxonomy import labels


class TagReference(Schema):
    """A tag that is there: of this kind and label, touching these characters of the transcript."""

    kind: TagKind
    label: str = Field(max_length=64)
    start: int = Field(ge=0)
    end: int = Field(ge=1)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.start >= self.end:
            raise ValueError("a tag ends after it starts")
        if self.label not in labels()[self.kind]:
            raise ValueError("not a label of this kind; GET /v1/taxonomy lists them")
        return self


class TagStatement(TagReference):
    """A tag as the speaker wants it."""

    holder: Holder = Holder.SELF
    negated: bool = False
    past: bool = False


class CorrectionCreate(Schema):
    """One change to the tags. Remove: `before` alone. Add: `after` alone. Relabel, move: both."""

    id: UUID
    """Chosen by the phone; the same id is the same correction, however often it is sent."""
    before: TagReference | None = None
    after: TagStatement | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.before is None and self.after is None:
            raise ValueError("send `before` (the tag to change or remove), `after` (the tag as it should be), or both")
        return self


class CorrectionRead(CorrectionCreate):
    """A correction as it was made, with the words it was about."""

    before_quote: str | None
    after_quote: str | None
    created_at: UtcDatetime
    stands: bool
    """Whether its words still stand in the present transcript: if not, it rests, and counts again if they return."""


class CorrectionList(Schema):
    """Oldest first: the history. A later one wins over an earlier one."""

    items: tuple[CorrectionRead, ...]


class TranscriptEdit(Schema):
    """The transcript as the speaker wants it to read."""

    text: str = Field(min_length=1, max_length=50_000)
