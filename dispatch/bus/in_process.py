"""Hints and positions inside one process: called at once, on the publisher's thread."""

import threading
from collections.abc import Callable, Mapping


class InProcessBus:
    """A bus for one process. Loses nothing, promises nothing more than ports.Bus."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told: dict[str, list[Callable[[Mapping[str, object]], None]]] = {}

    def publish(self, channel: str, message: Mapping[str, object]) -> None:
        """Tells everyone who listens now."""
        with self._lock:
            listeners = tuple(self._told.get(channel, ()))
        for told in listeners:
            told(message)

    def subscribe(self, channel: str, told: Callable[[Mapping[str, object]], None]) -> Callable[[], None]:
        """Calls `told` for each message from now on; the answer ends it."""
        with self._lock:
            self._told.setdefault(channel, []).append(told)

        def end() -> None:
            with self._lock:
                if told in self._told.get(channel, ()):
                    self._told[channel].remove(told)

        return end
