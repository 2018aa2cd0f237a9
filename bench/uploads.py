"""What sending a recording costs: in one request, and in parts; and what sealing costs beside writing as it is.

    .venv/bin/python -m bench.uploads

Starts a Tandem of its own in a temporary folder, with neither workers nor a queue: only the API is measured.
"""

import os
import statistics
import sys
import time
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from store.audio import LocalAudioStore
from store.recordings import Recordings
from store.sealing import Cipher, new_key
from tests.flow.conftest import Phone, make_phone, make_system
from tests.making import make_wav
from tests.waiting import wait_until

TIMES = 40
RECORDING = make_wav(seconds=33)
"""1.06 MB."""
LARGE = os.urandom(50_000_000)
FIELDS = {"recorded_at": "2026-03-01T08:30:00Z", "time_zone": "UTC"}
TUS = {"Tus-Resumable": "1.0.0"}


def main() -> int:
    """Run, print."""
    system = make_system(TANDEM_RATE_LIMITS="off")
    try:
        system.run("migrate", "migrate").wait(60)
        system.run("api", "api")
        wait_until(system.answers, description="the API answers", seconds=60)
        phone = make_phone(system)
        ways: dict[str, Callable[[Phone], None]] = {
            "one request": at_once,
            "tus, one part": lambda phone: in_parts(phone, len(RECORDING)),
            "tus, parts of 256 KB": lambda phone: in_parts(phone, 256_000),
        }
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(TIMES):
            for name, send in ways.items():
                began = time.perf_counter()
                send(phone)
                taken[name].append(time.perf_counter() - began)
    finally:
        system.close()
    first = statistics.median(taken["one request"])
    for name, seconds in taken.items():
        median, worst = statistics.median(seconds), sorted(seconds)[int(0.95 * TIMES)]
        print(f"{name:22} median {1000 * median:5.0f} ms, 95 % {1000 * worst:5.0f} ms, {median / first:.2f} of it")
    _compare_sealing()
    return 0


def at_once(phone: Phone) -> None:
    """POST /v1/check-ins."""
    answer = phone.http.post("/check-ins", params={"id": str(uuid4())} | FIELDS, content=RECORDING)
    assert answer.status_code == 201, answer.text


def in_parts(phone: Phone, size: int) -> None:
    """POST /v1/uploads, then PATCH."""
    given = {"id": str(uuid4())} | FIELDS
    metadata = ",".join(f"{name} {b64encode(value.encode()).decode()}" for name, value in given.items())
    headers = TUS | {"Upload-Length": str(len(RECORDING)), "Upload-Metadata": metadata}
    answer = phone.http.post("/uploads", headers=headers)
    path = answer.headers["location"].removeprefix("/v1")
    for start in range(0, len(RECORDING), size):
        part = TUS | {"Upload-Offset": str(start), "Content-Type": "application/offset+octet-stream"}
        answer = phone.http.patch(path, headers=part, content=RECORDING[start : start + size])
        assert answer.status_code == 204, answer.text


def _compare_sealing() -> None:
    cipher = Cipher(uuid4(), new_key())
    sealed, plain = [], []
    with TemporaryDirectory() as folder:
        recordings = Recordings(LocalAudioStore(Path(folder) / "audio"), Path(folder) / "incoming")
        for _ in range(5):
            began = time.perf_counter()
            with recordings.staged(cipher) as staged:
                for start in range(0, len(LARGE), 262_144):
                    staged.write(LARGE[start : start + 262_144])
                staged.keep()
            sealed.append(time.perf_counter() - began)
            began = time.perf_counter()
            with (Path(folder) / "plain").open("wb") as file:
                for start in range(0, len(LARGE), 262_144):
                    file.write(LARGE[start : start + 262_144])
                os.fsync(file.fileno())
            plain.append(time.perf_counter() - began)
    ratio = statistics.median(sealed) / statistics.median(plain)
    print(f"50 MB sealed, hashed and kept: {statistics.median(sealed):.2f} s, {ratio:.2f} of writing it as it is")


if __name__ == "__main__":
    sys.exit(main())
