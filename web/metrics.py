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

CACHED_S: Final = 5.0

HELP: Final[dict[str, str]] = {
    "flare_requests": "Asks going on, by state.",
    "flare_seats_open": "Seats nobody has promised yet, over the asks going on.",
    "flare_alerts": "People told of the asks going on.",
    "flare_alerts_seen": "Those of them who have looked.",
    "flare_people": "People in the roster.",
    "flare_due_lag_seconds": "How late the oldest due work is.",
    "flare_http_answers_total": "Answers by the first digit of their status.",
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
    }


def by_state(states: Mapping[str, int]) -> list[tuple[dict[str, str], float]]:
    """One sample per state that is not final, zeros included."""
    going_on = (RequestState.OPEN, RequestState.CLAIMED)
    return [({"state": str(state)}, states.get(str(state), 0)) for state in going_on]


def memory_bytes() -> int:
    """The most this process has held."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if os.uname().sysname == "Darwin" else most * 1024


def text(families: Iterable[tuple[str, list[tuple[dict[str, str], float]]]]) -> str:
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
