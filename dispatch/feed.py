"""Keeps the roster current: fills it from the store, then follows the journal's control rows.

A stale roster only wastes a candidate, since every wave is checked again as it is written.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

import numpy as np

from dispatch.domain import habits, learning, limits
from dispatch.domain.events import CONTROL, ControlKind, Event, InboxKind
from dispatch.ports import Roster, Store

log = logging.getLogger("flare.feed")

RELOADS: Final = frozenset({ControlKind.IMPORTED})
TEACHES: Final = frozenset({InboxKind.ALERTED, InboxKind.ALERT_CHANGED})
"""Inbox events after which something else is known of a person."""


class Feed:
    """Reads the journal from where the roster was filled, and applies what concerns it."""

    def __init__(self, store: Store, roster: Roster, told: Callable[[Event], None] = lambda _: None) -> None:
        """`told` gets each event once, in order, on the feed's own thread; what a reload skips it never gets."""
        self._store, self._roster, self._told = store, roster, told
        self._epoch, self._seq = "", 0
        self._habits_at = datetime.min.replace(tzinfo=UTC)
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stop = threading.Event()

    def load(self) -> None:
        """Fills the roster from the store; what happens meanwhile is applied afterwards."""
        with self._lock:
            (self._epoch, self._seq), people, ties, members, facts, past, now = self._store.read_now(
                lambda tx, now: (
                    tx.journal.head(),
                    tx.network.people_columns(),
                    tx.network.ties_array(),
                    tx.network.memberships_array(),
                    tx.alerts.learned(None, now - learning.WINDOW),
                    tx.past.ended(now),
                    now,
                )
            )
            self._roster.load(people, ties, members)
            self._roster.learn(learning.figures_of(facts, facts.person, now.timestamp()))
            self._know(past, now)

    def catch_up(self) -> int:
        """Applies everything new; answers how many control rows there were."""
        applied = 0
        while True:
            with self._lock:
                (epoch, events), now = self._store.read_now(
                    lambda tx, now: (tx.journal.after(self._seq, limits.PAGE), now)
                )
                mine = [event for event in events if event.topic == CONTROL]
                reload = epoch != self._epoch or any(event.kind in RELOADS for event in mine)
                if not reload:
                    for event in mine:
                        self._apply(event)
                    self._learn(events)
                    for event in events:
                        self._told(event)
                        self._seq = event.seq
                    if now - self._habits_at >= limits.HABITS_EVERY:
                        self._know(self._store.read_now(lambda tx, at: tx.past.ended(at)), now)
            if reload:
                self.load()
                return applied + 1
            applied += len(mine)
            if len(events) < limits.PAGE:
                return applied

    def _know(self, past: habits.Past, now: datetime) -> None:
        """From now on the matcher takes people here to be as those calls have shown them."""
        self._roster.habits, self._habits_at = habits.habits_of(past), now

    def _learn(self, events: Sequence[Event]) -> None:
        """Works out anew what is remembered of everybody whose alerts changed, or who did themselves."""
        people = {_person_of(event.topic) for event in events if event.kind in TEACHES}
        people |= {_int(event.body["person"]) for event in events if event.kind == ControlKind.PERSON_CHANGED}
        if not people:
            return
        ids = sorted(people)
        facts, now = self._store.read_now(lambda tx, now: (tx.alerts.learned(ids, now - learning.WINDOW), now))
        self._roster.learn(learning.figures_of(facts, np.asarray(ids, dtype=np.int64), now.timestamp()))

    def _apply(self, event: Event) -> None:
        body, roster = event.body, self._roster
        match event.kind:
            case ControlKind.PERSON_CHANGED:
                person = self._store.read_now(lambda tx, _: tx.people.by_id(_int(body["person"])))
                if person is not None:
                    roster.put_person(person)
            case ControlKind.TIES_CHANGED:
                change = roster.tie if body["tied"] else roster.untie
                change(_int(body["a"]), _int(body["b"]))
            case ControlKind.COMMUNITY_CHANGED:
                move = roster.join if body["joined"] else roster.leave
                move(_int(body["community"]), _int(body["person"]))

    @property
    def position(self) -> int:
        """The last row of the journal that was applied."""
        return self._seq

    def wake(self) -> None:
        """Something was committed. From any thread; never blocks."""
        self._wake.set()

    def run(self) -> None:
        """Follows the journal until `stop`: when woken, and every second anyway."""
        while not self._stop.is_set():
            self._wake.wait(limits.POLL_FLOOR_S)
            self._wake.clear()
            try:
                self.catch_up()
            except Exception:
                log.exception("the roster could not be brought up to date; trying again")

    def stop(self) -> None:
        """Ends `run`."""
        self._stop.set()
        self._wake.set()


def _int(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"a control row holds {value!r} where an id belongs")
    return value


def _person_of(topic: str) -> int:
    """Whose inbox that topic is (dispatch/domain/events.py: inbox_topic)."""
    return int(topic[1:])
