"""Builds one running Flare from settings: THE place that knows the real adapters."""

import hashlib
import os
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from dispatch.actions import erase, plan_wave
from dispatch.actions.post_request import PostRequest, draft
from dispatch.bus.hints import Hints
from dispatch.bus.in_process import InProcessBus
from dispatch.clock import MachineClock
from dispatch.domain.events import HINT
from dispatch.domain.looking import Policy
from dispatch.domain.network import RINGS
from dispatch.domain.waves import POLICIES
from dispatch.feed import Feed
from dispatch.ids import SystemIds
from dispatch.notify import web_push
from dispatch.notify.endpoints import Allowed
from dispatch.notify.sender import PushSender
from dispatch.notify.texts import Gateway, TextSender
from dispatch.ports import Buckets, Bus, Clock, Ids, Roster, Store, Tx
from dispatch.roster.memory import MemoryRoster
from dispatch.settings import BadSettings, Settings
from dispatch.tally import Tally
from dispatch.ticker import Ticker
from dispatch.traces import Tracer, over_http


@dataclass(slots=True, kw_only=True)
class Flare:
    """One running Flare: what the web, the stories and the command line work with."""

    settings: Settings
    store: Store
    roster: Roster
    clock: Clock
    ids: Ids
    bus: Bus
    policy: Policy
    secret: bytes
    ticker: Ticker
    feed: Feed
    tally: Tally
    push: PushSender
    texts: TextSender | None = None
    """Who sends text messages; None: no gateway is set, and no phone is checked."""
    traces: Tracer = field(default_factory=Tracer)
    buckets: Buckets | None = None
    """Where all workers count callers together; None: each by itself."""
    _threads: list[threading.Thread] = field(default_factory=list)
    _ends: list[Callable[[], None]] = field(default_factory=list)

    def start(self) -> None:
        """Starts following the journal and doing what is due. `stop` ends both."""
        runs = [("flare-feed", self.feed.run), ("flare-ticker", self.ticker.run)]
        told = [self.feed.wake, self.ticker.wake]
        if self.settings.redis_url is not None:
            hints = Hints(self.bus)
            self._ends.append(hints.stop)
            self._ends += [close for each in (self.bus, self.buckets) if (close := getattr(each, "close", None))]
            self._ends += [self.bus.subscribe(HINT, self._hinted)]
            runs.append(("flare-hints", hints.run))
            told.append(hints.wake)
        for wake in told:
            self.store.on_commit(wake)
        self.traces.start()
        self.store.submit(erase.begin_house_work).result()
        for name, run in runs:
            thread = threading.Thread(target=run, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def _hinted(self, _: Mapping[str, object]) -> None:
        self.feed.wake()
        self.ticker.wake()
        self.push.wake()
        if self.texts is not None:
            self.texts.wake()

    def stop(self) -> None:
        """Finishes what is under way, then closes the store."""
        for end in (self.ticker.stop, self.feed.stop, *self._ends):
            end()
        for thread in self._threads:
            thread.join(timeout=10)
        self._threads.clear()
        self.store.close()
        self.traces.stop()

    def ring_between(self, tx: Tx, requester: int, person: int) -> str | None:
        """How a person is connected to a requester, as a ring's word; None = a stranger."""
        path = self.roster.path(requester, person)
        if path is not None:
            return RINGS[len(path) + 1]
        theirs = {c.id for c in tx.network.communities_of(requester)}
        shared = theirs & {c.id for c in tx.network.communities_of(person)}
        return "community" if shared else None

    def first_forecast(self, tx: Tx, now: datetime, command: PostRequest) -> dict[str, object] | None:
        """The odds for a request that is about to be posted."""
        request, words = draft(tx, now, command, guest=command.person_id is None)
        return plan_wave.first_forecast(tx, now, self.roster, self.policy, request, words)


def _bus(settings: Settings) -> Bus:
    """Hints and positions: inside this process, or over Redis when its address is set."""
    if settings.redis_url is None:
        return InProcessBus()
    from dispatch.bus.over_redis import RedisBus

    return RedisBus(settings.redis_url)


def _buckets(settings: Settings) -> Buckets | None:
    """Where callers are counted by all workers together: in Redis when its address is set."""
    if settings.redis_url is None:
        return None
    from dispatch.bus.buckets import RedisBuckets

    return RedisBuckets(settings.redis_url)


def _tracer(settings: Settings) -> Tracer:
    """Spans for the collector of the settings; nothing without one."""
    endpoint = settings.otel_endpoint
    return Tracer(over_http(endpoint, dict(settings.otel_headers)) if endpoint else None, settings.otel_service)


def _texts(settings: Settings, store: Store, clock: Clock, secret: bytes) -> TextSender | None:
    """Who sends text messages; nobody without a gateway."""
    if settings.sms_url is None:
        return None
    gateway = Gateway(url=settings.sms_url, headers=dict(settings.sms_headers))
    return TextSender(store, clock, gateway, secret)


def secret_for(settings: Settings) -> str:
    """The instance's key: from the settings, or made once beside the embedded database (mode 600).

    Raises: BadSettings for a shared database without a key, since its workers must agree on one.
    """
    if settings.secret:
        return settings.secret
    if settings.shared:
        raise BadSettings(["FLARE_SECRET: set one key of 32 characters or more for all workers"])
    return _made_once(folder_of(settings) / "secret", lambda: secrets.token_urlsafe(32))


def _made_once(path: Path, make: Callable[[], str]) -> str:
    """What the file holds; the first time it is made, for its owner's eyes alone."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        text = make()
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(text)
        return text


def _vapid(settings: Settings, secret: str) -> web_push.Vapid:
    """Who signs pushes: the key of the settings, the one beside the embedded database, or one all workers work out.

    Raises: BadSettings for a key that is none.
    """
    if settings.shared and settings.vapid_private_key is None:
        key = web_push.key_from(secret.encode())
    else:
        made = folder_of(settings) / "vapid"
        text = settings.vapid_private_key or _made_once(
            made, lambda: web_push.b64(web_push.private_bytes(web_push.new_key()))
        )
        try:
            key = web_push.private_key(web_push.unb64(text))
        except ValueError as fault:
            where = "FLARE_VAPID_PRIVATE_KEY" if settings.vapid_private_key else str(made)
            raise BadSettings([f"{where}: {fault}; 32 bytes in base64url"]) from None
    public = settings.public_url if (settings.public_url or "").startswith("https://") else None
    return web_push.Vapid(key, settings.push_contact or public)


def folder_of(settings: Settings) -> Path:
    """Where the embedded database, its keys and its lock are kept."""
    url = settings.database_url
    if url and url.startswith("sqlite:///"):
        return Path(url.removeprefix("sqlite:///")).resolve().parent
    return settings.data.resolve()


def database_of(settings: Settings) -> str:
    """The database's address: as set, or flare.db in the data folder."""
    return settings.database_url or f"sqlite:///{folder_of(settings) / 'flare.db'}"


def build(settings: Settings, *, clock: Clock | None = None, ids: Ids | None = None, load: bool = True) -> Flare:
    """One Flare with its roster filled, not started yet.

    Raises: BadSettings; dispatch.store.errors.StoreUnavailable with one sentence that says what to do.
    """
    from dispatch.store import open_store

    if settings.waves not in POLICIES:
        raise BadSettings([f"FLARE_WAVES: choose one of {', '.join(POLICIES)}"])
    secret = secret_for(settings)
    vapid = _vapid(settings, secret)
    clock = clock or MachineClock()
    ids = ids or SystemIds()
    store = open_store(database_of(settings), clock=clock, ids=ids, secret=secret, keyring=settings.keyring)
    roster = MemoryRoster()
    tally = Tally()
    policy = POLICIES[settings.waves]
    own = hashlib.sha256(b"flare:" + secret.encode()).digest()
    allowed = Allowed(hosts=settings.push_hosts, loopback=settings.push_loopback)
    flare = Flare(
        settings=settings,
        store=store,
        roster=roster,
        clock=clock,
        ids=ids,
        bus=_bus(settings),
        policy=policy,
        secret=own,
        ticker=Ticker(store, roster, policy, clock, timedelta(hours=settings.exact_kept_hours)),
        feed=Feed(store, roster, tally.heard),
        tally=tally,
        push=PushSender(store, clock, vapid, allowed, own),
        texts=_texts(settings, store, clock, own),
        buckets=_buckets(settings),
        traces=_tracer(settings),
    )
    if load:
        flare.feed.load()
    return flare
