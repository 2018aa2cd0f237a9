"""What becomes of a hurt recording: samples or a refusal that is written down; anything else is a defect."""

import time
from collections.abc import Callable
from typing import NamedTuple

from schemas.errors import InvalidInput, RecordingTooLong, RecordingUnreadable, RecordingUnsupported, TandemError
from schemas.recording import RecordingFormat
from store.media.formats import SNIFF_BYTES, sniff
from store.media.protocol import SAMPLE_BYTES, BrokenReply
from store.media.sandbox import Probe, Sandbox
from tests.store.media.mutations import Hurt
from tests.store.media.recordings import file_of, wav

REFUSALS = (RecordingTooLong, RecordingUnreadable, RecordingUnsupported)
LONGEST_SECONDS = 20
"""Of one call: a hundred times what it takes, on a machine that is busy with other things."""
GOOD = wav(b"\x01\x00\x02\x00" * 800)


class Outcome(NamedTuple):
    """Of one recording."""

    sniffed: str
    probed: str
    decoded: str
    seconds: float
    """Of the slower of its two calls."""
    defects: tuple[str, ...]


def outcome_of(sandbox: Sandbox, hurt: Hurt, *, max_seconds: float) -> Outcome:
    """Sniff, probe and decode as the service and the worker do, then ask whether a good recording still decodes.

    The warm process has to be there.
    """
    sniffed, format_ = _sniffed(hurt)
    before = sandbox.pid
    with file_of(hurt.content) as file:
        probed, first = _called(lambda: sandbox.probe(file, format_, max_seconds=max_seconds))
        decoded, second = _called(lambda: sandbox.decode(file, format_, max_seconds=max_seconds))
    defects = [f"{task}: {told}" for task, told in (("probe", probed), ("decode", decoded)) if told.startswith("!")]
    slower = max(first, second)
    if slower > LONGEST_SECONDS:
        defects.append(f"took {slower:.0f} s")
    if sandbox.pid != before:
        defects.append("the warm process is another")
    if not decodes_the_good_one(sandbox):
        defects.append("a good recording after it is not decoded")
    return Outcome(sniffed, probed, decoded, slower, tuple(defects))


def decodes_the_good_one(sandbox: Sandbox) -> bool:
    """Whether a recording that nobody hurt comes out sample for sample. Starts the warm process where there is none."""
    with file_of(GOOD) as file:
        try:
            return sandbox.decode(file, RecordingFormat.WAV, max_seconds=60) == GOOD[44:]
        except TandemError:
            return False


def _sniffed(hurt: Hurt) -> tuple[str, RecordingFormat]:
    """What no longer looks like a recording is tried as what it was, though the service would refuse it here."""
    try:
        format_ = sniff(hurt.content[:SNIFF_BYTES])
    except InvalidInput as error:
        return type(error).__name__, hurt.original.format
    return "as before" if format_ is hurt.original.format else "as another format", format_


def _called(call: Callable[[], Probe | bytes]) -> tuple[str, float]:
    """How it went, an exclamation mark in front of what may not be, and the seconds it took."""
    began = time.monotonic()
    try:
        told = _told(call())
    except REFUSALS as error:
        told = type(error).__name__ + (", child gone" if isinstance(error.__cause__, BrokenReply) else "")
    except Exception as error:  # noqa: BLE001 - what else can come is the question
        told = f"!{type(error).__name__}"
    return told, time.monotonic() - began


def _told(answer: Probe | bytes) -> str:
    if isinstance(answer, Probe):
        return "length and codec" if answer.codec else "!no codec"
    if len(answer) % SAMPLE_BYTES:
        return "!half a sample"
    return "samples" if answer else "no samples"
