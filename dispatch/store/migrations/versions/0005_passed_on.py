"""A call is passed on by links of its own: who carried it, from whom, and which claim came that way.

Previous release still running: safe for what it knows; a browser that opened a passed link gets an error from it.
Locks: short; waits 4 s at most, then fails and is run again. The CHECK reads each row of `grant_`.
Backfill: none.   Way back: ends every passed link and drops who carried what.
"""

import sqlalchemy as sa
from alembic import op

from dispatch.store.migrations import gentle_locks

revision, down_revision = "0005", "0004"

ROW = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BEFORE = ("owner", "view", "helper", "member", "invite")
AFTER = ("owner", "view", "helper", "relay", "member", "invite")


def to(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, ROW, autoincrement=False, nullable=null)


def moment(name: str, *, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=null)


def fk(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=f"fk_{table}_{column}")


def known(powers: tuple[str, ...]) -> str:
    return f"power IN ({', '.join(repr(power) for power in powers)})"


def grants(powers: tuple[str, ...], *, relays: bool) -> sa.Table:
    """The table as it stands: SQLite makes it anew, and can't tell by itself what it checks."""
    more: list[sa.schema.SchemaItem] = [to("relay_id", null=True), fk("grant_", "relay_id", "relay")] if relays else []
    return sa.Table(
        "grant_",
        sa.MetaData(),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("power", sa.Text(), nullable=False),
        to("person_id", null=True),
        to("request_id", null=True),
        sa.Column("session", sa.Text(), nullable=True),
        moment("expires_at", null=True),
        moment("revoked_at", null=True),
        *more,
        fk("grant_", "person_id", "person"),
        fk("grant_", "request_id", "request"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_grant_"),
        sa.CheckConstraint(known(powers), name=op.f("ck_grant__power")),
        sa.Index("ix_grant__person_id", "person_id"),
        sa.Index("ix_grant__request_id", "request_id"),
        sa.Index("ix_grant__session", "session"),
    )


def upgrade() -> None:
    gentle_locks(op)
    op.create_table(
        "relay",
        sa.Column("id", ROW, sa.Identity(), nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        to("request_id"),
        to("person_id"),
        to("parent", null=True),
        sa.Column("depth", sa.SmallInteger(), nullable=False),
        sa.Column("named", sa.Boolean(), nullable=False),
        sa.Column("opened", sa.SmallInteger(), nullable=False),
        moment("created_at"),
        moment("opened_at", null=True),
        moment("expires_at"),
        moment("ended_at", null=True),
        fk("relay", "request_id", "request"),
        fk("relay", "person_id", "person"),
        fk("relay", "parent", "relay"),
        sa.PrimaryKeyConstraint("id", name="pk_relay"),
        sa.UniqueConstraint("public_id", name="uq_relay_public_id"),
        sa.CheckConstraint("depth BETWEEN 1 AND 3", name=op.f("ck_relay_depth")),
    )
    op.create_index("ix_relay_request_id", "relay", ["request_id"])
    op.create_index("ix_relay_person_id", "relay", ["person_id", "created_at"])
    op.create_table(
        "relay_claim",
        to("claim_id"),
        to("relay_id"),
        fk("relay_claim", "claim_id", "claim"),
        fk("relay_claim", "relay_id", "relay"),
        sa.PrimaryKeyConstraint("claim_id", name="pk_relay_claim"),
    )
    with op.batch_alter_table("grant_", copy_from=grants(BEFORE, relays=False)) as table:
        table.add_column(to("relay_id", null=True))
        table.create_foreign_key("fk_grant__relay_id", "relay", ["relay_id"], ["id"])
        table.drop_constraint(op.f("ck_grant__power"), type_="check")
        table.create_check_constraint(op.f("ck_grant__power"), known(AFTER))
    op.create_index("ix_grant__relay_id", "grant_", ["relay_id"])


def downgrade() -> None:
    gentle_locks(op)
    op.execute("DELETE FROM grant_ WHERE power = 'relay'")
    op.drop_index("ix_grant__relay_id", table_name="grant_")
    with op.batch_alter_table("grant_", copy_from=grants(AFTER, relays=True)) as table:
        table.drop_constraint("fk_grant__relay_id", type_="foreignkey")
        table.drop_constraint(op.f("ck_grant__power"), type_="check")
        table.create_check_constraint(op.f("ck_grant__power"), known(BEFORE))
        table.drop_column("relay_id")
    op.drop_table("relay_claim")
    op.drop_table("relay")
