"""Column types: moments in UTC, and what a person said."""

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, LargeBinary
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


class Said(TypeDecorator[Any]):
    """A JSON document that holds what a person said: the one place where encryption goes in.

    Stored as bytes, so that ciphertext needs no other column, and no database tool shows it as text by chance.
    """

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        """To UTF-8 JSON."""
        return None if value is None else json.dumps(value, ensure_ascii=False).encode()

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Any:
        """From UTF-8 JSON."""
        return None if value is None else json.loads(value)
