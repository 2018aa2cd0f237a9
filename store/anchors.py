"""Anchors: where words stood, so that they can be found again when the text around them has changed."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, Self

_CONTEXT = 8
"""Words kept on each side, with the end of the text as one of them."""
_COMPANY = 4
"""Words next to it on one side that tell a place from another with the same words."""
_EDGE = ""


class PlacedWord(NamedTuple):
    """A word without capitals and apostrophes, and the characters it takes up."""

    plain: str
    start: int
    end: int


def read_words(text: str) -> list[PlacedWord]:
    """Runs of letters, digits and apostrophes."""
    found = re.finditer(r"[^\W_]+(?:['\u2019][^\W_]+)*", text)
    return [PlacedWord(re.sub("['\u2019]", "", match[0]).casefold(), match.start(), match.end()) for match in found]


@dataclass(frozen=True)
class Anchor:
    """A quote with the words around it; capitals and punctuation do not count."""

    start: int
    quote: str
    words: tuple[str, ...]
    before: tuple[str, ...]
    """From the nearest on."""
    after: tuple[str, ...]
    alone: bool
    """Whether the words stood at no other place."""

    @classmethod
    def at(cls, text: str, start: int, end: int) -> Self:
        """The anchor of `text[start:end]`."""
        words = read_words(text)
        inside = [i for i, word in enumerate(words) if word.start < end and start < word.end]
        first, stop = (inside[0], inside[-1] + 1) if inside else (0, 0)
        plain = [word.plain for word in words]
        quoted = tuple(plain[first:stop])
        before, after = _sides(plain, first, stop)
        alone = len(_places(plain, quoted)) == 1
        return cls(start=start, quote=text[start:end], words=quoted, before=before, after=after, alone=alone)

    def find(self, words: Sequence[PlacedWord]) -> tuple[int, int] | None:
        """Where its words stand among `words`, (start, end) in characters; None where they are gone.

        They are known by four words beside them on one side. Words that stood at one place alone and do so still need
        less: one neighbour, or none where they are three or more.
        """
        plain = [word.plain for word in words]
        places = _places(plain, self.words)
        enough = _COMPANY
        if self.alone and len(places) == 1:
            enough = 0 if len(self.words) >= 3 else 1
        known = [place for place in places if self._is_known(plain, place, enough)]
        if not known:
            return None
        best = max(known, key=lambda place: (sum(self._company(plain, place)), -abs(words[place].start - self.start)))
        return words[best].start, words[best + len(self.words) - 1].end

    def _is_known(self, plain: Sequence[str], place: int, enough: int) -> bool:
        before, after = self._company(plain, place)
        return before >= min(enough, len(self.before)) or after >= min(enough, len(self.after))

    def _company(self, plain: Sequence[str], place: int) -> tuple[int, int]:
        before, after = _sides(plain, place, place + len(self.words))
        return _shared(self.before, before), _shared(self.after, after)

    def to_document(self) -> dict[str, Any]:
        """For the database."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Self:
        """From the database."""
        return cls(**document | {name: tuple(document[name]) for name in ("words", "before", "after")})


def _sides(plain: Sequence[str], first: int, stop: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    before = [_EDGE, *plain[:first]][::-1]
    after = [*plain[stop:], _EDGE]
    return tuple(before[:_CONTEXT]), tuple(after[:_CONTEXT])


def _places(plain: Sequence[str], quoted: tuple[str, ...]) -> list[int]:
    length = len(quoted)
    return [i for i in range(len(plain) - length + 1) if length and tuple(plain[i : i + length]) == quoted]


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    """How many words both begin with."""
    pairs = zip(one, other, strict=False)
    return next((i for i, (word, twin) in enumerate(pairs) if word != twin), min(len(one), len(other)))
