"""/metrics: the Prometheus text format, written by hand; a few lines don't need a library.

Counts only: nothing of a person, a place or a request. Read from the store at most once in CACHED_S.
"""

import os
import resource
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from dispatch.domain import limits
from dispatch.domain.lifecycle import RequestState
from dispatch.ports import Tx
from dispatch.tally import Histogram, Tally

Family = tuple[str, list[tuple[dict[str, str], float]]]

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
    "flare_asks_posted_total": "Asks posted since this worker started.",
    "flare_asks_closed_total": "Asks closed since this worker started, by how.",
    "flare_alerts_sent_total": "Alerts sent for asks posted since this worker started.",
    "flare_seats_met_total": "Seats whose people were met, for those asks.",
    "flare_alerts_per_seat": "Alerts sent for each seat that was met.",
    "flare_first_alert_seconds": "From an ask to the first person told.",
    "flare_covered_seconds": "From an ask to every seat promised.",
    "flare_http_answers_total": "Answers by the first digit of their status.",
    "flare_pushes_total": "Tries to push a message to a phone since this worker started, by what became of them.",
    "flare_limited_total": "Calls told to slow down.",
    "flare_limiter_buckets": "Callers the limiter remembers.",
    "flare_bus_connected": "Whether workers hear each other's hints at once.",
    "flare_bus_failures_total": "Hints and positions that could not be passed on.",
    "flare_memory_bytes": "The most memory this process has held.",
}


def of_store(tx: Tx, now: object) -> dict[str, object]:
    """A job: what the store says of the asks going on."""
    asks = tx.requests.open_in(None, limits.BOARD_REQUESTS)
    return {
        "states": Counter(str(ask.status) for ask in asks),
        "open": sum(ask.seats.open or 0 for ask in asks if ask.kind != "funds"),
        "alerts": sum(ask.alerted for ask in asks),
        "seen": sum(ask.seen for ask in asks),
        "due_at": tx.due.next_at(),
        "outbox_at": tx.outbox.oldest(),
        "head": tx.journal.head()[1],
    }


def by_state(states: Mapping[str, int]) -> list[tuple[dict[str, str], float]]:
    """One sample per state that is not final, zeros included."""
    going_on = (RequestState.OPEN, RequestState.CLAIMED)
    return [({"state": str(state)}, states.get(str(state), 0)) for state in going_on]


def memory_bytes() -> int:
    """The most this process has held."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if os.uname().sysname == "Darwin" else most * 1024


def of_tally(tally: Tally) -> list[Family]:
    """How many, how soon, how many alerts a seat: since this worker started."""
    none: dict[str, str] = {}
    ended = [({"how": how}, float(count)) for how, count in sorted(tally.closed.items())]
    families: list[Family] = [
        ("flare_asks_posted_total", [(none, tally.posted)]),
        ("flare_asks_closed_total", ended),
        ("flare_alerts_sent_total", [(none, tally.alerts)]),
        ("flare_seats_met_total", [(none, tally.seats_met)]),
    ]
    if tally.seats_met:
        families.append(("flare_alerts_per_seat", [(none, tally.alerts / tally.seats_met)]))
    return families


def histogram(name: str, held: Histogram) -> str:
    """A histogram's lines."""
    lines = [f"# HELP {name} {HELP[name]}", f"# TYPE {name} histogram"]
    lines += [f'{name}_bucket{{le="{bound}"}} {count}' for bound, count in held.buckets()]
    lines += [f"{name}_sum {held.total:g}", f"{name}_count {held.count}"]
    return "\n".join(lines) + "\n"


def text(families: Iterable[Family]) -> str:
    """The exposition: for each family its help, its type and its samples."""
    lines: list[str] = []
    for name, samples in families:
        kind = "counter" if name.endswith("_total") else "gauge"
        lines.append(f"# HELP {name} {HELP.get(name, name.removeprefix('flare_').replace('_', ' ') + '.')}")
        lines.append(f"# TYPE {name} {kind}")
        for labels, value in samples:
            told = ",".join(f'{key}="{word}"' for key, word in labels.items())
            lines.append(f"{name}{{{told}}} {value:g}" if told else f"{name} {value:g}")
    return "\n".join(lines) + "\n"
