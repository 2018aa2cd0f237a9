"""The doctor says what is missing and what to do about it."""

import socket
from pathlib import Path
from typing import Any

import pytest

from service.settings import ServiceSettings
from tandem.doctor import examine
from tandem.finding import Finding
from workers.settings import WorkerSettings
from workers.transcription.hardware import supported_types


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def found(service: ServiceSettings, workers: WorkerSettings | None = None) -> dict[str, Finding]:
    """All findings by name."""
    return {finding.name: finding for finding in examine(service, workers or WorkerSettings())}


def test_a_sound_machine_is_sound(short_folder: Path) -> None:
    """Nothing is missing here."""
    findings = found(ServiceSettings(data_folder=short_folder, port=free_port()))

    assert [finding for finding in findings.values() if not finding.well] == []
    assert findings["Queue"].detail.startswith("Valkey 9")


@pytest.mark.parametrize(
    ("name", "service"),
    [
        ("Data folder", ServiceSettings(data_folder=Path("/proc/nowhere"))),
        ("Data folder", ServiceSettings(data_folder=Path("/var") / ("long" * 30))),
        ("Database", ServiceSettings(database_url="postgresql+psycopg://127.0.0.1:1/none")),
        ("Queue", ServiceSettings(redis_url="redis://127.0.0.1:1")),
    ],
    ids=["not writable", "too long", "no database", "no queue"],
)
def test_what_is_missing_comes_with_what_to_do(name: str, service: ServiceSettings) -> None:
    """One finding that is not well, with an action."""
    finding = found(service)[name]

    assert not finding.well
    assert finding.action


def test_a_port_that_is_taken_is_told(short_folder: Path) -> None:
    """With another to try."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = ServiceSettings(data_folder=short_folder, port=taken.getsockname()[1])

        finding = found(settings)["Address"]

    assert (finding.well, finding.action) == (False, "Choose another: TANDEM_PORT=8001.")


def test_the_hardware_is_named(short_folder: Path) -> None:
    """What was chosen: device, type, threads."""
    service = ServiceSettings(data_folder=short_folder, port=free_port())
    finding = found(service, WorkerSettings(device="cpu", threads=1))["Hardware"]

    assert finding.well
    assert finding.detail.startswith("cpu, int8, 1 of ")


@pytest.mark.parametrize(
    "given", [{"device": "cpu", "compute_type": "float16"}, {"device": "cpu", "threads": 1000}, {"device": "cuda"}]
)
def test_hardware_that_cannot_be_had_is_told(short_folder: Path, given: dict[str, Any]) -> None:
    """With what can be had instead. The second holds where there is no GPU."""
    if given["device"] == "cuda" and supported_types("cuda"):
        pytest.skip("this machine has a GPU")
    finding = found(ServiceSettings(data_folder=short_folder), WorkerSettings(**given))["Hardware"]

    assert not finding.well
    assert "TANDEM_" in finding.action
