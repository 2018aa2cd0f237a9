"""Exports while the world goes on: accounts and check-ins are deleted, storages are away."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from schemas.errors import StorageUnavailable
from schemas.export import ExportState
from store.audio import LocalAudioStore
from store.exports import KEEPING, LEASE, MAX_ATTEMPTS, ExportClaim
from store.janitor import expire
from store.opening import Store
from store.recordings import Recordings
from store.tables import Export
from tests.conftest import FakeClock
from tests.making import make_account, make_check_in, make_transcript, settle
from tests.workers.exporting import (
    FLAC,
    SPOKEN,
    Interrupted,
    InterruptedAtTheBeginning,
    ask,
    files_of,
    opened,
    row,
    speak,
    stored,
)
from workers.exports import make_due_exports


def interrupted(store: Store, happens: Callable[[], object]) -> Store:
    """A store in which something happens while an export is being made."""
    return replace(store, recordings=Interrupted(store.recordings, happens))


def delete_account(store: Store, account_id: UUID) -> None:
    """Rows and files, as the API does it."""
    with store.unit_of_work() as work:
        erased = work.erasure.erase(account_id, now=store.clock())
    for key in erased.recordings:
        store.recordings.delete(key)


@pytest.mark.parametrize("at", [1, 2])
def test_a_deletion_of_the_account_meanwhile_leaves_no_file(store: Store, tmp_path: Path, at: int) -> None:
    """At the first recording or at the last: the worker finds its claim gone, and drops what it has."""
    account_id = make_account(store)
    speak(store, account_id, FLAC)
    speak(store, account_id, FLAC)
    ask(store, account_id)
    seen: list[int] = []

    def erase() -> None:
        seen.append(1)
        if len(seen) == at:
            delete_account(store, account_id)

    make_due_exports(interrupted(store, erase))

    assert len(seen) == at
    assert files_of(tmp_path) == []
    with store.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Export)) == 0


def test_a_deletion_of_an_account_without_check_ins_leaves_no_file(store: Store, tmp_path: Path) -> None:
    """There is no step of its own at which the worker would have noticed."""
    account_id = make_account(store)
    ask(store, account_id)
    begun = InterruptedAtTheBeginning(store.recordings, lambda: delete_account(store, account_id))

    make_due_exports(replace(store, recordings=begun))

    assert files_of(tmp_path) == []


def deleting(store: Store, account_id: UUID, check_in_id: UUID) -> Callable[[], None]:
    """Delete a check-in, at the second recording that is exported."""
    seen: list[int] = []

    def delete() -> None:
        seen.append(1)
        if len(seen) == 2:
            with store.unit_of_work() as work:
                work.check_ins.delete_for(account_id, check_in_id, now=store.clock())

    return delete


@pytest.mark.parametrize("its_turn", ["over", "to come"])
def test_a_check_in_that_is_deleted_meanwhile_is_left_out(store: Store, tmp_path: Path, its_turn: str) -> None:
    """Where it stands in the export already, that is made once more; the others are in it."""
    account_id = make_account(store)
    for _ in range(3):
        speak(store, account_id, FLAC)
    with store.reading() as reading:
        first, second, third = reading.check_ins.all_ids(account_id)
    gone, stay = (first, [second, third]) if its_turn == "over" else (third, [first, second])
    export_id = ask(store, account_id)
    make_due_exports(interrupted(store, deleting(store, account_id, gone)))
    files = opened(store, account_id, export_id)

    assert [entry["id"] for entry in files.json("export.json")["check_ins"]] == [str(id_) for id_ in stay]
    assert str(gone) not in "".join(files.zip.namelist())
    assert row(store, export_id).attempt == 1
    assert len(files_of(tmp_path)) == 4, "the recordings and the export, and nothing of the first beginning"


def test_a_recording_that_expires_meanwhile_is_not_taken_along(store: Store, clock: FakeClock) -> None:
    """Its speaker wanted it kept no longer; what was said is in the export all the same."""
    account_id = make_account(store)
    speak(store, account_id, FLAC)
    speak(store, account_id, FLAC)
    with store.reading() as reading:
        first, _ = reading.check_ins.all_ids(account_id)
    settle(store, first, transcript=make_transcript())
    with store.unit_of_work() as work:
        work.accounts.get(account_id).keep_audio_days = 0
    export_id = ask(store, account_id)
    seen: list[int] = []

    def let_go() -> None:
        seen.append(1)
        if len(seen) == 2:
            expire(store)

    make_due_exports(interrupted(store, let_go))
    check_in = opened(store, account_id, export_id).check_in(first)

    assert (check_in["audio"], len(check_in["versions"])) == (None, 1)


def test_a_storage_that_is_away_is_tried_again(store: Store, clock: FakeClock, tmp_path: Path) -> None:
    """Three times; in between nothing is left over, and the next attempt makes it from the beginning."""
    account_id = make_account(store)
    speak(store, account_id, FLAC)

    def away() -> None:
        raise StorageUnavailable

    stored_before = files_of(tmp_path)
    first, second = ask(store, account_id), None
    make_due_exports(interrupted(store, away))
    assert row(store, first).state is ExportState.WAITING
    clock.advance(seconds=LEASE.total_seconds())
    make_due_exports(store)
    assert opened(store, account_id, first).zip.testzip() is None
    second = ask(store, account_id)
    for _ in range(MAX_ATTEMPTS):
        make_due_exports(interrupted(store, away))
        clock.advance(seconds=LEASE.total_seconds())

    assert row(store, second).state is ExportState.FAILED
    assert len(files_of(tmp_path)) == len(stored_before) + 1


def test_an_export_tells_how_far_it_is(store: Store) -> None:
    """The percentage grows, and is a hundred at the end alone."""
    account_id = make_account(store)
    for _ in range(4):
        speak(store, account_id, FLAC)
    export_id = ask(store, account_id)
    seen: list[Any] = []

    def look() -> None:
        seen.append(row(store, export_id).percent)

    make_due_exports(interrupted(store, look))

    assert seen == sorted(seen) == [0, 25, 50, 75]
    assert row(store, export_id).percent == 100


def test_a_large_recording_has_the_time_it_takes(store: Store, clock: FakeClock) -> None:
    """It is read twice from a slow bucket: meanwhile nobody else takes the export up."""
    account_id = make_account(store)
    large = replace(stored(store, account_id, (SPOKEN / FLAC).read_bytes()), size=300_000_000)
    make_check_in(store, account_id, recording=large)
    export_id = ask(store, account_id)
    taken: list[ExportClaim | None] = []

    def read_slowly() -> None:
        clock.advance(seconds=600)
        with store.unit_of_work() as work:
            taken.append(work.exports.take(now=clock()))

    make_due_exports(interrupted(store, read_slowly))

    assert taken == [None]
    assert row(store, export_id).attempt == 1
    assert opened(store, account_id, export_id).zip.testzip() is None


class Watched(LocalAudioStore):
    """A folder with something that happens whenever a file goes there."""

    def __init__(self, folder: Path, happens: Callable[[], object]) -> None:
        super().__init__(folder)
        self._happens = happens

    def put(self, key: str, file: Path) -> None:
        """After it has happened."""
        self._happens()
        super().put(key, file)


def test_a_large_export_has_the_time_it_takes(store: Store, clock: FakeClock, tmp_path: Path) -> None:
    """A second for each megabyte that goes to the bucket, beside a quarter of an hour."""
    account_id = make_account(store)
    recording = stored(store, account_id, b"fLaC" + os.urandom(3_000_000))
    make_check_in(store, account_id, recording=recording)
    export_id = ask(store, account_id)
    leases: list[timedelta] = []

    def look() -> None:
        due_at = row(store, export_id).due_at
        leases.append(due_at - clock() if due_at else timedelta())

    make_due_exports(replace(store, recordings=Recordings(Watched(tmp_path / "audio", look), tmp_path / "incoming")))

    assert [lease > KEEPING + timedelta(seconds=3) for lease in leases] == [True]
