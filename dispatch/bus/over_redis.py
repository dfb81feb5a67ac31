"""Hints and positions between workers, over Redis or Valkey. Never the truth: any message may be lost.

Every call has a short limit and never raises into a request: a Redis that is away costs freshness,
which the poll floor makes good, and nothing else (tests/faults/test_redis.py).
A connection can be up and deaf (pings answered, nothing delivered): each bus says a number of its own every few
seconds and listens for it; two that never came, and it connects anew. The others' numbers say how many workers there
are, on all machines together.
"""

import json
import logging
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

log = logging.getLogger("flare.bus")

TIMEOUT_S: Final = 0.2
AGAIN_S: Final = 1.0
PREFIX: Final = "flare:"
PROBE: Final = "probe"
PROBES_MISSED: Final = 3
"""A worker not heard of while that many of our own probes came through is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probing:
    """How a bus finds out that it is deaf: so often, so long, so many in a row."""

    every_s: float = 5.0
    heard_within_s: float = 2.0
    missed: int = 2


def client_of(url: str, socket_timeout: float | None = TIMEOUT_S) -> redis.Redis:
    """A client that answers soon or not at all: its own retries would hold a caller for seconds."""
    once = Retry(NoBackoff(), 0)
    return redis.Redis.from_url(url, socket_timeout=socket_timeout, socket_connect_timeout=TIMEOUT_S, retry=once)


class RedisBus:
    """A bus between processes. `failures` counts what could not be said."""

    def __init__(self, url: str, probing: Probing = Probing()) -> None:
        self._client = client_of(url)
        self._listening = client_of(url, socket_timeout=None)
        self._probing = probing
        self._me = secrets.token_hex(8)
        self._said: tuple[int, float] | None = None
        self._next = 0.0
        self._missed = 0
        self._number = 0
        self._heard = 0
        self._others: dict[str, int] = {}
        """Workers that were heard, and how many of our own probes had come through then."""
        self._told: dict[str, list[Callable[[Mapping[str, object]], None]]] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.failures = 0
        self.connected = False
        self.deaf = 0
        """How often it was up and heard nothing."""

    def publish(self, channel: str, message: Mapping[str, object]) -> None:
        """Says it to every worker that listens now; counted when it can't."""
        try:
            self._client.publish(PREFIX + channel, json.dumps(message))
        except redis.RedisError:
            self.failures += 1

    def subscribe(self, channel: str, told: Callable[[Mapping[str, object]], None]) -> Callable[[], None]:
        """Calls `told` for each message, from the bus's own thread; the answer ends it."""
        with self._lock:
            self._told.setdefault(channel, []).append(told)
            if self._thread is None:
                self._thread = threading.Thread(target=self._listen, name="flare-bus", daemon=True)
                self._thread.start()

        def end() -> None:
            with self._lock:
                if told in self._told.get(channel, ()):
                    self._told[channel].remove(told)

        return end

    @property
    def workers(self) -> int:
        """How many there are on all machines, this one included; while Redis is away, how many there were."""
        return len(self._others) + 1

    def close(self) -> None:
        """Stops listening, within a second or so."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(AGAIN_S * 3)
        self._client.close()
        self._listening.close()

    def _listen(self) -> None:
        while not self._stop.is_set():
            pubsub = self._listening.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
            try:
                pubsub.psubscribe(PREFIX + "*")
                self._said, self._missed, self._next = None, 0, time.monotonic()
                while not self._stop.is_set():
                    self._hear(pubsub.get_message(timeout=min(AGAIN_S, self._probing.every_s)))
                    self._probe(time.monotonic())
            except (redis.RedisError, OSError, ValueError) as error:
                if self.connected:
                    log.warning("Redis is away (%s): the journal is read more often meanwhile", type(error).__name__)
                self.connected = False
                self.failures += 1
                self._stop.wait(min(AGAIN_S, self._probing.every_s))
            finally:
                pubsub.close()

    def _probe(self, now: float) -> None:
        """Says a number when it is time to. Raises: ConnectionError when the last ones were never heard."""
        if self._said is not None and now - self._said[1] > self._probing.heard_within_s:
            self._said = None
            self._missed += 1
            if self._missed >= self._probing.missed:
                self.deaf += 1
                raise redis.ConnectionError("it hears nothing")
            self._next = now
        if self._said is None and now >= self._next:
            self._number += 1
            self._said, self._next = (self._number, now), now + self._probing.every_s
            self._client.publish(PREFIX + PROBE, json.dumps({"of": self._me, "n": self._number}))

    def _hear(self, message: Mapping[str, object] | None) -> None:
        if message is None:
            return
        raw, data = message["channel"], message["data"]
        if not isinstance(raw, bytes) or not isinstance(data, bytes):
            return
        channel = raw.decode().removeprefix(PREFIX)
        if channel == PROBE:
            self._heard_probe(json.loads(data))
            return
        with self._lock:
            listeners = tuple(self._told.get(channel, ()))
        for told in listeners:
            told(json.loads(data))

    def _heard_probe(self, probe: Mapping[str, object]) -> None:
        of = probe.get("of")
        if of != self._me:
            self._others = {**self._others, str(of): self._heard}
        elif self._said is not None and probe.get("n") == self._said[0]:
            # Only now: a line that was accepted says nothing about what comes over it.
            self._said, self._missed, self.connected = None, 0, True
            self._heard += 1
            self._others = {who: at for who, at in self._others.items() if at > self._heard - PROBES_MISSED}


def answers(url: str) -> tuple[str, bool]:
    """What it says of itself, and whether it is well."""
    client = redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
    try:
        info = client.info("server")
    except redis.RedisError as error:
        return f"can't be reached ({error}): live updates between workers are slower, nothing is lost", False
    finally:
        client.close()
    name, version = info.get("server_name", "redis"), info.get("valkey_version") or info.get("redis_version")
    return f"{name} {version}", True
