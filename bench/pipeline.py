"""What the pipeline costs beside the engine: uploads, one check-in alone, a burst, the memory of a long recording.

    make bench-pipeline, or: .venv/bin/python -m bench.pipeline

Starts a Tandem of its own in a temporary folder; the machine should do nothing else. The engine's own time is taken
in the same run, after Tandem has ended, on the same recordings in groups of the size that a job takes up.
"""

import re
import time
import wave
from io import BytesIO
from pathlib import Path
from statistics import median, quantiles

import numpy as np
from faster_whisper import decode_audio

from tests.flow.conftest import RECORDINGS, Phone, System, make_phone, make_system
from workers.main import load_transcriber
from workers.settings import WorkerSettings
from workers.transcription.transcriber import SAMPLE_RATE, Recording, Samples

SHORT = "ami_es2011a_0040.wav"
BURST = ("A044.m4a", "A046.m4a", "A006.ogg", "librispeech_1688-142285-0006.flac", "ami_es2011a_0040.wav")
TIMES = 10
"""How often each of the burst is sent."""
UPLOADS = 100
RESULTS = 8
LONG_MINUTES = 30


def main() -> None:
    """Measure and print."""
    system = make_system()
    system.start()
    try:
        phone = make_phone(system)
        phone.result(phone.send(SHORT))  # warm
        _one_alone(phone)
        _uploads(phone)
        burst = _burst(phone)
        _memory(system, phone)
    finally:
        system.close()
    engine = _engine()
    print(f"burst of {TIMES * len(BURST)}: {burst:.1f} s; the engine alone {engine:.1f} s; ratio {burst / engine:.3f}")


def _one_alone(phone: Phone) -> None:
    """One at a time: the whole way, and what of it was not decoding, transcribing or tagging."""
    whole, beside = [], []
    for _ in range(RESULTS):
        began = time.monotonic()
        check_in = phone.read(phone.send(SHORT), wait=30)
        took = time.monotonic() - began
        steps = check_in["stage_seconds"]
        whole.append(took)
        beside.append(took - steps["decoding"] - steps["transcribing"] - steps["tagging"])
    print(f"send to ready: median {median(whole) * 1e3:.0f} ms, of it beside the stages {median(beside) * 1e3:.0f} ms")


def _uploads(phone: Phone) -> None:
    """One after the other, while the worker works on those before."""
    times = []
    for _ in range(UPLOADS):
        began = time.monotonic()
        sent = phone.send(SHORT)
        times.append(time.monotonic() - began)
    phone.result(sent, seconds=300)
    print(f"upload: median {median(times) * 1e3:.0f} ms, 99 % under {quantiles(times, n=100)[98] * 1e3:.0f} ms")


def _burst(phone: Phone) -> float:
    """Seconds from the first upload to the last `ready`."""
    began = time.monotonic()
    sent = [phone.send(name) for _ in range(TIMES) for name in BURST]
    for check_in_id in sent:
        while phone.read(check_in_id, wait=30)["state"] != "ready":
            pass
    return time.monotonic() - began


def _engine() -> float:
    """Seconds for the same recordings in the engine, decoded beforehand."""
    settings = WorkerSettings()
    transcriber = load_transcriber(settings)
    recordings = [Recording(decode_audio(str(RECORDINGS / name))) for _ in range(TIMES) for name in BURST]
    began = time.monotonic()
    group: list[Recording] = []
    for recording in recordings:
        if sum(one.samples.size for one in [*group, recording]) > settings.batch_seconds * SAMPLE_RATE:
            list(transcriber.transcribe(group))
            group = []
        group.append(recording)
    list(transcriber.transcribe(group))
    return time.monotonic() - began


def _memory(system: System, phone: Phone) -> None:
    """How much the worker's peak rises with a long recording."""
    pid = system.pid("transcription-1")
    before = _peak_megabytes(pid)
    speech = decode_audio(str(RECORDINGS / "A006.ogg"))
    long: Samples = np.resize(speech, LONG_MINUTES * 60 * SAMPLE_RATE)
    began = time.monotonic()
    check_in = phone.result(phone.send_bytes(_wav(long)), seconds=900)
    assert check_in["state"] == "ready"
    took, after = time.monotonic() - began, _peak_megabytes(pid)
    print(f"{LONG_MINUTES} minutes: {took:.0f} s; the worker's peak from {before:.0f} to {after:.0f} MB")


def _wav(samples: Samples) -> bytes:
    content = BytesIO()
    with wave.open(content, "wb") as writer:
        writer.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        writer.writeframes((samples * 32767).astype("<i2").tobytes())
    return content.getvalue()


def _peak_megabytes(pid: int) -> float:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


if __name__ == "__main__":
    main()
