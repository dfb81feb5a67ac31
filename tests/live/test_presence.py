"""An open inbox tells the matcher that its owner is looking, in whatever worker it is open."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain import limits
from tests.live.world import NEVER_S, Listener, World, play, until
from web.live.hub import Hub
from web.live.presence import Presence
from web.live.topics import Topics


class Keyed:
    """All that the book of topics reads of a subscription."""

    def __init__(self, key: str) -> None:
        self.key = key


def sub(key: str) -> Any:
    return Keyed(key)


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


@dataclass
class Workers:
    """Some workers' presence, a bus that may lose any word, and what each roster was told."""

    now: float = 0.0
    each: list[Presence] = field(default_factory=list)
    rosters: list[Counter[int]] = field(default_factory=list)

    def join(self) -> None:
        """One worker more."""
        roster: Counter[int] = Counter()
        self.rosters.append(roster)
        self.each.append(Presence(lambda person, more: roster.update({person: more})))

    def pass_s(self, seconds: int, heard: Callable[[], bool] = lambda: True, dead: int = -1) -> None:
        """Time passes; each worker says what it has to, once a second."""
        for _ in range(seconds):
            self.now += 1.0
            for number, worker in enumerate(self.each):
                word = worker.word(self.now) if number != dead else None
                for other in self.each if word is not None else ():
                    if other is worker or heard():
                        other.heard(json.loads(json.dumps(word)), self.now)

    def online(self, worker: int) -> set[int]:
        """Whom that worker's matcher takes to be looking; nobody is counted below none."""
        assert min(self.rosters[worker].values(), default=0) >= 0
        return {person for person, inboxes in self.rosters[worker].items() if inboxes > 0}


@given(st.data())
def test_whose_inbox_is_open_in_one_worker_is_known_in_all_whatever_words_were_lost(data: st.DataObject) -> None:
    workers = Workers()
    for _ in range(3):
        workers.join()
    here: list[Counter[int]] = [Counter(), Counter(), Counter()]
    for _ in range(data.draw(st.integers(1, 25))):
        at, person = data.draw(st.integers(0, 2)), data.draw(st.integers(1, 4))
        more = -1 if here[at][person] and data.draw(st.booleans()) else 1
        here[at][person] += more
        workers.each[at].change(person, more)
        workers.pass_s(data.draw(st.integers(0, 20)), heard=lambda: data.draw(st.booleans()))
    workers.pass_s(int(limits.PRESENT_EVERY.total_seconds()) + 1)
    for at in range(3):
        elsewhere = Counter(person for other in range(3) if other != at for person in +here[other])
        assert +workers.rosters[at] == +(here[at] + elsewhere)


def test_who_was_looking_at_a_worker_that_died_counts_as_away_within_a_minute() -> None:
    workers = Workers()
    workers.join()
    workers.join()
    workers.each[1].change(7, 1)
    workers.pass_s(2)
    assert workers.online(0) == {7}
    workers.pass_s(60, dead=1)
    assert workers.online(0) == set()


def test_nothing_is_said_while_nothing_changes_but_a_sign_of_life() -> None:
    presence = Presence(lambda person, more: None)
    words = [presence.word(float(second)) for second in range(60)]
    assert sum(word is not None for word in words) == 60 / limits.PRESENT_EVERY.total_seconds()


def test_a_word_that_is_none_is_passed_over() -> None:
    told: list[tuple[int, int]] = []
    presence = Presence(lambda person, more: told.append((person, more)))
    for word in ({}, {"of": 3, "people": [1]}, {"of": "x"}, {"of": "x", "people": "all"}, {"of": "x", "people": ["7"]}):
        presence.heard(word, 0.0)
    assert told == []


def test_an_inbox_open_in_one_process_makes_its_owner_present_in_the_other(tmp_path: Path) -> None:
    async def scene(here: World) -> None:
        there: Counter[int] = Counter()
        other = Hub(
            here.store, here.clock, bus=here.bus, beat_s=NEVER_S,
            present=lambda person, more: there.update({person: more}),
        )  # fmt: skip
        await other.start()
        ada = await here.person()
        looking = Listener(here, ada)
        await here.follow(looking, "inbox")
        here.later(1)
        await until(lambda: there[ada.person_id or 0] == 1)
        here.hub.close(looking)
        here.later(1)
        await until(lambda: there[ada.person_id or 0] == 0)
        await other.stop()

    play(tmp_path, scene, serve=False)
