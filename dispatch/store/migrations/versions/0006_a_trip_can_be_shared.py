"""A trip can be shared: one more kind of link.

Previous release still running: safe, it opens no link of a kind it does not know.
Locks: short; waits 4 s at most, then fails and is run again. The CHECK reads each row.
Backfill: none.   Way back: such links are deleted, then the CHECK is as it was.
"""

from collections.abc import Sequence

from alembic import op

from dispatch.store.migrations import gentle_locks

revision, down_revision = "0006", "0005"

BEFORE = ("owner", "view", "helper", "relay", "member", "invite")


def _powers(known: Sequence[str]) -> None:
    words = ", ".join(f"'{power}'" for power in known)
    with op.batch_alter_table("grant_") as table:
        table.drop_constraint(op.f("ck_grant__power"), type_="check")
        table.create_check_constraint(op.f("ck_grant__power"), f"power IN ({words})")


def upgrade() -> None:
    gentle_locks(op)
    _powers((*BEFORE, "trip"))


def downgrade() -> None:
    gentle_locks(op)
    op.execute("DELETE FROM grant_ WHERE power = 'trip'")
    _powers(BEFORE)
