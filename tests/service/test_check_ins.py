"""Check-ins through HTTP: what is accepted, what is refused, and what is given back."""

import os
import wave
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from httpx2 import Response

from schemas.errors import StorageUnavailable
from service.settings import ServiceSettings
from store.opening import Store
from tests.making import make_wav
from tests.memory import MemoryWakeUps
from tests.service.conftest import Phone

Problem = Callable[[Response], str]


@pytest.mark.parametrize("raw", [False, True], ids=["multipart", "raw"])
def test_a_recording_becomes_a_check_in_that_waits(phone: Phone, sqlite_store: Store, raw: bool) -> None:
    """201 tells what was received, and its job is queued."""
    audio = make_wav()
    answer = phone.send(audio, raw=raw, kind="weekly", language="en")

    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert (body["state"], body["kind"], body["language"]) == ("received", "weekly", "en")
    assert body["recorded_at"] == "2026-03-01T08:30:00Z"
    assert body["local_day"] == "2026-03-01"
    assert body["recording"]["sha256"] == sha256(audio).hexdigest()
    assert body["recording"]["media_type"] == "audio/wav"
    assert body["transcript"] is None
    assert body["tags"] is None
    assert isinstance(sqlite_store.wake_ups, MemoryWakeUps)
    assert [str(id_) for _, id_, _ in sqlite_store.wake_ups.nudges] == [body["id"]]


def test_sending_it_again_gives_the_same_answer(phone: Phone) -> None:
    """A phone that lost the answer sends the same id and bytes until it has one."""
    id_ = str(uuid4())
    first, second = phone.send(id=id_), phone.send(id=id_, raw=True)

    assert first.json() == second.json()
    assert (second.status_code, second.headers["idempotent-replayed"]) == (201, "true")


def test_the_same_id_with_other_bytes_is_a_conflict(phone: Phone, stranger: Phone, problem: Problem) -> None:
    """For its owner and for anybody else."""
    id_ = str(uuid4())
    phone.send(id=id_)

    for sender, audio in ((phone, make_wav(hertz=220)), (stranger, make_wav())):
        answer = sender.send(audio, id=id_)
        assert (answer.status_code, problem(answer)) == (409, "check-in-id-taken")


def test_fifty_posts_of_one_id_make_one_check_in(phone: Phone, settings: ServiceSettings) -> None:
    """All get the same answer, one file is stored, one job queued."""
    id_, audio = str(uuid4()), make_wav()
    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(lambda _: phone.send(audio, id=id_), range(50)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    stored = [file for _, _, files in os.walk(settings.data_folder / "audio") for file in files]
    assert len(stored) == 1


@pytest.mark.parametrize(
    ("content", "status", "name"),
    [
        (b"", 422, "recording-empty"),
        (b"I would rather write than speak.", 415, "recording-unsupported"),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n", 415, "recording-unsupported"),
        (b"RIFF\x00\x00\x00\x00WAVE" + bytes(100), 415, "recording-unreadable"),
    ],
    ids=["empty", "text", "playlist", "damaged"],
)
def test_what_is_no_recording_is_refused_and_not_stored(
    phone: Phone, settings: ServiceSettings, problem: Problem, content: bytes, status: int, name: str
) -> None:
    """By its content, whatever its name says."""
    for raw in (False, True):
        answer = phone.send(content, raw=raw)
        assert (answer.status_code, problem(answer)) == (status, name)
    assert [file for _, _, files in os.walk(settings.data_folder / "audio") for file in files] == []
    assert phone.get("/check-ins").json()["items"] == []


@pytest.mark.parametrize("raw", [False, True], ids=["multipart", "raw"])
def test_a_recording_with_too_many_bytes_is_refused(phone: Phone, problem: Problem, raw: bool) -> None:
    """Before it is read, where its length is told."""
    answer = phone.send(bytes(101_000_000), raw=raw)

    assert (answer.status_code, problem(answer)) == (413, "recording-too-large")


def test_a_recording_that_is_too_long_is_refused(phone: Phone, problem: Problem) -> None:
    """61 minutes of silence at 8 bit and 8 kHz: few bytes, many minutes."""
    file = BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 1, 8_000, 0, "NONE", ""))
        writer.writeframes(bytes(61 * 60 * 8_000))

    answer = phone.send(file.getvalue())

    assert (answer.status_code, problem(answer)) == (413, "recording-too-long")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "not-a-uuid"),
        ("recorded_at", "2026-03-01T09:30:00"),
        ("recorded_at", "yesterday"),
        ("time_zone", "Mars/Olympus"),
        ("kind", "confession"),
        ("language", "English"),
        ("language", "zz"),
    ],
)
@pytest.mark.parametrize("raw", [False, True], ids=["multipart", "raw"])
def test_a_field_that_does_not_fit_is_named(phone: Phone, problem: Problem, raw: bool, field: str, value: str) -> None:
    """In the same words for both ways to send."""
    answer = phone.send(None, raw=raw, **{field: value})

    assert (answer.status_code, problem(answer)) == (422, "invalid-input")
    assert [named["field"].split(".")[1] for named in answer.json()["fields"]] == [field]


def test_a_multipart_body_that_is_malformed_is_refused(phone: Phone, problem: Problem) -> None:
    """No boundary, or a body that is none."""
    for content_type in ("multipart/form-data", "multipart/form-data; boundary=x"):
        answer = phone.post("/check-ins", content=b"junk", headers={"Content-Type": content_type})
        assert answer.status_code == 422
        assert problem(answer)


def test_nobody_sends_without_being_signed_in(phone: Phone, problem: Problem) -> None:
    """And not a byte is stored."""
    answer = phone.client.post("/v1/check-ins", content=make_wav())

    assert (answer.status_code, problem(answer)) == (401, "not-signed-in")


def test_a_commit_that_fails_is_no_success(
    phone: Phone, sqlite_store: Store, problem: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The phone is told to keep the recording; when it sends it again all is well."""
    id_ = str(uuid4())

    def fail(_session: object) -> None:
        raise StorageUnavailable

    with monkeypatch.context() as broken:
        broken.setattr(sqlite_store.database.writing.class_, "commit", fail)
        answer = phone.send(id=id_)
    assert (answer.status_code, problem(answer)) == (503, "storage-unavailable")
    assert answer.headers["retry-after"]
    assert phone.get(f"/check-ins/{id_}").status_code == 404

    assert phone.send(id=id_).status_code == 201


def test_the_list_has_pages(phone: Phone) -> None:
    """Newest recording first, and a cursor that is not ours is refused."""
    sent = [phone.send(recorded_at=f"2026-03-0{day}T08:00:00Z").json()["id"] for day in range(1, 6)]
    first = phone.get("/check-ins", params={"limit": 3}).json()
    rest = phone.get("/check-ins", params={"limit": 3, "cursor": first["next"]}).json()

    assert [item["id"] for item in first["items"] + rest["items"]] == sent[::-1]
    assert rest["next"] is None
    assert "transcript" not in first["items"][0]
    assert phone.get("/check-ins", params={"cursor": "!!"}).status_code == 422


def test_what_is_anothers_looks_like_what_does_not_exist(phone: Phone, stranger: Phone) -> None:
    """Same status, same body, for every path below a check-in."""
    id_ = phone.send().json()["id"]
    for path in ("", "/audio"):
        theirs = stranger.get(f"/check-ins/{id_}{path}")
        nobodys = stranger.get(f"/check-ins/{uuid4()}{path}")
        assert theirs.status_code == nobodys.status_code == 404
        assert theirs.content == nobodys.content
    assert stranger.post(f"/check-ins/{id_}/runs").status_code == 404
    assert stranger.delete(f"/check-ins/{id_}").status_code == 404
    assert phone.get(f"/check-ins/{id_}").status_code == 200


def test_a_deleted_check_in_is_gone_with_its_file(phone: Phone, settings: ServiceSettings, problem: Problem) -> None:
    """And an upload of it that arrives late does not bring it back."""
    id_ = phone.send().json()["id"]

    assert phone.delete(f"/check-ins/{id_}").status_code == 204

    assert phone.get(f"/check-ins/{id_}").status_code == 404
    assert not any(files for _, _, files in os.walk(settings.data_folder / "audio"))
    late = phone.send(id=id_)
    assert (late.status_code, problem(late)) == (410, "check-in-deleted")


def test_a_check_in_that_waits_cannot_be_run_again(phone: Phone, problem: Problem) -> None:
    """It is going to run anyway."""
    answer = phone.post(f"/check-ins/{phone.send().json()['id']}/runs")

    assert (answer.status_code, problem(answer)) == (409, "check-in-unsettled")


def test_the_audio_comes_back_whole_or_in_ranges(phone: Phone) -> None:
    """As players ask for it (RFC 9110, 14)."""
    audio = make_wav()
    path = f"/check-ins/{phone.send(audio).json()['id']}/audio"
    whole = phone.get(path)
    assert (whole.status_code, whole.content) == (200, audio)
    assert whole.headers["accept-ranges"] == "bytes"

    for asked, start, end in (("0-9", 0, 10), ("100-", 100, len(audio)), ("-7", len(audio) - 7, len(audio))):
        part = phone.get(path, headers={"Range": f"bytes={asked}"})
        assert (part.status_code, part.content) == (206, audio[start:end])
        assert part.headers["content-range"] == f"bytes {start}-{end - 1}/{len(audio)}"


def test_a_range_outside_the_audio_is_refused(phone: Phone, problem: Problem) -> None:
    """With the size, so that the next one fits."""
    audio = make_wav()
    answer = phone.get(f"/check-ins/{phone.send(audio).json()['id']}/audio", headers={"Range": f"bytes={len(audio)}-"})

    assert (answer.status_code, problem(answer)) == (416, "range-not-satisfiable")
    assert answer.headers["content-range"] == f"bytes */{len(audio)}"


def test_a_player_that_has_the_audio_is_told_so(phone: Phone) -> None:
    """304 for the same ETag; a range of another version is answered with the whole."""
    path = f"/check-ins/{phone.send().json()['id']}/audio"
    etag = phone.get(path).headers["etag"]

    assert phone.get(path, headers={"If-None-Match": etag}).status_code == 304
    assert phone.get(path, headers={"Range": "bytes=0-1", "If-Range": etag}).status_code == 206
    assert phone.get(path, headers={"Range": "bytes=0-1", "If-Range": '"other"'}).status_code == 200


def test_a_stored_file_that_is_gone_is_told_apart(phone: Phone, settings: ServiceSettings, problem: Problem) -> None:
    """The check-in is there, its recording is not."""
    id_ = phone.send().json()["id"]
    stored = next(Path(folder) / files[0] for folder, _, files in os.walk(settings.data_folder / "audio") if files)
    stored.unlink()

    answer = phone.get(f"/check-ins/{id_}/audio")

    assert (answer.status_code, problem(answer)) == (404, "recording-missing")


def form(*parts: tuple[str, bytes], end: bytes = b"--x--\r\n") -> dict[str, Any]:
    """A multipart body written by hand."""
    given = [("id", str(uuid4()).encode()), ("recorded_at", b"2026-03-01T08:30:00Z"), ("time_zone", b"UTC"), *parts]
    head = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    body = b"".join(head % (name.encode(), content) for name, content in given) + end
    return {"content": body, "headers": {"Content-Type": "multipart/form-data; boundary=x"}}


def test_a_multipart_body_that_is_cut_off_is_refused(phone: Phone, problem: Problem) -> None:
    """Half a recording is not accepted in the name of the whole, which would then be refused for its other bytes."""
    whole = form(("audio", make_wav()))
    assert phone.post("/check-ins", **whole).status_code == 201
    for end in (len(whole["content"]) - 8_000, len(whole["content"]) - 12):
        answer = phone.post("/check-ins", **whole | {"content": whole["content"][:end]})
        assert (answer.status_code, problem(answer)) == (400, "upload-incomplete")


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ((("audio", make_wav()), ("audio", make_wav())), "`audio` was sent 2 times"),
        ((("kind", b"weekly"), ("kind", b"weekly"), ("audio", make_wav())), "`kind` was sent 2 times"),
        ((("file", make_wav()),), "no part `audio`"),
    ],
    ids=["two recordings", "a field twice", "another name"],
)
def test_a_multipart_body_with_other_parts_says_so(
    phone: Phone, problem: Problem, parts: tuple[tuple[str, bytes], ...], told: str
) -> None:
    """Parts are not joined, and a misnamed one is not an empty recording."""
    answer = phone.post("/check-ins", **form(*parts))

    assert (answer.status_code, problem(answer)) == (422, "invalid-input")
    assert told in answer.json()["detail"]


def test_nothing_of_a_refused_upload_stays(
    phone: Phone, stranger: Phone, settings: ServiceSettings, problem: Problem
) -> None:
    """A late upload of what was deleted, or with somebody else's id, leaves no file; and whose it is is not told."""
    id_ = phone.send().json()["id"]
    assert stranger.send(id=id_).status_code == 409
    phone.delete(f"/check-ins/{id_}")

    assert phone.send(id=id_).status_code == 410
    theirs = stranger.send(id=id_)

    assert (theirs.status_code, problem(theirs)) == (409, "check-in-id-taken")
    assert not any(files for _, _, files in os.walk(settings.data_folder / "audio"))


def test_a_body_that_is_no_upload_has_a_small_limit(phone: Phone, problem: Problem) -> None:
    """Nobody fills the memory without being signed in."""
    answer = phone.client.post("/v1/sessions", content=b"{" + b" " * 100_000)

    assert answer.status_code == 413
    assert problem(answer)


def test_a_range_with_endless_digits_is_ignored(phone: Phone) -> None:
    """As one that is malformed."""
    path = f"/check-ins/{phone.send().json()['id']}/audio"

    assert phone.get(path, headers={"Range": "bytes=" + "9" * 5_000 + "-"}).status_code == 200
