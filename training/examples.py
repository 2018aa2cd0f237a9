"""Corpus records as the network reads them."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer
from torch import Tensor

from schemas.tag import TagKind
from training.corpus import Record
from workers.tagging.scores import BEGIN, HOLDERS, INSIDE, KINDS, LABELS

PADDING = 1
_LONGEST = 400
"""Tokens of a text that are read in training; hardly any has more."""


@dataclass(frozen=True)
class SpanTarget:
    """What is asked of the tokens `first` to `end` of row `row` in a batch."""

    row: int
    first: int
    end: int
    kind: TagKind
    label: int
    holder: int
    negated: float
    past: float


@dataclass(frozen=True)
class Batch:
    """`ids` and `mask` are (rows, tokens); `places` is (rows, tokens, kinds) with outside, begin or inside."""

    ids: Tensor
    mask: Tensor
    places: Tensor
    spans: list[SpanTarget]


def make_batch(records: Sequence[Record], tokenizer: Tokenizer) -> Batch:
    """One batch, padded to its longest text."""
    encodings = tokenizer.encode_batch([record.text for record in records])
    ids, mask = pad([encoding.ids[:_LONGEST] for encoding in encodings])
    places = torch.zeros(*ids.shape, len(KINDS), dtype=torch.long)
    spans = []
    for row, (record, encoding) in enumerate(zip(records, encodings, strict=True)):
        for tag in sorted(record.tags, reverse=True):
            tokens = [
                i for i, (start, end) in enumerate(encoding.offsets[:_LONGEST]) if start < tag.end and tag.start < end
            ]
            if not tokens:
                continue
            first, end = tokens[0], tokens[-1] + 1
            kind = KINDS.index(tag.kind)
            places[row, first:end, kind] = INSIDE
            places[row, first, kind] = BEGIN
            label = LABELS[tag.kind].index(tag.label)
            spans.append(SpanTarget(row, first, end, tag.kind, label, HOLDERS.index(tag.holder), tag.negated, tag.past))
    return Batch(ids, mask, places, spans)


def pad(rows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """(ids, mask), both (rows, longest row)."""
    longest = max(map(len, rows))
    ids = torch.tensor([[*row, *[PADDING] * (longest - len(row))] for row in rows])
    mask = torch.tensor([[1.0] * len(row) + [0.0] * (longest - len(row)) for row in rows])
    return ids, mask
