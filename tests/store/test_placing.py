"""Tags find their words, and words their seconds."""

from hypothesis import given
from hypothesis import strategies as st

from schemas.tag import TagKind, TextTag
from schemas.transcript import Transcript, Word
from store.placing import place


def _transcript(words: list[str]) -> Transcript:
    """Words one second apart, each half a second long, with single spaces between."""
    spoken, offset = [], 0
    for i, word in enumerate(words):
        spoken.append(Word(text=word, start=i, end=i + 0.5, probability=1, offset=offset))
        offset += len(word) + 1
    return Transcript(
        text=" ".join(words),
        language="en",
        language_probability=1,
        seconds=len(words),
        model="none",
        segments=(),
        words=tuple(spoken),
    )


def _tag(start: int, end: int) -> TextTag:
    return TextTag(kind=TagKind.FEELING, label="sad", start=start, end=end, confidence=0.5, reason="a test")


def test_a_tag_gets_its_quote_words_and_seconds() -> None:
    """The quote is the text of the span; the seconds run from its first word to its last."""
    [tag] = place([_tag(4, 10)], _transcript(["I'm", "so", "sad", "today"]))
    assert (tag.quote, tag.first_word, tag.last_word) == ("so sad", 1, 2)
    assert (tag.start_seconds, tag.end_seconds) == (1, 2.5)


def test_a_part_of_a_word_is_played_with_the_whole_word() -> None:
    """A span that only touches a word takes all of it."""
    [tag] = place([_tag(5, 9)], _transcript(["I'm", "so", "sad"]))
    assert (tag.first_word, tag.last_word) == (1, 2)


def test_a_tag_that_touches_no_word_is_dropped() -> None:
    """Between words, and in a transcript without words, there is nothing to play."""
    assert place([_tag(3, 4)], _transcript(["I'm", "so"])) == ()
    assert place([_tag(0, 1)], _transcript([])) == ()


def test_placed_tags_are_ordered_by_start() -> None:
    """Taggers may hand over tags in any order."""
    placed = place([_tag(7, 10), _tag(0, 3)], _transcript(["I'm", "so", "sad"]))
    assert [tag.start for tag in placed] == [0, 7]


@given(
    st.lists(st.text("ab😅\u0301", min_size=1, max_size=5), max_size=10),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=8),
)
def test_words_and_seconds_fit_the_span(words: list[str], spans: list[tuple[int, int]]) -> None:
    """The words of a tag are just those its characters touch, and its seconds grow with them."""
    transcript = _transcript(words)
    inside = [(a, b) for a, b in spans if a < b <= len(transcript.text)]
    for tag in place([_tag(a, b) for a, b in inside], transcript):
        touched = [
            i
            for i, word in enumerate(transcript.words)
            if word.offset < tag.end and tag.start < word.offset + len(word.text)
        ]
        assert touched == list(range(tag.first_word, tag.last_word + 1))
        assert tag.start_seconds < tag.end_seconds
        assert tag.quote == transcript.text[tag.start : tag.end]
