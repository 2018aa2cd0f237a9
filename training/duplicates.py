"""Texts that are too alike: they would teach the same thing twice, or teach what development should measure."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

_SHINGLE = 4
"""Words in a row that count as shared."""
_TOO_ALIKE = 0.3
"""Share of the shorter text's shingles that another text may hold."""


def near_duplicates(texts: Mapping[str, str]) -> Iterator[tuple[str, str, float]]:
    """(id, id, share) of each pair that is too alike, wherever in the texts what they share stands."""
    shingles = {id_: _shingles(text) for id_, text in texts.items()}
    holders: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for id_, of_text in shingles.items():
        shared = Counter(other for shingle in of_text for other in holders[shingle])
        for other, count in shared.items():
            share = count / min(len(of_text), len(shingles[other]))
            if share >= _TOO_ALIKE:
                yield other, id_, share
        for shingle in of_text:
            holders[shingle].append(id_)


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower().replace("'", ""))
    return {tuple(words[i : i + _SHINGLE]) for i in range(max(1, len(words) - _SHINGLE + 1))}
