"""From scores to spans."""

import numpy as np

from schemas.tag import Holder, TagKind
from workers.tagging.decoding import Scores, find_spans
from workers.tagging.scores import ATTRIBUTES, BEGIN, HOLDERS, INSIDE, KINDS, LABELLED, LABELS, OUTSIDE, PLACES, WIDTH

SURE = 6.0


def blank(tokens: int) -> Scores:
    """Scores of tokens that are surely nothing."""
    scores = np.zeros((tokens, WIDTH), np.float32)
    for kind in KINDS:
        scores[:, PLACES[kind]][:, OUTSIDE] = SURE
    return scores


def put(scores: Scores, kind: TagKind, first: int, end: int, label: str = "") -> None:
    """Make tokens a span."""
    scores[first:end, PLACES[kind]] = 0
    scores[first, PLACES[kind]][BEGIN] = SURE
    scores[first + 1 : end, PLACES[kind]][:, INSIDE] = SURE
    if kind in LABELLED:
        scores[first:end, LABELLED[kind]][:, LABELS[kind].index(label)] = SURE


def test_nothing_is_found_where_nothing_is() -> None:
    """Nor in no text at all."""
    assert find_spans(blank(5), least=0.5) == []
    assert find_spans(blank(0), least=0.5) == []


def test_kinds_may_overlap_and_a_new_beginning_ends_the_span_before() -> None:
    """An absolute inside an evaluation; two feelings side by side."""
    scores = blank(8)
    put(scores, TagKind.EVALUATION, 0, 6)
    put(scores, TagKind.ABSOLUTE, 2, 5)
    put(scores, TagKind.FEELING, 3, 5, "sad")
    put(scores, TagKind.FEELING, 5, 8, "tense")

    spans = {(span.kind.value, span.label, span.first, span.end) for span in find_spans(scores, least=0.5)}
    assert spans == {
        ("evaluation", "evaluation", 0, 6),
        ("absolute", "absolute", 2, 5),
        ("feeling", "sad", 3, 5),
        ("feeling", "tense", 5, 8),
    }


def test_attributes_are_read_from_the_scores_of_their_own_kind() -> None:
    """Whose, denied, over."""
    scores = blank(3)
    put(scores, TagKind.NEED, 0, 2, "rest")
    attributes = scores[0:2, ATTRIBUTES[TagKind.NEED]]
    attributes[:, HOLDERS.index(Holder.PARTNER)] = SURE
    attributes[:, -2], attributes[:, -1] = SURE, -SURE

    [span] = find_spans(scores, least=0.5)
    assert (span.holder, span.negated, span.past) == (Holder.PARTNER, True, False)
    assert all(0.9 < share <= 1 for share in span.evidence)


def test_the_layout_has_a_place_for_everything_once() -> None:
    """What training writes is what tagging reads."""
    places = [*PLACES.values(), *LABELLED.values(), *ATTRIBUTES.values()]
    assert [i for place in places for i in range(WIDTH)[place]] == list(range(WIDTH))
    assert {kind: len(LABELS[kind]) for kind in LABELLED} == {TagKind.FEELING: 24, TagKind.NEED: 28}


def test_weak_edges_are_left_out_of_the_quote() -> None:
    """They were near enough to be looked at; the evidence counts them."""
    scores = blank(4)
    kind = TagKind.FEELING
    scores[:, PLACES[kind]] = np.array([[0.5, -9, 0], [-9, 0, 5], [-9, 0, 5], [0.5, -9, 0]])
    [span] = [span for span in find_spans(scores, least=0.2) if span.kind is kind]
    assert (span.first, span.end) == (1, 3)
    assert span.evidence[0] < 0.8
