"""Cards for writing check-ins: each asks for one text, so that together they are as varied as life.

`python -m training.briefs FOLDER [briefs_second.toml]` writes the cards of a round, always the same ones. Who tags
a text never sees its card: what a card asks for is a wish, what counts is what stands in the text.
"""

import itertools
import random
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

CARDS_IN_BATCH = 320
CARDS_IN_FILE = 40

Drawn = Mapping[str, Any]
"""What cards are drawn from, as the TOML files beside this one hold it."""
Choice = TypeVar("Choice")


def _pick(rng: random.Random, weights: Mapping[Choice, int]) -> Choice:
    return rng.choices(list(weights), weights=list(weights.values()))[0]


def _wishes(drawn: Drawn, rng: random.Random) -> list[str]:
    """Everything that should be said somewhere in the corpus, in random order."""
    wishes = []
    for family, count in drawn["feelings"].items():
        for _ in range(count):
            turn = _pick(rng, drawn["feeling_turns"])
            wishes.append(f"feeling `{family}`, by {_pick(rng, drawn['feeling_ways'])}" + (f", {turn}" if turn else ""))
    for need in drawn["needs"]:
        for _ in range(drawn["of_each_need"]):
            turn = _pick(rng, drawn["need_turns"])
            wishes.append(f"need `{need}`, {_pick(rng, drawn['need_ways'])}" + (f", {turn}" if turn else ""))
    for act, asked in drawn["acts"].items():
        ways = asked["ways"]
        wishes.extend(f"{act}: {ways[i % len(ways)]}" for i in range(asked["count"]))
    rng.shuffle(wishes)
    return wishes


@dataclass
class _Plan:
    """A text to write, before its wishes are spread."""

    batch: str
    id: str
    least: int
    most: int
    is_empty: bool
    wishes: list[str] = field(default_factory=list)

    @property
    def room(self) -> int:
        """How many shares of the wishes it gets, by its length."""
        if self.is_empty:
            return 0
        return next((room for words, room in ((30, 1), (85, 2), (130, 3), (180, 4)) if self.most <= words), 6)


def cards(drawn: Drawn) -> Iterator[tuple[str, str]]:
    """(batch, card) of every text to write."""
    rng = random.Random(drawn["seed"])
    plans = []
    for batch in drawn["batches"]:
        for number in range(1, CARDS_IN_BATCH + 1):
            least, most = _pick(rng, {(least, most): weight for least, most, weight in drawn["lengths"]})
            plans.append(_Plan(batch, f"{batch}-{number:03}", least, most, rng.random() < drawn["empty_share"][batch]))
    slots = [plan for plan in plans for _ in range(plan.room)]
    rng.shuffle(slots)
    for wish, plan in zip(_wishes(drawn, rng), itertools.cycle(slots), strict=False):
        plan.wishes.append(wish)
    yield from ((plan.batch, _card(plan, drawn, rng)) for plan in plans)


def _card(plan: _Plan, drawn: Drawn, rng: random.Random) -> str:
    has_near_miss = rng.random() < (0.8 if plan.is_empty else 0.3)
    asked = plan.wishes[:6] or ["nothing to tag: no feeling, need, ask, verdict or absolute at all"]
    if has_near_miss:
        asked.append(f"near miss, not to be tagged: {rng.choice(drawn['near_misses'])}")
    who = f"{rng.choice(drawn['ages'])}, {rng.choice(drawn['englishes'])}, {rng.choice(drawn['lives'])}"
    topic, form = rng.choice(drawn["topics"]), _pick(rng, drawn["forms"])
    head = f"{plan.id} | {plan.least}-{plan.most} words | {who} | about: {topic} | {form}"
    return "\n".join([head, *(f"    * {wish}" for wish in asked)])


def main(folder: str, source: str = "briefs.toml") -> None:
    """Write the cards, forty to a file."""
    drawn = tomllib.loads(Path(__file__).with_name(source).read_text(encoding="utf-8"))
    Path(folder).mkdir(parents=True, exist_ok=True)
    for batch, group in itertools.groupby(cards(drawn), key=lambda card: card[0]):
        texts = [card for _, card in group]
        for start in range(0, len(texts), CARDS_IN_FILE):
            path = Path(folder) / f"{batch}-{start // CARDS_IN_FILE + 1}.txt"
            path.write_text("\n".join(texts[start : start + CARDS_IN_FILE]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
