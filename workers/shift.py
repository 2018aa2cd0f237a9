"""A shift: what an attempt needs of the worker it runs in, and how that worker is told to stop."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from store.opening import Store
from store.tables import CheckIn
from workers.keeper import Keeper


class ShiftEnded(BaseException):
    """The worker was asked to stop: raised in the middle of a stage."""


class Gate:
    """Open while a stage works, which may be interrupted. Claiming and finishing may not: they take milliseconds."""

    def __init__(self) -> None:
        self._open = False
        self._ending = False

    def end(self) -> None:
        """The worker has to stop. From a signal handler: raises ShiftEnded if the gate is open, else once it opens."""
        self._ending = True
        if self._open:
            self._open = False  # a second signal does not interrupt what the first one set off
            raise ShiftEnded

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Open during the block."""
        self._open = True
        try:
            if self._ending:
                raise ShiftEnded
            yield
        finally:
            self._open = False


@dataclass(frozen=True)
class Shift:
    """What an attempt needs of the worker it runs in."""

    store: Store
    worker: str
    keeper: Keeper
    gate: Gate
    deadline_seconds: float
    deadline_per_audio_second: float
    unknown_audio_seconds: float
    """Taken as the length of a recording whose length is not known yet."""

    def audio_seconds(self, check_in: CheckIn) -> float:
        """Length of a recording, or what stands for it where it is not known."""
        return self.unknown_audio_seconds if check_in.audio_seconds is None else check_in.audio_seconds

    def deadline(self, check_ins: Iterable[CheckIn]) -> float:
        """Seconds an attempt at these check-ins may take."""
        length = sum(self.audio_seconds(check_in) for check_in in check_ins)
        return self.deadline_seconds + self.deadline_per_audio_second * length
