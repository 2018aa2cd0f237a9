"""Attempts: the edge of every job. Claim, work, and write the outcome once, or hand the check-in back."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import structlog

from schemas.check_in import CheckInState, FailureReason
from schemas.errors import (
    LeaseLost,
    PermanentError,
    RecordingMissing,
    RecordingTooLong,
    RecordingUnreadable,
    RecordingUnsupported,
    TandemError,
    TemporaryError,
)
from store.claims import Claim
from store.opening import Store
from store.stages import STAGE_WAITING_IN, Stage
from store.tables import CheckIn
from store.unit_of_work import UnitOfWork
from workers.keeper import Keeper

FAILURE_REASONS: Mapping[type[TandemError], FailureReason] = {
    RecordingMissing: FailureReason.RECORDING_MISSING,
    RecordingTooLong: FailureReason.RECORDING_TOO_LONG,
    RecordingUnreadable: FailureReason.UNDECODABLE,
    RecordingUnsupported: FailureReason.UNDECODABLE,
}
"""What a permanent error means for the person; any other is the stage's own reason."""

log = structlog.get_logger()


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

    def deadline(self, check_in: CheckIn) -> float:
        """Seconds an attempt at this check-in may take."""
        length = check_in.audio_seconds or self.unknown_audio_seconds
        return self.deadline_seconds + self.deadline_per_audio_second * length


@dataclass(frozen=True)
class Outcome:
    """How a stage ended: the state to move to, columns to set, and what to save in the same transaction."""

    state: CheckInState
    save: Callable[[UnitOfWork], None]
    columns: Mapping[str, Any] = field(default_factory=dict)


def attempt(
    shift: Shift,
    stage: Stage,
    check_in_id: UUID,
    work: Callable[[CheckIn], Outcome],
    *,
    otherwise: FailureReason,
) -> None:
    """Do a stage's work on a check-in, if there is any to do. Raises ShiftEnded."""
    try:
        claimed = _claim(shift, stage, check_in_id)
    except TemporaryError as error:  # the database is away: it still waits, and the sweep queues it again
        log.warning("attempt.not_begun", check_in_id=str(check_in_id), error=type(error).__name__)
        return
    if claimed is None:
        log.info("attempt.nothing_to_do", check_in_id=str(check_in_id), stage=stage.name)
        return
    claim, check_in = claimed
    began = time.monotonic()
    with structlog.contextvars.bound_contextvars(check_in_id=str(check_in_id), stage=stage.name, attempt=claim.attempt):
        try:
            with shift.keeper.holding(claim, seconds=shift.deadline(check_in)):
                with shift.gate.opened():
                    outcome = work(check_in)
                _finish(shift, claim, outcome, seconds=time.monotonic() - began)
        except ShiftEnded:
            _hand_back(shift, claim)
            raise
        except LeaseLost:
            log.warning("attempt.overtaken")
        except Exception as error:  # noqa: BLE001 - the job's edge: an attempt that fails is a state, not a crash
            _give_up(shift, claim, error, otherwise, seconds=time.monotonic() - began)


def _claim(shift: Shift, stage: Stage, check_in_id: UUID) -> tuple[Claim, CheckIn] | None:
    with shift.store.unit_of_work() as work:
        claim = work.claims.take(stage, check_in_id, worker=shift.worker, now=shift.store.clock())
        return None if claim is None else (claim, work.claims.read(claim))


def _finish(shift: Shift, claim: Claim, outcome: Outcome, *, seconds: float) -> None:
    with shift.store.unit_of_work() as work:
        work.claims.finish(claim, outcome.state, now=shift.store.clock(), **outcome.columns)
        outcome.save(work)
        work.stage_totals.add(claim.stage.name, outcome.state, seconds=seconds)
        if outcome.state in STAGE_WAITING_IN:
            work.nudge(STAGE_WAITING_IN[outcome.state], claim.check_in_id, attempts=claim.attempt)
    log.info("attempt.finished", state=outcome.state, seconds=round(seconds, 3))


def _give_up(shift: Shift, claim: Claim, error: Exception, otherwise: FailureReason, *, seconds: float) -> None:
    """For good where the error says so; else to try again, as long as attempts are left."""
    log.error("attempt.failed", exc_info=error)
    reason = next((FAILURE_REASONS[kind] for kind in type(error).__mro__ if kind in FAILURE_REASONS), otherwise)
    try:
        with shift.store.unit_of_work() as work:
            end = work.claims.fail if isinstance(error, PermanentError) else work.claims.give_back
            state = end(claim, reason, now=shift.store.clock())
            outcome = reason if state is CheckInState.FAILED else "retry"
            work.stage_totals.add(claim.stage.name, outcome, seconds=seconds)
    except TandemError as lost:  # then its lease runs out, and the sweep counts the attempt
        log.warning("attempt.not_given_back", error=type(lost).__name__)


def _hand_back(shift: Shift, claim: Claim) -> None:
    """The attempt did not fail, its worker is needed elsewhere: it does not count."""
    try:
        with shift.store.unit_of_work() as work:
            work.claims.hand_back(claim, now=shift.store.clock())
            work.nudge(claim.stage, claim.check_in_id, attempts=claim.attempt)
        log.info("attempt.handed_back")
    except TandemError as lost:
        log.warning("attempt.not_given_back", error=type(lost).__name__)
