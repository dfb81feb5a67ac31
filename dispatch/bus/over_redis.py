"""Hints and positions between workers, over Redis or Valkey. Never the truth: any message may be lost.

Every call has a short limit and never raises into a request: a Redis that is away costs freshness,
which the poll floor makes good, and nothing else (tests/contract/test_bus.py).
"""

import json
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Final

import redis

log = logging.getLogger("flare.bus")

TIMEOUT_S: Final = 0.2
AGAIN_S: Final = 1.0
PREFIX: Final = "flare:"


class RedisBus:
    """A bus between processes. `failures` counts what could not be said."""

    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S)
        self._listening = redis.Redis.from_url(url, socket_connect_timeout=TIMEOUT_S)
        self._told: dict[str, list[Callable[[Mapping[str, object]], None]]] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._pubsub = self._listening.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
        self.failures = 0
        self.connected = False

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

    def close(self) -> None:
        """Stops listening."""
        self._stop.set()
        self._pubsub.close()
        self._client.close()
        self._listening.close()

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                self._pubsub.psubscribe(PREFIX + "*")
                self.connected = True
                while not self._stop.is_set():
                    self._hear(self._pubsub.get_message(timeout=AGAIN_S))
            except (redis.RedisError, OSError, ValueError):
                self.connected = False
                self.failures += 1
                self._stop.wait(AGAIN_S)

    def _hear(self, message: Mapping[str, object] | None) -> None:
        if message is None:
            return
        raw, data = message["channel"], message["data"]
        if not isinstance(raw, bytes) or not isinstance(data, bytes):
            return
        channel = raw.decode().removeprefix(PREFIX)
        with self._lock:
            listeners = tuple(self._told.get(channel, ()))
        for told in listeners:
            told(json.loads(data))


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
