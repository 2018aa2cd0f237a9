"""While several are being worked on: what was heard so far is kept, leases are, and a stop hands them back."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy.exc import OperationalError
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from schemas.errors import DecoderUnavailable
from schemas.transcript import Transcript
from store.claims import Claim
from store.stages import TAG, TRANSCRIBE
from store.sweep import release, sweep
from store.tables import CheckIn
from store.unit_of_work import UnitOfWork
from tests.conftest import FakeClock
from tests.making import make_partial
from tests.memory import MemoryWakeUps
from tests.workers.batches import LENGTHS, RECEIVED, TRANSCRIBED, News, attempt, check_in_of, states, transcribed
from workers.attempts import Progress
from workers.keeper import Keeper
from workers.shift import Shift, ShiftEnded

PART = make_partial("I feel calm.", "You were late.")


class WatchedKeeper(Keeper):
    """A keeper that tells what it was asked to hold, and for how long at most."""

    def __init__(self, shift: Shift) -> None:
        super().__init__(shift.store, heartbeat_file=None)
        self.asked: list[tuple[UUID, float]] = []

    @contextmanager
    def holding(self, claim: Claim, *, seconds: float) -> Iterator[None]:
        """Remember, and hold."""
        self.asked.append((claim.check_in_id, seconds))
        with super().holding(claim, seconds=seconds):
            yield


def heard(shift: Shift, part: Transcript = PART) -> Progress:
    """Half of it."""

    def save(work: UnitOfWork, claim: Claim) -> None:
        work.claims.progress(claim, part, seconds=15, percent=50, now=shift.store.clock())

    return Progress(save)


def stopping(shift: Shift) -> Progress:
    """The worker is told to stop while progress is being saved."""
    return Progress(lambda *_: shift.gate.end())


def partial(shift: Shift, check_in_id: UUID) -> tuple[Transcript, float] | None:
    """What the next attempt can go on from."""
    with shift.store.reading() as reading:
        return reading.results.partial(check_in_id)


def test_the_deadline_covers_all_of_them(shift: Shift, three: list[UUID]) -> None:
    """Each is held for as long as they may take together: the last is done when all are."""
    keeper = WatchedKeeper(shift)

    def work(check_ins: Sequence[CheckIn]) -> News:
        yield from ((check_in.id, transcribed(check_in.id)) for check_in in check_ins)

    attempt(replace(shift, keeper=keeper), three[0], work)

    assert keeper.asked == [(check_in_id, 60 + 4 * sum(LENGTHS)) for check_in_id in three]


def test_all_of_them_are_kept_while_the_work_goes_on(shift: Shift, clock: FakeClock, three: list[UUID]) -> None:
    """However long the first takes."""

    def work(check_ins: Sequence[CheckIn]) -> News:
        for _ in range(4):
            clock.advance(seconds=10)
            shift.keeper.renew()
            sweep(shift.store)
        yield from ((check_in.id, transcribed(check_in.id)) for check_in in check_ins)

    attempt(shift, three[0], work)

    assert states(shift.store, three) == [TRANSCRIBED] * 3


def test_one_that_is_finished_is_kept_no_longer(shift: Shift, three: list[UUID]) -> None:
    """Its claim is not lost, it is over: nothing is said of it while the others are still being worked on."""
    lines = []

    def work(check_ins: Sequence[CheckIn]) -> News:
        yield three[0], transcribed(three[0])
        with capture_logs() as said:
            shift.keeper.renew()
        lines.extend(said)
        yield from ((check_in_id, transcribed(check_in_id)) for check_in_id in three[1:])

    attempt(shift, three[0], work)

    assert lines == []


def test_a_stop_hands_back_all_that_are_open(shift: Shift, three: list[UUID]) -> None:
    """Uncounted, and queued for whoever is next. What was finished stays, what was heard in part too."""

    def work(check_ins: Sequence[CheckIn]) -> News:
        yield three[1], transcribed(three[1])
        yield three[2], heard(shift)
        shift.gate.end()
        pytest.fail("went on")

    with pytest.raises(ShiftEnded):
        attempt(shift, three[0], work)

    left = [check_in_of(shift.store, check_in_id) for check_in_id in three]
    assert [(each.state, each.tries) for each in left] == [(RECEIVED, 0), (TRANSCRIBED, 0), (RECEIVED, 0)]
    assert partial(shift, three[2]) == (PART, 15)
    assert isinstance(shift.store.wake_ups, MemoryWakeUps)
    assert shift.store.wake_ups.nudges == [(TAG, three[1], 2), (TRANSCRIBE, three[0], 2), (TRANSCRIBE, three[2], 2)]


def test_a_stop_while_something_is_saved_comes_right_after_it(shift: Shift, three: list[UUID]) -> None:
    """And work that cleans up behind itself has done so before anybody else can take it up."""
    cleaned = []

    def work(check_ins: Sequence[CheckIn]) -> News:
        try:
            yield three[0], transcribed(three[0])
            yield three[1], stopping(shift)
            pytest.fail("went on")
        finally:
            cleaned.append(states(shift.store, three[1:]))

    with pytest.raises(ShiftEnded):
        attempt(shift, three[0], work)

    assert cleaned == [[TRANSCRIBE.working] * 2]
    assert states(shift.store, three) == [TRANSCRIBED, RECEIVED, RECEIVED]


def test_those_handed_back_go_together_again(shift: Shift, three: list[UUID]) -> None:
    """A stop holds nothing against them."""
    taken: list[int] = []

    def work(check_ins: Sequence[CheckIn]) -> News:
        taken.append(len(check_ins))
        if len(taken) == 1:
            raise ShiftEnded
        yield from ((check_in.id, transcribed(check_in.id)) for check_in in check_ins)

    with pytest.raises(ShiftEnded):
        attempt(shift, three[0], work)
    attempt(shift, three[0], work)

    assert taken == [3, 3]
    assert states(shift.store, three) == [TRANSCRIBED] * 3


def test_what_was_heard_so_far_is_kept_and_told(shift: Shift, three: list[UUID]) -> None:
    """It does not end the attempt, and outlives one that fails."""

    def work(check_ins: Sequence[CheckIn]) -> News:
        yield three[0], heard(shift)
        yield three[1], transcribed(three[1])
        yield three[0], DecoderUnavailable()
        yield three[2], transcribed(three[2])

    attempt(shift, three[0], work)

    assert states(shift.store, three) == [RECEIVED, TRANSCRIBED, TRANSCRIBED]
    assert partial(shift, three[0]) == (PART, 15)
    with shift.store.reading() as reading:
        progress = reading.progress.of(check_in_of(shift.store, three[0]))
    assert progress is not None
    assert (progress.percent, [segment.text for segment in progress.segments]) == (
        50,
        ["I feel calm.", "You were late."],
    )


def test_progress_of_one_that_another_has_taken_over_is_dropped(shift: Shift, three: list[UUID]) -> None:
    """With all that comes of it later; its neighbours are kept."""
    taken_over = three[1]

    def work(check_ins: Sequence[CheckIn]) -> News:
        release(shift.store, taken_over, worker="w")
        with shift.store.unit_of_work() as taking:
            assert taking.claims.take(TRANSCRIBE, taken_over, worker="another", now=shift.store.clock())
        yield taken_over, heard(shift)
        yield taken_over, transcribed(taken_over)
        yield three[0], transcribed(three[0])
        yield three[2], transcribed(three[2])

    attempt(shift, three[0], work)

    other = check_in_of(shift.store, taken_over)
    assert (other.state, other.leased_by) == (TRANSCRIBE.working, "another")
    assert partial(shift, taken_over) is None
    assert states(shift.store, [three[0], three[2]]) == [TRANSCRIBED] * 2


def test_progress_that_cannot_be_saved_ends_nothing(shift: Shift, three: list[UUID]) -> None:
    """The database is away for a moment; the transcription is worth more than the news of it."""

    def away(work: UnitOfWork, claim: Claim) -> None:
        raise OperationalError("INSERT", {}, Exception("away"))

    def work(check_ins: Sequence[CheckIn]) -> News:
        for check_in in check_ins:
            yield check_in.id, Progress(away)
            yield check_in.id, transcribed(check_in.id)

    with capture_logs() as lines:
        attempt(shift, three[0], work)

    assert [line["event"] for line in lines] == ["attempt.progress_not_saved", "attempt.finished"] * 3
    assert states(shift.store, three) == [TRANSCRIBED] * 3


def test_what_is_handed_back_is_named_in_the_log(shift: Shift, three: list[UUID]) -> None:
    """Each of them: of several nobody could tell which."""

    def work(check_ins: Sequence[CheckIn]) -> News:
        yield three[0], stopping(shift)

    with capture_logs(processors=[merge_contextvars]) as lines, pytest.raises(ShiftEnded):
        attempt(shift, three[0], work)

    named = [(line["event"], line.get("check_in_id")) for line in lines]
    assert named == [("attempt.handed_back", str(check_in_id)) for check_in_id in three]
