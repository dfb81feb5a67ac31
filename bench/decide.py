"""How long one decision of Paced takes on so many candidates, with nobody and with 5,000 asked before."""

import time
from datetime import UTC, datetime, timedelta

import numpy as np

from dispatch.domain import paced
from dispatch.domain.lifecycle import RequestState
from dispatch.domain.looking import AskedColumns, Look
from dispatch.domain.matching import Pool
from dispatch.domain.request import Request, Urgency

LIMIT_MS = 5.0
CANDIDATES = 20_000
NIGHT = datetime(2026, 1, 9, 7, 30, tzinfo=UTC)


def crowd(count: int = CANDIDATES, seed: int = 2009) -> Pool:
    """People over the south-west, a twelfth of them ready, some of them weary."""
    luck = np.random.default_rng(seed)
    km = luck.uniform(1, 330, count)
    return Pool(
        person=np.arange(1, count + 1), ring=np.ones(count, np.int8), km=km, minutes=3 + km * 0.66,
        lat=np.full(count, 35.0), lon=luck.uniform(-121, -112, count), seats=luck.choice([1, 2, 3, 4, 6], count),
        duty=np.where(luck.random(count) < 0.08, 1, -1).astype(np.int8), reach_minutes=np.full(count, -1),
        quiet_from=np.full(count, -1), quiet_to=np.full(count, -1), weekly_max=np.full(count, 4),
        community=np.zeros(count, np.int64), seen_at=np.full(count, NIGHT.timestamp()),
        fatigue=luck.random(count) * 0.2, online=luck.random(count) < 0.05,
    )  # fmt: skip


def decision_ms(asked: int, seconds: float = 1.5) -> tuple[float, float]:
    """The fastest and the median of many decisions on the same look, in milliseconds."""
    request = Request(
        id=1, public_id="bench", requester=0, kind="ride", quantity=9, seats_taken=0, status=RequestState.OPEN,
        urgency=Urgency.STRANDED, for_other=False, needs=(), cell=None, off=1, created_at=NIGHT - timedelta(minutes=8),
        deadline_at=NIGHT + timedelta(hours=6), raised=True,
    )  # fmt: skip
    luck = np.random.default_rng(7)
    before = AskedColumns(
        sent_s=NIGHT.timestamp() - luck.random(asked) * 480, chance=luck.random(asked) * 0.01,
        hears=np.full(asked, 0.4), online=np.zeros(asked, np.bool_), seats=luck.choice([1, 2, 3, 4, 6], asked),
        silent=luck.random(asked) < 0.9,
    )  # fmt: skip
    look = Look(request=request, now=NIGHT, pool=crowd(), asked=before, ties=48_000)
    policy, spent = paced.FORMS["paced"], []
    policy(look)
    until = time.perf_counter() + seconds
    while time.perf_counter() < until or len(spent) < 5:
        # Processor time: one thread, and others' work on this machine is not the policy's.
        start = time.process_time()
        policy(look)
        spent.append((time.process_time() - start) * 1e3)
    return min(spent), float(np.median(spent))


def figures() -> dict[str, float]:
    """What `flare bench match` says of decisions."""
    fresh, late = decision_ms(0), decision_ms(5_000)
    return {
        "decide_20k_ms": fresh[0],
        "decide_20k_median_ms": fresh[1],
        "decide_20k_5000_asked_ms": late[0],
        "decide_limit_ms": LIMIT_MS,
    }
