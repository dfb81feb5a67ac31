"""Who would hear whom: ties, communities, blocks; and everybody as arrays, for the roster.

A tie is one row with a < b, however it was said.
"""

from collections.abc import Callable
from datetime import datetime
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Select, and_, case, delete, func, literal_column, or_, select

from dispatch.domain.people import Community, Duty
from dispatch.ports import PeopleColumns
from dispatch.store.build import adding, adding_all, given
from dispatch.store.link import Link
from dispatch.store.secrets import StoredSecrets
from dispatch.store.tables import block, community, membership, person, report, tie
from dispatch.store.times import micros

_t, _c, _m, _b, _p = tie.c, community.c, membership.c, block.c, person.c

_TIE = adding(tie).on_conflict_do_nothing()
_UNTIE = delete(tie).where(_t.a == given("a"), _t.b == given("b"))
_TIED: Select[Any] = select(literal_column("1")).select_from(tie).where(_t.a == given("a"), _t.b == given("b"))
_TIES_OF = (
    select(_t.b.label("id"))
    .where(_t.a == given("id"))
    .union_all(select(_t.a).where(_t.b == given("id")))
    .order_by(literal_column("1"))
)
_TO_IMPORTED: Select[Any] = (
    select(literal_column("1"))
    .select_from(
        tie.join(person, or_(and_(_t.a == given("id"), _p.id == _t.b), and_(_t.b == given("id"), _p.id == _t.a)))
    )
    .where(_p.external.is_not(None))
    .limit(1)
)
_ADD_COMMUNITY = adding_all(community)
_COMMUNITY = select(*community.c).where(_c.public_id == given("public_id"))
_COMMUNITIES_OF = (
    select(*community.c)
    .select_from(community.join(membership, _m.community_id == _c.id))
    .where(_m.person_id == given("id"))
    .order_by(_c.id)
)
_JOIN = adding(membership).on_conflict_do_nothing()
_LEAVE = delete(membership).where(_m.community_id == given("community_id"), _m.person_id == given("person_id"))
_MEMBERS = select(_m.person_id).where(_m.community_id == given("id")).order_by(_m.person_id)
_BLOCK = adding(block).on_conflict_do_nothing()
_UNBLOCK = delete(block).where(_b.person_id == given("person_id"), _b.blocked == given("blocked"))
_BLOCKED_BY = select(_b.blocked).where(_b.person_id == given("id")).order_by(_b.at, _b.blocked)
_REPORT = adding(report, "id")
_BLOCKED = select(_b.person_id, _b.blocked).where(or_(_b.person_id == given("id"), _b.blocked == given("id")))

_ALL_TIES = select(_t.a, _t.b).order_by(_t.a, _t.b)
_ALL_MEMBERS = select(_m.community_id, _m.person_id).order_by(_m.community_id, _m.person_id)
_NEVER: ColumnElement[int] = literal_column("-1")
_DUTY = case(*((_p.duty == literal_column(f"'{d.value}'"), literal_column(str(i))) for i, d in enumerate(Duty)))
# Whole numbers below 2^53 survive the way through float64 unchanged: ids and microseconds are.
_EVERYBODY: Select[Any] = select(
    _p.id,
    _p.lat,
    _p.lon,
    _p.seen_at,
    func.coalesce(_p.seats, _NEVER),
    func.coalesce(_DUTY, _NEVER),
    _p.duty_until,
    func.coalesce(_p.reach_minutes, _NEVER),
    func.coalesce(_p.quiet_from, _NEVER),
    func.coalesce(_p.quiet_to, _NEVER),
    _p.alerts_per_week_max,
    case((_p.guest, literal_column("1")), else_=literal_column("0")),
    _p.closed,
).order_by(_p.id)


class StoredNetwork:
    """ports.Network over one link. `patiently` lifts the engine's limit on one long read."""

    def __init__(self, link: Link, patiently: Callable[[], None], secrets: StoredSecrets) -> None:
        self._link = link
        self._secrets = secrets
        self._patiently = patiently

    def tie(self, a: int, b: int) -> bool:
        """False if they were tied already. Raises: ValueError for one person alone."""
        if a == b:
            raise ValueError("nobody is tied to themselves")
        return self._link.run(_TIE, a=min(a, b), b=max(a, b)) > 0

    def untie(self, a: int, b: int) -> bool:
        """False if they weren't tied."""
        return self._link.run(_UNTIE, a=min(a, b), b=max(a, b)) > 0

    def tied(self, a: int, b: int) -> bool:
        """Are they?"""
        return self._link.row(_TIED, a=min(a, b), b=max(a, b)) is not None

    def ties_of(self, person_id: int) -> list[int]:
        """Everyone tied to that person, by id."""
        return [row[0] for row in self._link.rows(_TIES_OF, id=person_id)]

    def tied_to_imported(self, person_id: int) -> bool:
        """Is one of their ties somebody the operator imported?"""
        return self._link.row(_TO_IMPORTED, id=person_id) is not None

    def add_community(self, community: Community) -> Community:
        """The community with its new id."""
        c = community
        row = self._link.one(_ADD_COMMUNITY, public_id=c.public_id, name=c.name, owner=c.owner)
        return Community(id=row[0], public_id=c.public_id, name=c.name, owner=c.owner)

    def community(self, public_id: str) -> Community | None:
        """The community of that public id."""
        row = self._link.row(_COMMUNITY, public_id=public_id)
        return Community(id=row[0], public_id=row[1], name=row[2], owner=row[3]) if row else None

    def communities_of(self, person_id: int) -> list[Community]:
        """Those that person is a member of."""
        return [
            Community(id=row[0], public_id=row[1], name=row[2], owner=row[3])
            for row in self._link.rows(_COMMUNITIES_OF, id=person_id)
        ]

    def join(self, community_id: int, person_id: int) -> bool:
        """False if they were a member already."""
        return self._link.run(_JOIN, community_id=community_id, person_id=person_id) > 0

    def leave(self, community_id: int, person_id: int) -> bool:
        """False if they weren't a member."""
        return self._link.run(_LEAVE, community_id=community_id, person_id=person_id) > 0

    def members(self, community_id: int) -> list[int]:
        """Its members, by id."""
        return [row[0] for row in self._link.rows(_MEMBERS, id=community_id)]

    def block(self, person_id: int, blocked: int, at: datetime) -> bool:
        """False if they were blocked already."""
        return self._link.run(_BLOCK, person_id=person_id, blocked=blocked, at=micros(at)) > 0

    def unblock(self, person_id: int, blocked: int) -> bool:
        """False if they weren't blocked."""
        return self._link.run(_UNBLOCK, person_id=person_id, blocked=blocked) > 0

    def blocked_by(self, person_id: int) -> list[int]:
        """Whom that person blocked, the first one first."""
        return [row[0] for row in self._link.rows(_BLOCKED_BY, id=person_id)]

    def report(self, reporter: int, reported: int, request_id: int, reason: str, at: datetime) -> None:
        """One more report; its words are sealed under the request's key."""
        reason = self._secrets.close(request_id, reason, str(micros(at))) or ""
        self._link.run(
            _REPORT, reporter=reporter, reported=reported, request_id=request_id, reason=reason, at=micros(at)
        )

    def blocked_either_way(self, person_id: int) -> set[int]:
        """Everyone who blocked that person, or whom that person blocked."""
        return set(chain.from_iterable(self._link.rows(_BLOCKED, id=person_id))) - {person_id}

    def people_columns(self) -> PeopleColumns:
        """Everybody, as arrays, by id."""
        self._patiently()
        values = chain.from_iterable(self._link.each(_EVERYBODY))
        # None becomes NaN: fromiter turns each through float().
        flat = np.fromiter((np.nan if v is None else v for v in values), dtype=np.float64)
        table = flat.reshape(-1, 13)
        seconds = table[:, (3, 6)] / 1e6
        return PeopleColumns(
            id=table[:, 0].astype(np.int64),
            lat=table[:, 1].copy(),
            lon=table[:, 2].copy(),
            seen_at=seconds[:, 0].copy(),
            seats=table[:, 4].astype(np.int16),
            duty=table[:, 5].astype(np.int8),
            duty_until=seconds[:, 1].copy(),
            reach_minutes=table[:, 7].astype(np.int16),
            quiet_from=table[:, 8].astype(np.int16),
            quiet_to=table[:, 9].astype(np.int16),
            weekly_max=table[:, 10].astype(np.int16),
            guest=table[:, 11].astype(np.bool_),
            closed=table[:, 12].astype(np.int8),
        )

    def ties_array(self) -> NDArray[np.int64]:
        """Every tie once, shape (T, 2), a < b."""
        self._patiently()
        return np.fromiter(chain.from_iterable(self._link.each(_ALL_TIES)), dtype=np.int64).reshape(-1, 2)

    def memberships_array(self) -> NDArray[np.int64]:
        """Every membership, shape (M, 2)."""
        self._patiently()
        return np.fromiter(chain.from_iterable(self._link.each(_ALL_MEMBERS)), dtype=np.int64).reshape(-1, 2)
