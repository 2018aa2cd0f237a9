"""The store of a command that looks after it: brought up to date, or opened as it is."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import OperationalError

from schemas.errors import ServerKeyMissing, StorageUnavailable
from store.database import Database
from store.opening import Store, open_store
from store.schema import is_current, migrate
from store.sealing_up import seal_up
from store.server_keys import make_key_file
from store.settings import StoreSettings
from tandem.reporting import console


def bring_up_to_date(settings: StoreSettings) -> None:
    """The newest tables, and nothing left unsealed of what was said before there were keys. Safe at every start.

    Raises ServerKeyMissing, ServerKeyInvalid, StorageFull, StorageUnavailable.
    """
    settings.data_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    store = open_store(settings)
    try:
        migrate(store.database)
        _make_first_key(store, settings)
        sealed = seal_up(store, unsealed=settings.audio_folder)
    finally:
        store.close()
    if sealed:
        console.print(f"What {sealed} people had said before there were keys is sealed now.")


def _make_first_key(store: Store, settings: StoreSettings) -> None:
    """In the data folder, unless keys are given; and never in the place of one that wraps what is there."""
    file = settings.resolved_server_keys_file
    if settings.server_keys_factory or settings.server_keys or settings.server_keys_file or file.exists():
        return
    with store.reading() as reading:
        if reading.vault.server_key_ids():
            raise ServerKeyMissing(f"{file} is gone, and with it all that people said: bring it back")
    make_key_file(file)


@contextmanager
def opened(settings: StoreSettings) -> Iterator[Store]:
    """The store as it is. Raises StorageUnavailable where there is no database of this version."""
    if not is_there(settings):
        raise StorageUnavailable("There is no database of this version: `tandem migrate` makes it")
    store = open_store(settings)
    try:
        yield store
    finally:
        store.close()


def is_there(settings: StoreSettings) -> bool:
    """Whether there is a database with the newest tables. Makes none. Raises StorageUnavailable."""
    if not settings.database_url and not (settings.data_folder / "tandem.sqlite3").exists():
        return False
    database = Database(settings.resolved_database_url)
    try:
        return is_current(database)
    except OperationalError as error:
        raise StorageUnavailable("The database does not answer") from error
    finally:
        database.close()
