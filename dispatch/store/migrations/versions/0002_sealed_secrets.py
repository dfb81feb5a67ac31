"""Exact places, phones and words are sealed: one blob a request, and the day whose key wraps its key.

Previous release still running: not safe, it reads columns that are gone. Stop it first.
Locks: `request_secret` is made anew; every row is read and written once.
Backfill: rows are packed as they are (`day` NULL) and sealed by the server's first daily wrapping.
Way back: what was sealed is lost (places are asked again); what was not yet comes back.
"""

import json

import sqlalchemy as sa
from alembic import op

from dispatch.store.migrations import gentle_locks

revision, down_revision = "0002", "0001"

ROW = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
COLUMNS = (
    "lat", "lon", "accuracy_m", "place_text", "label", "destination", "note", "contact_name", "contact_phone",
    "share_phone",
)  # fmt: skip


def keys() -> list[sa.Constraint]:
    return [
        sa.ForeignKeyConstraint(["request_id"], ["request.id"], name="fk_request_secret_request_id"),
        sa.PrimaryKeyConstraint("request_id", name="pk_request_secret"),
    ]


def upgrade() -> None:
    gentle_locks(op)
    bind = op.get_bind()
    old = sa.table("request_secret", *[sa.column(name) for name in ("request_id", *COLUMNS)])
    rows = bind.execute(sa.select(*old.c)).mappings().all()
    op.drop_index("ix_request_secret_contact_phone", table_name="request_secret")
    op.drop_table("request_secret")
    new = op.create_table(
        "request_secret",
        sa.Column("request_id", ROW, autoincrement=False, nullable=False),
        sa.Column("day", sa.Integer(), nullable=True),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("contact_mark", sa.LargeBinary(), nullable=True),
        *keys(),
    )
    op.create_index("ix_request_secret_contact_mark", "request_secret", ["contact_mark"], unique=False)
    op.create_index("ix_request_secret_day", "request_secret", ["day"], unique=False)
    for row in rows:
        held = {name: row[name] for name in COLUMNS} | {"share_phone": bool(row["share_phone"])}
        packed = json.dumps(held, ensure_ascii=False).encode("utf-8", "surrogatepass")
        bind.execute(sa.insert(new), {"request_id": row["request_id"], "sealed": packed})


def downgrade() -> None:
    gentle_locks(op)
    bind = op.get_bind()
    sealed = sa.table("request_secret", *[sa.column(name) for name in ("request_id", "day", "sealed")])
    rows = bind.execute(sa.select(*sealed.c)).mappings().all()
    for index in ("contact_mark", "day"):
        op.drop_index(f"ix_request_secret_{index}", table_name="request_secret")
    op.drop_table("request_secret")
    old = op.create_table(
        "request_secret",
        sa.Column("request_id", ROW, autoincrement=False, nullable=False),
        *[sa.Column(name, sa.Double(), nullable=True) for name in COLUMNS[:3]],
        *[sa.Column(name, sa.Text(), nullable=True) for name in COLUMNS[3:-1]],
        sa.Column("share_phone", sa.Boolean(), nullable=False),
        sa.CheckConstraint("(lat IS NULL) = (lon IS NULL)", name="ck_request_secret_point"),
        *keys(),
    )
    op.create_index("ix_request_secret_contact_phone", "request_secret", ["contact_phone"], unique=False)
    for row in rows:
        held = json.loads(bytes(row["sealed"])) if row["day"] is None else {"share_phone": True}
        bind.execute(sa.insert(old), {"request_id": row["request_id"], **held})
