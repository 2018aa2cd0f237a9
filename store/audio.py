"""Where sealed recordings are kept: a folder, or any other place that takes whole files by key."""

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Protocol
from uuid import UUID

from schemas.errors import RecordingMissing, StorageFull, StorageUnavailable


class AudioStore(Protocol):
    """Sealed recordings by key: 32 hex characters, never given twice."""

    def put(self, key: str, file: Path) -> None:
        """Take over a complete file, durably; then it is gone from where it lay. A key that is there is left alone.

        Raises StorageFull, StorageUnavailable; the file is then where it was.
        """

    def open(self, key: str) -> BinaryIO:
        """Seekable, for reading. Raises RecordingMissing, StorageUnavailable."""

    def delete(self, key: str) -> None:
        """Remove it; nothing happens where it is gone already. Raises StorageUnavailable."""

    def belongs_to(self, owner: UUID) -> bool:
        """Whether these are the recordings of this database. The first that asks becomes the owner."""

    def old_keys(self, *, minimum_age: float) -> Iterator[str]:
        """Keys of recordings older than so many seconds: the janitor looks whether they still belong to a row."""


class LocalAudioStore:
    """A folder with folders by the first two characters of the keys."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def put(self, key: str, file: Path) -> None:
        """Content first, then the name, each to the disk."""
        place = self._path(key)
        with storage_errors():
            sync(file)
            place.parent.mkdir(exist_ok=True, mode=0o700)
            if place.exists():
                file.unlink()
                return
            file.rename(place)
            sync(place.parent)
            sync(place.parent.parent)

    def open(self, key: str) -> BinaryIO:
        """Open the file."""
        try:
            with storage_errors():
                return self._path(key).open("rb")
        except StorageUnavailable as error:
            if isinstance(error.__cause__, FileNotFoundError):
                raise RecordingMissing from error
            raise

    def delete(self, key: str) -> None:
        """Unlink the file."""
        with storage_errors():
            self._path(key).unlink(missing_ok=True)

    def belongs_to(self, owner: UUID) -> bool:
        """As a file in the folder tells."""
        mark, written = self._folder / "owner", self._folder / f"owner.{owner.hex}"
        with storage_errors():
            if not mark.exists():
                written.write_text(str(owner))
                sync(written)
                with suppress(FileExistsError):
                    os.link(written, mark)  # whole, and only if nobody was faster
                written.unlink()
            return mark.read_text() == str(owner)

    def old_keys(self, *, minimum_age: float) -> Iterator[str]:
        """By the files' age."""
        for path in old_files(self._folder, "??/*", minimum_age=minimum_age):
            yield path.name

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / key


def old_files(folder: Path, pattern: str, *, minimum_age: float) -> Iterator[Path]:
    """Files that nobody has written to for so many seconds."""
    oldest = time.time() - minimum_age
    for path in folder.glob(pattern):
        try:
            if path.stat().st_mtime < oldest:
                yield path
        except FileNotFoundError:
            continue


@contextmanager
def storage_errors() -> Iterator[None]:
    """What goes wrong with files, in our own words: StorageFull, StorageUnavailable."""
    try:
        yield
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
        raise (StorageFull if full else StorageUnavailable) from error


def sync(path: Path) -> None:
    """Have a file or a folder on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
