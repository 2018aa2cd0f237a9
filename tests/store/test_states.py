"""A state machine walks through everything that can happen to check-ins, and checks what must always hold."""

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule
from sqlalchemy import select

from schemas.change import ChangeType
from schemas.check_in import ALLOWED_TRANSITIONS, SETTLED_STATES, CheckInState, FailureReason
from schemas.errors import CheckInNotFound, CheckInUnsettled, LeaseLost
from store.claims import Claim
from store.database import Database
from store.schema import migrate
from store.stages import STAGES, TRANSCRIBE, Stage
from store.sweep import sweep
from store.tables import Change, CheckIn
from tests.conftest import RULES, make_store
from tests.making import make_account, make_check_in, make_partial, make_transcript

UNHEARD = {TRANSCRIBE.waiting, TRANSCRIBE.working, CheckInState.FAILED}


@cache
def _empty() -> bytes:
    """A migrated database without rows: to migrate one for every example takes minutes."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "empty.sqlite3"
        database = Database(f"sqlite+pysqlite:///{file}")
        migrate(database)
        database.close()
        return file.read_bytes()


class CheckInMachine(RuleBasedStateMachine):
    """People record, delete, run again; workers claim, finish, fail, stop, stall; time passes; the sweep runs."""

    check_ins = Bundle("check_ins")
    claims = Bundle("claims")

    @initialize()
    def open(self) -> None:
        """An empty store."""
        self.now = datetime(2026, 3, 1, tzinfo=UTC)
        self.folder = TemporaryDirectory()
        file = Path(self.folder.name) / "states.sqlite3"
        file.write_bytes(_empty())
        database = Database(f"sqlite+pysqlite:///{file}")
        self.store = make_store(database, Path(self.folder.name), lambda: self.now)
        self.account_id = make_account(self.store)
        self.finished: dict[Any, int] = {}
        self.deleted: set[Any] = set()

    def teardown(self) -> None:
        """Remove it."""
        self.store.close()
        self.folder.cleanup()

    @rule(target=check_ins)
    def record(self) -> Any:
        """Somebody records."""
        return make_check_in(self.store, self.account_id)

    @rule(target=claims, check_in_id=check_ins, stage=st.sampled_from(STAGES))
    def claim(self, check_in_id: Any, stage: Stage) -> Any:
        """A worker wants it."""
        with self.store.unit_of_work() as work:
            claim = work.claims.take(stage, check_in_id, worker="w", now=self.now)
        return multiple() if claim is None else claim

    @rule(claim=claims)
    def finish(self, claim: Claim) -> None:
        """A worker, perhaps one that was away for long, brings its result."""
        state = CheckInState.TRANSCRIBED if claim.stage is STAGES[0] else CheckInState.READY
        try:
            with self.store.unit_of_work() as work:
                work.claims.finish(claim, state, now=self.now)
                if claim.stage is STAGES[0]:
                    work.results.save_transcript(claim.check_in_id, make_transcript(), now=self.now)
                else:
                    work.results.save_tags(claim.check_in_id, (), tagger="none")
        except LeaseLost:
            return
        key = claim.check_in_id, claim.attempt
        self.finished[key] = self.finished.get(key, 0) + 1

    @rule(claim=claims, percent=st.integers(0, 100))
    def progress(self, claim: Claim, percent: int) -> None:
        """A worker tells how far it has come."""
        partial = make_partial(*["I feel calm."] * (1 + percent // 25))
        try:
            with self.store.unit_of_work() as work:
                work.claims.progress(claim, partial, seconds=percent / 10, percent=percent, now=self.now)
        except LeaseLost:
            return

    @rule(claim=claims)
    def give_back(self, claim: Claim) -> None:
        """A worker fails for a reason that may pass."""
        try:
            with self.store.unit_of_work() as work:
                work.claims.give_back(claim, FailureReason.TRANSCRIPTION_FAILED, now=self.now)
        except LeaseLost:
            return

    @rule(claim=claims)
    def hand_back(self, claim: Claim) -> None:
        """A worker is told to stop."""
        try:
            with self.store.unit_of_work() as work:
                work.claims.hand_back(claim, now=self.now)
        except LeaseLost:
            return

    @rule(check_in_id=check_ins)
    def delete(self, check_in_id: Any) -> None:
        """Somebody takes it back, whatever is going on with it."""
        try:
            with self.store.unit_of_work() as work:
                work.check_ins.delete_for(self.account_id, check_in_id, now=self.now)
        except CheckInNotFound:
            return
        self.deleted.add(check_in_id)

    @rule(check_in_id=check_ins)
    def run_again(self, check_in_id: Any) -> None:
        """Somebody wants it done again."""
        try:
            with self.store.unit_of_work() as work:
                work.check_ins.run_again(self.account_id, check_in_id, now=self.now)
        except (CheckInNotFound, CheckInUnsettled):
            return

    @rule(seconds=st.sampled_from([1, 6, 13]))
    def pass_time(self, seconds: int) -> None:
        """Leases may run out."""
        self.now += timedelta(seconds=seconds)

    @rule()
    def sweep(self) -> None:
        """Any process sweeps at any time."""
        sweep(self.store)

    @invariant()
    def every_result_is_written_once(self) -> None:
        """An attempt ends well at most once."""
        assert all(count == 1 for count in self.finished.values())

    @invariant()
    def states_never_leave_their_graph(self) -> None:
        """The feed of each check-in is a walk along allowed transitions."""
        with self.store.database.reading() as session:
            moved = Change.type != ChangeType.CHECK_IN_PROGRESSED
            changes = session.scalars(select(Change).where(moved).order_by(Change.cursor)).all()
        walked: dict[Any, CheckInState | None] = {}
        for change in changes:
            if change.state is None:
                walked[change.check_in_id] = None
                continue
            before = walked.get(change.check_in_id, CheckInState.RECEIVED)
            assert before is not None, "something happened to a check-in after its deletion"
            if change.check_in_id in walked:
                assert change.state in ALLOWED_TRANSITIONS[before]
            else:
                assert change.state is CheckInState.RECEIVED
            walked[change.check_in_id] = change.state

    @invariant()
    def progress_is_told_while_it_lasts(self) -> None:
        """A check-in that was transcribed, or is gone, has no partial transcript; each step told has its words."""
        with self.store.reading() as reading:
            rows = {row.id: row for row in self._rows(reading)}
            changes = reading.changes.after(self.account_id, 0, limit=1000)
            told = reading.progress.told_by(changes)
            steps = [change for change in changes if change.type is ChangeType.CHECK_IN_PROGRESSED]
            assert {step.cursor for step in steps} == set(told)
            for step in steps:
                assert rows[step.check_in_id].state in UNHEARD
                assert reading.results.partial(step.check_in_id) is not None

    @invariant()
    def nothing_is_forgotten(self) -> None:
        """What is not settled is due at some time, and what is settled never."""
        with self.store.reading() as reading:
            for row in self._rows(reading):
                assert (row.due_at is None) == (row.state in SETTLED_STATES)
                assert row.tries <= RULES.max_attempts
                if row.state is CheckInState.READY:
                    assert reading.results.transcript(row.id) is not None
                    assert reading.results.tags(row.id) is not None

    @invariant()
    def what_was_deleted_stays_deleted(self) -> None:
        """No row, no transcript, no tags."""
        with self.store.reading() as reading:
            assert self.deleted.isdisjoint(row.id for row in self._rows(reading))
            for check_in_id in self.deleted:
                assert reading.results.transcript(check_in_id) is None
                assert reading.results.tags(check_in_id) is None

    def _rows(self, reading: Any) -> list[CheckIn]:
        return list(reading.check_ins.list_for(self.account_id, before=None, limit=100))


TestCheckInStates = CheckInMachine.TestCase
# Without the phase that explains a failure: it traces every line, SQLAlchemy's too, and takes minutes.
_PHASES = (Phase.explicit, Phase.reuse, Phase.generate, Phase.target, Phase.shrink)
TestCheckInStates.settings = settings(max_examples=40, stateful_step_count=30, deadline=None, phases=_PHASES)
