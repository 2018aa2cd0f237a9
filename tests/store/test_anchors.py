"""Anchors find their words again."""

from hypothesis import given
from hypothesis import strategies as st

from store.anchors import Anchor, read_words


def test_capitals_and_punctuation_do_not_count() -> None:
    """A second recognition of the same words writes them otherwise."""
    anchor = Anchor.at("i dont know, i'm sad", 8, 20)
    assert anchor.find(read_words("I don't know. I’m sad!")) == (8, 21)  # noqa: RUF001 - the typographic apostrophe


def test_of_two_places_the_one_in_the_likest_company_is_taken() -> None:
    """Even where the text before it has grown."""
    text = "so tired on Monday and so tired on Friday"
    anchor = Anchor.at(text, text.rindex("so tired"), text.rindex("so tired") + 8)
    grown = "Well well well, so tired on Monday and then, so tired on Friday"
    assert anchor.find(read_words(grown)) == (grown.rindex("so tired"), grown.rindex("so tired") + 8)


def test_words_that_are_gone_are_not_found() -> None:
    """A part of them is not enough, nor a part of a word."""
    anchor = Anchor.at("I feel sad", 2, 10)
    assert anchor.find(read_words("I feel")) is None
    assert anchor.find(read_words("I feel sadder")) is None


def test_one_word_wants_a_neighbour() -> None:
    """Somebody else's sadness is not the one that was corrected."""
    anchor = Anchor.at("I was sad on Monday", 6, 9)
    assert anchor.find(read_words("He said his dog looked sad at work")) is None
    assert anchor.find(read_words("Well I was sad at work")) == (11, 14)


@given(st.text("ab é😅\u0301'.,", max_size=40), st.integers(0, 40), st.integers(1, 20))
def test_an_anchor_finds_its_own_place(text: str, start: int, length: int) -> None:
    """Its words stand where they stood, or there were none; and it comes back from the database the same."""
    anchor = Anchor.at(text, start, start + length)
    place = anchor.find(read_words(text))
    assert (place is None) == (not anchor.words)
    if place:
        assert place[0] < start + length
        assert start < place[1]
        assert Anchor.at(text, *place).words == anchor.words
    assert Anchor.from_document(anchor.to_document()) == anchor
