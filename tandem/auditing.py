"""Auditing: tells whether the access logs are whole."""

from store.audit import broken_logs
from store.settings import StoreSettings
from tandem.stores import opened


def audit_accesses(settings: StoreSettings) -> int:
    """Print each account whose log does not fit, and where; returns 1 if there is one. Raises StorageUnavailable."""
    broken = 0
    with opened(settings) as store:
        for account_id, number in broken_logs(store):
            print(f"account {account_id}: entry {number} is not what was written, or is missing", flush=True)
            broken += 1
    print(f"{broken} access logs are broken." if broken else "Every access log is as it was written.")
    return 1 if broken else 0
