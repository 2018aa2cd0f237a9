"""Column types: moments in UTC, and what is counted from them in SQL."""

from datetime import UTC, datetime

from sqlalchemy import ColumnElement, DateTime, Dialect, func, literal, type_coerce
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC. SQLite forgets offsets, so they are put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse moments without an offset: their meaning is unknown."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs an offset")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Always aware, always UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def days_before(now: datetime, days: InstrumentedAttribute[int | None], *, dialect: str) -> ColumnElement[datetime]:
    """The moment so many times 24 hours earlier, to the microsecond, as the database keeps moments."""
    if dialect == "sqlite":
        date, time = f"{now.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}".split(" ")
        return type_coerce(func.date(date, func.printf("-%d days", days)).concat(f" {time}"), UtcDateTime)
    return literal(now, UtcDateTime) - func.make_interval(0, 0, 0, 0, 24 * days)
