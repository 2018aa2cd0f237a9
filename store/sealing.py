"""Sealing: AES-256-GCM under a key of one account, each ciphertext bound to the place it was made for.

What is moved to another place, cut, or opened with another key does not open (NIST SP 800-38D).
"""

import json
from dataclasses import dataclass
from os import urandom
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from schemas.errors import SealBroken

FORMAT = 1
"""First byte of everything sealed: what follows is a nonce, the ciphertext and its tag."""
NONCE_BYTES = 12
KEY_BYTES = 32
OVERHEAD_BYTES = 1 + NONCE_BYTES + 16
"""How much longer than its content something sealed is."""


@dataclass(frozen=True)
class Place:
    """Where something sealed belongs: it opens nowhere else."""

    table: str
    row: UUID | str
    field: str
    part: int = 0
    """Number of a chunk of audio, or of a version of a transcript."""

    def to_bytes(self) -> bytes:
        """Unambiguous: no part of it holds a line break."""
        return "\n".join((self.table, str(self.row), self.field, str(self.part))).encode()


def new_key() -> bytes:
    """A key that never existed before."""
    return urandom(KEY_BYTES)


def seal(key: AESGCM, plain: bytes, bound_to: bytes) -> bytes:
    """Encrypt, with a random nonce."""
    nonce = urandom(NONCE_BYTES)
    return bytes((FORMAT,)) + nonce + key.encrypt(nonce, plain, bytes((FORMAT,)) + bound_to)


def unseal(key: AESGCM, sealed: bytes, bound_to: bytes) -> bytes:
    """Decrypt. Raises SealBroken, and never returns anything else than what was sealed."""
    if len(sealed) < OVERHEAD_BYTES or sealed[0] != FORMAT:
        raise SealBroken
    try:
        return key.decrypt(sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :], sealed[:1] + bound_to)
    except InvalidTag as error:
        raise SealBroken from error


class Cipher:
    """Seals and opens what belongs to one account."""

    def __init__(self, account_id: UUID, key: bytes) -> None:
        self.account_id = account_id
        self._key = AESGCM(key)
        self._owner = account_id.bytes

    def seal(self, plain: bytes, place: Place) -> bytes:
        """`OVERHEAD_BYTES` longer than `plain`."""
        return seal(self._key, plain, self._owner + place.to_bytes())

    def open(self, sealed: bytes, place: Place) -> bytes:
        """What was sealed for this account at this place. Raises SealBroken."""
        return unseal(self._key, sealed, self._owner + place.to_bytes())

    def seal_document(self, document: Any, place: Place) -> bytes:
        """Seal something that JSON can say."""
        return self.seal(json.dumps(document, ensure_ascii=False).encode(), place)

    def open_document(self, sealed: bytes, place: Place) -> Any:
        """Raises SealBroken."""
        return json.loads(self.open(sealed, place))
