"""What the network is taught: where spans are, what they are called, whose, denied or over."""

import torch
from torch import Tensor
from torch.nn import functional

from training.examples import Batch
from workers.tagging.scores import ATTRIBUTES, HOLDERS, KINDS, LABELLED, PLACES

_PLACES_WEIGHT = 10.0
"""Most tokens are outside and soon cost next to nothing: their mean is small beside the loss of a label."""
_ATTRIBUTE_WEIGHT = 0.3


def tagging_loss(scores: Tensor, batch: Batch) -> Tensor:
    """The loss of one batch; `scores` is (rows, tokens, WIDTH)."""
    real = batch.mask.bool()
    places = torch.stack([scores[..., PLACES[kind]] for kind in KINDS], dim=2)
    place_loss = functional.cross_entropy(places[real].flatten(0, 1), batch.places[real].flatten())
    return _PLACES_WEIGHT * place_loss + _span_loss(scores, batch)


def _span_loss(scores: Tensor, batch: Batch) -> Tensor:
    if not batch.spans:
        return scores.sum() * 0
    losses = []
    for span in batch.spans:
        mean = scores[span.row, span.first : span.end].mean(dim=0)
        if span.kind in LABELLED:
            losses.append(_cross_entropy(mean[LABELLED[span.kind]], span.label))
        attributes = mean[ATTRIBUTES[span.kind]]
        turns = torch.tensor([float(span.negated), float(span.past)])
        losses.append(_ATTRIBUTE_WEIGHT * _cross_entropy(attributes[: len(HOLDERS)], span.holder))
        losses.append(
            _ATTRIBUTE_WEIGHT * functional.binary_cross_entropy_with_logits(attributes[-2:], turns, reduction="sum")
        )
    return torch.stack(losses).sum() / len(batch.spans)


def _cross_entropy(logits: Tensor, wanted: int) -> Tensor:
    return functional.cross_entropy(logits.unsqueeze(0), torch.tensor([wanted]), label_smoothing=0.05)
