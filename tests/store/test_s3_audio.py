"""Recordings in S3: what is particular to it, and what happens when it fails."""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import obstore
import pytest
from pydantic import ValidationError

from schemas.errors import RecordingMissing, StorageFull, StorageUnavailable, TandemError
from store.recordings import Recordings
from store.s3_audio import PART_BYTES, S3AudioStore, S3Patience
from store.sealing import Cipher, new_key
from store.settings import StoreSettings
from tests.store.s3 import BUCKET, Relay, S3Server, Script, answering, relaying, settings_for

SECONDS = 8
"""Within which a call ends, whatever S3 does."""
MISSING = (404, b"")
OWNER = UUID("00000000-0000-4000-8000-000000000001")

CALLS: dict[str, Callable[[S3AudioStore], object]] = {
    "open": lambda audio: audio.open(uuid4().hex),
    "delete": lambda audio: audio.delete(uuid4().hex),
    "belongs_to": lambda audio: audio.belongs_to(uuid4()),
    "old_keys": lambda audio: list(audio.old_keys(minimum_age=0)),
    "keeps_versions": lambda audio: audio.keeps_versions(),
}


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A file of three megabytes to be put."""
    file = tmp_path / "recording"
    file.write_bytes(bytes(range(256)) * 12_000)
    return file


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """One of seventy megabytes, in which no megabyte is like another."""
    file = tmp_path / "large"
    with file.open("wb") as written:
        for _ in range(70):
            written.write(os.urandom(1_000_000))
    return file


@contextmanager
def soon(error: type[TandemError]) -> Iterator[None]:
    """This error, and not after minutes. It says nothing of what was asked for."""
    began = time.monotonic()
    with pytest.raises(error) as raised:
        yield
    assert time.monotonic() - began < SECONDS
    assert raised.value.detail == error.title


def test_a_recording_is_not_there_before_it_is_whole(s3_server: S3Server, recording: Path) -> None:
    """While it is sent, nobody sees it; its file stays until it is kept."""
    settings = settings_for(s3_server.port)
    relay = Relay(holds_after=1_000_000)
    key, audio = uuid4().hex, S3AudioStore(settings)
    content = recording.read_bytes()
    with relaying(relay, s3_server.port) as port, ThreadPoolExecutor() as threads:
        slow = S3AudioStore(replace(settings, endpoint=f"http://127.0.0.1:{port}"))
        putting = threads.submit(slow.put, key, recording)
        assert relay.held.wait(timeout=20)

        with pytest.raises(RecordingMissing):
            audio.open(key)
        assert list(audio.old_keys(minimum_age=-2)) == []
        assert recording.exists()

        relay.let_go()
        putting.result(timeout=20)

    assert not recording.exists()
    with audio.open(key) as file:
        assert file.read() == content


def test_nothing_stays_of_an_upload_that_broke_off(s3_server: S3Server, recording: Path) -> None:
    """The file is still there, and can be put again."""
    settings = settings_for(s3_server.port)
    relay = Relay(holds_after=1_000_000)
    key, audio = uuid4().hex, S3AudioStore(settings)
    with relaying(relay, s3_server.port) as port, ThreadPoolExecutor() as threads:
        broken = S3AudioStore(replace(settings, endpoint=f"http://127.0.0.1:{port}"))
        putting = threads.submit(broken.put, key, recording)
        assert relay.held.wait(timeout=20)
        relay.cut()
        with soon(StorageUnavailable):
            putting.result(timeout=20)

    assert recording.exists()
    assert list(audio.old_keys(minimum_age=-2)) == []
    audio.put(key, recording)
    assert list(audio.old_keys(minimum_age=-2)) == [key]


def test_what_is_large_goes_in_parts_and_comes_back_whole(s3_server: S3Server, recording: Path, large: Path) -> None:
    """S3 takes no more than 5 GiB in one request, and a limit for one would be one for the size."""
    audio, key, small = S3AudioStore(settings_for(s3_server.port)), uuid4().hex, uuid4().hex
    content = large.read_bytes()
    audio.put(key, large)
    audio.put(small, recording)

    tags = {key_: obstore.head(audio._answers, f"audio/{key_[:2]}/{key_}")["e_tag"] or "" for key_ in (key, small)}
    assert (tags[key].strip('"')[-2:], "-" in tags[small]) == ("-5", False), "by how many parts there were"
    assert not large.exists()
    with audio.open(key) as file:
        assert file.read() == content


@pytest.mark.parametrize("part", [1, 4])
def test_nothing_stays_of_parts_that_broke_off(s3_server: S3Server, large: Path, part: int) -> None:
    """Nobody sees what has arrived; the file is still there, and can be put again."""
    settings = settings_for(s3_server.port)
    relay = Relay(holds_after=(part * PART_BYTES) - 1_000_000)
    key, audio, content = uuid4().hex, S3AudioStore(settings), large.read_bytes()
    with relaying(relay, s3_server.port) as port, ThreadPoolExecutor() as threads:
        broken = S3AudioStore(replace(settings, endpoint=f"http://127.0.0.1:{port}"))
        putting = threads.submit(broken.put, key, large)
        assert relay.held.wait(timeout=20)
        with pytest.raises(RecordingMissing):
            audio.open(key)
        relay.cut()
        with soon(StorageUnavailable):
            putting.result(timeout=20)

    assert large.exists()
    assert list(audio.old_keys(minimum_age=-2)) == []
    audio.put(key, large)
    with audio.open(key) as file:
        assert file.read() == content


def test_parts_that_find_no_room_are_taken_back(large: Path) -> None:
    """They would lie there unseen."""
    begun = b"<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>"
    script = Script({"HEAD": [MISSING], "POST": [(200, begun)], "PUT": [(507, b"")], "DELETE": [(204, b"")]})
    with answering(script) as port, soon(StorageFull):
        S3AudioStore(settings_for(port)).put(uuid4().hex, large)

    assert large.exists()
    assert script.asked[:2] == ["HEAD", "POST"]
    assert "DELETE" in script.asked


def test_a_sealed_recording_goes_there_and_back(s3_server: S3Server, tmp_path: Path, recording: Path) -> None:
    """Staged on this machine, sealed, and read from S3 from any place."""
    cipher = Cipher(uuid4(), new_key())
    audio, content = S3AudioStore(settings_for(s3_server.port)), recording.read_bytes()
    recordings = Recordings(audio, tmp_path / "incoming")
    with recordings.staged(cipher) as arriving:
        arriving.write(content)
        key = arriving.keep()

    with recordings.open(key, cipher) as file:
        assert file.read() == content
        file.seek(1_234_567)
        assert file.read(1000) == content[1_234_567:][:1000]
    with audio.open(key) as sealed:
        assert content[:256] not in sealed.read()
    assert list((tmp_path / "incoming").iterdir()) == []


@pytest.fixture
def killed(tmp_path: Path) -> S3AudioStore:
    """A store whose server is gone."""
    (tmp_path / "s3").mkdir()
    server = S3Server(tmp_path / "s3")
    server.kill()
    return S3AudioStore(settings_for(server.port))


@pytest.mark.parametrize("call", CALLS)
def test_without_a_server_every_call_says_so(killed: S3AudioStore, call: str) -> None:
    """Within seconds."""
    with soon(StorageUnavailable):
        CALLS[call](killed)


def test_without_a_server_a_recording_stays_where_it_is(killed: S3AudioStore, recording: Path) -> None:
    """So that it can be put later."""
    with soon(StorageUnavailable):
        killed.put(uuid4().hex, recording)

    assert recording.exists()


def test_a_server_that_dies_is_noticed_while_reading(tmp_path: Path, recording: Path) -> None:
    """What was read ahead can still be read; the rest is unavailable, not empty."""
    (tmp_path / "s3").mkdir()
    server = S3Server(tmp_path / "s3")
    audio, key = S3AudioStore(settings_for(server.port)), uuid4().hex
    audio.put(key, recording)
    with audio.open(key) as file:
        file.read(10)
        server.kill()

        assert file.read(2) == bytes([10, 11])
        file.seek(2_000_000)
        with soon(StorageUnavailable):
            file.read(10)


def test_a_recording_that_is_deleted_is_missed_while_reading(s3_server: S3Server, recording: Path) -> None:
    """It is not there any more, and trying again changes nothing."""
    audio, key = S3AudioStore(settings_for(s3_server.port)), uuid4().hex
    audio.put(key, recording)
    with audio.open(key) as file:
        file.read(10)
        audio.delete(key)
        file.seek(2_000_000)

        with soon(RecordingMissing):
            file.read(10)


@pytest.mark.parametrize("call", CALLS)
def test_a_silent_server_is_waited_for_for_seconds(s3_server: S3Server, call: str) -> None:
    """One that takes the request and never answers."""
    with relaying(Relay(holds_after=0), s3_server.port) as port:
        audio = S3AudioStore(settings_for(port), patience=S3Patience(silence=0.5))
        with soon(StorageUnavailable):
            CALLS[call](audio)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("wrong", [{"secret_access_key": "wrong"}, {"bucket": "not-there"}])
def test_wrong_settings_are_no_missing_recording(s3_server: S3Server, wrong: dict[str, str], call: str) -> None:
    """No check-in fails for good because a secret or the name of the bucket is wrong."""
    with soon(StorageUnavailable):
        CALLS[call](S3AudioStore(replace(settings_for(s3_server.port), **wrong)))  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [{"secret_access_key": "wrong"}, {"bucket": "not-there"}])
def test_with_wrong_settings_a_recording_stays_where_it_is(
    s3_server: S3Server, wrong: dict[str, str], recording: Path
) -> None:
    """So that it can be put later."""
    audio = S3AudioStore(replace(settings_for(s3_server.port), **wrong))  # type: ignore[arg-type]
    with soon(StorageUnavailable):
        audio.put(uuid4().hex, recording)

    assert recording.exists()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((507, b""), StorageFull),
        ((507, b"<Error><Code>XMinioStorageFull</Code></Error>"), StorageFull),
        ((403, b"<Error><Code>QuotaExceeded</Code></Error>"), StorageFull),
        ((403, b"<Error><Code>AccessDenied</Code></Error>"), StorageUnavailable),
        ((503, b"<Error><Code>SlowDown</Code></Error>"), StorageUnavailable),
        ((404, b"<Error><Code>NoSuchBucket</Code></Error>"), StorageUnavailable),
        ((409, b"<Error><Code>ConditionalRequestConflict</Code></Error>"), StorageUnavailable),
    ],
)
def test_what_s3_refuses_has_a_reason(answer: tuple[int, bytes], error: type[TandemError], recording: Path) -> None:
    """No room is told apart from everything else, and nothing is tried more than three times."""
    script = Script({"HEAD": [MISSING], "PUT": [answer]})
    with answering(script) as port, soon(error):
        S3AudioStore(settings_for(port)).put(uuid4().hex, recording)

    assert recording.exists()
    assert script.asked.count("PUT") <= 3


def test_an_upload_whose_answer_was_lost_is_found_again(recording: Path) -> None:
    """The server has it, answers late, and refuses the second one as the first is there."""
    size = recording.stat().st_size
    script = Script({"HEAD": [MISSING, (200, bytes(size))], "PUT": [(500, b""), (412, b"")]})
    with answering(script) as port:
        S3AudioStore(settings_for(port)).put(uuid4().hex, recording)

    assert script.asked == ["HEAD", "PUT", "PUT", "HEAD"]
    assert not recording.exists()


def test_a_key_of_another_recording_is_not_taken(recording: Path) -> None:
    """Where one of another size was faster, this one stays where it is."""
    script = Script({"HEAD": [MISSING, (200, b"another")], "PUT": [(412, b"")]})
    with answering(script) as port, soon(StorageUnavailable):
        S3AudioStore(settings_for(port)).put(uuid4().hex, recording)

    assert recording.exists()


def test_the_faster_of_two_is_the_owner() -> None:
    """Both find none; one is refused, and reads who it is."""
    script = Script({"GET": [MISSING, (200, str(OWNER).encode())], "PUT": [(412, b"")]})
    with answering(script) as port:
        assert not S3AudioStore(settings_for(port)).belongs_to(uuid4())


def test_the_later_of_two_is_the_owner_where_nothing_is_refused() -> None:
    """A server that ignores If-None-Match has taken both; what it holds decides."""
    script = Script({"GET": [MISSING, (200, str(OWNER).encode())], "PUT": [(200, b"")]})
    with answering(script) as port:
        assert not S3AudioStore(settings_for(port)).belongs_to(uuid4())


def test_prefixes_share_nothing(s3_server: S3Server, recording: Path) -> None:
    """Several databases can keep their recordings in one bucket."""
    one, other = (S3AudioStore(settings_for(s3_server.port)) for _ in range(2))
    key = uuid4().hex
    one.put(key, recording)

    assert one.belongs_to(uuid4())
    assert other.belongs_to(uuid4())
    assert list(other.old_keys(minimum_age=-2)) == []
    with pytest.raises(RecordingMissing):
        other.open(key)


def test_a_session_token_of_the_environment_is_not_added(monkeypatch: pytest.MonkeyPatch) -> None:
    """It belongs to other keys than those that were set, and would have them refused."""
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of-somebody-else")
    script = Script({"GET": [(200, str(OWNER).encode())]})
    with answering(script) as port:
        assert S3AudioStore(settings_for(port)).belongs_to(OWNER)

    assert script.credentials == [{"authorization"}]


@pytest.mark.parametrize(("headers", "keeps"), [({"x-amz-version-id": "3"}, True), ({}, False)])
def test_a_bucket_that_keeps_versions_is_recognised(headers: dict[str, str], keeps: bool) -> None:
    """What is deleted from it is not gone."""
    with answering(Script({"HEAD": [(200, str(OWNER).encode())]}, headers=headers)) as port:
        assert S3AudioStore(settings_for(port)).keeps_versions() is keeps


def test_a_bucket_without_an_owner_tells_nothing_of_versions(s3_server: S3Server) -> None:
    """There is no object to ask for."""
    assert not S3AudioStore(settings_for(s3_server.port)).keeps_versions()


def test_the_secret_is_not_shown() -> None:
    """Whoever prints the settings does not print it."""
    settings = settings_for(9000)

    assert BUCKET in repr(settings)
    assert settings.secret_access_key not in repr(settings)


@pytest.mark.parametrize("alone", [{"s3_access_key_id": "tandem"}, {"s3_secret_access_key": "only-for-tests"}])
def test_a_key_or_a_secret_alone_is_refused(alone: dict[str, str]) -> None:
    """At the start, by name, rather than by S3 later."""
    with pytest.raises(ValidationError, match="TANDEM_S3_ACCESS_KEY_ID and TANDEM_S3_SECRET_ACCESS_KEY, or neither"):
        StoreSettings.model_validate(alone)
