"""Not there, or not yours: they look the same."""

from schemas.errors.base import PermanentError


class NotFound(PermanentError):
    """Not there, or not yours: they look the same."""

    title = "Not found"
    action = "Check the address."


class AccountNotFound(NotFound):
    """It was deleted, and its key with it."""

    title = "There is no such account"
    action = "Nothing is left of it; sign up again if you want to."


class CheckInNotFound(NotFound):
    """No such check-in for this account."""

    title = "There is no such check-in"
    action = "Refresh the list of check-ins."


class UploadNotFound(NotFound):
    """No such upload for this account, or it has expired."""

    title = "There is no such upload"
    action = "Create a new one for the same recording."


class SessionNotFound(NotFound):
    """No such session for this account."""

    title = "There is no such session"
    action = "Refresh the list of sessions."


class ReceiptNotFound(NotFound):
    """No receipt has this id."""

    title = "There is no such receipt"
    action = "Check its id."


class ExportNotFound(NotFound):
    """No such export for this account, or it has expired."""

    title = "There is no such export"
    action = "Ask for a new one."


class IdentityNotFound(NotFound):
    """This account is not linked to it."""

    title = "There is no such way to sign in"
    action = "Refresh the list of identities."


class LettersOff(NotFound):
    """No mail server was set up."""

    title = "This server sends no letters"
    action = "Ask whoever runs this server; TANDEM_SMTP_URL sets it up."


class RecordingMissing(NotFound):
    """The row is there, the file is not."""

    title = "The recording cannot be found"
    action = "Send it again as a new check-in if the phone still holds it."


class RecordingDeleted(NotFound):
    """Its speaker wanted it kept no longer; the transcript stays."""

    title = "The recording was deleted, as its speaker had chosen"
    action = "Read the transcript; PATCH /v1/accounts/me sets how long recordings are kept."
