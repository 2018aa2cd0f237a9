"""A file that is fetched in ranges reads like one that is there."""

import os
from io import BufferedReader, BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.ranged_file import LONGEST_FETCH_BYTES, RangedFile


class Elsewhere:
    """Bytes that are fetched, and how often they were."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.fetched: list[tuple[int, int]] = []

    def fetch(self, start: int, end: int) -> bytes:
        """A range within the content."""
        assert 0 <= start < end <= len(self.content)
        self.fetched.append((start, end))
        return self.content[start:end]

    def file(self, buffer: int = 16) -> BufferedReader:
        """The whole as a file."""
        return BufferedReader(RangedFile(len(self.content), self.fetch), buffer)


@given(
    content=st.binary(max_size=100),
    steps=st.lists(
        st.tuples(st.sampled_from([os.SEEK_SET, os.SEEK_CUR, os.SEEK_END]), st.integers(-50, 150), st.integers(-1, 60))
    ),
)
def test_any_steps_read_what_a_file_would(content: bytes, steps: list[tuple[int, int, int]]) -> None:
    """Wherever it is moved to, and however much is read there."""
    there = BytesIO(content)
    elsewhere = Elsewhere(content).file()
    for whence, offset, size in steps:
        target = offset + {os.SEEK_SET: 0, os.SEEK_CUR: there.tell(), os.SEEK_END: len(content)}[whence]
        if target >= 0:
            assert elsewhere.seek(offset, whence) == there.seek(target)
        assert elsewhere.read(size) == there.read(size)
        assert elsewhere.tell() == there.tell()


def test_before_the_beginning_there_is_nothing() -> None:
    """As with any file."""
    with pytest.raises(ValueError, match="before the beginning"):
        RangedFile(5, Elsewhere(b"speech").fetch).seek(-1)


def test_small_reads_share_a_fetch() -> None:
    """The buffer is what is read ahead."""
    elsewhere = Elsewhere(bytes(range(40)))
    with elsewhere.file(buffer=16) as file:
        assert [file.read(2) for _ in range(4)] == [b"\x00\x01", b"\x02\x03", b"\x04\x05", b"\x06\x07"]

    assert elsewhere.fetched == [(0, 16)]


def test_only_what_is_asked_for_is_fetched() -> None:
    """And a buffer of it, not what lies before."""
    elsewhere = Elsewhere(bytes(200))
    with elsewhere.file(buffer=16) as file:
        file.seek(100)
        file.read(5)

    assert elsewhere.fetched == [(100, 116)]


def test_a_whole_read_takes_few_fetches() -> None:
    """Each as long as one may be."""
    elsewhere = Elsewhere(bytes(LONGEST_FETCH_BYTES + 10))
    with elsewhere.file() as file:
        assert file.read() == elsewhere.content

    assert elsewhere.fetched == [(0, LONGEST_FETCH_BYTES), (LONGEST_FETCH_BYTES, LONGEST_FETCH_BYTES + 10)]
