"""A key management service is asked once for a key, and not again for a while."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from schemas.errors import SealBroken, ServerKeyMissing
from store import remembered_keys
from store.opening import Store, server_keys
from store.remembered_keys import MOST, REMEMBERED_SECONDS, RememberingServerKeys
from store.sealing import new_key
from store.server_keys import LocalServerKeys, WrappedKey, make_key_file
from store.settings import StoreSettings
from tests.conftest import FakeClock
from tests.making import make_account


class CountingServerKeys(LocalServerKeys):
    """Counts what it is asked to unwrap."""

    asked = 0

    def unwrap(self, wrapped: WrappedKey, *, bound_to: bytes) -> bytes:
        """One more."""
        self.asked += 1
        return super().unwrap(wrapped, bound_to=bound_to)


@pytest.fixture
def service(tmp_path: Path) -> CountingServerKeys:
    """What stands for the service."""
    make_key_file(tmp_path / "server.keys")
    return CountingServerKeys(file=tmp_path / "server.keys")


@pytest.fixture
def seconds(clock: FakeClock) -> Callable[[], float]:
    """The test's clock as one that never goes back."""
    return lambda: clock().timestamp()


def test_a_key_is_unwrapped_once_in_five_minutes(
    service: CountingServerKeys, clock: FakeClock, seconds: Callable[[], float]
) -> None:
    """Being used does not make it last longer."""
    keys, key = RememberingServerKeys(service, clock=seconds), new_key()
    wrapped = keys.wrap(key, bound_to=b"kim")
    for _ in range(4):
        assert keys.unwrap(wrapped, bound_to=b"kim") == key
        clock.advance(seconds=REMEMBERED_SECONDS / 4 - 1)
    assert service.asked == 1

    clock.advance(seconds=4)

    assert keys.unwrap(wrapped, bound_to=b"kim") == key
    assert service.asked == 2
    assert keys.current_id() == service.current_id()


def test_a_key_is_remembered_for_its_owner_alone(service: CountingServerKeys, seconds: Callable[[], float]) -> None:
    """Whoever brings it under another name, or altered, has it refused as ever; a failure is asked again."""
    keys = RememberingServerKeys(service, clock=seconds)
    wrapped = keys.wrap(new_key(), bound_to=b"kim")
    keys.unwrap(wrapped, bound_to=b"kim")

    for _ in range(2):
        with pytest.raises(SealBroken):
            keys.unwrap(wrapped, bound_to=b"sam")
        with pytest.raises(SealBroken):
            keys.unwrap(WrappedKey(wrapped.server_key_id, wrapped.wrapped[:-1] + b"x"), bound_to=b"kim")
        with pytest.raises(ServerKeyMissing):
            keys.unwrap(WrappedKey("another", wrapped.wrapped), bound_to=b"kim")
    assert service.asked == 7


def test_the_keys_that_were_used_last_are_remembered(service: CountingServerKeys, seconds: Callable[[], float]) -> None:
    """One more than there is room for: the one that nobody used for longest goes."""
    keys = RememberingServerKeys(service, clock=seconds)
    wrapped = [keys.wrap(new_key(), bound_to=b"%d" % number) for number in range(MOST + 1)]
    for number in range(MOST):
        keys.unwrap(wrapped[number], bound_to=b"%d" % number)
    keys.unwrap(wrapped[0], bound_to=b"0")
    keys.unwrap(wrapped[MOST], bound_to=b"%d" % MOST)
    assert service.asked == MOST + 1

    keys.unwrap(wrapped[0], bound_to=b"0")
    assert service.asked == MOST + 1
    keys.unwrap(wrapped[1], bound_to=b"1")
    assert service.asked == MOST + 2


def test_threads_share_what_is_remembered(
    service: CountingServerKeys, seconds: Callable[[], float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With little room, so that keys come and go under them: each gets its own and no other."""
    monkeypatch.setattr(remembered_keys, "MOST", 5)
    keys = RememberingServerKeys(service, clock=seconds)
    owners = [uuid4().bytes for _ in range(20)]
    made = {owner: new_key() for owner in owners}
    wrapped = {owner: keys.wrap(key, bound_to=owner) for owner, key in made.items()}

    def ask(turn: int) -> bool:
        owner = owners[turn * 7 % len(owners)]
        return keys.unwrap(wrapped[owner], bound_to=owner) == made[owner]

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(ask, range(2_000)))


def test_transactions_share_what_a_factory_unwrapped(
    sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A factory's keys are remembered; those of a file need not be."""
    (tmp_path / "somewhere_else.py").write_text(
        "from pathlib import Path\nfrom tests.store.test_remembered_keys import CountingServerKeys\n"
        f"KEYS = CountingServerKeys(file=Path({str(tmp_path / 'server.keys')!r}))\n\n\ndef make():\n    return KEYS\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    keys = server_keys(StoreSettings(server_keys_factory="somewhere_else:make", data_folder=tmp_path))
    store = Store(**{**vars(sqlite_store), "keys": keys})
    kim = make_account(store)
    for _ in range(5):
        with store.reading() as reading:
            reading.vault.of(kim)

    from somewhere_else import KEYS  # type: ignore[import-not-found]  # noqa: PLC0415 - it was written just now

    assert KEYS.asked == 1
    assert isinstance(server_keys(StoreSettings(data_folder=tmp_path)), LocalServerKeys)
