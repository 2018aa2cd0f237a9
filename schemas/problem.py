"""The body of every error: a problem as RFC 9457 defines it."""

from pydantic import ConfigDict

from schemas.base import Schema


class InvalidField(Schema):
    """One input that was refused."""

    field: str
    """Where: `body.recorded_at`, `query.wait`."""
    message: str


class Problem(Schema):
    """What happened (`title`, `detail`) and what to do (`action`), as application/problem+json."""

    model_config = ConfigDict(extra="allow")

    type: str
    """Stable: `urn:tandem:problem:<name>`; every name is explained in docs/problems.md."""
    title: str
    status: int
    detail: str
    action: str
    """What the phone, or the person, can do next."""
    fields: tuple[InvalidField, ...] = ()
