"""Every table there is. Pure data: nothing here opens anything.

Columns are named like the fields of the dataclasses in dispatch/domain. Moments are BIGINT
microseconds (times.py), lists and patches JSON text, ids integers, names for outsiders text.
The CHECKs are built from the lifecycle's enums, so the database refuses a state that the rules
don't know (tests/contract/test_store.py). Exact places, phones and words of a call live in
`request_secret` and `note` alone, sealed under a key of their own (secrets.py); an event never
holds one.
Invariant: equal to what the migrations build (tests/contract/test_store_migrations.py).
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    FetchedValue,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

from dispatch.domain.alert import Answer
from dispatch.domain.lifecycle import LEASED, STANDING, UNFINISHED, ClaimState, Disposition, RequestState
from dispatch.domain.people import Duty
from dispatch.domain.request import Urgency
from dispatch.ports import Power
from dispatch.store.columns import ROW, flag_, known, metadata, moment, number, partial, public, to, words
from dispatch.store.house_tables import (
    audit,
    audit_seal,
    code_lock,
    coordinator,
    flag,
    freeze,
    glass,
    hold,
    phone_code,
    push_subscription,
    refusal,
    relay,
    relay_claim,
    verdict,
)

__all__ = [
    "ROW",
    "alert",
    "audit",
    "audit_seal",
    "block",
    "claim",
    "code_lock",
    "community",
    "coordinator",
    "due",
    "event",
    "flag",
    "freeze",
    "glass",
    "grant_",
    "hold",
    "idem",
    "log_head",
    "membership",
    "metadata",
    "note",
    "outbox",
    "person",
    "phone_code",
    "push_subscription",
    "refusal",
    "relay",
    "relay_claim",
    "report",
    "request",
    "request_secret",
    "tie",
    "verdict",
    "vouch",
]

log_head = Table(
    "log_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("epoch", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("trimmed_to", BigInteger, nullable=False, server_default="0"),
    # By which every worker finds out whether it has the keys of the others (keyring.py, "name").
    Column("keyring", LargeBinary),
    CheckConstraint("id = 1", name="one"),
)

person = Table(
    "person",
    metadata,
    number(),
    public(),
    Column("name", Text),
    Column("external", Text, unique=True),
    Column("lang", Text),
    Column("car", Text),
    Column("phone", Text),
    Column("seats", SmallInteger),
    Column("lat", Double),
    Column("lon", Double),
    Column("place_text", Text),
    moment("seen_at"),
    Column("duty", Text),
    moment("duty_until"),
    Column("reach_minutes", SmallInteger),
    Column("quiet_from", SmallInteger),
    Column("quiet_to", SmallInteger),
    Column("alerts_per_week_max", SmallInteger, nullable=False),
    Column("inbox_off", BigInteger, nullable=False),
    flag_("guest"),
    moment("created_at"),
    Column("closed", SmallInteger, nullable=False, server_default="0"),
    # Of a number that was proved, under a day key: whoever has it is found by it, and nothing is read out of it.
    Column("phone_mark", Text, index=True),
    known("duty", Duty),
    CheckConstraint("(lat IS NULL) = (lon IS NULL)", name="place"),
    # A topic is named after the id: an id that is used again would continue somebody else's inbox.
    sqlite_autoincrement=True,
)

tie = Table(
    "tie",
    metadata,
    to("a", "person", key=True),
    to("b", "person", key=True),
    CheckConstraint("a < b", name="order"),
    Index("ix_tie_b", "b"),
    sqlite_with_rowid=False,
)

community = Table(
    "community",
    metadata,
    number(),
    public(),
    Column("name", Text, nullable=False),
    to("owner", "person"),
)

membership = Table(
    "membership",
    metadata,
    to("community_id", "community", key=True),
    to("person_id", "person", key=True),
    Index("ix_membership_person_id", "person_id"),
    sqlite_with_rowid=False,
)

block = Table(
    "block",
    metadata,
    to("person_id", "person", key=True),
    to("blocked", "person", key=True),
    moment("at", null=False),
    Index("ix_block_blocked", "blocked"),
    sqlite_with_rowid=False,
)

report = Table(
    "report",
    metadata,
    number(),
    to("reporter", "person"),
    to("reported", "person"),
    to("request_id", "request"),
    Column("reason", Text, nullable=False),
    moment("at", null=False),
    Index("ix_report_reported", "reported"),
)

request = Table(
    "request",
    metadata,
    number(),
    public(),
    to("requester", "person"),
    Column("kind", Text, nullable=False),
    Column("quantity", Integer),
    Column("seats_taken", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("urgency", Text, nullable=False),
    flag_("for_other"),
    Column("needs", Text, nullable=False),
    Column("cell", Text),
    flag_("empty_land"),
    Column("country", Text),
    Column("off", BigInteger, nullable=False),
    moment("created_at", null=False),
    moment("deadline_at", null=False),
    moment("closed_at"),
    Column("disposition", Text),
    Column("reach", Text, nullable=False),
    Column("wave", Integer, nullable=False),
    Column("alerted", Integer, nullable=False),
    Column("seen", Integer, nullable=False),
    flag_("raised"),
    Column("forecast", Text),
    flag_("show_travel"),
    flag_("drill"),
    known("status", RequestState),
    known("urgency", Urgency),
    known("disposition", Disposition),
    # The second net under "never oversold"; the first is the condition in requests.take_seats.
    CheckConstraint("seats_taken >= 0 AND (quantity IS NULL OR seats_taken <= quantity)", name="seats_taken"),
    CheckConstraint("quantity IS NULL OR quantity > 0", name="quantity"),
    Index("ix_request_requester", "requester", "created_at"),
    partial("ix_request_going_on", "created_at", where="status IN ('open', 'claimed')"),
    sqlite_autoincrement=True,
)

request_secret = Table(
    "request_secret",
    metadata,
    to("request_id", "request", key=True),
    # The day whose key wraps the data key; NULL: written before there were keys, sealed at the next wrapping.
    Column("day", Integer, index=True),
    Column("wrapped", LargeBinary),
    Column("sealed", LargeBinary, nullable=False),
    # A number can be looked up for a day or two, and read out of nothing.
    Column("contact_mark", LargeBinary, index=True),
    # The same of the neighbourhood of addresses a guest's call came from: calls of one day can be counted together.
    Column("origin_mark", LargeBinary, index=True),
)

note = Table(
    "note",
    metadata,
    number(),
    public(),
    to("request_id", "request"),
    to("author", "person", null=True),
    Column("text", Text, nullable=False),
    moment("at", null=False),
    Index("ix_note_request_id", "request_id"),
)

vouch = Table(
    "vouch",
    metadata,
    to("request_id", "request", key=True),
    to("person_id", "person", key=True),
    moment("at", null=False),
    sqlite_with_rowid=False,
)

claim = Table(
    "claim",
    metadata,
    number(),
    public(),
    to("request_id", "request"),
    to("person_id", "person"),
    Column("seats", Integer, nullable=False),
    Column("status", Text, nullable=False),
    moment("created_at", null=False),
    moment("lease_until"),
    moment("eta_at"),
    moment("left_at"),
    moment("met_at"),
    moment("ended_at"),
    Column("extensions", SmallInteger, nullable=False),
    flag_("confirmed"),
    Column("code_tries", SmallInteger, nullable=False),
    Column("tell", Text),
    Column("hear", Text),
    moment("shown_at"),
    known("status", ClaimState),
    CheckConstraint("seats > 0", name="seats"),
    Index("ix_claim_request_id", "request_id"),
    Index("ix_claim_person_id", "person_id"),
    partial("ix_claim_standing", "person_id", where=f"status IN ({words(STANDING)})"),
    partial("uq_claim_unfinished", "request_id", "person_id", where=f"status IN ({words(UNFINISHED)})", unique=True),
    partial("ix_claim_leased", "lease_until", where=f"status IN ({words(LEASED)})"),
)

alert = Table(
    "alert",
    metadata,
    number(),
    public(),
    to("request_id", "request"),
    to("person_id", "person"),
    Column("wave", Integer, nullable=False),
    Column("ring", Text, nullable=False),
    Column("reasons", Text, nullable=False),
    moment("created_at", null=False),
    Column("answer", Text),
    Column("reason", Text),
    moment("seen_at"),
    moment("answered_at"),
    known("answer", Answer),
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
    moment("at", null=False),
    UniqueConstraint("topic", "off"),
)

idem = Table(
    "idem",
    metadata,
    Column("actor", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("answer", LargeBinary),
    moment("at", null=False),
    sqlite_with_rowid=False,
)

due = Table(
    "due",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("target", ROW, primary_key=True, autoincrement=False),
    moment("due_at", null=False),
    Index("ix_due_due_at", "due_at"),
    sqlite_with_rowid=False,
)

outbox = Table(
    "outbox",
    metadata,
    number(),
    Column("channel", Text, nullable=False),
    Column("target", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Column("dedupe", Text, nullable=False, unique=True),
    moment("due_at", null=False),
    Column("attempts", Integer, nullable=False),
    Column("leased_by", Text),
    moment("leased_until"),
    moment("done_at"),
    partial("ix_outbox_waiting", "due_at", where="done_at IS NULL"),
)

grant_ = Table(
    "grant_",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("power", Text, nullable=False),
    to("person_id", "person", null=True),
    to("request_id", "request", null=True),
    Column("session", Text, index=True),
    moment("expires_at"),
    moment("revoked_at"),
    to("relay_id", "relay", null=True),
    known("power", Power),
    Index("ix_grant__person_id", "person_id"),
    Index("ix_grant__request_id", "request_id"),
    Index("ix_grant__relay_id", "relay_id"),
)
