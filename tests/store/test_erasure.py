"""Erasure: nothing of an account is left, nothing of another is touched, and nobody who is at work brings it back."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from schemas.check_in import CheckInState, FailureReason
from schemas.errors import AccountNotFound, CheckInDeleted, LeaseLost, TandemError, UploadNotFound
from store.claims import Claim
from store.erasure import Erased
from store.opening import Store
from store.stages import TAG, TRANSCRIBE
from store.tables import Table, UploadPart
from store.unit_of_work import UnitOfWork
from tests.making import make_account, make_check_in, make_create, make_partial, make_transcript
from tests.store.belongings import kept, make_belongings, rows
from tests.waiting import wait_until

OF_NOBODY = {"identity", "stage_totals", "used_id_tokens", "deletion_receipts"}
"""Tables in which no row tells whose it is."""


def erase(store: Store, account_id: UUID) -> Erased:
    """Delete an account."""
    with store.unit_of_work() as work:
        return work.erasure.erase(account_id, now=store.clock())


def test_no_row_of_the_account_is_left_and_none_of_another_is_touched(store: Store) -> None:
    """In whatever table, those of tomorrow included: the database is as if it had never been there."""
    make_belongings(store, "sam@example.org")
    before = rows(store)
    kim = make_belongings(store, "kim@example.org")
    with_kim = rows(store)
    assert {name for name in with_kim if with_kim[name] == before[name]} == OF_NOBODY, "Kim has something everywhere"

    erase(store, kim.account_id)

    after = rows(store)
    assert after.pop("deletion_receipts") != before.pop("deletion_receipts")
    assert after == before


def test_the_receipt_tells_of_nobody_and_how_much_there_was(store: Store) -> None:
    """Not one of its values stood in a row of the account."""
    before = rows(store)
    kim = make_belongings(store, "kim@example.org")
    ids = {
        value
        for name, found in rows(store).items()
        for row in found
        if row not in before[name]
        for value in row
        if isinstance(value, UUID | bytes)
    }

    receipt = erase(store, kim.account_id).receipt

    assert (receipt.check_ins, receipt.recordings, receipt.deleted_at) == (2, 2, store.clock())
    assert kim.account_id in ids
    assert receipt.id not in ids
    with store.reading() as reading:
        found = reading.erasure.receipt(receipt.id)
        assert found is not None
        assert found.id == receipt.id
        assert reading.erasure.receipt(uuid4()) is None


def test_it_tells_of_every_file(store: Store) -> None:
    """Recordings, exports and parts of uploads of this account alone; those that went before are not told again."""
    make_belongings(store, "sam@example.org")
    kim = make_belongings(store, "kim@example.org")

    erased = erase(store, kim.account_id)

    assert sorted(erased.recordings) == sorted([*kim.recordings, kim.export])
    assert list(erased.parts) == [kim.part]


def test_every_table_with_an_account_forgets_with_it() -> None:
    """A column that names an account, or a check-in of one, goes with it: by the database itself."""
    loose = {
        f"{table.name}.{column.name}"
        for table in Table.metadata.sorted_tables
        for column in table.columns
        if column.name in {"account_id", "session_id", "upload_id"}
        and not any(key.ondelete == "CASCADE" for key in column.foreign_keys)
    }

    assert loose == {"accesses.session_id"}, "which goes with its account_id"


def test_an_account_is_deleted_once(store: Store) -> None:
    """The second time there is none."""
    account_id = make_account(store)
    erase(store, account_id)

    with pytest.raises(AccountNotFound):
        erase(store, account_id)


def test_the_email_can_sign_up_again_with_another_key(store: Store) -> None:
    """And finds nothing of before: not even what is sealed can be read."""
    kim = make_belongings(store, "kim@example.org")
    with store.reading() as reading:
        key = next(iter(kim.recordings))
        assert store.recordings.open(key, reading.vault.of(kim.account_id)).read() == b"speech"
    erase(store, kim.account_id)

    again = make_account(store, "kim@example.org")

    with store.reading() as reading:
        assert reading.check_ins.all_ids(again) == []
        assert again != kim.account_id
        with pytest.raises(TandemError):
            store.recordings.open(key, reading.vault.of(again)).read()
        with pytest.raises(AccountNotFound):
            reading.vault.of(kim.account_id)


def taken(store: Store, check_in_id: UUID) -> Claim:
    """Take it up at whichever stage it waits for."""
    with store.unit_of_work() as work:
        claims = (work.claims.take(stage, check_in_id, worker="w", now=store.clock()) for stage in (TRANSCRIBE, TAG))
        return next(filter(None, claims))


LATE: dict[str, Callable[[UnitOfWork, Claim, Store], object]] = {
    "finish": lambda work, claim, store: work.claims.finish(claim, CheckInState.TRANSCRIBED, now=store.clock()),
    "no speech": lambda work, claim, store: work.claims.finish(claim, CheckInState.NO_SPEECH, now=store.clock()),
    "progress": lambda work, claim, store: work.claims.progress(
        claim, make_partial("I feel calm."), seconds=1, percent=50, now=store.clock()
    ),
    "give back": lambda work, claim, store: work.claims.give_back(
        claim, FailureReason.TRANSCRIPTION_FAILED, now=store.clock()
    ),
    "hand back": lambda work, claim, store: work.claims.hand_back(claim, now=store.clock()),
    "fail": lambda work, claim, store: work.claims.fail(claim, FailureReason.UNDECODABLE, now=store.clock()),
}
WITHOUT_ASKING: dict[str, Callable[[UnitOfWork, Claim, Store], object]] = {
    "transcript": lambda work, claim, store: work.results.save_transcript(
        claim.check_in_id, make_transcript(), now=store.clock()
    ),
    "tags": lambda work, claim, _: work.results.save_tags(claim.check_in_id, (), tagger="none"),
}


@pytest.mark.parametrize("late", LATE)
def test_a_worker_that_is_at_it_finds_its_claim_gone(store: Store, late: str) -> None:
    """Whatever it brings is dropped, and its signs of life keep nothing."""
    account_id = make_account(store)
    claim = taken(store, make_check_in(store, account_id))
    erase(store, account_id)
    before = rows(store)

    with pytest.raises(LeaseLost), store.unit_of_work() as work:
        LATE[late](work, claim, store)
    with store.unit_of_work() as work:
        assert not work.claims.renew(claim, now=store.clock())
        assert work.claims.take(TRANSCRIBE, claim.check_in_id, worker="w", now=store.clock()) is None
        assert work.claims.release(claim.check_in_id, worker="w", now=store.clock()) is None

    assert rows(store) == before


@pytest.mark.parametrize("late", WITHOUT_ASKING)
def test_a_result_has_no_key_to_be_sealed_with(store: Store, late: str) -> None:
    """Even one that is saved without asking whether its claim holds."""
    account_id = make_account(store)
    claim = taken(store, make_check_in(store, account_id))
    erase(store, account_id)

    with pytest.raises(AccountNotFound), store.unit_of_work() as work:
        WITHOUT_ASKING[late](work, claim, store)

    assert [rows(store)[name] for name in ("transcripts", "taggings", "changes")] == [[], [], []]


def test_a_recording_that_arrives_late_does_not_bring_it_back(store: Store) -> None:
    """Whether it came in one piece or in parts; its sender was signed in when it began."""
    account_id = make_account(store)
    recording = kept(store, account_id)
    with store.unit_of_work() as work:
        upload = work.uploads.create(account_id, make_create(), upload_id=uuid4(), length=10, now=store.clock())
        lease = work.uploads.lease(upload, now=store.clock())
    erase(store, account_id)

    with pytest.raises(CheckInDeleted), store.unit_of_work() as work:
        work.check_ins.add(account_id, make_create(), recording, now=store.clock())
    with pytest.raises(CheckInDeleted), store.unit_of_work() as work:
        work.idempotency.claim(account_id, "key", "request", made=uuid4(), now=store.clock())
        work.check_ins.add(account_id, make_create(), recording, now=store.clock())
    with pytest.raises(UploadNotFound), store.unit_of_work() as work:
        part = UploadPart(upload_id=upload.id, start=0, key="key", size=5)
        work.uploads.count(upload.id, lease, part, now=store.clock())

    left = {name for name, found in rows(store).items() if found}
    assert left <= OF_NOBODY


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_a_deletion_waits_for_a_worker_instead_of_for_ever(store: Store) -> None:
    """The worker has the check-in and wants the account's feed, the deletion all of it: the worker goes first."""
    account_id = make_account(store)
    claim = taken(store, make_check_in(store, account_id))

    with ThreadPoolExecutor(1) as thread:
        with store.unit_of_work() as work:
            work.claims.renew(claim, now=store.clock())
            deletion = thread.submit(erase, store, account_id)
            wait_until(lambda: waits_for_a_lock(store), description="the deletion waits")
            work.claims.progress(claim, make_partial("I feel calm."), seconds=1, percent=50, now=store.clock())
        receipt = deletion.result(timeout=30).receipt

    assert receipt.check_ins == 1
    assert {name for name, found in rows(store).items() if found} <= OF_NOBODY


def waits_for_a_lock(store: Store) -> bool:
    """Whether anybody does."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with store.database.engine.connect() as connection:
        return bool(connection.scalar(text(query)))
