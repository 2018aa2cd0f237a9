"""Recordings in a bucket, and what happens when there is no room, or no bucket: nothing is lost."""

import os
import resource
import signal
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import pytest
from httpx2 import Response

from tests.flow.conftest import RECORDINGS, Phone, System, make_system
from tests.making import make_wav
from tests.store.s3 import ACCESS_KEY_ID, BUCKET, SECRET, S3Server
from tests.waiting import wait_until

SHORT = (RECORDINGS / "ami_es2011a_0040.wav").read_bytes()
FIELDS = {"recorded_at": "2026-03-01T08:30:00Z", "time_zone": "UTC"}


def send(phone: Phone, check_in_id: str, audio: bytes) -> Response:
    """As often as need be, with the same id."""
    return phone.http.post("/check-ins", params={"id": check_in_id} | FIELDS, content=audio)


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[S3Server]:
    """A real S3 server."""
    server = S3Server(tmp_path / "s3")
    yield server
    server.kill()


@pytest.fixture
def system(bucket: S3Server) -> Iterator[System]:
    """The whole system on it."""
    system = make_system(
        TANDEM_S3_BUCKET=BUCKET,
        TANDEM_S3_ENDPOINT=f"http://127.0.0.1:{bucket.port}",
        TANDEM_S3_REGION="us-east-1",
        TANDEM_S3_ACCESS_KEY_ID=ACCESS_KEY_ID,
        TANDEM_S3_SECRET_ACCESS_KEY=SECRET,
        TANDEM_RETRY_SECONDS="1",
    )
    try:
        system.start()
        yield system
    finally:
        system.close()


def files(folder: Path) -> list[Path]:
    """What lies in a folder."""
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []


def test_recordings_live_in_a_bucket(system: System, phone: Phone, bucket: S3Server) -> None:
    """Sent, transcribed, played by ranges, deleted; this machine keeps none of it, the bucket only sealed bytes."""
    check_in_id = str(uuid4())
    assert send(phone, check_in_id, SHORT).status_code == 201
    assert phone.result(check_in_id)["state"] == "ready"

    assert phone.http.get(f"/check-ins/{check_in_id}/audio").content == SHORT
    part = phone.http.get(f"/check-ins/{check_in_id}/audio", headers={"Range": "bytes=70000-70099"})
    assert (part.status_code, part.content) == (206, SHORT[70000:70100])
    assert files(system.folder / "data" / "audio") == files(system.folder / "data" / "incoming") == []
    assert not any(SHORT[1000:1032] in path.read_bytes() for path in files(bucket.folder))

    held = len(files(bucket.folder))
    assert phone.http.delete(f"/check-ins/{check_in_id}").status_code == 204
    assert len(files(bucket.folder)) < held


def test_a_bucket_that_is_away_loses_nothing(system: System, phone: Phone, bucket: S3Server) -> None:
    """503 with Retry-After; what waits is not failed, however long it takes; then all of it is done."""
    waiting, refused = str(uuid4()), str(uuid4())
    worker = system.pid("transcription-1")
    os.kill(worker, signal.SIGSTOP)
    assert send(phone, waiting, SHORT).status_code == 201
    bucket.kill()
    os.kill(worker, signal.SIGCONT)
    answer = send(phone, refused, SHORT)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert phone.http.get(f"/check-ins/{refused}").status_code == 404
    failed = sum(line["event"] == "attempt.failed" for line in system.log())
    wait_until(
        lambda: sum(line["event"] == "attempt.failed" for line in system.log()) >= failed + 4,
        description="more attempts than may fail have found no bucket",
        seconds=100,
    )

    bucket.start()

    assert send(phone, refused, SHORT).status_code == 201
    assert {phone.result(check_in_id, seconds=90)["state"] for check_in_id in (waiting, refused)} == {"ready"}


def test_a_disk_that_is_full_loses_nothing(shared_system: System, shared_phone: Phone) -> None:
    """507 with Retry-After, nothing half stored; with room again the same recording goes through."""
    audio = make_wav(seconds=120)
    check_in_id, api = str(uuid4()), shared_system.pid("api")
    before = files(shared_system.folder / "data" / "incoming")
    _, hard = resource.prlimit(api, resource.RLIMIT_FSIZE)
    resource.prlimit(api, resource.RLIMIT_FSIZE, (2_000_000, hard))
    try:
        answer = send(shared_phone, check_in_id, audio)
    finally:
        resource.prlimit(api, resource.RLIMIT_FSIZE, (hard, hard))
    assert answer.status_code == 507
    assert answer.json()["type"] == "urn:tandem:problem:storage-full"
    assert int(answer.headers["retry-after"]) > 0
    assert files(shared_system.folder / "data" / "incoming") == before
    assert shared_phone.http.get(f"/check-ins/{check_in_id}").status_code == 404

    assert send(shared_phone, check_in_id, audio).status_code == 201
    assert shared_phone.result(check_in_id)["recording"]["sha256"] == sha256(audio).hexdigest()
