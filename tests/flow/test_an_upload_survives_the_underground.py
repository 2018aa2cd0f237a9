"""Whatever the network or the server does to it, a recording that is sent piece by piece arrives whole, once."""

import hashlib
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from pathlib import Path
from urllib.parse import urljoin

import httpx2
import pytest

from tests.flow.chaos_proxy import ChaosProxy, Kind, Trouble, seeded_troubles
from tests.flow.conftest import RECORDINGS, Phone, System
from tests.flow.tus_clients import Client, Errand, TusJs, Tuspy, install_tus_js
from tests.making import make_wav
from tests.waiting import wait_until

SHORT = RECORDINGS / "ami_es2011a_0040.wav"
"""6 s of speech, 192 KB."""
LONG_SIZE = 44 + 40 * 32_000
"""A long tone, 1.3 MB."""
TUS = {"Tus-Resumable": "1.0.0"}
CLIENTS = (Tuspy.name, TusJs.name)


@pytest.fixture(scope="session")
def tus_js() -> TusJs:
    """The JavaScript client, where there is Node."""
    return install_tus_js()


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest) -> Client:
    """Each of the clients in turn."""
    return Tuspy() if request.param == Tuspy.name else request.getfixturevalue("tus_js")


@cache
def long_tone() -> bytes:
    """40 s: long to send, quick to transcribe."""
    return make_wav(seconds=40)


@pytest.fixture
def long_file(tmp_path: Path) -> Path:
    """A recording that takes a while."""
    file = tmp_path / "tone.wav"
    file.write_bytes(long_tone())
    return file


def errand(phone: Phone, port: int, file: Path, *, chunk: int | None = None) -> Errand:
    """Send a file to the API behind a port, in the name of the phone."""
    token = phone.http.headers["Authorization"].removeprefix("Bearer ")
    return Errand(f"http://127.0.0.1:{port}/v1/uploads", token, file, chunk)


def arrived(phone: Phone, sent: Errand, *, state: str = "ready") -> None:
    """It is there once, came through every state once, and the bytes are those that were sent."""
    audio = sent.file.read_bytes()
    check_in = phone.result(sent.check_in_id, seconds=90)
    assert check_in["state"] == state
    assert check_in["recorded_at"] == "2026-03-01T07:30:00Z"
    assert check_in["time_zone"] == "Europe/Berlin"
    assert check_in["recording"]["sha256"] == hashlib.sha256(audio).hexdigest()
    assert phone.http.get(f"/check-ins/{sent.check_in_id}/audio").content == audio
    assert [item["id"] for item in phone.http.get("/check-ins").json()["items"]] == [sent.check_in_id]
    states = phone.states(sent.check_in_id)
    assert (states.count("received"), states.count(state)) == (1, 1)


@pytest.mark.parametrize("chunk", [None, 50_000])
def test_a_recording_is_sent_as_apps_do_it(
    shared_system: System, shared_phone: Phone, client: Client, chunk: int | None
) -> None:
    """With the real clients, in one request or many, it becomes a result as any other."""
    given = errand(shared_phone, shared_system.port, RECORDINGS / "A044.m4a", chunk=chunk)

    sent = client.send(given)

    assert sent.answers[-1] == ("PATCH", 204, given.file.stat().st_size)
    arrived(shared_phone, given)


def test_the_first_bytes_may_go_with_the_creation(shared_system: System, shared_phone: Phone, tus_js: TusJs) -> None:
    """A short recording is one request."""
    given = errand(shared_phone, shared_system.port, SHORT)

    sent = tus_js.send(given, with_creation=True)

    assert sent.answers == [("POST", 201, SHORT.stat().st_size)]
    arrived(shared_phone, given)


def test_pieces_may_carry_a_checksum(shared_system: System, shared_phone: Phone) -> None:
    """SHA-1 is what the client offers."""
    given = errand(shared_phone, shared_system.port, SHORT, chunk=50_000)

    Tuspy().send(given, with_checksum=True)

    arrived(shared_phone, given)


@pytest.mark.parametrize(("seed", "chunk"), [(1, None), (2, None), (3, 30_000), (4, 30_000)])
def test_cut_connections_only_delay(
    shared_system: System, shared_phone: Phone, client: Client, seed: int, chunk: int | None
) -> None:
    """Connections are cut and answers lost at random until it is through; what was acknowledged is not sent again."""
    troubles = seeded_troubles(seed, most=50_000, answer_bytes=client.parts_of_answers)
    with ChaosProxy(shared_system.port, troubles) as proxy:
        given = errand(shared_phone, proxy.port, SHORT, chunk=chunk)
        sent = client.send(given)

    assert proxy.happened >= 4
    assert sent.keeps_its_word()
    arrived(shared_phone, given)


def test_what_came_before_a_cut_is_kept(shared_system: System, shared_phone: Phone, client: Client) -> None:
    """The clients send all in one request unless told otherwise: who comes twice half the way arrives."""
    with ChaosProxy(shared_system.port, [Trouble(120_000, Kind.CUT)]) as proxy:
        given = errand(shared_phone, proxy.port, SHORT)
        sent = client.send(given)

    assert sent.resumed_at[-1] > 0
    arrived(shared_phone, given)


@pytest.mark.parametrize("after", [0, SHORT.stat().st_size], ids=["creation", "last piece"])
def test_a_lost_answer_does_no_harm(shared_system: System, shared_phone: Phone, client: Client, after: int) -> None:
    """The server did it, the client does not know: it asks or sends again, and there is one check-in."""
    with ChaosProxy(shared_system.port, [Trouble(after, Kind.LOSE_ANSWER)]) as proxy:
        given = errand(shared_phone, proxy.port, SHORT, chunk=60_000)
        client.send(given)

    assert proxy.happened == 1
    arrived(shared_phone, given)


@pytest.mark.parametrize("after", [500_000, LONG_SIZE], ids=["middle", "end"])
def test_a_killed_api_only_delays(system: System, phone: Phone, client: Client, long_file: Path, after: int) -> None:
    """kill -9 while bytes arrive: the same client goes on where the server says, behind nothing acknowledged."""
    with ChaosProxy(system.port, [Trouble(after, Kind.STALL)]) as proxy, ThreadPoolExecutor(1) as threads:
        given = errand(phone, proxy.port, long_file, chunk=100_000)
        sending = threads.submit(client.send, given)
        proxy.wait_for_stall()
        system.kill("api")
        proxy.let_through()
        sent = sending.result()

    assert sent.resumed_at[-1] >= 100_000
    assert sent.keeps_its_word()
    arrived(phone, given, state="no_speech")


def test_an_app_that_dies_goes_on_when_it_is_opened_again(
    shared_system: System, shared_phone: Phone, tus_js: TusJs, long_file: Path, tmp_path: Path
) -> None:
    """It remembers the upload in a file, and its old connection has ended."""
    with ChaosProxy(shared_system.port, [Trouble(500_000, Kind.STALL)]) as proxy:
        given = errand(shared_phone, proxy.port, long_file, chunk=100_000)
        died = tus_js.begin(given, urls=tmp_path / "urls")
        proxy.wait_for_stall()
        died.kill()
        died.communicate()
        proxy.let_through()
        sent = tus_js.outcome(tus_js.begin(given, urls=tmp_path / "urls"))

    assert sent.resumed_at[0] >= 400_000
    arrived(shared_phone, given, state="no_speech")


def test_a_phone_is_not_locked_out_by_its_dead_connection(
    shared_system: System, shared_phone: Phone, tus_js: TusJs, long_file: Path, tmp_path: Path
) -> None:
    """It came out of the tunnel on another network; the server was never told that the old connection is gone."""
    with ChaosProxy(shared_system.port, [Trouble(500_000, Kind.STALL)]) as proxy:
        given = errand(shared_phone, proxy.port, long_file, chunk=100_000)
        died = tus_js.begin(given, urls=tmp_path / "urls")
        proxy.wait_for_stall()
        died.kill()
        died.communicate()
        proxy.spare()
        began = time.monotonic()
        tus_js.outcome(tus_js.begin(given, urls=tmp_path / "urls"))
        took = time.monotonic() - began
        proxy.let_through()  # what the old connection still holds arrives after all

    assert took < 15
    arrived(shared_phone, given, state="no_speech")


def test_two_apps_send_the_same_recording(
    shared_system: System, shared_phone: Phone, tus_js: TusJs, long_file: Path
) -> None:
    """A widget and its app, or one that forgot: two uploads with one id and the same bytes are one check-in."""
    given = errand(shared_phone, shared_system.port, long_file, chunk=100_000)
    with ThreadPoolExecutor(2) as threads:
        sent = [sending.result() for sending in [threads.submit(client.send, given) for client in (tus_js, Tuspy())]]

    assert [each.answers[-1][1:] for each in sent] == [(204, LONG_SIZE)] * 2
    arrived(shared_phone, given, state="no_speech")


def create(phone: Phone, given: Errand) -> httpx2.Response:
    """Begin an upload by hand."""
    described = {"Upload-Length": str(given.file.stat().st_size), "Upload-Metadata": given.encoded_metadata}
    return phone.http.post("/uploads", headers=TUS | described)


def location(created: httpx2.Response) -> str:
    """Where to send the bytes."""
    assert created.status_code == 201, created.text
    return urljoin(str(created.url), created.headers["Location"])


def patch(phone: Phone, url: str, audio: bytes, *, offset: int = 0) -> httpx2.Response:
    """Send a piece by hand, in a connection of its own."""
    piece = {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
    return httpx2.patch(url, headers=phone.http.headers | TUS | piece, content=audio, timeout=60)


def test_who_comes_second_is_told_at_once(shared_system: System, shared_phone: Phone, long_file: Path) -> None:
    """One is refused within 2 s while the other is still at it, and others are not held up."""
    given = errand(shared_phone, shared_system.port, long_file)
    url = location(create(shared_phone, given))
    with ChaosProxy(shared_system.port, [Trouble(500_000, Kind.STALL)]) as proxy, ThreadPoolExecutor(1) as threads:
        through_proxy = url.replace(f":{shared_system.port}/", f":{proxy.port}/")
        first = threads.submit(patch, shared_phone, through_proxy, long_tone())
        proxy.wait_for_stall()
        began = time.monotonic()
        second = patch(shared_phone, url, long_tone()[:10_000])
        assert shared_system.answers()
        assert time.monotonic() - began < 2
        assert shared_phone.http.get(f"/check-ins/{given.check_in_id}").status_code == 404
        proxy.let_through()

        assert (second.status_code, first.result().status_code) == (423, 204)
    arrived(shared_phone, given, state="no_speech")


def test_who_was_overtaken_adds_nothing(shared_system: System, shared_phone: Phone) -> None:
    """A connection hangs, another one goes on; the bytes that the first still brings are refused."""
    audio = SHORT.read_bytes()
    given = errand(shared_phone, shared_system.port, SHORT)
    url = location(create(shared_phone, given))
    with ChaosProxy(shared_system.port, [Trouble(100_000, Kind.STALL)]) as proxy, ThreadPoolExecutor(1) as threads:
        through_proxy = url.replace(f":{shared_system.port}/", f":{proxy.port}/")
        first = threads.submit(patch, shared_phone, through_proxy, audio)
        proxy.wait_for_stall()

        def overtakes() -> bool:
            offset = int(shared_phone.http.head(url, headers=TUS).headers["Upload-Offset"])
            return patch(shared_phone, url, audio[offset:-1], offset=offset).is_success

        wait_until(overtakes, description="the second may write", seconds=15)
        proxy.let_through()
        assert first.result().status_code in {409, 423}

    assert patch(shared_phone, url, audio[-1:], offset=len(audio) - 1).status_code == 204
    arrived(shared_phone, given)


def test_of_many_writers_one_writes(shared_system: System, shared_phone: Phone) -> None:
    """Eight send the same piece at the same moment."""
    given = errand(shared_phone, shared_system.port, SHORT)
    url = location(create(shared_phone, given))
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: patch(shared_phone, url, SHORT.read_bytes()).status_code, range(8)))

    assert answers.count(204) == 1
    assert set(answers) <= {204, 409, 423}
    arrived(shared_phone, given)


def test_an_id_with_other_bytes_is_refused(shared_system: System, shared_phone: Phone) -> None:
    """As in one request: the check-in that is there stays as it is."""
    given = errand(shared_phone, shared_system.port, SHORT)
    Tuspy().send(given)
    other = replace(given, file=RECORDINGS / "commonvoice_en_22058264.mp3")

    answer = create(shared_phone, other)
    if answer.is_success:
        answer = patch(shared_phone, location(answer), other.file.read_bytes())

    assert answer.status_code == 409, answer.text
    arrived(shared_phone, given)
