"""Accounts: what a person told about their speech."""

import pytest
from sqlalchemy import text

from store.accounts import SpeechPreferences
from store.opening import Store
from tests.making import make_account


def test_a_worker_reads_what_was_told_about_the_speech(store: Store) -> None:
    """Nothing at first; then each thing as it was told last."""
    account_id = make_account(store)
    told = []
    for update in ({}, {"languages": ("de", "en")}, {"vocabulary": ("Zoë", "Łódź")}, {"languages": ()}):
        with store.unit_of_work() as work:
            work.accounts.update(account_id, **update)
        with store.reading() as reading:
            told.append(reading.accounts.speech_of(account_id))

    assert told == [
        SpeechPreferences(languages=(), vocabulary=()),
        SpeechPreferences(languages=("de", "en"), vocabulary=()),
        SpeechPreferences(languages=("de", "en"), vocabulary=("Zoë", "Łódź")),
        SpeechPreferences(languages=(), vocabulary=("Zoë", "Łódź")),
    ]


@pytest.mark.parametrize("names", [(), ("Zoë",)])
def test_names_are_kept_where_encryption_goes_in_or_not_at_all(store: Store, names: tuple[str, ...]) -> None:
    """As bytes; no names are no bytes."""
    account_id = make_account(store)
    with store.unit_of_work() as work:
        work.accounts.update(account_id, vocabulary=("Sam",))
    with store.unit_of_work() as work:
        work.accounts.update(account_id, vocabulary=names)

    with store.database.engine.connect() as connection:
        kept = connection.execute(text("SELECT vocabulary FROM accounts")).scalar_one()
    assert kept is None if not names else isinstance(kept, bytes)
