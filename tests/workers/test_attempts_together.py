"""Who comes along when a check-in is taken up, and that what befalls one of them touches no other."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from schemas.check_in import CheckInState, FailureReason
from schemas.errors import DecoderUnavailable, RecordingUnreadable
from store.database import Database
from store.stages import TAG, TRANSCRIBE
from store.sweep import release, sweep
from store.tables import CheckIn
from tests.conftest import FakeClock
from tests.memory import MemoryWakeUps
from tests.workers.batches import (
    FAILED,
    RECEIVED,
    TRANSCRIBED,
    News,
    attempt,
    check_in_of,
    states,
    transcribed,
    waiting,
)
from workers.shift import Shift


class KilledError(BaseException):
    """The worker is gone: whatever it held stays as it is."""


def together(
    shift: Shift, check_in_id: UUID, *, seconds: float = 1000, but: Mapping[UUID, Exception] | None = None
) -> list[UUID]:
    """Which are worked on together. All go well but those with an error."""
    taken: list[UUID] = []

    def work(check_ins: Sequence[CheckIn]) -> News:
        taken.extend(check_in.id for check_in in check_ins)
        yield from ((each, (but or {}).get(each) or transcribed(each)) for each in list(taken))

    attempt(shift, check_in_id, work, seconds=seconds)
    return taken


@pytest.mark.parametrize(
    ("lengths", "seconds", "along"),
    [
        ((30, 40, 50, 20), 100, [0, 1, 3]),  # 30 are left behind the second: too few for the third
        ((30, 40, 50, 20), 140, [0, 1, 2, 3]),
        ((30, 40), 69, [0]),
        ((200, 5), 100, [0]),
        ((30, None, 40), 100, [0, 2]),
        ((30, None, 40), 3_630, [0, 1]),
        ((None, 40), 3_639, [0]),
        ((None, 40), 3_640, [0, 1]),
        ((30, 40), 0, [0]),
        ((30,), 100, [0]),
    ],
)
def test_others_come_along_up_to_so_many_seconds(
    shift: Shift, lengths: Sequence[float | None], seconds: float, along: list[int]
) -> None:
    """Whosever they are, longest waiting first. An unknown length counts as an hour; who is alone goes alone."""
    check_in_ids = waiting(shift.store, *lengths)

    assert together(shift, check_in_ids[0], seconds=seconds) == [check_in_ids[number] for number in along]

    expected = [TRANSCRIBED if number in along else RECEIVED for number in range(len(lengths))]
    assert states(shift.store, check_in_ids) == expected


def test_what_was_tried_before_takes_nobody_along_and_goes_with_nobody(shift: Shift, clock: FakeClock) -> None:
    """It may be what ends its worker."""
    (tried,) = waiting(shift.store, 5)
    together(shift, tried, but={tried: DecoderUnavailable()})
    clock.advance(seconds=30)
    first, second = waiting(shift.store, 5, 5)

    assert together(shift, first) == [first, second]
    third, fourth = waiting(shift.store, 5, 5)
    assert together(shift, tried) == [tried]
    assert together(shift, third) == [third, fourth]


def test_what_ends_its_worker_pulls_no_neighbour_down(shift: Shift, clock: FakeClock, three: list[UUID]) -> None:
    """A worker is lost with a batch; then each is tried alone, and only the one at fault is lost three times."""
    poison = three[1]
    tried: list[list[UUID]] = []

    def work(check_ins: Sequence[CheckIn]) -> News:
        tried.append([check_in.id for check_in in check_ins])
        if poison in tried[-1]:
            raise KilledError
        yield from ((check_in.id, transcribed(check_in.id)) for check_in in check_ins)

    for _ in range(3):
        assert isinstance(shift.store.wake_ups, MemoryWakeUps)
        queued = [check_in_id for _, check_in_id, _ in shift.store.wake_ups.nudges] or three[:1]
        shift.store.wake_ups.nudges.clear()
        for check_in_id in queued:
            with suppress(KilledError):
                attempt(shift, check_in_id, work)
        clock.advance(seconds=13)
        sweep(shift.store)

    assert tried[0] == three
    assert all(len(batch) == 1 for batch in tried[1:])
    assert states(shift.store, three) == [TRANSCRIBED, FAILED, TRANSCRIBED]
    assert check_in_of(shift.store, poison).failure_reason is FailureReason.WORKER_LOST


def test_what_another_worker_has_is_not_taken(shift: Shift, three: list[UUID]) -> None:
    """Nor is its claim touched."""
    with shift.store.unit_of_work() as work:
        claim = work.claims.take(TRANSCRIBE, three[1], worker="another", now=shift.store.clock())
    assert claim is not None

    assert together(shift, three[0]) == [three[0], three[2]]
    with shift.store.reading() as reading:
        assert reading.claims.read(claim).leased_by == "another"


@pytest.mark.parametrize(
    ("error", "state", "reason"),
    [
        (RecordingUnreadable(), FAILED, FailureReason.UNDECODABLE),
        (DecoderUnavailable(), RECEIVED, None),
        (ValueError("what was said"), RECEIVED, None),
    ],
)
def test_one_that_fails_leaves_its_neighbours_as_they_are(
    shift: Shift, three: list[UUID], error: Exception, state: CheckInState, reason: FailureReason | None
) -> None:
    """Each has an outcome of its own."""
    together(shift, three[0], but={three[1]: error})

    assert states(shift.store, three) == [TRANSCRIBED, state, TRANSCRIBED]
    failed = check_in_of(shift.store, three[1])
    assert (failed.failure_reason, failed.tries) == (reason, 1)


@pytest.mark.parametrize(
    ("error", "state"), [(RecordingUnreadable(), FAILED), (MemoryError(), RECEIVED), (None, RECEIVED)]
)
def test_work_that_breaks_off_fails_all_that_are_open(
    shift: Shift, three: list[UUID], error: Exception | None, state: CheckInState
) -> None:
    """It raises, or just ends: what was finished before stays, nothing is left claimed."""

    def work(check_ins: Sequence[CheckIn]) -> News:
        yield three[2], transcribed(three[2])
        if error:
            raise error

    attempt(shift, three[0], work)

    assert states(shift.store, three) == [state, state, TRANSCRIBED]
    assert [check_in_of(shift.store, each).leased_by for each in three] == [None] * 3


def test_one_that_another_has_taken_over_is_dropped_and_the_others_are_kept(shift: Shift, three: list[UUID]) -> None:
    """The other's words stay."""
    lost = three[1]

    def work(check_ins: Sequence[CheckIn]) -> News:
        yield three[0], transcribed(three[0])
        release(shift.store, lost, worker="w")
        other = replace(shift, worker="another")
        attempt(other, lost, lambda _: (news for news in [(lost, transcribed(lost, "By another."))]), seconds=0)
        yield lost, transcribed(lost)
        yield three[2], transcribed(three[2])

    attempt(shift, three[0], work)

    assert states(shift.store, three) == [TRANSCRIBED] * 3
    with shift.store.reading() as reading:
        texts = [transcript.text for each in three if (transcript := reading.results.transcript(each))]
    assert texts == ["I feel calm.", "By another.", "I feel calm."]


def test_one_deleted_in_the_middle_leaves_nothing_and_stops_nobody(shift: Shift, three: list[UUID]) -> None:
    """Its result is dropped."""

    def work(check_ins: Sequence[CheckIn]) -> News:
        with shift.store.unit_of_work() as deleting:
            deleting.check_ins.delete_for(check_ins[0].account_id, three[0], now=shift.store.clock())
        yield from ((each, transcribed(each)) for each in three)

    attempt(shift, three[0], work)

    assert states(shift.store, three[1:]) == [TRANSCRIBED] * 2
    with shift.store.reading() as reading:
        assert reading.results.transcript(three[0]) is None


def test_each_result_is_written_as_soon_as_it_is_there(shift: Shift, three: list[UUID]) -> None:
    """And its tagging is queued, while the others are still being worked on."""
    seen: list[list[CheckInState]] = []

    def work(check_ins: Sequence[CheckIn]) -> News:
        for check_in in check_ins:
            yield check_in.id, transcribed(check_in.id)
            seen.append(states(shift.store, three))
            assert isinstance(shift.store.wake_ups, MemoryWakeUps)
            assert shift.store.wake_ups.nudges[-1] == (TAG, check_in.id, 2)

    attempt(shift, three[0], work)

    working = CheckInState.TRANSCRIBING
    assert seen == [[TRANSCRIBED, working, working], [TRANSCRIBED, TRANSCRIBED, working]]


def test_a_database_that_is_away_begins_nothing(shift: Shift, three: list[UUID]) -> None:
    """The job ends quietly; the sweep will queue it again."""
    away = replace(shift, store=replace(shift.store, database=Database("sqlite+pysqlite:////nowhere/at/all")))

    with capture_logs() as lines:
        attempt(away, three[0], lambda _: pytest.fail("worked without a claim"))

    assert [line["event"] for line in lines] == ["attempt.not_begun"]
    assert states(shift.store, three) == [RECEIVED] * 3
