"""How good a model is, as tables for the model card.

The held-out eighth was not trained on; but thresholds were chosen there, so it flatters a little.

python -m training.measure MODEL_FOLDER [FILE.jsonl]            the held-out eighth, or another file of records
python -m training.measure MODEL_FOLDER --alone [FILE.jsonl]    the network without the word lists
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from schemas.tag import TagKind
from training.annotations import Annotation, pairs
from training.corpus import Record, is_held_out, load_corpus, load_records
from training.scoring import Count, count_by_kind, total
from workers.tagging.model_tagger import BY_WORDS, ModelTagger

Predicted = dict[str, list[Annotation]]


def predict(tagger: ModelTagger, records: Sequence[Record]) -> Predicted:
    """The tagger's tags by id."""
    found = tagger.tag_all([record.text for record in records])
    return {
        record.id: [
            Annotation(tag.start, tag.end, tag.kind, tag.label, tag.holder, tag.negated, tag.past) for tag in tags
        ]
        for record, tags in zip(records, found, strict=True)
    }


def kinds_table(records: Sequence[Record], predicted: Predicted) -> list[str]:
    """F1, precision, recall of each kind."""
    counts = count_by_kind({record.id: record.tags for record in records}, predicted)
    macro = sum(count.f1 for count in counts.values()) / len(counts)
    rows = [_row(kind.value, count) for kind, count in counts.items()]
    return [
        "| kind | F1 | precision | recall | gold |",
        "|---|---:|---:|---:|---:|",
        *rows,
        _row("**all**", total(counts)),
        f"\nMacro over kinds {macro:.3f}; {attributes(records, predicted)}; {on_empty(records, predicted)}.",
    ]


def _row(name: str, count: Count) -> str:
    precision = count.right / count.predicted if count.predicted else 0
    recall = count.right / count.wanted if count.wanted else 0
    return f"| {name} | {count.f1:.3f} | {precision:.3f} | {recall:.3f} | {count.wanted} |"


def attributes(records: Sequence[Record], predicted: Predicted) -> str:
    """How often they are right on right tags."""
    matched = [pair for record in records for pair in pairs(list(record.tags), predicted[record.id])]
    told = []
    for name in ("holder", "negated", "past"):
        right = sum(getattr(gold, name) == getattr(found, name) for gold, found in matched)
        told.append(f"{name} {right / max(1, len(matched)):.3f}")
    return ", ".join(told)


def on_empty(records: Sequence[Record], predicted: Predicted) -> str:
    """What is found where nothing is."""
    empty = [record for record in records if not record.tags]
    return f"{sum(len(predicted[record.id]) for record in empty)} tags on {len(empty)} texts without any"


def labels_table(records: Sequence[Record], predicted: Predicted) -> list[str]:
    """F1 of each feeling family and need."""
    rows = []
    for kind in (TagKind.FEELING, TagKind.NEED):
        for label in sorted({tag.label for record in records for tag in record.tags if tag.kind is kind}):
            gold = {r.id: [tag for tag in r.tags if tag.label == label] for r in records}
            found = {id_: [tag for tag in tags if tag.label == label] for id_, tags in predicted.items()}
            count = total(count_by_kind(gold, found))
            rows.append((kind, label, count))
    rows.sort(key=lambda row: (row[0] != TagKind.FEELING, -row[2].f1))
    return [
        "| kind | label | F1 | gold |",
        "|---|---|---:|---:|",
        *(f"| {kind} | {label} | {count.f1:.2f} | {count.wanted} |" for kind, label, count in rows),
    ]


def main(folder: str, *options: str) -> None:
    """Print both tables."""
    by_words = frozenset() if "--alone" in options else BY_WORDS
    file = next((option for option in options if option != "--alone"), None)
    records = load_records(Path(file)) if file else [record for record in load_corpus() if is_held_out(record)]
    predicted = predict(ModelTagger(Path(folder), threads=2, by_words=by_words), records)
    print("\n".join([*kinds_table(records, predicted), "", *labels_table(records, predicted)]))


if __name__ == "__main__":
    main(*sys.argv[1:])
