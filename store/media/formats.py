"""Formats: which container a recording is, by its first bytes and by nothing else."""

from schemas.errors import RecordingEmpty, RecordingUnsupported
from schemas.recording import RecordingFormat

SNIFF_BYTES = 4096
"""How many of the first bytes `sniff` wants to see."""

_EBML = b"\x1a\x45\xdf\xa3"
_EBML_DOC_TYPE = b"\x42\x82"
_MP4_FIRST_BOXES = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"}
_ID3_HEADER_BYTES = 10
_ID3_HAS_FOOTER = 0x10


def sniff(head: bytes) -> RecordingFormat:
    """The format of a recording that begins with these bytes.

    Raises RecordingEmpty where there are none, RecordingUnsupported where they are not a format's magic.
    """
    if not head:
        raise RecordingEmpty
    found = _by_signature(head) or _mp4(head) or _webm(head) or _tagged(head) or _by_frame(head)
    if found is None:
        raise RecordingUnsupported
    return found


def _by_signature(head: bytes) -> RecordingFormat | None:
    if head[:4] in {b"RIFF", b"RF64"} and head[8:12] == b"WAVE":
        return RecordingFormat.WAV
    if head.startswith(b"fLaC"):
        return RecordingFormat.FLAC
    if head.startswith(b"OggS"):
        return RecordingFormat.OGG
    if head.startswith((b"#!AMR\n", b"#!AMR-WB\n")):
        return RecordingFormat.AMR
    if head.startswith(b"caff\x00\x01"):
        return RecordingFormat.CAF
    return None


def _mp4(head: bytes) -> RecordingFormat | None:
    # Text may well have "free" at its fourth letter, but no size below 512 MB in front of it.
    size = int.from_bytes(head[:4], "big")
    plausible = size < 0x20000000 and (size >= 8 or size in {0, 1})
    return RecordingFormat.MP4 if plausible and head[4:8] in _MP4_FIRST_BOXES else None


def _webm(head: bytes) -> RecordingFormat | None:
    """EBML is the syntax of more than one format; the header names which (RFC 8794, 11.2.4)."""
    if not head.startswith(_EBML):
        return None
    size, start = _ebml_size(head, len(_EBML))
    header = head[start : start + size]
    at = header.find(_EBML_DOC_TYPE)
    if at < 0:
        return None
    size, start = _ebml_size(header, at + len(_EBML_DOC_TYPE))
    doc_type = header[start : start + size].rstrip(b"\0")
    return RecordingFormat.WEBM if doc_type in {b"webm", b"matroska"} else None


def _ebml_size(data: bytes, at: int) -> tuple[int, int]:
    """A variable-size integer (RFC 8794, 4) and where it ends; 0 where there is none."""
    first = data[at] if at < len(data) else 0
    if not first:
        return 0, at
    width = 9 - first.bit_length()
    return int.from_bytes(data[at : at + width], "big") & ((1 << 7 * width) - 1), at + width


def _tagged(head: bytes) -> RecordingFormat | None:
    """An ID3v2 tag, most often of an mp3, but in front of raw aac and flac too; mp3 where it hides what follows."""
    if not head.startswith(b"ID3"):
        return None
    rest = head
    while rest.startswith(b"ID3"):
        rest = rest[_id3_bytes(rest) :]
    rest = rest.lstrip(b"\0")
    if not rest:
        return RecordingFormat.MP3
    return RecordingFormat.FLAC if rest.startswith(b"fLaC") else _by_frame(rest)


def _id3_bytes(tag: bytes) -> int:
    """Size of the tag with its header: seven bits in each byte (ID3v2.4, 3.1)."""
    if len(tag) < _ID3_HEADER_BYTES:
        return len(tag)
    size = sum((byte & 0x7F) << shift for byte, shift in zip(tag[6:10], (21, 14, 7, 0), strict=True))
    footer = _ID3_HEADER_BYTES if tag[5] & _ID3_HAS_FOOTER else 0
    return _ID3_HEADER_BYTES + size + footer


def _by_frame(head: bytes) -> RecordingFormat | None:
    """Formats without a header of their own: the first frame begins at once."""
    if _is_mp3_frame(head):
        return RecordingFormat.MP3
    return RecordingFormat.AAC if _is_adts_frame(head) else None


def _is_mp3_frame(head: bytes) -> bool:
    """Layer III only, with a bit rate and a sample rate that exist (ISO 11172-3, 2.4.1.3)."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return False
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    bit_rate, sample_rate = head[2] >> 4, head[2] >> 2 & 3
    return version != 1 and layer == 1 and bit_rate not in {0, 15} and sample_rate != 3


def _is_adts_frame(head: bytes) -> bool:
    """Sync word, layer 0, a sample rate that exists, a frame longer than its header (ISO 13818-7, 6.2)."""
    if len(head) < 7 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
        return False
    frame_bytes = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    return head[2] >> 2 & 15 < 13 and frame_bytes > 7
