"""Clients that apps use to send a recording piece by piece, and what each does when a connection breaks."""

import hashlib
import json
import re
import shutil
import subprocess
from base64 import b64encode
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import pytest
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError
from tusclient.uploader.uploader import Uploader

from tests.waiting import wait_until

SOURCES = Path(__file__).parents[1] / "clients"
CACHE = Path(__file__).parents[2] / "build"
RETRY_SECONDS = 0.2
RETRIES = 150
GIVE_UP_SECONDS = 100


@dataclass(frozen=True)
class Errand:
    """What is to be sent, and where."""

    url: str
    """Of the collection of uploads."""
    token: str
    file: Path
    chunk: int | None = None
    """Bytes of a request; None sends all in one."""
    check_in_id: str = field(default_factory=lambda: str(uuid4()))

    @property
    def metadata(self) -> dict[str, str]:
        """What an app tells about it: our names, and those that clients add of themselves."""
        ours = {"id": self.check_in_id, "recorded_at": "2026-03-01T08:30:00+01:00", "time_zone": "Europe/Berlin"}
        return ours | {"filename": "Sunday \N{SPARKLES}.m4a", "filetype": "audio/mp4"}

    @property
    def encoded_metadata(self) -> str:
        """As a header, where there is no client that does it."""
        return ",".join(f"{name} {b64encode(value.encode()).decode()}" for name, value in self.metadata.items())


@dataclass(frozen=True)
class Sent:
    """How it went."""

    url: str
    answers: list[tuple[str, int, int | None]]
    """Method, status and offset of each answer that the client got, in their order."""

    @property
    def resumed_at(self) -> list[int]:
        """Where the server told the client to go on."""
        return [offset for method, status, offset in self.answers if method == "HEAD" and offset is not None]

    def keeps_its_word(self) -> bool:
        """Whether nothing that was acknowledged is asked for again."""
        acknowledged = 0
        for method, status, offset in self.answers:
            if offset is not None and status < 300:
                if method == "HEAD" and offset < acknowledged:
                    return False
                acknowledged = max(acknowledged, offset)
        return True


class Tuspy:
    """The Python client."""

    name = "tuspy"
    parts_of_answers = (0,)
    """It takes an answer that ends within its headers for a whole one, and breaks."""

    def send(self, errand: Errand, *, with_checksum: bool = False) -> Sent:
        """Until it is through, as the client does with its retries. Raises TusCommunicationError."""
        client = TusClient(errand.url, headers={"Authorization": f"Bearer {errand.token}"})
        uploader = _RecordingUploader(
            file_stream=BytesIO(errand.file.read_bytes()),
            client=client,
            metadata=errand.metadata,
            retries=RETRIES,
            retry_delay=RETRY_SECONDS,
            upload_checksum=with_checksum,
            **({"chunk_size": errand.chunk} if errand.chunk else {}),
        )
        wait_until(uploader.try_to_create, description="the upload is created")
        uploader.upload()
        return Sent(str(uploader.url), uploader.answers)


class _RecordingUploader(Uploader):
    """Notes the answers; the client retries what follows the creation, but not the creation itself."""

    def __init__(self, **options: Any) -> None:
        self.answers: list[tuple[str, int, int | None]] = []
        super().__init__(**options)

    def try_to_create(self) -> bool:
        """Whether somebody answered, and so there is an upload."""
        try:
            self.set_url(self.create_url())
        except TusCommunicationError as error:
            if _is_final(error):
                raise
            return False
        return True

    def get_offset(self) -> int:
        """Ask, and note."""
        offset = int(super().get_offset())
        self.answers.append(("HEAD", 200, offset))
        return offset

    def upload_chunk(self) -> None:
        """Send, and note."""
        super().upload_chunk()  # type: ignore[no-untyped-call]
        self.answers.append(("PATCH", 204, self.offset))

    def _retry_or_cry(self, error: TusCommunicationError) -> None:
        """A refusal is told at once; the client alone would retry that too."""
        if _is_final(error):
            raise error
        super()._retry_or_cry(error)  # type: ignore[no-untyped-call]


def _is_final(error: TusCommunicationError) -> bool:
    return 400 <= (error.status_code or 0) < 500 and error.status_code not in {409, 423, 429}


class TusJs:
    """The JavaScript client, as Uppy and apps in React Native use it."""

    name = "tus-js-client"
    parts_of_answers = (0, 20, 90)
    """After how many bytes an answer may break off without breaking the client."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, errand: Errand, *, with_creation: bool = False) -> Sent:
        """Until it is through. Fails where the client gives up."""
        return self.outcome(self.begin(errand, *(["--with-creation"] if with_creation else [])))

    def begin(self, errand: Errand, *options: str, urls: Path | None = None) -> "subprocess.Popen[str]":
        """A process that sends; with a file of URLs another one can go on after its death."""
        given = {
            "url": errand.url,
            "token": errand.token,
            "file": str(errand.file),
            "metadata": json.dumps(errand.metadata),
            "retry-delays": json.dumps([int(1000 * RETRY_SECONDS)] * RETRIES),
            "chunk-size": str(errand.chunk) if errand.chunk else None,
            "urls": str(urls) if urls else None,
        }
        arguments = [f"--{name}={value}" for name, value in given.items() if value is not None]
        return subprocess.Popen(
            ["node", "tus_client.mjs", *arguments, *options],  # noqa: S607 - whichever is installed
            cwd=self._folder,
            stdout=subprocess.PIPE,
            text=True,
        )

    def outcome(self, process: "subprocess.Popen[str]") -> Sent:
        """What the process says in the end."""
        try:
            said, _ = process.communicate(timeout=GIVE_UP_SECONDS)
        finally:
            process.kill()
        result = json.loads(said)
        assert result["outcome"] == "done", result
        return Sent(result["url"], [tuple(answer) for answer in result["answers"]])


Client = Tuspy | TusJs


def install_tus_js() -> TusJs:
    """Install the client as locked, once, under build/. Skips the test where that is not possible."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.skip(f"tus-js-client needs {program}, which is not installed")
    version = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(SOURCES.iterdir()))).hexdigest()[:12]
    folder = CACHE / f"clients-{version}"
    if not folder.exists():
        CACHE.mkdir(exist_ok=True)
        with TemporaryDirectory(dir=CACHE) as made:
            _install(Path(shutil.copytree(SOURCES, Path(made) / "clients")), folder)
    return TusJs(folder)


def _install(made: Path, folder: Path) -> None:
    installed = subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],  # noqa: S607 - whichever is installed
        cwd=made,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    if re.search(r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH", installed.stderr):
        pytest.skip("tus-js-client is not installed and npm reaches no registry")
    assert installed.returncode == 0, installed.stderr
    made.rename(folder)
