"""Hurt recordings through the decoder's sandbox: each ends in samples or in a refusal that is written down.

    .venv/bin/python -m bench.fuzz_audio SEED COUNT [FIRST]

FIRST is the number to begin with: `SEED 1 NUMBER` does one recording again, and leaves it in build/fuzz/. Exit status 0
only without a defect: another error, a slow call, a warm process that died, memory that grew, a child that stayed.
"""

import resource
import sys
import time
from collections import Counter
from pathlib import Path

from store.media.sandbox import Sandbox
from store.settings import StoreSettings
from tests.store.media.mutations import Hurt, hurt, originals
from tests.store.media.outcomes import Outcome, decodes_the_good_one, outcome_of
from tests.store.media.processes import children
from tests.waiting import wait_until

MAX_SECONDS = StoreSettings().max_recording_minutes * 60
KEPT = Path("build/fuzz")
GROWTH_BYTES = 200_000_000
"""Of this process: the samples of an hour, and room for the recordings themselves."""
WARM_GROWTH_BYTES = 20_000_000


def main(seed: int, count: int, first: int = 0) -> int:
    """Run, print, and tell whether all is well."""
    among = originals()
    began, counts, defects, slowest = time.monotonic(), Counter[tuple[str, str]](), list[str](), (0.0, -1)
    with Sandbox() as sandbox:
        if not decodes_the_good_one(sandbox):
            sys.exit("A good recording is not decoded")
        before, warm_before = _peak(), _warm_peak(sandbox)
        for number in range(first, first + count):
            case = hurt(among, seed, number)
            outcome = outcome_of(sandbox, case, max_seconds=MAX_SECONDS)
            _add(counts, outcome)
            slowest = max(slowest, (outcome.seconds, number))
            defects += [_written(seed, number, case, defect) for defect in outcome.defects]
            if count == 1:
                print(_written(seed, number, case, f"{outcome}"))
        defects += _left_over(sandbox, before=before, warm_before=warm_before)
    _print(counts)
    took = time.monotonic() - began
    print(f"{count} recordings in {took:.0f} s, slowest call {slowest[0]:.2f} s (number {slowest[1]})")
    print(f"{len(defects)} defects", *defects, sep="\n  ")
    return 1 if defects else 0


def _add(counts: Counter[tuple[str, str]], outcome: Outcome) -> None:
    counts["sniff", outcome.sniffed] += 1
    counts["probe", outcome.probed] += 1
    counts["decode", outcome.decoded] += 1


def _print(counts: Counter[tuple[str, str]]) -> None:
    for (step, told), count in sorted(counts.items(), key=lambda item: (item[0][0], -item[1])):
        print(f"{step:8}{told:40}{count:7}")


def _written(seed: int, number: int, case: Hurt, defect: str) -> str:
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / f"{seed}-{number}").write_bytes(case.content)
    return f"seed {seed} number {number}, {case.original.name} ({', '.join(case.how)}): {defect}"


def _left_over(sandbox: Sandbox, *, before: int, warm_before: int) -> list[str]:
    pid = sandbox.pid
    assert pid is not None
    wait_until(lambda: not children(pid), description="the children have ended")
    grown, warm_grown = _peak() - before, _warm_peak(sandbox) - warm_before
    print(f"more memory: {grown / 1e6:.0f} MB here, {warm_grown / 1e6:.1f} MB in the warm process")
    found = [f"this process grew by {grown / 1e6:.0f} MB"] if grown > GROWTH_BYTES else []
    return found + ([f"the warm process grew by {warm_grown / 1e6:.0f} MB"] if warm_grown > WARM_GROWTH_BYTES else [])


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _warm_peak(sandbox: Sandbox) -> int:
    fields = Path(f"/proc/{sandbox.pid}/status").read_text().split()
    return int(fields[fields.index("VmHWM:") + 1]) * 1024


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
