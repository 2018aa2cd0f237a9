"""The server keys, for whoever runs this: list, rotate, prune, and what the doctor says of them."""

from enum import StrEnum
from pathlib import Path

from schemas.errors import ServerKeyMissing, StorageUnavailable, TandemError
from store.database import Database
from store.key_rotation import KeyUse, drop_unused, key_uses, wrap_all_again
from store.opening import Store, server_keys
from store.server_keys import LocalServerKeys, ServerKeys, add_key
from store.settings import StoreSettings
from tandem.finding import Finding
from tandem.reporting import console
from tandem.stores import is_there, opened

_FROM_COPY = "Bring it back from its copy: what it wrapped cannot be read without it, and a new one opens nothing."
_OTHERS = 0o027
"""Who may not read the file, nor write to it: a group may have been meant to read."""


class KeySource(StrEnum):
    """Where server keys come from: a setting or a file."""

    FILE = "file"
    ENVIRONMENT = "TANDEM_SERVER_KEYS"
    FACTORY = "TANDEM_SERVER_KEYS_FACTORY"


_TO_ROTATE = {
    KeySource.ENVIRONMENT: "To rotate, put a new one before the others in TANDEM_SERVER_KEYS of every process, and of "
    "this one, and start them again: `openssl rand -base64 32` makes one.",
    KeySource.FACTORY: "To rotate, have your key management service make a new version and wrap with that.",
}


def list_keys(settings: StoreSettings) -> int:
    """Print a line for each; returns 1 if one is needed and missing. Raises ServerKeyMissing, StorageUnavailable."""
    _check_there(settings)
    with opened(settings) as store:
        uses = {use.server_key_id: use for use in key_uses(store.database, store.keys)}
        current, known = store.keys.current_id(), _known(store.keys)
        for server_key_id in dict.fromkeys([current, *known, *uses]):
            use = uses.get(server_key_id, KeyUse(server_key_id, 0, opens=True))
            mark = "missing" if not use.opens else "current" if server_key_id == current else ""
            print(f"{mark:8} {server_key_id}  {_accounts(use.accounts)}")
    return 0 if all(use.opens for use in uses.values()) else 1


def rotate_keys(settings: StoreSettings) -> int:
    """Wrap all with a new key; returns 1 if one is left. Raises ServerKeyMissing, StorageUnavailable, OSError."""
    _check_there(settings)
    source = _source(settings)
    with opened(settings) as store:
        with store.reading() as reading:
            reading.vault.check_all_there()  # another's key file must not take anybody in
        waiting = _waiting(store)
        if source is not KeySource.FILE:
            console.print(f"The server keys come from {source}. {_TO_ROTATE[source]}")
        elif waiting:
            console.print("An earlier rotation was not finished: it goes on with its key.")
        else:
            console.print(f"New server key: {add_key(settings.resolved_server_keys_file)}")
            waiting = _waiting(store)
        failed = wrap_all_again(
            store, on_progress=lambda done: console.print(f"Wrapped anew: {done} of {_accounts(waiting)}")
        )
        current = store.keys.current_id()
    if failed:
        print(f"{_accounts(failed)} left: what wraps their keys is missing or does not open. See `tandem keys list`.")
        return 1
    print(f"Server key {current} wraps the key of every account.")
    return 0


def prune_keys(settings: StoreSettings) -> int:
    """Remove what wraps nothing from the file. Raises ServerKeyMissing, StorageUnavailable, OSError."""
    _check_there(settings)
    source = _source(settings)
    if source is not KeySource.FILE:
        print(f"The server keys come from {source}: take out there those that `tandem keys list` shows unused.")
        return 0
    with opened(settings) as store:
        count = drop_unused(store, settings.resolved_server_keys_file)
    print(
        f"Server keys removed: {count}. Backups from before the rotation cannot be read without them."
        if count
        else "Every server key is in use."
    )
    return 0


def examine_keys(settings: StoreSettings) -> Finding:
    """Where they come from, who may read them, and whether those are there that are needed."""
    name, source, file = "Server keys", _source(settings), settings.resolved_server_keys_file
    try:
        keys = LocalServerKeys(file=file) if source is KeySource.FILE else server_keys(settings)
        lost = [use for use in _uses(settings, keys) if not use.opens]
        if source is KeySource.FILE and not file.exists():
            if lost or settings.server_keys_file:
                return Finding(name, False, f"{file} is not there", _FROM_COPY)
            return Finding(name, True, "made at the first start")
        if source is KeySource.FILE and file.stat().st_mode & _OTHERS:
            return Finding(name, False, f"others may read {file}, or write to it", f"chmod 600 {file}")
        if lost:
            ids = ", ".join(use.server_key_id for use in lost)
            count = _accounts(sum(use.accounts for use in lost))
            return Finding(name, False, f"{ids} is missing, which wraps the keys of {count}", _FROM_COPY)
        return Finding(name, True, f"{_count(keys)} {_place(settings, source)}")
    except TandemError as error:
        return Finding(name, False, error.detail, error.action)


def _source(settings: StoreSettings) -> KeySource:
    if settings.server_keys_factory:
        return KeySource.FACTORY
    return KeySource.ENVIRONMENT if settings.server_keys else KeySource.FILE


def _check_there(settings: StoreSettings) -> None:
    """Before something makes a file of its own in its place."""
    file = settings.resolved_server_keys_file
    if _source(settings) is KeySource.FILE and not file.exists():
        raise ServerKeyMissing(f"The server keys are missing: there is no {file}. {_FROM_COPY}")


def _waiting(store: Store) -> int:
    """Accounts that an older server key wraps, and that can be wrapped anew."""
    current = store.keys.current_id()
    uses = key_uses(store.database, store.keys)
    return sum(use.accounts for use in uses if use.opens and use.server_key_id != current)


def _uses(settings: StoreSettings, keys: ServerKeys) -> list[KeyUse]:
    """None where the database is not there yet, or not now: that is another finding."""
    try:
        if not is_there(settings):
            return []
    except StorageUnavailable:
        return []
    database = Database(settings.resolved_database_url)
    try:
        return list(key_uses(database, keys))
    finally:
        database.close()


def _known(keys: ServerKeys) -> list[str]:
    """A key management service keeps its older ones to itself."""
    return list(keys.known_ids()) if isinstance(keys, LocalServerKeys) else [keys.current_id()]


def _count(keys: ServerKeys) -> str:
    known = _known(keys)
    return f"{len(known)}, current is {known[0]}," if len(known) > 1 else known[0]


def _place(settings: StoreSettings, source: KeySource) -> str:
    file: Path = settings.resolved_server_keys_file
    if source is not KeySource.FILE:
        return f"from {source}"
    beside = file.absolute().is_relative_to(settings.data_folder.absolute())
    return "beside the data: keep a copy elsewhere" if beside else f"in {file}"


def _accounts(count: int) -> str:
    return f"{count} account{'' if count == 1 else 's'}"
