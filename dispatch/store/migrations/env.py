"""Run by alembic for each command of migrations/__init__.py: one connection, one transaction."""

from alembic import context
from sqlalchemy import create_engine, pool, text

from dispatch.store.tables import metadata


def _run(url: str) -> None:
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            # Several workers start at once: the first one migrates, the others wait and find it done.
            connection.execute(text("SELECT pg_advisory_lock(709315047)"))
            connection.commit()
        context.configure(
            connection=connection, target_metadata=metadata, render_as_batch=True, transaction_per_migration=False
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
    engine.dispose()


_run(context.config.attributes["url"])
