"""What travels keeps its promises."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from faster_whisper.tokenizer import _LANGUAGE_CODES
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from schemas.account import AccountCreate
from schemas.check_in import ALLOWED_TRANSITIONS, FAILURE_ACTIONS, CheckInCreate, CheckInState, FailureReason
from schemas.language import LANGUAGES
from schemas.tag import TagKind
from schemas.taxonomy import labels


@given(moment=st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=st.timezones()))  # noqa: DTZ001
def test_a_moment_is_the_same_moment_in_utc(moment: datetime) -> None:
    """Whatever its offset."""
    create = CheckInCreate(id=uuid4(), recorded_at=moment, time_zone="UTC")

    assert create.recorded_at == moment.astimezone(UTC)
    assert create.recorded_at.utcoffset() == timedelta(0)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_moment_outside_the_calendar_is_refused(moment: str) -> None:
    """In UTC it would lie before year 1 or after year 9999: an error of the field, not of the server."""
    with pytest.raises(ValidationError):
        CheckInCreate.model_validate({"id": uuid4(), "recorded_at": moment, "time_zone": "UTC"})


def test_a_moment_without_offset_is_refused() -> None:
    """Nobody knows when it was."""
    with pytest.raises(ValidationError):
        CheckInCreate(id=uuid4(), recorded_at=datetime(2026, 3, 1, 9), time_zone="UTC")  # noqa: DTZ001


def test_every_state_can_be_reached_and_left() -> None:
    """From received there is a way to each, and no state is a dead end."""
    reached, frontier = {CheckInState.RECEIVED}, [CheckInState.RECEIVED]
    while frontier:
        new = ALLOWED_TRANSITIONS[frontier.pop()] - reached
        reached |= new
        frontier += new

    assert reached == set(CheckInState)
    assert all(ALLOWED_TRANSITIONS[state] for state in CheckInState)


def test_every_failure_says_what_the_person_can_do() -> None:
    """In a sentence."""
    assert set(FAILURE_ACTIONS) == set(FailureReason)
    assert all(action.endswith(".") for action in FAILURE_ACTIONS.values())


def test_the_taxonomy_has_labels_for_every_kind() -> None:
    """24 feeling families, 28 needs, and one label for each other kind."""
    counts = {kind: len(labels()[kind]) for kind in TagKind}

    assert (counts.pop(TagKind.FEELING), counts.pop(TagKind.NEED)) == (24, 28)
    assert set(counts.values()) == {1}


def test_the_languages_are_those_of_whisper() -> None:
    """Any other would fail when it is too late to correct it."""
    assert set(_LANGUAGE_CODES) == LANGUAGES


def test_a_password_shows_in_no_text() -> None:
    """Neither in a repr nor in an error."""
    create = AccountCreate(email="kim@example.org", password=SecretStr("correct horse"))
    assert "correct horse" not in repr(create)
    with pytest.raises(ValidationError) as caught:
        AccountCreate.model_validate({"email": "kim@example.org", "password": "short"})
    assert "'short'" not in str(caught.value)
