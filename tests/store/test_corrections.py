"""Corrections are kept once, in order, on both databases."""

from uuid import UUID, uuid4

import pytest

from schemas.correction import CorrectionCreate, TagReference, TagStatement
from schemas.errors import CorrectionIdTaken, CorrectionsFull, CorrectionUnknown
from schemas.tag import TagKind
from store import corrections
from store.corrections import apply_corrections
from store.opening import Store
from store.tables import CheckIn
from tests.making import make_account, make_check_in, make_transcript, settle

TRANSCRIPT = make_transcript("I feel calm today.")
CALM = TagReference(kind=TagKind.FEELING, label="peaceful", start=7, end=11)


@pytest.fixture
def check_in_id(store: Store) -> UUID:
    """A check-in that is ready."""
    id_ = make_check_in(store, make_account(store))
    settle(store, id_, transcript=TRANSCRIPT)
    return id_


def add(store: Store, check_in_id: UUID, create: CorrectionCreate) -> bool:
    """Keep a correction."""
    with store.unit_of_work() as work:
        return work.corrections.add(check_in_id, create, TRANSCRIPT, now=store.clock())


def adding(label: str = "peaceful") -> CorrectionCreate:
    """A correction that adds a feeling."""
    return CorrectionCreate(id=uuid4(), after=TagStatement(**CALM.model_dump() | {"label": label}))


def test_a_correction_is_kept_once(store: Store, check_in_id: UUID) -> None:
    """Under its id, which can say nothing else later; another check-in may have the same id."""
    first = adding()
    assert add(store, check_in_id, first)
    assert not add(store, check_in_id, first)
    with pytest.raises(CorrectionIdTaken):
        add(store, check_in_id, first.model_copy(update={"after": None, "before": CALM}))
    other = make_check_in(store, make_account(store, "sam@example.org"))
    assert add(store, other, first)


def test_they_are_applied_in_their_order(store: Store, check_in_id: UUID) -> None:
    """The last word counts; what was revoked does not."""
    added, removed = adding(), CorrectionCreate(id=uuid4(), before=CALM)
    for create in (added, adding("joyful"), removed):
        add(store, check_in_id, create)
    assert labels(store, check_in_id) == ["joyful"]

    add(store, check_in_id, CorrectionCreate(id=uuid4(), revokes=removed.id))
    assert labels(store, check_in_id) == ["joyful", "peaceful"]
    with pytest.raises(CorrectionUnknown):
        add(store, check_in_id, CorrectionCreate(id=uuid4(), revokes=uuid4()))


def test_there_is_an_end(store: Store, check_in_id: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every correction costs each reader something."""
    monkeypatch.setattr(corrections, "MOST", 1)
    add(store, check_in_id, adding())
    with pytest.raises(CorrectionsFull):
        add(store, check_in_id, adding("joyful"))


def test_deleting_a_check_in_deletes_what_was_said_about_it(store: Store, check_in_id: UUID) -> None:
    """Quotes are what a person said."""
    add(store, check_in_id, adding())
    with store.unit_of_work() as work:
        work.check_ins.delete_for(_owner(store, check_in_id), check_in_id, now=store.clock())
    with store.reading() as reading:
        assert reading.corrections.of(check_in_id) == []


def labels(store: Store, check_in_id: UUID) -> list[str]:
    """Of the tags as they are now."""
    with store.reading() as reading:
        return sorted(tag.label for tag in apply_corrections((), reading.corrections.of(check_in_id), TRANSCRIPT))


def _owner(store: Store, check_in_id: UUID) -> UUID:
    with store.database.reading() as session:
        return session.get_one(CheckIn, check_in_id).account_id
