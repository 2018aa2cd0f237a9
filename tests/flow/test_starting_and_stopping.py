"""One command starts everything, and Ctrl-C leaves nothing behind."""

import os
import signal

from tests.flow.conftest import Phone, System
from tests.waiting import wait_until


def lives(pid: int) -> bool:
    """Whether a process is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_ctrl_c_stops_everything(system: System) -> None:
    """Exit status 0, and none of the four processes is left."""
    names = ("valkey", "api", "transcription-1", "light-1")
    wait_until(lambda: len(started(system)) == 4, description="all have been started")
    pids = [system.pid(name) for name in names]

    assert system.stop() == 0
    assert not any(lives(pid) for pid in pids)


def test_a_killed_supervisor_leaves_nothing_running(system: System, phone: Phone) -> None:
    """The kernel tells its children; the next start finds everything as it was."""
    check_in_id = phone.send("ami_es2011a_0040.wav")
    wait_until(lambda: len(started(system)) == 4, description="all have been started")
    pids = [system.pid(name) for name in ("valkey", "api", "transcription-1", "light-1")]
    assert system.process is not None
    system.process.kill()
    wait_until(lambda: not any(map(lives, pids)), description="all processes are gone")

    system.start()

    assert phone.result(check_in_id)["state"] == "ready"


def test_a_second_start_says_so_and_leaves_the_first_alone(system: System) -> None:
    """Its exit status is 1, it names the folder and the process, and the first still answers."""
    second = system.run("up", "second", TANDEM_PORT="1")
    assert second.wait(30) == 1

    said = " ".join((system.folder / "second.log").read_text().split())
    assert "already runs on" in said
    assert system.process is not None
    assert str(system.process.pid) in said
    assert system.answers()


def test_an_address_where_another_tandem_listens_is_refused(system: System) -> None:
    """It would take the other's answers for its own."""
    second = system.run("up", "second", TANDEM_DATA_FOLDER=str(system.folder / "other"))

    assert second.wait(30) == 1
    assert "Another Tandem listens on" in (system.folder / "second.log").read_text()


def test_what_is_kept_is_for_its_user_alone(system: System, phone: Phone) -> None:
    """Folder, database and recordings."""
    phone.send("ami_es2011a_0040.wav")

    kept = [path for path in system.folder.joinpath("data").rglob("*") if path.exists()]
    assert [path for path in kept if path.stat().st_mode & 0o077 and not path.is_socket()] == []


def test_a_process_that_hangs_is_replaced(system: System) -> None:
    """Its heartbeat is stale after 15 s."""
    hung = system.pid("api")
    os.kill(hung, signal.SIGSTOP)

    wait_until(lambda: system.pid("api") != hung, description="it was replaced", seconds=40)
    wait_until(system.answers, description="the new one answers")


def started(system: System) -> set[str]:
    """Names of what was started."""
    return {line["name"] for line in system.log() if line["event"] == "process.started"}
