"""The roots of the tree: what stays, and what may pass."""

from typing import ClassVar


class TandemError(Exception):
    """Base of all. `detail` says what happened this time; it goes to the caller and into no log."""

    title: ClassVar[str] = "Something went wrong"
    action: ClassVar[str] = "Try again; if it stays, tell whoever runs this server."

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title


class PermanentError(TandemError):
    """Trying again changes nothing."""


class TemporaryError(TandemError):
    """The same thing may work later."""

    retry_after: int = 5
    """Seconds to wait before trying again."""
