"""What a transcriber takes and gives."""

from collections.abc import Iterator, Sequence
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
class Part:
    """What was heard in the first `seconds` of a recording, which has more."""

    transcript: Transcript
    seconds: float


@dataclass(frozen=True)
class Recording:
    """Samples, and what is known of who speaks in them."""

    samples: Samples
    language: str | None = None
    """A code the model knows (ISO 639-1, such as "en"); None: to be detected."""
    languages: tuple[str, ...] = ()
    """The languages the person speaks: detection keeps to them. Empty: any."""
    vocabulary: tuple[str, ...] = ()
    """Names and words that may be said, as they are written."""
    begun: Part | None = None
    """What an earlier attempt has heard; it goes on from there."""


@dataclass(frozen=True)
class NoSpeech:
    """Nobody spoke, or nothing that was heard holds. Not an error."""

    seconds: float
    """Length of the audio."""


Heard = Transcript | NoSpeech | Exception
"""How a recording ends."""


class Transcriber(Protocol):
    """Turns speech into words with times."""

    name: str
    """Recorded as `Transcript.model`."""

    def transcribe(self, recordings: Sequence[Recording]) -> Iterator[tuple[int, Part | Heard]]:
        """Transcribe together: (number of the recording, news of it), in the order in which there is some.

        A long recording has a `Part` after each few minutes of it; each recording ends with its transcript,
        `NoSpeech` (empty samples too), or what went wrong with it, which touches no other. `InvalidInput` where the
        model does not know a language.
        """
        ...


def transcribe_one(transcriber: Transcriber, recording: Recording) -> Transcript | NoSpeech:
    """One recording by itself. Raises what went wrong."""
    *_, (_, heard) = transcriber.transcribe([recording])
    if isinstance(heard, Exception):
        raise heard
    if isinstance(heard, Part):
        raise TypeError("a transcriber ended with a part")
    return heard
