"""An edited transcript: the words that stayed keep their times, new ones share the gap they stand in."""

from collections.abc import Iterator
from difflib import SequenceMatcher

from schemas.transcript import Segment, Transcript, Word


def edit(transcript: Transcript, text: str) -> Transcript:
    """`transcript` reading `text`: every word of it with times that grow, as near the audio as can be known.

    A translation goes: it says what was heard, which the speaker may have taken out.
    """
    spoken = list(_split(text))
    words = tuple(_aligned(transcript, spoken))
    return transcript.model_copy(
        update={
            "text": text,
            "words": words,
            "segments": tuple(_segments(transcript, words)),
            "edited": True,
            "translation": None,
        }
    )


def _split(text: str) -> Iterator[tuple[str, int]]:
    offset = 0
    for word in text.split():
        offset = text.index(word, offset)
        yield word, offset
        offset += len(word)


def _aligned(transcript: Transcript, spoken: list[tuple[str, int]]) -> Iterator[Word]:
    old = transcript.words
    # Its heuristic for frequent words stays on: without, a long text of few words takes minutes.
    matcher = SequenceMatcher(None, [_plain(word.text) for word in old], [_plain(word) for word, _ in spoken])
    for operation, first, stop, new_first, new_stop in matcher.get_opcodes():
        new = spoken[new_first:new_stop]
        if operation == "equal":
            for (word, offset), heard in zip(new, old[first:stop], strict=True):
                yield heard.model_copy(update={"text": word, "offset": offset})
        elif new:
            yield from _shared_out(new, *_gap(transcript, first, stop))


def _gap(transcript: Transcript, first: int, stop: int) -> tuple[float, float]:
    """The seconds that the old words `first` to `stop` took; where there were none, what lies between neighbours."""
    old = transcript.words
    start = old[first].start if first < stop else (old[first - 1].end if first else 0.0)
    end = old[stop - 1].end if first < stop else (old[stop].start if stop < len(old) else transcript.seconds)
    return start, max(start, end)


def _shared_out(new: list[tuple[str, int]], start: float, end: float) -> Iterator[Word]:
    each = (end - start) / len(new)
    for i, (word, offset) in enumerate(new):
        yield Word(text=word, start=start + i * each, end=start + (i + 1) * each, probability=1.0, offset=offset)


def _segments(transcript: Transcript, words: tuple[Word, ...]) -> Iterator[Segment]:
    """The old segments with the words that now lie in them; one that has lost its words goes."""
    first = 0
    for i, segment in enumerate(transcript.segments):
        is_last = i == len(transcript.segments) - 1
        stop = first
        while stop < len(words) and (is_last or words[stop].start < segment.end):
            stop += 1
        if stop > first:
            yield segment.model_copy(update={"first_word": first, "last_word": stop - 1})
        first = stop


def _plain(word: str) -> str:
    return "".join(character for character in word.casefold() if character.isalnum())
