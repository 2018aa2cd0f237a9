"""Why something was tagged, in the taxonomy's words, never the speaker's."""

from schemas.tag import TagKind, TextTag
from schemas.taxonomy import gloss
from workers.tagging.decoding import Span

_OPENINGS = {
    TagKind.FEELING: "Names or shows a feeling of the family",
    TagKind.NEED: "Names or plainly expresses the need",
    TagKind.REQUEST: "Asks for something concrete and leaves room for a no",
    TagKind.DEMAND: "Says what somebody must do, or leaves no room for a no",
    TagKind.EVALUATION: "Judges, blames or interprets a person, where a feeling could be named",
    TagKind.ABSOLUTE: "Claims all or nothing of a person or the relationship",
    TagKind.BOUNDARY: "Says what the speaker will or will not do, to take care of themself",
}


def reason_for(span: Span | TextTag) -> str:
    """One sentence for people."""
    reason = _OPENINGS[span.kind]
    if meaning := gloss(span.kind, span.label):
        reason += f" {span.label.replace('_', ' ')} ({meaning})"
    if span.negated:
        reason += "; the text denies it"
    if span.past:
        reason += "; told as over"
    return reason
