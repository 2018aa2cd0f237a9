"""An account that is worth exporting, and the export of it, opened."""

import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID, uuid4

from schemas.correction import CorrectionCreate
from schemas.tag import TextTag
from schemas.transcript import Transcript
from store.check_ins import StoredRecording
from store.media.formats import SNIFF_BYTES, sniff
from store.opening import Store
from store.recordings import Recordings, StagedRecording
from store.sealing import Cipher
from store.tables import Export
from tests.making import make_account, make_check_in, make_transcript, settle

FLAC = "librispeech_1688-142285-0006.flac"
SPOKEN = Path(__file__).parents[2] / "recordings"
TEXT = "I feel calm today. I need rest, and you never listen. Would you hold me?"
EVIL = "<script>alert(\"I'm in\")</script> & 'quoted' </p><img src=x onerror=alert(1)>"


def tag(kind: str, label: str, quote: str, text: str = TEXT, **fields: Any) -> TextTag:
    """A tag on a quote."""
    start = text.index(quote)
    places = {"start": start, "end": start + len(quote)}
    return TextTag(kind=kind, label=label, confidence=0.9, reason="", **places, **fields)


TAGS = (
    tag("feeling", "peaceful", "calm"),
    tag("need", "rest", "rest"),
    tag("absolute", "absolute", "never"),
    tag("request", "request", "Would you hold me"),
)


def stored(store: Store, account_id: UUID, audio: bytes) -> StoredRecording:
    """A recording as the API keeps it."""
    with store.reading() as reading:
        cipher = reading.vault.of(account_id)
    with store.recordings.staged(cipher) as arriving:
        arriving.write(audio)
        key = arriving.keep()
        return StoredRecording(key, sniff(audio[:SNIFF_BYTES]), arriving.size, arriving.sha256, seconds=8.1)


def speak(store: Store, account_id: UUID, file: str, **fields: Any) -> UUID:
    """A check-in with a recording that somebody spoke."""
    recording = stored(store, account_id, (SPOKEN / file).read_bytes())
    return make_check_in(store, account_id, recording=recording, **fields)


def make_life(store: Store, email: str = "kim@example.org") -> dict[str, UUID]:
    """Somebody with check-ins of all kinds, by the file that was spoken."""
    account_id = make_account(store, email)
    with store.unit_of_work() as work:
        work.accounts.update(account_id, languages=("en", "es"), vocabulary=("Dana",))
    said = {
        "A044.m4a": datetime(2026, 1, 31, 23, 30, tzinfo=UTC),
        "A006.ogg": datetime(2026, 2, 8, 9, 0, tzinfo=UTC),
        "mls_es_13697_11991.opus": datetime(2026, 2, 15, 9, 0, tzinfo=UTC),
        "commonvoice_en_22058264.mp3": datetime(2026, 3, 1, 8, 30, tzinfo=UTC),
        "librispeech_1688-142285-0006.flac": datetime(2026, 3, 1, 20, 30, tzinfo=UTC),
        "ami_es2011a_0040.wav": datetime(2026, 3, 2, 8, 30, tzinfo=UTC),
    }
    kinds = ("weekly", "post_mortem", "journal", "journal", "weekly", "journal")
    ids = {
        file: speak(store, account_id, file, recorded_at=at, kind=kind)
        for (file, at), kind in zip(said.items(), kinds, strict=True)
    }
    settle(store, ids["A044.m4a"], transcript=make_transcript(TEXT), tags=TAGS)
    _correct_and_edit(store, account_id, ids["A044.m4a"])
    evil = make_transcript(EVIL)
    settle(store, ids["A006.ogg"], transcript=evil, tags=[tag("evaluation", "evaluation", '"I\'m in"', EVIL)])
    settle(store, ids["mls_es_13697_11991.opus"], transcript=_spanish(), tags=[])
    settle(store, ids["commonvoice_en_22058264.mp3"], transcript=make_transcript("No."))
    return ids | {"account": account_id}


def _correct_and_edit(store: Store, account_id: UUID, check_in_id: UUID) -> None:
    start = TEXT.index("rest")
    after = {"kind": "need", "label": "being_heard", "start": start, "end": start + 4}
    create = CorrectionCreate.model_validate({"id": uuid4(), "after": after})
    edited = make_transcript(TEXT.replace("today", "tonight")).model_copy(update={"edited": True})
    with store.unit_of_work() as work:
        work.corrections.add(check_in_id, create, make_transcript(TEXT), now=store.clock())
        work.check_ins.tag_again(account_id, check_in_id, now=store.clock())
        work.results.save_transcript(check_in_id, edited, now=store.clock())
    settle(store, check_in_id, transcript=edited, tags=[tag("feeling", "peaceful", "calm", edited.text)])


def _spanish() -> Transcript:
    spoken = make_transcript("Me siento tranquila hoy.")
    return spoken.model_copy(update={"language": "es", "translation": make_transcript("I feel calm today.")})


@dataclass(frozen=True)
class Opened:
    """An export, read."""

    zip: zipfile.ZipFile
    size: int

    def json(self, name: str) -> Any:
        """A document."""
        return json.loads(self.zip.read(name))

    def check_in(self, id_: UUID) -> Any:
        """The document of a check-in."""
        return self.json(f"check-ins/{id_}.json")

    @property
    def page(self) -> str:
        """The page to read."""
        return self.zip.read("index.html").decode()


def ask(store: Store, account_id: UUID) -> UUID:
    """Ask for everything."""
    with store.unit_of_work() as work:
        return work.exports.ask(account_id, export_id=uuid4(), now=store.clock()).id


def opened(store: Store, account_id: UUID, export_id: UUID) -> Opened:
    """The file of an export that is ready."""
    with store.reading() as reading:
        export = reading.exports.get_for(account_id, export_id, now=store.clock())
        assert export.audio_key is not None, export.state
        content = store.recordings.open(export.audio_key, reading.vault.of(account_id)).read()
    assert len(content) == export.size
    return Opened(zipfile.ZipFile(BytesIO(content)), len(content))


def files_of(folder: Path) -> list[Path]:
    """What is stored, and what is arriving."""
    return [path for name in ("audio", "incoming") for path in (folder / name).rglob("*") if path.is_file()]


def row(store: Store, export_id: UUID) -> Export:
    """The export as it stands."""
    with store.database.reading() as session:
        return session.get_one(Export, export_id)


class Interrupted(Recordings):
    """Recordings with something that happens whenever one is opened."""

    def __init__(self, recordings: Recordings, happens: Callable[[], object]) -> None:
        super().__init__(recordings._audio, recordings._incoming)
        self._happens = happens

    def open(self, key: str, cipher: Cipher) -> BinaryIO:
        """After it has happened."""
        self._happens()
        return super().open(key, cipher)


class InterruptedAtTheBeginning(Recordings):
    """The same, with something that happens when an export is begun."""

    def __init__(self, recordings: Recordings, happens: Callable[[], object]) -> None:
        super().__init__(recordings._audio, recordings._incoming)
        self._happens = happens

    @contextmanager
    def staged(self, cipher: Cipher) -> Iterator[StagedRecording]:
        """After it has happened."""
        self._happens()
        with super().staged(cipher) as staged:
            yield staged


class PageReader(HTMLParser):
    """What a browser makes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        """Words."""
        self.text += data

    def values(self, *names: str) -> set[str]:
        """Of these attributes, wherever they stand."""
        return {value for name, value in self.attributes if name in names}
