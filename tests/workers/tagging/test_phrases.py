"""The little language the lexicons are written in."""

import pytest

from workers.tagging.grammar import load_grammar
from workers.tagging.phrases import match_end, parse_phrase
from workers.tagging.tokens import read_tokens

_GRAMMAR = load_grammar()


@pytest.mark.parametrize(
    ("phrase", "text", "end"),
    [
        ("over the moon", "over the moon", 3),
        ("over the moon", "over. the moon", None),
        ("burst|bursts into", "bursts into", 2),
        ("knot in <my> stomach", "knot in her stomach", 4),
        ("really so? happy", "really happy", 2),
        ("could do with * rest", "could do with a proper rest", 6),
        ("could do with * rest", "could do with a cup of tea and rest", None),
        ("panic~ now?", "panicing. now", 1),
        ("worry~", "worried", 1),
    ],
)
def test_phrases_match(phrase: str, text: str, end: int | None) -> None:
    """Words, choices, classes, optional words, gaps and verb forms, all within one sentence."""
    tokens = read_tokens(text, _GRAMMAR.expansions)
    assert match_end(parse_phrase(phrase, _GRAMMAR.classes), tokens, 0) == end


@pytest.mark.parametrize("phrase", ["", "so? happy", "* happy"])
def test_a_phrase_starts_with_a_word(phrase: str) -> None:
    """Phrases are looked up by their first word, so one without is a mistake in a lexicon."""
    with pytest.raises(ValueError, match="does not start with a word"):
        parse_phrase(phrase, _GRAMMAR.classes)
