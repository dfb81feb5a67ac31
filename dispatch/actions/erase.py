"""What is forgotten, and when: a closed request's key with everything under it; old day keys; proof of both.

Due work (dispatch/ticker.py). Invariant: EXACT_KEPT after the close nothing of a request's exact place,
phones and words is readable, in no copy that is older than the keyring's days (tests/safety/test_erasure.py).
"""

from datetime import datetime, timedelta

from dispatch.actions.words import AUDIT, KEYS, SHRED, TRIM
from dispatch.domain import limits
from dispatch.domain.audit import Deed
from dispatch.domain.lifecycle import UNFINISHED
from dispatch.ports import Tx


def shred_request(tx: Tx, now: datetime, request_id: int, kept: timedelta) -> None:
    """Destroys the key of a request that closed `kept` ago, and forgets the guests who came only for it."""
    tx.due.remove(SHRED, request_id)
    request = tx.requests.lock(request_id)
    if request is None or request.closed_at is None:
        return
    if request.closed_at + kept > now:
        tx.due.put(SHRED, request_id, request.closed_at + kept)
        return
    if tx.requests.shred(request_id):
        tx.audit.add(Deed.KEY_DESTROYED, actor=None, request=request_id, why="kept as long as it may be")
    carried = [link.person_id for link in tx.relays.of_request(request_id)]
    for person_id in [request.requester, *(claim.person_id for claim in tx.claims.of_request(request_id)), *carried]:
        _forget_guest(tx, now, person_id, request_id)


def _forget_guest(tx: Tx, now: datetime, person_id: int, request_id: int) -> None:
    """A guest's name and number go with the last request they had to do with."""
    person = tx.people.by_id(person_id)
    if person is None or not person.guest:
        return
    going_on = [r for r in tx.requests.of_person(person_id, limits.INBOX_ALERTS) if r.closed_at is None]
    coming = [c for c in tx.claims.of_person(person_id, limits.INBOX_ALERTS) if c.status in UNFINISHED]
    if not going_on and not [claim for claim in coming if claim.request_id != request_id]:
        if person.name is not None or person.phone is not None:
            tx.people.set(person_id, name=None)
            # Where a coordinator has found a call unfounded, that follows the number for as long as its key lives.
            marked = bool(tx.safety.marks(person_id, now - limits.MARKS_KEPT))
            tx.people.forget_phone(person_id, but_its_mark=marked)
        tx.devices.drop_person(person_id)


def tend_keys(tx: Tx, now: datetime, _: int) -> None:
    """Once a day: what is alive is wrapped by today's key; when all of it is, old day keys are destroyed."""
    if not tx.due.take(KEYS, 0, now):
        return  # another worker does it
    if tx.keys.rewrap(limits.REWRAP_CHUNK):
        # Destroyed only in a later transaction: this one may still fail, and its old keys would be missed.
        tx.due.put(KEYS, 0, now)
        return
    for name in tx.keys.destroy_old():
        tx.audit.add(Deed.KEY_DESTROYED, actor=None, why=f"day key {name}")
    tx.due.put(KEYS, 0, now + limits.KEYS_EVERY)


def seal_audit(tx: Tx, now: datetime, _: int) -> None:
    """Chains what was written since the last time, and lets go of what is too old; more is done in the next turn."""
    if not tx.due.take(AUDIT, 0, now):
        return
    more = tx.audit.seal(limits.AUDIT_CHUNK) == limits.AUDIT_CHUNK
    if not more and tx.audit.trim(now - limits.AUDIT_KEPT, limits.TRIM_CHUNK):
        # In the same turn: a chain that begins later without a row that says so counts as broken.
        tx.audit.seal(limits.AUDIT_CHUNK)
        more = True
    tx.due.put(AUDIT, 0, now if more else now + limits.AUDIT_EVERY)


def trim(tx: Tx, now: datetime, _: int) -> None:
    """Once a day: what is older than it may be kept is deleted, in small transactions."""
    if not tx.due.take(TRIM, 0, now):
        return
    gone = tx.outbox.forget(now - limits.OUTBOX_KEPT, limits.TRIM_CHUNK)
    gone += tx.journal.trim(now - limits.EVENTS_KEPT, now - limits.INBOX_KEPT, limits.TRIM_CHUNK)
    tx.due.put(TRIM, 0, now if gone else now + limits.TRIM_EVERY)


def begin_house_work(tx: Tx, now: datetime) -> None:
    """Sees that the daily work has a date; a date that stands is kept."""
    tx.due.put(KEYS, 0, now, sooner_only=True)
    tx.due.put(AUDIT, 0, now + limits.AUDIT_EVERY, sooner_only=True)
    tx.due.put(TRIM, 0, now + limits.TRIM_EVERY, sooner_only=True)
