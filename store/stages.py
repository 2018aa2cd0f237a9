"""The flow as data: which stages there are, in order, what each reads and writes, and where its work waits."""

from dataclasses import dataclass

from schemas.check_in import CheckInState


@dataclass(frozen=True)
class Stage:
    """A step of the flow. Its job is named by path: whoever queues it need not import the workers."""

    name: str
    queue: str
    job: str
    waiting: CheckInState
    working: CheckInState
    reads: frozenset[str]
    writes: frozenset[str]


TRANSCRIBE = Stage(
    name="transcribe",
    queue="transcription",
    job="workers.jobs.transcribe.run",
    waiting=CheckInState.RECEIVED,
    working=CheckInState.TRANSCRIBING,
    reads=frozenset({"recording"}),
    writes=frozenset({"transcript"}),
)
TAG = Stage(
    name="tag",
    queue="light",
    job="workers.jobs.tag.run",
    waiting=CheckInState.TRANSCRIBED,
    working=CheckInState.TAGGING,
    reads=frozenset({"transcript"}),
    writes=frozenset({"tags"}),
)

STAGES = (TRANSCRIBE, TAG)

STAGE_WAITING_IN = {stage.waiting: stage for stage in STAGES}
QUEUES = tuple(dict.fromkeys(stage.queue for stage in STAGES))
