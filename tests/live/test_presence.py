"""An open inbox tells the matcher that its owner is looking."""

from typing import Any

from web.live.topics import Topics


class Listener:
    """All that the book of topics reads of a subscription."""

    def __init__(self, key: str) -> None:
        self.key = key


def sub(key: str) -> Any:
    return Listener(key)


def test_the_first_inbox_that_opens_and_the_last_that_closes_are_told() -> None:
    told: list[tuple[int, int]] = []
    topics = Topics(lambda person, more: told.append((person, more)))
    phone, laptop, ask = sub("p7"), sub("p7"), sub("r7")
    for each in (phone, laptop, ask):
        topics.add(each)
    assert told == [(7, 1)]
    topics.drop(phone)
    topics.drop(ask)
    assert told == [(7, 1)]
    topics.drop(laptop)
    topics.drop(laptop)
    assert told == [(7, 1), (7, -1)]
