"""Places the tags of a text in its audio."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from schemas.tag import Tag, TextTag
from schemas.transcript import Transcript


def place(tags: Iterable[TextTag], transcript: Transcript) -> tuple[Tag, ...]:
    """Each tag with its quote and the words its characters touch, ordered by start.

    Characters count in `transcript.tagged`. A tag that touches no word cannot be played back and is dropped.
    """
    text = transcript.tagged
    starts = [word.offset for word in text.words]
    ends = [word.offset + len(word.text) for word in text.words]
    placed = []
    for tag in tags:
        first, last = bisect_right(ends, tag.start), bisect_left(starts, tag.end) - 1
        if first <= last and tag.start < tag.end:
            placed.append(_placed(tag, text, first=first, last=last, translated=text is not transcript))
    return tuple(sorted(placed, key=lambda tag: (tag.start, tag.end)))


def _placed(tag: TextTag, text: Transcript, *, first: int, last: int, translated: bool) -> Tag:
    heard = text.words[first : last + 1]
    return Tag(
        **tag.model_dump(),
        quote=text.text[tag.start : tag.end],
        translated=translated,
        first_word=first,
        last_word=last,
        start_seconds=min(word.start for word in heard),
        end_seconds=max(word.end for word in heard),
    )
