"""What the decoder's sandbox costs: probes and decodings in a warm process, and a bomb.

.venv/bin/python bench/decoder.py
"""

import resource
import time
import wave
from collections.abc import Callable
from io import BytesIO
from statistics import median
from tempfile import TemporaryFile

import av
import numpy as np

from schemas.errors import RecordingTooLong
from schemas.recording import RecordingFormat
from store.media.sandbox import Sandbox

ROUNDS = 100
BOMB_HOURS = 6
LIMIT_SECONDS = 600


def main() -> None:
    """Measure and print."""
    with TemporaryFile() as speech, TemporaryFile() as bomb, Sandbox() as sandbox:
        with wave.open(speech, "wb") as writer:
            writer.setparams((1, 2, 16_000, 0, "NONE", ""))
            writer.writeframes(bytes(64_000))
        bomb.write(_bomb())
        bomb.flush()
        _print("first probe", lambda: sandbox.probe(speech, RecordingFormat.WAV, max_seconds=60), rounds=1)
        _print("probe", lambda: sandbox.probe(speech, RecordingFormat.WAV, max_seconds=60))
        _print("decoding 2 s", lambda: sandbox.decode(speech, RecordingFormat.WAV, max_seconds=60))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        _print(f"{bomb.tell() / 1e6:.1f} MB, {BOMB_HOURS} h: probe", lambda: _refused(sandbox.probe, bomb), rounds=1)
        _print("decoding it", lambda: _refused(sandbox.decode, bomb), rounds=1)
        print(f"more memory: {(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024:.0f} MB")


def _print(what: str, call: Callable[[], object], *, rounds: int = ROUNDS) -> None:
    times = []
    for _ in range(rounds):
        began = time.monotonic()
        call()
        times.append(time.monotonic() - began)
    print(f"{what}: {median(times) * 1e3:.1f} ms")


def _refused(call: Callable[..., object], bomb: object) -> None:
    try:
        call(bomb, RecordingFormat.FLAC, max_seconds=LIMIT_SECONDS)
    except RecordingTooLong:
        return
    raise AssertionError("the bomb was let in")


def _bomb() -> bytes:
    """Silence, which FLAC writes in next to nothing."""
    content = BytesIO()
    with av.open(content, "w", format="flac") as container:
        stream = container.add_stream("flac", rate=48_000, layout="mono")
        silence = np.zeros((1, 48_000), np.int16)
        for _ in range(BOMB_HOURS * 3600):
            frame = av.AudioFrame.from_ndarray(silence, format="s16", layout="mono")
            frame.sample_rate = 48_000
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return content.getvalue()


if __name__ == "__main__":
    main()
