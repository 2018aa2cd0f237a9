"""Keys of accounts, resumable uploads, sign-in by others, exports, the access log, and how long recordings stay."""

import sqlalchemy as sa
from alembic import op

from store.columns import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_SEALED = {
    "transcripts": "transcript",
    "partial_transcripts": "transcript",
    "taggings": "tags",
    "corrections": "correction",
}
"""Columns that hold what was said: `store/sealing_up.py` seals what stands in them still unsealed."""


def upgrade() -> None:
    """Forward."""
    for table, column in _SEALED.items():
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {column} TO sealed")
    op.add_column("accounts", sa.Column("last_access", sa.Integer(), server_default="0", nullable=False))
    op.add_column("accounts", sa.Column("keep_audio_days", sa.Integer(), nullable=True))
    op.add_column("check_ins", sa.Column("transcribed_at", UtcDateTime(timezone=True), nullable=True))
    op.add_column("check_ins", sa.Column("audio_deleted_at", UtcDateTime(timezone=True), nullable=True))
    op.add_column("transcripts", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.add_column("transcripts", sa.Column("made_at", UtcDateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE check_ins SET transcribed_at = updated_at "
        "WHERE EXISTS (SELECT 1 FROM transcripts WHERE transcripts.check_in_id = check_ins.id)"
    )
    is_kept = sa.text("audio_deleted_at IS NULL")
    op.create_index(
        "ix_check_ins_kept", "check_ins", ["transcribed_at"], postgresql_where=is_kept, sqlite_where=is_kept
    )
    _create_people()
    _create_uploads()
    _create_records()


def _create_people() -> None:
    op.create_table(
        "account_keys",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("server_key_id", sa.String(length=64), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id"),
    )
    op.create_index("ix_account_keys_server_key_id", "account_keys", ["server_key_id"])
    op.create_table(
        "oidc_identities",
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("linked_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("issuer", "subject"),
    )
    op.create_index("ix_oidc_identities_account_id", "oidc_identities", ["account_id"])
    op.create_table(
        "used_id_tokens",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("expires_at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index("ix_used_id_tokens_expires_at", "used_id_tokens", ["expires_at"])
    op.create_table(
        "password_resets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    op.create_index("ix_password_resets_account_id", "password_resets", ["account_id"])
    op.create_index("ix_password_resets_due_at", "password_resets", ["due_at"])
    op.create_index("ix_password_resets_expires_at", "password_resets", ["expires_at"])


def _create_uploads() -> None:
    op.create_table(
        "uploads",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("check_in_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=True),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("received", sa.Integer(), nullable=False),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("leased_until", UtcDateTime(timezone=True), nullable=True),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_uploads_account_id", "uploads", ["account_id"])
    op.create_index("ix_uploads_check_in_id", "uploads", ["check_in_id"])
    op.create_index("ix_uploads_expires_at", "uploads", ["expires_at"])
    op.create_table(
        "upload_parts",
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["upload_id"], ["uploads.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("upload_id", "start"),
    )
    op.create_index("ix_upload_parts_key", "upload_parts", ["key"])
    op.create_table(
        "idempotency_keys",
        sa.Column("scope", sa.String(length=80), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("fingerprint", sa.LargeBinary(length=32), nullable=False),
        sa.Column("made", sa.Uuid(), nullable=False),
        sa.Column("made_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("scope", "digest"),
    )
    op.create_index("ix_idempotency_keys_account_id", "idempotency_keys", ["account_id"])
    op.create_index("ix_idempotency_keys_made_at", "idempotency_keys", ["made_at"])


def _create_records() -> None:
    op.create_table(
        "accesses",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id", "number"),
    )
    op.create_index("ix_accesses_subject", "accesses", ["account_id", "subject_id"])
    op.create_table(
        "exports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("asked_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("due_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("audio_key", sa.String(length=64), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("ready_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("expires_at", UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_exports_account_id", "exports", ["account_id"])
    op.create_index("ix_exports_audio_key", "exports", ["audio_key"])
    op.create_index("ix_exports_due_at", "exports", ["due_at"])
    op.create_index("ix_exports_expires_at", "exports", ["expires_at"])
    op.create_table(
        "deletion_receipts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deleted_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("check_ins", sa.Integer(), nullable=False),
        sa.Column("recordings", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "transcript_versions",
        sa.Column("check_in_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("made_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["check_in_id"], ["check_ins.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("check_in_id", "version"),
    )


def downgrade() -> None:
    """Back. What was sealed stays sealed: older code cannot read it."""
    for table in (
        "transcript_versions",
        "deletion_receipts",
        "exports",
        "accesses",
        "idempotency_keys",
        "upload_parts",
        "uploads",
        "password_resets",
        "used_id_tokens",
        "oidc_identities",
        "account_keys",
    ):
        op.drop_table(table)
    op.drop_index("ix_check_ins_kept", "check_ins")
    for table, column in (
        ("accounts", "last_access"),
        ("accounts", "keep_audio_days"),
        ("check_ins", "transcribed_at"),
        ("check_ins", "audio_deleted_at"),
        ("transcripts", "version"),
        ("transcripts", "made_at"),
    ):
        op.drop_column(table, column)
    for table, column in _SEALED.items():
        op.execute(f"ALTER TABLE {table} RENAME COLUMN sealed TO {column}")
