"""Of where somebody is only the cell is kept: exact places of people imported by an older version become its centre.

Previous release still running: safe, it reads cells as any place; what it imports meanwhile stays exact, so stop it.
Locks: rows of `person` that change, until the step is committed; each row with a place is read once.
Backfill: itself.   Way back: nothing; where they were exactly is forgotten for good, and was never needed.
"""

import sqlalchemy as sa
from alembic import op

from dispatch.store.migrations import gentle_locks
from geo import cells
from geo.point import Point

revision, down_revision = "0011", "0010"

CHUNK = 5_000


def upgrade() -> None:
    gentle_locks(op)
    bind = op.get_bind()
    if bind.dialect.name == "sqlite":
        bind.exec_driver_sql("PRAGMA secure_delete = ON")  # else the old page keeps what was there
    people = sa.table("person", *[sa.column(name) for name in ("id", "lat", "lon")])
    after = sa.select(*people.c).where(people.c.id > sa.bindparam("after"), people.c.lat.is_not(None))
    after = after.order_by(people.c.id).limit(CHUNK)
    moved = sa.update(people).where(people.c.id == sa.bindparam("who"))
    moved = moved.values(lat=sa.bindparam("north"), lon=sa.bindparam("east"))
    last = 0
    while rows := bind.execute(after, {"after": last}).all():
        last = rows[-1].id
        centres = [(row, cells.centre(cells.cell_of(Point(row.lat, row.lon), cells.MEMBER))) for row in rows]
        changed = [
            {"who": row.id, "north": centre.lat, "east": centre.lon}
            for row, centre in centres
            if (row.lat, row.lon) != (centre.lat, centre.lon)
        ]
        if changed:
            bind.execute(moved, changed)


def downgrade() -> None:
    """Nothing was added."""
