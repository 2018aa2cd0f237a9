"""Claims: how a worker takes up a check-in, keeps it, and hands it back, so that each result is written once.

A claim is won by a conditional update that raises the attempt; every later write of that worker holds only while
the attempt is still its own. A worker that was away too long finds its claim gone and nothing it did is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, update

from schemas.check_in import CheckInState, FailureReason
from schemas.errors import LeaseLost
from schemas.transcript import Transcript
from store.check_ins import CheckIns
from store.database import DatabaseSession
from store.progress import Progress
from store.stages import STAGE_WAITING_IN, STAGES, Stage
from store.tables import CheckIn


@dataclass(frozen=True)
class ClaimRules:
    """How long a claim holds without a sign of life, and how often a stage is tried."""

    lease: timedelta
    max_attempts: int
    retry_after: timedelta


@dataclass(frozen=True)
class Claim:
    """The right to work on a check-in, as the attempt-th to do so."""

    check_in_id: UUID
    attempt: int
    stage: Stage


class Claims:
    """The workers' view of check-ins."""

    def __init__(self, session: DatabaseSession, check_ins: CheckIns, progress: Progress, rules: ClaimRules) -> None:
        self._session = session
        self._check_ins = check_ins
        self._progress = progress
        self._rules = rules

    def take(self, stage: Stage, check_in_id: UUID, *, worker: str, now: datetime) -> Claim | None:
        """Take up a check-in if it waits for this stage; None where there is nothing to do."""
        check_in = self._session.get(CheckIn, check_in_id)
        if check_in is None or check_in.state is not stage.waiting:
            return None
        attempt = check_in.attempt + 1
        taken = self._check_ins.move_to(
            stage.working,
            check_in,
            where=(CheckIn.attempt == check_in.attempt) & (CheckIn.due_at <= now),
            now=now,
            attempt=attempt,
            tries=check_in.tries + 1,
            leased_by=worker,
            due_at=now + self._rules.lease,
        )
        return Claim(check_in_id, attempt, stage) if taken else None

    def fresh(self, stage: Stage, *, now: datetime, limit: int) -> Sequence[tuple[UUID, float | None]]:
        """What waits for its first try at a stage, longest due first: (id, seconds of audio where they are known).

        What was tried before is left out: it may be what ended its worker, and shall take no other with it.
        """
        query = select(CheckIn.id, CheckIn.audio_seconds).where(
            CheckIn.state == stage.waiting, CheckIn.due_at <= now, CheckIn.tries == 0
        )
        rows = self._session.execute(query.order_by(CheckIn.due_at).limit(limit))
        return [(check_in_id, seconds) for check_in_id, seconds in rows]

    def renew(self, claim: Claim, *, now: datetime) -> bool:
        """Show a sign of life. False where the claim is another's by now."""
        renewed = self._session.execute(
            update(CheckIn)
            .where(CheckIn.id == claim.check_in_id, _held(claim))
            .values(due_at=now + self._rules.lease)
            .returning(CheckIn.id)
        ).one_or_none()
        return renewed is not None

    def read(self, claim: Claim) -> CheckIn:
        """The check-in as this attempt may work on it. Raises LeaseLost."""
        query = select(CheckIn).where(CheckIn.id == claim.check_in_id, _held(claim))
        check_in = self._session.scalar(query)
        if check_in is None:
            raise LeaseLost
        return check_in

    def progress(self, claim: Claim, transcript: Transcript, *, seconds: float, percent: int, now: datetime) -> None:
        """Keep what was heard in the first `seconds` of the recording, and tell of it: a sign of life, too.

        Raises LeaseLost, and then nothing of this transaction may be kept.
        """
        self.renew(claim, now=now)  # and nobody else takes it before this transaction ends
        check_in = self.read(claim)
        self._progress.save(check_in, transcript, seconds=seconds, percent=percent, now=now)

    def finish(self, claim: Claim, state: CheckInState, *, now: datetime, **values: Any) -> None:
        """End the attempt well. Raises LeaseLost, and then nothing of this transaction may be kept."""
        due_at = now if state in STAGE_WAITING_IN else None
        if state is CheckInState.TRANSCRIBED:  # the first transcript: recordings may be kept for a time from then on
            values["transcribed_at"] = func.coalesce(CheckIn.transcribed_at, now)
        self._leave(claim, state, now=now, due_at=due_at, tries=0, **values)

    def give_back(self, claim: Claim, reason: FailureReason, *, now: datetime) -> CheckInState:
        """End the attempt for a reason that may pass: later once more, or failed after the last attempt."""
        tries = self.read(claim).tries
        if tries >= self._rules.max_attempts:
            return self.fail(claim, reason, now=now)
        due_at = now + self._rules.retry_after * 2 ** (tries - 1)
        self._leave(claim, claim.stage.waiting, now=now, due_at=due_at)
        return claim.stage.waiting

    def postpone(self, claim: Claim, _reason: FailureReason, *, now: datetime) -> CheckInState:
        """End the attempt for what is not the recording's fault, and lasts as long as it lasts: it does not count."""
        tries = self.read(claim).tries
        due_at = now + self._rules.retry_after
        self._leave(claim, claim.stage.waiting, now=now, due_at=due_at, tries=tries - 1)
        return claim.stage.waiting

    def hand_back(self, claim: Claim, *, now: datetime) -> None:
        """End the attempt because the worker has to stop: it does not count."""
        tries = self.read(claim).tries
        self._leave(claim, claim.stage.waiting, now=now, due_at=now, tries=tries - 1)

    def fail(self, claim: Claim, reason: FailureReason, *, now: datetime) -> CheckInState:
        """End the attempt for a reason that stays."""
        self._leave(claim, CheckInState.FAILED, now=now, due_at=None, failure_reason=reason)
        return CheckInState.FAILED

    def expired(self, *, now: datetime, limit: int) -> Sequence[UUID]:
        """Check-ins whose worker has shown no sign of life for a whole lease."""
        return self._working(CheckIn.due_at < now, limit=limit)

    def left_by(self, worker: str, *, limit: int) -> Sequence[UUID]:
        """Check-ins that a worker of this name holds: those of its predecessor, when it has just started."""
        return self._working(CheckIn.leased_by == worker, limit=limit)

    def release(self, check_in_id: UUID, *, worker: str | None = None, now: datetime) -> tuple[Stage, int] | None:
        """Count an attempt whose worker is gone: back to waiting, then (stage, attempts); failed after the last one."""
        check_in = self._session.get(CheckIn, check_in_id)
        stage = next((stage for stage in STAGES if check_in and check_in.state is stage.working), None)
        if check_in is None or stage is None:
            return None
        gone = CheckIn.due_at < now if worker is None else CheckIn.leased_by == worker
        attempts = check_in.attempt
        still = (CheckIn.attempt == attempts) & gone
        if check_in.tries >= self._rules.max_attempts:
            lost: dict[str, Any] = {"due_at": None, "failure_reason": FailureReason.WORKER_LOST}
            self._check_ins.move_to(CheckInState.FAILED, check_in, where=still, now=now, leased_by=None, **lost)
            return None
        moved = self._check_ins.move_to(stage.waiting, check_in, where=still, now=now, leased_by=None, due_at=now)
        return (stage, attempts) if moved else None

    def due(self, stage: Stage, *, now: datetime, limit: int) -> Sequence[tuple[UUID, int]]:
        """What waits for a stage and may be worked on, longest due first: (id, attempts so far)."""
        query = select(CheckIn.id, CheckIn.attempt).where(CheckIn.state == stage.waiting, CheckIn.due_at <= now)
        rows = self._session.execute(query.order_by(CheckIn.due_at).limit(limit))
        return [(check_in_id, attempt) for check_in_id, attempt in rows]

    def waiting(self, stage: Stage) -> tuple[int, datetime | None]:
        """How many check-ins wait for a stage, and since when the oldest was asked for."""
        query = select(func.count(), func.min(CheckIn.requested_at)).where(CheckIn.state == stage.waiting)
        count, oldest = self._session.execute(query).one()
        return count, oldest

    def _working(self, condition: ColumnElement[bool], *, limit: int) -> Sequence[UUID]:
        working = or_(*(CheckIn.state == stage.working for stage in STAGES))
        query = select(CheckIn.id).where(working, condition).order_by(CheckIn.due_at)
        return self._session.scalars(query.limit(limit)).all()

    def _leave(self, claim: Claim, state: CheckInState, *, now: datetime, **values: Any) -> None:
        check_in = self.read(claim)
        left = self._check_ins.move_to(state, check_in, where=_held(claim), now=now, leased_by=None, **values)
        if not left:
            raise LeaseLost


def _held(claim: Claim) -> ColumnElement[bool]:
    return (CheckIn.attempt == claim.attempt) & (CheckIn.state == claim.stage.working)
