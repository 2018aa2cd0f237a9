"""Recordings and wake-ups in memory, for tests that are about something else."""

import time
from collections.abc import Iterator
from hashlib import sha256
from tempfile import TemporaryFile
from typing import BinaryIO
from uuid import UUID, uuid4

from schemas.errors import RecordingMissing
from store.stages import Stage


class MemoryAudioStore:
    """Recordings in memory, for tests."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[bytes, float]] = {}
        self._owner: UUID | None = None

    def stage(self) -> "MemoryStagedAudio":
        """Begin a recording."""
        return MemoryStagedAudio(self._kept)

    def open(self, key: str) -> BinaryIO:
        """A temporary file: whoever decodes needs a descriptor."""
        if key not in self._kept:
            raise RecordingMissing
        file = TemporaryFile()  # noqa: SIM115 - handed to the caller, who closes it
        file.write(self._kept[key][0])
        file.seek(0)
        return file

    def delete(self, key: str) -> None:
        """Forget it."""
        self._kept.pop(key, None)

    def belongs_to(self, owner: UUID) -> bool:
        """By what was said first."""
        self._owner = self._owner or owner
        return self._owner == owner

    def old_keys(self, *, minimum_age: float) -> Iterator[str]:
        """By the time they were kept."""
        oldest = time.time() - minimum_age
        yield from [key for key, (_, kept_at) in self._kept.items() if kept_at < oldest]


class MemoryStagedAudio:
    """A recording that arrives in an unnamed file, as whoever looks into it needs a descriptor."""

    def __init__(self, kept: dict[str, tuple[bytes, float]]) -> None:
        self._kept = kept
        self._file = TemporaryFile()  # noqa: SIM115 - closed when it is discarded
        self.size = 0

    def write(self, chunk: bytes) -> None:
        """Append."""
        self._file.seek(self.size)
        self._file.write(chunk)
        self.size += len(chunk)

    @property
    def sha256(self) -> str:
        """Hash of what was written."""
        return sha256(self._content()).hexdigest()

    @property
    def file(self) -> BinaryIO:
        """The file itself, flushed."""
        self._file.flush()
        return self._file

    def keep(self) -> str:
        """Remember it."""
        key = uuid4().hex
        self._kept[key] = (self._content(), time.time())
        return key

    def discard(self) -> None:
        """Close the file."""
        self._file.close()

    def _content(self) -> bytes:
        self._file.seek(0)
        return self._file.read()


class MemoryWakeUps:
    """Wake-ups that are only remembered."""

    def __init__(self) -> None:
        self.nudges: list[tuple[Stage, UUID, int]] = []
        self.announced: list[UUID] = []

    def nudge(self, stage: Stage, check_in_id: UUID, attempt: int) -> None:
        """Remember the nudge."""
        self.nudges.append((stage, check_in_id, attempt))

    def waiting(self, stage: Stage) -> int | None:
        """How many nudges of a stage have been taken in and not drained."""
        return sum(1 for nudged, _, _ in self.nudges if nudged is stage)

    def announce(self, account_id: UUID) -> None:
        """Remember the announcement."""
        self.announced.append(account_id)
