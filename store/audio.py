"""Recordings on disk: staged while they arrive, durable once kept, gone when deleted."""

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Protocol
from uuid import UUID, uuid4

from schemas.errors import RecordingMissing, StorageFull, StorageUnavailable


class StagedAudio(Protocol):
    """A recording that is still arriving. Unless it is kept, nothing of it stays."""

    size: int

    def write(self, chunk: bytes) -> None:
        """Add to its end. Raises StorageFull, StorageUnavailable."""

    @property
    def sha256(self) -> str:
        """Of what has been written so far, in hex."""

    @property
    def file(self) -> BinaryIO:
        """What has been written so far, seekable, for reading."""

    def keep(self) -> str:
        """Make it durable; returns its key. Raises StorageFull, StorageUnavailable."""

    def discard(self) -> None:
        """Forget it, if it was not kept."""


class AudioStore(Protocol):
    """Recordings by key."""

    def stage(self) -> StagedAudio:
        """Begin to receive a recording."""

    def open(self, key: str) -> BinaryIO:
        """A seekable file with a descriptor of its own. Raises RecordingMissing."""

    def delete(self, key: str) -> None:
        """Remove it; nothing happens where it is gone already."""

    def belongs_to(self, owner: UUID) -> bool:
        """Whether these are the recordings of this database. The first that asks becomes the owner."""

    def old_keys(self, *, minimum_age: float) -> Iterator[str]:
        """Keys of recordings older than so many seconds: the janitor looks whether they still belong to a row."""


@contextmanager
def staged(store: AudioStore) -> Iterator[StagedAudio]:
    """Receive a recording; what was not kept by the end of the block is discarded."""
    audio = store.stage()
    try:
        yield audio
    finally:
        audio.discard()


class LocalAudioStore:
    """A folder. `incoming/` holds what is arriving, `<two letters>/` what is kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._incoming = folder / "incoming"
        self._incoming.mkdir(parents=True, exist_ok=True, mode=0o700)

    def stage(self) -> "LocalStagedAudio":
        """Begin a file in `incoming/`."""
        with _storage_errors():
            return LocalStagedAudio(self._incoming / uuid4().hex, self)

    def open(self, key: str) -> BinaryIO:
        """Open the file."""
        try:
            return self.path(key).open("rb")
        except FileNotFoundError as error:
            raise RecordingMissing from error

    def delete(self, key: str) -> None:
        """Unlink the file."""
        with _storage_errors():
            self.path(key).unlink(missing_ok=True)

    def belongs_to(self, owner: UUID) -> bool:
        """As a file in the folder tells."""
        mark = self._folder / "owner"
        try:
            with mark.open("x") as file:
                file.write(str(owner))
        except FileExistsError:
            return mark.read_text() == str(owner)
        return True

    def old_keys(self, *, minimum_age: float) -> Iterator[str]:
        """Kept files by their age; what has been arriving for longer than that is removed on the way."""
        oldest = time.time() - minimum_age
        for path in self._folder.glob("*/*"):
            if _modified_before(path, oldest):
                if path.parent == self._incoming:
                    path.unlink(missing_ok=True)
                else:
                    yield path.name

    def path(self, key: str) -> Path:
        """Where a recording lies."""
        return self._folder / key[:2] / key


class LocalStagedAudio:
    """A growing file that is renamed into its place."""

    def __init__(self, path: Path, store: LocalAudioStore) -> None:
        self._path = path
        self._store = store
        self._file = path.open("w+b")
        self._hash = sha256()
        self.size = 0

    def write(self, chunk: bytes) -> None:
        """Append."""
        with _storage_errors():
            self._file.write(chunk)
        self._hash.update(chunk)
        self.size += len(chunk)

    @property
    def sha256(self) -> str:
        """Hash of what was written."""
        return self._hash.hexdigest()

    @property
    def file(self) -> BinaryIO:
        """The file itself, flushed."""
        with _storage_errors():
            self._file.flush()
        return self._file

    def keep(self) -> str:
        """Content first, then the name, each to the disk."""
        key = self._path.name
        place = self._store.path(key)
        with _storage_errors():
            self._file.flush()
            os.fsync(self._file.fileno())
            place.parent.mkdir(exist_ok=True, mode=0o700)
            self._path.rename(place)
            for folder in (place.parent, place.parent.parent):
                _sync_folder(folder)
        return key

    def discard(self) -> None:
        """Close, and unlink what still lies in `incoming/`."""
        self._file.close()
        self._path.unlink(missing_ok=True)


@contextmanager
def _storage_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
        raise (StorageFull if full else StorageUnavailable) from error


def _modified_before(path: Path, moment: float) -> bool:
    try:
        return path.stat().st_mtime < moment
    except FileNotFoundError:
        return False


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
