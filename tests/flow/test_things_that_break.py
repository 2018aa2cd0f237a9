"""Whatever is killed, every recording that was answered 201 comes to its end, once."""

import os
import shutil
import signal
import time

import pytest

from tests.flow.conftest import RECORDINGS, Phone, System
from tests.waiting import wait_until

LONG = "A006.ogg"
"""53 s."""
SHORT = "ami_es2011a_0040.wav"
"""6 s."""
FLAC = "librispeech_1688-142285-0006.flac"


def until_transcribing(phone: Phone, check_in_id: str, *, attempt: int = 1) -> None:
    """Wait until a worker is at it for the attempt-th time."""

    def taken_up() -> bool:
        check_in = phone.read(check_in_id)
        return (check_in["state"], check_in["attempt"]) == ("transcribing", attempt)

    wait_until(taken_up, description=f"a worker has taken it up, attempt {attempt}")


def test_a_killed_worker_delays_a_result_by_seconds(system: System, phone: Phone) -> None:
    """kill -9 in the middle: another process begins again, and the result is there once, within 20 s."""
    check_in_id = phone.send(LONG)
    until_transcribing(phone, check_in_id)
    system.kill("transcription-1")
    killed = time.monotonic()

    check_in = phone.result(check_in_id)

    assert check_in["state"] == "ready"
    assert time.monotonic() - killed < 20
    assert phone.states(check_in_id).count("transcribed") == 1
    assert check_in["attempt"] == 3  # lost, transcribed, tagged


def test_a_worker_that_was_stopped_past_its_lease_is_fenced(system: System, phone: Phone) -> None:
    """Another takes over; what the first brings when it wakes up is dropped."""
    first = system.run("worker", "first", "transcription", TANDEM_WORKER_NAME="first")
    wait_until(lambda: logged(system, "first", "worker.ready"), description="a worker of our own is ready")
    supervised = system.pid("transcription-1")
    os.kill(supervised, signal.SIGSTOP)  # for a moment, so that ours takes it up
    check_in_id = phone.send(LONG)
    until_transcribing(phone, check_in_id)
    os.kill(first.pid, signal.SIGSTOP)
    os.kill(supervised, signal.SIGCONT)

    check_in = phone.result(check_in_id)
    os.kill(first.pid, signal.SIGCONT)

    wait_until(lambda: logged(system, "first", "attempt.overtaken"), description="the first worker is fenced")
    assert phone.read(check_in_id) == check_in
    assert phone.states(check_in_id).count("transcribed") == 1


def logged(system: System, name: str, event: str) -> bool:
    """Whether a process has said so."""
    return any(line["event"] == event for line in system.log(name))


def test_a_recording_that_kills_its_workers_fails_and_holds_nobody_up(system: System, phone: Phone) -> None:
    """Three workers die of it: it fails with a reason; others get their result; it can be run again."""
    poison = phone.send(LONG)
    for attempt in (1, 2, 3):
        until_transcribing(phone, poison, attempt=attempt)
        system.kill("transcription-1")

    check_in = phone.result(poison)
    assert check_in["state"] == "failed"
    assert check_in["failure"]["reason"] == "worker_lost"
    assert check_in["failure"]["action"]
    assert phone.result(phone.send(SHORT))["state"] == "ready"
    assert phone.http.post(f"/check-ins/{poison}/runs").status_code == 202
    assert phone.result(poison)["state"] == "ready"


def test_a_queue_that_is_wiped_loses_nothing(system: System, phone: Phone) -> None:
    """Valkey is killed and its file removed while work waits; uploads go on meanwhile."""
    waiting = [phone.send(SHORT) for _ in range(5)]
    system.kill("valkey")
    shutil.rmtree(system.folder / "data" / "valkey", ignore_errors=True)
    waiting += [phone.send(SHORT) for _ in range(3)]

    assert {phone.result(check_in_id)["state"] for check_in_id in waiting} == {"ready"}


def test_an_api_that_dies_between_commit_and_nudge_loses_nothing(system: System, phone: Phone) -> None:
    """The row is there, the job never was: the workers' sweep finds it."""
    queue = system.pid("valkey")
    os.kill(queue, signal.SIGSTOP)  # the nudge gets lost
    check_in_id = phone.send(SHORT)
    system.kill("api")
    os.kill(queue, signal.SIGCONT)

    assert phone.result(check_in_id)["state"] == "ready"


@pytest.mark.parametrize("damage", ["frames", "end"])
def test_a_damaged_recording_has_a_clean_outcome(system: System, phone: Phone, damage: str) -> None:
    """A reason that a phone can explain, or the words that could be saved; never a hung worker."""
    whole = (RECORDINGS / FLAC).read_bytes()
    audio = whole[:2_000] + bytes(len(whole) - 2_000) if damage == "frames" else whole[: len(whole) // 2]

    check_in = phone.result(phone.send_bytes(audio))

    if check_in["state"] == "failed":
        assert check_in["failure"]["reason"] == "undecodable"
        assert check_in["failure"]["action"]
    else:
        assert check_in["state"] in {"ready", "no_speech"}
    assert phone.result(phone.send(SHORT))["state"] == "ready"


def test_a_worker_that_is_told_to_stop_hands_its_work_back(system: System, phone: Phone) -> None:
    """SIGTERM in the middle: it leaves within seconds, and the attempt is not held against the recording."""
    check_in_id = phone.send(LONG)
    until_transcribing(phone, check_in_id)
    os.kill(system.pid("transcription-1"), signal.SIGTERM)

    wait_until(
        lambda: any(line["event"] == "attempt.handed_back" for line in system.log()),
        description="the check-in was handed back",
    )
    assert phone.result(check_in_id)["state"] == "ready"
