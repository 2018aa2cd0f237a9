"""One text on its way through the tagger: its tokens, its clauses and the word classes to read them by."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from workers.tagging.clauses import split_clauses
from workers.tagging.grammar import Grammar
from workers.tagging.tokens import Token, read_tokens


@dataclass(frozen=True)
class Speech:
    """What the rules and the attributes look at."""

    tokens: tuple[Token, ...]
    clauses: tuple[range, ...]
    classes: Mapping[str, frozenset[str]]
    clause_of: tuple[range, ...] = field(repr=False)
    """For each token the clause it stands in."""

    def is_in(self, i: int, name: str) -> bool:
        """Whether token `i` exists and belongs to the class `name`."""
        return 0 <= i < len(self.tokens) and self.tokens[i].word in self.classes[name]


def read_speech(text: str, grammar: Grammar) -> Speech:
    """The tokens and clauses of `text`."""
    tokens = read_tokens(text, grammar.expansions)
    clauses = split_clauses(tokens, grammar.classes)
    return Speech(tokens, clauses, grammar.classes, tuple(clause for clause in clauses for _ in clause))
