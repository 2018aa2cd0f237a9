"""The corpus and its tools."""
