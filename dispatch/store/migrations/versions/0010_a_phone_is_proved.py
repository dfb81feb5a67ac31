"""A phone is proved by a code; and each database knows by a name which keyring its workers must have.

Previous release still running: not beside a shared keyring, to whose file a key is added that it does not know, and
a number that it changes would stay proved. Stop it first.
Locks: short; waits 4 s at most, then fails and is run again. No row is read or written.
Backfill: none; nobody's phone is proved, and the first worker that starts gives the keyring its name.
Way back: drops them; whoever proved a phone proves it again.
"""

import sqlalchemy as sa
from alembic import op

from dispatch.store.migrations import gentle_locks

revision, down_revision = "0010", "0009"

ROW = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INDEX = "ix_person_phone_mark"


def upgrade() -> None:
    gentle_locks(op)
    op.add_column("log_head", sa.Column("keyring", sa.LargeBinary(), nullable=True))
    op.add_column("person", sa.Column("phone_mark", sa.Text(), nullable=True))
    op.create_index(INDEX, "person", ["phone_mark"])
    op.create_table(
        "phone_code",
        sa.Column("id", ROW, sa.Identity(), nullable=False),
        sa.Column("person_id", ROW, autoincrement=False, nullable=True),
        sa.Column("signs_in", sa.Boolean(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("number_mark", sa.Text(), nullable=False),
        sa.Column("code_mark", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=True),
        sa.Column("lang", sa.Text(), nullable=True),
        sa.Column("tries", sa.SmallInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("typed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_phone_code_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_phone_code"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_phone_code_number_mark", "phone_code", ["number_mark"])
    op.create_index("ix_phone_code_person_id", "phone_code", ["person_id"])
    op.create_index("ix_phone_code_prefix", "phone_code", ["prefix", "at"])


def downgrade() -> None:
    gentle_locks(op)
    op.drop_table("phone_code")
    op.drop_index(INDEX, table_name="person")
    op.drop_column("person", "phone_mark")
    op.drop_column("log_head", "keyring")
