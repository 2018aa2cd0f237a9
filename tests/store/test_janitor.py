"""The janitor removes what belongs to nobody, and nothing else."""

from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from structlog.testing import capture_logs

from schemas.errors import StorageUnavailable
from store.database import Database
from store.janitor import remove_orphans, tidy, tidy_arrivals
from store.opening import Store
from store.recordings import Recordings
from store.schema import migrate
from store.sealing import Cipher, new_key
from tests.conftest import FakeClock
from tests.making import make_account, make_create, make_recording, make_transcript, settle


def kept(store: Store) -> str:
    """A stored recording."""
    with store.recordings.staged(Cipher(uuid4(), new_key())) as arriving:
        arriving.write(b"speech")
        return arriving.keep()


def test_a_recording_without_a_row_is_removed_once_it_is_old(store: Store) -> None:
    """The process died between file and row. A young one may be about to get its row."""
    owned, orphan = kept(store), kept(store)
    account_id = make_account(store)
    with store.unit_of_work() as work:
        work.check_ins.add(account_id, make_create(), make_recording(key=owned), now=store.clock())

    assert remove_orphans(store) == 0
    assert remove_orphans(store, minimum_age=-1) == 1

    assert list(store.recordings.old_keys(minimum_age=-1)) == [owned]
    assert orphan != owned


def test_an_upload_that_broke_off_long_ago_is_removed(store: Store, tmp_path: Path) -> None:
    """Its process was killed, so nobody discarded it."""
    with store.recordings.staged(Cipher(uuid4(), new_key())) as arriving:
        arriving.write(b"half")

        tidy_arrivals(store, minimum_age=-1)

        assert list((tmp_path / "incoming").iterdir()) == []


def test_a_folder_of_another_database_is_left_alone(store: Store, tmp_path: Path) -> None:
    """Started on a new database by mistake, it would take every recording for an orphan."""
    key = kept(store)
    remove_orphans(store)
    other = Database(f"sqlite+pysqlite:///{tmp_path / 'other.sqlite3'}")
    migrate(other)

    assert remove_orphans(replace(store, database=other), minimum_age=-1) == 0

    other.close()
    assert list(store.recordings.old_keys(minimum_age=-1)) == [key]


class Unlisted(Recordings):
    """Recordings in a bucket that cannot be asked what is in it."""

    def belongs_to(self, *_: object) -> bool:
        """It does not answer."""
        raise StorageUnavailable

    def discard_left(self, **_: object) -> None:
        """Nor does the folder beside it."""
        raise PermissionError


def test_a_step_that_fails_keeps_none_of_the_others_from_being_done(store: Store, clock: FakeClock) -> None:
    """Recordings whose time is over go, and what failed is named."""
    account_id, key = make_account(store), kept(store)
    with store.unit_of_work() as work:
        work.accounts.get(account_id).keep_audio_days = 7
        check_in, _ = work.check_ins.add(account_id, make_create(), make_recording(key=key), now=store.clock())
    settle(store, check_in.id, transcript=make_transcript())
    clock.advance(days=7)
    recordings = Unlisted(store.recordings._audio, store.recordings._incoming)
    with capture_logs() as logs:
        tidy(replace(store, recordings=recordings))

    assert list(store.recordings.old_keys(minimum_age=-1)) == []
    failed = [(line["name"], type(line["exc_info"])) for line in logs if line["event"] == "janitor.step_failed"]
    assert failed == [("arrivals", PermissionError), ("orphans", StorageUnavailable)]
