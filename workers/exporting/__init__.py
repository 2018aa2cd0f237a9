"""Exporting: everything of an account becomes one ZIP. Values in, a file out; no database here."""
