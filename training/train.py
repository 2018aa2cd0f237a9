"""Trains the network: on other people's emotions, then on the corpus, then the layer of the emotions once more.

`make train` runs it, then export and calibration; about two hours on two cores.

    python -m training.train WEIGHTS [EMOTIONS]    with EMOTIONS, weights after the first stage, only the others run
"""

import random
import sys
import time
from collections.abc import Callable
from functools import partial

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from training.auxiliary import DATA, Task, edos, goemotions
from training.corpus import Record, is_held_out, load_corpus
from training.encoder import load_encoder
from training.examples import make_batch, pad
from training.learning import Learner, batches
from training.losses import tagging_loss
from training.network import Network
from training.variants import vary

SEED = 20261124

EMOTION_EPOCHS, EMOTION_BATCH, EMOTION_RATE = 3, 32, 5e-5
TAGGING_EPOCHS, TAGGING_BATCH, TAGGING_RATE = 5, 8, 5e-5
REFIT_EPOCHS, REFIT_BATCH, REFIT_RATE = 12, 256, 1e-3
REPLAYED = 0.35
"""Share of the tagging steps that also take a batch of GoEmotions, lest it be forgotten."""
_REPLAY_BATCH, _REPLAY_WEIGHT = 24, 3.0
_LONGEST_COMMENT = 64
"""Tokens."""


Row = tuple[list[int], tuple[int, ...]]
"""Tokens of a text, and the numbers of its labels."""


class TokenizedTask:
    """A task with its texts as tokens."""

    def __init__(self, task: Task, tokenizer: Tokenizer) -> None:
        self.name, self.labels = task.name, len(task.labels)
        encodings = tokenizer.encode_batch([text for text, _ in task.rows])
        self.rows = [
            (encoding.ids[:_LONGEST_COMMENT], numbers)
            for encoding, (_, numbers) in zip(encodings, task.rows, strict=True)
        ]

    def loss(self, network: Network, rows: list[Row]) -> Tensor:
        """Of one batch."""
        logits = network.classify(self.name, *pad([ids for ids, _ in rows]))
        return binary_cross_entropy_with_logits(logits.float(), self.wanted(rows))

    def wanted(self, rows: list[Row]) -> Tensor:
        """(rows, labels): 1 where a text has the label."""
        wanted = torch.zeros(len(rows), self.labels)
        for row, (_, numbers) in enumerate(rows):
            wanted[row, list(numbers)] = 1
        return wanted


def learn_emotions(network: Network, tasks: list[TokenizedTask], rng: random.Random) -> None:
    """First stage: the emotions of comments and film dialogue."""
    steps = EMOTION_EPOCHS * sum(-(-len(task.rows) // EMOTION_BATCH) for task in tasks)
    learner, progress = Learner(network, rate=EMOTION_RATE, steps=steps), Progress("emotions", steps)
    for _ in range(EMOTION_EPOCHS):
        mixed = [
            (task, batch)
            for task in tasks
            for batch in batches(task.rows, EMOTION_BATCH, length=lambda row: len(row[0]), rng=rng)
        ]
        rng.shuffle(mixed)
        for task, batch in mixed:
            progress.add(learner.step(partial(task.loss, network, batch)))


def learn_tags(
    network: Network,
    records: list[Record],
    tokenizer: Tokenizer,
    replayed: TokenizedTask,
    rng: random.Random,
    *,
    keep: Callable[[], None],
) -> None:
    """Second stage: the corpus, with some of the first stage in between. Calls `keep` after each epoch."""
    network.encoder.embeddings.word_embeddings.requires_grad_(requires_grad=False)  # too many for so few texts
    epochs = [vary(records, rng) for _ in range(TAGGING_EPOCHS)]
    steps = sum(-(-len(epoch) // TAGGING_BATCH) for epoch in epochs)
    learner, progress = Learner(network, rate=TAGGING_RATE, steps=steps), Progress("tags", steps)
    for epoch in epochs:
        for group in batches(epoch, TAGGING_BATCH, length=lambda record: len(record.text), rng=rng):
            again = rng.sample(replayed.rows, _REPLAY_BATCH) if rng.random() < REPLAYED else []

            def loss(group: list[Record] = group, again: list[Row] = again) -> Tensor:
                batch = make_batch(group, tokenizer)
                value = tagging_loss(network(batch.ids, batch.mask).float(), batch)
                return value + _REPLAY_WEIGHT * replayed.loss(network, again) if again else value

            progress.add(learner.step(loss))
        keep()


def refit_emotions(network: Network, task: TokenizedTask) -> None:
    """Third stage: the linear layer of a task alone, on the encoder as the tags left it."""
    network.eval()
    ordered = sorted(task.rows, key=lambda row: len(row[0]))
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        means = torch.cat(
            [network.mean(*pad([ids for ids, _ in ordered[i : i + 64]])) for i in range(0, len(ordered), 64)]
        )
    wanted = task.wanted(ordered)
    layer = network.tasks[task.name]
    optimizer = torch.optim.AdamW(layer.parameters(), lr=REFIT_RATE, weight_decay=0.01)
    for _ in range(REFIT_EPOCHS):
        for rows in torch.randperm(len(ordered)).split(REFIT_BATCH):
            optimizer.zero_grad()
            binary_cross_entropy_with_logits(layer(means[rows]), wanted[rows]).backward()
            optimizer.step()


class Progress:
    """Says now and then how far a stage has come."""

    def __init__(self, name: str, steps: int) -> None:
        self._name, self._steps = name, steps
        self._losses: list[float] = []
        self._began = time.monotonic()

    def add(self, loss: float) -> None:
        """One step more."""
        self._losses.append(loss)
        done = len(self._losses)
        if done % 100 == 0 or done == self._steps:
            recent = self._losses[-100:]
            minutes = (time.monotonic() - self._began) / 60
            print(
                f"{self._name}: step {done} of {self._steps}, loss {sum(recent) / len(recent):.3f}, {minutes:.0f} min",
                flush=True,
            )


def main(weights: str, emotions: str | None = None) -> None:
    """All stages; the weights are kept after the first, after each epoch of the second, and after the third."""
    encoder, tokenizer = load_encoder()
    tasks = [TokenizedTask(task, tokenizer) for task in (goemotions(DATA / "goemotions", "train"), edos(DATA / "edos"))]
    torch.manual_seed(SEED)
    network = Network(encoder, {task.name: task.labels for task in tasks})
    if emotions:
        network.load_state_dict(torch.load(emotions, weights_only=True))
    else:
        learn_emotions(network, tasks, _seeded())
        torch.save(network.state_dict(), f"{weights}.emotions")
    records = [record for record in load_corpus() if not is_held_out(record)]
    rng = _seeded()  # so that the second stage alone does what it does after the first
    learn_tags(network, records, tokenizer, tasks[0], rng, keep=lambda: torch.save(network.state_dict(), weights))
    refit_emotions(network, tasks[0])
    torch.save(network.state_dict(), weights)


def _seeded() -> random.Random:
    torch.manual_seed(SEED)
    return random.Random(SEED)


if __name__ == "__main__":
    main(*sys.argv[1:])
