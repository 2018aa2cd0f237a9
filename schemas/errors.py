"""Everything that goes wrong in a way we foresaw.

TandemError
├── PermanentError                 trying again changes nothing
│   ├── InvalidInput               the caller's words do not fit
│   │   ├── RecordingEmpty
│   │   ├── RecordingTooLarge
│   │   ├── RecordingTooLong
│   │   ├── RecordingUnsupported   not audio of a format we know
│   │   ├── RecordingUnreadable    a known format, but damaged
│   │   ├── RangeNotSatisfiable
│   │   ├── RequestTooLarge        a body that is no recording
│   │   ├── ContentLengthInvalid   no number, or two
│   │   ├── UploadIncomplete
│   │   ├── UploadTypeUnsupported  a part that is not sent as one
│   │   ├── UploadTooLong          more bytes than it said it would have
│   │   ├── ChecksumMismatch       a part was damaged on its way
│   │   ├── TusVersionUnsupported
│   │   ├── IdempotencyKeyReused   for another request
│   │   ├── CursorInvalid
│   │   ├── ProviderUnknown        nobody whose ID tokens are taken here
│   │   ├── EmailUnverified        an ID token without an e-mail to make an account with
│   │   └── CorrectionOutside      a correction of words that are not there
│   ├── NotSignedIn
│   │   ├── CredentialsWrong
│   │   ├── RefreshTokenInvalid
│   │   ├── IdTokenInvalid
│   │   └── ResetTokenInvalid
│   ├── NotFound                   not there, or not yours: they look the same
│   │   ├── AccountNotFound        it was deleted
│   │   ├── CheckInNotFound
│   │   ├── UploadNotFound         or it has expired
│   │   ├── SessionNotFound
│   │   ├── ExportNotFound
│   │   ├── ReceiptNotFound
│   │   ├── IdentityNotFound
│   │   ├── LettersOff             this server sends none
│   │   ├── RecordingMissing       the stored file is gone
│   │   └── RecordingDeleted       its speaker wanted it kept no longer
│   ├── Conflict
│   │   ├── EmailTaken
│   │   ├── IdentityTaken          linked to another account
│   │   ├── LastWayIn              an account that nobody could sign in to
│   │   ├── CheckInIdTaken         the id belongs to another recording
│   │   ├── CheckInDeleted
│   │   ├── CorrectionIdTaken      the id belongs to another correction
│   │   ├── CorrectionUnknown      it revokes one that is not there
│   │   ├── CorrectionsFull
│   │   ├── NothingHeard           there is no transcript to correct
│   │   ├── UploadOffsetWrong      a part that does not begin where the last one ended
│   │   ├── UploadBusy             another request writes at it
│   │   ├── UploadsFull            too many are open
│   │   ├── StorageQuotaReached    the account has no room left
│   │   ├── ExportNotReady
│   │   └── CheckInUnsettled       it is still being worked on
│   ├── TransitionNotAllowed       a bug: a state was moved off its graph
│   ├── TranscriptMissing          a bug: it waits to be tagged and was never transcribed
│   ├── LeaseLost                  another attempt owns the work
│   ├── SealBroken                 it is not what was sealed, or not for this place, or not with this key
│   ├── ServerKeyInvalid
│   └── ModelInvalid               the model files are missing or altered
└── TemporaryError                 the same thing may work later
    ├── StorageFull
    ├── StorageUnavailable
    ├── TooManyRequests            from this address, for this e-mail, or of this account
    ├── LimitsUnavailable          nobody can count them just now
    ├── IssuerUnavailable          of ID tokens
    ├── ServerKeyMissing           the key that wraps the keys of accounts
    └── DecoderUnavailable

Each class says what happened (`title`) and what to do (`action`). A message never holds what a person said.
"""

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


class InvalidInput(PermanentError):
    """The caller's words do not fit."""

    title = "The request does not fit"
    action = "Correct what is named in `fields` or `detail` and send it again."


class RecordingEmpty(InvalidInput):
    """No byte of audio arrived."""

    title = "The recording is empty"
    action = "Record again; if it stays empty, check the app's permission to use the microphone."


class RecordingTooLarge(InvalidInput):
    """More bytes than the limit."""

    title = "The recording has too many bytes"
    action = "Record in a compressed format (Opus or AAC), or send it in shorter parts."


class RecordingTooLong(InvalidInput):
    """More minutes than the limit."""

    title = "The recording is too long"
    action = "Send it in shorter parts."


class RecordingUnsupported(InvalidInput):
    """Not audio of a format we know."""

    title = "This is not a recording we can read"
    action = "Send m4a, aac, mp3, ogg, opus, webm, wav, flac, 3gp, amr, caf, or mp4 with an audio track."


class RecordingUnreadable(InvalidInput):
    """A known format, but damaged."""

    title = "The recording is damaged"
    action = "Keep it on the phone, export it again in another format, and send that."


class RangeNotSatisfiable(InvalidInput):
    """A byte range outside the recording (RFC 9110, 14.4)."""

    title = "The range lies outside the recording"
    action = "Ask for a range inside the size given in Content-Range."

    def __init__(self, size: int) -> None:
        super().__init__(f"The recording has {size} bytes")
        self.size = size


class RequestTooLarge(InvalidInput):
    """A body that is no recording has more bytes than any that makes sense."""

    title = "The request has too many bytes"
    action = "Send a recording to POST /v1/check-ins; everything else is short."


class ContentLengthInvalid(InvalidInput):
    """Content-Length is no number of bytes (RFC 9112, 6.3)."""

    title = "The request does not say how long it is"
    action = "Send Content-Length once, as the number of bytes of the body."


class UploadIncomplete(InvalidInput):
    """The body ended before it was whole."""

    title = "The upload broke off"
    action = "Send the recording again with the same id; nothing was stored."


class UploadTypeUnsupported(InvalidInput):
    """A part of an upload is sent as application/offset+octet-stream (tus 1.0)."""

    title = "This is not a part of an upload"
    action = "Send it with Content-Type: application/offset+octet-stream."


class UploadTooLong(InvalidInput):
    """More bytes than Upload-Length said."""

    title = "The upload has more bytes than it said"
    action = "Ask for its offset with HEAD, and send what is left of Upload-Length."


class ChecksumMismatch(InvalidInput):
    """The bytes of a part are not those its checksum is of (tus 1.0, checksum)."""

    title = "The part was damaged on its way"
    action = "Send it again from the same offset; nothing of it was kept."


class TusVersionUnsupported(InvalidInput):
    """Tus-Resumable is missing, or names another version."""

    title = "This version of tus is not spoken here"
    action = "Send Tus-Resumable: 1.0.0."


class IdempotencyKeyReused(InvalidInput):
    """The key came with another request before."""

    title = "This Idempotency-Key belongs to another request"
    action = "Send each new request with a key of its own, and the same key only with the same request."


class CursorInvalid(InvalidInput):
    """A cursor that we did not give out."""

    title = "The cursor is not one of ours"
    action = "Start again without a cursor."


class ProviderUnknown(InvalidInput):
    """An issuer of ID tokens that this server was not set up with."""

    title = "This provider is not set up here"
    action = "Sign in in another way, or ask whoever runs this server to set it up."


class EmailUnverified(InvalidInput):
    """An account needs an e-mail, and the issuer vouches for none."""

    title = "The provider tells no e-mail that it has verified"
    action = "Let the app ask for the e-mail, or sign up with e-mail and password and link the provider then."


class CorrectionOutside(InvalidInput):
    """A correction whose characters hold no word of the transcript."""

    title = "There are no words at this place"
    action = "Read the check-in again and send `start` and `end` as characters of its present transcript."


class NotSignedIn(PermanentError):
    """No token, or one that is not good any more."""

    title = "Not signed in"
    action = "Refresh the session, or sign in again."


class CredentialsWrong(NotSignedIn):
    """E-mail and password do not belong together; which of them is wrong is not told."""

    title = "E-mail or password is wrong"
    action = "Check both and try again."


class RefreshTokenInvalid(NotSignedIn):
    """Unknown, expired, or used before: then its whole session has been revoked."""

    title = "The session is over"
    action = "Sign in again."


class IdTokenInvalid(NotSignedIn):
    """Not issued by the provider, not for this app and sign-in, expired, or used before."""

    title = "The ID token is not good"
    action = "Sign in with the provider again, with a new nonce, and send the new token once."


class ResetTokenInvalid(NotSignedIn):
    """Unknown, expired, or used before."""

    title = "The code of the letter is not good, or not any more"
    action = "Ask for a new letter and use the newest; it works once."


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


class Conflict(PermanentError):
    """It does not go with what is already there."""

    title = "It does not go with what is already there"
    action = "Read the present state and decide again."


class EmailTaken(Conflict):
    """An account with this e-mail exists."""

    title = "An account with this e-mail exists"
    action = "Sign in to it as before, then link Apple or Google to it; or sign up with another e-mail."


class IdentityTaken(Conflict):
    """Whoever it is has another account."""

    title = "This way to sign in belongs to another account"
    action = "Sign in with it, or remove it from the other account first."


class LastWayIn(Conflict):
    """Without it nobody could sign in to the account."""

    title = "There is no other way to sign in to this account"
    action = "Link another one, or set a password with POST /v1/password-resets, then remove it."


class CheckInIdTaken(Conflict):
    """The id belongs to another recording."""

    title = "This id belongs to another recording"
    action = "Send the recording with a new id."


class CheckInDeleted(Conflict):
    """A check-in with this id was deleted and does not come back."""

    title = "This check-in was deleted"
    action = "Forget the recording, or send it with a new id if it is to be kept after all."


class CorrectionIdTaken(Conflict):
    """The id belongs to another correction."""

    title = "This id belongs to another correction"
    action = "Send the correction with a new id."


class CorrectionUnknown(Conflict):
    """It revokes a correction that this check-in does not have, or one that revokes itself."""

    title = "There is no such correction to take back"
    action = "Read the history of corrections and send the id of one of them."


class CorrectionsFull(Conflict):
    """More corrections than anybody makes by hand."""

    title = "This check-in has too many corrections"
    action = "Run the check-in again, or delete it: no further correction is kept."


class NothingHeard(Conflict):
    """A check-in without transcript and tags has nothing to correct."""

    title = "There is nothing to correct"
    action = "Wait until the check-in is ready; one without speech has no tags."


class UploadOffsetWrong(Conflict):
    """A part has to begin where the last one ended."""

    title = "The part does not begin where the last one ended"
    action = "Ask for the offset with HEAD and go on from there."


class UploadBusy(Conflict):
    """Another request is writing at it (RFC 4918, 11.3: 423)."""

    title = "Another request is writing at this upload"
    action = "Wait a few seconds, ask for the offset with HEAD and go on from there."


class UploadsFull(Conflict):
    """More uploads than any phone has open."""

    title = "Too many uploads are open"
    action = "Finish or delete some of them; those left alone expire by themselves."


class StorageQuotaReached(Conflict):
    """The account has as many bytes of recordings as it may (RFC 4918, 11.5: 507)."""

    title = "The account has no room left for recordings"
    action = "Keep the recording on the phone; delete check-ins, or have recordings deleted after some days."


class ExportNotReady(Conflict):
    """Its file is not there yet."""

    title = "The export is not ready"
    action = "Ask for it again until its state is ready; if it failed, ask for a new one."


class CheckInUnsettled(Conflict):
    """It is still being worked on."""

    title = "The check-in is still being worked on"
    action = "Wait until it is ready, no_speech or failed."


class TransitionNotAllowed(PermanentError):
    """A bug: a state was moved off its graph."""

    title = "A check-in cannot move between these states"


class TranscriptMissing(PermanentError):
    """A bug: a check-in waits to be tagged and has no transcript."""

    title = "There is no transcript to tag"


class LeaseLost(PermanentError):
    """Another attempt owns the work now; whatever was done here is dropped."""

    title = "Another attempt has taken this work over"


class SealBroken(PermanentError):
    """Ciphertext that does not open: it was altered, moved, cut, or sealed with another key."""

    title = "What is stored here cannot be opened"
    action = "Tell whoever runs this server: a key or a backup does not belong to this database."


class ServerKeyInvalid(PermanentError):
    """A setting or file of server keys that holds something else."""

    title = "The server keys cannot be read"
    action = "Each is 32 bytes in base64, one a line; docs/security.md tells where they come from."


class ModelInvalid(PermanentError):
    """The model files are missing or are not the published ones."""

    title = "The speech model is missing or altered"
    action = "Run `tandem doctor`."


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
