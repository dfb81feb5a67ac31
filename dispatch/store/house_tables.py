"""The tables of the house itself: audit, who may no longer, who looks after it, pushes, phones, what was passed on."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, LargeBinary, SmallInteger, Table, Text

from dispatch.store.columns import ROW, flag_, metadata, moment, number, partial, public, to

audit = Table(
    "audit",
    metadata,
    number(),
    moment("at", null=False),
    Column("actor", BigInteger),
    Column("deed", Text, nullable=False),
    Column("person_id", BigInteger),
    Column("request_id", BigInteger, index=True),
    Column("why", Text),
)

audit_seal = Table(
    "audit_seal",
    metadata,
    Column("place", ROW, primary_key=True, autoincrement=False),
    Column("audit_id", BigInteger, nullable=False, unique=True),
    Column("hash", LargeBinary, nullable=False),
)

refusal = Table(
    "refusal",
    metadata,
    to("request_id", "request", key=True),
    to("person_id", "person", key=True),
    moment("at", null=False),
    sqlite_with_rowid=False,
)

code_lock = Table("code_lock", metadata, to("claim_id", "claim", key=True), moment("until", null=False))

hold = Table("hold", metadata, to("person_id", "person", key=True), moment("held_until"), moment("barred_until"))

freeze = Table(
    "freeze",
    metadata,
    to("request_id", "request", key=True),
    moment("at", null=False),
    Column("why", Text, nullable=False),
)

verdict = Table(
    "verdict",
    metadata,
    to("report_id", "report", key=True),
    to("by", "person", null=True),
    moment("at", null=False),
    flag_("upheld"),
)

coordinator = Table("coordinator", metadata, to("person_id", "person", key=True), moment("at", null=False))

glass = Table(
    "glass",
    metadata,
    to("person_id", "person", key=True),
    to("request_id", "request", key=True),
    moment("until", null=False),
    sqlite_with_rowid=False,
)

flag = Table(
    "flag",
    metadata,
    number(),
    public(),
    Column("kind", Text, nullable=False),
    to("request_id", "request"),
    to("claim_id", "claim", null=True),
    moment("at", null=False),
    Column("asked", SmallInteger, nullable=False),
    moment("settled_at"),
    Column("settled_as", Text),
    Index("ix_flag_request_id", "request_id"),
    partial("ix_flag_open", "at", where="settled_at IS NULL"),
)

push_subscription = Table(
    "push_subscription",
    metadata,
    number(),
    to("person_id", "person"),
    # The browser it was made in; NULL: a program's. It goes when that browser signs out.
    Column("session", Text, index=True),
    # SHA-256 of the address: a device is found by it, and nothing is read out of it.
    Column("mark", LargeBinary, nullable=False, unique=True),
    Column("sealed", Text, nullable=False),
    Column("lang", Text),
    moment("at", null=False),
    Index("ix_push_subscription_person_id", "person_id"),
    # A message waits under the device's number: used again, it would reach somebody else's.
    sqlite_autoincrement=True,
)

phone_code = Table(
    "phone_code",
    metadata,
    number(),
    to("person_id", "person", null=True),
    flag_("signs_in"),
    # The day whose key made both marks: of the number, and of the code bound to this row.
    Column("day", Integer, nullable=False),
    Column("number_mark", Text, nullable=False, index=True),
    Column("code_mark", LargeBinary, nullable=False),
    # Number and code, the code only until the text has gone out.
    Column("sealed", Text, nullable=False),
    # The operator's prefix a text went to; NULL: none went.
    Column("prefix", Text),
    Column("lang", Text),
    Column("tries", SmallInteger, nullable=False),
    moment("at", null=False),
    moment("typed_at"),
    Index("ix_phone_code_person_id", "person_id"),
    Index("ix_phone_code_prefix", "prefix", "at"),
    # A text waits under this number: used again, it would go to somebody else's phone.
    sqlite_autoincrement=True,
)

relay = Table(
    "relay",
    metadata,
    number(),
    public(),
    to("request_id", "request"),
    to("person_id", "person"),
    to("parent", "relay", null=True),
    Column("depth", SmallInteger, nullable=False),
    flag_("named"),
    Column("opened", SmallInteger, nullable=False),
    moment("created_at", null=False),
    moment("opened_at"),
    moment("expires_at", null=False),
    moment("ended_at"),
    # The second net under "through three hands at most"; the first is domain/relay.py.
    CheckConstraint("depth BETWEEN 1 AND 3", name="depth"),
    Index("ix_relay_request_id", "request_id"),
    Index("ix_relay_person_id", "person_id", "created_at"),
)

relay_claim = Table(
    "relay_claim",
    metadata,
    to("claim_id", "claim", key=True),
    to("relay_id", "relay"),
)
