"""Speech falls into clauses, punctuated or not."""

from hypothesis import given
from hypothesis import strategies as st

from workers.tagging.grammar import load_grammar
from workers.tagging.speech import read_speech

_GRAMMAR = load_grammar()


def _clauses(text: str) -> list[str]:
    speech = read_speech(text, _GRAMMAR)
    return [" ".join(speech.tokens[i].word for i in clause) for clause in speech.clauses]


def test_punctuation_and_conjunctions_begin_clauses() -> None:
    """A full stop always, a conjunction only before a subject."""
    assert _clauses("I rang. She came and sat, and we talked") == ["i rang", "she came and sat", "and we talked"]


def test_a_new_subject_begins_a_clause_in_unpunctuated_speech() -> None:
    """Without commas a subject that nothing before it calls for starts anew."""
    assert _clauses("i made dinner he went upstairs") == ["i made dinner", "he went upstairs"]


def test_contractions_are_undone_and_hesitations_left_out() -> None:
    """Phrases can be written in one plain form however a recogniser spells them."""
    assert _clauses("um I'm gonna") == _clauses("im going to") == ["i am going to"]


@given(st.text(max_size=300))
def test_clauses_cover_every_token_once(text: str) -> None:
    """Clauses follow one another without gap or overlap."""
    speech = read_speech(text, _GRAMMAR)
    assert [i for clause in speech.clauses for i in clause] == list(range(len(speech.tokens)))
