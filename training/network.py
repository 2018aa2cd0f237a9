"""The network: one encoder, and on each of its tokens one linear layer for every question the tagger asks."""

import torch
from torch import Tensor, nn
from transformers import MPNetModel

from workers.tagging.scores import WIDTH


class Network(nn.Module):
    """Token scores as `workers.tagging.scores` lays them out; other tasks read the mean of the tokens."""

    def __init__(self, encoder: MPNetModel, tasks: dict[str, int]) -> None:
        """`tasks`: name -> number of labels of each auxiliary task."""
        super().__init__()
        self.encoder = encoder
        size = encoder.config.hidden_size
        self.dropout = nn.Dropout(0.1)
        self.tags = nn.Linear(size, WIDTH)
        self.tasks = nn.ModuleDict({name: nn.Linear(size, labels) for name, labels in tasks.items()})

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Scores (batch, tokens, WIDTH) of `ids` and `mask`, both (batch, tokens)."""
        return self.tags(self.dropout(self._encode(ids, mask)))

    def classify(self, task: str, ids: Tensor, mask: Tensor) -> Tensor:
        """Logits (batch, labels) of an auxiliary task."""
        return self.tasks[task](self.dropout(self.mean(ids, mask)))

    def mean(self, ids: Tensor, mask: Tensor) -> Tensor:
        """What the encoder makes of each text: the mean of its tokens, (batch, size)."""
        weights = mask.unsqueeze(-1)
        return (self._encode(ids, mask) * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)

    def _encode(self, ids: Tensor, mask: Tensor) -> Tensor:
        return self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state.to(torch.float32)
