"""Other people's labelled texts that help the encoder: read in the form they are published in."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).parent / "auxiliary_data"


@dataclass(frozen=True)
class Task:
    """Texts with the numbers of their labels."""

    name: str
    labels: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int, ...]], ...]


def goemotions(folder: Path, split: str) -> Task:
    """GoEmotions: 28 labels, several may hold. Lines are `text TAB label numbers TAB id`."""
    names = tuple((folder / "labels.txt").read_text(encoding="utf-8").split())
    with (folder / f"{split}.tsv").open(encoding="utf-8", newline="") as file:
        lines = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        rows = tuple((text, tuple(int(number) for number in numbers.split(","))) for text, numbers, _ in lines)
    return Task("goemotions", names, rows)


def edos(folder: Path) -> Task:
    """EDOS: turns of film dialogue, one of 41 emotions and intents each."""
    pairs = list(_edos_rows(folder))
    names = tuple(sorted({label for _, label in pairs}))
    number = {name: i for i, name in enumerate(names)}
    return Task("edos", names, tuple((text, (number[label],)) for text, label in pairs))


def _edos_rows(folder: Path) -> Iterator[tuple[str, str]]:
    for name, text, label in (
        ("labelled_by_people.csv", "Dialog", "Agreed emotion (2/3 vote)"),
        ("self_labelled.csv", "os_dialog", "emotion"),
    ):
        with (folder / name).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row[label] and row[label] != "-":  # "-": the annotators did not agree
                    yield row[text].replace("\n", " "), row[label].strip().lower()
