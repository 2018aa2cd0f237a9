"""Hurt recordings have a clean outcome, and hurt nobody else. `bench/fuzz_audio.py` does it with thousands."""

import os
import signal
from collections import Counter
from typing import BinaryIO

import pytest

from schemas.errors import DecoderUnavailable
from schemas.recording import RecordingFormat
from store.media.sandbox import Probe, Sandbox
from tests.store.media.mutations import Hurt, Original, hurt, originals
from tests.store.media.outcomes import decodes_the_good_one, outcome_of

SEED = 1
COUNT = 80


class FaultySandbox(Sandbox):
    """Its warm process dies of every probe, and what it cannot decode it calls its own fault."""

    def probe(self, audio: BinaryIO | int, format_: RecordingFormat, *, max_seconds: float) -> Probe:
        """Kill it."""
        assert self.pid is not None
        os.kill(self.pid, signal.SIGKILL)
        return super().probe(audio, format_, max_seconds=max_seconds)

    def decode(self, audio: BinaryIO | int, format_: RecordingFormat, *, max_seconds: float) -> bytes:
        """Blame itself."""
        try:
            return super().decode(audio, format_, max_seconds=max_seconds)
        except Exception as error:
            raise DecoderUnavailable from error


@pytest.fixture(scope="module")
def among() -> tuple[Original, ...]:
    """Good recordings of every format; those that are made for it are short."""
    return originals(longest_seconds=2)


def test_a_hurt_recording_is_decoded_or_refused(sandbox: Sandbox, among: tuple[Original, ...]) -> None:
    """With one of the errors that are written down, in time; and the next good recording is decoded as ever."""
    assert decodes_the_good_one(sandbox)
    outcomes = [outcome_of(sandbox, hurt(among, SEED, number), max_seconds=600) for number in range(COUNT)]
    assert [defect for outcome in outcomes for defect in outcome.defects] == []
    decoded = Counter(outcome.decoded for outcome in outcomes)
    assert decoded["samples"] > COUNT // 4
    assert decoded["RecordingUnreadable"] > COUNT // 8


def test_the_same_seed_hurts_in_the_same_way(among: tuple[Original, ...]) -> None:
    """Else what was found could not be looked at again; and no two numbers are the same."""
    twice = [[hurt(among, SEED, number).content for number in range(COUNT)] for _ in range(2)]
    assert twice[0] == twice[1]
    assert len(set(twice[0])) == COUNT
    assert {hurt(among, SEED, number).original.format for number in range(200)} == {one.format for one in among}


def test_what_is_not_clean_is_a_defect(among: tuple[Original, ...]) -> None:
    """The first test can fail: a fault of ours and a warm process that died are told."""
    with FaultySandbox() as sandbox:
        assert decodes_the_good_one(sandbox)
        outcome = outcome_of(sandbox, Hurt(among[0], among[0].content[:100], ()), max_seconds=600)
    assert outcome.defects == ("decode: !DecoderUnavailable", "the warm process is another")
