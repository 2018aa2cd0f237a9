"""Check-ins: what a person recorded, how far it has come, and where it may go from there."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import AfterValidator

from schemas.base import Schema, UtcDatetime
from schemas.language import Language
from schemas.progress import ProgressRead
from schemas.recording import RecordingRead
from schemas.tag import TagRead
from schemas.transcript import Transcript


class CheckInKind(StrEnum):
    """The occasion."""

    JOURNAL = "journal"
    """Alone, at any time."""
    WEEKLY = "weekly"
    """The regular check-in of a couple."""
    POST_MORTEM = "post_mortem"
    """After a hard moment."""


class CheckInState(StrEnum):
    """How far a check-in has come."""

    RECEIVED = "received"
    """The recording is safe; it waits to be transcribed."""
    TRANSCRIBING = "transcribing"
    TRANSCRIBED = "transcribed"
    """The transcript can be read; it waits to be tagged."""
    TAGGING = "tagging"
    READY = "ready"
    """Transcript and tags are there."""
    NO_SPEECH = "no_speech"
    """Nobody spoke: an outcome, not a failure."""
    FAILED = "failed"
    """See `failure`; the recording is kept and can be run again."""


ALLOWED_TRANSITIONS: dict[CheckInState, frozenset[CheckInState]] = {
    CheckInState.RECEIVED: frozenset({CheckInState.TRANSCRIBING}),
    CheckInState.TRANSCRIBING: frozenset(
        {CheckInState.TRANSCRIBED, CheckInState.NO_SPEECH, CheckInState.RECEIVED, CheckInState.FAILED}
    ),
    CheckInState.TRANSCRIBED: frozenset({CheckInState.TAGGING}),
    CheckInState.TAGGING: frozenset({CheckInState.READY, CheckInState.TRANSCRIBED, CheckInState.FAILED}),
    CheckInState.READY: frozenset({CheckInState.RECEIVED, CheckInState.TRANSCRIBED}),
    CheckInState.NO_SPEECH: frozenset({CheckInState.RECEIVED}),
    CheckInState.FAILED: frozenset({CheckInState.RECEIVED, CheckInState.TRANSCRIBED}),
}
"""Back to a waiting state: another attempt, or run again by the person; an edited transcript is tagged again."""

SETTLED_STATES = frozenset({CheckInState.READY, CheckInState.NO_SPEECH, CheckInState.FAILED})
"""Nothing more happens until somebody asks for it."""


class FailureReason(StrEnum):
    """Why a check-in failed; a phone can translate it."""

    UNDECODABLE = "undecodable"
    """The recording is damaged or is not what its first bytes say."""
    RECORDING_TOO_LONG = "recording_too_long"
    """Decoded, it is longer than the limit."""
    RECORDING_MISSING = "recording_missing"
    """The stored file cannot be found."""
    WORKER_LOST = "worker_lost"
    """Every attempt ended with its worker gone: it crashed, was killed or took too long."""
    TRANSCRIPTION_FAILED = "transcription_failed"
    TAGGING_FAILED = "tagging_failed"


FAILURE_ACTIONS: dict[FailureReason, str] = {
    FailureReason.UNDECODABLE: "Listen to the recording on the phone; if it plays there, export it in another format "
    "and send that as a new check-in.",
    FailureReason.RECORDING_TOO_LONG: "Send it in shorter parts, as new check-ins.",
    FailureReason.RECORDING_MISSING: "Send the recording again as a new check-in if the phone still holds it.",
    FailureReason.WORKER_LOST: "Run it again; if it fails again, export the recording in another format.",
    FailureReason.TRANSCRIPTION_FAILED: "Run it again later.",
    FailureReason.TAGGING_FAILED: "The transcript can be read. Run it again later for the tags.",
}
"""What the person can do about each reason."""


class Failure(Schema):
    """Why it failed and what the person can do."""

    reason: FailureReason
    action: str


KNOWN_ZONES = frozenset(available_timezones() - {"localtime", "Factory"})
"""Without those that mean the server's own, or none."""


def _known_zone(name: str) -> str:
    if name not in KNOWN_ZONES:
        raise ValueError("not an IANA time zone; send a name such as Europe/Berlin")
    return name


TimeZone = Annotated[str, AfterValidator(_known_zone)]
"""An IANA zone name."""


class CheckInCreate(Schema):
    """What the phone tells about a recording. Its local day is fixed here, wherever the phone goes later."""

    id: UUID
    """Chosen by the phone. The same id with the same bytes is the same check-in, however often it is sent."""
    kind: CheckInKind = CheckInKind.JOURNAL
    recorded_at: UtcDatetime
    """When the recording began, with offset."""
    time_zone: TimeZone
    """Where the phone was."""
    language: Language | None = None
    """Spoken language; detected where it is left out."""


class StageTimes(Schema):
    """Seconds each step took in the attempt that succeeded. Null: not done yet."""

    waiting: float | None = None
    """From received to the start of transcription."""
    decoding: float | None = None
    transcribing: float | None = None
    tagging: float | None = None


class CheckInSummary(Schema):
    """A check-in without what was said: an entry of a list."""

    id: UUID
    kind: CheckInKind
    state: CheckInState
    failure: Failure | None = None
    recorded_at: UtcDatetime
    time_zone: str
    local_day: date
    """The calendar day at `recorded_at` in `time_zone`."""
    language: str | None
    """As given by the phone."""
    recording: RecordingRead
    attempt: int
    """How often a worker has taken it up; grows for ever."""
    created_at: UtcDatetime
    updated_at: UtcDatetime


class CheckInRead(CheckInSummary):
    """A check-in with its result so far."""

    progress: ProgressRead | None = None
    """All that was heard so far, while the check-in waits for its transcription or is in it. Null: nothing yet, or
    over."""
    transcript: Transcript | None = None
    tags: tuple[TagRead, ...] | None = None
    """With the speaker's corrections. Null until they were made; empty where there is nothing to tag."""
    stage_seconds: StageTimes


class RunCreate(Schema):
    """Run a settled check-in again."""

    language: Language | None = None
    """Take this language from now on; null: detect it; left out: as before."""


class CheckInPage(Schema):
    """Newest recording first."""

    items: tuple[CheckInSummary, ...]
    next: str | None
    """Send it as `cursor` for the following page; null at the end."""
