"""A finding of the doctor."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """What one look found. `action` says what to do where it is not well."""

    name: str
    well: bool
    detail: str
    action: str = ""
