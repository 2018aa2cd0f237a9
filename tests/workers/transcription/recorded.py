"""The recordings the repository ships, decoded."""

import json
from dataclasses import dataclass
from pathlib import Path

from faster_whisper import decode_audio

from workers.transcription.transcriber import Samples

FOLDER = Path(__file__).parents[3] / "recordings"


@dataclass(frozen=True)
class Recorded:
    """A line of the manifest."""

    id: str
    file: str
    text: str
    lang: str
    seconds: float
    licence: str
    origin: str
    style: str

    def samples(self) -> Samples:
        """The audio."""
        decoded: Samples = decode_audio(str(FOLDER / self.file))
        return decoded


RECORDINGS = {
    recorded.id: recorded
    for recorded in (
        Recorded(**json.loads(line)) for line in (FOLDER / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    )
}
SPOKEN = tuple(recorded for recorded in RECORDINGS.values() if recorded.text)
WITHOUT_SPEECH = tuple(recorded for recorded in RECORDINGS.values() if not recorded.text)
BY_PEOPLE = tuple(recorded for recorded in SPOKEN if recorded.style != "synthetic")
BY_A_SYNTHETIC_VOICE = tuple(recorded for recorded in SPOKEN if recorded.style == "synthetic")
