"""The page of an export that a person reads: no script, nothing from elsewhere."""

from collections.abc import Iterable
from html import escape

from schemas.tag import Tag
from workers.exporting.documents import ExportedCheckIn

HEAD = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tandem: what you said</title>
<style>
  body { font: 17px/1.6 Georgia, serif; color: #222; background: #fbfaf7; max-width: 42rem; margin: 3rem auto;
         padding: 0 1.25rem; }
  h1 { font-weight: normal; } h2 { font-size: 1.15rem; margin: 3rem 0 .25rem; }
  .facts { color: #666; font-size: .9rem; } audio { width: 100%; margin: .75rem 0; }
  ul { padding-left: 1.2rem; } li { margin: .2rem 0; } .kind { color: #666; font-size: .9rem; }
  a { color: #14506b; }
</style>
<body>
<h1>What you said</h1>
"""
END = "</body>\n</html>\n"


def introduction(*, email: str, made: str, count: int) -> str:
    """The first lines."""
    return (
        f"<p class='facts'>{count} check-ins of {escape(email)}, as they were on {escape(made)}. Everything here is "
        "also in <a href='export.json'>export.json</a> and the files it names; <a href='schema.json'>schema.json</a> "
        "says what they mean.</p>\n"
    )


def section(exported: ExportedCheckIn, document: str) -> str:
    """One check-in: when it was, the recording, what was said, what was found in it."""
    check_in = exported.check_in
    facts = [check_in.kind.value.replace("_", " "), check_in.time_zone, check_in.state.value.replace("_", " ")]
    parts = [
        f"<h2 id='{check_in.id}'>{check_in.local_day:%A, %d %B %Y}</h2>",
        f"<p class='facts'>{escape(' · '.join(facts))} · <a href='{escape(document)}'>all of it</a></p>",
    ]
    if exported.audio:
        parts.append(f"<audio controls preload='none' src='{escape(exported.audio)}'></audio>")
    if exported.transcripts:
        parts.append(f"<p>{escape(exported.transcripts[-1].transcript.text)}</p>")
    parts.append(_list(exported.tags))
    return "\n".join(filter(None, parts)) + "\n"


def _list(tags: Iterable[Tag]) -> str:
    lines = [
        f"<li>“{escape(tag.quote)}” <span class='kind'>{escape(tag.kind)}: {escape(tag.label)}, "
        f"at {tag.start_seconds:.0f} s</span></li>"
        for tag in tags
    ]
    return "<ul>\n" + "\n".join(lines) + "\n</ul>" if lines else ""
