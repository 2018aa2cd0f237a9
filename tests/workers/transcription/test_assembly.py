"""From heard words to one text."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from workers.transcription.assembly import assemble
from workers.transcription.heard import HeardWord

SECONDS = 12.5

times = st.floats(min_value=-1, max_value=20)
spaces = st.sampled_from(["", " ", "  ", "\n"])
heard_words = st.builds(
    lambda before, text, after, *rest: HeardWord(before + text + after, *rest),
    spaces,
    st.text(max_size=6),
    spaces,
    times,
    times,
    st.floats(min_value=-0.1, max_value=1.1),
)
sentences = st.lists(st.lists(heard_words, max_size=5), max_size=5)


def say(text: str) -> HeardWord:
    """A word as Whisper decodes it."""
    return HeardWord(text, 0.0, 1.0, 0.9)


@given(sentences, st.sampled_from(["en", "ja"]))
def test_words_always_fit(heard: list[list[HeardWord]], language: str) -> None:
    """Whatever was decoded, words lie in the text and the recording, in order, and segments cover them all."""
    made = assemble(heard, seconds=SECONDS, language=language, language_probability=0.5, model="m")
    assert all(made.text[word.offset : word.offset + len(word.text)] == word.text for word in made.words)
    assert all(one.offset + len(one.text) <= two.offset for one, two in pairwise(made.words))
    assert all(one.start <= two.start for one, two in pairwise(made.words))
    assert all(word.text == word.text.strip() != "" for word in made.words)
    assert all(0 <= word.start <= word.end <= SECONDS for word in made.words)
    covered = [i for part in made.segments for i in range(part.first_word, part.last_word + 1)]
    assert covered == list(range(len(made.words)))
    assert made.text == made.text.strip()


@given(sentences)
def test_no_character_is_lost(heard: list[list[HeardWord]]) -> None:
    """Apart from spaces, the text is what was decoded."""
    made = assemble(heard, seconds=SECONDS, language="en", language_probability=0.5, model="m")
    decoded = "".join(word.text for sentence in heard for word in sentence)
    assert "".join(made.text.split()) == "".join(decoded.split())


def test_whisper_spacing_is_kept() -> None:
    """Words part where Whisper puts a space, sentences always do."""
    heard = [[say(" Twenty"), say("-five"), say(" yams.")], [say("Oh")]]
    made = assemble(heard, seconds=9, language="en", language_probability=1, model="m")
    assert made.text == "Twenty-five yams. Oh"


def test_languages_without_spaces_get_none() -> None:
    """Japanese words and sentences stand side by side."""
    heard = [[say("客観"), say("的")], [say("実在")]]
    made = assemble(heard, seconds=9, language="ja", language_probability=1, model="m")
    assert made.text == "客観的実在"
