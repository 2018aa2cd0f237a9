"""Recordings: sealed as they arrive, durable once kept, readable by whoever has the key of their account."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from io import BufferedReader
from pathlib import Path
from tempfile import TemporaryFile
from threading import BoundedSemaphore
from typing import BinaryIO
from uuid import UUID, uuid4

from store.audio import AudioStore, old_files, storage_errors
from store.sealed_file import CHUNK_BYTES, SealedReader, SealingWriter
from store.sealing import Cipher

COPIES = 8
"""Recordings that are in memory as a whole at a time, each at most as large as one may be."""


class Recordings:
    """What arrives is staged in a folder of this machine, and handed to the audio store as a whole."""

    def __init__(self, audio: AudioStore, incoming: Path) -> None:
        self._audio = audio
        self._copies = BoundedSemaphore(COPIES)
        self._incoming = incoming
        incoming.mkdir(parents=True, exist_ok=True, mode=0o700)

    @contextmanager
    def staged(self, cipher: Cipher) -> Iterator["StagedRecording"]:
        """Receive a recording; what was not kept by the end of the block is discarded."""
        with storage_errors():
            recording = StagedRecording(self._incoming / uuid4().hex, self._audio, cipher)
        try:
            yield recording
        finally:
            recording.discard()

    def open(self, key: str, cipher: Cipher) -> BinaryIO:
        """Its content, seekable. Raises RecordingMissing, StorageUnavailable, SealBroken (while reading, too)."""
        return BufferedReader(SealedReader(self._audio.open(key), cipher, key), CHUNK_BYTES)

    @contextmanager
    def in_memory(self, content: BinaryIO) -> Iterator[BinaryIO]:
        """A copy that has a descriptor, for the decoder. It lies in no folder and, on Linux, on no disk.

        Whoever wants one more than there may be at a time waits.
        """
        with self._copies, _unnamed_file() as copy:
            while chunk := content.read(CHUNK_BYTES):
                copy.write(chunk)
            copy.flush()
            copy.seek(0)
            yield copy

    def delete(self, key: str) -> None:
        """Remove it; nothing happens where it is gone already. Raises StorageUnavailable."""
        self._audio.delete(key)

    def belongs_to(self, owner: UUID) -> bool:
        """Whether these are the recordings of this database. The first that asks becomes the owner."""
        return self._audio.belongs_to(owner)

    def old_keys(self, *, minimum_age: float) -> Iterator[str]:
        """Keys of recordings older than so many seconds."""
        return self._audio.old_keys(minimum_age=minimum_age)

    def discard_left(self, *, minimum_age: float) -> None:
        """Remove what has been arriving for longer than so many seconds: its process was killed."""
        for path in old_files(self._incoming, "*", minimum_age=minimum_age):
            path.unlink(missing_ok=True)


class StagedRecording:
    """A recording that is still arriving. Unless it is kept, nothing of it stays."""

    def __init__(self, path: Path, audio: AudioStore, cipher: Cipher) -> None:
        self._path = path
        self._audio = audio
        self._cipher = cipher
        self._file = path.open("w+b")
        self._writer = SealingWriter(self._file, cipher, path.name)
        self._hash = sha256()
        self._finished = False
        self.size = 0

    def write(self, chunk: bytes) -> None:
        """Add to its end. Raises StorageFull, StorageUnavailable."""
        with storage_errors():
            self._writer.write(chunk)
        self._hash.update(chunk)
        self.size += len(chunk)

    @property
    def sha256(self) -> str:
        """Of what has been written, in hex."""
        return self._hash.hexdigest()

    def finish(self) -> BinaryIO:
        """Nothing more is written; what was can be read. Raises StorageFull, StorageUnavailable."""
        with storage_errors():
            if not self._finished:
                self._writer.finish()
                self._finished = True
            return BufferedReader(SealedReader(self._path.open("rb"), self._cipher, self._path.name), CHUNK_BYTES)

    def keep(self) -> str:
        """Make it durable; returns its key. Raises StorageFull, StorageUnavailable."""
        self.finish().close()
        self._audio.put(self._path.name, self._path)
        return self._path.name

    def discard(self) -> None:
        """Forget it, if it was not kept."""
        self._file.close()
        self._path.unlink(missing_ok=True)


def _unnamed_file() -> BinaryIO:
    if sys.platform == "linux":
        return os.fdopen(os.memfd_create("recording", os.MFD_CLOEXEC), "w+b")
    return TemporaryFile("w+b")
