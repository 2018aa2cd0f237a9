"""Sealed recordings in S3, or in a store that speaks its protocol: one object each, whole or not there."""

import mmap
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from uuid import UUID

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store

from schemas.errors import RecordingMissing, StorageFull, StorageUnavailable
from store.audio import storage_errors
from store.ranged_file import RangedFile

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Config, S3Credential
    from typing_extensions import Buffer

READ_AHEAD_BYTES = 1024 * 1024
WHOLE_BYTES = 64 * 1024 * 1024
"""The largest file that goes in one request."""
PART_BYTES = 16 * 1024 * 1024
"""What is larger goes in parts of this size. S3 takes 10,000 of them: 156 GiB."""
PARTS_AT_ONCE = 4
_AUDIO = "audio"
_OWNER = "owner"
_KEY = re.compile(r"[0-9a-f]{32}")
_NO_ROOM = re.compile(r"status code: 507\b|<Code>\w*(?:StorageFull|QuotaExceeded)</Code>")
"""Status and codes by which stores tell that a disk or a quota is full. Amazon's has neither."""


@dataclass(frozen=True)
class S3Settings:
    """Which bucket, and who asks. What is empty is taken from the AWS_ variables, or is the role of the machine."""

    bucket: str
    endpoint: str = ""
    region: str = ""
    access_key_id: str = ""
    secret_access_key: str = field(default="", repr=False)
    prefix: str = ""
    allow_http: bool = False


@dataclass(frozen=True)
class S3Patience:
    """How long a call waits, in seconds. Somebody waits for the call."""

    connection: float = 3
    silence: float = 5
    """Without a byte of an answer, and for how long a request that failed is sent again."""
    answer: float = 20
    """For a whole answer: up to 4 MiB of a recording."""
    upload: float = 60
    """For a request that sends a recording, or a part of it, and its answer."""
    retries: int = 2


class S3AudioStore:
    """A bucket with `audio/<two letters>/<key>` for each recording, and `owner`.

    Writing needs s3:PutObject, s3:AbortMultipartUpload, s3:GetObject and s3:DeleteObject for the objects, and
    s3:ListBucket for the bucket: without the last, S3 does not tell what is missing from what is forbidden.
    """

    def __init__(self, settings: S3Settings, *, patience: S3Patience | None = None) -> None:
        patience = patience or S3Patience()
        answer, upload, silence = (
            timedelta(seconds=seconds) for seconds in (patience.answer, patience.upload, patience.silence)
        )
        self._answers = _connect(settings, patience, {"timeout": answer, "read_timeout": silence}, again_for=silence)
        self._uploads = _connect(settings, patience, {"timeout": upload}, again_for=silence)
        # One part of hundreds is sent again for longer: the others would have to be, too.
        self._parts = _connect(settings, patience, {"timeout": upload}, again_for=upload)

    def put(self, key: str, file: Path) -> None:
        """In one request, or in parts that become an object at the end: nobody sees a part of it. The file is mapped.

        An object of the same key and size is what an attempt left whose answer was lost: nothing is sent then. One of
        another size stays as it is, and StorageUnavailable is raised. In parts, and in a store that ignores
        `If-None-Match`, two puts of a new key at the same moment overwrite each other; keys are random.
        """
        with storage_errors():
            content = _mapped(file)
        with _s3_errors():
            stored = self._size(_path(key))
            if stored is None:
                stored = self._create(_path(key), content)
        if stored != len(content):
            raise StorageUnavailable
        with storage_errors():
            file.unlink()

    def open(self, key: str) -> BinaryIO:
        """Asks for its size, then for ranges of it, 1 MiB and more at a time."""
        with _s3_errors():
            size = self._size(_path(key))
            if size is None:
                self._ask_for_bucket()
                raise RecordingMissing
        return BufferedReader(RangedFile(size, partial(self._fetch, _path(key))), READ_AHEAD_BYTES)

    def delete(self, key: str) -> None:
        """Deletes the object. In a bucket that keeps versions it can still be brought back by whoever runs that."""
        with _s3_errors():
            try:
                obstore.delete(self._answers, _path(key))
            except FileNotFoundError:
                self._ask_for_bucket()

    def belongs_to(self, owner: UUID) -> bool:
        """As the object `owner` tells, read again after it was written: another may have been faster."""
        with _s3_errors():
            found = self._owner()
            if found is None:
                with suppress(AlreadyExistsError):
                    obstore.put(self._answers, _OWNER, str(owner).encode(), mode="create", use_multipart=False)
                found = self._owner()
        return found == str(owner).encode()

    def keeps_versions(self) -> bool:
        """Whether what is deleted stays behind in the bucket as an older version. Known once there is an owner.

        Raises StorageUnavailable.
        """
        with _s3_errors():
            try:
                return obstore.head(self._answers, _OWNER)["version"] not in {None, "null"}
            except FileNotFoundError:
                self._ask_for_bucket()
                return False

    def old_keys(self, *, minimum_age: float) -> Iterator[str]:
        """By the times the bucket tells, page by page. Raises StorageUnavailable, at any page."""
        oldest = datetime.now(UTC) - timedelta(seconds=minimum_age)
        with _s3_errors():
            for page in obstore.list(self._answers, _AUDIO, chunk_size=1000):
                for item in page:
                    key = item["path"].rpartition("/")[2]
                    if _KEY.fullmatch(key) and item["path"] == _path(key) and item["last_modified"] < oldest:
                        yield key

    def _create(self, path: str, content: "mmap.mmap | bytes") -> int | None:
        """The size of what is then there, by whoever it was created."""
        if len(content) > WHOLE_BYTES:
            obstore.put(
                self._parts,
                path,
                content,
                use_multipart=True,
                chunk_size=PART_BYTES,
                max_concurrency=PARTS_AT_ONCE,
            )
            return self._size(path)
        try:
            obstore.put(self._uploads, path, content, mode="create", use_multipart=False)
        except AlreadyExistsError:
            return self._size(path)
        return len(content)

    def _size(self, path: str) -> int | None:
        try:
            return obstore.head(self._answers, path)["size"]
        except FileNotFoundError:
            return None

    def _fetch(self, path: str, start: int, end: int) -> "Buffer":
        with _s3_errors():
            try:
                return obstore.get_range(self._answers, path, start=start, end=end)
            except FileNotFoundError as error:
                self._ask_for_bucket()
                raise RecordingMissing from error

    def _owner(self) -> bytes | None:
        try:
            return obstore.get(self._answers, _OWNER).bytes().to_bytes()
        except FileNotFoundError:
            return None

    def _ask_for_bucket(self) -> None:
        """An object of a bucket that is gone is reported missing, too: only a list tells the one from the other."""
        obstore.list_with_delimiter(self._answers, _AUDIO)


def _connect(settings: S3Settings, patience: S3Patience, timeouts: "ClientConfig", *, again_for: timedelta) -> S3Store:
    config: S3Config = {"disable_bulk_delete": True}
    if settings.endpoint:
        config["endpoint"] = settings.endpoint
    if settings.region:
        config["region"] = settings.region
    return S3Store(
        settings.bucket,
        prefix=settings.prefix or None,
        config=config,
        client_options={
            "allow_http": settings.allow_http,
            "connect_timeout": timedelta(seconds=patience.connection),
            **timeouts,
        },
        retry_config={"max_retries": patience.retries, "retry_timeout": again_for},
        # A provider rather than two keys of `config`, to which a session token of the environment would be added.
        credential_provider=partial(_credential, settings) if settings.access_key_id else None,
    )


def _credential(settings: S3Settings) -> "S3Credential":
    return {
        "access_key_id": settings.access_key_id,
        "secret_access_key": settings.secret_access_key,
        "token": None,
        "expires_at": None,
    }


def _mapped(file: Path) -> "mmap.mmap | bytes":
    """Let go of when nobody reads it any more: after a timeout that may be a little later."""
    with file.open("rb") as opened:
        try:
            return mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:  # an empty file cannot be mapped
            return b""


def _path(key: str) -> str:
    return f"{_AUDIO}/{key[:2]}/{key}"


@contextmanager
def _s3_errors() -> Iterator[None]:
    """What obstore raises, in our own words."""
    try:
        yield
    except (BaseError, OSError) as error:
        raise (StorageFull if _NO_ROOM.search(str(error)) else StorageUnavailable) from error
