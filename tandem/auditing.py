"""Auditing: tells whether the access logs are whole, as far as their chains show."""

from store.audit import broken_logs
from store.settings import StoreSettings
from tandem.stores import opened

NOTHING_FOUND = "No entry of an access log is missing or changed, as far as the chains show."
"""They have no key: whoever can write to the database can make a log anew that fits."""


def audit_accesses(settings: StoreSettings) -> int:
    """Print each account whose log does not fit, and where; returns 1 if there is one. Raises StorageUnavailable."""
    broken = 0
    with opened(settings) as store:
        for account_id, number in broken_logs(store):
            print(f"account {account_id}: entry {number} is not what was written, or is missing", flush=True)
            broken += 1
    print(f"{broken} access logs are broken." if broken else NOTHING_FOUND)
    return 1 if broken else 0
