"""What the pipeline costs beside the model: upload latency, and one check-in from 201 to ready.

    .venv/bin/python bench/pipeline.py http://127.0.0.1:8000

against a running Tandem (`make run`) on an otherwise quiet machine. Prints milliseconds.
"""

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from uuid import uuid4

import httpx2

RECORDING = Path(__file__).parent.parent / "recordings" / "ami_es2011a_0040.wav"
UPLOADS = 100
RESULTS = 8


def main(address: str) -> None:
    """Measure and print."""
    with httpx2.Client(base_url=f"{address}/v1", timeout=60) as phone:
        account = {"email": f"{uuid4()}@example.org", "password": "a bench of uploads"}
        token = phone.post("/accounts", json=account).json()["access_token"]
        phone.headers["Authorization"] = f"Bearer {token}"
        _results(phone)
        _uploads(phone)


def _results(phone: httpx2.Client) -> None:
    """One at a time: the whole way, and what of it was not decoding, transcribing or tagging."""
    whole, beside = [], []
    for _ in range(RESULTS):
        began = time.monotonic()
        check_in = phone.get(f"/check-ins/{_send(phone)}", params={"wait": 30}).json()
        took = time.monotonic() - began
        steps = check_in["stage_seconds"]
        whole.append(took)
        beside.append(took - steps["decoding"] - steps["transcribing"] - steps["tagging"])
    print(f"send to ready: median {median(whole) * 1e3:.0f}, of it beside the stages {median(beside) * 1e3:.0f}")


def _uploads(phone: httpx2.Client) -> None:
    """One after the other, while the worker works on those before."""
    times = []
    for _ in range(UPLOADS):
        began = time.monotonic()
        _send(phone)
        times.append(time.monotonic() - began)
    print(f"upload: median {median(times) * 1e3:.0f}, 99 % under {quantiles(times, n=100)[98] * 1e3:.0f}")


def _send(phone: httpx2.Client) -> str:
    fields: dict[str, Any] = {"id": str(uuid4()), "recorded_at": datetime.now(UTC).isoformat(), "time_zone": "UTC"}
    answer = phone.post("/check-ins", params=fields, content=RECORDING.read_bytes())
    answer.raise_for_status()
    check_in_id: str = answer.json()["id"]
    return check_in_id


if __name__ == "__main__":
    main(sys.argv[1])
