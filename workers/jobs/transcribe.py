"""Transcribe: recordings become transcripts, as many together as wait."""

import time
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from schemas.check_in import CheckInState, FailureReason
from schemas.transcript import Transcript
from store.claims import Claim
from store.media.sandbox import Sandbox
from store.stages import TRANSCRIBE
from store.tables import CheckIn
from store.unit_of_work import UnitOfWork
from workers.attempts import Outcome, Progress, attempt_together
from workers.decoding import decode
from workers.shift import Shift
from workers.transcription.transcriber import SAMPLE_RATE, NoSpeech, Part, Recording, Transcriber

_DECODED_AT_ONCE = 4
"""Recordings; each is decoded by a process of its own."""


@dataclass(frozen=True)
class TranscribeTools:
    """What this job needs; its worker puts it into TOOLS before the first job."""

    shift: Shift
    sandbox: Sandbox
    transcriber: Transcriber
    max_seconds: float
    """Of a recording."""
    batch_seconds: float
    """Of all recordings that are taken up together."""


@dataclass(frozen=True)
class Loaded:
    """A check-in's recording, decoded, and how long that took and it had waited."""

    check_in: CheckIn
    recording: Recording
    times: dict[str, float]

    @property
    def seconds(self) -> float:
        """Length of the recording."""
        return self.recording.samples.size / SAMPLE_RATE


TOOLS: ContextVar[TranscribeTools] = ContextVar("transcribe_tools")


def run(check_in_id: str) -> None:
    """The job."""
    tools = TOOLS.get()
    attempt_together(
        tools.shift,
        TRANSCRIBE,
        UUID(check_in_id),
        partial(_transcribe, tools),
        seconds=tools.batch_seconds,
        otherwise=FailureReason.TRANSCRIPTION_FAILED,
    )


def _transcribe(
    tools: TranscribeTools, check_ins: Sequence[CheckIn]
) -> Generator[tuple[UUID, Outcome | Progress | Exception]]:
    loaded: list[Loaded] = []
    for first in range(0, len(check_ins), _DECODED_AT_ONCE):
        for check_in, result in _load_some(tools, check_ins[first : first + _DECODED_AT_ONCE]):
            if isinstance(result, Exception):
                yield check_in.id, result
            else:
                loaded.append(result)
        if sum(one.seconds for one in loaded) > tools.batch_seconds:  # longer than they claimed to be
            yield from _hear(tools, loaded)
            loaded = []
    yield from _hear(tools, loaded)


def _hear(tools: TranscribeTools, loaded: Sequence[Loaded]) -> Generator[tuple[UUID, Outcome | Progress | Exception]]:
    began = time.monotonic()
    for number, heard in tools.transcriber.transcribe([one.recording for one in loaded]):
        one = loaded[number]
        if isinstance(heard, Exception):
            yield one.check_in.id, heard
        elif isinstance(heard, Part):
            yield one.check_in.id, _progress(tools, one, heard)
        else:
            times = one.times | {"transcribing_seconds": time.monotonic() - began}
            yield one.check_in.id, _outcome(tools, one, heard, times)


def _load_some(tools: TranscribeTools, check_ins: Sequence[CheckIn]) -> Iterable[tuple[CheckIn, Loaded | Exception]]:
    pool = ThreadPoolExecutor(_DECODED_AT_ONCE)
    try:
        return zip(check_ins, list(pool.map(partial(_load, tools), check_ins)), strict=True)
    finally:  # a worker that has to stop does not wait for them
        pool.shutdown(wait=False, cancel_futures=True)


def _load(tools: TranscribeTools, check_in: CheckIn) -> Loaded | Exception:
    """The recording with what is known of its speaker, or why it cannot be had."""
    store = tools.shift.store
    waited = (store.clock() - check_in.requested_at).total_seconds()
    began = time.monotonic()
    try:
        with store.reading() as reading:
            cipher = reading.vault.of(check_in.account_id)
            speech = reading.accounts.speech_of(check_in.account_id)
            begun = reading.results.partial(check_in.id)
        with store.recordings.open(check_in.audio_key, cipher) as content, store.recordings.in_memory(content) as file:
            samples = decode(tools.sandbox, file, check_in.audio_format, max_seconds=tools.max_seconds)
    except Exception as error:  # noqa: BLE001 - it is the outcome of this check-in, and touches no other
        return error
    recording = Recording(
        samples=samples,
        language=check_in.language,
        languages=speech.languages,
        vocabulary=speech.vocabulary,
        begun=Part(*begun) if begun else None,
    )
    times = {"waiting_seconds": waited, "decoding_seconds": time.monotonic() - began}
    return Loaded(check_in, recording, times)


def _progress(tools: TranscribeTools, one: Loaded, part: Part) -> Progress:
    percent = int(100 * part.seconds / one.seconds)

    def save(work: UnitOfWork, claim: Claim) -> None:
        now = tools.shift.store.clock()
        work.claims.progress(claim, part.transcript, seconds=part.seconds, percent=percent, now=now)

    return Progress(save)


def _outcome(tools: TranscribeTools, one: Loaded, heard: Transcript | NoSpeech, times: dict[str, Any]) -> Outcome:
    now = tools.shift.store.clock()
    transcript = heard if isinstance(heard, Transcript) else None
    return Outcome(
        state=CheckInState.TRANSCRIBED if transcript else CheckInState.NO_SPEECH,
        save=lambda work: work.results.save_transcript(one.check_in.id, transcript, now=now),
        columns=times | {"tagging_seconds": None, "audio_seconds": heard.seconds},
    )
