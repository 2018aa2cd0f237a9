"""A recording's format is told from its first bytes alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import RecordingEmpty, RecordingUnsupported
from schemas.recording import RecordingFormat
from store.media.formats import SNIFF_BYTES, sniff
from tests.store.media.recordings import KINDS, Kind, film, made

MAGIC = [
    b"RIFF\0\0\0\0WAVE",
    b"fLaC",
    b"OggS",
    b"#!AMR\n",
    b"caff\0\1",
    b"\0\0\0\x20ftyp",
    b"\x1a\x45\xdf\xa3",
    b"\x1a\x45\xdf\xa3\x9f\x42\x82",
    b"ID3\4\0\0",
    b"ID3\4\0\x10\0\0\0\0",
    b"\xff\xfb",
    b"\xff\xf1",
]
NOT_RECORDINGS = {
    "text": b"Dear diary, today we talked for an hour.",
    "text with a box's name": b"I'm free on Sunday morning.",
    "text in UTF-16": "\ufeffhello there".encode("utf-16"),
    "m3u8": b"#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:10,\nfile:///etc/passwd\n",
    "ffconcat": b"ffconcat version 1.0\nfile '/etc/passwd'\n",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "zip": b"PK\x03\x04\x14\0\0\0\x08\0",
    "png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF",
    "avi": b"RIFF\0\0\0\0AVI LIST",
    "EBML of another kind": b"\x1a\x45\xdf\xa3\x87\x42\x82\x84slip",
    "EBML without a kind": b"\x1a\x45\xdf\xa3\x84\x42\x86\x81\x01",
    "tag before text": b"ID3\4\0\0\0\0\0\x02xxhello",
    "half of a frame header": b"\xff\xfb",
    "one byte": b"\0",
    "zeros": bytes(SNIFF_BYTES),
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_format_is_known_by_its_first_bytes(kind: Kind) -> None:
    """What an encoder writes is recognised."""
    assert sniff(made(kind, seconds=0.2)[:SNIFF_BYTES]) is kind.format


def test_a_film_is_an_mp4() -> None:
    """Whether it has sound shows only when it is opened."""
    assert sniff(film(sound=False)[:SNIFF_BYTES]) is RecordingFormat.MP4


@pytest.mark.parametrize("box", [b"moov", b"mdat", b"wide", b"free", b"skip"])
def test_a_quicktime_file_may_begin_with_another_box(box: bytes) -> None:
    """Old recorders write no ftyp."""
    assert sniff(b"\0\0\0\x08" + box) is RecordingFormat.MP4


def test_wide_band_amr_is_amr() -> None:
    """Its magic is longer."""
    assert sniff(b"#!AMR-WB\n\x04") is RecordingFormat.AMR


@pytest.mark.parametrize("name", ["flac", "aac", "mp3 without tags"])
def test_a_tag_in_front_is_skipped(name: str) -> None:
    """ID3v2 tags, several and padded ones too, stand before more than mp3."""
    kind = KINDS[name]
    tags = b"ID3\4\0\0\0\0\1\2" + bytes(130) + b"ID3\4\0\x10\0\0\0\0" + b"3DI\4\0\x10\0\0\0\0" + bytes(7)
    assert sniff(tags + made(kind, seconds=0.2)) is kind.format


def test_a_tag_that_hides_what_follows_is_taken_for_an_mp3() -> None:
    """A large picture of the singer, most often."""
    assert sniff(b"ID3\3\0\0\0\1\0\0" + bytes(4000)) is RecordingFormat.MP3


@pytest.mark.parametrize("head", NOT_RECORDINGS.values(), ids=NOT_RECORDINGS)
def test_anything_else_is_refused(head: bytes) -> None:
    """Whatever name it came with."""
    with pytest.raises(RecordingUnsupported):
        sniff(head)


def test_nothing_is_an_empty_recording() -> None:
    """No byte is not a wrong byte."""
    with pytest.raises(RecordingEmpty):
        sniff(b"")


@given(st.sampled_from([b"", *MAGIC]), st.binary(max_size=64))
def test_no_bytes_surprise_it(magic: bytes, rest: bytes) -> None:
    """Any bytes are a format, or one of the two errors."""
    try:
        assert sniff(magic + rest) in RecordingFormat
    except (RecordingEmpty, RecordingUnsupported) as error:
        assert isinstance(error, RecordingEmpty) == (not magic + rest)  # noqa: PT017
