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
│   │   ├── UploadIncomplete
│   │   ├── CursorInvalid
│   │   └── CorrectionOutside      a correction of words that are not there
│   ├── NotSignedIn
│   │   ├── CredentialsWrong
│   │   └── RefreshTokenInvalid
│   ├── NotFound                   not there, or not yours: they look the same
│   │   ├── CheckInNotFound
│   │   └── RecordingMissing       the stored file is gone
│   ├── Conflict
│   │   ├── EmailTaken
│   │   ├── CheckInIdTaken         the id belongs to another recording
│   │   ├── CheckInDeleted
│   │   ├── CorrectionIdTaken      the id belongs to another correction
│   │   ├── CorrectionUnknown      it revokes one that is not there
│   │   ├── CorrectionsFull
│   │   ├── NothingHeard           there is no transcript to correct
│   │   └── CheckInUnsettled       it is still being worked on
│   ├── TransitionNotAllowed       a bug: a state was moved off its graph
│   ├── TranscriptMissing          a bug: it waits to be tagged and was never transcribed
│   ├── LeaseLost                  another attempt owns the work
│   └── ModelInvalid               the model files are missing or altered
└── TemporaryError                 the same thing may work later
    ├── StorageFull
    ├── StorageUnavailable
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

    retry_after: ClassVar[int] = 5
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


class UploadIncomplete(InvalidInput):
    """The body ended before it was whole."""

    title = "The upload broke off"
    action = "Send the recording again with the same id; nothing was stored."


class CursorInvalid(InvalidInput):
    """A cursor that we did not give out."""

    title = "The cursor is not one of ours"
    action = "Start again without a cursor."


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


class NotFound(PermanentError):
    """Not there, or not yours: they look the same."""

    title = "Not found"
    action = "Check the address."


class CheckInNotFound(NotFound):
    """No such check-in for this account."""

    title = "There is no such check-in"
    action = "Refresh the list of check-ins."


class RecordingMissing(NotFound):
    """The row is there, the file is not."""

    title = "The recording cannot be found"
    action = "Send it again as a new check-in if the phone still holds it."


class Conflict(PermanentError):
    """It does not go with what is already there."""

    title = "It does not go with what is already there"
    action = "Read the present state and decide again."


class EmailTaken(Conflict):
    """An account with this e-mail exists."""

    title = "An account with this e-mail exists"
    action = "Sign in, or sign up with another e-mail."


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


class DecoderUnavailable(TemporaryError):
    """The decoding process could not be started, or was lost."""

    title = "The recording cannot be looked into just now"
    action = "Keep the recording on the phone and send it again shortly."
