"""The same thing may work later."""

from schemas.errors.base import TemporaryError


class StorageFull(TemporaryError):
    """No room for the recording (RFC 4918, 11.5: 507)."""

    title = "The server has no room for the recording"
    action = "Keep the recording on the phone and send it later."
    retry_after = 60


class StorageUnavailable(TemporaryError):
    """The database or the audio store does not answer."""

    title = "The store does not answer"
    action = "Keep the recording on the phone and send it again shortly."


class TooManyRequests(TemporaryError):
    """More of them than any person makes (RFC 6585, 4)."""

    title = "There were too many requests"
    action = "Wait as many seconds as Retry-After says, then send it again."

    def __init__(self, *, retry_after: int) -> None:
        super().__init__(f"The next one is let through in {retry_after} s")
        self.retry_after = retry_after


class LimitsUnavailable(TemporaryError):
    """Attempts cannot be counted, so none is let through: unlimited guessing is worse than waiting."""

    title = "The request cannot be checked just now"
    action = "Try again shortly; whoever is signed in stays signed in."


class DecoderUnavailable(TemporaryError):
    """The decoding process could not be started, or was lost."""

    title = "The recording cannot be looked into just now"
    action = "Keep the recording on the phone and send it again shortly."


class IssuerUnavailable(TemporaryError):
    """Its keys cannot be fetched, so nobody can tell whether a token is its."""

    title = "The provider's keys cannot be had just now"
    action = "Try again shortly, or sign in in another way."


class ServerKeyMissing(TemporaryError):
    """The server key that wrapped an account's key is not there: it may come back."""

    title = "A server key is missing"
    action = "Keep the recording on the phone; whoever runs this server has to bring the key back."
    retry_after = 60
