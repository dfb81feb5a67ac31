"""Every table there is. Pure data: nothing here opens anything.

Columns are named like the fields of the dataclasses in dispatch/domain. Moments are BIGINT
microseconds (times.py), lists and patches JSON text, ids integers, names for outsiders text.
The CHECKs are built from the lifecycle's enums, so the database refuses a state that the rules
don't know (tests/contract/test_store.py). Exact places, phones and words of a call live in
`request_secret` and `note` alone; an event never holds one.
Invariant: equal to what the migrations build (tests/contract/test_store_migrations.py).
"""

from collections.abc import Iterable
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    FetchedValue,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from dispatch.domain.alert import Answer
from dispatch.domain.lifecycle import LEASED, STANDING, UNFINISHED, ClaimState, Disposition, RequestState
from dispatch.domain.people import Duty
from dispatch.domain.request import Urgency
from dispatch.ports import Power

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

# SQLite numbers rows by itself only where the type is spelt INTEGER.
ROW = BigInteger().with_variant(Integer, "sqlite")


def _words(states: Iterable[StrEnum]) -> str:
    """`'a', 'b'`, in the enum's order, for a CHECK or a partial index."""
    chosen = set(states)
    return ", ".join(f"'{state.value}'" for state in type(next(iter(chosen))) if state in chosen)


def _known(column: str, states: type[StrEnum]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({_words(states)})", name=column)


def _id() -> Column[int]:
    return Column("id", ROW, Identity(), primary_key=True)


def _public(name: str = "public_id") -> Column[str]:
    return Column(name, Text, nullable=False, unique=True)


def _to(name: str, target: str, *, null: bool = False, key: bool = False) -> Column[int]:
    return Column(name, ROW, ForeignKey(f"{target}.id"), nullable=null, primary_key=key, autoincrement=False)


def _moment(name: str, *, null: bool = True) -> Column[int]:
    return Column(name, BigInteger, nullable=null)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False)


def _partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


log_head = Table(
    "log_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("epoch", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("trimmed_to", BigInteger, nullable=False, server_default="0"),
    CheckConstraint("id = 1", name="one"),
)

person = Table(
    "person",
    metadata,
    _id(),
    _public(),
    Column("name", Text),
    Column("external", Text, unique=True),
    Column("lang", Text),
    Column("car", Text),
    Column("phone", Text),
    Column("seats", SmallInteger),
    Column("lat", Double),
    Column("lon", Double),
    Column("place_text", Text),
    _moment("seen_at"),
    Column("duty", Text),
    _moment("duty_until"),
    Column("reach_minutes", SmallInteger),
    Column("quiet_from", SmallInteger),
    Column("quiet_to", SmallInteger),
    Column("alerts_per_week_max", SmallInteger, nullable=False),
    Column("inbox_off", BigInteger, nullable=False),
    _flag("guest"),
    _moment("created_at"),
    _known("duty", Duty),
    CheckConstraint("(lat IS NULL) = (lon IS NULL)", name="place"),
    # A topic is named after the id: an id that is used again would continue somebody else's inbox.
    sqlite_autoincrement=True,
)

tie = Table(
    "tie",
    metadata,
    _to("a", "person", key=True),
    _to("b", "person", key=True),
    CheckConstraint("a < b", name="order"),
    Index("ix_tie_b", "b"),
    sqlite_with_rowid=False,
)

community = Table(
    "community",
    metadata,
    _id(),
    _public(),
    Column("name", Text, nullable=False),
    _to("owner", "person"),
)

membership = Table(
    "membership",
    metadata,
    _to("community_id", "community", key=True),
    _to("person_id", "person", key=True),
    Index("ix_membership_person_id", "person_id"),
    sqlite_with_rowid=False,
)

block = Table(
    "block",
    metadata,
    _to("person_id", "person", key=True),
    _to("blocked", "person", key=True),
    _moment("at", null=False),
    Index("ix_block_blocked", "blocked"),
    sqlite_with_rowid=False,
)

report = Table(
    "report",
    metadata,
    _id(),
    _to("reporter", "person"),
    _to("reported", "person"),
    _to("request_id", "request"),
    Column("reason", Text, nullable=False),
    _moment("at", null=False),
    Index("ix_report_reported", "reported"),
)

request = Table(
    "request",
    metadata,
    _id(),
    _public(),
    _to("requester", "person"),
    Column("kind", Text, nullable=False),
    Column("quantity", Integer),
    Column("seats_taken", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("urgency", Text, nullable=False),
    _flag("for_other"),
    Column("needs", Text, nullable=False),
    Column("cell", Text),
    _flag("empty_land"),
    Column("country", Text),
    Column("off", BigInteger, nullable=False),
    _moment("created_at", null=False),
    _moment("deadline_at", null=False),
    _moment("closed_at"),
    Column("disposition", Text),
    Column("reach", Text, nullable=False),
    Column("wave", Integer, nullable=False),
    Column("alerted", Integer, nullable=False),
    Column("seen", Integer, nullable=False),
    _flag("raised"),
    Column("forecast", Text),
    _flag("show_travel"),
    _flag("drill"),
    _known("status", RequestState),
    _known("urgency", Urgency),
    _known("disposition", Disposition),
    # The second net under "never oversold"; the first is the condition in requests.take_seats.
    CheckConstraint("seats_taken >= 0 AND (quantity IS NULL OR seats_taken <= quantity)", name="seats_taken"),
    CheckConstraint("quantity IS NULL OR quantity > 0", name="quantity"),
    Index("ix_request_requester", "requester", "created_at"),
    _partial("ix_request_going_on", "created_at", where="status IN ('open', 'claimed')"),
    sqlite_autoincrement=True,
)

request_secret = Table(
    "request_secret",
    metadata,
    _to("request_id", "request", key=True),
    Column("lat", Double),
    Column("lon", Double),
    Column("accuracy_m", Double),
    Column("place_text", Text),
    Column("label", Text),
    Column("destination", Text),
    Column("note", Text),
    Column("contact_name", Text),
    Column("contact_phone", Text, index=True),
    _flag("share_phone"),
    CheckConstraint("(lat IS NULL) = (lon IS NULL)", name="point"),
)

note = Table(
    "note",
    metadata,
    _id(),
    _public(),
    _to("request_id", "request"),
    _to("author", "person", null=True),
    Column("text", Text, nullable=False),
    _moment("at", null=False),
    Index("ix_note_request_id", "request_id"),
)

vouch = Table(
    "vouch",
    metadata,
    _to("request_id", "request", key=True),
    _to("person_id", "person", key=True),
    _moment("at", null=False),
    sqlite_with_rowid=False,
)

claim = Table(
    "claim",
    metadata,
    _id(),
    _public(),
    _to("request_id", "request"),
    _to("person_id", "person"),
    Column("seats", Integer, nullable=False),
    Column("status", Text, nullable=False),
    _moment("created_at", null=False),
    _moment("lease_until"),
    _moment("eta_at"),
    _moment("left_at"),
    _moment("met_at"),
    _moment("ended_at"),
    Column("extensions", SmallInteger, nullable=False),
    _flag("confirmed"),
    Column("code_tries", SmallInteger, nullable=False),
    Column("tell", Text),
    Column("hear", Text),
    _moment("shown_at"),
    _known("status", ClaimState),
    CheckConstraint("seats > 0", name="seats"),
    Index("ix_claim_request_id", "request_id"),
    Index("ix_claim_person_id", "person_id"),
    _partial("ix_claim_standing", "person_id", where=f"status IN ({_words(STANDING)})"),
    _partial("uq_claim_unfinished", "request_id", "person_id", where=f"status IN ({_words(UNFINISHED)})", unique=True),
    _partial("ix_claim_leased", "lease_until", where=f"status IN ({_words(LEASED)})"),
    _partial("ix_claim_met", "met_at", where="status = 'met'"),
)

alert = Table(
    "alert",
    metadata,
    _id(),
    _public(),
    _to("request_id", "request"),
    _to("person_id", "person"),
    Column("wave", Integer, nullable=False),
    Column("ring", Text, nullable=False),
    Column("reasons", Text, nullable=False),
    _moment("created_at", null=False),
    Column("answer", Text),
    Column("reason", Text),
    _moment("seen_at"),
    _moment("answered_at"),
    _known("answer", Answer),
    UniqueConstraint("request_id", "person_id"),
    Index("ix_alert_person_id", "person_id", "created_at"),
)

event = Table(
    "event",
    metadata,
    # SQLite: numbered by the one writer. PostgreSQL: numbered at COMMIT by a deferred trigger.
    Column("seq", ROW, FetchedValue(), primary_key=True, autoincrement=False),
    Column("topic", Text, nullable=False),
    Column("off", BigInteger),
    Column("request_id", BigInteger),
    Column("kind", Text, nullable=False),
    Column("actor", BigInteger),
    Column("body", Text, nullable=False),
    _moment("at", null=False),
    UniqueConstraint("topic", "off"),
)

idem = Table(
    "idem",
    metadata,
    Column("actor", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("answer", LargeBinary),
    _moment("at", null=False),
    sqlite_with_rowid=False,
)

due = Table(
    "due",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("target", ROW, primary_key=True, autoincrement=False),
    _moment("due_at", null=False),
    Index("ix_due_due_at", "due_at"),
    sqlite_with_rowid=False,
)

outbox = Table(
    "outbox",
    metadata,
    _id(),
    Column("channel", Text, nullable=False),
    Column("target", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Column("dedupe", Text, nullable=False, unique=True),
    _moment("due_at", null=False),
    Column("attempts", Integer, nullable=False),
    Column("leased_by", Text),
    _moment("leased_until"),
    _moment("done_at"),
    _partial("ix_outbox_waiting", "due_at", where="done_at IS NULL"),
)

grant_ = Table(
    "grant_",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("power", Text, nullable=False),
    _to("person_id", "person", null=True),
    _to("request_id", "request", null=True),
    Column("session", Text, index=True),
    _moment("expires_at"),
    _moment("revoked_at"),
    _known("power", Power),
    Index("ix_grant__person_id", "person_id"),
    Index("ix_grant__request_id", "request_id"),
)

audit = Table(
    "audit",
    metadata,
    _id(),
    _moment("at", null=False),
    Column("actor", BigInteger),
    Column("deed", Text, nullable=False),
    Column("person_id", BigInteger),
    Column("request_id", BigInteger, index=True),
    Column("why", Text),
    Column("hash", LargeBinary),
)
