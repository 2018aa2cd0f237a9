"""Decoding: a recording of any format becomes samples, in the sandbox."""

from typing import BinaryIO

import numpy as np

from schemas.recording import RecordingFormat
from store.media.sandbox import Sandbox
from workers.transcription.transcriber import Samples

FULL_SCALE = 32_768.0
"""Of signed 16 bit."""


def decode(sandbox: Sandbox, file: BinaryIO, format_: RecordingFormat, *, max_seconds: float) -> Samples:
    """Mono samples at 16 kHz, -1 to 1. Raises the errors of `Sandbox.decode`."""
    pcm = sandbox.decode(file, format_, max_seconds=max_seconds)
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32)
    samples /= FULL_SCALE  # in place: an hour takes 230 MB
    return samples
