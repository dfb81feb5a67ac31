"""Which topics somebody listens to, who, and how far each has come. Plain memory of one event loop."""

from collections.abc import Callable, Iterator

from web.live.subscription import Stage, Subscription


class _Topic:
    __slots__ = ("head", "subs")

    def __init__(self) -> None:
        self.subs: dict[Subscription, None] = {}
        self.head = 0


class Topics:
    """Subscriptions by the journal's topic. Exists only while somebody listens."""

    def __init__(self, present: Callable[[int, int], None] | None = None) -> None:
        """`present` hears of each inbox that is opened (+1) or closed (-1): whose, and which of the two."""
        self._topics: dict[str, _Topic] = {}
        self._present = present

    def __contains__(self, key: object) -> bool:
        """Is somebody listening? Also asked from reader threads: a dictionary look-up, nothing more."""
        return key in self._topics

    def __len__(self) -> int:
        return len(self._topics)

    def add(self, sub: Subscription) -> None:
        """From now on it is told."""
        topic = self._topics.setdefault(sub.key, _Topic())
        if not topic.subs:
            self._tell(sub.key, 1)
        topic.subs[sub] = None

    def drop(self, sub: Subscription) -> None:
        """From now on it is not."""
        topic = self._topics.get(sub.key)
        if topic is not None:
            topic.subs.pop(sub, None)
            if not topic.subs:
                del self._topics[sub.key]
                self._tell(sub.key, -1)

    def _tell(self, key: str, more: int) -> None:
        if self._present is not None and key.startswith("p") and key[1:].isdigit():
            self._present(int(key[1:]), more)

    def of(self, key: str) -> list[Subscription]:
        """Who listens, as a list of its own: it may be walked while others come and go."""
        topic = self._topics.get(key)
        return list(topic.subs) if topic else []

    def head(self, key: str) -> int:
        """The last offset that was told or read; 0 when nobody listens."""
        topic = self._topics.get(key)
        return topic.head if topic else 0

    def seen(self, key: str, off: int) -> None:
        """An offset was told to everybody, or read."""
        topic = self._topics.get(key)
        if topic is not None:
            topic.head = max(topic.head, off)

    def heads(self, subs: dict[int, Subscription]) -> Iterator[tuple[int, int]]:
        """(subscription id, head) of those with offsets; none that is catching up, for it is behind on purpose."""
        for sub in subs.values():
            if sub.stage is Stage.LIVE and (topic := self._topics.get(sub.key)) is not None and topic.head:
                yield sub.id, topic.head
