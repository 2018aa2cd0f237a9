"""Faults of ours, and of what we keep."""

from schemas.errors.base import PermanentError


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
