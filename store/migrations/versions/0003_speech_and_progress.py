"""What a person tells about their speech, and the progress of a transcription."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward. On SQLite only `changes` is made anew: nothing hangs on it that would go with the old one."""
    op.add_column("accounts", sa.Column("languages", sa.String(length=255), nullable=False, server_default=""))
    op.add_column("accounts", sa.Column("vocabulary", sa.LargeBinary(), nullable=True))
    op.create_table(
        "partial_transcripts",
        sa.Column("check_in_id", sa.Uuid(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("transcript", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["check_in_id"], ["check_ins.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("check_in_id"),
    )
    partial = sa.ForeignKey("partial_transcripts.check_in_id", name="changes_partial_id_fkey", ondelete="CASCADE")
    with op.batch_alter_table("changes") as changes:
        changes.add_column(sa.Column("partial_id", sa.Uuid(), partial, nullable=True))
        for number in ("percent", "first_segment", "end_segment"):
            changes.add_column(sa.Column(number, sa.Integer(), nullable=True))
    op.create_index("ix_changes_partial_id", "changes", ["partial_id"])


def downgrade() -> None:
    """Back."""
    op.drop_index("ix_changes_partial_id", "changes")
    with op.batch_alter_table("changes") as changes:
        for column in ("partial_id", "percent", "first_segment", "end_segment"):
            changes.drop_column(column)
    op.drop_table("partial_transcripts")
    op.drop_column("accounts", "vocabulary")
    op.drop_column("accounts", "languages")
