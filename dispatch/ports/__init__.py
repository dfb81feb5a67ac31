"""What the rules need from the world, and what each adapter must guarantee.

Protocols only. An action is a plain synchronous function `(tx, now, command) -> answer`: it gets a
`Tx`, and everything it did through it is committed together or not at all. The adapters live in
dispatch/store, dispatch/roster, dispatch/bus; dispatch/runtime.py is the one place that chooses.
One contract suite runs against every adapter (tests/contract).
"""

from dispatch.ports.devices import Device, Devices
from dispatch.ports.grants import Grant, Grants, Power
from dispatch.ports.letters import Compose, Later, Letter, Text
from dispatch.ports.outbox import Fate, Outbox, OutboxItem
from dispatch.ports.phones import PhoneCodes
from dispatch.ports.relays import Relays
from dispatch.ports.roster import (
    Arrivals,
    Candidates,
    ImportCounts,
    NetworkStore,
    PeopleColumns,
    Progress,
    Roster,
    Search,
)
from dispatch.ports.safety import Safety
from dispatch.ports.store import IdemKey, Job, Lane, Store, Tx
from dispatch.ports.tables import (
    Alerts,
    Audit,
    Claims,
    Due,
    DueWork,
    Journal,
    Keys,
    Lookback,
    Network,
    People,
    Requests,
)
from dispatch.ports.world import Bucket, Buckets, Bus, Clock, Ids

__all__ = [
    "Alerts",
    "Arrivals",
    "Audit",
    "Bucket",
    "Buckets",
    "Bus",
    "Candidates",
    "Claims",
    "Clock",
    "Compose",
    "Device",
    "Devices",
    "Due",
    "DueWork",
    "Fate",
    "Grant",
    "Grants",
    "IdemKey",
    "Ids",
    "ImportCounts",
    "Job",
    "Journal",
    "Keys",
    "Lane",
    "Later",
    "Letter",
    "Lookback",
    "Network",
    "NetworkStore",
    "Outbox",
    "OutboxItem",
    "People",
    "PeopleColumns",
    "PhoneCodes",
    "Power",
    "Progress",
    "Relays",
    "Requests",
    "Roster",
    "Safety",
    "Search",
    "Store",
    "Text",
    "Tx",
]
