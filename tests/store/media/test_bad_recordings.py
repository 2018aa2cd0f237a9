"""Damaged, lying and hostile recordings have a clean outcome, in bounded time and memory."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import RecordingTooLong, RecordingUnreadable, RecordingUnsupported
from schemas.recording import RecordingFormat
from store.media.sandbox import Sandbox
from tests.store.media.recordings import KINDS, Kind, file_of, film, flac_bomb, made, seconds_of, wav
from tests.store.media.test_formats import NOT_RECORDINGS

NOISE = random.Random(1).randbytes(50_000)  # noqa: S311 - the same in each run
MEASURED = """
import json, resource, sys, time
from schemas.errors import RecordingTooLong
from schemas.recording import RecordingFormat
from store.media.sandbox import Sandbox

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

with open(sys.argv[1], "rb") as file, Sandbox() as sandbox:
    before, began, outcome = peak(), time.monotonic(), "decoded"
    try:
        sandbox.decode(file, RecordingFormat.FLAC, max_seconds=600)
    except RecordingTooLong:
        outcome = "too long"
    print(json.dumps([outcome, time.monotonic() - began, peak() - before]))
"""


def probe(sandbox: Sandbox, content: bytes, format_: RecordingFormat, *, max_seconds: float = 3600) -> float | None:
    """Length as probed."""
    with file_of(content) as file:
        return sandbox.probe(file, format_, max_seconds=max_seconds).seconds


def decode(sandbox: Sandbox, content: bytes, format_: RecordingFormat, *, max_seconds: float = 3600) -> float:
    """Length as decoded."""
    with file_of(content) as file:
        return seconds_of(sandbox.decode(file, format_, max_seconds=max_seconds))


def test_a_film_without_sound_is_no_recording(sandbox: Sandbox) -> None:
    """There is no audio track to decode."""
    for task in (probe, decode):
        with pytest.raises(RecordingUnsupported):
            task(sandbox, film(sound=False), RecordingFormat.MP4)


def test_a_codec_that_libav_does_not_know_is_not_supported(sandbox: Sandbox) -> None:
    """The container is fine, its track is Greek."""
    content = made(KINDS["webm"]).replace(b"A_OPUS", b"A_QUUX")
    for task in (probe, decode):
        with pytest.raises(RecordingUnsupported):
            task(sandbox, content, RecordingFormat.WEBM)


def test_a_codec_that_no_recorder_uses_is_not_supported(sandbox: Sandbox) -> None:
    """libav could decode it; we do not let it."""
    content = made(Kind(RecordingFormat.WEBM, "matroska", "ac3", "ac3"))
    for task in (probe, decode):
        with pytest.raises(RecordingUnsupported):
            task(sandbox, content, RecordingFormat.WEBM)


@pytest.mark.parametrize("content", NOT_RECORDINGS.values(), ids=NOT_RECORDINGS)
def test_what_is_no_recording_fails_under_every_name(sandbox: Sandbox, content: bytes) -> None:
    """Playlists and other texts are never followed, whichever demuxer is made to look at them."""
    for format_ in RecordingFormat:
        with pytest.raises((RecordingUnreadable, RecordingUnsupported)):
            probe(sandbox, content, format_)


@pytest.mark.parametrize("name", ["m4a", "m4a, alac", "3gp"])
def test_an_mp4_without_its_index_is_damaged(sandbox: Sandbox, name: str) -> None:
    """The app was killed before it wrote moov."""
    content = made(KINDS[name])
    for task in (probe, decode):
        with pytest.raises(RecordingUnreadable):
            task(sandbox, content[: len(content) // 2], RecordingFormat.MP4)


STREAMED = [name for name in KINDS if name not in {"m4a", "m4a, alac", "3gp", "mov"}]


@pytest.mark.parametrize("name", STREAMED)
def test_of_a_recording_that_breaks_off_the_beginning_is_kept(sandbox: Sandbox, name: str) -> None:
    """Two thirds of the bytes are about two thirds of the sound."""
    content = made(KINDS[name], seconds=3)
    assert 1.3 < decode(sandbox, content[: len(content) * 2 // 3], KINDS[name].format) < 2.3


@pytest.mark.parametrize("name", [name for name in KINDS if name != "amr"])
def test_a_damaged_middle_is_left_out(sandbox: Sandbox, name: str) -> None:
    """Both ends are still heard. (An AMR has no sync words: noise in it becomes noise.)"""
    content = made(KINDS[name], seconds=3)
    middle, hurt = len(content) // 2, max(len(content) // 20, 200)
    assert 1.4 < decode(sandbox, content[:middle] + NOISE[:hurt] + content[middle + hurt :], KINDS[name].format) < 3.2


@pytest.mark.parametrize("name", [name for name in KINDS if name != "amr"])
@pytest.mark.parametrize("kept", [16, 32])
def test_magic_with_noise_behind_it_is_damaged(sandbox: Sandbox, name: str, kept: int) -> None:
    """Nothing in it can be decoded."""
    with pytest.raises((RecordingUnreadable, RecordingUnsupported)):
        decode(sandbox, made(KINDS[name])[:kept] + NOISE, KINDS[name].format)


def test_nothing_decodable_behind_a_good_header_is_damaged(sandbox: Sandbox) -> None:
    """It promises four minutes, and has none."""
    content = flac_bomb(hours=0.07)[:42] + bytes(20_000)
    assert probe(sandbox, content, RecordingFormat.FLAC) == pytest.approx(250, abs=2)
    with pytest.raises(RecordingUnreadable):
        decode(sandbox, content, RecordingFormat.FLAC)


def test_no_bytes_are_damaged(sandbox: Sandbox) -> None:
    """`sniff` has better words for it; it must not hang."""
    for format_ in RecordingFormat:
        with pytest.raises(RecordingUnreadable):
            decode(sandbox, b"", format_)


LIES = {
    "1 Hz": wav(NOISE, rate=1),
    "0 Hz": wav(NOISE, rate=0),
    "4 GHz": wav(NOISE, rate=0xFFFFFFFF),
    "no channel": wav(NOISE, channels=0),
    "9 channels": wav(NOISE, channels=9),
    "255 channels": wav(NOISE, channels=255),
    "65535 channels": wav(NOISE, channels=65_535),
    "no bits": wav(NOISE, bits=0),
    "64 bits": wav(NOISE, bits=64),
    "an unknown codec": wav(NOISE, codec=0x7777),
    "half a header": wav(NOISE)[:20],
}


@pytest.mark.parametrize("content", LIES.values(), ids=LIES)
def test_a_header_that_lies_is_refused(sandbox: Sandbox, content: bytes) -> None:
    """By the probe already, and by decoding."""
    for task in (probe, decode):
        with pytest.raises((RecordingUnreadable, RecordingUnsupported)):
            task(sandbox, content, RecordingFormat.WAV)


@pytest.mark.parametrize("size", [0, 100_000_000, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_size_that_lies_is_not_believed(sandbox: Sandbox, size: int) -> None:
    """A recorder that was killed, or that streamed, left any number there: the file has one second."""
    content = wav(bytes(32_000), size=size)
    assert probe(sandbox, content, RecordingFormat.WAV) == pytest.approx(1)
    assert decode(sandbox, content, RecordingFormat.WAV) == pytest.approx(1)


@pytest.mark.parametrize("name", KINDS)
def test_a_recording_over_the_limit_is_too_long(sandbox: Sandbox, name: str) -> None:
    """In every format, told or counted."""
    content = made(KINDS[name], seconds=2)
    for task in (probe, decode):
        with pytest.raises(RecordingTooLong):
            task(sandbox, content, KINDS[name].format, max_seconds=1)


def test_a_bomb_that_hides_its_length_is_counted(sandbox: Sandbox) -> None:
    """Hours in some kilobytes, and a header that does not say so."""
    with pytest.raises(RecordingTooLong):
        probe(sandbox, flac_bomb(hours=6, tell_length=False), RecordingFormat.FLAC)


def test_a_frame_that_grows_large_is_sent_in_parts(sandbox: Sandbox) -> None:
    """Fifteen bytes at 1 kHz are a minute: two megabytes when resampled."""
    content = flac_bomb(hours=0.05, rate=1000)
    assert decode(sandbox, content, RecordingFormat.FLAC) == pytest.approx(131, abs=1)


def test_a_bomb_is_cut_fast_and_small(tmp_path: Path) -> None:
    """A quarter of a megabyte that decodes to six hours: under 3 s and 50 MB for a limit of ten minutes."""
    path = tmp_path / "bomb"
    path.write_bytes(flac_bomb(hours=6))
    run = subprocess.run([sys.executable, "-c", MEASURED, str(path)], check=True, capture_output=True, text=True)
    outcome, seconds, grown = json.loads(run.stdout)
    assert outcome == "too long"
    assert seconds < 3
    assert grown < 50_000_000


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(sorted(KINDS)),
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=30),
)
def test_whatever_bytes_are_changed_the_outcome_is_one_of_ours(
    sandbox: Sandbox, name: str, changes: list[tuple[float, int]]
) -> None:
    """Samples, or one of the three errors."""
    content = bytearray(made(KINDS[name], seconds=0.2))
    for where, byte in changes:
        content[int(where * len(content))] = byte
    for task in (probe, decode):
        try:
            assert (task(sandbox, bytes(content), KINDS[name].format, max_seconds=60) or 0) < 61
        except (RecordingTooLong, RecordingUnreadable, RecordingUnsupported):
            continue
