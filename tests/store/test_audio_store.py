"""Recordings by key: a folder and S3 keep the same promises."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import RecordingMissing, StorageUnavailable
from store.audio import AudioStore, LocalAudioStore
from store.s3_audio import S3AudioStore
from tests.store.s3 import S3Server, settings_for

LONG = os.urandom(3_000_000)


@pytest.fixture(scope="module", params=["local", "s3"])
def new_store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, s3_server: S3Server
) -> Callable[[], AudioStore]:
    """Makes empty stores, of each implementation in turn."""
    makers: dict[str, Callable[[], AudioStore]] = {
        "local": lambda: LocalAudioStore(tmp_path_factory.mktemp("audio")),
        "s3": lambda: S3AudioStore(settings_for(s3_server.port)),
    }
    return makers[request.param]


@pytest.fixture
def audio(new_store: Callable[[], AudioStore]) -> AudioStore:
    """An empty store."""
    return new_store()


@pytest.fixture
def new_file(tmp_path: Path) -> Callable[[bytes], Path]:
    """Makes files to be put."""

    def make(content: bytes) -> Path:
        file = tmp_path / uuid4().hex
        file.write_bytes(content)
        return file

    return make


@pytest.fixture(scope="module")
def long_recording(
    new_store: Callable[[], AudioStore], tmp_path_factory: pytest.TempPathFactory
) -> tuple[AudioStore, str]:
    """A store with a recording of several buffers' length."""
    audio = new_store()
    key = uuid4().hex
    file = tmp_path_factory.mktemp("arrived") / key
    file.write_bytes(LONG)
    audio.put(key, file)
    return audio, key


def test_what_is_put_comes_back(audio: AudioStore, new_file: Callable[[bytes], Path]) -> None:
    """Byte for byte, and from any place."""
    key = uuid4().hex
    audio.put(key, new_file(b"0123456789"))

    with audio.open(key) as file:
        assert file.seekable()
        assert file.read() == b"0123456789"
        assert file.read() == b""
        file.seek(4)
        assert file.read(2) == b"45"
        assert file.tell() == 6
        file.seek(-1, os.SEEK_END)
        assert file.read(5) == b"9"


@settings(max_examples=40, deadline=None)
@given(ranges=st.lists(st.tuples(st.integers(0, len(LONG)), st.integers(0, 2_000_000)), min_size=1, max_size=4))
def test_any_range_is_a_slice(long_recording: tuple[AudioStore, str], ranges: list[tuple[int, int]]) -> None:
    """Wherever it begins and however long it is, one after another in the same file."""
    audio, key = long_recording
    with audio.open(key) as file:
        for start, length in ranges:
            file.seek(start)
            assert file.read(length) == LONG[start : start + length]


def test_the_file_is_gone_from_where_it_lay(audio: AudioStore, new_file: Callable[[bytes], Path]) -> None:
    """It has been taken over."""
    file = new_file(b"speech")
    audio.put(uuid4().hex, file)

    assert not file.exists()


def test_an_empty_file_is_a_recording_too(audio: AudioStore, new_file: Callable[[bytes], Path]) -> None:
    """What is in it is not the store's business."""
    key = uuid4().hex
    audio.put(key, new_file(b""))

    with audio.open(key) as file:
        assert file.read() == b""


def test_a_key_is_written_once(audio: AudioStore, new_file: Callable[[bytes], Path]) -> None:
    """Whatever becomes of the second file, the first stays."""
    key = uuid4().hex
    audio.put(key, new_file(b"first"))
    with suppress(StorageUnavailable):
        audio.put(key, new_file(b"another"))

    with audio.open(key) as file:
        assert file.read() == b"first"


def test_a_file_that_is_not_there_is_not_put(audio: AudioStore, tmp_path: Path) -> None:
    """And nothing is there under its key."""
    key = uuid4().hex
    with pytest.raises(StorageUnavailable):
        audio.put(key, tmp_path / "nothing")
    with pytest.raises(RecordingMissing):
        audio.open(key)


def test_what_was_never_put_is_missing(audio: AudioStore) -> None:
    """Whether or not others are there."""
    with pytest.raises(RecordingMissing):
        audio.open(uuid4().hex)


def test_what_is_deleted_is_missing(audio: AudioStore, new_file: Callable[[bytes], Path]) -> None:
    """Twice is the same as once."""
    key = uuid4().hex
    audio.put(key, new_file(b"speech"))
    audio.delete(key)
    audio.delete(key)

    with pytest.raises(RecordingMissing):
        audio.open(key)


def test_the_first_to_ask_is_the_owner(audio: AudioStore) -> None:
    """And stays it."""
    first, second = uuid4(), uuid4()

    assert [audio.belongs_to(owner) for owner in (first, second, first)] == [True, False, True]


def test_only_old_recordings_are_the_janitors(audio: AudioStore, new_file: Callable[[bytes], Path]) -> None:
    """One that has just been put may not have its row yet; what marks the owner is no recording."""
    keys = [uuid4().hex for _ in range(3)]
    for key in keys:
        audio.put(key, new_file(b"speech"))
    audio.belongs_to(uuid4())

    assert list(audio.old_keys(minimum_age=3600)) == []
    assert sorted(audio.old_keys(minimum_age=-2)) == sorted(keys)


def test_the_janitor_deletes_while_it_looks(audio: AudioStore, new_file: Callable[[bytes], Path]) -> None:
    """All of them come up, and none is left."""
    keys = {uuid4().hex for _ in range(20)}
    for key in keys:
        audio.put(key, new_file(b"speech"))
    seen = set()
    for key in audio.old_keys(minimum_age=-2):
        audio.delete(key)
        seen.add(key)

    assert seen == keys
    assert list(audio.old_keys(minimum_age=-2)) == []
