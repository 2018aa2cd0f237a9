"""What every schema shares: strict fields, times in UTC."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict


class Schema(BaseModel):
    """Refuses fields it does not know; can be read from a table row; its errors never quote what was sent."""

    model_config = ConfigDict(
        extra="forbid", from_attributes=True, frozen=True, use_attribute_docstrings=True, hide_input_in_errors=True
    )


def _to_utc(moment: datetime) -> datetime:
    if not 2 <= moment.year <= 9998:  # in another zone it would lie outside the calendar
        raise ValueError("a moment lies between the years 2 and 9998")
    return moment.astimezone(UTC)


UtcDatetime = Annotated[AwareDatetime, AfterValidator(_to_utc)]
"""A moment with an offset (RFC 3339), kept in UTC."""
