"""The transcription job: what a transcriber is told of a recording, and what is kept of its news."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

import pytest

from schemas.check_in import CheckInState, FailureReason
from schemas.errors import InvalidInput
from schemas.progress import ProgressRead
from store.media.sandbox import Sandbox
from store.opening import Store
from store.tables import CheckIn
from tests.conftest import FakeClock
from tests.making import make_account, make_check_in, make_partial, make_recording, make_transcript, make_wav
from workers.jobs import transcribe
from workers.jobs.transcribe import TranscribeTools
from workers.shift import Shift
from workers.transcription.transcriber import SAMPLE_RATE, Heard, NoSpeech, Part, Recording

PART = make_partial("I feel calm.", "You were late.")


@dataclass
class ScriptedTranscriber:
    """Tells what it is told to, of each recording by its number; where that is nothing, it hears how long each is."""

    name: str = "scripted"
    news: list[tuple[int, Part | Heard]] = field(default_factory=list)
    given: list[Recording] = field(default_factory=list)
    times: int = 0

    def transcribe(self, recordings: Sequence[Recording]) -> Iterator[tuple[int, Part | Heard]]:
        """Remember what was given."""
        self.given += recordings
        self.times += 1
        lengths = [recording.samples.size // SAMPLE_RATE for recording in recordings]
        yield from self.news or ((number, make_transcript(f"{said} s.")) for number, said in enumerate(lengths))


@pytest.fixture
def transcriber() -> ScriptedTranscriber:
    """One for which all goes well."""
    return ScriptedTranscriber()


@pytest.fixture
def tools(shift: Shift, sandbox: Sandbox, transcriber: ScriptedTranscriber) -> Iterator[TranscribeTools]:
    """What the job finds at hand."""
    tools = TranscribeTools(shift, sandbox, transcriber, max_seconds=60, batch_seconds=300)
    token = transcribe.TOOLS.set(tools)
    yield tools
    transcribe.TOOLS.reset(token)


@pytest.fixture
def account_id(sqlite_store: Store) -> UUID:
    """Somebody."""
    return make_account(sqlite_store)


def sent(store: Store, account_id: UUID, audio: bytes | None = None, **fields: str) -> UUID:
    """A check-in with a real recording, of two seconds unless it is given."""
    with store.reading() as reading:
        cipher = reading.vault.of(account_id)
    with store.recordings.staged(cipher) as incoming:
        incoming.write(make_wav(seconds=2) if audio is None else audio)
        key = incoming.keep()
    assert isinstance(store.clock, FakeClock)
    store.clock.advance(seconds=1)
    return make_check_in(store, account_id, recording=make_recording(key=key), **fields)


def run(tools: TranscribeTools, check_in_id: UUID) -> CheckIn:
    """The job, as the queue calls it; the check-in as it stands afterwards."""
    transcribe.run(str(check_in_id))
    return check_in_of(tools, check_in_id)


def check_in_of(tools: TranscribeTools, check_in_id: UUID) -> CheckIn:
    """As it stands."""
    with tools.shift.store.database.reading() as session:
        return session.get_one(CheckIn, check_in_id)


def text_of(tools: TranscribeTools, check_in_id: UUID) -> str | None:
    """What was heard."""
    with tools.shift.store.reading() as reading:
        transcript = reading.results.transcript(check_in_id)
    return transcript.text if transcript else None


def progress_of(tools: TranscribeTools, check_in: CheckIn) -> ProgressRead | None:
    """What its owner reads of it meanwhile."""
    with tools.shift.store.reading() as reading:
        return reading.progress.of(check_in)


def test_what_is_known_of_the_speaker_reaches_the_transcriber(
    tools: TranscribeTools, transcriber: ScriptedTranscriber, account_id: UUID
) -> None:
    """Languages, names and the language of a check-in, which wins; and every sample. Of somebody else nothing does."""
    store = tools.shift.store
    with store.unit_of_work() as work:
        work.accounts.update(account_id, languages=("es", "en"), vocabulary=("Abbie", "Claflin"))
    first = sent(store, account_id)
    sent(store, account_id, language="de")
    sent(store, make_account(store, "lee@example.org"))

    run(tools, first)

    known = [(given.language, given.languages, given.vocabulary, given.begun) for given in transcriber.given]
    names = ("Abbie", "Claflin")
    assert known == [(None, ("es", "en"), names, None), ("de", ("es", "en"), names, None), (None, (), (), None)]
    assert [given.samples.size for given in transcriber.given] == [2 * SAMPLE_RATE] * 3
    assert 0.2 < transcriber.given[0].samples.max() < 0.3


def test_each_gets_its_own_words_though_some_cannot_be_read(
    tools: TranscribeTools, transcriber: ScriptedTranscriber, account_id: UUID
) -> None:
    """Damaged, too long, or gone: each fails by itself, with its reason, and the others are not mixed up."""
    store = tools.shift.store
    damaged = sent(store, account_id, b"RIFF....WAVE" + bytes(2_000))
    first = sent(store, account_id, make_wav(seconds=1))
    too_long = sent(store, account_id, make_wav(seconds=3))
    gone = sent(store, account_id)
    second = sent(store, account_id, make_wav(seconds=2))
    store.recordings.delete(check_in_of(tools, gone).audio_key)
    transcribe.TOOLS.set(replace(tools, max_seconds=2.5))
    transcriber.news = [(1, make_transcript("The second.")), (0, make_transcript("The first."))]

    run(tools, damaged)

    failed = [check_in_of(tools, check_in_id) for check_in_id in (damaged, too_long, gone)]
    reasons = [FailureReason.UNDECODABLE, FailureReason.RECORDING_TOO_LONG, FailureReason.RECORDING_MISSING]
    assert [check_in.state for check_in in failed] == [CheckInState.FAILED] * 3
    assert [check_in.failure_reason for check_in in failed] == reasons
    assert [given.samples.size / SAMPLE_RATE for given in transcriber.given] == [1, 2]
    assert (text_of(tools, first), text_of(tools, second)) == ("The first.", "The second.")


def test_recordings_longer_than_they_claim_are_heard_a_few_at_a_time(
    tools: TranscribeTools, transcriber: ScriptedTranscriber, account_id: UUID
) -> None:
    """All of them, each with its own words."""
    lengths = range(1, 7)
    check_in_ids = [sent(tools.shift.store, account_id, make_wav(seconds=seconds)) for seconds in lengths]
    transcribe.TOOLS.set(replace(tools, batch_seconds=5))

    run(tools, check_in_ids[0])

    assert [text_of(tools, check_in_id) for check_in_id in check_in_ids] == [f"{seconds} s." for seconds in lengths]
    assert len(transcriber.given) == len(lengths)
    assert transcriber.times > 1


@pytest.mark.parametrize(
    ("error", "state"), [(InvalidInput(), CheckInState.FAILED), (RuntimeError(), CheckInState.RECEIVED)]
)
def test_what_goes_wrong_with_one_touches_no_other(
    tools: TranscribeTools, transcriber: ScriptedTranscriber, account_id: UUID, error: Exception, state: CheckInState
) -> None:
    """A language that the model does not know stays unknown; anything else may pass."""
    one, other = (sent(tools.shift.store, account_id) for _ in range(2))
    transcriber.news = [(0, error), (1, make_transcript())]

    assert run(tools, one).state is state
    assert check_in_of(tools, other).state is CheckInState.TRANSCRIBED


@pytest.mark.parametrize(("seconds", "percent"), [(0.001, 0), (0.5, 25), (1.999, 99), (2.0, 100)])
def test_a_part_becomes_progress(
    tools: TranscribeTools, transcriber: ScriptedTranscriber, account_id: UUID, seconds: float, percent: int
) -> None:
    """How much of the recording was listened to, rounded down, and what was heard in it."""
    check_in_id = sent(tools.shift.store, account_id)
    transcriber.news = [(0, Part(PART, seconds)), (0, RuntimeError())]

    progress = progress_of(tools, run(tools, check_in_id))

    assert progress is not None
    assert progress.percent == percent
    assert [segment.text for segment in progress.segments] == ["I feel calm.", "You were late."]


def test_the_next_run_goes_on_from_the_last_part(
    tools: TranscribeTools, transcriber: ScriptedTranscriber, account_id: UUID, clock: FakeClock
) -> None:
    """And once it has the whole, nothing is left of the parts."""
    check_in_id = sent(tools.shift.store, account_id)
    transcriber.news = [(0, Part(make_partial("I feel"), 0.5)), (0, Part(PART, 1.5)), (0, RuntimeError())]
    run(tools, check_in_id)
    transcriber.news.clear()
    clock.advance(seconds=30)

    check_in = run(tools, check_in_id)

    assert transcriber.given[-1].begun == Part(PART, 1.5)
    assert check_in.state is CheckInState.TRANSCRIBED
    assert progress_of(tools, check_in) is None
    with tools.shift.store.reading() as reading:
        assert reading.results.partial(check_in_id) is None


def test_where_nobody_speaks_the_length_is_known_and_nothing_else(
    tools: TranscribeTools, transcriber: ScriptedTranscriber, account_id: UUID
) -> None:
    """What an earlier run heard is gone."""
    check_in_id = sent(tools.shift.store, account_id)
    transcriber.news = [(0, Part(PART, 1.0)), (0, NoSpeech(2.0))]

    check_in = run(tools, check_in_id)

    assert (check_in.state, check_in.audio_seconds) == (CheckInState.NO_SPEECH, 2.0)
    assert text_of(tools, check_in_id) is None
    assert progress_of(tools, check_in) is None


def test_a_check_in_tells_how_long_each_step_took(
    tools: TranscribeTools, transcriber: ScriptedTranscriber, account_id: UUID, clock: FakeClock
) -> None:
    """It waited since it was sent, whether it is the first of those taken up or comes along."""
    first = sent(tools.shift.store, account_id)
    clock.advance(seconds=6)
    second = sent(tools.shift.store, account_id)
    clock.advance(seconds=2)

    run(tools, first)

    done = [check_in_of(tools, check_in_id) for check_in_id in (first, second)]
    assert [check_in.waiting_seconds for check_in in done] == [9.0, 2.0]
    for check_in in done:
        assert check_in.audio_seconds == make_transcript("2 s.").seconds
        assert 0 < (check_in.decoding_seconds or 0) < 60
        assert 0 <= (check_in.transcribing_seconds or 0) < 60
        assert check_in.tagging_seconds is None
