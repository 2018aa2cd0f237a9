"""Attempts: the edge of every job. Claim, work, and write the outcome once, or hand the check-in back."""

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing
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
    ServerKeyMissing,
    StorageFull,
    StorageUnavailable,
    TandemError,
    TemporaryError,
)
from store.claims import Claim
from store.stages import STAGE_WAITING_IN, Stage
from store.tables import CheckIn
from store.unit_of_work import UnitOfWork
from workers.shift import Shift, ShiftEnded

FAILURE_REASONS: Mapping[type[TandemError], FailureReason] = {
    RecordingMissing: FailureReason.RECORDING_MISSING,
    RecordingTooLong: FailureReason.RECORDING_TOO_LONG,
    RecordingUnreadable: FailureReason.UNDECODABLE,
    RecordingUnsupported: FailureReason.UNDECODABLE,
}
"""What a permanent error means for the person; any other is the stage's own reason."""

NOT_ITS_FAULT = (StorageUnavailable, StorageFull, ServerKeyMissing)
"""The recordings or their key cannot be had: every attempt would fail until somebody mends that, and none counts."""

MOST_TOGETHER = 50
"""Check-ins that one job takes up at most."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Outcome:
    """How a stage ended: the state to move to, columns to set, and what to save in the same transaction."""

    state: CheckInState
    save: Callable[[UnitOfWork], None]
    columns: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Progress:
    """A stage goes on, and this much of it shall not be lost."""

    save: Callable[[UnitOfWork, Claim], None]


Work = Callable[[Sequence[CheckIn]], Generator[tuple[UUID, "Outcome | Progress | Exception"]]]
"""A stage's work on some check-ins: news of each, in whatever order; each ends with an outcome or with its error."""


def attempt(
    shift: Shift,
    stage: Stage,
    check_in_id: UUID,
    work: Callable[[CheckIn], Outcome],
    *,
    otherwise: FailureReason,
) -> None:
    """Do a stage's work on a check-in, if there is any to do. Raises ShiftEnded."""

    def alone(check_ins: Sequence[CheckIn]) -> Generator[tuple[UUID, Outcome | Progress | Exception]]:
        for check_in in check_ins:
            yield check_in.id, work(check_in)

    attempt_together(shift, stage, check_in_id, alone, seconds=0, otherwise=otherwise)


def attempt_together(
    shift: Shift, stage: Stage, check_in_id: UUID, work: Work, *, seconds: float, otherwise: FailureReason
) -> None:
    """Do a stage's work on a check-in, if there is any to do, and on others that wait. Raises ShiftEnded.

    Others come along up to so many seconds of audio in all, where neither they nor the first were tried before.
    """
    try:
        claimed = _claim(shift, stage, check_in_id)
    except TemporaryError as error:  # the database is away: it still waits, and the sweep queues it again
        log.warning("attempt.not_begun", check_in_id=str(check_in_id), error=type(error).__name__)
        return
    if claimed is None:
        log.info("attempt.nothing_to_do", check_in_id=str(check_in_id), stage=stage.name)
        return
    first = claimed[1]
    room = seconds - shift.audio_seconds(first) if first.tries == 1 else 0.0
    others = list(_claim_others(shift, stage, seconds=room))
    Attempt(shift, [claimed, *others], otherwise).run(work)


class Attempt:
    """Work on claimed check-ins from beginning to end: each result is written as soon as it is there."""

    def __init__(self, shift: Shift, claimed: Sequence[tuple[Claim, CheckIn]], otherwise: FailureReason) -> None:
        self._shift = shift
        self._otherwise = otherwise
        self._check_ins = [check_in for _, check_in in claimed]
        self._open = {claim.check_in_id: claim for claim, _ in claimed}
        self._began = time.monotonic()

    def run(self, work: Work) -> None:
        """Until nothing is open. Raises ShiftEnded when the worker has to stop; what is open is then handed back."""
        deadline = self._shift.deadline(self._check_ins)
        with ExitStack() as held:
            for claim in self._open.values():
                held.enter_context(self._shift.keeper.holding(claim, seconds=deadline))
            try:
                self._work(work)
            except ShiftEnded:
                for claim in self._open.values():
                    with _named_in_logs(claim):
                        _hand_back(self._shift, claim)
                raise
            except Exception as error:  # noqa: BLE001 - the job's edge: an attempt that fails is a state, not a crash
                for check_in_id in list(self._open):
                    self._end(check_in_id, error)

    def _work(self, work: Work) -> None:
        with closing(work(self._check_ins)) as news:
            while self._open:
                with self._shift.gate.opened():
                    check_in_id, result = next(news)
                self._end(check_in_id, result)

    def _end(self, check_in_id: UUID, result: "Outcome | Progress | Exception") -> None:
        claim = self._open.get(check_in_id)
        if claim is None:
            return
        seconds = time.monotonic() - self._began
        with _named_in_logs(claim):
            try:
                if isinstance(result, Progress):
                    _save_progress(self._shift, claim, result)
                    return
                if isinstance(result, Outcome):
                    _finish(self._shift, claim, result, seconds=seconds)
                else:
                    _give_up(self._shift, claim, result, self._otherwise, seconds=seconds)
            except LeaseLost:
                log.warning("attempt.overtaken")
            except Exception as error:  # noqa: BLE001 - a result that cannot be saved is a failed attempt at this check-in alone
                _give_up(self._shift, claim, error, self._otherwise, seconds=seconds)
        self._shift.keeper.let_go(claim)
        del self._open[check_in_id]


def _named_in_logs(claim: Claim) -> AbstractContextManager[None]:
    """Whatever is logged during the block tells which check-in it is about."""
    return structlog.contextvars.bound_contextvars(
        check_in_id=str(claim.check_in_id), stage=claim.stage.name, attempt=claim.attempt
    )


def _claim(shift: Shift, stage: Stage, check_in_id: UUID) -> tuple[Claim, CheckIn] | None:
    with shift.store.unit_of_work() as work:
        claim = work.claims.take(stage, check_in_id, worker=shift.worker, now=shift.store.clock())
        return None if claim is None else (claim, work.claims.read(claim))


def _claim_others(shift: Shift, stage: Stage, *, seconds: float) -> Iterator[tuple[Claim, CheckIn]]:
    """Each in a transaction of its own: one of several would lock the feeds of several accounts."""
    if seconds <= 0:
        return
    try:
        with shift.store.reading() as reading:
            waiting = reading.claims.fresh(stage, now=shift.store.clock(), limit=MOST_TOGETHER - 1)
        for check_in_id, known_seconds in waiting:
            length = shift.unknown_audio_seconds if known_seconds is None else known_seconds
            if length <= seconds and (other := _claim(shift, stage, check_in_id)):
                seconds -= length
                yield other
    except TemporaryError as error:  # the database is away: those that were claimed go without more company
        log.warning("attempt.alone", error=type(error).__name__)


def _save_progress(shift: Shift, claim: Claim, progress: Progress) -> None:
    try:
        with shift.store.unit_of_work() as work:
            progress.save(work, claim)
    except TemporaryError as error:  # the work goes on all the same
        log.warning("attempt.progress_not_saved", error=type(error).__name__)


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
            state = _end_of(work, error)(claim, reason, now=shift.store.clock())
            outcome = reason if state is CheckInState.FAILED else "retry"
            work.stage_totals.add(claim.stage.name, outcome, seconds=seconds)
    except TandemError as lost:  # then its lease runs out, and the sweep counts the attempt
        log.warning("attempt.not_given_back", error=type(lost).__name__)


def _end_of(work: UnitOfWork, error: Exception) -> Callable[..., CheckInState]:
    if isinstance(error, PermanentError):
        return work.claims.fail
    return work.claims.postpone if isinstance(error, NOT_ITS_FAULT) else work.claims.give_back


def _hand_back(shift: Shift, claim: Claim) -> None:
    """The attempt did not fail, its worker is needed elsewhere: it does not count."""
    try:
        with shift.store.unit_of_work() as work:
            work.claims.hand_back(claim, now=shift.store.clock())
            work.nudge(claim.stage, claim.check_in_id, attempts=claim.attempt)
        log.info("attempt.handed_back")
    except TandemError as lost:
        log.warning("attempt.not_given_back", error=type(lost).__name__)
