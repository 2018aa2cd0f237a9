"""Retention: a recording goes when its speaker wants it kept no longer, and never before its transcript is safe."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from schemas.access import AccessAction
from schemas.change import ChangeType
from schemas.check_in import CheckInState, FailureReason
from schemas.errors import CheckInUnsettled, RecordingDeleted
from store.janitor import expire, remove_orphans
from store.opening import Store
from store.retention import Retention
from store.stages import TAG, TRANSCRIBE, Stage
from store.tables import CheckIn
from tests.conftest import FakeClock
from tests.making import make_account, make_check_in, make_transcript, settle
from tests.store.belongings import kept


@pytest.fixture
def account_id(store: Store) -> UUID:
    """Somebody who keeps recordings for a week."""
    account_id = make_account(store)
    keep(store, account_id, days=7)
    return account_id


def keep(store: Store, account_id: UUID, *, days: int | None) -> None:
    """Set how long."""
    with store.unit_of_work() as work:
        work.accounts.get(account_id).keep_audio_days = days


def sent(store: Store, account_id: UUID) -> UUID:
    """A check-in whose recording lies in the store."""
    return make_check_in(store, account_id, recording=kept(store, account_id))


def ready(store: Store, account_id: UUID) -> UUID:
    """One with a transcript."""
    check_in_id = sent(store, account_id)
    settle(store, check_in_id, transcript=make_transcript())
    return check_in_id


def end(store: Store, stage: Stage, check_in_id: UUID, state: CheckInState) -> None:
    """Have a stage end in a state."""
    with store.unit_of_work() as work:
        claim = work.claims.take(stage, check_in_id, worker="w", now=store.clock())
        assert claim is not None
        if state is CheckInState.FAILED:
            work.claims.fail(claim, FailureReason.TAGGING_FAILED, now=store.clock())
        elif state is CheckInState.NO_SPEECH:
            work.claims.finish(claim, state, now=store.clock())
            work.results.save_transcript(check_in_id, None, now=store.clock())
        elif state is CheckInState.TRANSCRIBED:
            work.claims.finish(claim, state, now=store.clock(), transcribed_at=store.clock())
            work.results.save_transcript(check_in_id, make_transcript(), now=store.clock())


def row(store: Store, check_in_id: UUID) -> CheckIn:
    """The check-in as it stands."""
    with store.database.reading() as session:
        return session.get_one(CheckIn, check_in_id)


def is_kept(store: Store, check_in_id: UUID) -> bool:
    """Whether its recording is there, by its row; and that the file agrees."""
    check_in = row(store, check_in_id)
    is_there = check_in.audio_key in set(store.recordings.old_keys(minimum_age=-1))
    assert is_there == (check_in.audio_deleted_at is None)
    return is_there


def test_a_recording_goes_when_its_days_are_over_and_not_before(
    store: Store, account_id: UUID, clock: FakeClock
) -> None:
    """Counted from its transcript. That stays, and the feed and the access log tell."""
    check_in_id = ready(store, account_id)
    clock.advance(days=7, seconds=-1)
    expire(store)
    assert is_kept(store, check_in_id)

    clock.advance(seconds=1)
    expire(store)

    assert not is_kept(store, check_in_id)
    with store.reading() as reading:
        assert reading.results.transcript(check_in_id) == make_transcript()
        change = reading.changes.after(account_id, 0, limit=100)[-1]
        entry = reading.accesses.before(account_id, None)[0]
        assert reading.accesses.first_broken(account_id) is None
    assert (change.type, change.check_in_id, change.state) == (
        ChangeType.RECORDING_DELETED,
        check_in_id,
        CheckInState.READY,
    )
    assert (entry.action, entry.subject_id, entry.session_id) == (AccessAction.RECORDING_EXPIRED, check_in_id, None)


def test_whoever_said_nothing_keeps_all(store: Store, account_id: UUID, clock: FakeClock) -> None:
    """And so does whoever has taken it back."""
    other = ready(store, make_account(store, "sam@example.org"))
    mine = ready(store, account_id)
    keep(store, account_id, days=None)
    clock.advance(days=40_000)
    expire(store)

    assert is_kept(store, other)
    assert is_kept(store, mine)


def test_no_day_at_all_is_the_moment_the_transcript_is_there(store: Store, account_id: UUID) -> None:
    """Once it is tagged, too: the recording may be wanted for another try until then."""
    keep(store, account_id, days=0)
    check_in_id = sent(store, account_id)
    expire(store)
    assert is_kept(store, check_in_id)
    end(store, TRANSCRIBE, check_in_id, CheckInState.TRANSCRIBED)
    expire(store)
    assert is_kept(store, check_in_id)

    with store.unit_of_work() as work:
        claim = work.claims.take(TAG, check_in_id, worker="w", now=store.clock())
        assert claim is not None
        work.claims.finish(claim, CheckInState.READY, now=store.clock())
    expire(store)

    assert not is_kept(store, check_in_id)


UNSAFE: dict[str, list[tuple[Stage, CheckInState]]] = {
    "received": [],
    "transcribing": [(TRANSCRIBE, CheckInState.TRANSCRIBING)],
    "transcribed": [(TRANSCRIBE, CheckInState.TRANSCRIBED)],
    "tagging": [(TRANSCRIBE, CheckInState.TRANSCRIBED), (TAG, CheckInState.TAGGING)],
    "no speech": [(TRANSCRIBE, CheckInState.NO_SPEECH)],
    "failed without a transcript": [(TRANSCRIBE, CheckInState.FAILED)],
}


@pytest.mark.parametrize("path", UNSAFE)
def test_without_a_safe_transcript_it_stays(store: Store, account_id: UUID, clock: FakeClock, path: str) -> None:
    """However long ago it was sent: it is all there is."""
    check_in_id = sent(store, account_id)
    for stage, state in UNSAFE[path]:
        end(store, stage, check_in_id, state)
    clock.advance(days=400)
    expire(store)

    assert is_kept(store, check_in_id)


@pytest.mark.parametrize("path", UNSAFE)
def test_one_that_runs_again_stays_until_that_is_over(
    store: Store, account_id: UUID, clock: FakeClock, path: str
) -> None:
    """The transcript from before may give way to none: in the history alone it does not count."""
    check_in_id = ready(store, account_id)
    with store.unit_of_work() as work:
        work.check_ins.run_again(account_id, check_in_id, now=clock())
    for stage, state in UNSAFE[path]:
        end(store, stage, check_in_id, state)
    clock.advance(days=400)
    expire(store)

    assert is_kept(store, check_in_id) == (path != "failed without a transcript"), "that one has its old transcript"


def test_one_that_failed_with_its_transcript_goes(store: Store, account_id: UUID, clock: FakeClock) -> None:
    """Its tags are missing, its words are safe."""
    check_in_id = sent(store, account_id)
    end(store, TRANSCRIBE, check_in_id, CheckInState.TRANSCRIBED)
    end(store, TAG, check_in_id, CheckInState.FAILED)
    clock.advance(days=7)
    expire(store)

    assert not is_kept(store, check_in_id)


def test_what_has_gone_does_not_run_again(store: Store, account_id: UUID, clock: FakeClock) -> None:
    """There is nothing to hear; an edited transcript is tagged again all the same."""
    check_in_id = ready(store, account_id)
    clock.advance(days=7)
    expire(store)

    with pytest.raises(RecordingDeleted), store.unit_of_work() as work:
        work.check_ins.run_again(account_id, check_in_id, now=clock())
    with store.unit_of_work() as work:
        assert work.check_ins.tag_again(account_id, check_in_id, now=clock()).state is CheckInState.TRANSCRIBED


def test_what_was_found_due_is_looked_at_once_more(store: Store, account_id: UUID, clock: FakeClock) -> None:
    """In between its speaker may have changed their mind, or had it run again with nothing heard."""
    changed, again = ready(store, account_id), ready(store, account_id)
    clock.advance(days=7)
    with store.reading() as reading:
        assert set(reading.retention.due(now=clock(), limit=10)) == {changed, again}
        assert len(reading.retention.due(now=clock(), limit=1)) == 1

    with store.unit_of_work() as work:
        work.check_ins.run_again(account_id, again, now=clock())
        assert work.retention.expire(again, now=clock()) == ()
    end(store, TRANSCRIBE, again, CheckInState.NO_SPEECH)
    with store.unit_of_work() as work:
        assert work.retention.expire(again, now=clock()) == ()
    for days in (8, None):
        keep(store, account_id, days=days)
        with store.unit_of_work() as work:
            assert work.retention.expire(changed, now=clock()) == ()


def test_a_recording_expires_once(store: Store, account_id: UUID, clock: FakeClock) -> None:
    """Two janitors at a time tell of it once; the file of a crash in between is an orphan and goes too."""
    check_in_id = ready(store, account_id)
    clock.advance(days=7)

    def let_go(_: int) -> Sequence[str]:
        with store.unit_of_work() as work:
            return work.retention.expire(check_in_id, now=clock())

    with ThreadPoolExecutor(4) as threads:
        keys = [key for keys in threads.map(let_go, range(4)) for key in keys]
    expire(store)

    assert keys == [row(store, check_in_id).audio_key]
    with store.reading() as reading:
        types = [change.type for change in reading.changes.after(account_id, 0, limit=100)]
    assert types.count(ChangeType.RECORDING_DELETED) == 1
    assert list(store.recordings.old_keys(minimum_age=-1)) == keys
    assert remove_orphans(store, minimum_age=-1) == 1
    assert not is_kept(store, check_in_id)


def test_all_that_is_due_goes_in_one_round(
    store: Store, account_id: UUID, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of everybody, however many there are."""
    monkeypatch.setattr("store.janitor.BATCH", 2)
    other = make_account(store, "sam@example.org")
    keep(store, other, days=1)
    over = [ready(store, id_) for id_ in (account_id, other, account_id, other, account_id)]
    clock.advance(days=7)
    expire(store)

    assert not any(is_kept(store, id_) for id_ in over)


def test_what_cannot_go_does_not_hold_the_janitor_up(
    store: Store, account_id: UUID, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another one has just let go of it: there is an end all the same."""
    mine = ready(store, account_id)
    monkeypatch.setattr(Retention, "due", lambda *_, **__: [mine])
    clock.advance(days=7)
    expire(store)

    assert not is_kept(store, mine)


def test_the_oldest_go_first_whoever_they_are_of(store: Store, account_id: UUID, clock: FakeClock) -> None:
    """Each after the days of its speaker, to the microsecond; not in the order of accounts."""
    other, moments = make_account(store, "sam@example.org"), []
    keep(store, other, days=36_500)
    for owner in (other, account_id, other, account_id):
        clock.advance(microseconds=1)
        moments.append((ready(store, owner), clock()))
    (first, _), (second, second_at), (third, third_at), (fourth, _) = moments

    def due(now: datetime, limit: int = 10) -> list[UUID]:
        with store.reading() as reading:
            return list(reading.retention.due(now=now, limit=limit))

    assert due(second_at + timedelta(days=7, microseconds=-1)) == []
    assert due(second_at + timedelta(days=7)) == [second]
    assert due(third_at + timedelta(days=36_500)) == [first, second, third, fourth]
    assert due(third_at + timedelta(days=36_500, microseconds=-1)) == [first, second, fourth]
    assert due(third_at + timedelta(days=36_500), limit=3) == [first, second, third]


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_a_run_and_the_end_of_a_recording_exclude_each_other(store: Store, account_id: UUID, clock: FakeClock) -> None:
    """Whichever comes first, a check-in never waits to be transcribed without its recording."""
    ids = [ready(store, account_id) for _ in range(20)]
    clock.advance(days=7)

    def run(check_in_id: UUID) -> bool:
        try:
            with store.unit_of_work() as work:
                work.check_ins.run_again(account_id, check_in_id, now=clock())
        except (RecordingDeleted, CheckInUnsettled):
            return False
        return True

    def let_go(check_in_id: UUID) -> bool:
        with store.unit_of_work() as work:
            return bool(work.retention.expire(check_in_id, now=clock()))

    with ThreadPoolExecutor(4) as threads:
        futures = [(threads.submit(run, id_), threads.submit(let_go, id_)) for id_ in ids]
        outcomes = [(ran.result(), gone.result()) for ran, gone in futures]

    assert all(ran != gone for ran, gone in outcomes)
    assert all((row(store, id_).audio_deleted_at is None) == ran for id_, (ran, _) in zip(ids, outcomes, strict=True))
