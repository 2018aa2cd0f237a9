"""What people said lies sealed in the tables, under a key of their own, at its own place."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import LargeBinary, delete, select, update

from schemas.correction import CorrectionCreate
from schemas.errors import AccountNotFound, SealBroken, ServerKeyInvalid, ServerKeyMissing
from schemas.tag import TextTag
from store.opening import Store
from store.sealing import Cipher, Place, new_key
from store.server_keys import LocalServerKeys, add_key, drop_keys, make_key_file, parse_keys
from store.tables import AccountKey, Table, Tagging, TranscriptRow
from tests.making import make_account, make_check_in, make_transcript, settle

SECRET = "Only between us: I feel afraid."
FEAR = TextTag(kind="feeling", label="afraid", start=25, end=31, confidence=0.9, reason="")
HERE = Place("transcripts", uuid4(), "transcript", 1)


@pytest.fixture
def kim(store: Store) -> UUID:
    """Somebody who has told a secret."""
    account_id = make_account(store)
    check_in_id = make_check_in(store, account_id)
    transcript = make_transcript(SECRET)
    settle(store, check_in_id, transcript=transcript, tags=[FEAR])
    removal = {"id": uuid4(), "before": {"kind": "feeling", "label": "afraid", "start": 25, "end": 31}}
    with store.unit_of_work() as work:
        work.corrections.add(check_in_id, CorrectionCreate(**removal), transcript, now=store.clock())
        work.accounts.update(account_id, vocabulary=("Zebulon",))
    return account_id


def everything(store: Store) -> Iterator[bytes]:
    """Every value of every table."""
    with store.database.reading() as session:
        for table in Table.metadata.sorted_tables:
            for row in session.execute(select(table)):
                yield from (value if isinstance(value, bytes) else str(value).encode() for value in row)


def test_no_table_shows_what_was_said(store: Store, kim: UUID) -> None:
    """Transcript, tags, corrections, names: none of their words stands anywhere."""
    values = list(everything(store))

    assert len(values) > 50
    for word in (b"between us", b"afraid", b"Zebulon"):
        assert [value for value in values if word in value] == []
    with store.reading() as reading:
        assert reading.accounts.speech_of(kim).vocabulary == ("Zebulon",)


def test_every_column_of_bytes_is_sealed_or_known() -> None:
    """A new one has to be thought about: what is said goes into `sealed`."""
    known = {
        "accounts.vocabulary": "sealed",
        "account_keys.wrapped": "sealed with the server's key",
        **dict.fromkeys(
            (
                "accesses.digest",
                "idempotency_keys.digest",
                "idempotency_keys.fingerprint",
                "password_resets.digest",
                "tokens.digest",
                "tokens.parent",
                "used_id_tokens.digest",
            ),
            "a SHA-256",
        ),
    }
    columns = [
        f"{table.name}.{column.name}"
        for table in Table.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    ]

    assert {column for column in columns if not column.endswith(".sealed")} == set(known)


def test_ciphertext_that_was_moved_does_not_open(store: Store, kim: UUID) -> None:
    """From one check-in to another of the same person, from one field to another: each is an error."""
    other = make_check_in(store, kim)
    settle(store, other, transcript=make_transcript("Nothing much."))
    with store.unit_of_work() as work:
        mine, theirs = work._session.scalars(select(TranscriptRow).order_by(TranscriptRow.check_in_id == other))
        theirs.sealed = mine.sealed
    with store.reading() as reading, pytest.raises(SealBroken):
        reading.results.transcript(other)
    with store.unit_of_work() as work:
        row = work._session.get_one(Tagging, other)
        row.sealed = work._session.get_one(TranscriptRow, other).sealed
    with store.reading() as reading, pytest.raises(SealBroken):
        reading.results.tags(other)


def test_an_older_version_does_not_pass_for_the_present_one(store: Store, kim: UUID) -> None:
    """The number of a transcript's version is part of its place."""
    check_in_id = make_check_in(store, kim)
    settle(store, check_in_id, transcript=make_transcript("What I said first."))
    with store.database.reading() as session:
        first = session.get_one(TranscriptRow, check_in_id).sealed
    with store.unit_of_work() as work:
        work.results.save_transcript(check_in_id, make_transcript("What I meant."), now=store.clock())
    with store.reading() as reading:
        told = [(version.version, version.text) for version in reading.results.versions(check_in_id)]
        assert told == [(1, "What I said first."), (2, "What I meant.")]
    with store.unit_of_work() as work:
        work._session.execute(
            update(TranscriptRow).where(TranscriptRow.check_in_id == check_in_id).values(sealed=first)
        )
    with store.reading() as reading, pytest.raises(SealBroken):
        reading.results.transcript(check_in_id)
    with store.reading() as reading, pytest.raises(SealBroken):
        reading.results.versions(check_in_id)


@pytest.mark.parametrize(
    "place",
    [
        Place("partial_transcripts", HERE.row, "transcript", 1),
        Place("transcripts", uuid4(), "transcript", 1),
        Place("transcripts", HERE.row, "tags", 1),
        Place("transcripts", HERE.row, "transcript", 2),
    ],
    ids=["table", "row", "field", "part"],
)
def test_a_seal_knows_its_place(place: Place) -> None:
    """Table, row, field, number: each counts."""
    cipher = Cipher(uuid4(), new_key())
    sealed = cipher.seal(b"said", HERE)

    assert cipher.open(sealed, HERE) == b"said"
    with pytest.raises(SealBroken):
        cipher.open(sealed, place)


def test_anything_else_than_what_was_sealed_is_an_error() -> None:
    """Empty, short, another format, plain text: never returned as if it were content."""
    cipher = Cipher(uuid4(), new_key())
    sealed = cipher.seal(b"said", HERE)
    for wrong in (b"", b"x", b'{"text": "plain"}' * 9, b"\x02" + sealed[1:], sealed[:-1], sealed + b"x"):
        with pytest.raises(SealBroken):
            cipher.open(wrong, HERE)


def test_the_wrong_server_key_opens_nothing(store: Store, kim: UUID, tmp_path: Path) -> None:
    """Neither one that is missing nor the key of another account in its place."""
    make_key_file(tmp_path / "other.keys")
    stranger = replace(store, keys=LocalServerKeys(file=tmp_path / "other.keys"))
    with stranger.reading() as reading, pytest.raises(ServerKeyMissing):
        reading.vault.of(kim)
    sam = make_account(store, "sam@example.org")
    with store.unit_of_work() as work:
        work._session.get_one(AccountKey, kim).wrapped = work._session.get_one(AccountKey, sam).wrapped
    with store.reading() as reading, pytest.raises(SealBroken):
        reading.vault.of(kim)


def test_without_its_key_an_account_cannot_be_read(store: Store, kim: UUID) -> None:
    """Whoever still has the rows, in a backup say, has noise."""
    with store.unit_of_work() as work:
        work._session.execute(delete(AccountKey))
    with store.reading() as reading, pytest.raises(AccountNotFound):
        reading.accounts.speech_of(kim)


def test_a_server_key_is_replaced_while_everything_runs(store: Store, kim: UUID, tmp_path: Path) -> None:
    """A new key, all accounts wrapped again, the old one dropped: nobody notices."""
    file = tmp_path / "server.keys"
    old = store.keys.current_id()
    running = replace(store, keys=LocalServerKeys(file=file))
    with running.reading() as reading:
        reading.vault.of(kim)
    new = add_key(file)
    assert running.keys.current_id() == new
    with store.reading() as reading:
        assert reading.vault.wrapped_by_others(limit=9) == [kim]
    with store.unit_of_work() as work:
        work.vault.wrap_again(kim)
    with store.reading() as reading:
        assert reading.vault.wrapped_by_others(limit=9) == []
        assert reading.vault.server_key_ids() == [new]
    assert drop_keys(file, but=[new]) == 1
    with running.reading() as reading:
        assert reading.accounts.speech_of(kim).vocabulary == ("Zebulon",)
    assert list(parse_keys(file.read_text())) == [new]
    assert old != new


def test_the_key_file_is_for_its_owner_and_made_once(tmp_path: Path) -> None:
    """A second process finds the first one's key."""
    file = tmp_path / "deep" / "server.keys"
    make_key_file(file)
    first = file.read_text()
    make_key_file(file)

    assert file.read_text() == first
    assert file.stat().st_mode & 0o077 == 0
    assert [path.name for path in file.parent.iterdir()] == ["server.keys"]


@pytest.mark.parametrize("keys", ["not base64!", "c2hvcnQ=", "AAAA\nAAAA"])
def test_what_is_no_key_is_refused(keys: str) -> None:
    """At the start, not when something is lost."""
    with pytest.raises(ServerKeyInvalid):
        LocalServerKeys(text=keys)


def test_a_key_file_that_is_gone_is_temporary(tmp_path: Path) -> None:
    """It may come back: nothing is failed for good meanwhile."""
    with pytest.raises(ServerKeyMissing):
        LocalServerKeys(file=tmp_path / "none").current_id()


def test_nobody_new_is_taken_in_with_keys_that_are_not_ours(store: Store, kim: UUID, tmp_path: Path) -> None:
    """Another installation's key file lies there by mistake: what it wraps could not be read when that is found."""
    make_key_file(tmp_path / "other.keys")
    stranger = replace(store, keys=LocalServerKeys(file=tmp_path / "other.keys"))

    with pytest.raises(ServerKeyMissing):
        make_account(stranger, "sam@example.org")
    with store.reading() as reading:
        assert reading.accounts.find("sam@example.org") is None
