"""Transcripts: words with times and probabilities."""

from pydantic import Field

from schemas.base import Schema, UtcDatetime


class Word(Schema):
    """One spoken word. Times are seconds from the start of the recording."""

    text: str
    start: float = Field(ge=0)
    end: float = Field(ge=0)
    probability: float = Field(ge=0, le=1)
    offset: int = Field(ge=0)
    """Where `text` begins in `Transcript.text`, in characters (Unicode code points)."""


class Segment(Schema):
    """A stretch of speech the recogniser decoded together: words `first_word` to `last_word` inclusive."""

    start: float = Field(ge=0)
    end: float = Field(ge=0)
    first_word: int = Field(ge=0)
    last_word: int = Field(ge=0)


class Transcript(Schema):
    """What was heard. `text[word.offset:word.offset + len(word.text)] == word.text` for every word."""

    text: str
    language: str
    """ISO 639-1."""
    language_probability: float = Field(ge=0, le=1)
    seconds: float = Field(ge=0)
    """Length of the decoded audio."""
    model: str
    segments: tuple[Segment, ...]
    words: tuple[Word, ...]
    translation: "Transcript | None" = None
    """The model's own English translation of the same speech, where the tagger does not know the language: tags are
    made on it. Its words have the times of the speech."""
    edited: bool = False
    """Whether the speaker changed the text; words that are theirs have times between those that were heard."""

    @property
    def tagged(self) -> "Transcript":
        """What tags are made on, and what their characters count in: the translation where there is one."""
        return self.translation or self


class TranscriptVersionRead(Schema):
    """How a transcript read at some time: its text, without the times of its words."""

    version: int
    """Grows with each edit and each run."""
    made_at: UtcDatetime | None
    """Null where it was made before this was kept."""
    text: str
    language: str
    """ISO 639-1."""
    edited: bool
    """Whether the speaker changed it."""


class TranscriptVersionList(Schema):
    """Oldest first; the last is the present one, where there is one."""

    items: tuple[TranscriptVersionRead, ...]
