"""Exports while the world goes on: accounts and check-ins are deleted, storages are away."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from schemas.errors import StorageUnavailable
from schemas.export import ExportState
from store.exports import LEASE, MAX_ATTEMPTS
from store.opening import Store
from store.tables import Export
from tests.conftest import FakeClock
from tests.making import make_account
from tests.workers.exporting import FLAC, Interrupted, ask, files_of, opened, row, speak
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


def test_a_deletion_at_the_very_end_leaves_no_file(store: Store, tmp_path: Path) -> None:
    """An account without check-ins: it goes between the claim and the manifest."""
    account_id = make_account(store)
    ask(store, account_id)
    ticks: list[datetime] = []

    def clock() -> datetime:
        ticks.append(store.clock())
        if len(ticks) == 2:  # the first is that of the claim
            delete_account(store, account_id)
        return ticks[-1]

    make_due_exports(replace(store, clock=clock))

    assert len(ticks) >= 2
    assert files_of(tmp_path) == []


def test_a_check_in_that_is_deleted_meanwhile_is_left_out(store: Store) -> None:
    """The others are there."""
    account_id = make_account(store)
    first, second = speak(store, account_id, FLAC), speak(store, account_id, FLAC)
    with store.reading() as reading:
        before, after = reading.check_ins.all_ids(account_id)
    assert {before, after} == {first, second}

    def delete() -> None:
        with store.reading() as reading:
            there = after in reading.check_ins.all_ids(account_id)
        if there:
            with store.unit_of_work() as work:
                work.check_ins.delete_for(account_id, after, now=store.clock())

    export_id = ask(store, account_id)
    make_due_exports(interrupted(store, delete))
    files = opened(store, account_id, export_id)

    assert [entry["id"] for entry in files.json("export.json")["check_ins"]] == [str(before)]


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

    assert seen == sorted(seen) == [0, 0, 25, 50]
    assert row(store, export_id).percent == 100
