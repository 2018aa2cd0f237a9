"""Recordings looked into: what they are by their first bytes, and what is in them, decoded out of harm's way."""
