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
│   │   ├── UploadTooFragmented    in more requests than any recording needs
│   │   ├── ChecksumMismatch       a part was damaged on its way
│   │   ├── ChecksumUnsupported    an algorithm that is not known here
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
│   ├── PasswordWrong              of somebody who is signed in
│   ├── SignInTooOld               too long ago for what is asked for
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
│   │   ├── TranscriptVersionsFull
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

from schemas.errors.base import PermanentError, TandemError, TemporaryError
from schemas.errors.conflicts import (
    CheckInDeleted,
    CheckInIdTaken,
    CheckInUnsettled,
    Conflict,
    CorrectionIdTaken,
    CorrectionsFull,
    CorrectionUnknown,
    EmailTaken,
    ExportNotReady,
    IdentityTaken,
    LastWayIn,
    NothingHeard,
    StorageQuotaReached,
    TranscriptVersionsFull,
    UploadBusy,
    UploadOffsetWrong,
    UploadsFull,
)
from schemas.errors.faults import (
    LeaseLost,
    ModelInvalid,
    SealBroken,
    ServerKeyInvalid,
    TranscriptMissing,
    TransitionNotAllowed,
)
from schemas.errors.inputs import (
    ChecksumMismatch,
    ChecksumUnsupported,
    ContentLengthInvalid,
    CorrectionOutside,
    CursorInvalid,
    EmailUnverified,
    IdempotencyKeyReused,
    InvalidInput,
    ProviderUnknown,
    RangeNotSatisfiable,
    RecordingEmpty,
    RecordingTooLarge,
    RecordingTooLong,
    RecordingUnreadable,
    RecordingUnsupported,
    RequestTooLarge,
    TusVersionUnsupported,
    UploadIncomplete,
    UploadTooFragmented,
    UploadTooLong,
    UploadTypeUnsupported,
)
from schemas.errors.missing import (
    AccountNotFound,
    CheckInNotFound,
    ExportNotFound,
    IdentityNotFound,
    LettersOff,
    NotFound,
    ReceiptNotFound,
    RecordingDeleted,
    RecordingMissing,
    SessionNotFound,
    UploadNotFound,
)
from schemas.errors.passing import (
    DecoderUnavailable,
    IssuerUnavailable,
    LimitsUnavailable,
    ServerKeyMissing,
    StorageFull,
    StorageUnavailable,
    TooManyRequests,
)
from schemas.errors.signing_in import (
    CredentialsWrong,
    IdTokenInvalid,
    NotSignedIn,
    PasswordWrong,
    RefreshTokenInvalid,
    ResetTokenInvalid,
    SignInTooOld,
)

__all__ = [
    "AccountNotFound",
    "CheckInDeleted",
    "CheckInIdTaken",
    "CheckInNotFound",
    "CheckInUnsettled",
    "ChecksumMismatch",
    "ChecksumUnsupported",
    "Conflict",
    "ContentLengthInvalid",
    "CorrectionIdTaken",
    "CorrectionOutside",
    "CorrectionUnknown",
    "CorrectionsFull",
    "CredentialsWrong",
    "CursorInvalid",
    "DecoderUnavailable",
    "EmailTaken",
    "EmailUnverified",
    "ExportNotFound",
    "ExportNotReady",
    "IdTokenInvalid",
    "IdempotencyKeyReused",
    "IdentityNotFound",
    "IdentityTaken",
    "InvalidInput",
    "IssuerUnavailable",
    "LastWayIn",
    "LeaseLost",
    "LettersOff",
    "LimitsUnavailable",
    "ModelInvalid",
    "NotFound",
    "NotSignedIn",
    "NothingHeard",
    "PasswordWrong",
    "PermanentError",
    "ProviderUnknown",
    "RangeNotSatisfiable",
    "ReceiptNotFound",
    "RecordingDeleted",
    "RecordingEmpty",
    "RecordingMissing",
    "RecordingTooLarge",
    "RecordingTooLong",
    "RecordingUnreadable",
    "RecordingUnsupported",
    "RefreshTokenInvalid",
    "RequestTooLarge",
    "ResetTokenInvalid",
    "SealBroken",
    "ServerKeyInvalid",
    "ServerKeyMissing",
    "SessionNotFound",
    "SignInTooOld",
    "StorageFull",
    "StorageQuotaReached",
    "StorageUnavailable",
    "TandemError",
    "TemporaryError",
    "TooManyRequests",
    "TranscriptMissing",
    "TranscriptVersionsFull",
    "TransitionNotAllowed",
    "TusVersionUnsupported",
    "UploadBusy",
    "UploadIncomplete",
    "UploadNotFound",
    "UploadOffsetWrong",
    "UploadTooFragmented",
    "UploadTooLong",
    "UploadTypeUnsupported",
    "UploadsFull",
]
