"""Kill processes at random while a phone sends recordings, then count: everything answered 201 is ready, once.

    .venv/bin/python -m bench.soak SEED [SECONDS]

Starts a Tandem of its own in a temporary folder. Exit status 0 only if nothing was lost or done twice.
"""

import random
import sys
import time
from collections import Counter
from contextlib import suppress
from typing import Any
from uuid import uuid4

import httpx2

from tests.flow.conftest import RECORDINGS, Phone, System, make_phone, make_system

PROGRAMS = ("api", "valkey", "transcription-1", "light-1")
RECORDING = "ami_es2011a_0040.wav"


def main(seed: int, seconds: float) -> int:
    """Run, print, and tell whether all is well."""
    chance = random.Random(seed)
    system = make_system(TANDEM_LEASE_SECONDS="6", TANDEM_BEAT_SECONDS="2", TANDEM_MAX_ATTEMPTS="50")
    system.start()
    try:
        phone = make_phone(system)
        sent = _send_and_kill(system, phone, chance, seconds)
        began = time.monotonic()
        states = Counter(phone.result(check_in_id, seconds=300)["state"] for check_in_id in sent)
        drained = time.monotonic() - began
        ready = Counter(change["check_in_id"] for change in _changes(phone) if change["state"] == "ready")
        kills = sum(line["event"] == "process.ended" for line in system.log())
    finally:
        system.close()
    once = all(ready[check_in_id] == 1 for check_in_id in sent)
    print(
        f"{len(sent)} accepted, {kills} processes ended, {dict(states)}, each once: {once}, drained in {drained:.0f} s"
    )
    return 0 if once and states["ready"] == len(sent) else 1


def _send_and_kill(system: System, phone: Phone, chance: random.Random, seconds: float) -> list[str]:
    sent = []
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        sent.append(_send(phone))
        if chance.random() < 0.5:
            with suppress(ProcessLookupError):
                system.kill(chance.choice(PROGRAMS))
        time.sleep(2 * chance.random())
    return sent


def _send(phone: Phone) -> str:
    """As a phone does: the same id and bytes until there is an answer."""
    check_in_id = str(uuid4())
    fields = {"id": check_in_id, "recorded_at": "2026-03-01T08:30:00Z", "time_zone": "UTC"}
    audio = (RECORDINGS / RECORDING).read_bytes()
    while True:
        with suppress(httpx2.TransportError):
            if phone.http.post("/check-ins", params=fields, content=audio).status_code == 201:
                return check_in_id
        time.sleep(0.3)


def _changes(phone: Phone) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while page := phone.http.get("/changes", params={"after": len(found)}).json()["items"]:
        found += page
    return found


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 60))
