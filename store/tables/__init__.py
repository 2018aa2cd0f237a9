"""The tables. Names are those of the domain; every moment is in UTC."""

from store.tables.base import Table
from store.tables.check_ins import (
    CheckIn,
    CorrectionRow,
    PartialTranscript,
    Tagging,
    Tombstone,
    TranscriptRow,
    TranscriptVersion,
)
from store.tables.people import (
    Account,
    AccountKey,
    OidcIdentity,
    PasswordReset,
    Session,
    Token,
    TokenPurpose,
    UsedIdToken,
)
from store.tables.records import Access, Change, DeletionReceipt, Export, Identity, StageTotal
from store.tables.uploads import IdempotencyKey, Upload, UploadPart

__all__ = [
    "Access",
    "Account",
    "AccountKey",
    "Change",
    "CheckIn",
    "CorrectionRow",
    "DeletionReceipt",
    "Export",
    "IdempotencyKey",
    "Identity",
    "OidcIdentity",
    "PartialTranscript",
    "PasswordReset",
    "Session",
    "StageTotal",
    "Table",
    "Tagging",
    "Token",
    "TokenPurpose",
    "Tombstone",
    "TranscriptRow",
    "TranscriptVersion",
    "Upload",
    "UploadPart",
    "UsedIdToken",
]
