"""A letter with a code reaches whoever forgot their password: once, over a safe line, and later if need be."""

import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from email.headerregistry import Address
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from redis import Redis

from schemas.errors import ResetTokenInvalid
from store.database import Database
from store.janitor import tidy
from store.opening import Store, utc_now
from store.password_resets import DueLetter
from store.tables import PasswordReset
from tests.conftest import FakeClock
from tests.making import make_account
from tests.waiting import wait_until
from tests.workers.mailing import PASSWORD, USER, Certificate, Mailbox, mail_server, make_certificate
from workers.letters import Letters, read_sender
from workers.settings import WorkerSettings
from workers.smtp import LineSecurity, SmtpServer, smtp_server

SENDER = Address("Tandem", "no-reply", "example.org")


@pytest.fixture
def mailbox() -> Mailbox:
    """Empty."""
    return Mailbox()


@pytest.fixture
def listening(mailbox: Mailbox) -> Iterator[Mailbox]:
    """With a server in front of it that wants neither TLS nor a password."""
    with mail_server(mailbox):
        yield mailbox


@pytest.fixture
def account_id(store: Store) -> UUID:
    """Somebody at kim@example.org."""
    return make_account(store)


def ask(store: Store, account_id: UUID) -> None:
    """I forgot mine."""
    with store.unit_of_work() as work:
        work.password_resets.ask(account_id, now=store.clock())


def letters_of(store: Store, mailbox: Mailbox, *, reset_url: str = "", **server: object) -> Letters:
    """What sends to the mailbox."""
    plain = SmtpServer("127.0.0.1", mailbox.port, LineSecurity.NONE)
    return Letters(store, replace(plain, **server), SENDER, reset_url)  # type: ignore[arg-type]


def code_in(mailbox: Mailbox) -> str:
    """Of the newest letter: it stands in a line by itself."""
    lines = str(mailbox.letters[-1].get_content()).splitlines()
    return next(line.strip() for line in lines if line.startswith("    "))


def owner(store: Store, token: str) -> UUID | None:
    """Whose password the token sets."""
    with store.reading() as reading:
        try:
            return reading.password_resets.check(token, now=store.clock())
        except ResetTokenInvalid:
            return None


def rows(store: Store) -> list[PasswordReset]:
    """As they stand."""
    with store.database.reading() as session:
        return list(session.query(PasswordReset))


def test_a_letter_that_is_asked_for_arrives_once(store: Store, account_id: UUID, listening: Mailbox) -> None:
    """With a code that is good, and that stands nowhere else: the database has its digest."""
    letters = letters_of(store, listening)
    letters.send_due()
    assert listening.letters == []

    ask(store, account_id)
    letters.send_due()
    letters.send_due()

    assert [envelope.rcpt_tos for envelope in listening.envelopes] == [["kim@example.org"]]
    token = code_in(listening)
    assert owner(store, token) == account_id
    assert len(token) >= 43
    assert [(row.due_at, row.digest is None) for row in rows(store)] == [(None, False)]
    assert token.encode() not in (rows(store)[0].digest or b"")


def test_a_letter_is_plain_and_says_what_it_is(store: Store, account_id: UUID, listening: Mailbox) -> None:
    """No answer is wanted of an absence note; nothing can be fetched; nothing tells what Tandem is for."""
    ask(store, account_id)
    letters_of(store, listening).send_due()

    letter = listening.letters[0]
    assert letter["Auto-Submitted"] == "auto-generated"
    assert (letter["From"], letter["To"]) == ("Tandem <no-reply@example.org>", "kim@example.org")
    assert letter["Message-ID"].endswith("@example.org>")
    assert letter["Date"].datetime == store.clock()
    assert (letter.get_content_type(), letter.is_multipart()) == ("text/plain", False)
    text = letter.get_content()
    assert "30 minutes" in text
    assert "http" not in text
    assert "kim" not in text
    assert {"check-in", "record", "feeling", "partner"} & set(text.lower().split()) == set()


@pytest.mark.parametrize("reset_url", ["https://app.example.org/a/long/way/to/reset#{token}", "tandem://reset/{token}"])
def test_a_letter_leads_to_the_app_where_it_has_a_link(
    store: Store, account_id: UUID, listening: Mailbox, reset_url: str
) -> None:
    """Whole, however the line is broken on its way."""
    ask(store, account_id)
    letters_of(store, listening, reset_url=reset_url).send_due()

    before, after = reset_url.split("{token}")
    link = code_in(listening)
    assert link.startswith(before)
    assert owner(store, link.removeprefix(before).removesuffix(after)) == account_id


def test_a_letter_is_sent_later_while_the_server_is_away(
    store: Store, account_id: UUID, mailbox: Mailbox, clock: FakeClock
) -> None:
    """Two minutes later, and then only once."""
    with mail_server(mailbox):
        pass
    letters = letters_of(store, mailbox)
    ask(store, account_id)
    letters.send_due()

    with mail_server(mailbox, port=mailbox.port):
        letters.send_due()
        assert mailbox.letters == []
        clock.advance(minutes=2)
        letters.send_due()
        clock.advance(minutes=30)
        letters.send_due()

    assert len(mailbox.letters) == 1


def test_a_letter_is_tried_three_times(store: Store, account_id: UUID, mailbox: Mailbox, clock: FakeClock) -> None:
    """After two and eight minutes more; then it is given up, and another can be asked for."""
    with mail_server(mailbox):
        pass
    letters = letters_of(store, mailbox)
    ask(store, account_id)
    tries = []
    for _ in range(20):
        letters.send_due()
        tries.append(rows(store)[0].tries)
        clock.advance(minutes=1)

    assert [tries.index(number) for number in (1, 2, 3)] == [0, 2, 10]
    assert tries[-1] == 3
    ask(store, account_id)
    assert len(rows(store)) == 2


@pytest.mark.parametrize(("refusal", "tries"), [("550 No such user", 1), ("450 Busy", 2)])
def test_a_recipient_that_there_is_not_is_not_tried_again(
    store: Store, account_id: UUID, listening: Mailbox, clock: FakeClock, refusal: str, tries: int
) -> None:
    """One who cannot take it for the moment is."""
    listening.refusal = refusal
    letters = letters_of(store, listening)
    ask(store, account_id)
    letters.send_due()
    clock.advance(minutes=2)
    letters.send_due()

    assert rows(store)[0].tries == tries


@pytest.mark.parametrize(
    ("email", "recipients"),
    [
        ("sam,pat@example.org", ['"sam,pat"@example.org']),
        ("<sam>@example.org", ['"<sam>"@example.org']),
        ("pat@example,org", []),
        ("pat@<sam", []),
        ("pat@", []),
    ],
)
def test_an_odd_email_reaches_nobody_else_and_keeps_nobody_waiting(
    store: Store, account_id: UUID, listening: Mailbox, email: str, recipients: list[str]
) -> None:
    """Only its shape was checked when somebody signed up with it."""
    ask(store, make_account(store, email))
    ask(store, account_id)
    letters_of(store, listening).send_due()

    assert [envelope.rcpt_tos for envelope in listening.envelopes if envelope.rcpt_tos != ["kim@example.org"]] == [
        recipients
    ][: len(recipients)]
    assert ["kim@example.org"] in [envelope.rcpt_tos for envelope in listening.envelopes]


def test_an_email_outside_of_ascii_gets_its_letter(store: Store, listening: Mailbox) -> None:
    """Where the mail server can (RFC 6531)."""
    ask(store, make_account(store, "zoë@example.org"))
    letters_of(store, listening).send_due()

    assert [envelope.rcpt_tos for envelope in listening.envelopes] == [["zoë@example.org"]]


def test_a_letter_on_its_way_is_not_asked_for_twice(store: Store, account_id: UUID, listening: Mailbox) -> None:
    """Impatience sends no second one; a new wish, once it has arrived, does."""
    letters = letters_of(store, listening)
    ask(store, account_id)
    ask(store, account_id)
    letters.send_due()
    assert len(listening.letters) == 1
    first = code_in(listening)

    ask(store, account_id)
    letters.send_due()

    assert len(listening.letters) == 2
    assert (owner(store, first), owner(store, code_in(listening))) == (account_id, account_id)


def claim(store: Store) -> DueLetter | None:
    """As a worker does."""
    with store.unit_of_work() as work:
        return work.password_resets.claim(rows(store)[0].id, now=store.clock())


def test_only_one_worker_sends_a_letter(store: Store, account_id: UUID) -> None:
    """The other finds nothing to do."""
    ask(store, account_id)

    assert claim(store) is not None
    assert claim(store) is None


def test_a_letter_of_a_worker_that_died_is_sent_by_another(store: Store, account_id: UUID, clock: FakeClock) -> None:
    """With a new code. Should the first one come back, it changes nothing."""
    ask(store, account_id)
    lost = claim(store)
    clock.advance(minutes=2)
    taken_over = claim(store)
    assert lost is not None
    assert taken_over is not None

    with store.unit_of_work() as work:
        work.password_resets.finish(lost)

    assert rows(store)[0].due_at is not None
    assert (owner(store, lost.token), owner(store, taken_over.token)) == (None, account_id)


def test_a_letter_nobody_sent_in_an_hour_is_not_sent_any_more(
    store: Store, account_id: UUID, listening: Mailbox, clock: FakeClock
) -> None:
    """Whoever asked has gone away. The janitor forgets it."""
    ask(store, account_id)
    clock.advance(minutes=61)
    letters_of(store, listening).send_due()
    assert (listening.letters, len(rows(store))) == ([], 1)

    tidy(store)
    assert rows(store) == []


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    """Of the server."""
    return make_certificate(tmp_path)


def test_with_starttls_the_password_and_the_letter_go_over_tls(
    sqlite_store: Store, mailbox: Mailbox, certificate: Certificate
) -> None:
    """The server takes neither before."""
    ask(sqlite_store, make_account(sqlite_store))
    login = {"user": USER, "password": PASSWORD}
    options: dict[str, Any] = {"tls_context": certificate.server, "require_starttls": True, "with_login": True}
    with mail_server(mailbox, **options):
        letters_of(sqlite_store, mailbox, security=LineSecurity.STARTTLS, tls=certificate.trusting, **login).send_due()

    assert (mailbox.over_tls, mailbox.logged_in) == ([True], [True])


def test_tls_from_the_first_byte(sqlite_store: Store, mailbox: Mailbox, certificate: Certificate) -> None:
    """smtps."""
    ask(sqlite_store, make_account(sqlite_store))
    with mail_server(mailbox, ssl_context=certificate.server):
        letters_of(sqlite_store, mailbox, security=LineSecurity.TLS, tls=certificate.trusting).send_due()

    assert mailbox.over_tls == [True]


@pytest.mark.parametrize("security", [LineSecurity.STARTTLS, LineSecurity.TLS])
def test_a_certificate_that_nobody_vouches_for_is_not_taken(
    sqlite_store: Store, mailbox: Mailbox, certificate: Certificate, security: LineSecurity
) -> None:
    """Nothing is handed over; the letter is tried again later."""
    ask(sqlite_store, make_account(sqlite_store))
    how: dict[str, Any] = {"tls_context": certificate.server}
    if security is LineSecurity.TLS:
        how = {"ssl_context": certificate.server}
    with mail_server(mailbox, **how):
        letters_of(sqlite_store, mailbox, security=security, tls=ssl.create_default_context()).send_due()

    assert mailbox.letters == []
    assert rows(sqlite_store)[0].due_at is not None


def test_a_server_that_cannot_starttls_gets_nothing(sqlite_store: Store, listening: Mailbox) -> None:
    """Somebody in between may have taken the offer out."""
    ask(sqlite_store, make_account(sqlite_store))
    letters_of(sqlite_store, listening, security=LineSecurity.STARTTLS).send_due()

    assert listening.letters == []


@pytest.mark.parametrize(("password", "arrived"), [(PASSWORD, 1), ("wrong", 0)])
def test_a_login_is_as_the_url_says(sqlite_store: Store, mailbox: Mailbox, password: str, arrived: int) -> None:
    """A server on this machine may do without TLS, and still want to know who it is."""
    ask(sqlite_store, make_account(sqlite_store))
    with mail_server(mailbox, with_login=True):
        letters_of(sqlite_store, mailbox, user=USER, password=password).send_due()

    assert mailbox.logged_in == [True] * arrived


@pytest.mark.parametrize(
    ("url", "host", "port", "security"),
    [
        ("smtp://mail.example.org", "mail.example.org", 587, LineSecurity.STARTTLS),
        ("smtp://mail.example.org:25", "mail.example.org", 25, LineSecurity.STARTTLS),
        ("smtps://mail.example.org", "mail.example.org", 465, LineSecurity.TLS),
        ("smtp://127.0.0.1:25", "127.0.0.1", 25, LineSecurity.NONE),
        ("smtp://[::1]:25/", "::1", 25, LineSecurity.NONE),
        ("smtps://localhost", "localhost", 465, LineSecurity.TLS),
    ],
)
def test_a_url_says_where_and_how(url: str, host: str, port: int, security: LineSecurity) -> None:
    """Without TLS only on this machine."""
    server = smtp_server(url)

    assert (server.host, server.port, server.security, server.user) == (host, port, security, "")


def test_a_password_is_decoded_and_never_shown() -> None:
    """Neither by the object nor by the error of a URL that is none."""
    server = smtp_server("smtp://me%40example.org:a%3Ab%2Fc%40d@mail.example.org")
    assert (server.user, server.password) == ("me@example.org", PASSWORD)
    assert PASSWORD not in repr(server)

    for wrong in ("smtp://me:se/cret@mail.example.org", "http://me:secret@mail.example.org", "smtp://me:secret@"):
        with pytest.raises(ValueError, match="a mail server has the form") as raised:
            smtp_server(wrong)
        assert "se" not in str(raised.value).removeprefix("a mail server has the form").split()


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"smtp_url": "smtp://mail.example.org"}, "mail_from"),
        ({"smtp_url": "mail.example.org", "mail_from": "no-reply@example.org"}, "smtp_url"),
        ({"mail_from": "Tandem"}, "mail_from"),
        ({"mail_from": "a@example.org, b@example.org"}, "mail_from"),
        ({"reset_url": "https://app.example.org/reset"}, "reset_url"),
        ({"reset_url": "http://app.example.org/reset#{token}"}, "reset_url"),
        ({"reset_url": "/reset#{token}"}, "reset_url"),
    ],
    ids=str,
)
def test_settings_that_cannot_be_meant_end_the_start(settings: dict[str, str], name: str) -> None:
    """Before somebody waits for a letter."""
    with pytest.raises(ValueError, match=name):
        WorkerSettings(**settings)  # type: ignore[arg-type]


def test_a_sender_may_have_a_name() -> None:
    """Or not."""
    assert read_sender("Tandem <no-reply@example.org>") == SENDER
    assert read_sender("no-reply@example.org").addr_spec == "no-reply@example.org"


def test_the_light_worker_sends_letters(
    sqlite: Database, sqlite_store: Store, tmp_path: Path, redis: Redis, valkey_url: str, listening: Mailbox
) -> None:
    """The process as it runs, with its settings from the environment."""
    with sqlite_store.unit_of_work() as work:
        account = work.accounts.add("kim@example.org", password_hash="-", now=sqlite_store.clock())
    environment = {
        "TANDEM_DATA_FOLDER": str(tmp_path),
        "TANDEM_REDIS_URL": valkey_url,
        "TANDEM_SMTP_URL": f"smtp://127.0.0.1:{listening.port}",
        "TANDEM_MAIL_FROM": "no-reply@example.org",
    }
    worker = subprocess.Popen([sys.executable, "-m", "tandem", "worker", "light"], env=os.environ | environment)
    try:
        with sqlite_store.unit_of_work() as work:
            work.password_resets.ask(account.id, now=utc_now())
        wait_until(lambda: listening.letters, description="the letter arrives")
    finally:
        worker.terminate()
        worker.wait()
    assert len(code_in(listening)) >= 43
