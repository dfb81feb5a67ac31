"""/metrics: the Prometheus text format, written by hand; a few lines don't need a library.

Counts only: nothing of a person, a place or a request. Read from the store at most once in CACHED_S.
In a fleet any worker tells all workers' counters as one, and each one's gauges by its number (web/figures.py).
"""

import asyncio
import logging
import os
import resource
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from starlette.datastructures import State

from dispatch.domain import limits
from dispatch.domain.errors import Busy
from dispatch.domain.lifecycle import RequestState
from dispatch.ports import Tx
from dispatch.runtime import Flare
from dispatch.tally import Histogram, Tally
from web.figures import WRITTEN_EACH_S, Board, Figures, Fleet

log = logging.getLogger("flare.metrics")

Samples = Mapping[str, float]
"""By name and labels, as they are written; those of one family together."""

CACHED_S: Final = 5.0

HELP: Final[dict[str, str]] = {
    "flare_requests": "Asks going on, by state.",
    "flare_seats_open": "Seats nobody has promised yet, over the asks going on.",
    "flare_alerts": "People told of the asks going on.",
    "flare_alerts_seen": "Those of them who have looked.",
    "flare_people": "People in the roster.",
    "flare_due_lag_seconds": "How late the oldest due work is.",
    "flare_outbox_age_seconds": "How long the oldest message to the outside has been due.",
    "flare_write_queue": "Writes that wait for their turn in this worker.",
    "flare_tail_lag_events": "Rows of the journal this worker's live stream has not told yet.",
    "flare_feed_lag_events": "Rows of the journal this worker's roster has not applied yet.",
    "flare_bus_deaf_total": "Times Redis was up and nothing came through.",
    "flare_asks_posted_total": "Asks posted so far.",
    "flare_asks_closed_total": "Asks closed so far, by how.",
    "flare_alerts_sent_total": "Alerts sent for asks posted so far.",
    "flare_seats_met_total": "Seats whose people were met, for those asks.",
    "flare_alerts_per_seat": "Alerts sent for each seat that was met.",
    "flare_first_alert_seconds": "From an ask to the first person told.",
    "flare_covered_seconds": "From an ask to every seat promised.",
    "flare_http_answers_total": "Answers by the first digit of their status.",
    "flare_pushes_total": "Tries to push a message to a phone so far, by what became of them.",
    "flare_spans_lost_total": "Spans of traces that no collector took.",
    "flare_limited_total": "Calls told to slow down.",
    "flare_limiter_buckets": "Callers the limiter remembers.",
    "flare_bus_connected": "Whether workers hear each other's hints at once.",
    "flare_bus_failures_total": "Hints and positions that could not be passed on.",
    "flare_memory_bytes": "The most memory this process has held.",
}


def of_store(tx: Tx, now: datetime) -> dict[str, object]:
    """A job: what the store says of the asks going on."""
    asks = [ask for ask in tx.requests.open_in(None, limits.BOARD_REQUESTS) if not ask.drill]
    return {
        "states": Counter(str(ask.status) for ask in asks),
        "open": sum(ask.seats.open or 0 for ask in asks if ask.kind != "funds"),
        "alerts": sum(ask.alerted for ask in asks),
        "seen": sum(ask.seen for ask in asks),
        "due_at": tx.due.next_at(),
        "outbox_at": tx.outbox.oldest(),
        "head": tx.journal.head()[1],
    }


def labelled(name: str, label: str, values: Mapping[Any, float]) -> dict[str, float]:
    """A family with one sample for each value of a label."""
    return {f'{name}{{{label}="{each}"}}': float(value) for each, value in sorted(values.items())}


def of_asks(counted: Mapping[str, Any], now: datetime, people: int) -> dict[str, float]:
    """What is the same whichever worker is asked: states that are not final, zeros included, seats, lateness."""
    going_on = (RequestState.OPEN, RequestState.CLAIMED)

    def late(since: datetime | None) -> float:
        return max(0.0, (now - since).total_seconds()) if since else 0.0

    return {
        **labelled("flare_requests", "state", {str(s): counted["states"].get(str(s), 0) for s in going_on}),
        "flare_seats_open": counted["open"],
        "flare_alerts": counted["alerts"],
        "flare_alerts_seen": counted["seen"],
        "flare_people": people,
        "flare_due_lag_seconds": late(counted["due_at"]),
        "flare_outbox_age_seconds": late(counted["outbox_at"]),
    }


def of_worker(state: State, head: int) -> Figures:
    """What this worker alone knows; `head`: the journal's."""
    flare: Flare = state.flare
    hub, limiter = state.hub, state.limiter
    samples: dict[str, float] = {
        **labelled("flare_http_answers_total", "status", {f"{k}xx": n for k, n in state.edge.answered.items()}),
        **labelled("flare_pushes_total", "outcome", {str(how): n for how, n in flare.push.tries.items()}),
        **_texts(flare),
        "flare_write_queue": getattr(flare.store, "waiting", 0),
        "flare_tail_lag_events": max(0, head - hub.position) if hub is not None else 0,
        "flare_feed_lag_events": max(0, head - flare.feed.position),
        "flare_spans_lost_total": flare.traces.lost,
        "flare_limited_total": limiter.refused,
        "flare_limiter_buckets": len(limiter),
        "flare_memory_bytes": memory_bytes(),
        **(dict(hub.figures()) if hub is not None else {}),
        "flare_bus_connected": float(getattr(flare.bus, "connected", True)),
        "flare_bus_failures_total": getattr(flare.bus, "failures", 0),
        "flare_bus_deaf_total": getattr(flare.bus, "deaf", 0),
    }
    counters = {name: value for name, value in samples.items() if _is_counter(name)}
    gauges = {name: value for name, value in samples.items() if name not in counters}
    return Figures(counters=counters, gauges=gauges, copies=flare.tally.figures())


def _texts(flare: Flare) -> dict[str, float]:
    """What became of text messages; nothing where none are sent."""
    if flare.texts is None:
        return {}
    return labelled("flare_texts_total", "outcome", {str(how): n for how, n in flare.texts.tries.items()})


def of_fleet(fleet: Fleet) -> tuple[dict[str, float], Tally]:
    """What all workers have counted, and each one's gauges."""
    samples = dict(fleet.counters)
    for name in sorted({name for gauges in fleet.gauges.values() for name in gauges}):
        samples |= labelled(name, "worker", {who: g[name] for who, g in fleet.gauges.items() if name in g})
    return samples, Tally().resume(fleet.copies)


async def keep(state: State, board: Board, each_s: float = WRITTEN_EACH_S) -> None:
    """Writes this worker's figures each second, until it is cancelled, and once more then."""

    def write(head: int) -> None:
        try:
            board.write(of_worker(state, head))
        except OSError as fault:
            # A full disk costs the figures of that second, not all that follow.
            log.warning("figures could not be written: %s", fault)

    try:
        while True:
            try:
                _, head = await state.flare.store.read(lambda tx, now: tx.journal.head())
            except Busy:
                pass
            else:
                write(head)
            await asyncio.sleep(each_s)
    finally:
        write(0)


def memory_bytes() -> int:
    """The most this process has held."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if os.uname().sysname == "Darwin" else most * 1024


def of_tally(tally: Tally) -> dict[str, float]:
    """How many, how soon, how many alerts a seat."""
    per_seat = {"flare_alerts_per_seat": tally.alerts / tally.seats_met} if tally.seats_met else {}
    return {
        "flare_asks_posted_total": tally.posted,
        **labelled("flare_asks_closed_total", "how", tally.closed),
        "flare_alerts_sent_total": tally.alerts,
        "flare_seats_met_total": tally.seats_met,
        **per_seat,
    }


def histogram(name: str, held: Histogram) -> str:
    """A histogram's lines."""
    lines = [f"# HELP {name} {HELP[name]}", f"# TYPE {name} histogram"]
    lines += [f'{name}_bucket{{le="{bound}"}} {count}' for bound, count in held.buckets()]
    lines += [f"{name}_sum {held.total:g}", f"{name}_count {held.count}"]
    return "\n".join(lines) + "\n"


def text(samples: Samples) -> str:
    """The exposition: for each family its help, its type and its samples."""
    lines: list[str] = []
    for name, family in groupby(samples, _family):
        kind = "counter" if _is_counter(name) else "gauge"
        lines.append(f"# HELP {name} {HELP.get(name, name.removeprefix('flare_').replace('_', ' ') + '.')}")
        lines.append(f"# TYPE {name} {kind}")
        lines += [f"{sample} {samples[sample]:g}" for sample in family]
    return "\n".join(lines) + "\n"


def _family(sample: str) -> str:
    return sample.partition("{")[0]


def _is_counter(sample: str) -> bool:
    return _family(sample).endswith("_total")
