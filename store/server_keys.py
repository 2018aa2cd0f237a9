"""Server keys: they wrap the keys of accounts, so that the database alone opens nothing.

A key is 32 bytes in base64 and is named by the beginning of its SHA-256. Several may be known at a time: the first
wraps, each unwraps what it has wrapped. That is how one is replaced while everything runs.
"""

import fcntl
import os
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import Protocol
from uuid import uuid4

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from schemas.errors import ServerKeyInvalid, ServerKeyMissing
from store.sealing import KEY_BYTES, new_key, seal, unseal


@dataclass(frozen=True)
class WrappedKey:
    """The key of an account as it stands in the database."""

    server_key_id: str
    wrapped: bytes


class ServerKeys(Protocol):
    """What wraps the keys of accounts: keys of our own, or a key management service."""

    def current_id(self) -> str:
        """Name of the key that wraps from now on, at most 64 characters. Raises ServerKeyMissing."""

    def known_ids(self) -> Sequence[str] | None:
        """Names of all that are there; None where that cannot be told. Raises ServerKeyMissing."""

    def wrap(self, key: bytes, *, bound_to: bytes) -> WrappedKey:
        """Raises ServerKeyMissing."""

    def unwrap(self, wrapped: WrappedKey, *, bound_to: bytes) -> bytes:
        """Raises ServerKeyMissing where the key that wrapped it is not there, SealBroken where it does not open."""


class LocalServerKeys:
    """Keys from a file, or from a text that the environment gave."""

    def __init__(self, *, file: Path | None = None, text: str = "") -> None:
        """`file` is read again when it has changed: another process may have put a new key into it."""
        self._file = file
        self._keys = parse_keys(text) if file is None else {}
        self._read: tuple[int, int] | None = None
        self._lock = Lock()

    def current_id(self) -> str:
        """The first of the file."""
        return next(iter(self._present()))

    def known_ids(self) -> Sequence[str]:
        """Names of all that are there, the current one first. Raises ServerKeyMissing."""
        return list(self._present())

    def wrap(self, key: bytes, *, bound_to: bytes) -> WrappedKey:
        """With the first key."""
        keys = self._present()
        server_key_id = next(iter(keys))
        return WrappedKey(server_key_id, seal(keys[server_key_id], key, _bound(server_key_id, bound_to)))

    def unwrap(self, wrapped: WrappedKey, *, bound_to: bytes) -> bytes:
        """With the key it names."""
        key = self._present().get(wrapped.server_key_id)
        if key is None:
            raise ServerKeyMissing(f"Server key {wrapped.server_key_id} is not there")
        return unseal(key, wrapped.wrapped, _bound(wrapped.server_key_id, bound_to))

    def _present(self) -> dict[str, AESGCM]:
        with self._lock:
            if self._file is not None:
                self._read_again(self._file)
            return self._keys

    def _read_again(self, file: Path) -> None:
        try:
            found = file.stat()
            version = (found.st_ino, found.st_mtime_ns)
            if version != self._read:
                self._keys, self._read = parse_keys(file.read_text(encoding="ascii")), version
        except OSError as error:
            raise ServerKeyMissing("The file of server keys cannot be read") from error
        except UnicodeDecodeError as error:
            raise ServerKeyInvalid from error


def parse_keys(text: str) -> dict[str, AESGCM]:
    """Keys by their names, in their order: one a line, or with commas between. Raises ServerKeyInvalid."""
    keys = {}
    for line in _separate(text):
        try:
            key = b64decode(line, validate=True)
        except NotBase64 as error:
            raise ServerKeyInvalid from error
        if len(key) != KEY_BYTES:
            raise ServerKeyInvalid
        keys[key_id(key)] = AESGCM(key)
    if not keys:
        raise ServerKeyMissing
    return keys


def key_id(key: bytes) -> str:
    """The name of a key; it tells nothing about it."""
    return sha256(b"tandem server key" + key).hexdigest()[:16]


def make_key_file(file: Path) -> None:
    """Write a first key, for its owner's eyes alone; a file that is there stays as it is."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    written = file.with_name(f"{file.name}.{uuid4().hex}")
    _write_key_file(written, [b64encode(new_key()).decode()])
    try:
        os.link(written, file)  # whole, and only if nobody was faster
    except FileExistsError:
        pass
    finally:
        written.unlink()


def add_key(file: Path) -> str:
    """Put a new key before the others; returns its name. Every process reads it before it next wraps or unwraps."""
    key = new_key()
    with _alone(file) as lines:
        _replace(file, [b64encode(key).decode(), *lines])
    return key_id(key)


def drop_keys(file: Path, *, but: Sequence[str]) -> int:
    """Remove the keys that are not named, and never the first; returns how many went."""
    with _alone(file) as lines:
        kept = [line for i, line in enumerate(lines) if i == 0 or key_id(b64decode(line)) in but]
        if len(kept) < len(lines):
            _replace(file, kept)
    return len(lines) - len(kept)


def from_factory(path: str) -> ServerKeys:
    """What `package.module:factory` makes: the way to a key management service. Raises ServerKeyInvalid."""
    module, _, name = path.partition(":")
    try:
        keys: ServerKeys = getattr(import_module(module), name)()
    except (ImportError, AttributeError, ValueError) as error:
        raise ServerKeyInvalid(f"TANDEM_SERVER_KEYS_FACTORY names {path!r}, which cannot be had") from error
    return keys


def _bound(server_key_id: str, bound_to: bytes) -> bytes:
    return f"account key\n{server_key_id}\n".encode() + bound_to


def _separate(text: str) -> list[str]:
    return text.replace(",", "\n").split()


@contextmanager
def _alone(file: Path) -> Iterator[Sequence[str]]:
    """The keys in it, while nobody else changes it: a key that two overwrite is lost, and what it wrapped with it."""
    while True:
        with file.open("r+", encoding="ascii") as opened:
            fcntl.flock(opened, fcntl.LOCK_EX)
            if os.fstat(opened.fileno()).st_ino == file.stat().st_ino:  # it was not replaced while we waited
                yield _separate(opened.read())
                return


def _replace(file: Path, lines: Sequence[str]) -> None:
    before, written = file.stat(), file.with_name(f"{file.name}.{uuid4().hex}")
    try:
        _write_key_file(written, lines)
        if (before.st_uid, before.st_gid) != (os.geteuid(), os.getegid()):
            os.chown(written, before.st_uid, before.st_gid)  # whoever could read it still can
        written.chmod(before.st_mode & 0o640)
        written.replace(file)
    finally:
        written.unlink(missing_ok=True)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _write_key_file(file: Path, lines: Sequence[str]) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as opened:
        opened.write("\n".join(lines) + "\n")
        opened.flush()
        os.fsync(opened.fileno())
