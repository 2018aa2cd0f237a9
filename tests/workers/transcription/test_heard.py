"""What holds, and what does not."""

from dataclasses import replace

import pytest

from workers.transcription.heard import HeardWord, Window, keep_what_holds, window_holds

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
