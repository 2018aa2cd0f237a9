"""Corrections: what the speaker says about tags and words, and what is asked back."""

from uuid import UUID

from fastapi import APIRouter, Response, status

from reflection.questions import reflect
from schemas import errors
from schemas.access import AccessAction
from schemas.change import ChangeType
from schemas.correction import CorrectionCreate, CorrectionList, TranscriptEdit
from schemas.errors import CheckInNotFound, NothingHeard, NotSignedIn
from schemas.tag import TagRead
from schemas.transcript import Transcript, TranscriptVersionList
from service.dependencies import IdempotencyKeyDep, SignedInDep, StoreDep
from service.problems import documented
from store.corrections import apply_corrections, read_corrections
from store.editing import edit
from store.stages import TAG
from store.unit_of_work import UnitOfWork

router = APIRouter(prefix="/v1/check-ins/{check_in_id}", tags=["Corrections"], responses=documented(NotSignedIn))


def corrected_tags(reading: UnitOfWork, check_in_id: UUID, transcript: Transcript | None) -> tuple[TagRead, ...] | None:
    """The tags of a check-in as its speaker wants them, each with what is asked about it; None until they were made."""
    tags = reading.results.tags(check_in_id)
    if tags is None or transcript is None:
        return None
    current = apply_corrections(tags, reading.corrections.of(check_in_id), transcript)
    text = transcript.tagged
    reflections = reflect(current, text.text) if text.language == "en" else [None] * len(current)
    return tuple(
        TagRead(**tag.model_dump(), reflection=reflection) for tag, reflection in zip(current, reflections, strict=True)
    )


@router.post(
    "/corrections",
    summary="Correct a tag",
    status_code=status.HTTP_201_CREATED,
    responses=documented(
        CheckInNotFound,
        errors.CorrectionOutside,
        errors.CorrectionIdTaken,
        errors.CorrectionUnknown,
        errors.CorrectionsFull,
        errors.IdempotencyKeyReused,
        NothingHeard,
    ),
)
def create_correction(
    check_in_id: UUID,
    create: CorrectionCreate,
    response: Response,
    signed_in: SignedInDep,
    store: StoreDep,
    key: IdempotencyKeyDep = None,
) -> tuple[TagRead, ...]:
    """Remove a tag (`before`), add one (`after`), or change label, attributes or place (both). Answers with all tags.

    The speaker's word wins over the tagger's: it holds when the check-in is run again, and in an edited transcript
    wherever its words still stand. A correction is taken back by another that `revokes` it; the history keeps both.
    """
    now = store.clock()
    with store.unit_of_work() as work:
        check_in = work.check_ins.get_for(signed_in.account_id, check_in_id, lock=True)
        asked = f"correction {check_in_id} {create.model_dump_json()}"
        work.idempotency.claim(signed_in.account_id, key, asked, made=create.id, now=now)
        transcript = _heard(work, check_in_id)
        if work.corrections.add(check_in_id, create, transcript, now=now):
            work.changes.record(
                check_in.account_id,
                ChangeType.CHECK_IN_CORRECTED,
                check_in_id=check_in_id,
                state=check_in.state,
                at=now,
            )
            signed_in.note(work, AccessAction.CHECK_IN_CORRECTED, check_in_id)
        else:
            response.headers["Idempotent-Replayed"] = "true"
    signed_in.note_reading(AccessAction.CHECK_IN_READ, check_in_id)
    with store.reading() as reading:
        return corrected_tags(reading, check_in_id, transcript) or ()


@router.get("/corrections", summary="Read the history of corrections", responses=documented(CheckInNotFound))
def list_corrections(check_in_id: UUID, signed_in: SignedInDep, store: StoreDep) -> CorrectionList:
    """All corrections of a check-in, oldest first."""
    with store.reading() as reading:
        reading.check_ins.get_for(signed_in.account_id, check_in_id)
        transcript = reading.results.transcript(check_in_id)
        corrections = reading.corrections.of(check_in_id)
    signed_in.note_reading(AccessAction.CHECK_IN_READ, check_in_id)
    return CorrectionList(items=read_corrections(corrections, transcript))


@router.put(
    "/transcript",
    summary="Edit a transcript",
    status_code=status.HTTP_202_ACCEPTED,
    responses=documented(CheckInNotFound, errors.CheckInUnsettled, errors.TranscriptVersionsFull, NothingHeard),
)
def edit_transcript(check_in_id: UUID, change: TranscriptEdit, signed_in: SignedInDep, store: StoreDep) -> Transcript:
    """Put right what was misheard. Words that stay keep their times; the tags are made again, corrections hold.

    Running the check-in again transcribes the recording anew and replaces the edited text. How it read before can be
    read; a transcript that has had 100 versions cannot be edited any more.
    """
    with store.reading() as reading:
        reading.check_ins.get_for(signed_in.account_id, check_in_id)
        heard = _heard(reading, check_in_id)
        if heard.text != change.text:
            reading.results.check_editable(check_in_id)
    if heard.text == change.text:
        signed_in.note_reading(AccessAction.CHECK_IN_READ, check_in_id)
        return heard
    edited = edit(heard, change.text)  # may take a while: not within a transaction that others wait for
    with store.unit_of_work() as work:
        check_in = work.check_ins.tag_again(signed_in.account_id, check_in_id, now=store.clock())
        if work.results.transcript(check_in_id) != heard:  # it was run again meanwhile
            raise errors.CheckInUnsettled
        work.results.check_editable(check_in_id)
        work.results.save_transcript(check_in_id, edited, now=store.clock())
        work.nudge(TAG, check_in_id, attempts=check_in.attempt)
        signed_in.note(work, AccessAction.TRANSCRIPT_EDITED, check_in_id)
    return edited


@router.get(
    "/transcript/versions", summary="Read how the transcript read before", responses=documented(CheckInNotFound)
)
def list_transcript_versions(check_in_id: UUID, signed_in: SignedInDep, store: StoreDep) -> TranscriptVersionList:
    """Every version as text, the first one heard first; the last is the present one, where there is one."""
    with store.reading() as reading:
        reading.check_ins.get_for(signed_in.account_id, check_in_id)
        versions = reading.results.versions(check_in_id)
    signed_in.note_reading(AccessAction.CHECK_IN_READ, check_in_id)
    return TranscriptVersionList(items=tuple(versions))


def _heard(work: UnitOfWork, check_in_id: UUID) -> Transcript:
    transcript = work.results.transcript(check_in_id)
    if transcript is None:
        raise NothingHeard
    return transcript
