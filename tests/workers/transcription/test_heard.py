"""What holds, and what does not."""

from dataclasses import replace

import pytest

from workers.transcription.heard import (
    HeardWord,
    Window,
    into_sentences,
    is_doubtful,
    keep_what_holds,
    window_holds,
    within_speech,
)

SURE = HeardWord(" word", 1.0, 1.4, 0.9)
UNSURE = replace(SURE, probability=0.3)
SPEECH = Window(
    sentences=((SURE,),),
    average_log_probability=-0.3,
    no_speech_probability=0.1,
    compression_ratio=1.2,
    temperature=0.0,
)


def test_plain_speech_holds() -> None:
    """A confident decoding holds."""
    assert window_holds(SPEECH)


@pytest.mark.parametrize(
    "window",
    [
        replace(SPEECH, no_speech_probability=0.8, average_log_probability=-0.8),
        replace(SPEECH, compression_ratio=2.5),
        replace(SPEECH, sentences=((replace(SURE, probability=0.08),),)),
        replace(SPEECH, sentences=((UNSURE,),), average_log_probability=-1.3),
        replace(SPEECH, sentences=((UNSURE,),), temperature=1.0),
    ],
    ids=["silence", "loop", "worthless words", "failed", "last resort"],
)
def test_failed_decodings_fall(window: Window) -> None:
    """Each gate closes by itself."""
    assert not window_holds(window)


@pytest.mark.parametrize(
    "window",
    [
        replace(SPEECH, no_speech_probability=0.9),
        replace(SPEECH, average_log_probability=-1.3),
        replace(SPEECH, sentences=((UNSURE,),)),
    ],
    ids=["no-speech token alone", "low average alone", "unsure words alone"],
)
def test_one_weak_sign_is_not_enough(window: Window) -> None:
    """Real speech shows one weak sign or another."""
    assert window_holds(window)


def test_doubtful_words_need_a_voice() -> None:
    """An unsure sentence stays only where the detector heard a voice."""
    doubtful = replace(SPEECH, sentences=((UNSURE,),))
    assert keep_what_holds([doubtful], spoken=[(0.5, 1.1)]) == [(UNSURE,)]
    assert keep_what_holds([doubtful], spoken=[(2.0, 3.0)]) == []


def test_a_sentence_without_letters_is_none() -> None:
    """Dots and dashes are not words."""
    dots = replace(SPEECH, sentences=((replace(SURE, text=" ..."),),))
    assert keep_what_holds([dots], spoken=[(0.0, 9.0)]) == []


def say(text: str, start: float = 0.0, end: float = 0.0) -> HeardWord:
    """A sure word."""
    return HeardWord(text, start, end, 0.9)


def saying(text: str) -> Window:
    """A sure window."""
    return replace(SPEECH, sentences=(tuple(say(f" {word}") for word in text.split()),))


@pytest.mark.parametrize(
    "window",
    [
        replace(SPEECH, compression_ratio=2.5),
        replace(SPEECH, average_log_probability=-1.3),
        saying("What has happened to me? What has happened to me?"),
        saying("He left. I slept badly that night, I slept badly that night and woke at four."),
        saying("Il y a un an et il y a un an et il y a un an."),
        saying("Nine-nine 1-1-1-1-1-1-1-1-1-1."),
    ],
    ids=["loop", "low average", "everything twice", "something twice", "three times", "within a word"],
)
def test_what_may_be_better_is_decoded_again(window: Window) -> None:
    """A second look costs little and may find what the first did not."""
    assert is_doubtful(window)


def test_what_is_sound_is_not_decoded_again() -> None:
    """Nor is what people do say twice."""
    assert not is_doubtful(SPEECH)
    assert not is_doubtful(saying("No, no. I don't know, I don't know, I really don't know."))


def test_sentences_end_with_their_mark_or_with_a_pause() -> None:
    """In any script."""
    words = [
        say(" Well.", 0, 1),
        say(" I", 1, 2),
        say(" know", 2, 3),
        say(" that", 5, 6),
        say("好。", 6, 7),
        say("对", 7, 8),
    ]
    assert [len(sentence) for sentence in into_sentences(words)] == [1, 2, 2, 1]


def test_words_do_not_reach_into_silence() -> None:
    """What the alignment gave of a pause is taken from the word beside it; a word in no speech stays."""
    words = (say(" before", 0.0, 2.0), say(" after", 3.0, 9.5), say(" nowhere", 12.0, 13.0))
    trimmed = within_speech(words, [(1.5, 2.0), (9.0, 9.4)])
    assert [(word.start, word.end) for word in trimmed] == [(1.3, 2.0), (8.8, 9.5), (12.0, 13.0)]
