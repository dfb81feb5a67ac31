"""People say who may ask them besides their friends: friends of friends, members of a community, strangers.

Previous release still running: safe, the new column has a default and it reads columns by name.
Locks: short; waits 4 s at most, then fails and is run again. No row is read or written.
Backfill: none; 0 closes nothing, as it was.   Way back: drops the column; everybody may be asked as before.
"""

import sqlalchemy as sa
from alembic import op

from dispatch.store.migrations import gentle_locks

revision, down_revision = "0009", "0008"


def upgrade() -> None:
    gentle_locks(op)
    op.add_column("person", sa.Column("closed", sa.SmallInteger(), nullable=False, server_default="0"))


def downgrade() -> None:
    gentle_locks(op)
    op.drop_column("person", "closed")
