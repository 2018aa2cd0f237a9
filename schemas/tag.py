"""Tags: spans of a transcript with a kind, a label and where they can be heard."""

from enum import StrEnum

from pydantic import Field

from schemas.base import Schema
from schemas.reflection import Reflection


class TagKind(StrEnum):
    """The terms are those of Nonviolent Communication (NVC); glosses are in `schemas/taxonomy.json`."""

    FEELING = "feeling"
    NEED = "need"
    REQUEST = "request"
    DEMAND = "demand"
    EVALUATION = "evaluation"
    ABSOLUTE = "absolute"
    BOUNDARY = "boundary"


class Holder(StrEnum):
    """Whose feeling, need, request, demand or boundary it is."""

    SELF = "self"
    PARTNER = "partner"
    OTHER = "other"


class TagSource(StrEnum):
    """Who says so."""

    TAGGER = "tagger"
    SPEAKER = "speaker"
    """The speaker added or changed it."""


class TextTag(Schema):
    """A tag on a text, before it is placed in the audio."""

    kind: TagKind
    label: str
    """A feeling family or a need of the taxonomy; for the other kinds the kind itself."""
    start: int = Field(ge=0)
    end: int = Field(ge=0)
    """Characters (Unicode code points) of the text, end exclusive."""
    holder: Holder = Holder.SELF
    negated: bool = False
    """The text denies it: "I'm not angry"."""
    past: bool = False
    """Told as over: "I was so mad last night"."""
    confidence: float = Field(ge=0, le=1)
    """How sure the tagger is, by its own measure; 1 where the speaker says so."""
    reason: str
    """Why it was tagged, in words of the tagger, never the speaker's."""
    source: TagSource = TagSource.TAGGER


class Tag(TextTag):
    """A tag that can be played back."""

    quote: str
    """The words of the speaker: `transcript.text[start:end]`."""
    translated: bool = False
    """Made on `transcript.translation`: characters, words and quote are those of the translation, times of the
    speech."""
    first_word: int = Field(ge=0)
    last_word: int = Field(ge=0)
    """Indexes into the `words`, inclusive."""
    start_seconds: float = Field(ge=0)
    end_seconds: float = Field(ge=0)


class TagRead(Tag):
    """A tag, and what Tandem asks about it."""

    reflection: Reflection | None = None
    """Of a demand or an evaluation, where something fits: a question to the speaker."""
