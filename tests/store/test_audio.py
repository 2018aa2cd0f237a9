"""Recordings: the real store and the one for tests keep the same promises."""

import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from schemas.errors import RecordingMissing
from store.audio import AudioStore, LocalAudioStore, staged
from tests.memory import MemoryAudioStore


@pytest.fixture(params=["local", "memory"])
def audio(request: pytest.FixtureRequest, tmp_path: Path) -> AudioStore:
    """Each implementation in turn."""
    makers: dict[str, Callable[[], AudioStore]] = {
        "local": lambda: LocalAudioStore(tmp_path),
        "memory": MemoryAudioStore,
    }
    return makers[request.param]()


def kept(audio: AudioStore, content: bytes = b"speech") -> str:
    """A recording that was kept."""
    with staged(audio) as arriving:
        arriving.write(content)
        return arriving.keep()


def test_what_is_kept_comes_back(audio: AudioStore) -> None:
    """Byte for byte, and from any place."""
    with audio.open(kept(audio, b"0123456789")) as file:
        assert file.read() == b"0123456789"
        file.seek(4)
        assert file.read(2) == b"45"


def test_size_hash_and_content_are_known_while_it_arrives(audio: AudioStore) -> None:
    """Before it is kept it can be looked into."""
    with staged(audio) as arriving:
        arriving.write(b"spe")
        arriving.write(b"ech")

        assert arriving.size == 6
        assert arriving.sha256 == sha256(b"speech").hexdigest()
        arriving.file.seek(0)
        assert arriving.file.read() == b"speech"


def test_what_is_deleted_is_missing(audio: AudioStore) -> None:
    """Twice is the same as once."""
    key = kept(audio)
    audio.delete(key)
    audio.delete(key)

    with pytest.raises(RecordingMissing):
        audio.open(key)


def test_only_old_recordings_are_the_janitors(audio: AudioStore) -> None:
    """One that has just been kept may not have its row yet."""
    key = kept(audio)

    assert list(audio.old_keys(minimum_age=3600)) == []
    assert list(audio.old_keys(minimum_age=-1)) == [key]


def test_nothing_stays_of_a_recording_that_broke_off(tmp_path: Path) -> None:
    """Not kept, then no file."""
    with staged(LocalAudioStore(tmp_path)) as arriving:
        arriving.write(b"half")

    assert [file for _, _, files in os.walk(tmp_path) for file in files] == []
