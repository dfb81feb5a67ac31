"""One transaction: every repository over one link, sharing one State. Implements ports.Tx."""

from collections.abc import Callable

from dispatch.ports import Ids
from dispatch.store.alerts import StoredAlerts
from dispatch.store.audit import StoredAudit
from dispatch.store.claims import StoredClaims
from dispatch.store.due import StoredDue
from dispatch.store.grants import StoredGrants
from dispatch.store.journal import StoredJournal
from dispatch.store.keyring import Keyring
from dispatch.store.link import Link
from dispatch.store.network import StoredNetwork
from dispatch.store.outbox import StoredOutbox
from dispatch.store.past import StoredPast
from dispatch.store.people import StoredPeople
from dispatch.store.phones import StoredPhoneCodes
from dispatch.store.push import StoredDevices
from dispatch.store.relays import StoredRelays
from dispatch.store.requests import StoredRequests
from dispatch.store.safety import StoredSafety
from dispatch.store.secrets import StoredKeys, StoredSecrets
from dispatch.store.state import State


def in_a_hurry(_link: Link) -> None:
    """Lifts no limit."""


class StoreTx:
    """Made once per link and used for each of its transactions in turn."""

    def __init__(
        self, link: Link, ids: Ids, state: State, keyring: Keyring, patiently: Callable[[Link], None] = in_a_hurry
    ) -> None:
        self.link = link
        self._patiently = patiently
        self.state = state
        self.ids = ids
        secrets = StoredSecrets(link, state, keyring)
        self.requests = StoredRequests(link, secrets)
        self.claims = StoredClaims(link)
        self.alerts = StoredAlerts(link, secrets)
        self.past = StoredPast(link)
        self.people = StoredPeople(link, state, keyring)
        self.network = StoredNetwork(link, self.patiently, secrets)
        self.journal = StoredJournal(link, state)
        self.grants = StoredGrants(link)
        self.relays = StoredRelays(link)
        self.due = StoredDue(link, state)
        self.outbox = StoredOutbox(link, state)
        self.devices = StoredDevices(link, state, keyring)
        self.phone_codes = StoredPhoneCodes(link, state, keyring)
        self.safety = StoredSafety(link, state, ids, secrets)
        self.audit = StoredAudit(link, state)
        self.keys = StoredKeys(link, state, keyring, (secrets.rewrap, secrets.rewrap_people, self.devices.rewrap))

    def patiently(self) -> None:
        """Lifts the engine's limit on how long one statement may take, until the transaction ends."""
        self._patiently(self.link)
