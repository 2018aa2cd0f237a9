"""Things that tests need, made in one line."""

import math
import struct
import wave
from collections.abc import Iterable
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

from schemas.check_in import CheckInCreate, CheckInState
from schemas.recording import RecordingFormat
from schemas.tag import TextTag
from schemas.transcript import Segment, Transcript, Word
from store.check_ins import StoredRecording
from store.opening import Store
from store.placing import place
from store.stages import TAG, TRANSCRIBE

RECORDED_AT = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)


def make_wav(*, seconds: float = 0.5, rate: int = 16_000, hertz: float = 440.0) -> bytes:
    """A mono tone."""
    file = BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, rate, 0, "NONE", ""))
        turns = (2 * math.pi * hertz * number / rate for number in range(int(seconds * rate)))
        writer.writeframes(b"".join(struct.pack("<h", int(8_000 * math.sin(turn))) for turn in turns))
    return file.getvalue()


def make_create(check_in_id: UUID | None = None, **fields: Any) -> CheckInCreate:
    """What a phone tells about a recording."""
    given = {"id": check_in_id or uuid4(), "recorded_at": RECORDED_AT, "time_zone": "Europe/Berlin"}
    return CheckInCreate(**given | fields)


def make_recording(*, sha256: str = "5" * 64, key: str | None = None, seconds: float | None = 0.5) -> StoredRecording:
    """A recording that is said to be stored."""
    return StoredRecording(key or uuid4().hex, RecordingFormat.WAV, size=16_044, sha256=sha256, seconds=seconds)


def make_account(store: Store, email: str = "kim@example.org") -> UUID:
    """Somebody."""
    with store.unit_of_work() as work:
        return work.accounts.add(email, password_hash="-", now=store.clock()).id


def make_check_in(store: Store, account_id: UUID, *, recording: StoredRecording | None = None, **fields: Any) -> UUID:
    """A check-in that waits to be transcribed."""
    create = make_create(**fields)
    with store.unit_of_work() as work:
        check_in, _ = work.check_ins.add(account_id, create, recording or make_recording(), now=store.clock())
        work.nudge(TRANSCRIBE, check_in.id, attempts=0)
        return check_in.id


def make_transcript(text: str = "I feel calm today.") -> Transcript:
    """A transcript in which every word lasts half a second."""
    words, offset = [], 0
    for number, word in enumerate(text.split()):
        offset = text.index(word, offset)
        start = number / 2
        words.append(Word(text=word, start=start, end=start + 0.5, probability=0.9, offset=offset))
        offset += len(word)
    length = len(words) / 2
    whole = Segment(start=0, end=length, first_word=0, last_word=len(words) - 1)
    return Transcript(
        text=text,
        language="en",
        language_probability=0.99,
        seconds=length,
        model="none",
        segments=(whole,),
        words=tuple(words),
    )


def make_partial(*sentences: str) -> Transcript:
    """A transcript of which each sentence is a segment."""
    transcript = make_transcript(" ".join(sentences))
    segments, first = [], 0
    for sentence in sentences:
        last = first + len(sentence.split()) - 1
        start, end = transcript.words[first].start, transcript.words[last].end
        segments.append(Segment(start=start, end=end, first_word=first, last_word=last))
        first = last + 1
    return transcript.model_copy(update={"segments": tuple(segments)})


def settle(store: Store, check_in_id: UUID, *, transcript: Transcript, tags: Iterable[TextTag] = ()) -> None:
    """Do what the workers do: from where a check-in waits to `ready`."""
    for stage, state in ((TRANSCRIBE, CheckInState.TRANSCRIBED), (TAG, CheckInState.READY)):
        with store.unit_of_work() as work:
            claim = work.claims.take(stage, check_in_id, worker="w", now=store.clock())
        if claim is None:
            continue
        with store.unit_of_work() as work:
            work.claims.finish(claim, state, now=store.clock())
            if stage is TRANSCRIBE:
                work.results.save_transcript(check_in_id, transcript, now=store.clock())
            else:
                work.results.save_tags(check_in_id, place(tags, transcript), tagger="none")
