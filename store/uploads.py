"""Uploads: recordings that arrive in parts, whatever protocol brings them.

Who writes has a lease, and moves the offset by a conditional update once its bytes are on the disk. An upload is
`received` in full exactly when its check-in is committed, in the same transaction: there is nothing in between.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Select, delete, func, or_, select, update

from schemas.check_in import CheckInCreate
from schemas.errors import UploadBusy, UploadNotFound, UploadsFull
from store.database import DatabaseSession
from store.tables import CheckIn, Upload, UploadPart

LIFETIME = timedelta(hours=24)
"""An upload goes after so long without a new byte."""
LEASE = timedelta(seconds=4)
"""Who has written nothing for so long may be overtaken: phones change networks, and the old connection hangs."""
MOST_OPEN = 50
"""Uploads that an account may have begun and not finished."""
MOST_PARTS = 2_000
"""Requests that may bring something of one upload: each has a file."""
MOST_OF_ONE = 3
"""Of them for the same recording."""


class Uploads:
    """Every read is on behalf of an account: what is not theirs is not there."""

    def __init__(self, session: DatabaseSession) -> None:
        self._session = session

    def make_room(self, account_id: UUID, check_in_id: UUID, *, now: datetime) -> Sequence[str]:
        """Forget the oldest that were begun for one recording: a phone that learns of none begins again and again.

        Returns the keys of their parts, which are the caller's to delete.
        """
        same = _open(account_id, now=now).where(Upload.check_in_id == check_in_id)
        newest_first = self._session.scalars(same.order_by(Upload.created_at.desc(), Upload.id)).all()
        older = newest_first[MOST_OF_ONE - 1 :]
        idle = [upload.id for upload in older if upload.leased_until is None or upload.leased_until < now]
        return [key for upload_id in idle for key in self._delete(upload_id)]

    def create(self, account_id: UUID, create: CheckInCreate, *, upload_id: UUID, length: int, now: datetime) -> Upload:
        """Begin one. Raises UploadsFull."""
        count = select(func.count()).select_from(_open(account_id, now=now).subquery())
        if (self._session.scalar(count) or 0) >= MOST_OPEN:
            raise UploadsFull
        upload = Upload(
            id=upload_id,
            account_id=account_id,
            check_in_id=create.id,
            kind=create.kind,
            recorded_at=create.recorded_at,
            time_zone=create.time_zone,
            language=create.language,
            length=length,
            received=0,
            created_at=now,
            expires_at=now + LIFETIME,
        )
        self._session.add(upload)
        self._session.flush()
        return upload

    def get_for(self, account_id: UUID, upload_id: UUID, *, now: datetime) -> Upload:
        """Raises UploadNotFound for what is not there, has expired, or is another's."""
        upload = self._session.get(Upload, upload_id, populate_existing=True)
        if upload is None or upload.account_id != account_id or upload.expires_at <= now:
            raise UploadNotFound
        return upload

    def parts(self, upload_id: UUID) -> Sequence[UploadPart]:
        """What has arrived, in order."""
        query = select(UploadPart).where(UploadPart.upload_id == upload_id).order_by(UploadPart.start)
        return self._session.scalars(query).all()

    def lease(self, upload: Upload, *, now: datetime) -> UUID:
        """The right to write, alone. Raises UploadBusy."""
        lease = uuid4()
        free = or_(Upload.lease.is_(None), Upload.leased_until < now)
        self._update(upload.id, free, lease=lease, leased_until=now + LEASE)
        return lease

    def count(self, upload_id: UUID, lease: UUID, part: UploadPart, *, now: datetime) -> None:
        """Count what is on the disk: all of a part that begins where the others end. Raises UploadBusy when overtaken.

        `part` has its present size; the offset moves to its end.
        """
        self._update(
            upload_id,
            (Upload.lease == lease) & (Upload.received <= part.start + part.size),
            received=part.start + part.size,
            leased_until=now + LEASE,
            expires_at=now + LIFETIME,
        )
        self._session.merge(part)

    def renew(self, upload_id: UUID, lease: UUID, *, now: datetime) -> None:
        """Keep the lease while the parts are put together. Raises UploadBusy when overtaken."""
        self._update(upload_id, Upload.lease == lease, leased_until=now + LEASE)

    def finish(self, upload_id: UUID, lease: UUID, *, now: datetime) -> None:
        """It is a check-in now: in the transaction that makes it one. Raises UploadBusy when overtaken.

        What stays tells a phone that lost the answer that all of it has arrived.
        """
        self._update(
            upload_id,
            Upload.lease == lease,
            received=Upload.length,
            lease=None,
            leased_until=None,
            expires_at=now + LIFETIME,
        )
        self._session.execute(delete(UploadPart).where(UploadPart.upload_id == upload_id))

    def release(self, upload_id: UUID, lease: UUID) -> None:
        """Let others write."""
        self._session.execute(
            update(Upload).where(Upload.id == upload_id, Upload.lease == lease).values(lease=None, leased_until=None)
        )

    def delete_for(self, account_id: UUID, upload_id: UUID, *, now: datetime) -> Sequence[str]:
        """Forget an upload; returns the keys of its parts, which are the caller's to delete. Raises UploadNotFound."""
        self.get_for(account_id, upload_id, now=now)
        return self._delete(upload_id)

    def delete_expired(self, *, now: datetime) -> Sequence[str]:
        """Forget those nobody went on with; returns the keys of their parts."""
        ids = self._session.scalars(select(Upload.id).where(Upload.expires_at <= now).limit(100)).all()
        return [key for upload_id in ids for key in self._delete(upload_id)]

    def owns(self, key: str) -> bool:
        """Whether a part with this key counts."""
        return self._session.scalar(select(UploadPart.key).where(UploadPart.key == key)) is not None

    def bytes_of(self, account_id: UUID) -> int:
        """What an account holds: recordings that are kept, and those that are on their way, as long as they will be."""
        kept = select(func.coalesce(func.sum(CheckIn.audio_size), 0)).where(
            CheckIn.account_id == account_id, CheckIn.audio_deleted_at.is_(None)
        )
        arrived = select(func.coalesce(func.sum(Upload.length), 0)).where(
            Upload.account_id == account_id, Upload.received < Upload.length
        )
        return int(self._session.scalar(kept) or 0) + int(self._session.scalar(arrived) or 0)

    def _delete(self, upload_id: UUID) -> list[str]:
        keys = [part.key for part in self.parts(upload_id)]
        self._session.execute(delete(Upload).where(Upload.id == upload_id))
        return keys

    def _update(self, upload_id: UUID, condition: ColumnElement[bool], **values: object) -> None:
        moved = self._session.execute(
            update(Upload)
            .where(Upload.id == upload_id, condition)
            .values(**values)
            .returning(Upload.id)
            .execution_options(synchronize_session=False)
        ).one_or_none()
        if moved is None:
            gone = self._session.scalar(select(Upload.id).where(Upload.id == upload_id)) is None
            raise UploadNotFound if gone else UploadBusy


def _open(account_id: UUID, *, now: datetime) -> Select[Upload]:
    return select(Upload).where(
        Upload.account_id == account_id, Upload.received < Upload.length, Upload.expires_at > now
    )
