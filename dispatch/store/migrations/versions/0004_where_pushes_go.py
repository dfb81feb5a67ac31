"""Where pushes go is a secret: one sealed text a device, found by the hash of its address, gone with its session.

Previous release still running: safe, it neither read nor wrote the table.
Locks: none worth naming; the table that was there is empty.
Backfill: none.   Way back: the table as it was, empty; browsers register again when their page is opened.
"""

import sqlalchemy as sa
from alembic import op

from dispatch.store.migrations import gentle_locks

revision, down_revision = "0004", "0003"

ROW = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def person() -> sa.Column[int]:
    return sa.Column("person_id", ROW, autoincrement=False, nullable=False)


def owner() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_push_subscription_person_id")


def at() -> sa.Column[int]:
    return sa.Column("at", sa.BigInteger(), nullable=False)


def upgrade() -> None:
    gentle_locks(op)
    op.drop_table("push_subscription")
    op.create_table(
        "push_subscription",
        sa.Column("id", ROW, sa.Identity(), nullable=False),
        person(),
        sa.Column("session", sa.Text(), nullable=True),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("lang", sa.Text(), nullable=True),
        at(),
        owner(),
        sa.PrimaryKeyConstraint("id", name="pk_push_subscription"),
        sa.UniqueConstraint("mark", name="uq_push_subscription_mark"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_push_subscription_person_id", "push_subscription", ["person_id"])
    op.create_index("ix_push_subscription_session", "push_subscription", ["session"])


def downgrade() -> None:
    gentle_locks(op)
    op.drop_table("push_subscription")
    op.create_table(
        "push_subscription",
        person(),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("p256dh", sa.Text(), nullable=False),
        sa.Column("auth", sa.Text(), nullable=False),
        at(),
        owner(),
        sa.PrimaryKeyConstraint("endpoint", name="pk_push_subscription"),
    )
    op.create_index("ix_push_subscription_person_id", "push_subscription", ["person_id"])
