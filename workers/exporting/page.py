"""The page of an export that a person reads: no script, nothing from elsewhere, and everything in it escaped."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from html import escape
from itertools import groupby
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from schemas.check_in import CheckInKind, CheckInState, CheckInSummary
from schemas.tag import Holder, Tag, TagKind, TagSource
from schemas.taxonomy import gloss
from schemas.transcript import Transcript
from workers.exporting.documents import ExportedCheckIn
from workers.exporting.style import STYLE

OCCASIONS = {
    CheckInKind.JOURNAL: "Journal",
    CheckInKind.WEEKLY: "Weekly check-in",
    CheckInKind.POST_MORTEM: "After a hard moment",
}
KINDS = {
    TagKind.FEELING: "Feelings",
    TagKind.NEED: "Needs",
    TagKind.REQUEST: "Requests: asking, with room for a no",
    TagKind.DEMAND: "Demands: no room for a no",
    TagKind.BOUNDARY: "Boundaries: what you will or will not do",
    TagKind.EVALUATION: "Judgements of what somebody did or is",
    TagKind.ABSOLUTE: "All or nothing: always, never, everyone",
}
"""In the order in which they are told."""
WITHOUT_WORDS = {
    CheckInState.NO_SPEECH: "Nobody was heard speaking in it.",
    CheckInState.FAILED: "It could not be transcribed.",
}
NOT_YET = "It was not transcribed yet."
HOLDERS = {Holder.PARTNER: "of your partner", Holder.OTHER: "of somebody else"}
OPENING_LENGTH = 90
"""Characters of a transcript that stand in the list of contents."""

_HEAD = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="script-src 'none'; object-src 'none'; base-uri 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Tandem: what you said</title>
<style>{STYLE}</style>
</head>
<body>
"""
_END = "</main>\n</body>\n</html>\n"


@dataclass(frozen=True)
class Section:
    """A check-in on the page, and its line in the list of contents."""

    month: str
    line: str
    html: str


def whole(sections: Sequence[Section], *, email: str, made_at: datetime) -> str:
    """The page. Sections are shown in the order in which they come."""
    count = f"{len(sections)} check-in{'' if len(sections) == 1 else 's'}"
    head = (
        f"<header>\n<h1>What you said</h1>\n<p>{count} of {escape(email)}, as they were on {day(made_at)}. "
        "Everything here, and more, is also in <a href='export.json'>export.json</a> and the files it names; "
        "<a href='schema.json'>schema.json</a> says what they mean.</p>\n</header>\n"
    )
    return "".join([_HEAD, head, _contents(sections), "<main>\n", *(section.html for section in sections), _END])


def section(exported: ExportedCheckIn, document: str) -> Section:
    """One check-in: when it was, the recording, what was said, what was found in it."""
    check_in = exported.check_in
    when = local(check_in)
    heard = exported.transcript
    facts = [*_facts(exported, when, heard), f"<a href='{escape(document)}'>all of it</a>"]
    parts = [
        f"<article id='{check_in.id}'>",
        f"<h2>{when:%A}, {day(check_in.local_day)}</h2>",
        f"<p class='facts'>{' · '.join(facts)}</p>",
        _recording(exported),
        _words(heard, check_in.state),
        _tags(exported),
        "</article>\n",
    ]
    opening = _opening(heard.text) if heard else WITHOUT_WORDS.get(check_in.state, NOT_YET)
    line = (
        f"<li><a href='#{check_in.id}'>{when:%a} {check_in.local_day.day}, {when:%H:%M}</a> "
        f"<span dir='auto'>{escape(opening)}</span></li>"
    )
    return Section(f"{check_in.local_day:%B %Y}", line, "\n".join(filter(None, parts)))


def day(moment: date) -> str:
    """A date in words, without a leading zero."""
    return f"{moment.day} {moment:%B %Y}"


def local(check_in: CheckInSummary) -> datetime:
    """When it was recorded by the clock of the phone; by UTC where its zone is known no more."""
    try:
        return check_in.recorded_at.astimezone(ZoneInfo(check_in.time_zone))
    except (ZoneInfoNotFoundError, ValueError):
        return check_in.recorded_at.astimezone(UTC)


def _contents(sections: Sequence[Section]) -> str:
    if not sections:
        return ""
    months = "\n".join(
        f"<h3>{escape(month)}</h3>\n<ul>\n" + "\n".join(entry.line for entry in entries) + "\n</ul>"
        for month, entries in groupby(sections, key=lambda entry: entry.month)
    )
    return f"<nav aria-label='Contents'>\n<h2>Contents</h2>\n{months}\n</nav>\n"


def _facts(exported: ExportedCheckIn, when: datetime, heard: Transcript | None) -> Iterable[str]:
    check_in = exported.check_in
    yield f"{when:%H:%M} ({escape(check_in.time_zone)})"
    yield OCCASIONS[check_in.kind]
    if check_in.recording.seconds is not None:
        yield f"{clock(check_in.recording.seconds)} long"
    if heard and heard.edited:
        yield "edited by you"
    if (earlier := len(exported.versions) - (1 if heard else 0)) > 0:
        yield f"{earlier} earlier version{'' if earlier == 1 else 's'}"


def _recording(exported: ExportedCheckIn) -> str:
    if exported.audio:
        return f"<audio controls preload='none' src='{escape(exported.audio)}'></audio>"
    if gone := exported.check_in.recording.deleted_at:
        return f"<p class='note'>The recording was deleted on {day(gone)}, as you had chosen.</p>"
    return "<p class='note'>The recording could not be read any more.</p>"


def _words(heard: Transcript | None, state: CheckInState) -> str:
    if heard is None:
        return f"<p class='note'>{WITHOUT_WORDS.get(state, NOT_YET)}</p>"
    said = f"<p class='said' dir='auto' lang='{escape(heard.language)}'>{escape(heard.text)}</p>"
    if heard.translation is None:
        return said
    return f"{said}\n<p class='note'>In English:</p>\n<p class='said' lang='en'>{escape(heard.translation.text)}</p>"


def _tags(exported: ExportedCheckIn) -> str:
    groups = [
        f"<h3>{escape(title)}</h3>\n<ul>\n" + "\n".join(_tag(tag, exported.audio) for tag in found) + "\n</ul>"
        for kind, title in KINDS.items()
        if (found := [tag for tag in exported.tags if tag.kind is kind])
    ]
    return "<section class='tags'>\n" + "\n".join(groups) + "\n</section>" if groups else ""


def _tag(tag: Tag, audio: str | None) -> str:
    at = clock(tag.start_seconds)
    played = f"{audio}#t={tag.start_seconds:.1f},{tag.end_seconds:.1f}" if audio else ""
    when = f"<a href='{escape(played)}'>{at}</a>" if played else at
    return (
        f"<li><q dir='auto'>{escape(tag.quote)}</q> <span class='facts'>{' · '.join([*_sense(tag), when])}</span></li>"
    )


def _sense(tag: Tag) -> Iterable[str]:
    if tag.kind in (TagKind.FEELING, TagKind.NEED):
        yield f"<b>{escape(tag.label.replace('_', ' '))}</b>"
    if tag.kind is TagKind.NEED and (meaning := _meaning(tag)):
        yield escape(meaning)
    if tag.holder in HOLDERS:
        yield HOLDERS[tag.holder]
    if tag.negated:
        yield "said not to be so"
    if tag.past:
        yield "over by then"
    if tag.source is TagSource.SPEAKER:
        yield "as you put it"


def _meaning(tag: Tag) -> str:
    try:
        return gloss(tag.kind, tag.label)
    except KeyError:  # of a taxonomy that has changed since
        return ""


def clock(seconds: float) -> str:
    """Minutes and seconds."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"


def _opening(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= OPENING_LENGTH else words[:OPENING_LENGTH].rsplit(" ", 1)[0] + " …"
