"""Progress: what has been heard of a recording while the rest is still being listened to."""

from pydantic import Field

from schemas.base import Schema
from schemas.transcript import Segment, Transcript


class SegmentText(Schema):
    """A stretch of speech in words. Times are seconds from the start of the recording."""

    start: float = Field(ge=0)
    end: float = Field(ge=0)
    text: str


class ProgressRead(Schema):
    """How far a transcription has come. Its words may still change: the transcript is what counts."""

    percent: int = Field(ge=0, le=100)
    """How much of the recording has been listened to."""
    segments: tuple[SegmentText, ...]
    """In the order of the recording."""


def segment_texts(transcript: Transcript) -> tuple[SegmentText, ...]:
    """Each segment with its words as they stand in the transcript's text."""
    return tuple(_segment_text(transcript, segment) for segment in transcript.segments)


def _segment_text(transcript: Transcript, segment: Segment) -> SegmentText:
    first, last = transcript.words[segment.first_word], transcript.words[segment.last_word]
    text = transcript.text[first.offset : last.offset + len(last.text)]
    return SegmentText(start=segment.start, end=segment.end, text=text)
