"""Where time goes, call by call: spans of OpenTelemetry, handed to a collector as OTLP over HTTP in JSON.

Off unless OTEL_EXPORTER_OTLP_ENDPOINT is set; without it a call costs a look at one field. Holds names of routes and
functions, counts and durations: never a path (it may hold an id that opens something), a place, a person or a note
(tests/web/test_traces.py). Never in the way: spans wait in a bounded queue, a thread hands them on, and what a
collector does not take is counted and dropped. Why no library: docs/decisions/0009-traces.md.
"""

import json
import logging
import re
import secrets
import threading
import time
import urllib.request
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from dispatch.domain import limits

log = logging.getLogger("flare.traces")

EACH_S: Final = 2.0
TIMEOUT_S: Final = 5.0
AT_ONCE: Final = 500
_PARENT: Final = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")

Hand = Callable[[bytes], None]
"""Hands one request's body to the collector. Raises: OSError."""


class Kind(IntEnum):
    """OpenTelemetry's own numbers."""

    INTERNAL = 1
    SERVER = 2


@dataclass(frozen=True, slots=True)
class Place:
    """Where in which trace: what a child or a link needs of a span."""

    trace: str
    span: str


@dataclass(slots=True)
class Span:
    """Something that takes time."""

    name: str
    place: Place
    parent: str | None
    kind: Kind
    links: Sequence[Place]
    began: int
    """Nanoseconds since 1970."""
    took: int = 0
    failed: bool = False
    holds: dict[str, str | int] = field(default_factory=dict)


_here: ContextVar[Place | None] = ContextVar("flare-span", default=None)


def here() -> Place | None:
    """The span this code runs in."""
    return _here.get()


def parent_of(traceparent: str) -> Place | None:
    """What a W3C traceparent header says; None for one that is broken or asks not to be followed."""
    found = _PARENT.fullmatch(traceparent.strip())
    return Place(found[1], found[2]) if found and int(found[3], 16) & 1 else None


class Tracer:
    """Makes spans and hands them on. Thread-safe."""

    def __init__(self, hand: Hand | None = None, service: str = "flare") -> None:
        """`hand` None: no spans at all."""
        self._hand, self._service = hand, service
        self._done: deque[Span] = deque(maxlen=limits.SPANS_WAITING)
        self._written: deque[Place] = deque(maxlen=limits.SPANS_WAITING)
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self.lost = 0
        """Spans no collector took."""

    @property
    def on(self) -> bool:
        """Is anything recorded?"""
        return self._hand is not None

    @contextmanager
    def span(
        self, name: str, *, parent: Place | None = None, kind: Kind = Kind.INTERNAL, links: Sequence[Place] = ()
    ) -> Iterator[Span | None]:
        """A span as long as the block, below `parent` or the one this code runs in; None when nothing is recorded."""
        if self._hand is None:
            yield None
            return
        above = parent or _here.get()
        place = Place(above.trace if above else secrets.token_hex(16), secrets.token_hex(8))
        span = Span(name, place, above.span if above else None, kind, links, time.time_ns())
        token, began = _here.set(place), time.perf_counter_ns()
        try:
            yield span
        except BaseException:
            span.failed = True
            raise
        finally:
            span.took = time.perf_counter_ns() - began
            _here.reset(token)
            self._keep(span)

    def written(self) -> None:
        """What this code wrote is committed: whoever tells of it next was caused by it."""
        if self._hand is not None and (place := _here.get()) is not None:
            self._written.append(place)

    def causes(self) -> list[Place]:
        """What was written since the last call."""
        found: list[Place] = []
        while self._written:
            found.append(self._written.popleft())
        return found

    def _keep(self, span: Span) -> None:
        self.lost += len(self._done) == limits.SPANS_WAITING
        self._done.append(span)

    # -- handing on --------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Hands spans on from now on."""
        if self._hand is not None and self._thread is None:
            self._over.clear()
            self._thread = threading.Thread(target=self._run, name="flare-traces", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Hands on what is left."""
        self._over.set()
        if self._thread is not None:
            self._thread.join(TIMEOUT_S * 2)
            self._thread = None

    def _run(self) -> None:
        while not self._over.wait(EACH_S):
            self.flush()
        self.flush()

    def flush(self) -> None:
        """Hands on everything that is done."""
        while self._done and self._hand is not None:
            spans = [self._done.popleft() for _ in range(min(AT_ONCE, len(self._done)))]
            try:
                self._hand(_request(self._service, spans))
            except OSError as fault:
                if not self.lost:
                    log.warning("no collector takes spans: %s", type(fault).__name__)
                self.lost += len(spans)


def _request(service: str, spans: Sequence[Span]) -> bytes:
    """The body of one OTLP export."""
    scope = {"scope": {"name": "flare"}, "spans": [_span(span) for span in spans]}
    resource = {"attributes": _attributes({"service.name": service})}
    return json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [scope]}]}).encode()


def _span(span: Span) -> dict[str, object]:
    told: dict[str, object] = {
        "traceId": span.place.trace,
        "spanId": span.place.span,
        "name": span.name,
        "kind": int(span.kind),
        "startTimeUnixNano": str(span.began),
        "endTimeUnixNano": str(span.began + span.took),
        "attributes": _attributes(span.holds),
        "links": [{"traceId": link.trace, "spanId": link.span} for link in span.links],
        "status": {"code": 2} if span.failed else {},
    }
    return told | ({"parentSpanId": span.parent} if span.parent else {})


def _attributes(holds: Mapping[str, str | int]) -> list[dict[str, object]]:
    return [
        {"key": key, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
        for key, value in holds.items()
    ]


def over_http(endpoint: str, headers: Mapping[str, str]) -> Hand:
    """To that collector; its address is the operator's own, so it is asked as it stands."""
    address = endpoint.rstrip("/") + "/v1/traces"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def hand(body: bytes) -> None:
        told = {"Content-Type": "application/json", **headers}
        request = urllib.request.Request(address, body, told)  # noqa: S310 - http or https, as the settings check
        with opener.open(request, timeout=TIMEOUT_S) as answer:
            answer.read(1_000)

    return hand
