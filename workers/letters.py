"""Letters: what somebody gets who forgot their password, and when it is sent, again if need be."""

import re
import smtplib
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

import structlog

from store.opening import Store
from store.password_resets import LIFETIME, DueLetter
from workers.smtp import SmtpServer

CODE = "{token}"
_DOMAIN = re.compile(r"[\w-]+(\.[\w-]+)*")
SUBJECT = "Tandem: choose a new password"
TEXT = """\
Somebody asked for a new password for the Tandem account with this e-mail.

{what_to_do}

    {code}

It works once, for {minutes} minutes. If it was not you, do nothing: the password stays as it is.
"""

log = structlog.get_logger()


@dataclass(frozen=True)
class Letters:
    """Sends the letters that are due."""

    store: Store
    server: SmtpServer
    sender: Address
    reset_url: str
    """With {token} in the place of the code. Empty: the letter shows the code itself."""

    def send_due(self) -> None:
        """All that are due now. One that fails for the moment is tried again later, three times at most."""
        while (letter := self._claim()) is not None:
            if self._is_settled(letter):
                with self.store.unit_of_work() as work:
                    work.password_resets.finish(letter)

    def _claim(self) -> DueLetter | None:
        with self.store.reading() as reading:  # a look that takes no lock: there is mostly nothing
            reset_id = reading.password_resets.next_due(now=self.store.clock())
        if reset_id is None:
            return None
        with self.store.unit_of_work() as work:
            return work.password_resets.claim(reset_id, now=self.store.clock())

    def _is_settled(self, letter: DueLetter) -> bool:
        """Sent, or of no use to try again."""
        recipient = _recipient(letter.email)
        if recipient is None:
            log.warning("letter.refused", attempt=letter.attempt, reason="the e-mail is none")
            return True
        try:
            self.server.send(self._write(letter, recipient), to=recipient.addr_spec)
        except OSError as error:
            log.warning("letter.not_sent", attempt=letter.attempt, exc_info=error)
            return _is_final(error)
        log.info("letter.sent", attempt=letter.attempt)
        return True

    def _write(self, letter: DueLetter, recipient: Address) -> EmailMessage:
        message = EmailMessage()
        message["Subject"] = SUBJECT
        message["From"] = self.sender
        message["To"] = recipient
        message["Date"] = format_datetime(self.store.clock())
        message["Message-ID"] = make_msgid(domain=self.sender.domain)
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(
            TEXT.format(
                what_to_do="To choose one, open:" if self.reset_url else "To choose one, put this code into the app:",
                code=self.reset_url.replace(CODE, letter.token) or letter.token,
                minutes=int(LIFETIME.total_seconds() // 60),
            )
        )
        return message


def _recipient(email: str) -> Address | None:
    """Exactly one, quoted where need be; None: it is no e-mail. When somebody signs up only its shape is checked."""
    user, _, domain = email.rpartition("@")
    return Address(username=user, domain=domain) if _DOMAIN.fullmatch(domain) else None


def _is_final(error: OSError) -> bool:
    """The server knows no such recipient: 5xx. With 4xx it may take them later (RFC 5321, 4.2.1)."""
    if not isinstance(error, smtplib.SMTPRecipientsRefused):
        return False
    return all(code >= 500 for code, _ in error.recipients.values())


def read_sender(text: str) -> Address:
    """Of `Tandem <no-reply@example.org>`, or the address alone. Raises ValueError."""
    message = EmailMessage()
    message["From"] = text
    match message["From"].addresses:
        case (Address(username=str(user), domain=str(domain)) as sender,) if user and domain:
            return sender
    raise ValueError("a sender has the form Tandem <no-reply@example.org>")
