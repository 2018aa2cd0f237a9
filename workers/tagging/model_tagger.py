"""The tagger: the network's scores, decoded, weighed, and put into words; and what word lists know besides."""

from collections.abc import Sequence
from pathlib import Path
from unicodedata import combining

from schemas.tag import TagKind, TextTag
from workers.tagging.confidence import Confidence
from workers.tagging.decoding import Scores, Span, find_spans, likeliest
from workers.tagging.encoder import MODEL_FOLDER, EncodedText, Encoder
from workers.tagging.lexicon import LexiconTagger
from workers.tagging.reasons import reason_for

_EDGES = frozenset(" \t\n.,;:!?()[]-…" + '"' + "\u201c\u201d\u2018\u2019\u2013\u2014")
"""What no quote begins or ends with."""
_APOSTROPHES = frozenset("'\u2019")


BY_WORDS = frozenset({TagKind.FEELING, TagKind.REQUEST})
"""Kinds that the word lists may add to; for the others they cost more than they gained, or nothing came of them."""


class ModelTagger:
    """Tags English by the network in `folder`; loads it once, when it is made.

    Of the kinds in `by_words` it also takes what the word lists find where the network is not sure that nothing stands.
    """

    languages = frozenset({"en"})

    def __init__(
        self, folder: Path = MODEL_FOLDER, *, threads: int = 1, by_words: frozenset[TagKind] = BY_WORDS
    ) -> None:
        self.name = (folder / "version").read_text(encoding="ascii").strip()
        self.confidence = Confidence.load(folder / "confidence.json")
        self._encoder = Encoder(folder, threads=threads)
        self._lexicon = LexiconTagger(by_words)

    def tag(self, text: str) -> tuple[TextTag, ...]:
        """The tags of `text`, ordered by where they start; time grows with the length of the text."""
        return self.tag_all([text])[0]

    def tag_all(self, texts: Sequence[str]) -> list[tuple[TextTag, ...]]:
        """The tags of each text: the same as one by one."""
        encoded = self._encoder.encode(texts)
        return [self._tags(text, tokens) for text, tokens in zip(texts, encoded, strict=True)]

    def _tags(self, text: str, encoded: EncodedText) -> tuple[TextTag, ...]:
        spans = find_spans(encoded.scores, least=self.confidence.least)
        tags = [tag for span in spans if (tag := self._tag(text, encoded, span))]
        tags += self._missed(text, encoded, tags)
        return tuple(sorted(_without_repeats(tags), key=lambda tag: (tag.start, tag.end, tag.kind)))

    def _tag(self, text: str, encoded: EncodedText, span: Span) -> TextTag | None:
        of_kind = self.confidence.kinds[span.kind]
        confidence = of_kind.of(span)
        start, end = _whole_words(text, encoded.offsets[span.first][0], encoded.offsets[span.end - 1][1])
        if confidence < of_kind.threshold or start == end:
            return None
        return TextTag(
            kind=span.kind,
            label=span.label,
            start=start,
            end=end,
            holder=span.holder,
            negated=span.negated,
            past=span.past,
            confidence=round(confidence, 3),
            reason=reason_for(span),
        )

    def _missed(self, text: str, encoded: EncodedText, found: Sequence[TextTag]) -> list[TextTag]:
        """What the word lists find beside `found`, where the network half sees it too."""
        by_words = self.confidence.by_words
        return [
            tag.model_copy(update={"confidence": by_words.confidence, "reason": reason_for(tag)})
            for tag in self._lexicon.tag(text)
            if not any(tag.kind == other.kind and _overlap(tag, other) for other in found)
            and likeliest(_scores_of(tag, encoded), tag.kind) >= by_words.least
        ]


def _scores_of(tag: TextTag, encoded: EncodedText) -> Scores:
    places = enumerate(encoded.offsets)
    return encoded.scores[[token for token, (start, end) in places if start < tag.end and tag.start < end]]


def _overlap(one: TextTag, other: TextTag) -> bool:
    return one.start < other.end and other.start < one.end


def _whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """The place without punctuation at its edges, widened to whole words."""
    while start < end and text[start] in _EDGES:
        start += 1
    while end > start and text[end - 1] in _EDGES:
        end -= 1
    while 0 < start < end and _is_one_word(text, start):
        start -= 1
    while start < end < len(text) and _is_one_word(text, end):
        end += 1
    return start, end


def _is_one_word(text: str, place: int) -> bool:
    """Whether the characters before and at `place` belong to one word."""
    before, at = text[place - 1], text[place]
    inside = 1 < place < len(text) - 1
    if inside and at in _APOSTROPHES:
        return before.isalnum() and text[place + 1].isalnum()
    if inside and before in _APOSTROPHES:
        return at.isalnum() and text[place - 2].isalnum()
    return bool(combining(at)) or (at.isalnum() and (before.isalnum() or bool(combining(before))))


def _without_repeats(tags: list[TextTag]) -> list[TextTag]:
    """Of tags of one kind and label that overlap, the surest: they are one mention."""
    kept: list[TextTag] = []
    for tag in sorted(tags, key=lambda tag: (-tag.confidence, tag.start)):
        same = (other for other in kept if (other.kind, other.label) == (tag.kind, tag.label))
        if not any(_overlap(tag, other) for other in same):
            kept.append(tag)
    return kept
