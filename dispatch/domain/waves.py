"""Who is asked next, and when: the policy. Rings widen around a call for help.

Pure: time and luck are arguments. Called by actions/plan_wave.py, which looks the policy up in
POLICIES by the name in the settings: to replace it, add a row there.
Invariants: nobody is asked twice for one request; nobody once every seat is promised; each look
asks no more than the kind's wave (tests/domain/test_waves.py).
Why waves and not everyone at once: docs/matching.md, "Attention".
"""

from datetime import datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dispatch.domain import attention, limits, matching, paced
from dispatch.domain import forecast as odds
from dispatch.domain.forecast import Forecast
from dispatch.domain.kinds import KINDS, Kind
from dispatch.domain.looking import Decision, Look, Policy, look_again, plan_deadline
from dispatch.domain.matching import Pool
from dispatch.domain.network import ORDER
from dispatch.domain.request import Urgency

FRIENDS_MAX: Final = 500
"""More ties than this and a tie counts as a follower's."""
FOLLOWER: Final = 0.35
AIM: Final = 1.6
"""Expected seats on the way, per open seat, that a look asks for at the start …"""
AIM_GROWS: Final = 0.05
"""… and how much more for each minute it has waited."""


def nearest_first(pool: Pool) -> NDArray[np.intp]:
    """Rows of the pool in the order they are asked: neighbourhood by neighbourhood, ring by ring, soonest first."""
    band = np.searchsorted(np.asarray(limits.RADIUS_KM, dtype=np.float64), pool.km)
    ring = np.select([pool.ring == code for code in ORDER], list(ORDER.values()), default=9)
    return np.lexsort((pool.person, pool.minutes, ring, band))


def _expected(look: Look, chance: NDArray[np.float64], seats: NDArray[np.int64], most: int) -> NDArray[np.float64]:
    useful = np.minimum(seats, most)
    return chance * attention.REACHABLE * look.habits.kept * useful


def _rates(chance: NDArray[np.float64], seats: NDArray[np.int64], lot: int) -> dict[int, float]:
    """Expected people per seat class, in lots."""
    lots = np.minimum(np.maximum(1, seats // lot), odds.LOTS_MAX)
    sizes = odds.seat_classes(lots) if lot == 1 else lots
    expected = np.bincount(sizes, weights=chance)
    return {size: float(rate) for size, rate in enumerate(expected) if rate > 0.0}


def _silent_chance(look: Look, until: datetime) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """For everyone asked who is still silent: the chance that a yes comes by then, and their seats."""
    people = look.asked
    waited = ((look.now.timestamp() - people.sent_s) / 60)[people.silent]
    left = (until - look.now).total_seconds() / 60
    chance = people.chance[people.silent]
    now, later = odds.answered_by(waited), odds.answered_by(waited + left)
    g_now, g_later = attention.REACHABLE * now, attention.REACHABLE * later
    still = chance * (g_later - g_now) / np.maximum(0.05, 1.0 - odds.SAYS_NO * g_now)
    return still, people.seats[people.silent]


def nearest(look: Look) -> Decision:
    """The first policy: nearest by travel time within ring 1, then 2, then 3 and community.

    Each look asks the smallest number of people, in that order, whose expected seats, with those
    who were asked and are still silent, come to AIM times the open seats; the aim grows slowly
    while nobody comes. A decline leaves the sum, so it is replaced by the next look.
    """
    request, kind, now = look.request, KINDS[look.request.kind], look.now
    by = plan_deadline(request, kind, now)
    order = nearest_first(look.pool)
    follower = 1.0 if look.ties <= FRIENDS_MAX else FOLLOWER
    chance = matching.chance_of_yes(look.pool, request, kind, now, follower=follower)[order]
    seats = look.pool.seats[order]
    again = None if request.over else look_again(request, now)
    open_seats = request.seats.open
    if open_seats is None:
        first_ring = look.pool.ring[order] == 1
        room = max(0, kind.wave_max - request.alerted)
        ask = order[first_ring][:room]
        return Decision(
            ask=ask, chance=chance[first_ring][:room], usual=chance[first_ring][:room],
            hears=np.full(len(ask), attention.REACHABLE), next_look=None,
            forecast=Forecast(p=1.0, by=by, early=True, alerted=request.alerted, in_reach=len(order)),
        )  # fmt: skip
    silent, silent_seats = _silent_chance(look, by)
    count = most = 0
    if open_seats > 0 and len(order):
        waited = request.age(now) / timedelta(minutes=1)
        growth = AIM + AIM_GROWS * waited * min(1.0, request.weight / 4)
        aim = growth * open_seats if request.urgency is not Urgency.DANGER else 4.0 * open_seats
        hoped = float((silent * look.habits.kept * np.minimum(silent_seats, open_seats)).sum())
        gained = np.cumsum(_expected(look, chance, seats, open_seats))
        if hoped < aim:
            most = min(len(order), kind.wave_max, max(0, limits.REQUEST_ALERTS_MAX - request.alerted))
            count = min(most, int(np.searchsorted(gained, aim - hoped)) + 1)
    p = _p_enough(look, kind, by, chance, seats, silent, silent_seats)
    outlook = Forecast(
        p=look.honest(p), thought=p, by=by, early=look.early, alerted=request.alerted + count,
        in_reach=len(order) + len(look.asked),
    )  # fmt: skip
    hears = np.full(count, attention.REACHABLE)
    return Decision(
        ask=order[:count], chance=chance[:count], usual=chance[:count], hears=hears, next_look=again, forecast=outlook,
        worth=order[:most],
    )  # fmt: skip


def _p_enough(
    look: Look,
    kind: Kind,
    by: datetime,
    chance: NDArray[np.float64],
    seats: NDArray[np.int64],
    silent: NDArray[np.float64],
    silent_seats: NDArray[np.int64],
) -> float:
    """P(all seats promised and kept by then), over claims, the silent, and everyone who would still be asked."""
    total = look.request.quantity or 1
    lot = odds.in_lots(total)
    lots = -(-total // lot)
    left = (by - look.now).total_seconds() / 60
    # Those not asked yet are asked over the coming looks, on average a third of the way in.
    soon = float(odds.answered_by(np.asarray([left * 2 / 3]))[0]) * attention.REACHABLE
    useful = min(len(chance), kind.wave_max * 6)
    everyone = np.concatenate([silent, chance[:useful] * soon]) * look.habits.kept
    rates = _rates(everyone, np.concatenate([silent_seats, seats[:useful]]), lot)
    promises = [
        (
            max(1, p.seats // lot),
            odds.chance_kept((look.now - p.since).total_seconds() / 60, p.started, look.habits.no_show),
        )
        for p in look.promises
    ]
    return odds.p_enough(odds.kept(promises, lots), rates, lots)


POLICIES: Final[dict[str, Policy]] = {"nearest": nearest, **paced.FORMS}
"""Every wave policy by the name of the setting FLARE_WAVES."""
