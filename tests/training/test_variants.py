"""However the corpus is read, a tag stays on the words it was put on."""

import random

import pytest

from training.corpus import Record, load_corpus
from training.variants import as_misheard, excerpt, join, vary

RECORDS = load_corpus()[::9]


def quotes(record: Record) -> list[tuple[str, str, str]]:
    return [(tag.kind, tag.label, record.text[tag.start : tag.end]) for tag in record.tags]


def plain(text: str) -> str:
    """`text` as `as_misheard` leaves it when it drops every mark."""
    marks = "\"'.,;:!?"
    return "".join(" " if c in "-\u2013\u2014" else c.lower() for c in text if c not in marks)


@pytest.mark.parametrize("seed", range(3))
def test_an_excerpt_is_a_piece_of_the_text_with_the_tags_that_stand_in_it(seed: int) -> None:
    rng = random.Random(seed)
    tagged = 0
    for record in RECORDS:
        piece = excerpt(record, rng)
        assert piece.text
        assert piece.text in record.text
        assert set(quotes(piece)) <= set(quotes(record))
        assert sum(quote in piece.text for _, _, quote in quotes(record)) >= len(piece.tags)
        tagged += len(piece.tags)
    assert tagged > 50


def test_a_misheard_text_has_the_same_tags_on_the_same_words() -> None:
    rng = random.Random(1)
    for record in RECORDS:
        heard = as_misheard(record, rng)
        assert [(k, la, plain(q)) for k, la, q in quotes(heard)] == [(k, la, plain(q)) for k, la, q in quotes(record)]


def test_joined_texts_keep_all_their_tags() -> None:
    joined = join(RECORDS[:4])
    assert joined.text == " ".join(record.text for record in RECORDS[:4])
    assert quotes(joined) == [quote for record in RECORDS[:4] for quote in quotes(record)]


def test_an_epoch_reads_every_record_once_and_the_next_one_otherwise() -> None:
    rng = random.Random(2)
    first, second = vary(RECORDS, rng), vary(RECORDS, rng)
    ids = sorted(id_ for record in first for id_ in record.id.split("+"))
    assert ids == sorted(record.id for record in RECORDS)
    assert {record.text for record in first} != {record.text for record in second}
