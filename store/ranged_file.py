"""A file that lies elsewhere: each read fetches the range it needs, and no more."""

import os
from collections.abc import Callable
from io import RawIOBase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from typing_extensions import Buffer

LONGEST_FETCH_BYTES = 4 * 1024 * 1024
"""One fetch is short enough to be done in seconds; a longer read makes several."""


class RangedFile(RawIOBase):
    """Seekable, for reading. Put a BufferedReader around it: its buffer is what is read ahead.

    `fetch(start, end)` returns the bytes of a range that lies within `size`; what it raises, a read raises.
    """

    def __init__(self, size: int, fetch: "Callable[[int, int], Buffer]") -> None:
        super().__init__()
        self._size = size
        self._fetch = fetch
        self._place = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Moves without fetching anything; a place behind the end is one where nothing can be read."""
        place = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        if place < 0:
            raise ValueError("a place before the beginning")
        self._place = place
        return place

    def tell(self) -> int:
        """The place of the next byte."""
        return self._place

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """One fetch; may bring less than there is room for."""
        room = memoryview(buffer).cast("B")
        end = min(self._place + min(len(room), LONGEST_FETCH_BYTES), self._size)
        if end <= self._place:
            return 0
        fetched = memoryview(self._fetch(self._place, end))
        room[: len(fetched)] = fetched
        self._place += len(fetched)
        return len(fetched)

    def readall(self) -> bytes:
        """All that is left, in the longest fetches there are: the one of RawIOBase asks for 8 KiB at a time."""
        parts = bytearray()
        while part := self.read(LONGEST_FETCH_BYTES):
            parts += part
        return bytes(parts)
