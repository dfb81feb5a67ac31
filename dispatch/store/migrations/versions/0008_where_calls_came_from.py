"""Guests' calls from one neighbourhood of addresses are counted together: a mark that can be compared and read by none.

Previous release still running: safe, its calls have no mark and are counted alone.
Locks: short; a new column without a value, and an index of nothing.
Backfill: none.   Way back: drops the column; nothing of it is worth keeping longer than a day.
"""

import sqlalchemy as sa
from alembic import op

from dispatch.store.migrations import gentle_locks

revision, down_revision = "0008", "0007"

INDEX = "ix_request_secret_origin_mark"


def upgrade() -> None:
    gentle_locks(op)
    op.add_column("request_secret", sa.Column("origin_mark", sa.LargeBinary(), nullable=True))
    op.create_index(INDEX, "request_secret", ["origin_mark"])


def downgrade() -> None:
    gentle_locks(op)
    op.drop_index(INDEX, table_name="request_secret")
    op.drop_column("request_secret", "origin_mark")
