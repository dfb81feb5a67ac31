"""Who may no longer, what was flagged, and who looks after it. Implements ports.Safety."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, func, literal_column, select, update

from dispatch.domain.audit import Deed, closed_as
from dispatch.domain.lifecycle import Disposition
from dispatch.domain.standing import Flag, FlagKind, Reported, Standing
from dispatch.ports import Ids
from dispatch.store.build import adding, given
from dispatch.store.link import Link, Row
from dispatch.store.secrets import StoredSecrets
from dispatch.store.state import State
from dispatch.store.tables import (
    audit,
    code_lock,
    coordinator,
    flag,
    freeze,
    glass,
    hold,
    person,
    refusal,
    report,
    request,
    verdict,
)
from dispatch.store.times import micros, micros_or_none, moment, moment_or_none

_h, _c, _f, _r, _v, _p = hold.c, coordinator.c, flag.c, report.c, verdict.c, person.c

_REFUSE = adding(refusal).on_conflict_do_nothing()
_REFUSED: Select[Any] = select(refusal.c.at).where(
    refusal.c.request_id == given("request"), refusal.c.person_id == given("person")
)
_LOCK = adding(code_lock)
_LOCK = _LOCK.on_conflict_do_update(index_elements=["claim_id"], set_={"until": _LOCK.excluded.until})
_LOCKED: Select[Any] = select(code_lock.c.until).where(code_lock.c.claim_id == given("id"))
_STANDING = (
    select(_h.held_until, _h.barred_until, _c.person_id)
    .select_from(person.outerjoin(hold, _h.person_id == _p.id).outerjoin(coordinator, _c.person_id == _p.id))
    .where(_p.id == given("id"))
)
_PUT_HOLD = adding(hold)
_HOLD = _PUT_HOLD.on_conflict_do_update(
    index_elements=["person_id"], set_={"held_until": _PUT_HOLD.excluded.held_until}
)  # fmt: skip
_BAR = _PUT_HOLD.on_conflict_do_update(
    index_elements=["person_id"], set_={"barred_until": _PUT_HOLD.excluded.barred_until}
)  # fmt: skip
_HELD_NOW: Select[Any] = select(_h.person_id).where(_h.held_until > given("now"))
_FREEZE = adding(freeze).on_conflict_do_nothing()
_THAW = delete(freeze).where(freeze.c.request_id == given("id"))
_FROZEN: Select[Any] = select(freeze.c.why).where(freeze.c.request_id == given("id"))
_APPOINT = adding(coordinator).on_conflict_do_nothing()
_DISMISS = delete(coordinator).where(_c.person_id == given("id"))
_COORDINATORS: Select[Any] = select(_c.person_id).order_by(_c.person_id)
_PUT_GLASS = adding(glass)
_GLASS = _PUT_GLASS.on_conflict_do_update(
    index_elements=["person_id", "request_id"], set_={"until": _PUT_GLASS.excluded.until}
)  # fmt: skip
_GLASS_OF: Select[Any] = select(glass.c.until).where(
    glass.c.person_id == given("person"), glass.c.request_id == given("request")
)
_ADD_FLAG = adding(flag, "id").returning(*flag.c)
_OPEN = _f.settled_at.is_(None)
_FLAG = select(*flag.c).where(_f.public_id == given("public_id"))
_FLAGS = select(*flag.c).where(_OPEN).order_by(_f.at, _f.id).limit(given("limit"))
_OF_REQUEST = select(*flag.c).where(_f.request_id == given("id"), _OPEN).order_by(_f.id)
_ASKED = update(flag).values(asked=_f.asked + literal_column("1")).where(_f.id == given("w_id")).returning(*flag.c)
_SETTLE = update(flag).values(settled_at=given("at"), settled_as=given("what")).where(_f.id == given("w_id"), _OPEN)
_LOOKED_AT: Select[Any] = (
    select(_f.id)
    .where(_f.request_id == given("id"), _f.kind == given("kind"), _f.settled_as == literal_column("'taken'"))
    .limit(1)
)
_REPORTS = (
    select(_r.id, _r.reporter, _r.reported, _r.request_id, _r.reason, _r.at)
    .select_from(report.outerjoin(verdict, _v.report_id == _r.id))
    .where(_v.report_id.is_(None))
)
_UNDECIDED = _REPORTS.order_by(_r.id).limit(given("limit"))
_REPORT = _REPORTS.where(_r.id == given("id"))
_ABOUT = _REPORTS.where(_r.reported == given("person")).order_by(_r.id).limit(given("limit"))
_DECIDE = adding(verdict)
_UNFOUNDED = (
    select(func.count())
    .select_from(report.join(verdict, _v.report_id == _r.id))
    .where(_r.reporter == given("person"), _v.at >= given("since"), _v.upheld.is_(False))
)
_q = request.c
_MARKS = (
    # By a coordinator's word alone: whoever says of their own call that it was nothing is honest.
    select(_q.closed_at.label("at"))
    .select_from(request.join(audit, audit.c.request_id == _q.id))
    .where(
        _q.requester == given("person"),
        _q.closed_at >= given("since"),
        audit.c.deed == literal_column(f"'{Deed.DECIDED.value}'"),
        audit.c.why == literal_column(f"'{closed_as(Disposition.UNFOUNDED)}'"),
    )
    .union_all(
        select(_v.at)
        .select_from(report.join(verdict, _v.report_id == _r.id))
        .where(_r.reported == given("person"), _v.at >= given("since"), _v.upheld.is_(True))
    )
)


def _flag(row: Row) -> Flag:
    return Flag(
        id=row[0], public_id=row[1], kind=FlagKind(row[2]), request_id=row[3], claim_id=row[4], at=moment(row[5]),
        asked=row[6], settled_at=moment_or_none(row[7]), settled_as=row[8],
    )  # fmt: skip


class StoredSafety:
    """ports.Safety over one link."""

    def __init__(self, link: Link, state: State, ids: Ids, secrets: StoredSecrets) -> None:
        self._link, self._state, self._ids, self._secrets = link, state, ids, secrets

    def refuse(self, request_id: int, person_id: int, at: datetime) -> None:
        """That person can't come for this request any more."""
        self._link.run(_REFUSE, request_id=request_id, person_id=person_id, at=micros(at))

    def refused(self, request_id: int, person_id: int) -> bool:
        """Were they thanked and let go?"""
        return self._link.row(_REFUSED, request=request_id, person=person_id) is not None

    def lock_code(self, claim_id: int, until: datetime) -> None:
        """No more guesses until then."""
        self._link.run(_LOCK, claim_id=claim_id, until=micros(until))

    def code_locked(self, claim_id: int) -> datetime | None:
        """Until when no guess counts; may have passed."""
        row = self._link.row(_LOCKED, id=claim_id)
        return moment(row[0]) if row else None

    def standing(self, person_id: int) -> Standing:
        """What that person may."""
        row = self._link.row(_STANDING, id=person_id)
        if row is None:
            return Standing()
        return Standing(
            held_until=moment_or_none(row[0]), barred_until=moment_or_none(row[1]), coordinator=row[2] is not None
        )

    def is_held(self, person_id: int) -> bool:
        """Held at this transaction's moment?"""
        return self.standing(person_id).held(moment(self._state.now))

    def hold(self, person_id: int, until: datetime | None) -> None:
        """Held until then; None lets them go."""
        self._link.run(_HOLD, person_id=person_id, held_until=micros_or_none(until), barred_until=None)

    def bar(self, person_id: int, until: datetime | None) -> None:
        """Their reports are not taken until then."""
        self._link.run(_BAR, person_id=person_id, barred_until=micros_or_none(until), held_until=None)

    def held_now(self, now: datetime) -> set[int]:
        """Everybody who is held."""
        return {row[0] for row in self._link.rows(_HELD_NOW, now=micros(now))}

    def freeze(self, request_id: int, why: str, at: datetime) -> None:
        """No new alerts and no new claims."""
        self._link.run(_FREEZE, request_id=request_id, why=why, at=micros(at))

    def thaw(self, request_id: int) -> None:
        """As before."""
        self._link.run(_THAW, id=request_id)

    def frozen(self, request_id: int) -> str | None:
        """Why it is frozen; None when it isn't."""
        row = self._link.row(_FROZEN, id=request_id)
        return str(row[0]) if row else None

    def appoint(self, person_id: int, at: datetime) -> bool:
        """False if they were a coordinator already."""
        return self._link.run(_APPOINT, person_id=person_id, at=micros(at)) > 0

    def dismiss(self, person_id: int) -> bool:
        """False if they weren't."""
        return self._link.run(_DISMISS, id=person_id) > 0

    def coordinators(self) -> list[int]:
        """Who looks after the network."""
        return [row[0] for row in self._link.rows(_COORDINATORS)]

    def break_glass(self, person_id: int, request_id: int, until: datetime) -> None:
        """That coordinator sees the exact place until then."""
        self._link.run(_GLASS, person_id=person_id, request_id=request_id, until=micros(until))

    def glass(self, person_id: int, request_id: int) -> datetime | None:
        """Until when that coordinator sees the exact place; may have passed."""
        row = self._link.row(_GLASS_OF, person=person_id, request=request_id)
        return moment(row[0]) if row else None

    def raise_flag(self, kind: FlagKind, request_id: int, claim_id: int | None, at: datetime) -> Flag:
        """A new flag, or the open one of that kind."""
        for known in self.flags_of(request_id):
            if known.kind is kind and known.claim_id == claim_id:
                return known
        return _flag(
            self._link.one(
                _ADD_FLAG, public_id=self._ids.public_id(), kind=kind.value, request_id=request_id, claim_id=claim_id,
                at=micros(at), asked=0, settled_at=None, settled_as=None,
            )
        )  # fmt: skip

    def flag(self, public_id: str) -> Flag | None:
        """The flag of that public id."""
        row = self._link.row(_FLAG, public_id=public_id)
        return _flag(row) if row else None

    def flags(self, limit: int) -> list[Flag]:
        """What is open, oldest first."""
        return [_flag(row) for row in self._link.rows(_FLAGS, limit=limit)]

    def flags_of(self, request_id: int) -> list[Flag]:
        """What is open about one request."""
        return [_flag(row) for row in self._link.rows(_OF_REQUEST, id=request_id)]

    def asked(self, flag_id: int) -> Flag:
        """The owner was asked once more."""
        return _flag(self._link.one(_ASKED, w_id=flag_id))

    def settle(self, flag_id: int, what: str, at: datetime) -> bool:
        """False if it was settled already."""
        return self._link.run(_SETTLE, w_id=flag_id, what=what, at=micros(at)) > 0

    def looked_at(self, request_id: int) -> bool:
        """Has a coordinator taken it over, so that it may reach more strangers?"""
        return self._link.row(_LOOKED_AT, id=request_id, kind=FlagKind.GUEST_CAP.value) is not None

    def undecided(self, limit: int) -> list[Reported]:
        """Reports nobody has decided, oldest first."""
        return [self._reported(row) for row in self._link.rows(_UNDECIDED, limit=limit)]

    def undecided_about(self, person_id: int, limit: int) -> list[Reported]:
        """… about one person."""
        return [self._reported(row) for row in self._link.rows(_ABOUT, person=person_id, limit=limit)]

    def report(self, report_id: int) -> Reported | None:
        """That report, while it is undecided."""
        row = self._link.row(_REPORT, id=report_id)
        return self._reported(row) if row else None

    def _reported(self, row: Row) -> Reported:
        read = self._secrets.reader(row[3])
        reason = read(row[4], str(row[5])) if read else None
        return Reported(
            id=row[0], reporter=row[1], reported=row[2], request_id=row[3], reason=reason, at=moment(row[5])
        )  # fmt: skip

    def decide(self, report_id: int, by: int | None, at: datetime, *, upheld: bool) -> None:
        """The word on a report."""
        self._link.run(_DECIDE, report_id=report_id, by=by, at=micros(at), upheld=upheld)

    def marks(self, person_id: int, since: datetime) -> list[datetime]:
        """When a coordinator ended a call of theirs as unfounded, or upheld a report about them, since then."""
        return [moment(row[0]) for row in self._link.rows(_MARKS, person=person_id, since=micros(since))]

    def unfounded(self, person_id: int, since: datetime) -> int:
        """How many reports of that person came to nothing since then."""
        return int(self._link.one(_UNFOUNDED, person=person_id, since=micros(since))[0])
