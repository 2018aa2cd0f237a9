"""The stages by hand: transcribe files and tag text with no server running."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, ValidationError

from schemas.base import Schema
from schemas.errors import TandemError
from schemas.tag import TextTag
from schemas.transcript import Transcript
from store.media.formats import SNIFF_BYTES, sniff
from store.media.sandbox import Sandbox
from tandem.reporting import console, joining_progress
from workers.decoding import decode
from workers.main import load_transcriber
from workers.settings import WorkerSettings
from workers.tagging.lexicon import LexiconTagger
from workers.transcription.model_files import locate
from workers.transcription.transcriber import NoSpeech, Samples

TAG_FIELDS = ("kind", "label", "start", "end", "holder", "negated", "past", "confidence")


class TextLine(Schema):
    """A line of `tandem tag --jsonl`. Other fields of the line are ignored."""

    model_config = ConfigDict(extra="ignore")

    id: str
    text: str


def transcribe_files(files: Iterable[Path], *, language: str | None, as_json: bool) -> int:
    """Transcribe each; one that fails is told on standard error. Returns the exit status: 1 if any failed."""
    settings = WorkerSettings()
    with joining_progress() as on_progress:
        locate(settings.model, folder=settings.models_folder, on_progress=on_progress)
    transcriber = load_transcriber(settings)
    status = 0
    with Sandbox() as sandbox:
        for file in files:
            try:
                samples = _decode(sandbox, file, max_seconds=settings.max_recording_minutes * 60)
                heard = transcriber.transcribe(samples, language=language)
            except (TandemError, OSError) as error:
                console.print(f"{file}: {_explain(error)}", style="red", soft_wrap=True)
                status = 1
            else:
                _print_heard(file, heard, as_json=as_json)
    return status


def tag_lines(text: str) -> int:
    """Tag each line of `text`; prints one JSON object a line. Returns 2 if there was a line that does not fit."""
    tagger = LexiconTagger()
    status = 0
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            given = TextLine.model_validate_json(line)
        except ValidationError:
            console.print(f'line {number}: not a JSON object with "id" and "text", both strings', style="red")
            status = 2
            continue
        print(json.dumps({"id": given.id, "tags": [_as_json(tag) for tag in tagger.tag(given.text)]}))
    return status


def tag_text(text: str) -> int:
    """Tag one text; prints a line for each tag, for people."""
    for tag in LexiconTagger().tag(text):
        marks = " ".join(name for name, holds in (("negated", tag.negated), ("past", tag.past)) if holds)
        print(f"{tag.kind}: {tag.label} ({tag.holder}) {marks}\t{text[tag.start : tag.end]}")
    return 0


def _decode(sandbox: Sandbox, file: Path, *, max_seconds: float) -> Samples:
    with file.open("rb") as recording:
        format_ = sniff(recording.read(SNIFF_BYTES))
        return decode(sandbox, recording, format_, max_seconds=max_seconds)


def _print_heard(file: Path, heard: Transcript | NoSpeech, *, as_json: bool) -> None:
    if as_json:
        result = (
            {"text": "", "no_speech": True, "seconds": heard.seconds}
            if isinstance(heard, NoSpeech)
            else heard.model_dump(mode="json")
        )
        print(json.dumps({"file": str(file), **result}, ensure_ascii=False), flush=True)
    else:
        said = "(no speech)" if isinstance(heard, NoSpeech) else heard.text
        print(f"{file}: {said}", flush=True)


def _as_json(tag: TextTag) -> dict[str, Any]:
    return {name: value for name, value in tag.model_dump(mode="json").items() if name in TAG_FIELDS}


def _explain(error: TandemError | OSError) -> str:
    return f"{error.detail}. {error.action}" if isinstance(error, TandemError) else (error.strerror or "cannot be read")
