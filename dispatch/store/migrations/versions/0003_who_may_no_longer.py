"""Who may no longer, and who looks after it: the audit's chain, refusals, holds, freezes, flags, coordinators, pushes.

Previous release still running: safe, all but one column is new; `audit.hash` was never written.
Locks: none worth naming; every table is new.
Backfill: none.   Way back: drops the tables; audit rows stay, their chain is lost.
"""

import sqlalchemy as sa
from alembic import op

from dispatch.store.migrations import gentle_locks

revision, down_revision = "0003", "0002"

ROW = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def to(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, ROW, autoincrement=False, nullable=null)


def moment(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=null)


def fk(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=f"fk_{table}_{column}")


def pk(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def upgrade() -> None:
    gentle_locks(op)
    op.drop_column("audit", "hash")
    op.create_table(
        "audit_seal",
        sa.Column("place", ROW, autoincrement=False, nullable=False),
        sa.Column("audit_id", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        pk("audit_seal", "place"),
        sa.UniqueConstraint("audit_id", name="uq_audit_seal_audit_id"),
    )
    op.create_table(
        "refusal",
        to("request_id"),
        to("person_id"),
        moment("at"),
        fk("refusal", "request_id", "request"),
        fk("refusal", "person_id", "person"),
        pk("refusal", "request_id", "person_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "code_lock", to("claim_id"), moment("until"), fk("code_lock", "claim_id", "claim"), pk("code_lock", "claim_id")
    )
    op.create_table(
        "hold",
        to("person_id"),
        moment("held_until", null=True),
        moment("barred_until", null=True),
        fk("hold", "person_id", "person"),
        pk("hold", "person_id"),
    )
    op.create_table(
        "freeze",
        to("request_id"),
        moment("at"),
        sa.Column("why", sa.Text(), nullable=False),
        fk("freeze", "request_id", "request"),
        pk("freeze", "request_id"),
    )
    op.create_table(
        "verdict",
        to("report_id"),
        to("by", null=True),
        moment("at"),
        sa.Column("upheld", sa.Boolean(), nullable=False),
        fk("verdict", "report_id", "report"),
        fk("verdict", "by", "person"),
        pk("verdict", "report_id"),
    )
    op.create_table(
        "coordinator",
        to("person_id"),
        moment("at"),
        fk("coordinator", "person_id", "person"),
        pk("coordinator", "person_id"),
    )
    op.create_table(
        "glass",
        to("person_id"),
        to("request_id"),
        moment("until"),
        fk("glass", "person_id", "person"),
        fk("glass", "request_id", "request"),
        pk("glass", "person_id", "request_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "flag",
        sa.Column("id", ROW, sa.Identity(), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        to("request_id"),
        to("claim_id", null=True),
        moment("at"),
        sa.Column("asked", sa.SmallInteger(), nullable=False),
        moment("settled_at", null=True),
        sa.Column("settled_as", sa.Text(), nullable=True),
        fk("flag", "request_id", "request"),
        fk("flag", "claim_id", "claim"),
        pk("flag", "id"),
        sa.UniqueConstraint("public_id", name="uq_flag_public_id"),
    )
    op.create_index("ix_flag_request_id", "flag", ["request_id"])
    open_ = sa.text("settled_at IS NULL")
    op.create_index("ix_flag_open", "flag", ["at"], sqlite_where=open_, postgresql_where=open_)
    op.create_table(
        "push_subscription",
        to("person_id"),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("p256dh", sa.Text(), nullable=False),
        sa.Column("auth", sa.Text(), nullable=False),
        moment("at"),
        fk("push_subscription", "person_id", "person"),
        pk("push_subscription", "endpoint"),
    )
    op.create_index("ix_push_subscription_person_id", "push_subscription", ["person_id"])


def downgrade() -> None:
    gentle_locks(op)
    for table in (
        "push_subscription", "flag", "glass", "coordinator", "verdict", "freeze", "hold", "code_lock", "refusal",
        "audit_seal",
    ):  # fmt: skip
        op.drop_table(table)
    op.add_column("audit", sa.Column("hash", sa.LargeBinary(), nullable=True))
