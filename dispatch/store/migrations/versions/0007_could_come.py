"""Whoever is asked in a drill says that they could come: one more answer of an alert.

Previous release still running: safe for real calls; an inbox with an answered drill gets an error from it.
Locks: short; waits 4 s at most, then fails and is run again. The CHECK reads each row of `alert`.
Backfill: none.   Way back: such answers become "seen".
"""

import sqlalchemy as sa
from alembic import op

from dispatch.store.migrations import gentle_locks

revision, down_revision = "0007", "0006"

ROW = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BEFORE = ("acknowledged", "declined", "claimed", "stood_down")
AFTER = ("acknowledged", "declined", "claimed", "could", "stood_down")


def known(answers: tuple[str, ...]) -> str:
    return f"answer IN ({', '.join(repr(answer) for answer in answers)})"


def alerts(answers: tuple[str, ...]) -> sa.Table:
    """The table as it stands: SQLite makes it anew, and can't tell by itself what it checks."""
    return sa.Table(
        "alert",
        sa.MetaData(),
        sa.Column("id", ROW, sa.Identity(), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("request_id", ROW, autoincrement=False, nullable=False),
        sa.Column("person_id", ROW, autoincrement=False, nullable=False),
        sa.Column("wave", sa.Integer(), nullable=False),
        sa.Column("ring", sa.Text(), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("seen_at", sa.BigInteger(), nullable=True),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(known(answers), name=op.f("ck_alert_answer")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_alert_person_id")),
        sa.ForeignKeyConstraint(["request_id"], ["request.id"], name=op.f("fk_alert_request_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
        sa.UniqueConstraint("public_id", name=op.f("uq_alert_public_id")),
        sa.UniqueConstraint("request_id", "person_id", name=op.f("uq_alert_request_id_person_id")),
        sa.Index("ix_alert_person_id", "person_id", "created_at"),
    )


def answer_may_be(before: tuple[str, ...], after: tuple[str, ...]) -> None:
    with op.batch_alter_table("alert", copy_from=alerts(before)) as table:
        table.drop_constraint(op.f("ck_alert_answer"), type_="check")
        table.create_check_constraint(op.f("ck_alert_answer"), known(after))


def upgrade() -> None:
    gentle_locks(op)
    answer_may_be(BEFORE, AFTER)


def downgrade() -> None:
    gentle_locks(op)
    op.execute("UPDATE alert SET answer = 'acknowledged' WHERE answer = 'could'")
    answer_may_be(AFTER, BEFORE)
