"""A worker of its own that takes seats and prints each promise once it is committed; made to be killed.

`python -m tests.support.claimer DATABASE SEED`: claims and withdraws at random for ever, one line per commit:
`claim ID` or `gone ID`. Used by tests/contract/test_kill.py.
"""

import random
import sys
from functools import partial

from dispatch.actions.claim_seats import ClaimSeats, claim_seats
from dispatch.actions.step_claim import StepClaim, step_claim
from dispatch.clock import MachineClock
from dispatch.domain.errors import Refused
from dispatch.domain.lifecycle import HOLDS_SEATS, Step
from dispatch.domain.visibility import Viewer
from dispatch.ids import SystemIds
from dispatch.store import open_store

SECRET = "a secret of forty characters for testing"


def work(database: str, seed: int) -> None:
    """Never returns by itself."""
    luck = random.Random(seed)
    store = open_store(database, clock=MachineClock(), ids=SystemIds(), secret=SECRET)
    asked = store.read_now(lambda tx, _: tx.requests.open_in(None, 500))
    calls = [request.public_id for request in asked]
    people = [int(person) for person in store.read_now(lambda tx, _: tx.network.people_columns().id)]
    # What a worker that was killed left behind is taken back, too: else the calls fill up and nothing more happens.
    held = store.read_now(lambda tx, _: [claim for request in asked for claim in tx.claims.of_request(request.id)])
    mine = [(claim.public_id, claim.person_id) for claim in held if claim.status in HOLDS_SEATS]
    while True:
        try:
            if mine and luck.random() < 0.45:
                claim, person = mine.pop(luck.randrange(len(mine)))
                step = StepClaim(claim=claim, viewer=Viewer(person_id=person), step=Step.WITHDRAW)
                store.submit(partial(step_claim, command=step)).result()
                said = f"gone {claim}"
            else:
                person = luck.choice(people)
                want = ClaimSeats(
                    request=luck.choice(calls), viewer=Viewer(person_id=person), seats=luck.randint(1, 3), ring="1"
                )
                claim = store.submit(partial(claim_seats, command=want)).result()["id"]
                mine.append((claim, person))
                said = f"claim {claim}"
        except Refused:
            continue
        sys.stdout.write(said + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    work(sys.argv[1], int(sys.argv[2]))
