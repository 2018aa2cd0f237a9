"""Exports as they are made: a ZIP that anybody can open, with everything in it, whatever happens meanwhile."""

import json
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import jsonschema_rs
import pytest

from schemas.access import AccessAction
from schemas.base import Schema
from schemas.errors import SealBroken
from schemas.export import ExportState
from store.janitor import expire
from store.opening import Store
from tests.conftest import FakeClock
from tests.making import make_account, make_transcript, settle
from tests.workers.exporting import (
    EVIL,
    FLAC,
    SPOKEN,
    TEXT,
    Opened,
    PageReader,
    ask,
    files_of,
    make_life,
    opened,
    row,
    speak,
)
from workers.exporting.documents import ExportedCheckIn, ExportManifest
from workers.exports import make_due_exports


@pytest.fixture
def life(store: Store) -> dict[str, UUID]:
    """Somebody who has used it for a while, and somebody else."""
    speak(store, make_account(store, "sam@example.org"), FLAC)
    return make_life(store)


def exported(store: Store, account_id: UUID) -> Opened:
    """Everything of an account, taken along."""
    export_id = ask(store, account_id)
    make_due_exports(store)
    return opened(store, account_id, export_id)


def test_every_recording_is_there_byte_for_byte(store: Store, life: dict[str, UUID]) -> None:
    """With the ending its content has, and nothing of anybody else."""
    files = exported(store, life.pop("account"))

    assert files.zip.testzip() is None
    for file, id_ in life.items():
        [name] = [name for name in files.zip.namelist() if name.startswith(f"audio/{id_}.")]
        assert files.zip.read(name) == (SPOKEN / file).read_bytes()
        assert name.endswith(Path(file).suffix.replace("opus", "ogg"))
        assert files.check_in(id_)["audio"] == name
    named = {"export.json", "schema.json", "index.html"}
    documents = {f"check-ins/{id_}.json" for id_ in life.values()}
    assert {name for name in files.zip.namelist() if not name.startswith("audio/")} == named | documents
    assert len(files.zip.namelist()) == len(named) + 2 * len(life)


def test_every_document_keeps_to_the_schema_that_comes_with_it(store: Store, life: dict[str, UUID]) -> None:
    """And to the models: nothing is lost on the way out and in again."""
    files = exported(store, life["account"])
    schema = files.json("schema.json")
    models: dict[str, type[Schema]] = {"export.json": ExportManifest, "check-ins/*.json": ExportedCheckIn}
    validators = {pattern: jsonschema_rs.validator_for(schema[pattern], validate_formats=True) for pattern in models}
    documents = [name for name in files.zip.namelist() if name.endswith(".json") and name != "schema.json"]

    assert set(schema) == set(models)
    assert len(documents) == 7
    for name in documents:
        pattern = name if name in models else "check-ins/*.json"
        validators[pattern].validate(files.json(name))
        read = models[pattern].model_validate_json(files.zip.read(name))
        assert json.loads(read.model_dump_json()) == files.json(name)
    broken = files.json("export.json") | {"made_at": "some day"}
    assert not validators["export.json"].is_valid(broken), "the schema refuses what does not fit"


def test_the_documents_tell_all_that_came_of_it(store: Store, life: dict[str, UUID]) -> None:
    """Every version, corrections with what they did, the account, the whole access log."""
    files = exported(store, life["account"])
    edited = files.check_in(life["A044.m4a"])
    manifest = files.json("export.json")

    now = TEXT.replace("today", "tonight")
    assert [(version["text"], version["edited"]) for version in edited["versions"]] == [(TEXT, False), (now, True)]
    assert (edited["transcript"]["text"], len(edited["transcript"]["words"])) == (now, len(now.split()))
    assert [tag["label"] for tag in edited["tags"]] == ["peaceful", "being_heard"]
    assert [correction["after_quote"] for correction in edited["corrections"]] == ["rest"]
    assert files.check_in(life["mls_es_13697_11991.opus"])["transcript"]["translation"]
    unheard = files.check_in(life["ami_es2011a_0040.wav"])
    assert (unheard["transcript"], unheard["versions"]) == (None, [])
    assert (manifest["account"]["email"], manifest["account"]["vocabulary"]) == ("kim@example.org", ["Dana"])
    order = [life[file] for file in life if file != "account"]
    assert [entry["id"] for entry in manifest["check_ins"]] == [str(id_) for id_ in order]
    assert [entry["number"] for entry in manifest["accesses"]] == [1]
    with store.reading() as reading:
        last = reading.accesses.before(life["account"], None)[0]
    assert (last.action, last.session_id) == (AccessAction.EXPORT_MADE, None)


def test_the_page_is_read_without_a_script_and_without_the_net(store: Store, life: dict[str, UUID]) -> None:
    """It asks for nothing that is not in the ZIP, and every place it points to is there."""
    files = exported(store, life["account"])
    page = PageReader(files.page)
    asked_for = page.values("href", "src")
    ids = page.values("id")

    assert page.tags.isdisjoint({"script", "link", "iframe", "img", "object", "form"})
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert "url(" not in files.page
    assert "@import" not in files.page
    for address in map(urlsplit, asked_for):
        assert (address.scheme, address.netloc, address.query) == ("", "", "")
        assert address.path in {"", *files.zip.namelist()}
        assert address.path or address.fragment in ids
    assert {f"#{id_}" for file, id_ in life.items() if file != "account"} <= asked_for


def test_whatever_somebody_says_is_words(store: Store, life: dict[str, UUID]) -> None:
    """Not a page of its own: neither in a transcript nor in a quote, the contents or an e-mail."""
    email = "\"'><script>alert(1)</script>&@example.org"
    account_id = make_account(store, email)
    check_in_id = speak(store, account_id, FLAC)
    settle(store, check_in_id, transcript=make_transcript(EVIL).model_copy(update={"language": "'><b>"}))
    for owner in (life["account"], account_id):
        page = PageReader(exported(store, owner).page)
        assert EVIL in page.text
        assert page.tags.isdisjoint({"script", "img", "b"} - ({"b"} if owner == life["account"] else set()))
    assert email in page.text


def test_the_page_speaks_plainly(store: Store, life: dict[str, UUID]) -> None:
    """The day is that of the person; what was found stands in groups; what is missing is said."""
    page = PageReader(exported(store, life["account"]).page).text

    assert "6 check-ins of kim@example.org, as they were on 1 March 2026" in page
    assert "Sunday, 1 February 2026" in page, "half an hour before midnight in London is past it in Berlin"
    assert "00:30 (Europe/Berlin) · Weekly check-in · 0:08 long · edited by you · 1 earlier version" in page
    assert page.index("\nFebruary 2026\n") < page.index("\nMarch 2026\n")
    assert "In English:" in page
    assert page.count("It was not transcribed yet.") == 4, "each of two in the contents and at its place"
    for heading in ("Feelings", "Needs", "Judgements of what somebody did or is"):
        assert heading in page


def test_a_run_that_heard_nothing_leaves_how_it_read(store: Store) -> None:
    """The page does not pass off an earlier version as the present one; all of them stand in the document."""
    account_id = make_account(store)
    check_in_id = speak(store, account_id, FLAC)
    settle(store, check_in_id, transcript=make_transcript(TEXT))
    with store.unit_of_work() as work:
        work.results.save_transcript(check_in_id, None, now=store.clock())
    files = exported(store, account_id)

    assert files.check_in(check_in_id)["transcript"] is None
    assert [version["text"] for version in files.check_in(check_in_id)["versions"]] == [TEXT]
    page = PageReader(files.page).text
    assert "1 earlier version" in page
    assert TEXT not in page


def test_an_empty_account_is_an_export_too(store: Store) -> None:
    """With a page that says so."""
    files = exported(store, make_account(store))

    assert files.zip.namelist() == ["export.json", "schema.json", "index.html"]
    assert "0 check-ins of kim@example.org" in PageReader(files.page).text


def test_what_has_gone_is_left_out_and_said(store: Store, clock: FakeClock) -> None:
    """A recording that was kept no longer, one whose file is lost, one that is damaged: the rest is there."""
    account_id = make_account(store)
    expired, lost, damaged, good = (speak(store, account_id, FLAC) for _ in range(4))
    settle(store, expired, transcript=make_transcript())
    with store.unit_of_work() as work:
        work.accounts.get(account_id).keep_audio_days = 1
        keys = {id_: work.check_ins.get_for(account_id, id_).audio_key for id_ in (lost, damaged)}
    clock.advance(days=1)
    expire(store)
    store.recordings.delete(keys[lost])
    [file] = store.recordings._audio._folder.rglob(keys[damaged])  # type: ignore[attr-defined]
    content = bytearray(file.read_bytes())
    content[-20] ^= 1
    file.write_bytes(content)

    files = exported(store, account_id)

    assert files.zip.testzip() is None
    assert [name for name in files.zip.namelist() if name.startswith("audio/")] == [f"audio/{good}.flac"]
    assert [files.check_in(id_)["audio"] is None for id_ in (expired, lost, damaged, good)] == [True, True, True, False]
    page = PageReader(files.page).text
    assert "The recording was deleted on 2 March 2026, as you had chosen." in page
    assert page.count("The recording could not be read any more.") == 2


@pytest.mark.parametrize("year", [2, 1970, 1980, 2107, 3000, 9998])
def test_a_phone_whose_clock_is_wrong_is_exported_too(store: Store, year: int) -> None:
    """A ZIP knows the years 1980 to 2107; the page and the document tell what the phone said."""
    account_id = make_account(store)
    id_ = speak(store, account_id, FLAC, recorded_at=datetime(year, 6, 1, 12, 0, tzinfo=UTC))
    files = exported(store, account_id)

    assert files.zip.testzip() is None
    assert files.zip.getinfo(f"audio/{id_}.flac").date_time[0] == min(max(year, 1980), 2107)
    assert files.check_in(id_)["check_in"]["recorded_at"].startswith(f"{year:04d}-06-01")


def test_several_accounts_are_made_one_after_the_other(store: Store) -> None:
    """One call makes all that waits."""
    accounts = [make_account(store, f"{name}@example.org") for name in ("kim", "sam", "lou")]
    exports = [ask(store, account_id) for account_id in accounts]
    make_due_exports(store)

    assert [row(store, id_).state for id_ in exports] == [ExportState.READY] * 3


def test_the_file_is_sealed_like_a_recording(store: Store, life: dict[str, UUID], tmp_path: Path) -> None:
    """Nothing of it can be read on the disk, and it has another key than another account's."""
    exported(store, life["account"])
    with store.reading() as reading:
        export = reading.exports.list_for(life["account"], now=store.clock())[0]
    assert export.audio_key is not None
    [file] = [path for path in files_of(tmp_path) if path.name == export.audio_key]

    assert b"index.html" not in file.read_bytes()
    assert b"PK\x03\x04" not in file.read_bytes()[:100]
    with store.reading() as reading:
        other = reading.vault.of(make_account(store, "lou@example.org"))
    with pytest.raises(SealBroken):
        store.recordings.open(export.audio_key, other).read()


def test_a_new_export_takes_the_place_of_older_ones(store: Store) -> None:
    """Asked for again and again, they do not fill the disk."""
    account_id, first, second = make_account(store), uuid4(), uuid4()
    for export_id in (first, second):
        with store.unit_of_work() as work:
            work.exports.ask(account_id, export_id=export_id, now=store.clock())
        make_due_exports(store)

    with store.reading() as reading:
        kept = [export.id for export in reading.exports.list_for(account_id, now=store.clock())]
    assert kept == [second]
    assert len(list(store.recordings.old_keys(minimum_age=-1))) == 1
