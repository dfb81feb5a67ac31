"""What calls that are over have shown: their alerts, promises and first forecasts, in three bounded reads.

Must never hand out who anybody is: counts are made of it, of nobody (dispatch/domain/habits.py).
Tests: tests/contract/test_habits.py, on both engines.
"""

import json
from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

import numpy as np
from sqlalchemy import func, select

from dispatch.domain import learning, limits
from dispatch.domain.alert import Answer
from dispatch.domain.habits import WINDOW, Past
from dispatch.domain.lifecycle import ClaimState, Disposition
from dispatch.store.build import given
from dispatch.store.dialect import Among
from dispatch.store.link import Link, Row, as_json
from dispatch.store.tables import alert, claim, request
from dispatch.store.times import micros, seconds

_r, _c, _a = request.c, claim.c, alert.c
# Not by an index on closed_at, which every close would have to keep: the newest rows are enough.
_newest = request.alias("newest")
_CALLS = (
    select(_r.id, _r.kind, _r.forecast, _r.disposition, _r.created_at, _r.closed_at, _r.alerted, _r.quantity)
    .where(
        _r.id > select(func.max(_newest.c.id) - given("most")).scalar_subquery(),
        _r.closed_at.is_not(None),
        _r.drill.is_(False),
        _r.quantity.is_not(None),
        _r.created_at >= given("since"),
    )
    .order_by(_r.id.desc())
)
_CLAIMS = select(_c.request_id, _c.seats, _c.status, _c.created_at, _c.left_at, _c.shown_at).where(
    Among(_c.request_id, "ids")
)
_ALERTS = select(_a.request_id, _a.created_at, _a.seen_at, _a.answer, _a.answered_at, _a.reasons).where(
    Among(_a.request_id, "ids")
)

_KEPT: Final = frozenset({ClaimState.MET, ClaimState.DONE})
_BROKEN: Final = frozenset({ClaimState.LAPSED, ClaimState.NO_SHOW})
_ANSWERED: Final = frozenset({Answer.CLAIMED, Answer.DECLINED})


class StoredPast:
    """ports.Lookback over one link."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def ended(self, now: datetime, *, alerts: int = limits.HABITS_ALERTS) -> Past:
        """What the newest calls that are over have shown; `alerts`: of those so many have sent, and no call more."""
        calls = list(self._link.rows(_CALLS, most=limits.HABITS_CALLS, since=micros(now - WINDOW)))
        ids = as_json([call[0] for call in calls])
        claims: dict[int, list[Row]] = {}
        for row in self._link.rows(_CLAIMS, ids=ids) if calls else ():
            claims.setdefault(row[0], []).append(row)
        resolved = {call[0]: call[3] == Disposition.RESOLVED for call in calls}
        ends = (_was_kept(row, resolved=resolved[of]) for of, rows in claims.items() for row in rows)
        kept = [end for end in ends if end is not None]
        told = [
            (call[1], first["p"], came)
            for call in calls
            if (first := json.loads(call[2] or "{}").get("first")) is not None
            if (came := _came(call, first, claims.get(call[0], ()))) is not None
        ]
        return Past(
            **self._alerts(calls, now - learning.WINDOW, alerts),
            kept=np.asarray(kept, dtype=np.bool_),
            kinds=tuple(kind for kind, _, _ in told),
            said=np.asarray([said for _, said, _ in told], dtype=np.float64),
            came=np.asarray([came for _, _, came in told], dtype=np.bool_),
        )

    def _alerts(self, calls: Sequence[Row], since: datetime, most: int) -> dict[str, Any]:
        """The alerts of the newest of those calls, as columns of Past."""
        closed, left = {}, most
        for call in calls:
            left -= call[6]
            if left < 0 or call[4] < micros(since):
                break
            closed[call[0]] = call[5]
        rows = list(self._link.rows(_ALERTS, ids=as_json(list(closed)))) if closed else []
        # One list read at once: twice as fast as row by row.
        reasons = json.loads(f"[{','.join(row[5] for row in rows)}]")
        covered = _stood_down(rows)
        return {
            "sent_s": seconds([row[1] for row in rows]),
            "looked_s": seconds([row[2] for row in rows]),
            "until_s": seconds([covered(row) or closed[row[0]] for row in rows]),
            "answered_s": seconds([row[4] if row[3] in _ANSWERED else None for row in rows]),
            "claimed": np.asarray([row[3] == Answer.CLAIMED for row in rows], dtype=np.bool_),
            "hears": np.asarray([each.get("hears", 0.7) for each in reasons], dtype=np.float64),
            "usual": np.asarray([each.get("usual", 0.0) for each in reasons], dtype=np.float64),
        }


def _stood_down(rows: Sequence[Row]) -> Callable[[Row], int | None]:
    """When the call of an alert first needed nobody more after it was sent; None if that never came."""
    times: dict[int, list[int]] = {}
    for row in rows:
        if row[3] == Answer.STOOD_DOWN:
            times.setdefault(row[0], []).append(row[4])
    ends = {call: sorted(set(at)) for call, at in times.items()}

    def of(row: Row) -> int | None:
        known = ends.get(row[0], [])
        at = bisect_right(known, row[1])
        return known[at] if at < len(known) else None

    return of


def _was_kept(row: Row, *, resolved: bool) -> bool | None:
    """Was that promise kept? None: nobody can say, as it was not needed any more, or never was.

    Whoever had left when the asker said that they were helped has come: people forget to tap it.
    """
    status, left, shown = ClaimState(row[2]), row[4] is not None, row[5] is not None
    if status in _KEPT or (status is ClaimState.STOOD_DOWN and left and resolved):
        return True
    # Whoever still waited for the owner's tap and takes it back has broken nothing.
    return False if status in _BROKEN or (status is ClaimState.WITHDRAWN and (left or shown)) else None


def _came(call: Row, first: dict[str, Any], claims: Sequence[Row]) -> bool | None:
    """Was every seat taken by the first forecast's deadline, and kept? None: the call ended before, or was another."""
    if first["seats"] != call[7]:
        return None
    resolved = call[3] == Disposition.RESOLVED
    by = micros(datetime.fromisoformat(first["by"]))
    seats = sum(row[1] for row in claims if row[3] <= by and _was_kept(row, resolved=resolved))
    if seats >= first["seats"]:
        return True
    return False if call[5] >= by else None
