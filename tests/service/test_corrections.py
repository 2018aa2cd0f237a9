"""Corrections through HTTP: the speaker's word wins, is kept, and stays with its words."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx2 import Response

from schemas.tag import TagKind, TextTag
from store.opening import Store
from tests.making import make_transcript, settle
from tests.service.conftest import Phone

Problem = Callable[[Response], str]

TEXT = "I was sad on Monday. You have to call me when you are late. I was sad on Friday."
MONDAY, FRIDAY = 6, TEXT.rindex("sad")


def found(kind: TagKind, label: str, start: int, end: int) -> TextTag:
    """A tag of the tagger."""
    return TextTag(kind=kind, label=label, start=start, end=end, confidence=0.8, reason="a test")


TAGS = (
    found(TagKind.FEELING, "sad", MONDAY, MONDAY + 3),
    found(TagKind.DEMAND, "demand", 21, 58),
    found(TagKind.FEELING, "sad", FRIDAY, FRIDAY + 3),
)


@pytest.fixture
def check_in(phone: Phone, sqlite_store: Store) -> str:
    """A check-in that is ready."""
    id_: str = phone.send().json()["id"]
    settle(sqlite_store, UUID(id_), transcript=make_transcript(TEXT), tags=TAGS)
    return id_


def ref(label: str, start: int, end: int, kind: str = "feeling", **more: Any) -> dict[str, Any]:
    """A tag as the phone names it."""
    return {"kind": kind, "label": label, "start": start, "end": end, **more}


def correct(phone: Phone, check_in: str, **sides: Any) -> Response:
    """Send a correction."""
    return phone.post(f"/check-ins/{check_in}/corrections", json={"id": str(uuid4())} | sides)


def tags(phone: Phone, check_in: str) -> list[tuple[str, str, str]]:
    """(label, quote, source) of the tags now."""
    return [(tag["label"], tag["quote"], tag["source"]) for tag in phone.get(f"/check-ins/{check_in}").json()["tags"]]


def test_a_tag_is_removed_and_its_twin_stays(phone: Phone, check_in: str) -> None:
    """The answer holds all tags as they are now."""
    answer = correct(phone, check_in, before=ref("sad", MONDAY, MONDAY + 3))

    assert answer.status_code == 201, answer.text
    assert [tag["start"] for tag in answer.json()] == [21, FRIDAY]
    assert answer.json() == phone.get(f"/check-ins/{check_in}").json()["tags"]


def test_a_tag_gets_another_label_and_place(phone: Phone, check_in: str) -> None:
    """Relabelled, moved and told as over, in one correction; times follow the words."""
    after = ref("tense", MONDAY - 4, MONDAY + 3, past=True)
    [changed, *_] = correct(phone, check_in, before=ref("sad", MONDAY, MONDAY + 3), after=after).json()

    assert (changed["label"], changed["quote"], changed["past"]) == ("tense", "was sad", True)
    assert (changed["source"], changed["confidence"]) == ("speaker", 1)
    assert (changed["first_word"], changed["start_seconds"], changed["end_seconds"]) == (1, 0.5, 1.5)


def test_a_tag_is_added_once(phone: Phone, check_in: str) -> None:
    """A phone that lost the answer sends the same id again; another correction under it is refused."""
    body = {"id": str(uuid4()), "after": ref("security", 50, 58, kind="need")}
    first = phone.post(f"/check-ins/{check_in}/corrections", json=body)
    second = phone.post(f"/check-ins/{check_in}/corrections", json=body)

    assert first.json() == second.json()
    assert second.headers["idempotent-replayed"] == "true"
    assert tags(phone, check_in).count(("security", "are late", "speaker")) == 1
    other = phone.post(f"/check-ins/{check_in}/corrections", json=body | {"after": ref("rest", 0, 5, kind="need")})
    assert other.status_code == 409


def test_corrections_survive_another_analysis(phone: Phone, check_in: str, sqlite_store: Store) -> None:
    """The tagger finds the same again, elsewhere in a text with other punctuation; the speaker still wins."""
    correct(phone, check_in, before=ref("sad", FRIDAY, FRIDAY + 3), after=ref("pained", FRIDAY, FRIDAY + 3))
    phone.post(f"/check-ins/{check_in}/runs")
    heard = "Well, I was sad on Monday, you have to call me when you are late, I was sad on Friday!"
    again = [found(TagKind.FEELING, "sad", at, at + 3) for at in (12, heard.rindex("sad"))]
    settle(sqlite_store, UUID(check_in), transcript=make_transcript(heard), tags=again)

    assert tags(phone, check_in) == [("sad", "sad", "tagger"), ("pained", "sad", "speaker")]


def test_an_edited_transcript_is_tagged_again_and_corrections_rest_where_their_words_went(
    phone: Phone, check_in: str, sqlite_store: Store
) -> None:
    """Words that stay keep their times; a correction whose words come back counts again."""
    correct(phone, check_in, before=ref("sad", MONDAY, MONDAY + 3), after=ref("pained", MONDAY, MONDAY + 3))
    corrected = TEXT.replace("sad on Monday", "mad on Monday")
    answer = phone.put(f"/check-ins/{check_in}/transcript", json={"text": corrected})
    assert answer.status_code == 202, answer.text
    edited = answer.json()
    assert edited["edited"] is True
    assert [word["start"] for word in edited["words"]] == [i / 2 for i in range(len(TEXT.split()))]
    assert phone.get(f"/check-ins/{check_in}").json()["state"] == "transcribed"

    angry = found(TagKind.FEELING, "angry", MONDAY, MONDAY + 3)
    settle(sqlite_store, UUID(check_in), transcript=make_transcript(corrected), tags=[angry])
    assert tags(phone, check_in) == [("angry", "mad", "tagger")]
    [history] = phone.get(f"/check-ins/{check_in}/corrections").json()["items"]
    assert (history["stands"], history["before_quote"]) == (False, "sad")

    phone.put(f"/check-ins/{check_in}/transcript", json={"text": TEXT})
    settle(sqlite_store, UUID(check_in), transcript=make_transcript(TEXT), tags=TAGS)
    assert tags(phone, check_in)[0] == ("pained", "sad", "speaker")


def test_a_correction_is_taken_back(phone: Phone, check_in: str) -> None:
    """The tags are as they were, the history has both; and only a correction that is there can be taken back."""
    before = phone.get(f"/check-ins/{check_in}").json()["tags"]
    id_ = str(uuid4())
    correct(phone, check_in, id=id_, after=ref("sad", MONDAY - 4, MONDAY + 3))
    assert phone.get(f"/check-ins/{check_in}").json()["tags"] != before

    assert correct(phone, check_in, revokes=id_).json() == before
    items = phone.get(f"/check-ins/{check_in}/corrections").json()["items"]
    assert [(item["revoked"], item["revokes"]) for item in items] == [(True, None), (False, id_)]
    assert correct(phone, check_in, revokes=items[1]["id"]).status_code == 409
    assert correct(phone, check_in, revokes=str(uuid4())).status_code == 409


def test_what_the_speaker_renamed_stays_renamed(phone: Phone, check_in: str, sqlite_store: Store) -> None:
    """Also where a later tagger finds a third name for the same words; a name beside it is its own."""
    correct(phone, check_in, before=ref("sad", MONDAY, MONDAY + 3), after=ref("pained", MONDAY, MONDAY + 3))
    phone.post(f"/check-ins/{check_in}/runs")
    again = [found(TagKind.FEELING, "tense", MONDAY, MONDAY + 3), found(TagKind.NEED, "rest", MONDAY, MONDAY + 3)]
    settle(sqlite_store, UUID(check_in), transcript=make_transcript(TEXT), tags=again)

    assert tags(phone, check_in) == [("pained", "sad", "speaker"), ("rest", "sad", "tagger")]


def test_a_correction_does_not_jump_to_other_words(phone: Phone, check_in: str, sqlite_store: Store) -> None:
    """The same word elsewhere, among strangers, is another mention."""
    correct(phone, check_in, after=ref("security", 50, 58, kind="need"))
    edited = "I was sad on Monday. You came home. He says they are late for supper with dad today."
    phone.put(f"/check-ins/{check_in}/transcript", json={"text": edited})
    settle(sqlite_store, UUID(check_in), transcript=make_transcript(edited))
    assert tags(phone, check_in) == []


def test_the_same_text_again_changes_nothing(phone: Phone, check_in: str) -> None:
    """A phone that lost the answer sends the edit again."""
    answer = phone.put(f"/check-ins/{check_in}/transcript", json={"text": TEXT})
    assert answer.status_code == 202
    assert answer.json()["edited"] is False
    assert phone.get(f"/check-ins/{check_in}").json()["state"] == "ready"


def test_sending_a_correction_again_tells_nobody(phone: Phone, check_in: str) -> None:
    """The feed tells once."""
    body = {"id": str(uuid4()), "after": ref("security", 50, 58, kind="need")}
    phone.post(f"/check-ins/{check_in}/corrections", json=body)
    cursor = phone.get("/changes").json()["cursor"]
    phone.post(f"/check-ins/{check_in}/corrections", json=body)
    assert phone.get("/changes", params={"after": cursor}).json()["items"] == []


def test_the_feed_tells_of_a_correction(phone: Phone, check_in: str) -> None:
    """So that a second device reads the tags again."""
    cursor = phone.get("/changes").json()["cursor"]
    correct(phone, check_in, before=ref("sad", MONDAY, MONDAY + 3))
    [change] = phone.get("/changes", params={"after": cursor}).json()["items"]
    assert (change["type"], change["check_in_id"]) == ("check_in.corrected", check_in)


def test_what_does_not_fit_is_refused_with_what_to_do(
    phone: Phone, stranger: Phone, check_in: str, problem: Problem
) -> None:
    """Nothing said, a label of another kind, no words there, not yours, nothing heard."""
    assert problem(correct(phone, check_in)) == "invalid-input"
    assert problem(correct(phone, check_in, after=ref("closeness", 0, 5))) == "invalid-input"
    assert problem(correct(phone, check_in, after=ref("sad", 5, 5))) == "invalid-input"
    assert problem(correct(phone, check_in, after=ref("sad", 0, 5), revokes=str(uuid4()))) == "invalid-input"
    assert problem(phone.put(f"/check-ins/{check_in}/transcript", json={"text": " \n "})) == "invalid-input"
    assert problem(correct(phone, check_in, after=ref("sad", 500, 510))) == "correction-outside"
    assert problem(correct(phone, check_in, after=ref("sad", 19, 20))) == "correction-outside"
    assert problem(correct(stranger, check_in, after=ref("sad", 0, 5))) == "check-in-not-found"
    waiting = phone.send().json()["id"]
    assert problem(correct(phone, waiting, after=ref("sad", 0, 5))) == "nothing-heard"
    assert problem(phone.put(f"/check-ins/{waiting}/transcript", json={"text": "Hello"})) == "nothing-heard"
    assert phone.get(f"/check-ins/{check_in}/corrections").json() == {"items": []}


def test_the_taxonomy_tells_what_labels_mean(phone: Phone) -> None:
    """For a list to choose from."""
    answer = phone.get("/taxonomy").json()
    assert answer["kinds"]["need"].startswith("A universal need")
    assert "lonely" in answer["feelings"]["unmet"]["pained"]
    assert answer["need_glosses"]["rest"] == "sleep, a break, recovery"


def test_a_demand_comes_with_a_question_and_a_request(phone: Phone, check_in: str) -> None:
    """In the speaker's own words, with room for a no; a feeling is not asked about."""
    answer = phone.get(f"/check-ins/{check_in}").json()
    reflection = answer["tags"][1]["reflection"]

    assert reflection["request"] == "Would you be willing to call me when you are late?"
    assert reflection["needs"] == ["reliability", "consideration"]
    assert answer["tags"][0]["reflection"] is None
