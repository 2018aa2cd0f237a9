"""Sealed files: chunks of 64 KiB, each sealed by itself, so that any range can be read without the rest.

A file is `MAGIC`, then chunks. Each is bound to the file's key and to its number; the last one is sealed as the last,
so that a file which was cut does not pass for a whole one.
"""

import io
from typing import BinaryIO

from schemas.errors import SealBroken
from store.sealing import OVERHEAD_BYTES, Cipher, Place

MAGIC = b"TDM\x01"
CHUNK_BYTES = 64 * 1024
SEALED_CHUNK_BYTES = CHUNK_BYTES + OVERHEAD_BYTES


class SealingWriter:
    """Seals what is written to it into a file. Until it is finished its content is not whole."""

    def __init__(self, file: BinaryIO, cipher: Cipher, key: str) -> None:
        self._file = file
        self._cipher = cipher
        self._key = key
        self._waiting = bytearray()
        self._chunks = 0
        file.write(MAGIC)

    def write(self, content: bytes) -> None:
        """Add to its end. A full chunk waits until more comes: it might be the last. Raises OSError."""
        self._waiting += content
        while len(self._waiting) > CHUNK_BYTES:
            self._seal(bytes(self._waiting[:CHUNK_BYTES]), is_last=False)
            del self._waiting[:CHUNK_BYTES]

    def finish(self) -> None:
        """Write the last chunk, which may be empty. Raises OSError."""
        self._seal(bytes(self._waiting), is_last=True)
        self._waiting.clear()
        self._file.flush()

    def _seal(self, content: bytes, *, is_last: bool) -> None:
        self._file.write(self._cipher.seal(content, _place(self._key, self._chunks, is_last=is_last)))
        self._chunks += 1


class SealedReader(io.RawIOBase):
    """Reads a sealed file as if it were not. Opens chunks as they are needed, and keeps the last one it opened.

    Raises SealBroken where something is not what was sealed, and whatever the file raises.
    """

    def __init__(self, file: BinaryIO, cipher: Cipher, key: str) -> None:
        super().__init__()
        self._file = file
        self._cipher = cipher
        self._key = key
        sealed_size = file.seek(0, io.SEEK_END) - len(MAGIC)
        self._chunks, rest = divmod(sealed_size, SEALED_CHUNK_BYTES)
        if rest:
            self._chunks += 1
        self.size = sealed_size - self._chunks * OVERHEAD_BYTES
        """Bytes of the content."""
        file.seek(0)
        if file.read(len(MAGIC)) != MAGIC or self._chunks == 0 or self.size < 0:
            raise SealBroken
        self._position = 0
        self._opened: tuple[int, bytes] | None = None

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As files do it."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        self._position = max(base + offset, 0)
        return self._position

    def tell(self) -> int:
        """As files do it."""
        return self._position

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]  # any buffer that can be written to
        """What is left of the present chunk, at most."""
        if self._position >= self.size:
            return 0
        number, start = divmod(self._position, CHUNK_BYTES)
        piece = self._chunk(number)[start : start + len(buffer)]
        buffer[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def close(self) -> None:
        """Close the file below as well."""
        self._file.close()
        super().close()

    def _chunk(self, number: int) -> bytes:
        if self._opened is None or self._opened[0] != number:
            self._file.seek(len(MAGIC) + number * SEALED_CHUNK_BYTES)
            sealed = self._file.read(SEALED_CHUNK_BYTES)
            place = _place(self._key, number, is_last=number == self._chunks - 1)
            self._opened = number, self._cipher.open(sealed, place)
        return self._opened[1]


def _place(key: str, number: int, *, is_last: bool) -> Place:
    return Place("audio", key, "last chunk" if is_last else "chunk", number)
