"""One volunteer of the demo: looks, decides, claims, drives, meets. Every act is a call of the HTTP API.

What they do comes from dispatch/stories/behaviour.py; here it happens at the demo's speed.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from dispatch.stories.behaviour import Reaction
from dispatch.stories.calls import Phone
from geo import roads
from geo.point import Point
from geo.travel import PICKUP_MINUTES

FIX_EVERY_S: Final = 5.0
"""A phone's position, as often as the server takes one."""
LOOKS_AGAIN_S: Final = 1.0
FINDS_MINUTES: Final = 2.0
CHECK_MINUTES: Final = 12.0
"""After so long without a sign of life the one who waits gives the seats to others."""
STANDING: Final = frozenset({"committed", "en_route", "on_scene", "met"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Volunteer:
    """One person with a phone."""

    phone: Phone
    hub: Phone
    request: str
    name: str
    home: Point
    place: Point
    reaction: Reaction
    minute: float
    """Seconds a minute of the story takes."""
    over: Callable[[], bool]
    """Has the ask ended?"""
    may: Callable[[str], bool]
    """Is there room on this machine for one more who only `looks`, or `declines`?"""

    async def live(self, sees_in: float, decides_in: float) -> None:
        """The whole of their night; `sees_in`, `decides_in` in minutes of the story."""
        await self._wait(sees_in)
        if self.over() or not (self.reaction.comes or self.may("looks")):
            return
        alert = await self._alert()
        if alert is None:
            return
        await self.phone.post(f"/v1/alerts/{alert['id']}/answers", {"answer": "acknowledged"})
        if not self.reaction.comes and not self.reaction.says_no:
            return
        await self._wait(decides_in)
        if self.over() or (self.reaction.says_no and not self.may("declines")):
            return
        if self.reaction.says_no:
            await self.phone.post(f"/v1/alerts/{alert['id']}/answers", {"answer": "declined"})
            return
        claim = await self._claim()
        if claim is not None:
            await self._keep(claim)

    async def _wait(self, minutes: float) -> None:
        await asyncio.sleep(max(0.0, minutes * self.minute))

    async def _alert(self) -> dict[str, Any] | None:
        inbox = await self.phone.get("/v1/me/alerts")
        alerts: list[dict[str, Any]] = inbox.body.get("alerts", [])
        return next((alert for alert in alerts if alert["request"] == self.request), None)

    async def _claim(self) -> dict[str, Any] | None:
        """The claim they got; behind a full ask they stand by; None when even that is full."""
        seen = await self.phone.get(f"/v1/requests/{self.request}")
        left = int(seen.body.get("seats", {}).get("open") or 0)
        way = PICKUP_MINUTES + self.reaction.travel_minutes
        eta = max(1, round(way * self.minute / 60))
        for _ in range(4):
            seats = max(1, min(self.reaction.seats, left or self.reaction.seats))
            wanted = {"seats": seats, "eta_minutes": eta, "standby": left == 0}
            got = await self.phone.post(f"/v1/requests/{self.request}/claims", wanted)
            if got.ok:
                return got.body
            if got.body.get("code") != "seat-taken" or left == 0:
                return None
            left = int(got.body.get("seats_open") or 0)
        return None

    async def _keep(self, claim: dict[str, Any]) -> None:
        """From the yes to the end: they come, or they don't."""
        steps = f"/v1/claims/{claim['id']}/steps"
        if self.reaction.no_show:
            told = self.reaction.announces
            if told is not None:
                await self._wait(told.total_seconds() / 60)
                await self.phone.post(steps, {"step": "withdraw"})
            else:
                await self._wait(CHECK_MINUTES)
                await self.hub.post(steps, {"step": "no_show"})
            return
        if not await self._until(claim["id"], STANDING):
            return
        await self._wait(PICKUP_MINUTES)
        if not (await self.phone.post(steps, self._at(0.0) | {"step": "en_route"})).ok:
            return
        if not await self._drive(claim["id"]):
            return
        if not (await self.phone.post(steps, self._at(1.0) | {"step": "on_scene"})).ok:
            return
        await self._wait(FINDS_MINUTES)
        if not (await self.phone.post(steps, {"step": "met", "code": await self._code(claim["id"])})).ok:
            return
        await self._wait(self.reaction.travel_minutes / 2)
        await self.phone.post(steps, {"step": "done"})
        await self.go_home()

    async def go_home(self) -> None:
        """The phone says it is at home again, so that the next night begins as this one did."""
        await self.phone.put("/v1/me/position", self._at(0.0) | {"accuracy_m": 50})

    async def _claim_now(self, claim_id: str) -> dict[str, Any] | None:
        inbox = await self.phone.get("/v1/me/alerts")
        claims: list[dict[str, Any]] = inbox.body.get("claims", [])
        return next((claim for claim in claims if claim["id"] == claim_id), None)

    async def _until(self, claim_id: str, states: frozenset[str]) -> bool:
        """Waits on standby until they move up; False when that ends without them."""
        while (claim := await self._claim_now(claim_id)) is not None:
            if claim["status"] in states:
                return True
            await asyncio.sleep(LOOKS_AGAIN_S)
        return False

    async def _drive(self, claim_id: str) -> bool:
        """Positions along the way; False when they were stood down before they arrived."""
        left = self.reaction.travel_minutes * self.minute
        whole = max(left, 0.001)
        while left > 0:
            pause = min(FIX_EVERY_S, left)
            await asyncio.sleep(pause)
            left -= pause
            await self.phone.put("/v1/me/position", self._at(1.0 - left / whole) | {"accuracy_m": 20})
            if await self._claim_now(claim_id) is None:
                await self.go_home()
                return False
        return True

    async def _code(self, claim_id: str) -> str | None:
        """What the one who waits says aloud at the car window."""
        seen = await self.hub.get(f"/v1/requests/{self.request}")
        claims: list[dict[str, Any]] = seen.body.get("claims", [])
        code = next((claim.get("tell") for claim in claims if claim["id"] == claim_id), None)
        return str(code) if code is not None else None

    def _at(self, share: float) -> dict[str, Any]:
        """Where they are after that share of the way: to the freeway, then along it."""
        point = _along([self.home, *_freeway(self.home, self.place), self.place], share)
        return {"lat": round(point.lat, 5), "lon": round(point.lon, 5)}


def _freeway(home: Point, place: Point) -> list[Point]:
    """The towns of I-15 one passes between two places, and where one drives onto it."""
    road = roads.corridor("I-15")
    if road is None:
        return []
    on, off = road.snap(home), road.snap(place)
    order = list(road.points)
    first, last = _nearest(order, on), _nearest(order, off)
    passed = order[first + 1 : last] if first <= last else order[last + 1 : first][::-1]
    return [on, *passed, off]


def _nearest(points: list[Point], to: Point) -> int:
    return min(range(len(points)), key=lambda n: (points[n].lat - to.lat) ** 2 + (points[n].lon - to.lon) ** 2)


def _along(way: list[Point], share: float) -> Point:
    """The point at that share of a line of points."""
    legs = [((b.lat - a.lat) ** 2 + (b.lon - a.lon) ** 2) ** 0.5 for a, b in pairwise(way)]
    left = max(0.0, min(1.0, share)) * sum(legs)
    for (a, b), leg in zip(pairwise(way), legs, strict=True):
        if left <= leg and leg > 0:
            part = left / leg
            return Point(a.lat + (b.lat - a.lat) * part, a.lon + (b.lon - a.lon) * part)
        left -= leg
    return way[-1]
