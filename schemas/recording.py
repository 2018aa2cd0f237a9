"""Recordings: which formats are accepted and what is known of one."""

from enum import StrEnum

from schemas.base import Schema, UtcDatetime


class RecordingFormat(StrEnum):
    """Containers whose first bytes we know; the value is libav's demuxer for them."""

    AAC = "aac"
    AMR = "amr"
    CAF = "caf"
    FLAC = "flac"
    MP3 = "mp3"
    MP4 = "mov"
    """ISO base media: m4a, mp4, 3gp, mov."""
    OGG = "ogg"
    WAV = "wav"
    WEBM = "matroska"
    """Matroska and WebM."""

    @property
    def media_type(self) -> str:
        """The IANA media type with which the recording is given back."""
        return _MEDIA_TYPES[self]


_MEDIA_TYPES = {
    RecordingFormat.AAC: "audio/aac",
    RecordingFormat.AMR: "audio/amr",
    RecordingFormat.CAF: "audio/x-caf",
    RecordingFormat.FLAC: "audio/flac",
    RecordingFormat.MP3: "audio/mpeg",
    RecordingFormat.MP4: "audio/mp4",
    RecordingFormat.OGG: "audio/ogg",
    RecordingFormat.WAV: "audio/wav",
    RecordingFormat.WEBM: "audio/webm",
}


class RecordingRead(Schema):
    """The audio as it was received."""

    media_type: str
    """By its content, whatever its name said."""
    size: int
    """Bytes."""
    sha256: str
    """Of the bytes, in hex: compare it with what the phone holds before deleting there."""
    deleted_at: UtcDatetime | None = None
    """When it was deleted, as its speaker had chosen; null while it is kept."""
    seconds: float | None
    """Length as the container tells it; the decoded length once it is transcribed. Null while unknown."""
