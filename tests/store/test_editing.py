"""An edited transcript stays a transcript: words in place, times that grow."""

from hypothesis import given
from hypothesis import strategies as st

from store.editing import edit
from tests.making import make_transcript


def test_words_that_stay_keep_their_times_and_new_ones_share_the_gap() -> None:
    """One misheard word becomes two in the same half second."""
    edited = edit(make_transcript("I feel calm today."), "I feel very bad today.")
    assert [(word.text, word.start, word.end) for word in edited.words] == [
        ("I", 0, 0.5),
        ("feel", 0.5, 1),
        ("very", 1, 1.25),
        ("bad", 1.25, 1.5),
        ("today.", 1.5, 2),
    ]
    assert edited.edited
    assert [(segment.first_word, segment.last_word) for segment in edited.segments] == [(0, 4)]


_WORDS = st.lists(st.sampled_from(["I", "feel", "sad", "you", "never", "é😅"]), min_size=1, max_size=12).map(" ".join)


@given(_WORDS, _WORDS)
def test_every_edit_leaves_a_transcript_that_holds_together(before: str, after: str) -> None:
    """Each word stands at its offset, times do not run backwards, every word is in one segment."""
    edited = edit(make_transcript(before), after)

    assert " ".join(word.text for word in edited.words) == after == edited.text
    assert all(after[word.offset : word.offset + len(word.text)] == word.text for word in edited.words)
    times = [time for word in edited.words for time in (word.start, word.end)]
    assert times == sorted(times)
    covered = [i for segment in edited.segments for i in range(segment.first_word, segment.last_word + 1)]
    assert covered == list(range(len(edited.words)))


def test_what_was_taken_out_stays_in_no_translation() -> None:
    """It says what was heard."""
    translated = make_transcript("Estoy triste.").model_copy(update={"translation": make_transcript("I am sad.")})

    assert edit(translated, "Estoy.").translation is None
