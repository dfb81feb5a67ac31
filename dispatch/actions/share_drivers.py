"""When asks of one region compete: who is offered to which of them, each person to one.

Pure but for `contested`: what each ask brings in, a decision for each out. Called by dispatch/rounds.py.
An ask that the round gives nobody keeps its own decision, less the people others were given; one that has enough help
under way, or for which no alert is worth sending, asks nobody.
Invariants: no person in two decisions of a round, nobody who holds a fresh offer (tests/contract/test_surge.py); that
it stays so as waves are written is actions/send_wave.py's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dispatch.domain import attention, limits, paced, surge
from dispatch.domain.columns import once_each
from dispatch.domain.kinds import KINDS
from dispatch.domain.lifecycle import RequestState
from dispatch.domain.looking import Decision, Look
from dispatch.domain.request import Request
from dispatch.ports import Tx
from geo import cells

Floats = NDArray[np.float64]

REGION_RES: Final = 3
"""Asks of one H3 cell of this size (edge 69 km) share their drivers: an hour and a half across."""
ASKS_LEAST: Final = 6
"""With fewer asks there are no rounds: each looks by itself, and prefers people who were not just asked for another."""
BEST: Final = 60
"""People of each ask that a round may offer it."""
KNOWN: Final = 5 * BEST
"""People of each ask that come into the round: some hold an offer already."""
SOON: Final = 15.0
"""Minutes within which an answer counts as hoped for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bid:
    """What one ask brings into a round: its look, cut down to the people that matter, and what is believed of them."""

    look: Look
    decision: Decision
    """As if it were alone. Its rows are those of the cut pool; `worth` is best first by the chance that they come."""
    chance: Floats
    hears: Floats
    usual: Floats
    comes: Floats
    """P(comes), by row, if offered this ask now."""


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
    near = pool.minutes <= surge.FIRST_LEG_MINUTES
    fresh = (_comes(look, paced.chances(look, paced.SHIPPED), paced.hears(look)) * pool.seats)[near]
    silent = (asked.chance * asked.hears * asked.seats)[asked.silent] * look.habits.kept
    return float(fresh.sum() + silent.sum())


def _comes(look: Look, chance: Floats, hears: Floats) -> Floats:
    within = attention.answered_by(SOON, look.pool.online, look.habits.curve)
    return np.asarray(chance * hears * within * look.habits.kept)


def bid(look: Look, decision: Decision) -> Bid:
    """The ask as it comes into the round. Only KNOWN of its people are kept: a round holds many asks at once."""
    usual, hears = paced.usual(look), paced.hears(look)
    chance = paced.chances(look, paced.SHIPPED, usual)
    comes = _comes(look, chance, hears)
    worth = decision.worth[np.argsort(-comes[decision.worth], kind="stable")[:KNOWN]]
    rows = np.union1d(worth, decision.ask)
    return Bid(
        look=replace(look, pool=look.pool.only(rows)),
        decision=replace(decision, ask=np.searchsorted(rows, decision.ask), worth=np.searchsorted(rows, worth)),
        chance=chance[rows], hears=hears[rows], usual=usual[rows], comes=comes[rows],
    )  # fmt: skip


def shared(bids: Sequence[Bid], holding: set[int]) -> list[Decision]:
    """What each ask does in this round, in the order of the bids. `holding`: people with a fresh offer."""
    if not bids:
        return []
    held = np.fromiter(holding, dtype=np.int64)
    free = [each.decision.worth[~np.isin(_people(each, each.decision.worth), held)][:BEST] for each in bids]
    people = once_each(np.concatenate([_people(each, rows) for each, rows in zip(bids, free, strict=True)]))
    given = surge.offers(_contest(bids, free, people))
    taken = holding | {int(people[driver]) for _, driver in given}
    found = []
    for number, each in enumerate(bids):
        mine = people[[driver for ask, driver in given if ask == number]]
        if len(mine):
            decision = _instead(each, np.flatnonzero(np.isin(each.look.pool.person, mine)), len(bids))
        else:
            left = ~np.isin(_people(each, each.decision.ask), np.fromiter(taken, dtype=np.int64))
            decision = each.decision.only(left)
            taken |= set(_people(each, decision.ask).tolist())
        found.append(replace(decision, exclusive=True))
    return found


def _people(each: Bid, rows: NDArray[np.intp]) -> NDArray[np.int64]:
    return each.look.pool.person[rows]


def _contest(bids: Sequence[Bid], free: Sequence[NDArray[np.intp]], people: NDArray[np.int64]) -> surge.Contest:
    chance = np.zeros((len(bids), len(people)))
    minutes = np.full(chance.shape, np.inf)
    seats = np.ones(len(people), dtype=np.int64)
    for number, (each, rows) in enumerate(zip(bids, free, strict=True)):
        at = np.searchsorted(people, _people(each, rows))
        chance[number, at] = each.comes[rows]
        minutes[number, at] = each.look.pool.minutes[rows]
        seats[at] = each.look.pool.seats[rows]
    asks = [each.look.request for each in bids]
    return surge.Contest(
        chance=chance, minutes=minutes, seats=seats,
        party=np.asarray([ask.quantity or 1 for ask in asks], dtype=np.int64),
        open_seats=np.asarray([ask.seats.open or 0 for ask in asks], dtype=np.int64),
        weight=np.asarray([ask.weight for ask in asks], dtype=np.int64),
        sure=np.asarray([each.decision.note.p_before for each in bids]),
    )  # fmt: skip


def _instead(each: Bid, rows: NDArray[np.intp], asks: int) -> Decision:
    """The decision with these rows asked, and the next round in place of the next look."""
    soon, next_look = each.look.now + surge.window(asks), each.decision.next_look
    return replace(
        each.decision, ask=rows, chance=each.chance[rows], usual=each.usual[rows], hears=each.hears[rows],
        next_look=soon if next_look is None else min(soon, next_look),
    )  # fmt: skip
