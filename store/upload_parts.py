"""Parts of recordings on their way: each request that brings some has a sealed file of its own.

So two that write at once never touch each other's bytes, and what a request wrote after its last commit is simply not
counted. A file is a row of frames: 4 bytes of length (big endian), then that many sealed bytes.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

from schemas.errors import RecordingMissing, SealBroken
from store.audio import old_files, storage_errors, sync
from store.sealing import Cipher, Place

_LENGTH_BYTES = 4


class UploadParts:
    """A folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def new(self, cipher: Cipher) -> "PartWriter":
        """A new part. Raises StorageFull, StorageUnavailable."""
        with storage_errors():
            return PartWriter(self._folder / uuid4().hex, cipher)

    def read(self, key: str, cipher: Cipher, *, size: int) -> Iterator[bytes]:
        """The first `size` bytes of a part's content. Raises RecordingMissing, StorageUnavailable, SealBroken."""
        with storage_errors():
            try:
                file = (self._folder / key).open("rb")
            except FileNotFoundError as error:
                raise RecordingMissing from error
        with file:
            number = 0
            while size > 0:
                with storage_errors():
                    sealed = file.read(int.from_bytes(file.read(_LENGTH_BYTES), "big"))
                content = cipher.open(sealed, _place(key, number))
                if not 0 < len(content) <= size:
                    raise SealBroken
                size -= len(content)
                number += 1
                yield content

    def delete(self, key: str) -> None:
        """Remove a part; nothing happens where it is gone already. Raises StorageUnavailable."""
        with storage_errors():
            (self._folder / key).unlink(missing_ok=True)

    def old_keys(self, *, minimum_age: float) -> Iterator[str]:
        """Parts nobody has written to for so many seconds."""
        for path in old_files(self._folder, "*", minimum_age=minimum_age):
            yield path.name


class PartWriter:
    """A part that is being received. `size`: bytes of content that are on the disk."""

    def __init__(self, path: Path, cipher: Cipher) -> None:
        self._path = path
        self._cipher = cipher
        self._file = path.open("xb", buffering=0)  # nothing is left to be written when it is closed
        self._frames = 0
        self.size = 0

    @property
    def key(self) -> str:
        """Its name in the store."""
        return self._path.name

    def write(self, content: bytes) -> None:
        """Add a frame, and have it on the disk. Raises StorageFull, StorageUnavailable."""
        sealed = self._cipher.seal(content, _place(self.key, self._frames))
        with storage_errors():
            frame = memoryview(len(sealed).to_bytes(_LENGTH_BYTES, "big") + sealed)
            while frame:
                frame = frame[self._file.write(frame) :]
            os.fsync(self._file.fileno())
            if self._frames == 0:
                sync(self._path.parent)
        self._frames += 1
        self.size += len(content)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def _place(key: str, number: int) -> Place:
    return Place("upload_parts", key, "frame", number)
