"""Transcribe files by hand, with no server running."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import RecordingTooLong, TandemError
from schemas.transcript import Transcript
from store.media.formats import SNIFF_BYTES, sniff
from store.media.sandbox import Sandbox
from tandem.reporting import console, joining_progress, listening_progress
from workers.decoding import decode
from workers.main import load_transcriber
from workers.settings import WorkerSettings
from workers.tagging.model_tagger import ModelTagger
from workers.transcription.model_files import locate
from workers.transcription.transcriber import SAMPLE_RATE, Heard, NoSpeech, Part, Recording, Transcriber


@dataclass(frozen=True)
class Speaker:
    """What is known of whoever speaks in the files."""

    language: str | None = None
    languages: tuple[str, ...] = ()
    vocabulary: tuple[str, ...] = ()


Opened = Recording | TandemError | OSError


def transcribe_files(files: Sequence[Path], speaker: Speaker, *, as_json: bool, translate: bool) -> int:
    """Transcribe all, in their order; one that fails is told on standard error.

    Returns the exit status: 1 if any failed.
    """
    settings = WorkerSettings()
    with joining_progress() as on_progress:
        locate(settings.model, folder=settings.models_folder, on_progress=on_progress)
    transcriber = load_transcriber(settings, without_translation=ModelTagger.languages if translate else None)
    max_seconds = settings.max_recording_minutes * 60
    failed = False
    with Sandbox() as sandbox:
        lengths = [_length(sandbox, file, max_seconds=max_seconds) for file in files]
        with listening_progress(seconds=sum(lengths)) as advance:
            for group in _groups(lengths, seconds=settings.batch_seconds):
                opened = [_open(sandbox, files[number], speaker, max_seconds=max_seconds) for number in group]
                for number, heard in zip(group, _transcribe(transcriber, opened, advance), strict=True):
                    failed = not _tell(files[number], heard, as_json=as_json) or failed
    return int(failed)


def _groups(lengths: Sequence[float], *, seconds: float) -> Iterator[list[int]]:
    """Numbers of files that are transcribed together: as many as are within so many seconds, at least one."""
    group: list[int] = []
    for number, length in enumerate(lengths):
        if group and sum(lengths[member] for member in group) + length > seconds:
            yield group
            group = []
        group.append(number)
    if group:
        yield group


def _transcribe(transcriber: Transcriber, opened: Sequence[Opened], advance: Callable[[float], None]) -> list[Heard]:
    """What became of each."""
    ended: dict[int, Heard] = {number: one for number, one in enumerate(opened) if isinstance(one, Exception)}
    readable = [(number, one) for number, one in enumerate(opened) if isinstance(one, Recording)]
    listened = dict.fromkeys(range(len(opened)), 0.0)
    for place, heard in transcriber.transcribe([recording for _, recording in readable]):
        number, recording = readable[place]
        seconds = heard.seconds if isinstance(heard, Part) else recording.samples.size / SAMPLE_RATE
        advance(seconds - listened[number])
        listened[number] = seconds
        if not isinstance(heard, Part):
            ended[number] = heard
    return [ended[number] for number in range(len(opened))]


def _length(sandbox: Sandbox, file: Path, *, max_seconds: float) -> float:
    """As the file tells it: for the bar, and for what is transcribed together."""
    try:
        with file.open("rb") as recording:
            format_ = sniff(recording.read(SNIFF_BYTES))
            return sandbox.probe(recording, format_, max_seconds=max_seconds).seconds or 0.0
    except (TandemError, OSError):
        return 0.0


def _open(sandbox: Sandbox, file: Path, speaker: Speaker, *, max_seconds: float) -> Opened:
    try:
        with file.open("rb") as recording:
            format_ = sniff(recording.read(SNIFF_BYTES))
            samples = decode(sandbox, recording, format_, max_seconds=max_seconds)
    except RecordingTooLong:
        return RecordingTooLong(f"It lasts longer than {max_seconds / 60:g} minutes")
    except (TandemError, OSError) as error:
        return error
    return Recording(samples, speaker.language, speaker.languages, speaker.vocabulary)


def _tell(file: Path, heard: Heard, *, as_json: bool) -> bool:
    """Whether there was something to tell."""
    if isinstance(heard, Exception):
        console.print(f"{file}: {_explain(heard)}", style="red", soft_wrap=True)
        return False
    if as_json:
        result = (
            {"text": "", "no_speech": True, "seconds": heard.seconds}
            if isinstance(heard, NoSpeech)
            else heard.model_dump(mode="json")
        )
        print(json.dumps({"file": str(file), **result}, ensure_ascii=False), flush=True)
    else:
        print(f"{file}: {heard.text if isinstance(heard, Transcript) else '(no speech)'}", flush=True)
        if isinstance(heard, Transcript) and heard.translation:
            print(f"    in English: {heard.translation.text}", flush=True)
    return True


def _explain(error: Exception) -> str:
    if isinstance(error, TandemError):
        return f"{error.detail.removesuffix('.')}. {error.action}"
    return (error.strerror if isinstance(error, OSError) else None) or "cannot be transcribed"
