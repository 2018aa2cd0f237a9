"""The whole system as a person starts it, on real recordings, and a phone that talks to it."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.waiting import wait_until

RECORDINGS = Path(__file__).parents[2] / "recordings"


@dataclass
class System:
    """`tandem up` in a folder of its own."""

    folder: Path
    port: int
    env: dict[str, str]
    process: "subprocess.Popen[bytes] | None" = None
    others: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def start(self) -> None:
        """Start, and wait for the API."""
        self.process = self.run("up", "tandem")
        wait_until(self.answers, description="the API answers", seconds=60)

    def run(self, command: str, log: str, *arguments: str, **env: str) -> "subprocess.Popen[bytes]":
        """Run a command of ours on the same folder."""
        with (self.folder / f"{log}.log").open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "tandem", command, *arguments],
                env=os.environ | self.env | env,
                stdout=output,
                stderr=output,
            )
        self.others.append(process)
        return process

    def answers(self) -> bool:
        """Whether the API lives."""
        try:
            return httpx2.get(f"http://127.0.0.1:{self.port}/healthz", timeout=1).is_success
        except httpx2.TransportError:
            return False

    def log(self, name: str = "tandem") -> list[dict[str, Any]]:
        """What was logged."""
        lines = (self.folder / f"{name}.log").read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def pid(self, name: str) -> int:
        """The present process of a program."""
        started = [line for line in self.log() if line["event"] == "process.started" and line["name"] == name]
        pid: int = started[-1]["pid"]
        return pid

    def kill(self, name: str) -> None:
        """kill -9."""
        os.kill(self.pid(name), signal.SIGKILL)

    def stop(self) -> int:
        """Ctrl-C; returns the exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(40)

    def close(self) -> None:
        """Leave nothing running."""
        for process in self.others:
            process.terminate()
        for process in self.others:
            process.wait(40)
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass
class Phone:
    """What an app does."""

    http: httpx2.Client

    def send(self, file: str, **fields: str) -> str:
        """Send a recording; returns its id."""
        return self.send_bytes((RECORDINGS / file).read_bytes(), **fields)

    def send_bytes(self, audio: bytes, **fields: str) -> str:
        """Send bytes; returns the check-in's id."""
        given = {"id": str(uuid4()), "recorded_at": "2026-03-01T08:30:00Z", "time_zone": "UTC"} | fields
        answer = self.http.post("/check-ins", data=given, files={"audio": ("a", audio)})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def read(self, check_in_id: str, *, wait: float = 0) -> dict[str, Any]:
        """Read a check-in."""
        answer = self.http.get(f"/check-ins/{check_in_id}", params={"wait": wait})
        assert answer.status_code == 200, answer.text
        check_in: dict[str, Any] = answer.json()
        return check_in

    def result(self, check_in_id: str, *, seconds: float = 60) -> dict[str, Any]:
        """Wait until it is settled."""

        def settled() -> dict[str, Any] | None:
            try:
                check_in = self.read(check_in_id)
            except httpx2.TransportError:
                return None
            return check_in if check_in["state"] in {"ready", "no_speech", "failed"} else None

        found = wait_until(settled, description=f"{check_in_id} is settled", seconds=seconds)
        assert found is not None
        return found

    def states(self, check_in_id: str) -> list[str]:
        """Every state it has been in, as the feed tells it."""
        changes = self.http.get("/changes").json()["items"]
        return [change["state"] for change in changes if change["check_in_id"] == check_in_id]


def make_system(**env: str) -> System:
    """A system that is not started yet."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = Path(mkdtemp(prefix="tandem-"))
    given = {"TANDEM_DATA_FOLDER": str(folder / "data"), "TANDEM_PORT": str(port), "TANDEM_LOG_FORMAT": "json"}
    return System(folder, port, given | env)


def make_phone(system: System) -> Phone:
    """Somebody signs up."""
    http = httpx2.Client(base_url=f"http://127.0.0.1:{system.port}/v1", timeout=60)
    account = {"email": f"{uuid4()}@example.org", "password": "correct horse battery"}
    token = http.post("/accounts", json=account).json()["access_token"]
    http.headers["Authorization"] = f"Bearer {token}"
    return Phone(http)


@pytest.fixture(scope="session")
def shared_system() -> Iterator[System]:
    """One that nobody harms."""
    system = make_system()
    system.start()
    yield system
    system.close()


@pytest.fixture
def system() -> Iterator[System]:
    """One to be harmed, started, with a short lease and quick retries."""
    system = make_system(TANDEM_LEASE_SECONDS="4", TANDEM_BEAT_SECONDS="1", TANDEM_RETRY_SECONDS="1")
    system.start()
    yield system
    system.close()


@pytest.fixture
def phone(system: System) -> Iterator[Phone]:
    """A phone of the system that is harmed."""
    phone = make_phone(system)
    yield phone
    phone.http.close()


@pytest.fixture
def shared_phone(shared_system: System) -> Iterator[Phone]:
    """A phone of the system that nobody harms."""
    phone = make_phone(shared_system)
    yield phone
    phone.http.close()
