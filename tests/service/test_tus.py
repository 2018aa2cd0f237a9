"""Resumable uploads as tus 1.0 says, request by request."""

import errno
from base64 import b64encode
from collections.abc import Callable, Mapping
from hashlib import new as new_hash
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx2 import Response

from service.resuming import IncomingPart
from store.opening import Store
from store.tables import UploadPart
from store.uploads import LEASE, LIFETIME, MOST_OF_ONE, MOST_OPEN, MOST_PARTS
from tests.conftest import FakeClock
from tests.making import make_wav
from tests.service.conftest import PASSWORD, Phone

AUDIO = make_wav(seconds=1)
TUS = {"Tus-Resumable": "1.0.0"}
PART = TUS | {"Content-Type": "application/offset+octet-stream"}


def metadata(check_in_id: str, **fields: str) -> str:
    """Upload-Metadata of a recording."""
    given = {"id": check_in_id, "recorded_at": "2026-03-01T09:30:00+01:00", "time_zone": "Europe/Berlin"} | fields
    return ",".join(f"{name} {b64encode(value.encode()).decode()}" for name, value in given.items())


class TusPhone:
    """A phone that sends in parts."""

    def __init__(self, phone: Phone) -> None:
        self._phone = phone
        self.check_in_id = str(uuid4())

    def create(
        self, length: int = len(AUDIO), content: bytes = b"", headers: Mapping[str, str] = MappingProxyType({})
    ) -> Response:
        """Begin."""
        given = TUS | {"Upload-Length": str(length), "Upload-Metadata": metadata(self.check_in_id)} | dict(headers)
        if content:
            given |= PART
        return self._phone.post("/uploads", headers=given, content=content)

    def begin(self) -> str:
        """Begin; returns where the parts go."""
        answer = self.create()
        assert answer.status_code == 201, answer.text
        return answer.headers["location"].removeprefix("/v1")

    def send(
        self, path: str, content: bytes, offset: int, headers: Mapping[str, str] = MappingProxyType({})
    ) -> Response:
        """A part."""
        given = self._phone.headers | PART | {"Upload-Offset": str(offset)} | dict(headers)
        return self._phone.client.patch(f"/v1{path}", headers=given, content=content)

    def offset(self, path: str) -> int:
        """How much has arrived."""
        answer = self._phone.client.head(f"/v1{path}", headers=self._phone.headers | TUS)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["upload-length"] == str(len(AUDIO))
        return int(answer.headers["upload-offset"])

    def delete(self, path: str) -> Response:
        """Give it up."""
        return self._phone.client.delete(f"/v1{path}", headers=self._phone.headers | TUS)

    def result(self) -> Response:
        """The check-in."""
        return self._phone.get(f"/check-ins/{self.check_in_id}")


@pytest.fixture
def tus(phone: Phone) -> TusPhone:
    """A phone that sends in parts."""
    return TusPhone(phone)


def files(folder: Path) -> list[Path]:
    """What lies in a folder."""
    return [path for path in folder.rglob("*") if path.is_file()]


def test_parts_become_a_check_in(tus: TusPhone, phone: Phone, settings: Any) -> None:
    """Three parts, the offset after each, then the check-in with the right bytes; nothing else is left."""
    path = tus.begin()
    assert tus.offset(path) == 0
    for start in range(0, len(AUDIO), 12_000):
        assert tus.result().status_code == 404
        answer = tus.send(path, AUDIO[start : start + 12_000], start)
        assert answer.status_code == 204
        assert answer.headers["upload-offset"] == str(min(start + 12_000, len(AUDIO)))
        assert answer.headers["tus-resumable"] == "1.0.0"
        assert answer.headers["upload-expires"].endswith("GMT")

    assert tus.result().json()["state"] == "received"
    assert phone.get(f"/check-ins/{tus.check_in_id}/audio").content == AUDIO
    assert tus.offset(path) == len(AUDIO)
    assert files(settings.uploads_folder) == []
    assert files(settings.incoming_folder) == []


def test_the_first_part_may_come_with_the_beginning(tus: TusPhone) -> None:
    """creation-with-upload; here it is all of it."""
    answer = tus.create(content=AUDIO)

    assert answer.status_code == 201
    assert answer.headers["upload-offset"] == str(len(AUDIO))
    assert tus.result().status_code == 200


def test_it_tells_what_it_speaks(phone: Phone) -> None:
    """OPTIONS needs neither a version nor a token."""
    answer = phone.client.options("/v1/uploads")

    assert answer.status_code == 204
    assert answer.headers["tus-version"] == "1.0.0"
    assert set(answer.headers["tus-extension"].split(",")) == {
        "creation",
        "creation-with-upload",
        "expiration",
        "termination",
        "checksum",
    }
    assert int(answer.headers["tus-max-size"]) == 100_000_000
    assert "sha1" in answer.headers["tus-checksum-algorithm"]


@pytest.mark.parametrize("version", ["", "0.2.2", "1.0.0, 2.0.0"])
def test_another_version_is_refused(tus: TusPhone, problem: Callable[[Response], str], version: str) -> None:
    """412, with the version that is spoken; nothing happens."""
    path = tus.begin()
    answer = tus.send(path, AUDIO, 0, headers={"Tus-Resumable": version})

    assert answer.status_code == 412
    assert problem(answer) == "tus-version-unsupported"
    assert answer.headers["tus-version"] == "1.0.0"
    assert tus.offset(path) == 0


def test_a_part_has_to_begin_where_the_last_one_ended(tus: TusPhone, problem: Callable[[Response], str]) -> None:
    """Earlier, later, twice: 409, and the offset stays."""
    path = tus.begin()
    tus.send(path, AUDIO[:1000], 0)
    for offset in (0, 999, 1001, len(AUDIO)):
        answer = tus.send(path, AUDIO[:1000], offset)
        assert (answer.status_code, problem(answer)) == (409, "upload-offset-wrong")

    assert tus.offset(path) == 1000


@pytest.mark.parametrize(
    ("headers", "status", "name"),
    [
        ({"Content-Type": "audio/wav"}, 415, "upload-type-unsupported"),
        ({"Upload-Offset": "-1"}, 422, "invalid-input"),
        ({"Upload-Offset": "many"}, 422, "invalid-input"),
        ({"Upload-Checksum": "crc32 AAAA"}, 400, "checksum-unsupported"),
        ({"Upload-Checksum": "sha256 AAAA"}, 460, "checksum-mismatch"),
    ],
)
def test_a_part_that_is_none_changes_nothing(
    tus: TusPhone, problem: Callable[[Response], str], headers: dict[str, str], status: int, name: str
) -> None:
    """Each with its reason."""
    path = tus.begin()
    answer = tus.send(path, AUDIO[:500], 0, headers)

    assert (answer.status_code, problem(answer)) == (status, name)
    assert tus.offset(path) == 0


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "md5"])
def test_a_part_with_its_checksum_is_kept(tus: TusPhone, settings: Any, algorithm: str) -> None:
    """And one with another's is not, nor any file of it."""
    path = tus.begin()
    right = f"{algorithm} {b64encode(new_hash(algorithm, AUDIO[:500]).digest()).decode()}"

    assert tus.send(path, AUDIO[1:501], 0, headers={"Upload-Checksum": right}).status_code == 460
    assert files(settings.uploads_folder) == []
    assert tus.send(path, AUDIO[:500], 0, headers={"Upload-Checksum": right}).status_code == 204
    assert tus.offset(path) == 500


def test_more_bytes_than_announced_are_refused(tus: TusPhone, problem: Callable[[Response], str]) -> None:
    """Whether Content-Length tells or not, and nothing of them is kept."""
    path = tus.begin()
    chunked: Any = iter([AUDIO, b"x"])
    for content in (AUDIO + b"x", chunked):
        answer = tus.send(path, content, 0)
        assert (answer.status_code, problem(answer)) == (413, "upload-too-long")
        assert tus.offset(path) == 0


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upload-Length": "0"}, 422),
        ({"Upload-Length": "-5"}, 422),
        ({"Upload-Length": str(10**17)}, 422),
        ({"Upload-Length": "100000001"}, 413),
        ({"Upload-Metadata": ""}, 422),
        ({"Upload-Metadata": "id not-base64!"}, 422),
        ({"Upload-Metadata": "id /w=="}, 422),
        ({"Upload-Metadata": metadata("not a uuid")}, 422),
        ({"Upload-Metadata": metadata(str(uuid4()), time_zone="Mars/Olympus")}, 422),
        ({"Upload-Metadata": metadata(str(uuid4())) + "," + metadata(str(uuid4()))}, 422),
    ],
)
def test_a_beginning_that_does_not_fit_is_refused(tus: TusPhone, headers: dict[str, str], status: int) -> None:
    """Before a byte is taken in."""
    assert tus.create(headers=headers).status_code == status


def test_names_it_does_not_know_are_passed_over(tus: TusPhone) -> None:
    """Clients send the file's name and type: neither is kept."""
    sent = metadata(tus.check_in_id, filename="our secret.m4a", filetype="audio/mp4") + ",is_confidential"

    assert tus.create(headers={"Upload-Metadata": sent}).status_code == 201


def test_what_was_given_up_is_gone(tus: TusPhone, settings: Any) -> None:
    """With its bytes."""
    path = tus.begin()
    tus.send(path, AUDIO[:5000], 0)
    assert len(files(settings.uploads_folder)) == 1

    assert tus.delete(path).status_code == 204

    assert files(settings.uploads_folder) == []
    assert tus.send(path, AUDIO[5000:], 5000).status_code == 404
    assert tus.delete(path).status_code == 404


def test_another_account_sees_nothing(tus: TusPhone, stranger: Phone, problem: Callable[[Response], str]) -> None:
    """The same as what is not there, and no byte of theirs is written."""
    path = tus.begin()
    other = TusPhone(stranger)
    answers = [other.send(path, AUDIO, 0), other.delete(path), other.send(f"/uploads/{uuid4()}", AUDIO, 0)]

    assert {(answer.status_code, problem(answer)) for answer in answers} == {(404, "upload-not-found")}
    assert tus.offset(path) == 0


def test_whoever_writes_is_alone(tus: TusPhone, sqlite_store: Store, problem: Callable[[Response], str]) -> None:
    """The second gets 423 at once; a lease that nobody renews runs out."""
    path = tus.begin()
    with sqlite_store.unit_of_work() as work:
        upload = work.uploads.get_for(_account(sqlite_store), _id(path), now=sqlite_store.clock())
        work.uploads.lease(upload, now=sqlite_store.clock())

    answer = tus.send(path, AUDIO, 0)
    assert (answer.status_code, problem(answer)) == (423, "upload-busy")
    assert isinstance(sqlite_store.clock, FakeClock)
    sqlite_store.clock.advance(seconds=LEASE.total_seconds() + 1)
    assert tus.send(path, AUDIO, 0).status_code == 204


def test_an_upload_expires_after_its_last_byte(tus: TusPhone, sqlite_store: Store) -> None:
    """A day without a byte."""
    path = tus.begin()
    assert isinstance(sqlite_store.clock, FakeClock)
    sqlite_store.clock.advance(seconds=LIFETIME.total_seconds() - 60)
    with sqlite_store.unit_of_work() as work:  # the phone is still signed in
        tokens = work.sessions.open(_account(sqlite_store), device_name="phone", now=sqlite_store.clock())
    tus._phone.tokens["access_token"] = tokens.access_token
    tus.send(path, AUDIO[:100], 0)
    sqlite_store.clock.advance(seconds=120)
    assert tus.offset(path) == 100
    sqlite_store.clock.advance(seconds=LIFETIME.total_seconds())
    with sqlite_store.unit_of_work() as work:
        tokens = work.sessions.open(_account(sqlite_store), device_name="phone", now=sqlite_store.clock())
    tus._phone.tokens["access_token"] = tokens.access_token
    assert tus.send(path, AUDIO[100:], 100).status_code == 404


def test_the_beginning_can_be_sent_twice(tus: TusPhone) -> None:
    """Its answer was lost: with the same key it is the same upload."""
    keyed = [tus.create(headers={"Idempotency-Key": "first"}).headers["location"] for _ in range(2)]
    assert keyed[0] == keyed[1]
    assert tus.begin() != tus.begin()


def test_beginning_again_and_again_locks_nobody_out(tus: TusPhone, phone: Phone, settings: Any) -> None:
    """A phone that never learns where its parts go: the oldest make room, with their bytes."""
    begun = []
    for _ in range(MOST_OPEN + 10):
        begun.append(tus.begin())
        tus.send(begun[-1], AUDIO[:100], 0)

    assert len(files(settings.uploads_folder)) == MOST_OF_ONE
    assert tus.send(begun[0], AUDIO[100:], 100).status_code == 404
    assert TusPhone(phone).create().status_code == 201
    assert tus.send(begun[-1], AUDIO[100:], 100).status_code == 204


def test_a_key_is_for_one_request(tus: TusPhone, problem: Callable[[Response], str]) -> None:
    """With another recording it is refused."""
    tus.create(headers={"Idempotency-Key": "first"})
    answer = tus.create(length=77, headers={"Idempotency-Key": "first"})

    assert (answer.status_code, problem(answer)) == (422, "idempotency-key-reused")


def test_a_recording_that_is_none_is_refused_at_its_end(tus: TusPhone, problem: Callable[[Response], str]) -> None:
    """As in one request; and the upload is gone."""
    path = tus.begin()
    answer = tus.send(path, b"x" * len(AUDIO), 0)

    assert (answer.status_code, problem(answer)) == (415, "recording-unsupported")
    assert tus.send(path, AUDIO, 0).status_code == 404
    assert tus.result().status_code == 404


def test_an_id_that_was_deleted_does_not_come_back(tus: TusPhone, phone: Phone) -> None:
    """Neither when an upload begins nor when it ends."""
    late = tus.begin()
    first = TusPhone(phone)
    first.check_in_id = tus.check_in_id
    assert first.create(content=AUDIO, headers={"Idempotency-Key": "another"}).status_code == 201
    phone.delete(f"/check-ins/{tus.check_in_id}")

    assert tus.create().status_code == 410
    assert tus.send(late, AUDIO, 0).status_code == 410
    assert tus.result().status_code == 404


def test_both_ways_end_in_the_same_check_in(tus: TusPhone, phone: Phone) -> None:
    """One request first, then in parts: one check-in."""
    assert phone.send(AUDIO, id=tus.check_in_id).status_code == 201
    assert tus.create(content=AUDIO).status_code == 201

    assert len(phone.get("/check-ins").json()["items"]) == 1
    assert len(phone.get("/changes").json()["items"]) == 1


def test_too_many_open_uploads_are_refused(phone: Phone, problem: Callable[[Response], str]) -> None:
    """Somebody fills the disk."""
    for _ in range(MOST_OPEN):
        assert TusPhone(phone).create().status_code == 201

    answer = TusPhone(phone).create()
    assert (answer.status_code, problem(answer)) == (429, "uploads-full")


def test_a_method_may_be_written_in_a_header(tus: TusPhone, phone: Phone) -> None:
    """X-HTTP-Method-Override, for networks that drop PATCH."""
    path = tus.begin()
    answer = phone.post(path, headers=PART | {"Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}, content=AUDIO)

    assert answer.status_code == 204
    assert tus.result().status_code == 200


def _id(path: str) -> UUID:
    return UUID(path.rpartition("/")[2])


def _account(store: Store) -> UUID:
    with store.reading() as reading:
        account = reading.accounts.find("kim@example.org")
    assert account is not None
    return account.id


def test_a_key_does_not_outlive_what_it_made(tus: TusPhone) -> None:
    """The upload was given up: the same request begins another."""
    keyed = {"Idempotency-Key": "first"}
    first = tus.create(headers=keyed).headers["location"]
    tus.delete(first.removeprefix("/v1"))
    again = tus.create(headers=keyed)

    assert again.status_code == 201
    assert again.headers["location"] != first
    assert tus.create(headers=keyed).headers["location"] == again.headers["location"]


def test_an_upload_in_crumbs_is_refused(tus: TusPhone, sqlite_store: Store, problem: Callable[[Response], str]) -> None:
    """Each request costs a file."""
    path = tus.begin()
    with sqlite_store.unit_of_work() as work:
        for number in range(MOST_PARTS):
            part = UploadPart(upload_id=_id(path), start=number, key=uuid4().hex, size=1)
            work._session.add(part)

    answer = tus.send(path, AUDIO[:1], 0)
    assert (answer.status_code, problem(answer)) == (413, "upload-too-fragmented")


def test_a_disk_that_fills_up_leaves_no_part(
    tus: TusPhone, settings: Any, monkeypatch: pytest.MonkeyPatch, problem: Callable[[Response], str]
) -> None:
    """507, nothing of the request stays, and the next one may write at once."""
    path = tus.begin()

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "no room")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        answer = tus.send(path, AUDIO[:1000], 0)
    assert (answer.status_code, problem(answer)) == (507, "storage-full")
    assert files(settings.uploads_folder) == []
    assert tus.send(path, AUDIO, 0).status_code == 204


def test_a_device_that_is_signed_out_meanwhile_makes_no_check_in(
    tus: TusPhone, phone: Phone, sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last byte arrives after that: 401, and the upload goes on once somebody is signed in again."""
    path = tus.begin()
    end = IncomingPart.finish

    def signed_out_first(part: IncomingPart) -> None:
        with sqlite_store.unit_of_work() as work:
            work.sessions.revoke_all(_account(sqlite_store), now=sqlite_store.clock())
        end(part)

    with monkeypatch.context() as patch:
        patch.setattr(IncomingPart, "finish", signed_out_first)
        assert tus.send(path, AUDIO, 0).status_code == 401
    given = {"email": "kim@example.org", "password": PASSWORD}
    phone.tokens.update(phone.client.post("/v1/sessions", json=given).json())
    assert tus.result().status_code == 404
    assert tus.send(path, AUDIO, tus.offset(path)).status_code == 204
    assert tus.result().status_code == 200
