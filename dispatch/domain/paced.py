"""Paced: each look asks the smallest set of people that lifts P(enough) to a rising target.

Nobody is asked whose alert adds less to it than it costs in attention.
Pure, numpy: time and luck are arguments. `decide` is one look; FORMS holds its named variants, of which
`paced` is the one that ships. One decision on 20,000 people takes a few milliseconds (flare bench match).
Must never ask anybody twice, nobody below the floor, nobody once every seat is promised, nobody past
their weekly limit. Invariants: tests/domain/test_paced.py.
Why these numbers, and what they were measured at: docs/matching.md.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dispatch.domain import attention, limits, matching
from dispatch.domain import forecast as odds
from dispatch.domain.forecast import Forecast
from dispatch.domain.kinds import KINDS, Kind
from dispatch.domain.ladder import Ladder, Listed, Terms, climb, rates_of
from dispatch.domain.looking import Decision, Look, Note, Policy, look_again, plan_deadline
from dispatch.domain.request import RAISED_WEIGHT, Request, Urgency

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

FRIENDS_MAX: Final = 500
"""More ties than this and a tie counts as a follower's."""
FOLLOWER: Final = 0.35

LEAST_WAIT: Final = 12.0
"""Minutes: nobody is judged by less time than the check of a promise takes."""
FATIGUE_COST: Final = 0.5
USED_COST: Final = 1.0
"""The last alert of somebody's week costs twice what the first does: it is kept for the call that needs it."""
PRICE: Final = 3e-4
"""P(enough) that an alert of cost 1 must add at weight 1 in a rested network, or it is not sent …"""
PRICE_OF_LOAD: Final = 15.0
"""… and how much more per unit of its mean F: in a tired one every alert is missed by a later call."""
BARGAIN: Final = 50.0
"""A look that asks anybody asks whoever adds so many times their price, even beyond the target."""
FEW_TIES: Final = 5
FEW_PRICE: Final = 1 / 3
"""Whoever has no more ties than that pays a third: all they can ask are friends of friends, who cost double."""
FURTHER: Final = 1 / 3
"""The forecast counts whoever would pay at that share of the price: while those asked stay silent, looks go on."""
ASKED_LEAST: Final = 10
"""So many are asked whatever it costs: nobody who calls is met with silence."""
FLOOR: Final = 0.002
"""Expected kept seats per unit of attention below which nobody is listed at weight 1."""
FLOOR_LEAST: Final = 0.02
LATE_HALVES: Final = 15.0
"""Minutes past the plan in which the floor halves, down to its least."""
DRIP: Final = 20
"""People a late look adds at most, per unit of weight."""
AIM: Final = 0.95
START: Final = 0.60
START_BUSY: Final = 0.20
RAMP: Final = 0.4
RAMP_BUSY: Final = 0.6
BUSY_FATIGUE: Final = 0.2
"""Mean fatigue of the candidates at which a network counts as fully busy."""
TONIGHT_PRIOR: Final = 12.0
"""Yeses that count as seen before the first: three made every look jump at its own luck."""
ELSEWHERE: Final = 0.6
TIRED: Final = 4.0
"""The first form's soft cap: beyond this fatigue the index is divided by eight."""

SIZES: Final = np.arange(odds.LOTS_MAX + 1)
# By ring code: 1, 2, 3, community, open, vouched (dispatch/domain/network.py).
RING_COST: Final = np.array([1.0, 1.0, 1.3, 2.0, 2.0, 3.0, 1.3])
RING_COST_PRESSING: Final = np.array([1.0, 1.0, 1.1, 1.2, 1.2, 2.0, 1.1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One variant of the policy. `second`: with the points that the second form added."""

    second: bool = True
    weight: int | None = None
    """Urgency forced to this, for comparisons; None = the request's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """The request in the units the odds are worked out in."""

    lots: int
    lot: int
    weight: int
    waited: float
    plan: float
    kind: Kind


def weight_of(request: Request, form: Form) -> int:
    """The urgency's weight for this form."""
    return request.weight if form.weight is None else form.weight


def target(waited: float, plan: float, load: float, request: Request, form: Form) -> float:
    """The P(enough) this look wants: rises to AIM, later and from lower where the network is busy.

    Unit: minutes. `load`: mean fatigue of the candidates.
    """
    if request.urgency is Urgency.DANGER:
        return AIM
    busy = min(1.0, load / BUSY_FATIGUE) if form.second else 0.0
    start, ramp = START - START_BUSY * busy, RAMP + RAMP_BUSY * busy
    return start + (AIM - start) * min(1.0, waited / (ramp * plan))


def floor_at(waited: float, plan: float, weight: int) -> float:
    """The index below which nobody is asked: late, it sinks slowly, so that more may be asked as a drip."""
    return FLOOR / weight * attention.halved(waited - plan, LATE_HALVES, FLOOR_LEAST)


def price_of(weight: int, load: float, ties: int) -> float:
    """The P(enough) that an alert of cost 1 must add to be sent.

    `load`: mean fatigue of the candidates. `ties`: the requester's.
    """
    return PRICE * (1.0 + PRICE_OF_LOAD * load) * (FEW_PRICE if ties <= FEW_TIES else 1.0) / weight


def decide(look: Look, form: Form) -> Decision:
    """One look: whom to ask now, when to look again, and the honest odds.

    Shape: rows of `look.pool`, best first, each once. Nobody when every seat is promised.
    """
    request, now, kind = look.request, look.now, KINDS[look.request.kind]
    if request.seats.open is None:
        return _open_ended(look, form, kind)
    case = _case(look, form, kind)
    load = float(look.pool.fatigue.mean()) if len(look.pool) else 0.0
    want = target(case.waited, case.plan, load, request, form)
    price = price_of(case.weight, load, look.ties) if form.second else 0.0
    floor = floor_at(case.waited, case.plan, case.weight)
    by = plan_deadline(request, kind, now)
    left = (by - now) / timedelta(minutes=1)
    terms = Terms(
        lots=case.lots, base=_promised(look, case), under_way=_silent_rates(look, case, left),
        factor=_tonight(look) * look.habits.kept, gives=kind.gives,
    )  # fmt: skip
    ladder = climb(_listed(look, case, floor, left, form), terms)
    if form.second:
        aim = ladder.reaching(want, _worth(look, ladder, price))
        gain = odds.gains(terms.base, ladder.rates[aim] * terms.factor, case.lots)
        ladder = climb(ladder.listed.best_first(gain), terms)
    worth = _worth(look, ladder, price)
    count, most, p_then, ended = 0, 0, ladder.enough[0], "enough"
    if request.seats.open > 0 and p_then < want and not request.over:
        count, p_then = ladder.shortest(want, worth)
        ended = "target" if p_then >= want else "worth" if worth < ladder.top else "everybody"
        bargain = ladder.worth(price * BARGAIN) if form.second else 0
        if ladder.edges[bargain] > count:
            count, p_then, ended = int(ladder.edges[bargain]), ladder.enough[bargain], "bargain"
        most = min(int(ladder.edges[worth]), max(0, limits.REQUEST_ALERTS_MAX - request.alerted))
        if case.waited > case.plan:
            most = min(most, DRIP * case.weight)
        count = min(count, most)
    listed = ladder.listed
    note = Note(
        p_before=ladder.enough[0], p_after=p_then, target=want, floor=floor, listed=len(listed), load=load,
        weight=case.weight, tonight=terms.factor / look.habits.kept, ended=ended,
    )  # fmt: skip
    thought = ladder.enough[max(worth, ladder.worth(price * FURTHER))]
    outlook = Forecast(
        p=look.honest(thought), thought=thought, by=by, early=look.early, alerted=request.alerted + count,
        in_reach=len(look.pool) + len(look.asked),
    )  # fmt: skip
    return Decision(
        ask=listed.rows[:count], chance=listed.chance[:count], hears=listed.hears[:count], usual=listed.usual[:count],
        worth=listed.rows[:most], next_look=None if request.over else look_again(request, now), forecast=outlook,
        note=note,
    )  # fmt: skip


def usual(look: Look) -> Floats:
    """P(says yes | sees it) of everybody in the pool, if each were like the crowd."""
    kind = KINDS[look.request.kind]
    follower = 1.0 if look.ties <= FRIENDS_MAX else FOLLOWER
    return matching.chance_of_yes(look.pool, look.request, kind, look.now, follower=follower)


def chances(look: Look, form: Form, chance: Floats | None = None) -> Floats:
    """a: the same with what was learned of each. `chance`: `usual(look)`, if it is known already."""
    chance = usual(look) if chance is None else chance
    if form.second:
        return matching.learned(look.pool, chance, willing=look.habits.willing, opens=look.habits.opens)
    known = attention.personal(look.pool.accepts, look.pool.expected)
    return np.minimum(matching.MOST, chance * known)


def hears(look: Look) -> Floats:
    """R of everybody in the pool, with what open inboxes say of tonight: those asked live there too."""
    asked = look.asked
    return matching.hears(look.pool, look.now, asked=len(asked), asked_online=int(asked.online.sum()))


def _case(look: Look, form: Form, kind: Kind) -> _Case:
    total = look.request.quantity or 1
    lot = odds.in_lots(total)
    return _Case(
        lots=-(-total // lot),
        lot=lot,
        weight=weight_of(look.request, form),
        waited=look.request.age(look.now) / timedelta(minutes=1),
        plan=kind.plan / timedelta(minutes=1),
        kind=kind,
    )


def _sizes(seats: Whole, case: _Case) -> Whole:
    """The class, in lots, each person counts in."""
    if case.kind.gives:
        return np.ones(len(seats), dtype=np.int64)
    if case.lot == 1:
        return odds.seat_classes(seats)
    return np.minimum(np.maximum(1, seats // case.lot), odds.LOTS_MAX)


def _listed(look: Look, case: _Case, floor: float, left: float, form: Form) -> Listed:
    """Everybody worth asking now, by the seats they would fill for the attention it costs."""
    pool = look.pool
    crowd = usual(look)
    chance = chances(look, form, crowd)
    heard = hears(look)
    local = matching.local_minute(look.now, pool.lon)
    useful = (
        chance
        * attention.decided_by(heard, max(left / 2, LEAST_WAIT), pool.online, local, look.habits.curve)
        * look.habits.kept
    )
    useful = np.where(pool.elsewhere, useful * ELSEWHERE, useful)
    rings = RING_COST_PRESSING if form.second and case.weight >= RAISED_WEIGHT else RING_COST
    cost = (1.0 + FATIGUE_COST * pool.fatigue) * rings[pool.ring]
    if form.second:
        cost = cost * (1.0 + USED_COST * pool.sent_7d / np.maximum(1, pool.weekly_max))
        useful = np.where(matching.within_week(pool), useful, 0.0)
    else:
        cost = cost * np.where(pool.fatigue > TIRED, 8.0, 1.0)
    size = _sizes(pool.seats, case)
    rows = np.flatnonzero(useful * np.minimum(size, case.lots) / cost >= floor)
    weight = chance[rows] * attention.decided_by(heard[rows], left, pool.online[rows], local[rows], look.habits.curve)
    return Listed(
        rows=rows, chance=chance[rows], usual=crowd[rows], hears=heard[rows], useful=useful[rows], weight=weight,
        cost=cost[rows], size=size[rows],
    ).best_first(np.minimum(SIZES, case.lots))  # fmt: skip


def _promised(look: Look, case: _Case) -> Floats:
    kept = [
        (
            max(1, p.seats // case.lot),
            odds.chance_kept((look.now - p.since).total_seconds() / 60, p.started, look.habits.no_show),
        )
        for p in look.promises
    ]
    return odds.kept(kept, case.lots)


def _decided(look: Look, more: float = 0.0) -> Floats:
    """Of everybody asked: the chance that they will have looked and decided so many minutes from now."""
    asked = look.asked
    waited = np.maximum(0.0, (look.now.timestamp() - asked.sent_s) / 60) + more
    # Their clocks are the neighbourhood's: where each of them lives is not kept with the alert.
    here = float(np.nan_to_num(look.pool.lon).mean()) if len(look.pool) else 0.0
    local = np.mod(asked.sent_s / 60 + here * 4.0, 1_440.0)
    return attention.decided_by(asked.hears, waited, asked.online, local, look.habits.curve)


def _tonight(look: Look) -> float:
    """How much more or less willing people are than thought, as this call has shown so far."""
    expected = float((look.asked.chance * _decided(look)).sum())
    return (TONIGHT_PRIOR + look.yeses) / (TONIGHT_PRIOR + expected)


def _worth(look: Look, ladder: Ladder, price: float) -> int:
    """The last rung worth its price; the first few people are asked at any price."""
    few = min(len(ladder.listed), ASKED_LEAST - len(look.asked))
    return max(ladder.worth(price), int(np.searchsorted(ladder.edges, few)))


def _silent_rates(look: Look, case: _Case, left: float) -> Floats:
    """Expected yeses still to come within `left` minutes from those who were asked, by class.

    Who has looked and said nothing is less and less likely to come; a refusal counts no more.
    """
    asked = look.asked
    heard = _decided(look)
    still = asked.chance * (_decided(look, left) - heard) / np.maximum(0.05, 1.0 - odds.SAYS_NO * heard)
    return rates_of(np.where(asked.silent, still, 0.0), _sizes(asked.seats, case), case.kind.gives)


def _open_ended(look: Look, form: Form, kind: Kind) -> Decision:
    """Words of comfort: the closest friends, a few, once."""
    request, pool = look.request, look.pool
    crowd = usual(look)
    chance = chances(look, form, crowd)
    heard = hears(look)
    friends = np.flatnonzero((pool.ring == 1) & matching.within_week(pool))
    order = friends[np.argsort(-(chance * heard)[friends], kind="stable")]
    ask = order[: max(0, kind.wave_max - request.alerted)]
    outlook = Forecast(
        p=1.0, by=plan_deadline(request, kind, look.now), early=True, alerted=request.alerted + len(ask),
        in_reach=len(pool) + len(look.asked),
    )  # fmt: skip
    return Decision(ask=ask, chance=chance[ask], hears=heard[ask], usual=crowd[ask], next_look=None, forecast=outlook)


def named(form: Form) -> Policy:
    """That form as a policy."""
    return partial(decide, form=form)


SHIPPED: Final = Form()
FORMS: Final[dict[str, Policy]] = {
    "paced": named(SHIPPED),
    "paced-first": named(Form(second=False)),
    **{f"paced-u{weight}": named(replace(SHIPPED, weight=weight)) for weight in (2, 4, 8)},
}
