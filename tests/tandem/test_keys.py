"""What the command line does with server keys and access logs, and what the doctor says of them."""

from base64 import b64encode
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import update
from typer.testing import CliRunner

from schemas.errors import ServerKeyMissing, StorageUnavailable
from service.settings import ServiceSettings
from store.opening import open_store
from store.sealing import new_key
from store.server_keys import LocalServerKeys, add_key
from store.settings import StoreSettings
from store.tables import Access
from tandem.__main__ import app
from tandem.keys import examine_keys, list_keys, prune_keys, rotate_keys
from tandem.stores import bring_up_to_date
from tests.making import make_account
from tests.store.before_keys import WORDS, fill_old_database

runner = CliRunner()


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StoreSettings:
    """An installation in a folder, which commands find too."""
    monkeypatch.setenv("TANDEM_DATA_FOLDER", str(tmp_path))
    assert runner.invoke(app, ["migrate"]).exit_code == 0
    return StoreSettings()


@pytest.fixture
def kim(settings: StoreSettings) -> str:
    """Somebody with an account; the id of the server key that wraps theirs."""
    store = open_store(settings)
    make_account(store)
    store.close()
    return LocalServerKeys(file=settings.resolved_server_keys_file).current_id()


def said(*command: str, status: int = 0) -> str:
    """What a command prints."""
    answer = runner.invoke(app, command)
    assert answer.exit_code == status, answer.output
    return answer.stdout


def test_a_key_is_rotated_and_pruned(settings: StoreSettings, kim: str) -> None:
    """Listed before and after; the keys themselves are never shown."""
    assert said("keys", "list") == f"current  {kim}  1 account\n"

    done = said("keys", "rotate")

    new, *_ = LocalServerKeys(file=settings.resolved_server_keys_file).known_ids()
    assert done == f"Server key {new} wraps the key of every account.\n"
    assert said("keys", "list") == f"current  {new}  1 account\n         {kim}  0 accounts\n"
    assert said("keys", "prune").startswith("Server keys removed: 1.")
    assert said("keys", "prune") == "Every server key is in use.\n"
    assert said("keys", "list") == f"current  {new}  1 account\n"


def test_a_rotation_that_was_interrupted_goes_on_with_its_key(settings: StoreSettings, kim: str) -> None:
    """Otherwise each attempt would leave a key behind."""
    new = add_key(settings.resolved_server_keys_file)  # and then it was killed

    assert rotate_keys(settings) == 0

    assert LocalServerKeys(file=settings.resolved_server_keys_file).known_ids() == [new, kim]
    assert rotate_keys(settings) == 0
    assert len(LocalServerKeys(file=settings.resolved_server_keys_file).known_ids()) == 3


def test_keys_from_the_environment_are_set_there(
    settings: StoreSettings, kim: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Accounts are wrapped anew with the first of them; how to get a new one there is told."""
    old, new = settings.resolved_server_keys_file.read_text().strip(), b64encode(new_key()).decode()
    set_there = StoreSettings(server_keys=f"{new},{old}")

    assert rotate_keys(set_there) == 0
    assert list_keys(set_there) == 0
    assert prune_keys(set_there) == 0

    current = LocalServerKeys(text=new).current_id()
    output = capsys.readouterr()
    assert "put a new one before the others in TANDEM_SERVER_KEYS" in " ".join(output.err.split())
    assert f"current  {current}  1 account\n         {kim}  0 accounts\n" in output.out
    assert "take out there those" in output.out
    assert settings.resolved_server_keys_file.read_text().strip() == old


def test_a_missing_server_key_is_told_and_not_made_anew(settings: StoreSettings, kim: str) -> None:
    """By every command; a new file in its place would hide what is wrong."""
    settings.resolved_server_keys_file.unlink()

    for command in (list_keys, rotate_keys, prune_keys):
        with pytest.raises(ServerKeyMissing, match=r"The server keys are missing: there is no .*server\.keys"):
            command(settings)

    assert not settings.resolved_server_keys_file.exists()
    add = StoreSettings(server_keys=b64encode(new_key()).decode())
    assert list_keys(add) == 1
    with pytest.raises(ServerKeyMissing, match=kim):
        rotate_keys(add)


def test_there_is_nothing_to_rotate_without_a_database(tmp_path: Path) -> None:
    """The command that makes one is named, and none is made."""
    settings = StoreSettings(data_folder=tmp_path, server_keys=b64encode(new_key()).decode())

    with pytest.raises(StorageUnavailable, match="tandem migrate"):
        rotate_keys(settings)
    assert list(tmp_path.iterdir()) == []
    nowhere = settings.model_copy(update={"database_url": "postgresql+psycopg://127.0.0.1:1/none"})
    with pytest.raises(StorageUnavailable, match="does not answer"):
        rotate_keys(nowhere)


def test_the_audit_finds_what_was_changed(settings: StoreSettings, kim: str) -> None:
    """With the account's id and the entry's number; 1 is the exit status then."""
    assert said("audit") == "No entry of an access log is missing or changed, as far as the chains show.\n"
    store = open_store(settings)
    with store.unit_of_work() as work:
        account_id = work._session.execute(update(Access).values(subject_id=uuid4()).returning(Access.account_id))
        named = account_id.scalar_one()
    store.close()

    found = said("audit", status=1)

    assert f"account {named}: entry 1 is not what was written" in found
    assert "1 access logs are broken." in found


def test_migrating_seals_what_was_said_before_there_were_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`tandem migrate` and `tandem up` do it, once."""
    store = open_store(StoreSettings(data_folder=tmp_path))
    before = fill_old_database(store.database, tmp_path / "audio")
    store.close()
    monkeypatch.setenv("TANDEM_DATA_FOLDER", str(tmp_path))

    first, second = runner.invoke(app, ["migrate"]), runner.invoke(app, ["migrate"])

    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert [word for word in (*WORDS, before.speech[:16]) for content in files if word in content] == []
    assert first.stderr == "What 2 people had said before there were keys is sealed now.\n"
    assert (second.exit_code, second.output) == (0, "")


def test_the_doctor_says_where_the_keys_are(settings: StoreSettings, kim: str, tmp_path: Path) -> None:
    """Beside the data is fine, and is said, as a backup of the folder takes both or loses both."""
    elsewhere = tmp_path.with_name(f"{tmp_path.name}.keys")
    elsewhere.write_text(settings.resolved_server_keys_file.read_text())
    elsewhere.chmod(0o600)
    text = elsewhere.read_text()

    beside = examine_keys(settings)
    away = examine_keys(StoreSettings(server_keys_file=elsewhere))
    given = examine_keys(StoreSettings(server_keys=text))

    assert (beside.well, beside.detail) == (True, f"{kim} beside the data: keep a copy elsewhere")
    assert (away.well, away.detail) == (True, f"{kim} in {elsewhere}")
    assert (given.well, given.detail) == (True, f"{kim} from TANDEM_SERVER_KEYS")
    new = add_key(elsewhere)
    assert examine_keys(StoreSettings(server_keys_file=elsewhere)).detail == f"2, current is {new}, in {elsewhere}"


def test_the_doctor_finds_keys_that_are_missing_or_open_to_others(
    settings: StoreSettings, kim: str, tmp_path: Path
) -> None:
    """Each with what to do; and it makes none in their place."""
    file = settings.resolved_server_keys_file
    file.chmod(0o644)
    assert examine_keys(settings).action == f"chmod 600 {file}"
    file.unlink()
    gone = examine_keys(settings)
    never = examine_keys(StoreSettings(server_keys_file=tmp_path / "none"))
    other = examine_keys(StoreSettings(server_keys=b64encode(new_key()).decode()))
    nonsense = examine_keys(StoreSettings(server_keys="nonsense"))
    nobody = examine_keys(StoreSettings(server_keys_factory="nowhere:make"))

    found = (gone, never, other, nonsense, nobody)
    assert [finding.well for finding in found] == [False] * 5
    assert all(finding.action for finding in found)
    assert f"{kim} is missing, which wraps the keys of 1 account" in other.detail
    assert not file.exists()


def test_the_doctor_asks_a_factory_whether_its_keys_open(
    settings: StoreSettings, kim: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot be asked which keys it has."""
    monkeypatch.setattr("tests.tandem.test_keys.SERVICE", LocalServerKeys(file=settings.resolved_server_keys_file))
    by_factory = StoreSettings(server_keys_factory="tests.tandem.test_keys:make_service")

    assert examine_keys(by_factory).detail == f"{kim} from TANDEM_SERVER_KEYS_FACTORY"
    monkeypatch.setattr("tests.tandem.test_keys.SERVICE", LocalServerKeys(text=b64encode(new_key()).decode()))
    assert not examine_keys(by_factory).well


def test_nothing_is_missing_before_the_first_start(tmp_path: Path) -> None:
    """There is nothing to open yet."""
    finding = examine_keys(ServiceSettings(data_folder=tmp_path))

    assert (finding.well, finding.detail) == (True, "made at the first start")
    assert list(tmp_path.iterdir()) == []


SERVICE: LocalServerKeys | None = None


def make_service() -> LocalServerKeys | None:
    """What a test has put there."""
    return SERVICE


def test_a_key_that_is_gone_is_asked_for_and_never_replaced(settings: StoreSettings, kim: str) -> None:
    """A new one would let people sign up, and hide that nobody else can be read."""
    settings.resolved_server_keys_file.unlink()

    said("migrate", status=1)

    assert not settings.resolved_server_keys_file.exists()
    with pytest.raises(ServerKeyMissing, match="bring it back"):
        bring_up_to_date(settings)
