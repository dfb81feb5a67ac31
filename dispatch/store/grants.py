"""Tokens, by their SHA-256: a copy of the database signs nobody in."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import or_, select, update
from sqlalchemy.sql import ClauseElement

from dispatch.ports import Grant, Power
from dispatch.store.build import adding, given
from dispatch.store.dialect import Among, one_of
from dispatch.store.link import Link, Row, as_json
from dispatch.store.tables import grant_
from dispatch.store.times import micros, micros_or_none, moment_or_none

_g = grant_.c
_ALL = tuple(grant_.c)

_ADD = adding(grant_)
_BY_HASH = select(*_ALL).where(_g.token_hash == given("token_hash"))
_OF_SESSION = select(*_ALL).where(_g.session == given("session"))
_OF_PERSON = select(*_ALL).where(_g.person_id == given("person_id"))
_REVOKE = update(grant_).values(revoked_at=given("at")).where(_g.token_hash == given("w_hash"), _g.revoked_at.is_(None))
_END_RELAYS = (
    update(grant_)
    .values(revoked_at=given("at"))
    .where(Among(_g.relay_id, "relays"), _g.revoked_at.is_(None))
    .returning(_g.session)
)


@cache
def _expire(powers: tuple[Power, ...]) -> ClauseElement:
    return (
        update(grant_)
        .values(expires_at=given("at"))
        .where(
            _g.request_id == given("w_request"),
            one_of(_g.power, powers),
            or_(_g.expires_at.is_(None), _g.expires_at > given("at")),
        )
    )


def _grant(row: Row) -> Grant:
    return Grant(
        token_hash=bytes(row[0]),
        power=Power(row[1]),
        person_id=row[2],
        request_id=row[3],
        session=row[4],
        expires_at=moment_or_none(row[5]),
        revoked_at=moment_or_none(row[6]),
        relay_id=row[7],
    )


class StoredGrants:
    """ports.Grants over one link."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def add(self, grant: Grant) -> None:
        """One more token."""
        g = grant
        self._link.run(
            _ADD, token_hash=g.token_hash, power=g.power.value, person_id=g.person_id, request_id=g.request_id,
            session=g.session, expires_at=micros_or_none(g.expires_at), revoked_at=micros_or_none(g.revoked_at),
            relay_id=g.relay_id,
        )  # fmt: skip

    def by_hash(self, token_hash: bytes) -> Grant | None:
        """The grant, ended ones too."""
        row = self._link.row(_BY_HASH, token_hash=token_hash)
        return _grant(row) if row else None

    def of_session(self, session: str) -> list[Grant]:
        """Everything that one browser may do, ended ones too."""
        return [_grant(row) for row in self._link.rows(_OF_SESSION, session=session)]

    def of_person(self, person_id: int) -> list[Grant]:
        """Everything that names that person, ended ones too."""
        return [_grant(row) for row in self._link.rows(_OF_PERSON, person_id=person_id)]

    def expire_for_request(self, request_id: int, powers: Sequence[Power], at: datetime) -> None:
        """Those links end then, or at their own earlier date."""
        if powers:
            self._link.run(_expire(tuple(sorted(powers))), w_request=request_id, at=micros(at))

    def revoke(self, token_hash: bytes, at: datetime) -> None:
        """Ended from then on; the first date stands."""
        self._link.run(_REVOKE, w_hash=token_hash, at=micros(at))

    def end_relays(self, relay_ids: Sequence[int], at: datetime) -> list[str]:
        """Those links and everything that was opened by them end; the sessions that lost something."""
        rows = self._link.rows(_END_RELAYS, relays=as_json(list(relay_ids)), at=micros(at))
        return sorted({row[0] for row in rows if row[0]})
