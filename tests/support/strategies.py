"""Whatever may come to the rules: requests, crowds, claims and events, for Hypothesis to draw."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy, composite

from dispatch.domain.claim import Claim
from dispatch.domain.kinds import KINDS, Kind
from dispatch.domain.lifecycle import ClaimState, RequestState
from dispatch.domain.looking import Asked, Look, Promise, columns_of
from dispatch.domain.matching import DUTIES, Pool
from dispatch.domain.network import RINGS
from dispatch.domain.request import Reach, Request, Urgency
from geo import cells
from geo.point import Point

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def points() -> SearchStrategy[Point]:
    """Anywhere on Earth, often in the desert."""
    anywhere = st.builds(Point, st.floats(-89, 89), st.floats(-180, 180))
    return st.builds(Point, st.floats(34.0, 36.5), st.floats(-117.5, -115.0)) | anywhere


def moments() -> SearchStrategy[datetime]:
    """Aware moments of a few years."""
    return st.integers(0, 6 * 365 * 86_400).map(lambda s: NOON - timedelta(days=800) + timedelta(seconds=s))


def kinds() -> SearchStrategy[Kind]:
    """A row of the table."""
    return st.sampled_from(list(KINDS.values()))


@composite
def requests(draw: DrawFn, /, **fixed: Any) -> Request:
    """A call for help in any state that the rules allow."""
    kind = KINDS[fixed.pop("kind", None) or draw(st.sampled_from(list(KINDS)))]
    quantity = None if kind.open_ended else draw(st.integers(1, min(kind.quantity_max, 60)))
    quantity = fixed.pop("quantity", quantity)
    taken = draw(st.integers(0, 60 if quantity is None else quantity))
    status = RequestState.CLAIMED if taken == quantity else RequestState.OPEN
    waited = draw(st.integers(0, 60 * 48))
    drawn: dict[str, Any] = {
        "id": draw(st.integers(1, 9)),
        "public_id": draw(st.text("abcdef", min_size=22, max_size=22)),
        "requester": draw(st.integers(1, 9)),
        "kind": kind.name,
        "quantity": quantity,
        "seats_taken": taken,
        "status": status,
        "urgency": draw(st.sampled_from(list(Urgency))),
        "for_other": draw(st.booleans()),
        "needs": tuple(draw(st.lists(st.sampled_from(["dog", "wheelchair"]), max_size=2))),
        "cell": cells.cell_of(draw(points()), cells.MEMBER) if kind.located else None,
        "empty_land": draw(st.booleans()),
        "off": draw(st.integers(1, 99)),
        "created_at": NOON - timedelta(minutes=waited),
        "deadline_at": NOON - timedelta(minutes=waited) + kind.give_up,
        "reach": Reach(rings_max=draw(st.integers(1, 3)), open=draw(st.booleans())),
        "wave": draw(st.integers(0, 9)),
        "alerted": draw(st.integers(0, 300)),
        "raised": draw(st.booleans()),
        "show_travel": draw(st.booleans()),
    }
    return Request(**drawn | fixed)


@composite
def pools(draw: DrawFn, most: int = 40) -> Pool:
    """A crowd: each column drawn for itself, so that every mixture comes up."""
    size = draw(st.integers(0, most))
    luck = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    km = luck.choice([0.0, 3.0, 24.0, 25.0, 26.0, 90.0, 140.0, 349.0], size) + luck.random(size)
    return Pool(
        person=luck.permutation(np.arange(1, size + 1, dtype=np.int64)),
        ring=luck.choice(np.array(list(RINGS), np.int8), size),
        km=km,
        minutes=np.where(luck.random(size) < 0.1, 400.0, 3.0 + km * luck.choice([1.0, 1.5], size)),
        lat=np.full(size, 35.0),
        lon=luck.choice([-116.0, 10.0, 170.0], size),
        seats=luck.choice(np.array([1, 2, 3, 4, 7], np.int64), size),
        duty=luck.integers(-1, len(DUTIES), size, dtype=np.int8),
        reach_minutes=luck.choice(np.array([-1, 30, 240], np.int64), size),
        quiet_from=luck.choice(np.array([-1, 60, 1320], np.int64), size),
        quiet_to=luck.choice(np.array([420, 1439], np.int64), size),
        weekly_max=np.full(size, 4, np.int64),
        community=np.zeros(size, np.int64),
        seen_at=np.where(luck.random(size) < 0.3, np.nan, NOON.timestamp() - luck.random(size) * 90 * 86_400),
    )


@composite
def looks(draw: DrawFn, /, **fixed: Any) -> Look:
    """What the policy may be shown: a request, a crowd, and what was asked and promised so far."""
    request = fixed.pop("request", None) or draw(requests())
    minutes = st.integers(0, int(request.age(NOON) / timedelta(minutes=1)))

    def ago() -> datetime:
        return NOON - timedelta(minutes=draw(minutes))

    asked = columns_of(
        Asked(sent_at=ago(), chance=draw(st.floats(0, 0.9)), seats=draw(st.integers(1, 7)), silent=draw(st.booleans()))
        for _ in range(draw(st.integers(0, 6)))
    )
    promises = tuple(
        Promise(seats=1, since=ago(), started=draw(st.booleans())) for _ in range(min(request.seats_taken, 5))
    )
    drawn: dict[str, Any] = {
        "request": request,
        "now": NOON,
        "pool": draw(pools()),
        "asked": asked,
        "promises": promises,
        "ties": draw(st.sampled_from([0, 30, 500, 501, 48_000])),
    }
    return Look(**drawn | fixed)


@composite
def claims(draw: DrawFn, /, **fixed: Any) -> Claim:
    """A claim in any state."""
    moment = st.none() | moments()
    drawn: dict[str, Any] = {
        "id": draw(st.integers(1, 99)),
        "public_id": draw(st.sampled_from(["c1", "c2", "c3"])),
        "request_id": 1,
        "person_id": draw(st.integers(1, 5)),
        "seats": draw(st.integers(1, 9)),
        "status": draw(st.sampled_from(list(ClaimState))),
        "created_at": NOON,
        "lease_until": draw(moment),
        "eta_at": draw(moment),
        "met_at": draw(moment),
        "shown_at": draw(moment),
        "confirmed": draw(st.booleans()),
        "tell": "417",
        "hear": "209",
    }
    return Claim(**drawn | fixed)
