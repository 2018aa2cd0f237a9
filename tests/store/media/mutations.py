"""Recordings hurt on purpose: the same seed hurts the same recording in the same way, again and again."""

from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import NamedTuple

from schemas.recording import RecordingFormat
from store.media.formats import SNIFF_BYTES, sniff
from tests.store.media.recordings import KINDS, Kind
from tests.store.media.speech import encoded, speech

RECORDINGS = Path(__file__).parents[3] / "recordings"
MADE = (
    *("aac", "amr", "caf", "m4a, moov first", "m4a, alac", "mkv", "mov", "mp4 in fragments", "3gp", "rf64"),
    *("wav, A-law", "webm", "webm as it is streamed"),
)
"""What no file in recordings/ is, made from speech."""
CRC_POLYNOMIAL = 0x04C11DB7
MARKS = (
    *(b"RIFF", b"RF64", b"ds64", b"fmt ", b"data", b"LIST"),
    *(b"ftyp", b"moov", b"mvhd", b"tkhd", b"mdhd", b"elst", b"stsd", b"mp4a", b"samr", b"alac", b"esds", b"stts"),
    *(b"stsc", b"stsz", b"stco", b"mdat", b"moof", b"tfhd", b"trun", b"mvex", b"trex", b"udta", b"meta"),
    *(b"OggS", b"OpusHead", b"OpusTags", b"\x01vorbis", b"\x05vorbis", b"fLaC", b"caff", b"desc", b"chan", b"pakt"),
    *(b"ID3", b"Xing", b"Info", b"LAME", b"#!AMR", b"\xff\xfb", b"\xff\xf1", b"\x1a\x45\xdf\xa3", b"\x42\x82"),
    *(b"\x18\x53\x80\x67", b"\x15\x49\xa9\x66", b"\x16\x54\xae\x6b", b"\x1f\x43\xb6\x75", b"\x2a\xd7\xb1", b"\xb5"),
)
"""What header fields of these formats stand near: names of boxes, chunks, pages and elements."""
EXTREMES = (0, 1, 2, 7, 255, 0x7FFF, 0xFFFF, 192_000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, (1 << 63) - 1, (1 << 64) - 1)


class Original(NamedTuple):
    """A good recording."""

    name: str
    content: bytes
    format: RecordingFormat


class Hurt(NamedTuple):
    """What became of one."""

    original: Original
    content: bytes
    how: tuple[str, ...]
    """Names of the mutations, in their order."""


def originals(*, longest_seconds: float | None = None) -> tuple[Original, ...]:
    """The recordings that are shipped, and speech of this length in the formats that none of them has."""
    count = None if longest_seconds is None else int(longest_seconds * 16_000)
    shipped = [file for file in sorted(RECORDINGS.iterdir()) if file.suffix not in {".md", ".jsonl"}]
    found = [Original(file.name, content := file.read_bytes(), sniff(content[:SNIFF_BYTES])) for file in shipped]
    kinds: Mapping[str, Kind] = {name: KINDS[name]._replace(layout="mono") for name in MADE}
    made = [Original(name, encoded([speech()[:count]], kind), kind.format) for name, kind in kinds.items()]
    return (*found, *made)


def hurt(among: tuple[Original, ...], seed: int, number: int) -> Hurt:
    """The recording of a number under a seed: one, two or four mutations, one after the other."""
    chance = Random(f"{seed}:{number}")  # noqa: S311 - no secret: the same in each run
    original = chance.choice(among)
    content, how = bytearray(original.content), []
    for _ in range(chance.choice((1, 1, 2, 4))):
        name = chance.choice(tuple(MUTATIONS))
        MUTATIONS[name](content, chance)
        how.append(name)
    if chance.random() < 0.2:
        _splice(content, chance.choice(among).content, chance)
        how.append("splice")
    if chance.random() < 0.5:
        mend_pages(content)
    return Hurt(original, bytes(content), tuple(how))


def mend_pages(content: bytearray) -> None:
    """Make the checksums of Ogg pages right again (RFC 3533, 6): else a hurt page is dropped before it is read."""
    at = content.find(b"OggS")
    while 0 <= at < len(content) - 27:
        count = content[at + 26]
        end = at + 27 + count + sum(content[at + 27 : at + 27 + count])
        content[at + 22 : at + 26] = bytes(4)
        content[at + 22 : at + 26] = _ogg_crc(content[at:end]).to_bytes(4, "little")
        at = content.find(b"OggS", at + 4)


def _ogg_crc(page: bytes | bytearray) -> int:
    crc = 0
    for byte in page:
        crc = crc << 8 & 0xFFFFFFFF ^ _CRCS[crc >> 24 ^ byte]
    return crc


def _crc_of(byte: int) -> int:
    crc = byte << 24
    for _ in range(8):
        crc = crc << 1 ^ (CRC_POLYNOMIAL if crc >> 31 else 0)
    return crc & 0xFFFFFFFF


_CRCS = tuple(map(_crc_of, range(256)))


def _place(content: bytearray, chance: Random) -> int:
    """Half of the time among the first bytes: there is most to break."""
    return chance.randrange(max(min(len(content), 1024) if chance.random() < 0.5 else len(content), 1))


def _flip_bits(content: bytearray, chance: Random) -> None:
    for _ in range(chance.choice((1, 2, 8, 64, 512)) if content else 0):
        content[_place(content, chance)] ^= 1 << chance.randrange(8)


def _blank(content: bytearray, chance: Random) -> None:
    at = _place(content, chance)
    count = min(chance.choice((1, 4, 64, 1024, 16_384)), len(content) - at)
    content[at : at + count] = bytes(count)


def _noise(content: bytearray, chance: Random) -> None:
    at = _place(content, chance)
    count = min(chance.choice((1, 4, 64, 1024, 16_384)), len(content) - at)
    content[at : at + count] = chance.randbytes(count)


def _cut(content: bytearray, chance: Random) -> None:
    del content[chance.randrange(len(content) + 1) :]


def _inflate(content: bytearray, chance: Random) -> None:
    """A number of 1 to 8 bytes near the name of a header becomes an extreme one."""
    present = [mark for mark in MARKS if mark in content]
    at = _place(content, chance)
    if present:
        mark = chance.choice(present)
        at = content.find(mark, chance.choice((0, at)))
        at = max((content.find(mark) if at < 0 else at) + chance.randint(-8, 48), 0)
    width = chance.choice((1, 2, 4, 4, 8))
    number = chance.choice(EXTREMES) & ((1 << 8 * width) - 1)
    if at + width <= len(content):
        content[at : at + width] = number.to_bytes(width, chance.choice(("big", "little")))


def _chunk(content: bytearray, chance: Random) -> tuple[int, int]:
    begin = _place(content, chance)
    return begin, min(begin + chance.choice((1, 8, 100, 4096, max(len(content) // 4, 1))), len(content))


def _repeat(content: bytearray, chance: Random) -> None:
    begin, end = _chunk(content, chance)
    at = chance.choice((end, _place(content, chance)))
    content[at:at] = content[begin:end] * chance.choice((1, 1, 3))


def _drop(content: bytearray, chance: Random) -> None:
    begin, end = _chunk(content, chance)
    del content[begin:end]


def _move(content: bytearray, chance: Random) -> None:
    begin, end = _chunk(content, chance)
    moved = content[begin:end]
    del content[begin:end]
    at = _place(content, chance)
    content[at:at] = moved


def _splice(content: bytearray, other: bytes, chance: Random) -> None:
    """The beginning of one and the end of another, or the other in the middle."""
    at, from_ = _place(content, chance), chance.randrange(len(other))
    end = at if chance.random() < 0.3 else len(content)
    content[at:end] = other[from_:]


MUTATIONS: Mapping[str, Callable[[bytearray, Random], None]] = {
    "flip bits": _flip_bits,
    "blank": _blank,
    "noise": _noise,
    "cut": _cut,
    "inflate": _inflate,
    "inflate more": _inflate,
    "repeat": _repeat,
    "drop": _drop,
    "move": _move,
}
