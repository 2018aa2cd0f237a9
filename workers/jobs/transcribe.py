"""Transcribe: a recording becomes a transcript."""

import time
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID

from schemas.check_in import CheckInState, FailureReason
from schemas.transcript import Transcript
from store.media.sandbox import Sandbox
from store.stages import TRANSCRIBE
from store.tables import CheckIn
from workers.attempts import Outcome, Shift, attempt
from workers.decoding import decode
from workers.transcription.transcriber import SAMPLE_RATE, Samples, Transcriber


@dataclass(frozen=True)
class TranscribeTools:
    """What this job needs; its worker puts it into TOOLS before the first job."""

    shift: Shift
    sandbox: Sandbox
    transcriber: Transcriber
    max_seconds: float


TOOLS: ContextVar[TranscribeTools] = ContextVar("transcribe_tools")


def run(check_in_id: str) -> None:
    """The job."""
    tools = TOOLS.get()
    attempt(
        tools.shift,
        TRANSCRIBE,
        UUID(check_in_id),
        lambda check_in: _transcribe(tools, check_in),
        otherwise=FailureReason.TRANSCRIPTION_FAILED,
    )


def _transcribe(tools: TranscribeTools, check_in: CheckIn) -> Outcome:
    waited = (tools.shift.store.clock() - check_in.requested_at).total_seconds()
    began = time.monotonic()
    samples = _decode(tools, check_in)
    decoded = time.monotonic()
    heard = tools.transcriber.transcribe(samples, language=check_in.language)
    transcript = heard if isinstance(heard, Transcript) else None
    return Outcome(
        state=CheckInState.TRANSCRIBED if transcript else CheckInState.NO_SPEECH,
        save=lambda work: work.results.save_transcript(check_in.id, transcript),
        columns={
            "waiting_seconds": waited,
            "decoding_seconds": decoded - began,
            "transcribing_seconds": time.monotonic() - decoded,
            "tagging_seconds": None,
            "audio_seconds": len(samples) / SAMPLE_RATE,
        },
    )


def _decode(tools: TranscribeTools, check_in: CheckIn) -> Samples:
    with tools.shift.store.audio.open(check_in.audio_key) as file:
        return decode(tools.sandbox, file, check_in.audio_format, max_seconds=tools.max_seconds)
