"""Tag: a transcript gets its feelings, needs, requests and demands."""

import time
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID

from schemas.check_in import CheckInState, FailureReason
from schemas.errors import TranscriptMissing
from schemas.transcript import Transcript
from store.placing import place
from store.stages import TAG
from store.tables import CheckIn
from workers.attempts import Outcome, attempt
from workers.shift import Shift
from workers.tagging.tagger import Tagger


@dataclass(frozen=True)
class TagTools:
    """What this job needs; its worker puts it into TOOLS before the first job."""

    shift: Shift
    tagger: Tagger


TOOLS: ContextVar[TagTools] = ContextVar("tag_tools")


def run(check_in_id: str) -> None:
    """The job."""
    tools = TOOLS.get()
    attempt(
        tools.shift,
        TAG,
        UUID(check_in_id),
        lambda check_in: _tag(tools, check_in),
        otherwise=FailureReason.TAGGING_FAILED,
    )


def _tag(tools: TagTools, check_in: CheckIn) -> Outcome:
    began = time.monotonic()
    transcript = _load(tools, check_in)
    text = transcript.tagged
    found = tools.tagger.tag(text.text) if text.language in tools.tagger.languages else ()
    tags = place(found, transcript)
    return Outcome(
        state=CheckInState.READY,
        save=lambda work: work.results.save_tags(check_in.id, tags, tagger=tools.tagger.name),
        columns={"tagging_seconds": time.monotonic() - began},
    )


def _load(tools: TagTools, check_in: CheckIn) -> Transcript:
    with tools.shift.store.reading() as reading:
        transcript = reading.results.transcript(check_in.id)
    if transcript is None:
        raise TranscriptMissing
    return transcript
