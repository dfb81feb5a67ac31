"""The schema is changed under a running server, up and down: the release that runs goes on as if nothing happened.

What a migration may do is expand: new tables, new columns with a default, new indexes. The step of these tests is one.
"""

import asyncio
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import create_engine, inspect, text

from dispatch.store import migrations
from dispatch.store.schema import REVISIONS
from tests.faults.test_workers import claiming, following, holes, seats_right
from tests.support.site import Site, journal_of, opened, site, until

pytestmark = [pytest.mark.engines, pytest.mark.slow, pytest.mark.timeout(180)]

STEP = '''
"""The next release's."""
import sqlalchemy as sa
from alembic import op
from dispatch.store.migrations import gentle_locks

revision, down_revision = "next", "%s"


def upgrade():
    gentle_locks(op)
    op.add_column("request", sa.Column("weather", sa.Text(), nullable=False, server_default="dry"))
    op.add_column("claim", sa.Column("with_a_dog", sa.Boolean(), nullable=True))
    op.create_index("ix_request_weather", "request", ["weather"])
    op.create_table("shelter", sa.Column("id", sa.BigInteger(), primary_key=True))


def downgrade():
    gentle_locks(op)
    op.drop_table("shelter")
    op.drop_index("ix_request_weather")
    op.drop_column("claim", "with_a_dog")
    op.drop_column("request", "weather")
'''


class NextRelease:
    """The migrations there are, and one more."""

    def __init__(self, url: str, folder: Path) -> None:
        (folder / "next.py").write_text(STEP % REVISIONS[-1])
        self.url = url.replace("postgresql://", "postgresql+psycopg://")
        self._config = migrations._config(self.url)
        there = Path(migrations.__file__).parent / "versions"
        self._config.set_main_option("version_locations", f"{there}\n{folder}")
        self._config.set_main_option("path_separator", "newline")

    def up(self) -> None:
        migrations._run(command.upgrade, self._config, "next")

    def down(self) -> None:
        migrations._run(command.downgrade, self._config, REVISIONS[-1])

    def columns(self) -> set[str]:
        engine = create_engine(self.url)
        try:
            return {column["name"] for column in inspect(engine).get_columns("request")}
        finally:
            engine.dispose()


def test_a_schema_that_grows_and_shrinks_under_load_loses_no_claim_and_no_follower_an_event(
    tmp_path: Path, database: str, rounds: int
) -> None:
    steps = tmp_path / "steps"
    steps.mkdir()
    release = NextRelease(database, steps)

    async def story(here: Site) -> None:
        acked: list[str] = []
        stop = asyncio.Event()
        async with here.client("ana") as ana:
            public_id = (await here.ask(ana, 9))["id"]
            async with following(here, public_id, 4) as heard:
                async with asyncio.TaskGroup() as group:
                    for who in ("ben", "cem", "p3", "p4"):
                        group.create_task(claiming(here, who, public_id, stop, acked))
                    for _ in range(rounds):
                        for change, there in ((release.up, True), (release.down, False)):
                            so_far = len(acked)
                            await asyncio.to_thread(change)
                            assert ("weather" in await asyncio.to_thread(release.columns)) is there
                            await until(lambda so_far=so_far: len(acked) >= so_far + 10, 60)  # type: ignore[misc]
                    await asyncio.to_thread(release.up)
                    stop.set()
                closed = await here.post(ana, f"/v1/requests/{public_id}/close", {"disposition": "cancelled"})
                assert closed.status_code == 200
                with create_engine(release.url).connect() as raw:
                    assert raw.execute(text("SELECT DISTINCT weather FROM request")).scalars().all() == ["dry"]
                await asyncio.to_thread(release.down)
                with opened(database) as store:
                    head = journal_of(store, public_id)[-1][0]
                await until(lambda: all(seen[-1].off >= head for seen in heard))
                assert not any(holes(seen) for seen in heard)
        seats_right(database, public_id, acked, [head])
        assert "Traceback" not in here.log.read_text()

    with site(tmp_path, database, workers=2, friends=6) as here:
        asyncio.run(story(here))


def test_a_migration_that_has_to_wait_gives_up_and_does_not_stop_everybody_behind_it(
    tmp_path: Path, database: str
) -> None:
    steps = tmp_path / "steps"
    steps.mkdir()
    release = NextRelease(database, steps)

    async def story(here: Site) -> None:
        engine = create_engine(release.url)
        async with here.client("ana") as ana:
            await here.ask(ana)
            with engine.connect() as reader:
                reader.execute(text("SELECT count(*) FROM request"))  # a report that somebody forgot to end
                with pytest.raises(Exception, match="lock timeout"):
                    await asyncio.to_thread(release.up)
                await here.ask(ana)
            assert "weather" not in await asyncio.to_thread(release.columns)
            await asyncio.to_thread(release.up)
            await here.ask(ana)
        engine.dispose()

    with site(tmp_path, database) as here:
        asyncio.run(story(here))
