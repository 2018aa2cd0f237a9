"""Any real file: what phones, headsets, telephones and broken uploads make of speech, and what becomes of each.

Each is decoded to the speech that went in, or refused by an error; `tests/workers/test_attempts.py` holds which reason
a phone is told for it.
"""

import struct

import numpy as np
import pytest

from schemas.errors import RecordingEmpty, RecordingTooLong, RecordingUnreadable, RecordingUnsupported
from schemas.recording import RecordingFormat
from store.media.formats import SNIFF_BYTES, sniff
from store.media.sandbox import Sandbox
from tests.store.media.recordings import KINDS, Kind, file_of, flac_bomb, wav
from tests.store.media.speech import (
    FULL_SCALE,
    Samples,
    decibels,
    encoded,
    heard,
    likeness,
    pcm,
    speech,
    starts_at,
    without_sound,
)

NOISE = np.random.default_rng(1).bytes(100_000)
MP4, WAV = RecordingFormat.MP4, RecordingFormat.WAV
M4A = KINDS["m4a"]
M4A_MOOV_FIRST = Kind(MP4, "ipod", "aac", "aac", 44_100, options="movflags=faststart")
PCM = KINDS["wav, 16 kHz"]
MKV_PCM = Kind(RecordingFormat.WEBM, "matroska", "pcm_s16le", "pcm_s16le", 16_000)
STEREO = {
    "wav": PCM._replace(layout="stereo"),
    "m4a": M4A._replace(layout="stereo"),
    "opus": KINDS["ogg"]._replace(layout="stereo"),
}


def taken(sandbox: Sandbox, content: bytes, *, max_seconds: float = 60) -> Samples:
    """What a server makes of it, from the first bytes to the samples; the lengths told before and found fit."""
    format_ = sniff(content[:SNIFF_BYTES])
    with file_of(content) as file:
        seconds = sandbox.probe(file, format_, max_seconds=max_seconds).seconds
        samples = heard(sandbox.decode(file, format_, max_seconds=max_seconds))
    assert seconds is not None
    assert len(samples) / 16_000 < seconds + 0.3  # the worker's deadline counts on it
    return samples


WHOLE = {  # file, how alike at least, how loud at least in dB
    "m4a, moov at the end": (M4A, 0.99, -1),
    "m4a, moov in front": (M4A_MOOV_FIRST, 0.99, -1),
    "wav, 8 kHz mu-law": (Kind(WAV, "wav", "pcm_mulaw", "pcm_mulaw", 8_000), 0.97, -1),
    "wav, 8 kHz A-law": (KINDS["wav, A-law"], 0.97, -1),
    "amr": (KINDS["amr"], 0.6, -4),  # it keeps a telephone's band, from 300 Hz
    "3gp": (KINDS["3gp"], 0.6, -4),
    "wav, 96 kHz": (PCM._replace(rate=96_000), 0.999, -0.1),
    "flac, 96 kHz": (KINDS["flac"]._replace(layout="mono"), 0.999, -0.1),
}


@pytest.mark.parametrize("name", WHOLE)
def test_the_speech_comes_out_as_it_went_in(sandbox: Sandbox, name: str) -> None:
    """Whatever the container, the codec and the rate."""
    kind, alike, level = WHOLE[name]
    samples = taken(sandbox, encoded([speech()], kind))
    assert len(samples) == pytest.approx(len(speech()), abs=1600)
    assert likeness(samples, speech()) > alike
    assert level < decibels(samples, speech()) < 0.5


def test_moov_is_where_the_names_say() -> None:
    """Else the cases above and below would test one thing twice."""
    last, first = (encoded([speech()], kind) for kind in (M4A, M4A_MOOV_FIRST))
    assert last.index(b"moov") > last.index(b"mdat")
    assert first.index(b"moov") < first.index(b"mdat")


def test_of_a_cut_m4a_with_moov_in_front_the_beginning_is_kept(sandbox: Sandbox) -> None:
    """The upload broke off after two thirds."""
    content = encoded([speech()], M4A_MOOV_FIRST)
    samples = taken(sandbox, content[: len(content) * 2 // 3])
    assert 4.5 < len(samples) / 16_000 < 6
    assert likeness(samples, speech()[: len(samples)]) > 0.99


FRAMES = {
    "sizes that change": encoded([speech()], MKV_PCM, sizes=(100, 5000, 1, 777, 2048)),
    "a film whose pictures come as they like": encoded(
        [speech()], M4A._replace(container="mp4"), pictures=(0, 40, 41, 500, 510, 2900, 3000, 8100)
    ),
}


@pytest.mark.parametrize("name", FRAMES)
def test_frames_of_any_length_are_put_together(sandbox: Sandbox, name: str) -> None:
    """Nothing is lost or put between them."""
    samples = taken(sandbox, FRAMES[name])
    assert len(samples) == pytest.approx(len(speech()), abs=1600)
    assert likeness(samples, speech()) > 0.99


@pytest.mark.parametrize("kind", [M4A, MKV_PCM, KINDS["mkv"]], ids=["m4a", "mkv, pcm", "mkv, aac"])
def test_a_pause_in_the_time_stamps_is_silence(sandbox: Sandbox, kind: Kind) -> None:
    """As in a player: a quote behind it is found at its time."""
    samples = taken(sandbox, encoded([speech()], kind, pause=2))
    assert len(samples) / 16_000 == pytest.approx(10.14, abs=0.1)
    assert starts_at(speech()[-32_000:], samples) == pytest.approx(8.14, abs=0.05)
    assert likeness(samples[:64_000], speech()[:64_000]) > 0.99


HURT = {
    "flac": Kind(RecordingFormat.FLAC, "flac", "flac", "flac", 16_000),
    "ogg": KINDS["ogg"],
    "mkv": KINDS["mkv"],
    "m4a": M4A_MOOV_FIRST,
}


@pytest.mark.parametrize("kind", HURT.values(), ids=HURT)
def test_what_is_lost_in_the_middle_moves_no_word_behind_it(sandbox: Sandbox, kind: Kind) -> None:
    """A tenth is noise, and the end still comes when it was said."""
    content = encoded([speech()], kind)
    middle, hurt = len(content) // 2, len(content) // 10
    samples = taken(sandbox, content[:middle] + NOISE[:hurt] + content[middle + hurt :])
    assert starts_at(speech()[-32_000:], samples) == pytest.approx(6.14, abs=0.05)
    assert likeness(samples[:48_000], speech()[:48_000]) > 0.97


@pytest.mark.parametrize("kind", STEREO.values(), ids=STEREO)
@pytest.mark.parametrize(("left", "right", "level"), [(1, 1, 0), (1, 0, -6), (0, 1, -6), (1, -1, 0), (-0.7, 1, -1.4)])
def test_a_voice_is_heard_in_whichever_channel_it_is(
    sandbox: Sandbox, kind: Kind, left: float, right: float, level: float
) -> None:
    """In both, in one, or in both with one of them turned over: their sum would be silence."""
    samples = taken(sandbox, encoded([speech() * left, speech() * right], kind))
    assert abs(likeness(samples, speech())) > 0.98
    assert decibels(samples, speech()) == pytest.approx(level, abs=0.8)


SURROUND = {
    "m4a, 5.1": M4A._replace(layout="5.1"),
    "wav, 5.1": PCM._replace(layout="5.1"),
    "wav, 7.1": PCM._replace(layout="7.1"),
    "flac, 7.1": KINDS["flac"]._replace(rate=16_000, layout="7.1"),
}


@pytest.mark.parametrize("kind", SURROUND.values(), ids=SURROUND)
@pytest.mark.parametrize("everywhere", [True, False])
def test_a_voice_among_many_channels_is_heard(sandbox: Sandbox, kind: Kind, everywhere: bool) -> None:
    """In all of them, or in the middle one alone, where films have it."""
    channels = [speech() if everywhere or number == 2 else speech() * 0 for number in range(int(kind.layout[0]) + 1)]
    samples = taken(sandbox, encoded(channels, kind))
    assert likeness(samples, speech()) > 0.98
    assert decibels(samples, speech()) > (-1 if everywhere else -14)


def test_clipped_speech_stays_as_it_is(sandbox: Sandbox) -> None:
    """Half of it is at full scale; no sample turns over to the other side."""
    loud = heard(pcm(speech() * 20))
    assert np.array_equal(taken(sandbox, wav(pcm(loud))), loud)
    assert likeness(taken(sandbox, encoded([loud], M4A)), loud) > 0.98


OFFSET = {  # file, how loud the voice is
    "wav": (PCM, 1),
    "wav, a quiet voice": (PCM, 0.1),
    "wav, 8 bits": (Kind(WAV, "wav", "pcm_u8", "pcm_u8", 16_000), 1),
    "wav, stereo, a quiet voice": (STEREO["wav"], 0.1),
    "m4a": (M4A, 1),  # its coder puts noise beside the offset: of a quiet voice not much is left to rescue
}


@pytest.mark.parametrize(("kind", "level"), OFFSET.values(), ids=OFFSET)
def test_an_offset_is_taken_away(sandbox: Sandbox, kind: Kind, level: float) -> None:
    """0.3 of full scale; beside it a quiet voice would count as silence."""
    shifted = speech() * level + 0.3 * FULL_SCALE
    samples = taken(sandbox, encoded([shifted] * (2 if kind.layout == "stereo" else 1), kind))
    middle = samples[3_200 : len(speech()) - 3_200]  # m4a begins and ends at zero, not at the offset
    assert abs(middle.mean()) < 0.002 * FULL_SCALE
    assert likeness(middle, speech()[3_200:-3_200]) > 0.9
    assert decibels(middle, speech()) == pytest.approx(20 * np.log10(level), abs=1)


def header_says(content: bytes, box: bytes, offset: int, number: int) -> bytes:
    """A file with another number of four bytes in its first box of a name."""
    at = content.index(box) + offset
    return content[:at] + struct.pack(">I", number) + content[at + 4 :]


LYING = {
    "wav, more bytes than there are": wav(pcm(speech()), size=10 * len(speech())),
    "wav, four billion bytes": wav(pcm(speech()), size=0xFFFFFFFF),
    "m4a, one second": header_says(encoded([speech()], M4A), b"mdhd", 20, 44_100),
    "m4a, 8 kHz": header_says(encoded([speech()], M4A), b"mp4a", 28, 8_000 << 16),
    "m4a, a film of an hour": header_says(encoded([speech()], M4A), b"mvhd", 20, 3_600_000),
}


@pytest.mark.parametrize("content", LYING.values(), ids=LYING)
def test_a_header_that_lies_changes_nothing(sandbox: Sandbox, content: bytes) -> None:
    """What is there is decoded, all of it."""
    samples = taken(sandbox, content)
    assert len(samples) == pytest.approx(len(speech()), abs=1600)
    assert likeness(samples, speech()) > 0.99


def test_a_wav_that_claims_fewer_bytes_ends_there(sandbox: Sandbox) -> None:
    """What stands behind its samples is no sound, in any player."""
    samples = taken(sandbox, wav(pcm(speech()), size=64_000))
    assert np.array_equal(samples, speech()[:32_000])


@pytest.mark.parametrize("rate", [8_000, 48_000])
def test_a_rate_that_lies_is_played_as_any_player_does(sandbox: Sandbox, rate: int) -> None:
    """Nobody can tell a slow voice from a wrong number; it stays within the length that is told."""
    samples = taken(sandbox, wav(pcm(speech()), rate=rate))
    assert len(samples) == pytest.approx(len(speech()) * 16_000 / rate, abs=2)


def test_a_wav_of_nothing_but_its_header_is_silence(sandbox: Sandbox) -> None:
    """Somebody pressed the button twice: nobody spoke."""
    assert not len(taken(sandbox, wav(b"")))


CUT_M4A = encoded([speech()], M4A)
REFUSED = {
    "no bytes": (b"", RecordingEmpty),
    "a text named .m4a": (b"Dear diary, today we talked for an hour. " * 100, RecordingUnsupported),
    "a text behind the first bytes of an m4a": (CUT_M4A[:32] + b"Dear diary. " * 1000, RecordingUnreadable),
    "an m4a cut off, moov at the end": (CUT_M4A[: len(CUT_M4A) * 2 // 3], RecordingUnreadable),
    "an m4a cut off within moov": (encoded([speech()], M4A_MOOV_FIRST)[:500], RecordingUnreadable),
    "an m4a of no seconds": (without_sound(M4A), RecordingUnreadable),
    "a wav cut off within its header": (wav(b"")[:40], RecordingUnreadable),
    "a wav with a rate of 0": (wav(pcm(speech()), rate=0), RecordingUnreadable),
    "a bomb": (flac_bomb(hours=1), RecordingTooLong),
    "a bomb that hides its length": (flac_bomb(hours=1, tell_length=False), RecordingTooLong),
}


@pytest.mark.parametrize(("content", "error"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_heard_is_refused(sandbox: Sandbox, content: bytes, error: type[Exception]) -> None:
    """Not a crash, not silence: an error that says what to do."""
    with pytest.raises(error):
        taken(sandbox, content)
