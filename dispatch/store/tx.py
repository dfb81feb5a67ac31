"""One transaction: every repository over one link, sharing one State. Implements ports.Tx."""

from collections.abc import Callable

from dispatch.ports import Ids
from dispatch.store.alerts import StoredAlerts
from dispatch.store.claims import StoredClaims
from dispatch.store.due import StoredDue
from dispatch.store.grants import StoredGrants
from dispatch.store.journal import StoredJournal
from dispatch.store.link import Link
from dispatch.store.network import StoredNetwork
from dispatch.store.outbox import StoredOutbox
from dispatch.store.people import StoredPeople
from dispatch.store.requests import StoredRequests
from dispatch.store.state import State


def in_a_hurry(_link: Link) -> None:
    """Lifts no limit."""


class StoreTx:
    """Made once per link and used for each of its transactions in turn."""

    def __init__(self, link: Link, ids: Ids, state: State, patiently: Callable[[Link], None] = in_a_hurry) -> None:
        self.link = link
        self._patiently = patiently
        self.state = state
        self.ids = ids
        self.requests = StoredRequests(link)
        self.claims = StoredClaims(link)
        self.alerts = StoredAlerts(link)
        self.people = StoredPeople(link)
        self.network = StoredNetwork(link, self.patiently)
        self.journal = StoredJournal(link, state)
        self.grants = StoredGrants(link)
        self.due = StoredDue(link, state)
        self.outbox = StoredOutbox(link, state)

    def patiently(self) -> None:
        """Lifts the engine's limit on how long one statement may take, until the transaction ends."""
        self._patiently(self.link)
