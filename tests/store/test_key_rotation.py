"""A server key is replaced while everything runs, and none goes that is needed."""

from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import update

from store.key_rotation import KeyUse, drop_unused, key_uses, wrap_all_again
from store.opening import Store
from store.server_keys import LocalServerKeys, add_key, drop_keys, make_key_file, parse_keys
from store.tables import AccountKey
from tests.making import make_account


@pytest.fixture
def people(store: Store) -> list[str]:
    """E-mails of five accounts."""
    emails = [f"kim{number}@example.org" for number in range(5)]
    for email in emails:
        make_account(store, email)
    return emails


def test_all_accounts_come_under_the_new_key(store: Store, people: list[str], tmp_path: Path) -> None:
    """Told as it goes; whoever does it again finds nothing to do."""
    old, new = store.keys.current_id(), add_key(tmp_path / "server.keys")
    told: list[int] = []

    assert key_uses(store.database, store.keys) == [KeyUse(old, 5, opens=True)]
    assert wrap_all_again(store, on_progress=told.append) == 0
    assert wrap_all_again(store, on_progress=told.append) == 0

    assert told == [5]
    assert key_uses(store.database, store.keys) == [KeyUse(new, 5, opens=True)]


def test_an_account_whose_server_key_is_lost_holds_nobody_up(
    store: Store, people: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others come under the new one, also where there are more lost ones than fit into a batch."""
    monkeypatch.setattr("store.key_rotation.BATCH", 1)
    with store.unit_of_work() as work:
        lost = work.vault.wrapped_by_others(limit=9)
        assert lost == []
        accounts = sorted(work.accounts.find(email).id for email in people)  # type: ignore[union-attr]
        work._session.execute(
            update(AccountKey).where(AccountKey.account_id.in_(accounts[:3])).values(server_key_id="lost")
        )
    new = add_key(tmp_path / "server.keys")

    assert wrap_all_again(store, on_progress=lambda _: None) == 3

    uses = {use.server_key_id: use for use in key_uses(store.database, store.keys)}
    assert uses == {"lost": KeyUse("lost", 3, opens=False), new: KeyUse(new, 2, opens=True)}


def test_only_what_wraps_nothing_is_removed(store: Store, people: list[str], tmp_path: Path) -> None:
    """Not before the rotation is through, and never the first."""
    file = tmp_path / "server.keys"
    add_key(file)
    unused = store.keys.current_id()
    new = add_key(file)
    assert drop_unused(store, file) == 1
    assert unused not in parse_keys(file.read_text())
    wrap_all_again(store, on_progress=lambda _: None)

    assert drop_unused(store, file) == 1
    assert drop_unused(store, file) == 0

    assert list(parse_keys(file.read_text())) == [new]
    assert key_uses(store.database, store.keys) == [KeyUse(new, 5, opens=True)]


def test_the_key_of_somebody_who_signs_up_meanwhile_is_not_lost(store: Store, tmp_path: Path) -> None:
    """They were wrapped by what was the first key a moment ago: who removes keys waits until that is known."""
    file = tmp_path / "server.keys"
    begun, go_on = Event(), Event()

    def sign_up() -> None:
        with store.unit_of_work() as work:
            work.accounts.add("late@example.org", password_hash="-", now=store.clock())
            begun.set()
            go_on.wait(10)

    with ThreadPoolExecutor(2) as threads:
        signing_up = threads.submit(sign_up)
        assert begun.wait(10)
        add_key(file)
        removing = threads.submit(drop_unused, store, file)
        assert wait([removing], timeout=0.5).not_done  # it waits for its turn
        go_on.set()
        signing_up.result()
        assert removing.result() == 0

    assert [use.opens for use in key_uses(store.database, store.keys)] == [True]


def test_two_who_add_a_key_at_once_both_do(tmp_path: Path) -> None:
    """And nobody who reads meanwhile finds half a file."""
    file = tmp_path / "server.keys"
    make_key_file(file)
    running = LocalServerKeys(file=file)
    with ThreadPoolExecutor(8) as threads:
        added = [threads.submit(add_key, file) for _ in range(40)]
        read = [threads.submit(running.current_id) for _ in range(40)]

    names = {key.result() for key in added}
    assert names | {name.result() for name in read} <= set(running.known_ids())
    assert len(running.known_ids()) == 41
    assert [path.name for path in tmp_path.iterdir()] == ["server.keys"]


def test_whoever_may_read_the_file_still_may(tmp_path: Path) -> None:
    """A group that was let in on purpose stays; others never get in."""
    file = tmp_path / "server.keys"
    make_key_file(file)
    file.chmod(0o644)
    add_key(file)

    assert file.stat().st_mode & 0o777 == 0o640


def test_keys_with_commas_between_are_removed_one_by_one(tmp_path: Path) -> None:
    """As the setting has them, somebody may put them into the file."""
    file = tmp_path / "server.keys"
    make_key_file(file)
    for _ in range(3):
        add_key(file)
    file.write_text(file.read_text().replace("\n", ","))
    first, second, *_ = parse_keys(file.read_text())

    assert drop_keys(file, but=[second]) == 2
    assert list(parse_keys(file.read_text())) == [first, second]
