"""What a transcriber takes and gives."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from schemas.transcript import Transcript

SAMPLE_RATE = 16_000
"""Samples a second that every transcriber expects."""

Samples = NDArray[np.float32]
"""Mono audio at `SAMPLE_RATE`, shape (n,), finite values within -1..1."""


@dataclass(frozen=True)
class NoSpeech:
    """Nobody spoke, or nothing that was heard holds. Not an error."""

    seconds: float
    """Length of the audio."""


class Transcriber(Protocol):
    """Turns speech into words with times."""

    name: str
    """Recorded as `Transcript.model`."""

    def transcribe(self, samples: Samples, *, language: str | None = None) -> Transcript | NoSpeech:
        """The words of `samples`, or `NoSpeech`; empty samples are `NoSpeech(0.0)`.

        `language` is a code the model knows (ISO 639-1, such as "en"); without it the language is detected.
        Raises `InvalidInput` where the model does not know the language.
        """
        ...
