"""The little language of the lexicons: phrases over tokens, matched in bounded time.

over the moon        these words
burst|bursts into    either word
in <my> stomach      any word of a class of the grammar
so? happy            a word that may be missing
can not * anymore    up to three words of any kind
melt~                a regular verb in all its forms
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workers.tagging.tokens import Pause, Token

_WIDEST_GAP = 3


@dataclass(frozen=True, slots=True)
class Element:
    """One place of a phrase: the words that fit, or none for a gap."""

    words: frozenset[str]
    optional: bool = False


Phrase = tuple[Element, ...]


def parse_phrase(source: str, classes: Mapping[str, frozenset[str]]) -> Phrase:
    """The phrase written as `source`; a phrase must start with a word, so that it can be looked up by it."""
    phrase = tuple(_element(part, classes) for part in source.split())
    if not phrase or not phrase[0].words or phrase[0].optional:
        raise ValueError(f"The phrase {source!r} does not start with a word; write one before the gap.")
    return phrase


def _element(part: str, classes: Mapping[str, frozenset[str]]) -> Element:
    if part == "*":
        return Element(frozenset())
    words: set[str] = set()
    for option in part.removesuffix("?").split("|"):
        if option.startswith("<"):
            words |= classes[option.strip("<>")]
        elif option.endswith("~"):
            words |= _verb_forms(option.removesuffix("~"))
        else:
            words.add(option)
    return Element(frozenset(words), optional=part.endswith("?"))


def _verb_forms(verb: str) -> set[str]:
    if verb.endswith("e"):
        return {verb, f"{verb}s", f"{verb}d", f"{verb[:-1]}ing"}
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return {verb, f"{verb[:-1]}ies", f"{verb[:-1]}ied", f"{verb}ing"}
    return {verb, f"{verb}s", f"{verb}es", f"{verb}ed", f"{verb}ing"}


def match_end(phrase: Phrase, tokens: Sequence[Token], start: int) -> int | None:
    """The index after the last token of `phrase` matched at `start`, or None; never crosses a full stop."""
    return _match_end(phrase, tokens, start, origin=start)


def _match_end(phrase: Phrase, tokens: Sequence[Token], at: int, *, origin: int) -> int | None:
    if not phrase:
        return at
    element, rest = phrase[0], phrase[1:]
    reachable = at < len(tokens) and (at == origin or tokens[at].pause is not Pause.STOP)
    if not element.words:
        return _after_gap(rest, tokens, at, origin=origin)
    if reachable and tokens[at].word in element.words:
        end = _match_end(rest, tokens, at + 1, origin=origin)
        if end is not None:
            return end
    return _match_end(rest, tokens, at, origin=origin) if element.optional else None


def _after_gap(rest: Phrase, tokens: Sequence[Token], at: int, *, origin: int) -> int | None:
    for skipped in range(at, min(at + _WIDEST_GAP, len(tokens)) + 1):
        end = _match_end(rest, tokens, skipped, origin=origin)
        if end is not None:
            return end
        if skipped >= len(tokens) or tokens[skipped].pause is Pause.STOP:
            return None
    return None
