"""Base of all tables."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Enum, String
from sqlalchemy.orm import DeclarativeBase

from store.columns import UtcDateTime


def _values(kinds: type[StrEnum]) -> list[str]:
    """Stored as their values: what stands in the database is what travels."""
    return [kind.value for kind in kinds]


class Table(DeclarativeBase):
    """Base of all tables."""

    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's way
        datetime: UtcDateTime,
        str: String(255),
        StrEnum: Enum(StrEnum, native_enum=False, length=64, values_callable=_values),
    }
