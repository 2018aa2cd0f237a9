"""SMTP: letters handed to a mail server (RFC 6409), over TLS whose certificate is checked."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from enum import StrEnum
from urllib.parse import unquote, urlsplit

TIMEOUT_SECONDS = 10.0
"""For each answer of the server."""
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_PORTS = {"smtp": 587, "smtps": 465}
_FORM = "a mail server has the form smtp://user:password@host:587 or smtps://user:password@host"


class LineSecurity(StrEnum):
    """How the line to the server is protected."""

    TLS = "tls"
    """From the first byte."""
    STARTTLS = "starttls"
    """Before anything is said that matters. A server that cannot is refused."""
    NONE = "none"
    """On this machine."""


@dataclass(frozen=True)
class SmtpServer:
    """Where letters are handed over."""

    host: str
    port: int
    security: LineSecurity
    user: str = ""
    password: str = field(default="", repr=False)
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context, repr=False)

    def send(self, message: EmailMessage, *, to: str) -> None:
        """Returns once the server has taken it on. Raises OSError and smtplib.SMTPException, which is one."""
        with self._connected() as server:
            if self.security is LineSecurity.STARTTLS:
                server.starttls(context=self.tls)
            if self.user:
                server.login(self.user, self.password)
            server.send_message(message, to_addrs=[to])

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        if self.security is LineSecurity.TLS:
            with smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT_SECONDS, context=self.tls) as server:
                yield server
        else:
            with smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_SECONDS) as server:
                yield server


def smtp_server(url: str) -> SmtpServer:
    """Of smtp://user:password@host:587 or smtps://user:password@host:465. Raises ValueError, without the URL."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # it would quote a part of the password
        raise ValueError(_FORM) from None
    if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(_FORM)
    return SmtpServer(
        parts.hostname,
        port or _PORTS[parts.scheme],
        _security(parts.scheme, parts.hostname),
        unquote(parts.username or ""),
        unquote(parts.password or ""),
    )


def _security(scheme: str, host: str) -> LineSecurity:
    if scheme == "smtps":
        return LineSecurity.TLS
    return LineSecurity.NONE if host in _LOOPBACK else LineSecurity.STARTTLS
