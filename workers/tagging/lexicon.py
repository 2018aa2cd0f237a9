"""A tagger made of lexicons and rules: open to reading, quick, and honest about how sure it is."""

from collections.abc import Collection, Iterable

from schemas.tag import TagKind, TextTag
from workers.tagging.denial import is_negated, is_past
from workers.tagging.grammar import load_grammar
from workers.tagging.holders import find_holder
from workers.tagging.rules import Match, load_rules
from workers.tagging.speech import Speech, read_speech
from workers.tagging.tokens import Pause

_ASKS = frozenset({TagKind.REQUEST, TagKind.DEMAND, TagKind.BOUNDARY})
_LONGEST_FRAME = 5
"""Tokens that "and then she said" may take up at the start of a clause."""


class LexiconTagger:
    """Tags by the phrases under `data/`; reads them once, when it is made."""

    name = "lexicon-1"
    languages = frozenset({"en"})

    def __init__(self, kinds: Collection[TagKind] = tuple(TagKind)) -> None:
        self._grammar = load_grammar()
        self._rules = load_rules(self._grammar, kinds)

    def tag(self, text: str) -> tuple[TextTag, ...]:
        """The tags of `text`, ordered by where they start; time grows with the length of the text."""
        speech = read_speech(text, self._grammar)
        matches = _longest(self._rules.matches(speech))
        tags = [_tag(match, speech) for match in matches if match.rule.label]
        return tuple(sorted(_without_repeats(tags), key=lambda tag: (tag.start, tag.end, tag.kind)))


def _longest(matches: Iterable[Match]) -> list[Match]:
    """Of matches of one kind that overlap, the longest; at equal length a mask, then the surer, then the first."""
    kept: list[Match] = []
    taken: dict[TagKind, set[int]] = {kind: set() for kind in TagKind}
    for match in sorted(matches, key=_rank):
        tokens = range(match.first, match.end)
        if taken[match.rule.kind].isdisjoint(tokens):
            taken[match.rule.kind].update(tokens)
            kept.append(match)
    return sorted(kept, key=lambda match: match.first)


def _rank(match: Match) -> tuple[int, bool, float, int]:
    return match.first - match.end, bool(match.rule.label), -match.rule.confidence, match.first


def _tag(match: Match, speech: Speech) -> TextTag:
    rule, tokens = match.rule, speech.tokens
    first, end = _span(match, speech)
    denied_inside = rule.deniable and any(speech.is_in(i, "negator") for i in range(match.first, match.end))
    return TextTag(
        kind=rule.kind,
        label=rule.label,
        start=tokens[first].start,
        end=tokens[end - 1].end,
        holder=find_holder(speech, rule.kind, match.first, match.end),
        negated=denied_inside or is_negated(speech, match.first),
        past=is_past(speech, rule.kind, match.first, match.end),
        confidence=rule.confidence,
        reason=rule.name,
    )


def _span(match: Match, speech: Speech) -> tuple[int, int]:
    """The tokens to tag, end exclusive: feelings and needs by their words, the rest by the clause."""
    if match.rule.kind is TagKind.FEELING:
        return _with_intensifiers(match.first, speech), match.end
    if match.rule.kind is TagKind.NEED:
        return match.first, match.end
    first = _after_frame(match.first, speech) if match.rule.kind is TagKind.EVALUATION else match.first
    return first, _stop(match, speech)


def _with_intensifiers(first: int, speech: Speech) -> int:
    tokens, start = speech.tokens, speech.clause_of[first].start
    while first > start and tokens[first].pause is Pause.NONE:
        pair = f"{tokens[first - 2].word} {tokens[first - 1].word}" if first - 2 >= start else ""
        if pair in {"kind of", "sort of", "a bit", "a little"}:
            first -= 2
        elif speech.is_in(first - 1, "intensifier"):
            first -= 1
        else:
            break
    return first


def _after_frame(first: int, speech: Speech) -> int:
    """Where a clause begins once "and", "she said" and "I think" are left out."""
    start = speech.clause_of[first].start
    for i in range(min(first, start + _LONGEST_FRAME) - 1, start - 1, -1):
        if speech.is_in(i, "frame"):
            return i + 1
    return start


def _stop(match: Match, speech: Speech) -> int:
    """Where a clause ends; a condition, or a phrase that only opens one, takes the next clause with it."""
    stop = speech.clause_of[match.end - 1].stop
    unfinished = match.end == stop or speech.is_in(match.first, "condition")
    goes_on = stop < len(speech.tokens) and speech.tokens[stop].pause is not Pause.STOP
    return speech.clause_of[stop].stop if unfinished and goes_on and match.rule.kind in _ASKS else stop


def _without_repeats(tags: Iterable[TextTag]) -> list[TextTag]:
    """Tags of the same kind and label that overlap are one mention: the first stays."""
    kept: list[TextTag] = []
    latest: dict[tuple[TagKind, str], TextTag] = {}
    for tag in tags:
        before = latest.get((tag.kind, tag.label))
        if before is None or tag.start >= before.end:
            kept.append(tag)
            latest[tag.kind, tag.label] = tag
    return kept
