"""Whatever a phone records in becomes mono samples at 16 kHz."""

import pytest

from schemas.recording import RecordingFormat
from store.media.sandbox import Probe, Sandbox
from tests.store.media.recordings import (
    KINDS,
    TONE_HERTZ,
    Kind,
    file_of,
    film,
    flac_bomb,
    loudest_hertz,
    made,
    seconds_of,
    wav,
)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_length_and_codec_are_told_without_decoding(sandbox: Sandbox, kind: Kind) -> None:
    """Where the container tells no length, its packets do."""
    with file_of(made(kind, seconds=1.5)) as file:
        probe = sandbox.probe(file, kind.format, max_seconds=60)
    assert probe.seconds == pytest.approx(1.5, abs=0.1)
    assert probe.codec == kind.codec


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_the_sound_is_decoded(sandbox: Sandbox, kind: Kind) -> None:
    """The tone that went in comes out, as long as it was."""
    with file_of(made(kind, seconds=1.5)) as file:
        samples = sandbox.decode(file, kind.format, max_seconds=60)
    assert seconds_of(samples) == pytest.approx(1.5, abs=0.1)
    assert loudest_hertz(samples) == pytest.approx(TONE_HERTZ, abs=2)


def test_of_a_film_the_sound_is_taken(sandbox: Sandbox) -> None:
    """Its pictures are passed over."""
    with file_of(film(sound=True)) as file:
        assert sandbox.probe(file, RecordingFormat.MP4, max_seconds=60).codec == "aac"
        assert loudest_hertz(sandbox.decode(file, RecordingFormat.MP4, max_seconds=60)) == pytest.approx(440, abs=2)


@pytest.mark.parametrize("name", ["aac", "mp3", "flac"])
def test_a_tag_in_front_does_no_harm(sandbox: Sandbox, name: str) -> None:
    """ID3v2 before each format that `sniff` looks for behind it."""
    kind = KINDS[name]
    with file_of(b"ID3\4\0\0\0\0\1\2" + bytes(130) + made(kind)) as file:
        assert seconds_of(sandbox.decode(file, kind.format, max_seconds=60)) == pytest.approx(1, abs=0.1)


def test_samples_that_need_no_change_come_back_as_they_were(sandbox: Sandbox) -> None:
    """Mono, 16 kHz, 16 bits go through bit by bit."""
    samples = bytes(range(256)) * 125
    with file_of(wav(samples)) as file:
        assert sandbox.decode(file, RecordingFormat.WAV, max_seconds=60) == samples


def test_a_recording_without_samples_is_empty(sandbox: Sandbox) -> None:
    """It is valid: somebody pressed the button twice."""
    with file_of(wav(b"")) as file:
        assert sandbox.probe(file, RecordingFormat.WAV, max_seconds=60) == Probe(0.0, "pcm_s16le")
        assert sandbox.decode(file, RecordingFormat.WAV, max_seconds=60) == b""


def test_the_kind_of_frames_may_change_on_the_way(sandbox: Sandbox) -> None:
    """Two raw recordings put together, one of them stereo and at another rate."""
    mono = made(KINDS["aac"])
    stereo = made(KINDS["aac"]._replace(rate=48_000, layout="stereo"))
    with file_of(mono + stereo) as file:
        samples = sandbox.decode(file, RecordingFormat.AAC, max_seconds=60)
    assert seconds_of(samples) == pytest.approx(2, abs=0.2)
    assert loudest_hertz(samples) == pytest.approx(TONE_HERTZ, abs=2)


def test_an_hour_fits_the_limits(sandbox: Sandbox) -> None:
    """The longest recording that is accepted by default is decoded whole."""
    with file_of(flac_bomb(hours=1)) as file:
        samples = sandbox.decode(file, RecordingFormat.FLAC, max_seconds=3600)
    assert seconds_of(samples) == pytest.approx(3600, abs=2)


def test_a_recording_of_just_the_longest_length_is_accepted(sandbox: Sandbox) -> None:
    """Coders add a few frames; an app that stops at the limit is not punished for them."""
    with file_of(made(KINDS["m4a"], seconds=2)) as file:
        assert sandbox.probe(file, RecordingFormat.MP4, max_seconds=2).seconds == pytest.approx(2)
        assert seconds_of(sandbox.decode(file, RecordingFormat.MP4, max_seconds=2)) > 2
