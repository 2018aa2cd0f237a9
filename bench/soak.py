"""Kill processes at random while phones send recordings over a bad network, then count: all arrived whole, once.

    .venv/bin/python -m bench.soak SEED [SECONDS]

Starts a Tandem of its own in a temporary folder. The phones send each recording in one request, or resumable by hand,
or with tuspy, through a proxy that cuts connections and loses answers; API, Valkey and workers are killed meanwhile.
At most ten minutes: the phones keep their first access token. Exit status 0 only if everything that was answered 2xx is
settled as the recording's manifest says, with the bytes that were sent, and nothing was lost, invented or done twice.
"""

import hashlib
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx2

from tests.flow.chaos_proxy import ChaosProxy, seeded_troubles
from tests.flow.conftest import RECORDINGS, Phone, System, make_phone, make_system
from tests.flow.tus_clients import Errand, Tuspy

PROGRAMS = ("api", "valkey", "transcription-1", "light-1")
PHONES = 3
SETTLED = {"ready", "no_speech", "failed"}
MOST_BYTES_BETWEEN_TROUBLES = 500_000
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {"Content-Type": "application/offset+octet-stream"}
PAUSE_SECONDS = 0.3


@dataclass(frozen=True)
class Sent:
    """A recording that was answered 2xx in the end, and what must become of it."""

    check_in_id: str
    file: Path
    state: str
    way: str


def main(seed: int, seconds: float) -> int:
    """Run, print, and tell whether all is well."""
    system = make_system(
        TANDEM_LEASE_SECONDS="6", TANDEM_BEAT_SECONDS="2", TANDEM_MAX_ATTEMPTS="50", TANDEM_RATE_LIMITS="off"
    )
    system.start()
    try:
        phone = make_phone(system)
        with ChaosProxy(system.port, seeded_troubles(seed, most=MOST_BYTES_BETWEEN_TROUBLES)) as proxy:
            sent = _send_and_kill(system, proxy, phone, seed=seed, seconds=seconds)
        began = time.monotonic()
        wrong = [fault for each in sent for fault in _faults_of(phone, each)] + _faults_of_all(phone, sent)
        drained = time.monotonic() - began
        kills = sum(line["event"] == "process.ended" for line in system.log())
    finally:
        system.close()
    print(
        f"{len(sent)} accepted {dict(Counter(each.way for each in sent))}, {proxy.happened} connections broken, "
        f"{kills} processes ended, {dict(Counter(each.state for each in sent))}, {len(wrong)} wrong, "
        f"drained in {drained:.0f} s",
        *wrong,
        sep="\n  ",
    )
    return 1 if wrong or not sent else 0


def _send_and_kill(system: System, proxy: ChaosProxy, phone: Phone, *, seed: int, seconds: float) -> list[Sent]:
    chance = random.Random(seed)
    ends = time.monotonic() + seconds
    with ThreadPoolExecutor(PHONES) as threads:
        phones = [_Sender(proxy.port, phone, random.Random(f"{seed} {number}")) for number in range(PHONES)]
        sending: list[Future[list[Sent]]] = [threads.submit(each.send_until, ends) for each in phones]
        while time.monotonic() < ends:
            time.sleep(4 * chance.random())
            with suppress(ProcessLookupError):
                system.kill(chance.choice(PROGRAMS))
        proxy.let_through()
        return [sent for each in sending for sent in each.result()]


@dataclass
class _Sender:
    """As an app does: the same id and bytes until there is an answer that it is safe."""

    port: int
    phone: Phone
    chance: random.Random
    http: httpx2.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx2.Client(
            base_url=f"http://127.0.0.1:{self.port}/v1", headers=self.phone.http.headers, timeout=20
        )

    def send_until(self, ends: float) -> list[Sent]:
        lines = [json.loads(line) for line in (RECORDINGS / "manifest.jsonl").read_text().splitlines()]
        ways: tuple[Callable[[Errand], None], ...] = (self._at_once, self._piecewise, self._with_tuspy)
        sent = []
        with self.http:
            while time.monotonic() < ends:
                line, way = self.chance.choice(lines), self.chance.choice(ways)
                errand = self._errand(RECORDINGS / line["file"])
                way(errand)
                sent.append(
                    Sent(errand.check_in_id, errand.file, "ready" if line["text"] else "no_speech", way.__name__)
                )
                time.sleep(4 * self.chance.random())
        return sent

    def _errand(self, file: Path) -> Errand:
        token = self.http.headers["Authorization"].removeprefix("Bearer ")
        chunk = self.chance.choice((None, 20_000, 70_000))
        return Errand(f"http://127.0.0.1:{self.port}/v1/uploads", token, file, chunk)

    def _at_once(self, errand: Errand) -> None:
        audio = errand.file.read_bytes()
        ours = {name: errand.metadata[name] for name in ("id", "recorded_at", "time_zone")}
        self._insist("POST", "/check-ins", params=ours, content=audio)

    def _with_tuspy(self, errand: Errand) -> None:
        Tuspy().send(errand)

    def _piecewise(self, errand: Errand) -> None:
        """As the protocol says, and as tus-js-client does: create, send; after a break ask, and go on from there."""
        audio = errand.file.read_bytes()
        described = {"Upload-Length": str(len(audio)), "Upload-Metadata": errand.encoded_metadata}
        created = self._insist("POST", "/uploads", headers=TUS | described)
        url, offset = urljoin(str(created.url), created.headers["Location"]), 0
        while offset < len(audio):
            piece = audio[offset : offset + (errand.chunk or len(audio))]
            headers = TUS | PIECE | {"Upload-Offset": str(offset)}
            answer = self._ask("PATCH", url, headers=headers, content=piece) or self._insist("HEAD", url, headers=TUS)
            offset = int(answer.headers["Upload-Offset"])

    def _insist(self, method: str, url: str, **options: Any) -> httpx2.Response:
        while not (answer := self._ask(method, url, **options)):
            pass
        return answer

    def _ask(self, method: str, url: str, **options: Any) -> httpx2.Response | None:
        """The answer, or None where it may be better later. Raises AssertionError where it will not."""
        with suppress(httpx2.TransportError):
            answer = self.http.request(method, url, **options)
            if answer.is_success:
                return answer
            later = answer.is_server_error or answer.status_code in {423, 429} | ({409} if method == "PATCH" else set())
            assert later, f"{method} {url}: {answer.status_code} {answer.text}"
        time.sleep(PAUSE_SECONDS)
        return None


def _faults_of(phone: Phone, sent: Sent) -> Iterator[str]:
    """What is wrong with a check-in, once it is settled."""
    expected = hashlib.sha256(sent.file.read_bytes()).hexdigest()
    check_in = phone.result(sent.check_in_id, seconds=300)
    heard = hashlib.sha256(phone.http.get(f"/check-ins/{sent.check_in_id}/audio").content).hexdigest()
    for what, seen, wanted in (
        ("state", check_in["state"], sent.state),
        ("hash that is told", check_in["recording"]["sha256"], expected),
        ("hash of the audio", heard, expected),
    ):
        if seen != wanted:
            yield f"{sent}: {what} is {seen}, not {wanted}"


def _faults_of_all(phone: Phone, sent: list[Sent]) -> list[str]:
    """What came to its end not once, or belongs to nobody's recording."""
    ends = Counter(change["check_in_id"] for change in _changes(phone) if change["state"] in SETTLED)
    wanted = Counter(each.check_in_id for each in sent)
    return [
        f"{check_in_id} came to its end {ends[check_in_id]} times"
        for check_in_id in ends | wanted
        if ends[check_in_id] != wanted[check_in_id]
    ]


def _changes(phone: Phone) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while page := phone.http.get("/changes", params={"after": len(found)}).json()["items"]:
        found += page
    return found


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 60))
