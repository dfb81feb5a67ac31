"""The demo plays a night on a real server, over HTTP alone, and the server is left in order."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from dispatch.clock import MachineClock
from dispatch.domain.lifecycle import HOLDS_SEATS
from dispatch.domain.people import Person
from dispatch.ports import Tx
from dispatch.runtime import Flare, build
from dispatch.settings import Settings
from dispatch.stories import StoryRefused
from dispatch.stories.cast import Cast, prepare
from dispatch.stories.demo import night, play_demo
from dispatch.stories.tales import LATE
from dispatch.stories.volunteer import _along, _freeway
from geo.point import Point
from web.app import create_app
from web.live.sockets import FlareServer, listen, serve_config

FOLLOWERS = 1_200
SPEED = 1_500.0


class StoryClock:
    """Runs like any clock, from the story's evening on: whom the matcher asks does not hang on the test's hour."""

    def __init__(self) -> None:
        self._machine = MachineClock()
        self._shift = LATE - self._machine.now()

    def now(self) -> datetime:
        return self._machine.now() + self._shift


@dataclass
class Played:
    flare: Flare
    cast: Cast
    said: list[str]

    def lines(self, words: str) -> list[str]:
        return [line for line in self.said if words in line]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """One night on a server of its own, stopped by its own handle."""
    flare = build(Settings(data=tmp_path_factory.mktemp("demo")), clock=StoryClock())
    cast = prepare(flare, people=FOLLOWERS, willing=40.0)
    said: list[str] = []
    flare.start()
    bound = listen("127.0.0.1", 0)
    server = FlareServer(serve_config(create_app(flare), log_level="warning"))
    thread = threading.Thread(target=lambda: server.run(sockets=[bound]))
    thread.start()
    try:
        base = f"http://127.0.0.1:{bound.getsockname()[1]}"
        asyncio.run(play_demo(base, cast, speed=SPEED, say=said.append, nights=1))
        yield Played(flare, cast, said)
    finally:
        server.should_exit = True
        thread.join(20)
        bound.close()
        flare.stop()


def test_the_transcript_tells_the_night_from_the_call_to_the_close(played: Played) -> None:
    text = "\n".join(played.said)
    assert "asks for 9 seats, 13 km SW of Baker, CA" in text
    assert "/watch" in text
    assert "#flo_" in text
    assert played.lines("takes")
    assert played.lines("is at the roadside")
    assert played.lines("the code was right")
    assert len(played.lines("Closed:")) == 1
    assert text.index("asks for") < text.index("takes") < text.index("is on the way") < text.index("Closed:")


def test_every_seat_is_accounted_for_when_the_demo_has_played(played: Played) -> None:
    def ends(tx: Tx, _: datetime) -> None:
        (request,) = tx.requests.of_person(played.cast.hub_id, 10)
        claims = tx.claims.of_request(request.id)
        assert request.over
        assert all(claim.ended_at is not None for claim in claims)
        assert sum(c.seats for c in claims if c.status in HOLDS_SEATS) == request.seats_taken <= 9

    played.flare.store.read_now(ends)


def test_people_of_the_demo_may_be_asked_night_after_night(played: Played) -> None:
    roster = played.flare.store.read_now(lambda tx, _: tx.network.people_columns())
    assert set(roster.weekly_max.tolist()) == {4, 100}


def test_a_second_start_finds_the_network_it_brought_in(played: Played) -> None:
    again = prepare(played.flare, people=FOLLOWERS)
    assert again.hub_id == played.cast.hub_id
    assert again.leftovers() == []
    with pytest.raises(StoryRefused, match="followers"):
        prepare(played.flare, people=FOLLOWERS + 1)


def test_the_demo_never_plays_on_somebody_elses_network(tmp_path: Path) -> None:
    flare = build(Settings(data=tmp_path))
    now = datetime.now(UTC)
    flare.store.submit(
        lambda tx, _: tx.people.add(Person(id=0, public_id=tx.ids.public_id(), name="Ana", created_at=now))
    ).result()
    try:
        with pytest.raises(StoryRefused, match="a database of its own"):
            night(people=100, say=str)(flare)
    finally:
        flare.stop()


@pytest.mark.parametrize("speed", [0.0, -1.0, 4_000.0, float("nan")])
def test_a_speed_nobody_can_watch_is_refused(speed: float) -> None:
    with pytest.raises(StoryRefused, match="--speed"):
        night(speed=speed, say=str)


def test_a_driver_follows_the_freeway_from_home_to_the_roadside() -> None:
    vegas, place = Point(36.17, -115.14), Point(35.1773, -116.1698)
    way = [vegas, *_freeway(vegas, place), place]
    assert _along(way, 0.0) == vegas
    assert _along(way, 1.0) == place
    lats = [_along(way, share / 20).lat for share in range(21)]
    assert all(before >= after - 0.05 for before, after in pairwise(lats))
