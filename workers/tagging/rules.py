"""The rules of the lexicons: what to tag when a phrase is met, and where it counts."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.tag import TagKind
from workers.tagging.grammar import Grammar, read_toml
from workers.tagging.phrases import Phrase, match_end, parse_phrase
from workers.tagging.speech import Speech
from workers.tagging.tokens import Pause

_SOURCES = ("feelings.toml", "bodies.toml", "needs.toml", "asks.toml", "judgements.toml")
_FRAME_REACH = 6
"""Tokens a framing word ("feel", "need") may stand before a phrase with only fillers between."""


@dataclass(frozen=True)
class Rule:
    """One entry of a lexicon. Without a label it is a mask: its words are tagged by no other rule of its kind."""

    name: str
    kind: TagKind
    label: str
    confidence: float
    phrases: tuple[Phrase, ...]
    after: frozenset[str]
    """Where not empty, one of these words must frame the phrase ("feel", "was" before "down")."""
    opens: bool
    """The phrase counts only where a clause opens, as an imperative does."""
    deniable: bool
    """A "not" within the phrase denies it ("he is not lazy"); elsewhere it belongs to it ("does not care")."""


@dataclass(frozen=True)
class Match:
    """A rule met at tokens `first` to `end` (exclusive)."""

    rule: Rule
    first: int
    end: int


class Rules:
    """All rules, looked up by the first word of their phrases."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._by_word: defaultdict[str, list[tuple[Phrase, Rule]]] = defaultdict(list)
        for rule in rules:
            for phrase in rule.phrases:
                for word in sorted(phrase[0].words):
                    self._by_word[word].append((phrase, rule))

    def matches(self, speech: Speech) -> Iterator[Match]:
        """Every place where a phrase of a rule stands and counts."""
        for first, token in enumerate(speech.tokens):
            for phrase, rule in self._by_word.get(token.word, ()):
                end = match_end(phrase, speech.tokens, first)
                if end is not None and _counts(rule, speech, first):
                    yield Match(rule, first, end)


def _counts(rule: Rule, speech: Speech, first: int) -> bool:
    if rule.opens and not _opens(speech, first):
        return False
    between = "filler" if rule.kind is TagKind.NEED else "adverb"
    return not rule.after or _framed(rule.after, between, speech, first)


def _opens(speech: Speech, first: int) -> bool:
    before = range(speech.clause_of[first].start, first)
    return speech.tokens[first].pause is not Pause.NONE or all(speech.is_in(i, "opener") for i in before)


def _framed(after: frozenset[str], between: str, speech: Speech, first: int) -> bool:
    """Whether one of `after` stands before, in the same sentence, with only words of the class `between` between."""
    for i in range(first - 1, max(-1, first - 1 - _FRAME_REACH), -1):
        if speech.tokens[i + 1].pause is Pause.STOP:
            return False
        if speech.tokens[i].word in after:
            return True
        if not speech.is_in(i, between):
            return False
    return False


def load_rules(grammar: Grammar, kinds: Collection[TagKind]) -> Rules:
    """The rules for `kinds` in the lexicons under `data/`."""
    lexicons = [read_toml(source) for source in _SOURCES]
    rules = (_rule(entry, lexicon, grammar.classes) for lexicon in lexicons for entry in lexicon["rule"])
    return Rules(rule for rule in rules if rule.kind in kinds)


def _rule(entry: dict[str, Any], lexicon: dict[str, Any], classes: Mapping[str, frozenset[str]]) -> Rule:
    kind = TagKind(entry.get("kind") or lexicon["kind"])
    written = entry["phrases"].replace("\n", ",").split(",")
    return Rule(
        name=entry["name"],
        kind=kind,
        label="" if entry.get("mask") else entry.get("label", kind.value),
        confidence=entry.get("confidence", lexicon.get("confidence", 0.5)),
        phrases=tuple(parse_phrase(source, classes) for source in written if source.strip()),
        after=frozenset().union(*(classes[name] for name in entry.get("after", "").split())),
        opens=entry.get("opens", False),
        deniable=entry.get("deniable", False),
    )
