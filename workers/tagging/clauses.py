"""Splits speech into clauses, with the help of punctuation but not dependent on it."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from workers.tagging.tokens import Pause, Token

_LONGEST = 40
"""Tokens; speech without any sign of a break is cut here, which also bounds all work on a clause."""


def split_clauses(tokens: Sequence[Token], classes: Mapping[str, frozenset[str]]) -> tuple[range, ...]:
    """Ranges of token indexes that follow one another and cover all tokens.

    A clause begins at a full stop, at a conjunction or comma before a subject, and, in speech without
    commas, where a subject appears that nothing before it calls for ("i said ok | he went quiet").
    """
    starts: list[int] = []
    for i in range(len(tokens)):
        if not starts or i - starts[-1] >= _LONGEST or _begins(tokens, i, classes):
            starts.append(i)
    return tuple(range(a, b) for a, b in pairwise([*starts, len(tokens)]))


def _begins(tokens: Sequence[Token], i: int, classes: Mapping[str, frozenset[str]]) -> bool:
    token, before = tokens[i], tokens[i - 1].word
    if token.pause is Pause.STOP:
        return True
    if token.word in classes["conjunction"]:
        return i + 1 < len(tokens) and _is_subject(tokens[i + 1], classes)
    if not _is_subject(token, classes) or before in classes["conjunction"]:
        return False
    if token.pause is Pause.COMMA:
        return before not in classes["joiner"]
    return token.word in classes["restart"] and before not in classes["joiner"]


def _is_subject(token: Token, classes: Mapping[str, frozenset[str]]) -> bool:
    return token.word in classes["subject"]
