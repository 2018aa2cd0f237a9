"""It does not go with what is already there."""

from schemas.errors.base import PermanentError


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


class TranscriptVersionsFull(Conflict):
    """More edits than anybody makes by hand."""

    title = "This transcript was edited too often"
    action = "Leave it as it reads, or run the check-in again to hear it anew: no further edit is kept."


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
