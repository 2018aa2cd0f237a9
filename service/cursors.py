"""Cursors of lists: a place in an order, opaque to the phone."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from uuid import UUID

from schemas.errors import CursorInvalid


def encode(recorded_at: datetime, check_in_id: UUID) -> str:
    """The place of a check-in in the list."""
    place = json.dumps([recorded_at.isoformat(), str(check_in_id)])
    return urlsafe_b64encode(place.encode()).decode().rstrip("=")


def decode(cursor: str) -> tuple[datetime, UUID]:
    """Raises CursorInvalid."""
    try:
        moment, check_in_id = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        recorded_at = datetime.fromisoformat(moment)
        place = recorded_at, UUID(check_in_id)
    except (ValueError, TypeError, AttributeError) as error:
        raise CursorInvalid from error
    if recorded_at.tzinfo is None:
        raise CursorInvalid
    return place
