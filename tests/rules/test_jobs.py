"""The flow as data: every job exists, every stage finds what it reads, every state can be left again."""

import inspect
from importlib import import_module
from itertools import pairwise

import pytest

from schemas.check_in import ALLOWED_TRANSITIONS, SETTLED_STATES, CheckInState
from store.stages import STAGES, Stage
from workers.settings import WorkerKind


@pytest.mark.parametrize("stage", STAGES)
def test_the_job_of_a_stage_exists(stage: Stage) -> None:
    """Its path leads to a function of one id, and a kind of worker works its queue."""
    module, name = stage.job.rsplit(".", 1)
    parameters = inspect.signature(getattr(import_module(module), name)).parameters.values()

    assert [parameter.annotation for parameter in parameters] == [str]
    assert stage.queue in set(WorkerKind)


def test_a_stage_reads_what_an_earlier_one_writes() -> None:
    """The recording is there from the start."""
    written = {"recording"}
    for stage in STAGES:
        assert stage.reads <= written, stage.name
        written |= stage.writes


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_can_be_entered_tried_again_and_failed(stage: Stage) -> None:
    """Its states are connected on the graph of allowed transitions."""
    assert stage.working in ALLOWED_TRANSITIONS[stage.waiting]
    assert {stage.waiting, CheckInState.FAILED} <= ALLOWED_TRANSITIONS[stage.working]


def test_stages_lead_from_one_to_the_next() -> None:
    """The first takes up what was received, the last ends in a settled state, and no state is left over."""
    for stage, following in pairwise(STAGES):
        assert following.waiting in ALLOWED_TRANSITIONS[stage.working]

    assert STAGES[0].waiting is CheckInState.RECEIVED
    assert CheckInState.READY in ALLOWED_TRANSITIONS[STAGES[-1].working]
    assert SETTLED_STATES | {state for stage in STAGES for state in (stage.waiting, stage.working)} == set(CheckInState)
    assert set(ALLOWED_TRANSITIONS) == set(CheckInState)


def test_a_settled_check_in_can_be_run_again() -> None:
    """From every settled state to the beginning; one with a transcript also to where an edited one is tagged."""
    again = {state: {CheckInState.RECEIVED} for state in SETTLED_STATES}
    for state in (CheckInState.READY, CheckInState.FAILED):
        again[state].add(STAGES[-1].waiting)
    assert {state: ALLOWED_TRANSITIONS[state] for state in SETTLED_STATES} == again
