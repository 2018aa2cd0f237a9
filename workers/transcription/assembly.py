"""Heard words become a transcript: one text, with every word at its offset and inside the recording."""

from collections.abc import Sequence

from schemas.transcript import Segment, Transcript, Word
from workers.transcription.heard import HeardWord

_WRITTEN_WITHOUT_SPACES = frozenset({"zh", "ja", "th", "lo", "my", "yue"})
"""Languages whose words Whisper's tokenizer does not divide at spaces."""


def assemble(
    sentences: Sequence[Sequence[HeardWord]],
    *,
    seconds: float,
    language: str,
    language_probability: float,
    model: str,
) -> Transcript:
    """A transcript of `sentences`, one segment each; words without a visible character are left out.

    Words keep Whisper's spacing, with one space where it has any, and a space between sentences save in
    languages written without. Times are held inside 0 to `seconds`, in order, and never backwards.
    """
    text = ""
    words: list[Word] = []
    segments: list[Segment] = []
    for sentence in sentences:
        first = len(words)
        spaced = language not in _WRITTEN_WITHOUT_SPACES
        for heard in sentence:
            stripped = heard.text.strip()
            spaced = spaced or heard.text[:1].isspace()
            if stripped:
                text += " " * (spaced and bool(text))
                words.append(_place(heard, stripped, offset=len(text), after=words[-1:], seconds=seconds))
                text += stripped
                spaced = False
            spaced = spaced or heard.text[-1:].isspace()
        if len(words) > first:
            segments.append(_segment(words, first=first))
    return Transcript(
        text=text,
        language=language,
        language_probability=_within(language_probability, 1.0),
        seconds=seconds,
        model=model,
        segments=tuple(segments),
        words=tuple(words),
    )


def _place(heard: HeardWord, text: str, *, offset: int, after: Sequence[Word], seconds: float) -> Word:
    earliest = after[0].start if after else 0.0
    start = max(earliest, _within(heard.start, seconds))
    end = max(start, _within(heard.end, seconds))
    return Word(text=text, start=start, end=end, probability=_within(heard.probability, 1.0), offset=offset)


def _segment(words: Sequence[Word], *, first: int) -> Segment:
    spoken = words[first:]
    return Segment(
        start=spoken[0].start,
        end=max(word.end for word in spoken),
        first_word=first,
        last_word=len(words) - 1,
    )


def _within(value: float, most: float) -> float:
    return min(max(float(value), 0.0), most)
