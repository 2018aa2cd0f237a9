"""The ZIP of an export: written from front to back, so that it needs no room but its own."""

import json
import zipfile
from pathlib import PurePosixPath
from typing import BinaryIO, Protocol, Self

from schemas.recording import RecordingFormat
from workers.exporting import page
from workers.exporting.documents import ExportedCheckIn, ExportedEntry, ExportManifest

_PIECE_BYTES = 256 * 1024
FIRST_YEAR, LAST_YEAR = 1980, 2107
"""That a ZIP can tell of."""
_ENDINGS = {
    RecordingFormat.AAC: "aac",
    RecordingFormat.AMR: "amr",
    RecordingFormat.CAF: "caf",
    RecordingFormat.FLAC: "flac",
    RecordingFormat.MP3: "mp3",
    RecordingFormat.MP4: "m4a",
    RecordingFormat.OGG: "ogg",
    RecordingFormat.WAV: "wav",
    RecordingFormat.WEBM: "webm",
}


class Sink(Protocol):
    """Where the bytes go, in order."""

    def write(self, chunk: bytes) -> None:
        """Take them."""


class Archive:
    """A ZIP that grows by check-ins and ends with what tells of all of them."""

    def __init__(self, sink: Sink) -> None:
        self._zip = zipfile.ZipFile(_Forwards(sink), "w", zipfile.ZIP_DEFLATED)  # type: ignore[call-overload]
        self.entries: list[ExportedEntry] = []
        """The check-ins in it."""
        self._sections: list[page.Section] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def add(self, exported: ExportedCheckIn, audio: BinaryIO | None) -> None:
        """A check-in, and its recording where there is one."""
        document = f"check-ins/{exported.check_in.id}.json"
        self._write(document, exported.model_dump_json(indent=2))
        if audio is not None and exported.audio is not None:
            stored = zipfile.ZipInfo(exported.audio, _zip_time(exported))
            with self._zip.open(stored, "w", force_zip64=True) as file:
                while chunk := audio.read(_PIECE_BYTES):
                    file.write(chunk)
        self.entries.append(ExportedEntry(id=exported.check_in.id, document=document, audio=exported.audio))
        self._sections.append(page.section(exported, document))

    def finish(self, manifest: ExportManifest) -> None:
        """What it is about, what the fields mean, and the page to read."""
        whole = manifest.model_copy(update={"check_ins": tuple(self.entries)})
        self._write("export.json", whole.model_dump_json(indent=2))
        self._write("schema.json", json.dumps(schemas(), indent=2))
        self._write("index.html", page.whole(self._sections, email=manifest.account.email, made_at=manifest.made_at))

    def _write(self, name: str, text: str) -> None:
        self._zip.writestr(name, text)


def schemas() -> dict[str, object]:
    """The JSON Schemas of the documents, by the files they are of."""
    return {
        "export.json": ExportManifest.model_json_schema(),
        "check-ins/*.json": ExportedCheckIn.model_json_schema(),
    }


def audio_path(check_in_id: object, format_: RecordingFormat) -> str:
    """Where a recording lies in the ZIP."""
    return str(PurePosixPath("audio") / f"{check_in_id}.{_ENDINGS[format_]}")


def _zip_time(exported: ExportedCheckIn) -> tuple[int, int, int, int, int, int]:
    """By the clock of the phone, as ZIPs have no zones; years that a ZIP cannot hold become those at its ends."""
    moment = page.local(exported.check_in)
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        return (FIRST_YEAR, 1, 1, 0, 0, 0) if moment.year < FIRST_YEAR else (LAST_YEAR, 12, 31, 23, 59, 58)
    return moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second


class _Forwards:
    """A file that is written from front to back; zipfile then writes sizes behind the data."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def write(self, chunk: bytes) -> int:
        """All of it."""
        self._sink.write(bytes(chunk))
        return len(chunk)

    def flush(self) -> None:
        """Nothing waits here."""
