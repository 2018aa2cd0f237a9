"""Whether a text denies what it names, and whether it tells it as over."""

from collections.abc import Iterable

from schemas.tag import TagKind
from workers.tagging.holders import find_report
from workers.tagging.speech import Speech

_NEGATION_REACH = 5
_STORY_REACH = 25
"""Tokens before a clause that may lend it their tense."""


def is_negated(speech: Speech, first: int) -> bool:
    """A negator stands shortly before, with only fillers and small verbs between ("I wasn't really all that angry")."""
    start = max(speech.clause_of[first].start, first - _NEGATION_REACH)
    for i in range(first - 1, start - 1, -1):
        if speech.is_in(i, "negator"):
            return not any(speech.is_in(j, "heightening") for j in range(i + 1, first))
        if not speech.is_in(i, "unnegating"):
            return False
    return False


def is_past(speech: Speech, kind: TagKind, first: int, end: int) -> bool:
    """By the verb nearest to a feeling or need; what is said is over where its telling is."""
    if kind is TagKind.BOUNDARY:
        return False
    if kind in (TagKind.FEELING, TagKind.NEED):
        return _nearest_tense(speech, first, end)
    report = find_report(speech, kind, first, end)
    if report is not None:
        return not speech.is_in(report, "present_report")
    if kind in (TagKind.REQUEST, TagKind.DEMAND):
        return any(speech.is_in(i, "past_ask") for i in range(first, end))
    clause = speech.clause_of[first]
    start = clause.start if kind is TagKind.EVALUATION else first
    return _tense(speech, (*range(start, clause.stop), *range(first - 1, clause.start - 1, -1))) or False


def _nearest_tense(speech: Speech, first: int, end: int) -> bool:
    start = speech.clause_of[first].start
    inside, before = range(first, end), range(first - 1, start - 1, -1)
    told = (*inside, *before) if speech.is_in(first - 1, "verb_follows") else (*before, *inside)
    return _tense(speech, (*told, *range(start - 1, max(-1, start - _STORY_REACH), -1))) or False


def _tense(speech: Speech, order: Iterable[int]) -> bool | None:
    """Whether the first verb of `order` that shows a tense is past; None where no verb does."""
    for i in order:
        if speech.is_in(i, "present") and not speech.is_in(i - 1, "infinitive_follows"):
            return False
        if speech.is_in(i, "past") or _is_regular_past(speech, i):
            return True
        if speech.is_in(i - 1, "habit") and not speech.is_in(i, "adverb"):
            return False
    return None


def _is_regular_past(speech: Speech, i: int) -> bool:
    """A word in "-ed" is a verb unless a form of "be" or an adverb before it makes it an adjective."""
    word = speech.tokens[i].word
    if len(word) < 5 or not word.endswith("ed") or i == 0:
        return False
    adjective = any(speech.is_in(i - 1, name) for name in ("be", "adverb", "moves", "my", "have"))
    return speech.is_in(i - 1, "verb_follows") or not adjective
