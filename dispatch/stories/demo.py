"""`flare up --demo`: plays the night of the bus on a running server, over its HTTP API, again and again.

The hub asks, volunteers look, decline, claim, drive and meet, the hub closes: each is a call anybody
could make, and each line printed is what the server answered. `speed` is how many times faster than
life people act; the server's own clock is the real one.
Must never run on a network that is not the demo's own (dispatch/stories/cast.py refuses).
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, Final

import httpx

from dispatch.runtime import Flare
from dispatch.stories.calls import Phone, Server
from dispatch.stories.cast import Cast, prepare
from dispatch.stories.tales import StoryRefused
from dispatch.stories.volunteer import Volunteer
from dispatch.stories.world import FOLLOWERS, WORLD_SEED

log = logging.getLogger("flare.demo")

Say = Callable[[str], object]
PAUSE_S: Final = 20.0
"""Between two nights."""
NIGHTS_MAX: Final = 90
"""A person hears at most a hundred alerts a week: then the demo's people are left in peace."""
LONGEST: Final = timedelta(hours=6)
"""Of the story. Whoever is still there then is fetched by a tow truck, and the hub says so."""
PUSH_EVERY_S: Final = 0.25
SAYS_AGAIN_S: Final = 6.0
"""Between two lines about how many were asked, or have looked."""
LOOKS_S, DECLINES_S = 1 / 30, 3.0
"""One machine is server and crowd at once: no more than one phone that only looks, and one no, in that time.
A no makes the server look for somebody else, and its clock is not sped up."""


def night(
    *, people: int = FOLLOWERS, speed: float = 60.0, say: Say, nights: int = NIGHTS_MAX
) -> Callable[[Flare], Callable[[str], Coroutine[None, None, None]]]:
    """What web/serve.py runs beside the server: brings the network in before it starts, then plays.

    Raises: StoryRefused when called with a Flare whose database holds another network.
    """
    if not 0.1 <= speed <= 3_600:
        raise StoryRefused("--speed is between 0.1 and 3600 times life")

    def before(flare: Flare) -> Callable[[str], Coroutine[None, None, None]]:
        say(f"The demo: {people:,} people who exist nowhere else are brought in once, in a few seconds …")
        cast = prepare(flare, WORLD_SEED, people)
        return lambda base: play_demo(base, cast, speed=speed, say=say, nights=nights)

    return before


async def play_demo(base: str, cast: Cast, *, speed: float, say: Say, nights: int = NIGHTS_MAX) -> None:
    """Plays night after night on the server at `base`; returns after the last."""
    server = Server(base)
    try:
        for old in cast.leftovers():
            await Phone(server, cast.hub_token).post(f"/v1/requests/{old}/close", {"disposition": "cancelled"})
        for seed in range(nights):
            await Demo(server, cast, seed, speed, say).play()
            if seed + 1 < nights:
                say(f"\nThe night begins again in {PAUSE_S:.0f} s. Ctrl-C ends Flare.")
                await asyncio.sleep(PAUSE_S)
        say("\nThe demo is over; Flare goes on.")
    except httpx.HTTPError as error:
        log.warning("the demo lost its server: %s", error)
    finally:
        await server.close()


class Demo:
    """One night."""

    def __init__(self, server: Server, cast: Cast, seed: int, speed: float, say: Say) -> None:
        self._server, self._cast, self._say = server, cast, say
        self._minute = 60.0 / speed
        self._people = cast.behaviour(seed)
        self._hub = Phone(server, cast.hub_token)
        self._over = False
        self._started = 0.0
        self._tasks: set[asyncio.Task[None]] = set()
        self._names: dict[str, str] = {}
        self._stood_by: set[str] = set()
        self._said_at: dict[str, float] = {}
        self._room_at: dict[str, float] = {}
        self._posted: dict[str, Any] = {}

    async def play(self) -> None:
        """From the call to the close."""
        story = self._cast.story
        ask = {
            "kind": story.kind,
            "quantity": story.party,
            "place": {"lat": story.place.lat, "lon": story.place.lon, "accuracy_m": 30},
            "note": story.note,
            "urgency": str(story.urgency),
            "show_travel": True,
            "similar_ok": True,
        }
        self._started = asyncio.get_running_loop().time()
        posted = await self._hub.post("/v1/requests", ask)
        if not posted.ok:
            self._say(f"The ask was refused: {posted.body.get('detail') or posted.body}")
            return
        self._posted = posted.body
        self._open_the_curtain()
        waking = asyncio.ensure_future(self._wake_phones())
        try:
            await self._follow()
        finally:
            self._over = True
            waking.cancel()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(waking, *self._tasks, return_exceptions=True)

    def _open_the_curtain(self) -> None:
        place = (self._posted.get("place") or {}).get("label") or "the roadside"
        odds = self._posted.get("forecast") or {}
        base = self._server.base
        self._say("")
        self._line(f"{self._cast.world.names[0]} asks for {self._cast.story.party} seats, {place}.")
        if "p" in odds:
            self._say(f"           Flare's forecast: {round(float(odds['p']) * 10)} in 10 that all are found in time.")
        self._say(f"           watch  {base}/watch\n           owner  {self._posted['links']['owner']}")
        self._say(f"           help   {self._posted['links']['helper']}")

    # -- time -----------------------------------------------------------------------------------

    def _elapsed(self) -> timedelta:
        """Of the story, since the call."""
        return timedelta(minutes=(asyncio.get_running_loop().time() - self._started) / self._minute)

    def _now(self) -> datetime:
        return self._cast.story.at + self._elapsed()

    def _line(self, says: str) -> None:
        clock = self._now() - timedelta(hours=8)
        self._say(f"  {clock:%H:%M}    {says}")

    # -- people ---------------------------------------------------------------------------------

    async def _wake_phones(self) -> None:
        """Plays the push: whoever a wave has told gets a phone that will be looked at."""
        known: set[int] = set()
        while True:
            for told in await self._cast.told(self._posted["id"], known):
                at = self._now()
                story = self._cast.story
                does = self._people.reaction(
                    told.row, at, kind=story.kind, urgency=story.urgency, ring=told.ring, ties=len(self._cast.world) - 1
                )
                if does.sees is None or does.decides is None or does.sees - story.at > LONGEST:
                    continue
                somebody = Volunteer(
                    phone=Phone(self._server, told.token),
                    hub=self._hub,
                    request=self._posted["id"],
                    name=told.name,
                    home=self._cast.home(told.row),
                    place=story.place,
                    reaction=does,
                    minute=self._minute,
                    over=lambda: self._over,
                    may=self._may,
                )
                lives = somebody.live(
                    (does.sees - at) / timedelta(minutes=1), (does.decides - does.sees) / timedelta(minutes=1)
                )
                task = asyncio.ensure_future(lives)
                self._tasks.add(task)
                task.add_done_callback(self._lived)
            await asyncio.sleep(PUSH_EVERY_S)

    def _now_and_then(self, last: dict[str, float], what: str, seconds: float) -> bool:
        """True at most once in so many seconds."""
        now = asyncio.get_running_loop().time()
        if now - last.get(what, -1e9) < seconds:
            return False
        last[what] = now
        return True

    def _may(self, act: str) -> bool:
        return self._now_and_then(self._room_at, act, LOOKS_S if act == "looks" else DECLINES_S)

    def _lived(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("somebody in the demo could not go on: %r", error)

    # -- the one who asked ------------------------------------------------------------------------

    async def _follow(self) -> None:
        """Reads the ask's events as they come, prints them, and closes when everybody was met."""
        path = f"/v1/requests/{self._posted['id']}/events"
        epoch, after = "", 0
        while True:
            query = f"?after={after}&wait=5" + (f"&epoch={epoch}" if epoch else "")
            got = await self._hub.get(path + query, waits=True)
            if not got.ok:
                self._say(f"The ask can't be followed any more: {got.body.get('detail') or got.status}")
                return
            epoch, after = got.body["epoch"], int(got.body["head"])
            for event in got.body["events"]:
                self._tell(event["kind"], event["body"])
                if event["kind"] == "closed":
                    return
            await self._close_if_it_is_time()

    async def _close_if_it_is_time(self) -> None:
        seen = await self._hub.get(f"/v1/requests/{self._posted['id']}")
        claims: list[dict[str, Any]] = seen.body.get("claims", [])
        met = sum(int(claim["seats"]) for claim in claims if claim["status"] in ("met", "done"))
        if met >= self._cast.story.party:
            await self._close("resolved", "Everybody is in a warm car. Thank you.")
        elif self._elapsed() > LONGEST:
            await self._close("referred", "A tow truck took the rest of us. Thank you all the same.")

    async def _close(self, disposition: str, note: str) -> None:
        path = f"/v1/requests/{self._posted['id']}/close"
        await self._hub.post(path, {"disposition": disposition, "note": note})

    def _tell(self, kind: str, body: dict[str, Any]) -> None:
        """One event as a line, when it says something new."""
        seats = body.get("seats") or {}
        still = f"{seats.get('open')} of {seats.get('total')} open"
        heard = body.get("heard") or {}
        match kind:
            case "wave_sent" if heard and self._now_and_then(self._said_at, kind, SAYS_AGAIN_S):
                self._line(f"{heard['alerted']:,} people have been asked.")
            case "alert_seen" if heard and seats.get("open") and self._now_and_then(self._said_at, kind, SAYS_AGAIN_S):
                self._line(f"{heard['seen']:,} people have looked.")
            case "claimed" | "claim_stepped" | "claim_ended":
                self._tell_claim(kind, body.get("claim") or {}, still)
            case "covered":
                self._line("Every seat is taken.")
            case "reopened":
                self._line(f"Seats are open again: {still}. Others are asked.")
            case "closed":
                self._line(f"Closed: {str(body.get('disposition')).replace('_', ' ')}.")

    def _tell_claim(self, kind: str, claim: dict[str, Any], still: str) -> None:
        name = claim.get("name") or "Somebody"
        seats, status = claim.get("seats"), str(claim.get("status"))
        if kind == "claimed":
            if status == "standby":
                self._stood_by.add(str(claim.get("id")))
                self._line(f"{name} stands by with {seats}.")
            else:
                self._line(f"{name} takes {seats}; {still}.")
            return
        if status == "committed" and claim.get("id") in self._stood_by:
            self._stood_by.discard(str(claim.get("id")))
            self._line(f"{name} moves up from standby with {seats}.")
            return
        words = {
            "en_route": f"{name} is on the way.",
            "on_scene": f"{name} is at the roadside.",
            "met": f"{name} has met {seats} of them; the code was right.",
            "withdrawn": f"{name} can't come after all; {still}.",
            "no_show": f"{name} never left; the seats go to others; {still}.",
            "lapsed": f"No sign of life from {name}; {still}.",
        }
        # A renewed lease is a step, too, and says nothing new.
        known = f"{claim.get('id')}:{status}"
        if status in words and known not in self._names:
            self._names[known] = name
            self._line(words[status])
