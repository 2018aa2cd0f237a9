"""Turns a text into plain tokens that still know their characters."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

_LETTER = r"[\w\u0300-\u036f]"
_WORD = re.compile(rf"{_LETTER}+(?:['’ʼ‘]{_LETTER}+)*")  # noqa: RUF001
_APOSTROPHES = str.maketrans("’ʼ‘", "'''")  # noqa: RUF001
_STOPS = frozenset(".!?;:…\n")
_COMMAS = frozenset(',"“”()[]—–-')  # noqa: RUF001
_HESITATIONS = frozenset({"um", "uh", "er", "erm", "uhm", "hmm", "mm", "ah"})


class Pause(IntEnum):
    """How strongly a token is cut off from the one before it."""

    NONE = 0
    COMMA = 1
    STOP = 2


@dataclass(frozen=True, slots=True)
class Token:
    """One plain lower-case word and the characters it came from, shared by the parts of a contraction."""

    word: str
    start: int
    end: int
    pause: Pause
    name: bool
    """Written with a capital letter, as names are."""


def read_tokens(text: str, expansions: Mapping[str, tuple[str, ...]]) -> tuple[Token, ...]:
    """The tokens of `text`: contractions undone, hesitations left out, apostrophes dropped."""
    return tuple(_tokens(text, expansions))


def _tokens(text: str, expansions: Mapping[str, tuple[str, ...]]) -> Iterator[Token]:
    after, pause = 0, Pause.STOP
    for found in _WORD.finditer(text):
        pause = max(pause, _pause(text[after : found.start()]))
        after = found.end()
        word = unicodedata.normalize("NFC", found[0]).lower().translate(_APOSTROPHES)
        if word in _HESITATIONS:
            continue
        parts = expansions.get(word) or (word.replace("'", ""),)
        for part in parts:
            yield Token(part, found.start(), found.end(), pause, len(parts) == 1 and found[0][0].isupper())
            pause = Pause.NONE


def _pause(between: str) -> Pause:
    marks = set(between)
    if marks & _STOPS:
        return Pause.STOP
    return Pause.COMMA if marks & _COMMAS else Pause.NONE
