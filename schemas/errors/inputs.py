"""The caller's words do not fit."""

from schemas.errors.base import PermanentError


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


class UploadTooFragmented(InvalidInput):
    """It came in more requests than any recording needs."""

    title = "The upload came in too many parts"
    action = "Create a new one for the same recording, and send larger parts."


class ChecksumMismatch(InvalidInput):
    """The bytes of a part are not those its checksum is of (tus 1.0, checksum)."""

    title = "The part was damaged on its way"
    action = "Send it again from the same offset; nothing of it was kept."


class ChecksumUnsupported(InvalidInput):
    """Upload-Checksum names an algorithm that is not known here (tus 1.0: 400)."""

    title = "This kind of checksum is not known here"
    action = "Send one of those that OPTIONS names in Tus-Checksum-Algorithm, or none."


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
