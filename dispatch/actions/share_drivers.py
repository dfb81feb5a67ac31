"""When asks of one region compete: who is offered to which of them, so that nobody holds two offers.

Pure but for reads: the looks of every open ask of the region in, a decision for each out. Called by dispatch/rounds.py.
An ask the round has nothing for is looked at as ever. Invariants: no person in two decisions of a round, nobody who
holds a fresh offer (tests/contract/test_surge.py).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from dispatch.domain import attention, limits, matching, paced, surge
from dispatch.domain import forecast as odds
from dispatch.domain.kinds import KINDS
from dispatch.domain.lifecycle import RequestState
from dispatch.domain.looking import Decision, Look
from dispatch.domain.request import Request
from dispatch.ports import Tx
from geo import cells

REGION_RES: Final = 3
"""Asks of one H3 cell of this size (edge 69 km) share their drivers: an hour and a half across."""
ASKS_LEAST: Final = 6
"""Fewer asks than this stand beside each other as ever: who is asked for one is only less likely asked for the next."""
BEST: Final = 60
"""People of each ask that a round considers."""
SOON: Final = 15.0
"""Minutes within which an answer counts as hoped for."""


def region_of(request: Request) -> str | None:
    """The region the ask competes in; None for a drill, and for what nobody drives to."""
    if request.cell is None or request.drill or not KINDS[request.kind].located:
        return None
    return cells.parent(request.cell, REGION_RES)


def contested(tx: Tx) -> dict[str, list[Request]]:
    """Open asks by region, of regions in which there are ASKS_LEAST or more."""
    found: dict[str, list[Request]] = {}
    for request in tx.requests.open_in(None, limits.BOARD_REQUESTS):
        if request.status is RequestState.OPEN and (region := region_of(request)) is not None:
            found.setdefault(region, []).append(request)
    return {region: asks for region, asks in found.items() if len(asks) >= ASKS_LEAST}


def hoped_seats(look: Look) -> float:
    """Seats that may be hoped for from everybody within the first leg's reach who has promised nobody."""
    pool, asked = look.pool, look.asked
    heard = matching.hears(pool, look.now) * attention.answered_by(SOON, pool.online)
    fresh = paced.chances(look, paced.SHIPPED) * heard * pool.seats
    near = pool.minutes <= surge.FIRST_LEG_MINUTES
    silent = (asked.chance * asked.hears * asked.seats)[asked.silent]
    return float(fresh[near].sum() + silent.sum()) * (1.0 - odds.NO_SHOW)


def shared(looks: Sequence[Look], decisions: Sequence[Decision], holding: set[int]) -> list[Decision]:
    """What each ask does in this round, in the order of the looks. `holding`: people with a fresh offer."""
    free = [_best(look, holding) for look in looks]
    people = np.unique(np.concatenate([look.pool.person[rows] for look, rows in zip(looks, free, strict=True)]))
    chance = np.zeros((len(looks), len(people)))
    minutes = np.full(chance.shape, np.inf)
    seats = np.ones(len(people), dtype=np.int64)
    for n, (look, rows) in enumerate(zip(looks, free, strict=True)):
        at = np.searchsorted(people, look.pool.person[rows])
        chance[n, at] = _likely(look)[rows]
        minutes[n, at] = look.pool.minutes[rows]
        seats[at] = look.pool.seats[rows]
    quantity = np.asarray([look.request.quantity or 1 for look in looks], dtype=np.int64)
    pairs = surge.offers(
        surge.Contest(
            chance=chance, minutes=minutes, seats=seats, party=quantity,
            open_seats=np.asarray([look.request.seats.open or 0 for look in looks], dtype=np.int64),
            weight=np.asarray([look.request.weight for look in looks], dtype=np.int64),
            sure=np.asarray([decision.note.p_before for decision in decisions]),
        )
    )  # fmt: skip
    given = {int(people[driver]) for _, driver in pairs} | holding
    found = []
    for n, (look, decision) in enumerate(zip(looks, decisions, strict=True)):
        mine = [int(people[driver]) for ask, driver in pairs if ask == n]
        if not mine:
            kept = ~np.isin(look.pool.person[decision.ask], np.fromiter(given, dtype=np.int64))
            given |= set(look.pool.person[decision.ask[kept]].tolist())
            found.append(_only(decision, kept))
            continue
        rows = np.flatnonzero(np.isin(look.pool.person, np.asarray(mine)))
        found.append(_instead(look, decision, rows, len(looks)))
    return found


def _likely(look: Look) -> np.ndarray:
    """P(comes) of everybody in the pool, if offered this ask now."""
    hears = matching.hears(look.pool, look.now)
    within = attention.answered_by(SOON, look.pool.online)
    return np.asarray(paced.chances(look, paced.SHIPPED) * hears * within * (1.0 - odds.NO_SHOW))


def _best(look: Look, holding: set[int]) -> np.ndarray:
    pool = look.pool
    fit = matching.within_week(pool) & ~np.isin(pool.person, np.fromiter(holding, dtype=np.int64))
    likely = np.where(fit, _likely(look), 0.0)
    rows = np.argsort(-likely, kind="stable")[:BEST]
    return rows[likely[rows] > 0.0]


def _only(decision: Decision, keep: np.ndarray) -> Decision:
    return replace(
        decision, ask=decision.ask[keep], chance=decision.chance[keep], hears=decision.hears[keep],
        usual=decision.usual[keep],
    )  # fmt: skip


def _instead(look: Look, decision: Decision, rows: np.ndarray, asks: int) -> Decision:
    """The decision with these rows asked, and the next round in place of the next look."""
    soon = look.now + surge.window(asks)
    return replace(
        decision, ask=rows, chance=paced.chances(look, paced.SHIPPED)[rows], usual=paced.usual(look)[rows],
        hears=matching.hears(look.pool, look.now)[rows],
        next_look=soon if decision.next_look is None else min(soon, decision.next_look),
    )  # fmt: skip
