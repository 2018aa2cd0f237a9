"""The headers of tus 1.0 as we read them."""

from base64 import b64decode
from binascii import Error as NotBase64
from typing import Annotated, Any

from fastapi import Header

from schemas.check_in import CheckInCreate
from schemas.errors import ChecksumUnsupported, InvalidInput, RecordingEmpty
from service.bodies import parse_create
from service.dependencies import IdempotencyKeyDep
from service.resuming import Checksum

ALGORITHMS = ("sha1", "sha256", "md5")
MAX_BYTES = 10**15
"""A length with more digits is no length."""

Length = Annotated[int, Header(alias="Upload-Length", ge=0, le=MAX_BYTES, description="Bytes of the whole recording.")]
Metadata = Annotated[
    str,
    Header(
        alias="Upload-Metadata",
        max_length=8_000,
        description="`id`, `recorded_at`, `time_zone`, and if wanted `kind` and `language`, each with its value in "
        "base64: `id MTIz…,time_zone RXVyb3Bl…`. Other names are passed over.",
    ),
]
Offset = Annotated[int, Header(alias="Upload-Offset", ge=0, le=MAX_BYTES, description="Where the body begins.")]
ChecksumHeader = Annotated[
    str | None,
    Header(alias="Upload-Checksum", max_length=200, description="`sha256 <base64>`, of the body; also sha1, md5."),
]


def read_metadata(header: str) -> dict[str, Any]:
    """The pairs of `Upload-Metadata` that tell of a check-in. Raises InvalidInput."""
    fields: dict[str, Any] = {}
    for pair in filter(None, (pair.strip() for pair in header.split(","))):
        name, _, value = pair.partition(" ")
        if name in fields:
            raise InvalidInput(f"Upload-Metadata has {len(fields)} names, and one of them twice")
        try:
            fields[name] = b64decode(value.strip(), validate=True).decode()
        except (NotBase64, ValueError) as error:
            raise InvalidInput("A value of Upload-Metadata is not base64 of text") from error
    return {name: value for name, value in fields.items() if name in CheckInCreate.model_fields and value}


def read_checksum(header: str | None) -> Checksum | None:
    """Raises ChecksumUnsupported for an algorithm that is not known."""
    if header is None:
        return None
    algorithm, _, digest = header.partition(" ")
    if algorithm not in ALGORITHMS:
        raise ChecksumUnsupported(f"Upload-Checksum takes {', '.join(ALGORITHMS)}")
    try:
        b64decode(digest.strip(), validate=True)
    except NotBase64 as error:
        raise ChecksumUnsupported("The digest of Upload-Checksum is not base64") from error
    return Checksum(algorithm, digest.strip())


class Announced:
    """What a phone tells when it begins. Raises RecordingEmpty, InvalidInput, RequestValidationError."""

    def __init__(
        self, length: Length, metadata: Metadata, checksum: ChecksumHeader = None, key: IdempotencyKeyDep = None
    ) -> None:
        if length == 0:
            raise RecordingEmpty
        self.length = length
        self.create = parse_create(read_metadata(metadata), where="Upload-Metadata")
        self.checksum = read_checksum(checksum)
        self.key = key
