"""People speak all at once, at length, and in the language that is theirs."""

import json
import wave
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from itertools import pairwise
from typing import Any

import numpy as np
from faster_whisper import decode_audio

from tandem.demo import word_error_rate
from tests.flow.conftest import RECORDINGS, Phone, System

MANIFEST = [json.loads(line) for line in (RECORDINGS / "manifest.jsonl").read_text().splitlines()]
SPANISH = next(line for line in MANIFEST if line["lang"] == "es")
LONG = next(line for line in MANIFEST if line["file"] == "A006.ogg")
SHORT = [line for line in MANIFEST if line is not LONG]
TIMES = 5
"""How often that is said in a long recording: four and a half minutes."""
SETTLED = {"ready", "no_speech", "failed"}


def test_a_burst_is_worked_on_together_and_nobody_gets_the_words_of_another(shared_phone: Phone) -> None:
    """Eight recordings sent at the same moment: each comes to its own result, once."""
    with ThreadPoolExecutor(len(SHORT)) as phones:
        check_in_ids = list(phones.map(shared_phone.send, (line["file"] for line in SHORT)))

    for line, check_in_id in zip(SHORT, check_in_ids, strict=True):
        check_in = shared_phone.result(check_in_id)
        assert check_in["state"] == ("ready" if line["text"] else "no_speech")
        if line["text"]:
            assert word_error_rate(line["text"], check_in["transcript"]["text"]) < 0.4
            assert shared_phone.states(check_in_id).count("transcribed") == 1
            assert check_in["attempt"] == 2  # transcribed, tagged
    assert most_at_once(shared_phone) > 1


def most_at_once(phone: Phone) -> int:
    """How many check-ins one worker was transcribing at a time."""
    taken_up: set[str] = set()
    most = 0
    for change in phone.http.get("/changes").json()["items"]:
        (taken_up.add if change["state"] == "transcribing" else taken_up.discard)(change["check_in_id"])
        most = max(most, len(taken_up))
    return most


def test_a_long_recording_tells_how_far_it_is_and_a_killed_worker_loses_little_of_it(
    system: System, phone: Phone
) -> None:
    """kill -9 after the first words were told: the next attempt goes on behind them, and the result is whole."""
    check_in_id = phone.send_bytes(said_at_length())
    told: list[dict[str, Any]] = []
    for change in changes_until_settled(phone):
        if change["progress"]:
            told.append(change["progress"])
            if len(told) == 1:
                assert phone.read(check_in_id)["progress"] == told[0]
                system.kill("transcription-1")

    check_in = phone.read(check_in_id)
    assert (check_in["state"], check_in["progress"]) == ("ready", None)
    assert check_in["attempt"] == 3  # lost, transcribed, tagged
    assert len(told) >= 2
    assert all(one["percent"] < two["percent"] for one, two in pairwise(told))
    text = check_in["transcript"]["text"]
    assert text.startswith(" ".join(segment["text"] for step in told for segment in step["segments"]))
    assert word_error_rate(" ".join([LONG["text"]] * TIMES), text) < 0.2
    assert all(one["start"] <= two["start"] for one, two in pairwise(check_in["transcript"]["words"]))
    assert {change["type"] for change in phone.http.get("/changes").json()["items"]} == {"check_in.moved"}


def said_at_length() -> bytes:
    """A recording of some minutes."""
    samples = np.tile(decode_audio(str(RECORDINGS / LONG["file"])), TIMES)
    file = BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, 16_000, 0, "NONE", ""))
        writer.writeframes((samples * 32_767).astype("<i2").tobytes())
    return file.getvalue()


def changes_until_settled(phone: Phone) -> Iterator[dict[str, Any]]:
    """The feed as it comes, up to the end of its only check-in."""
    cursor, state = 0, None
    while state not in SETTLED:
        page = phone.http.get("/changes", params={"after": cursor, "wait": 20}).json()
        cursor = page["cursor"]
        for change in page["items"]:
            state = change["state"]
            yield change


def test_what_is_said_in_spanish_is_tagged_in_its_translation(shared_phone: Phone) -> None:
    """The words stay Spanish; translation and tags are English, at the times of the speech."""
    check_in = shared_phone.result(shared_phone.send(SPANISH["file"]))

    transcript, translation = check_in["transcript"], check_in["transcript"]["translation"]
    assert (check_in["state"], transcript["language"], translation["language"]) == ("ready", "es", "en")
    assert word_error_rate(SPANISH["text"], transcript["text"]) < 0.4
    assert {"surprise", "lips"} <= set(translation["text"].lower().replace(",", "").split())
    for word in [*transcript["words"], *translation["words"]]:
        assert 0 <= word["start"] <= word["end"] <= transcript["seconds"]
    for tag in check_in["tags"]:
        assert tag["translated"]
        assert translation["text"][tag["start"] : tag["end"]] == tag["quote"]
        assert 0 <= tag["start_seconds"] <= tag["end_seconds"] <= transcript["seconds"]


def test_only_the_languages_somebody_speaks_are_heard_unless_they_say_otherwise(shared_phone: Phone) -> None:
    """Spanish of somebody who speaks Portuguese and Italian; then they run it again as Spanish."""
    assert shared_phone.http.patch("/accounts/me", json={"languages": ["pt", "it"]}).is_success
    check_in = shared_phone.result(shared_phone.send(SPANISH["file"]))
    assert check_in["transcript"]["language"] in {"pt", "it"}

    shared_phone.http.post(f"/check-ins/{check_in['id']}/runs", json={"language": "es"})
    check_in = shared_phone.result(check_in["id"])

    assert check_in["transcript"]["language"] == "es"
    assert word_error_rate(SPANISH["text"], check_in["transcript"]["text"]) < 0.4
