"""The main job: somebody speaks, and gets back what they said with what was in it."""

import json

import httpx2
import pytest

from tandem.demo import word_error_rate
from tests.flow.conftest import RECORDINGS, Phone, System

MANIFEST = [json.loads(line) for line in (RECORDINGS / "manifest.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("recording", [line for line in MANIFEST if line["text"]], ids=lambda line: line["file"])
def test_speech_becomes_a_transcript_with_tags(shared_phone: Phone, recording: dict[str, str]) -> None:
    """Through every state in order, with words that can be played and quotes that stand where they say."""
    check_in = shared_phone.result(shared_phone.send(recording["file"]))

    assert check_in["state"] == "ready"
    transcript = check_in["transcript"]
    assert word_error_rate(recording["text"], transcript["text"]) < 0.4
    for word in transcript["words"]:
        assert transcript["text"][word["offset"] :].startswith(word["text"])
        assert 0 <= word["start"] <= word["end"] <= transcript["seconds"]
    for tag in check_in["tags"]:
        tagged = transcript["translation"] if tag["translated"] else transcript
        assert tagged["text"][tag["start"] : tag["end"]] == tag["quote"]
        assert tag["start_seconds"] == tagged["words"][tag["first_word"]]["start"]
        assert tag["end_seconds"] == tagged["words"][tag["last_word"]]["end"]
    assert all(seconds is not None for seconds in check_in["stage_seconds"].values())
    states = ["received", "transcribing", "transcribed", "tagging", "ready"]
    assert shared_phone.states(check_in["id"]) == states


@pytest.mark.parametrize("recording", [line for line in MANIFEST if not line["text"]], ids=lambda line: line["file"])
def test_where_nobody_speaks_nothing_is_invented(shared_phone: Phone, recording: dict[str, str]) -> None:
    """An outcome of its own, without transcript or tags."""
    check_in = shared_phone.result(shared_phone.send(recording["file"]))

    assert check_in["state"] == "no_speech"
    assert (check_in["transcript"], check_in["tags"], check_in["failure"]) == (None, None, None)


def test_a_result_can_be_followed_as_events(shared_phone: Phone) -> None:
    """The stream tells each step as it happens, and goes on where it broke off."""
    shared_phone.send(next(line["file"] for line in MANIFEST if line["text"]))

    def read(after: int, count: int) -> list[int]:
        ids: list[int] = []
        with shared_phone.http.stream("GET", "/events", headers={"Last-Event-ID": str(after)}) as answer:
            for line in answer.iter_lines():
                if line.startswith("id:"):
                    ids.append(int(line.removeprefix("id:")))
                if len(ids) == count:
                    return ids
        return ids

    first = read(0, 2)
    assert first + read(first[-1], 3) == [1, 2, 3, 4, 5]


def test_a_check_in_runs_again_in_another_language(shared_phone: Phone) -> None:
    """Spanish that was sent as English. The old result stays until there is a new one; the attempt grows."""
    file = next(line["file"] for line in MANIFEST if line["lang"] == "es")
    before = shared_phone.result(shared_phone.send(file, language="en"))
    answer = shared_phone.http.post(f"/check-ins/{before['id']}/runs", json={"language": "es"})
    assert answer.status_code == 202
    assert answer.json()["transcript"] == before["transcript"]

    after = shared_phone.result(before["id"])

    assert (after["state"], after["transcript"]["language"]) == ("ready", "es")
    assert after["attempt"] > before["attempt"]


def test_what_was_said_stands_in_no_log_and_no_queue(shared_phone: Phone, shared_system: System) -> None:
    """Not a word of a transcript in the logs or in the queue's file; ids are there."""
    file = next(line["file"] for line in MANIFEST if line["style"].startswith("synthetic"))
    check_in = shared_phone.result(shared_phone.send(file))
    log = (shared_system.folder / "tandem.log").read_text()
    queue = b"".join(
        path.read_bytes() for path in (shared_system.folder / "data" / "valkey").rglob("*") if path.is_file()
    )

    words = check_in["transcript"]["text"].split()
    for said in [" ".join(words[at : at + 3]) for at in range(0, len(words) - 3, 3)]:
        assert said not in log
        assert said.encode() not in queue
    assert check_in["id"] in log
    assert check_in["id"].encode() in queue


def test_metrics_and_readiness_tell_of_the_work(shared_phone: Phone, shared_system: System) -> None:
    """Stage seconds by outcome, whichever process did the work."""
    shared_phone.result(shared_phone.send(next(line["file"] for line in MANIFEST if line["text"])))
    at = f"http://127.0.0.1:{shared_system.port}"

    assert 'tandem_stage_seconds_count{outcome="transcribed",stage="transcribe"}' in httpx2.get(f"{at}/metrics").text
    assert httpx2.get(f"{at}/readyz").json()["ready"]
