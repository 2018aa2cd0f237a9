"""Recordings on their way in and out: sealed on the disk, whole again for whoever has the key."""

import os
from hashlib import sha256
from io import SEEK_END, BytesIO
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import RecordingMissing, SealBroken
from store.audio import LocalAudioStore
from store.recordings import Recordings
from store.sealed_file import CHUNK_BYTES, MAGIC, SEALED_CHUNK_BYTES, SealedReader, SealingWriter
from store.sealing import Cipher, new_key

KIM = Cipher(uuid4(), new_key())
SPEECH = os.urandom(3 * CHUNK_BYTES + 1_000)


@pytest.fixture
def recordings(tmp_path: Path) -> Recordings:
    """Recordings in a folder."""
    return Recordings(LocalAudioStore(tmp_path / "audio"), tmp_path / "incoming")


def kept(recordings: Recordings, content: bytes = SPEECH, cipher: Cipher = KIM) -> str:
    """A recording that was kept."""
    with recordings.staged(cipher) as arriving:
        for start in range(0, len(content), 10_000):
            arriving.write(content[start : start + 10_000])
        return arriving.keep()


def files(folder: Path) -> list[Path]:
    """Every file in a folder."""
    return [path for path in folder.rglob("*") if path.is_file()]


def test_what_is_kept_comes_back_and_lies_sealed(recordings: Recordings, tmp_path: Path) -> None:
    """Byte for byte, and nothing of it can be found in the files."""
    key = kept(recordings)

    with recordings.open(key, KIM) as file:
        assert file.read() == SPEECH
    for path in files(tmp_path):
        assert SPEECH[:32] not in path.read_bytes()
        assert path.stat().st_mode & 0o077 == 0 or path.parent.stat().st_mode & 0o077 == 0


def test_size_hash_and_content_are_known_before_it_is_kept(recordings: Recordings) -> None:
    """It can be looked into, by something that needs a descriptor too."""
    with recordings.staged(KIM) as arriving:
        arriving.write(b"spe")
        arriving.write(b"ech")

        assert arriving.size == 6
        assert arriving.sha256 == sha256(b"speech").hexdigest()
        with arriving.finish() as content, recordings.in_memory(content) as file:
            assert os.pread(file.fileno(), 100, 0) == b"speech"


def test_nothing_stays_of_a_recording_that_broke_off(recordings: Recordings, tmp_path: Path) -> None:
    """Not kept, then no file."""
    with recordings.staged(KIM) as arriving:
        arriving.write(SPEECH)

    assert files(tmp_path) == []


def test_what_is_deleted_is_missing(recordings: Recordings) -> None:
    """Twice is the same as once."""
    key = kept(recordings)
    recordings.delete(key)
    recordings.delete(key)

    with pytest.raises(RecordingMissing):
        recordings.open(key, KIM)


def test_another_key_is_an_error_and_never_noise(recordings: Recordings) -> None:
    """Whoever has another account's key, or the right bytes under another account, reads nothing."""
    key = kept(recordings)
    for stranger in (Cipher(KIM.account_id, new_key()), Cipher(uuid4(), new_key())):
        with recordings.open(key, stranger) as file, pytest.raises(SealBroken):
            file.read()


def sealed(content: bytes, key: str = "k") -> bytes:
    """A sealed file."""
    file = BytesIO()
    writer = SealingWriter(file, KIM, key)
    writer.write(content)
    writer.finish()
    return file.getvalue()


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES])
def test_any_size_comes_back(size: int) -> None:
    """Also where it fills its last chunk, or has none."""
    content = SPEECH[:size]
    reader = SealedReader(BytesIO(sealed(content)), KIM, "k")

    assert reader.size == size
    assert reader.readall() == content


@settings(max_examples=60)
@given(start=st.integers(0, len(SPEECH) + 10), length=st.integers(0, 2 * CHUNK_BYTES))
def test_any_range_is_a_slice(start: int, length: int) -> None:
    """A player asks for pieces."""
    reader = SealedReader(BytesIO(SEALED), KIM, "k")
    reader.seek(start)
    piece = b""
    while len(piece) < length and (more := reader.read(length - len(piece))):
        piece += more

    assert piece == SPEECH[start : start + length]


SEALED = sealed(SPEECH)


def test_a_range_opens_only_its_own_chunks() -> None:
    """What lies elsewhere may even be damaged."""
    damaged = bytearray(SEALED)
    damaged[len(MAGIC) + 10] ^= 1
    reader = SealedReader(BytesIO(bytes(damaged)), KIM, "k")
    reader.seek(-500, SEEK_END)

    assert reader.read(500) == SPEECH[-500:]
    reader.seek(0)
    with pytest.raises(SealBroken):
        reader.read(1)


@settings(max_examples=60)
@given(place=st.integers(0, len(SEALED) - 1), bit=st.integers(0, 7))
def test_a_changed_bit_anywhere_is_noticed(place: int, bit: int) -> None:
    """The whole is read, or an error."""
    damaged = bytearray(SEALED)
    damaged[place] ^= 1 << bit
    with pytest.raises(SealBroken):
        SealedReader(BytesIO(bytes(damaged)), KIM, "k").readall()


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-1],
        lambda content: content[: len(MAGIC) + 2 * SEALED_CHUNK_BYTES],
        lambda content: content[: len(MAGIC)],
        lambda content: content + b"x",
        lambda content: MAGIC + content[len(MAGIC) + SEALED_CHUNK_BYTES :],
        lambda content: (
            MAGIC
            + content[len(MAGIC) + SEALED_CHUNK_BYTES : len(MAGIC) + 2 * SEALED_CHUNK_BYTES]
            + content[len(MAGIC) : len(MAGIC) + SEALED_CHUNK_BYTES]
            + content[len(MAGIC) + 2 * SEALED_CHUNK_BYTES :]
        ),
    ],
    ids=["a byte", "its end, at a chunk's border", "all", "more", "its beginning", "two chunks changed places"],
)
def test_a_file_that_was_cut_or_put_together_anew_is_noticed(damage: object) -> None:
    """Chunks know their numbers, and the last one that it is the last."""
    assert callable(damage)
    with pytest.raises(SealBroken):
        SealedReader(BytesIO(damage(SEALED)), KIM, "k").readall()


def test_a_file_does_not_pass_for_another(recordings: Recordings) -> None:
    """A file under another recording's key does not open, though the account is the same."""
    with pytest.raises(SealBroken):
        SealedReader(BytesIO(SEALED), KIM, "another").readall()
