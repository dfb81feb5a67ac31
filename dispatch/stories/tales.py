"""The stories there are: who is stranded where and when, as rows of a table.

Data only. A new story is a row. None of them is a record of a real night.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from dispatch.domain.request import Urgency
from geo.point import Point


class StoryRefused(Exception):
    """The story can't be told as asked; one sentence says why and what to do."""


class Asker(StrEnum):
    """Who posts the request."""

    HUB = "hub"
    """Somebody whom the whole network follows (in a network from files: whoever has the most ties)."""
    MEMBER = "member"
    """Somebody ordinary with 5 to 60 ties, whose community is the whole network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One row. `at` is UTC; all stories play in a January, where Pacific time is UTC - 8."""

    name: str
    says: str
    place: Point
    at: datetime
    party: int
    asker: Asker
    show_week: bool = False
    kind: str = "ride"
    urgency: Urgency = Urgency.STRANDED
    note: str | None = None
    horizon: timedelta = timedelta(hours=6)
    """A seat still open then counts as never filled."""


ROADSIDE: Final = Point(35.1773, -116.1698)
"""Beside Interstate 15 near the Zzyzx Road exit, 13 km south-west of Baker."""
PHOENIX: Final = Point(33.4484, -112.0740)
NEEDLES: Final = Point(34.8481, -114.6142)
LATE: Final = datetime(2009, 1, 9, 7, 30, tzinfo=UTC)
"""Thursday, 8 January, half past eleven at night Pacific time: the week of the electronics show in Las Vegas."""

STORIES: Final[dict[str, Story]] = {
    story.name: story
    for story in (
        Story(
            name="bus", says="nine people and a dead bus on I-15 near Zzyzx Road, 23:30; their hub asks",
            place=ROADSIDE, at=LATE, party=9, asker=Asker.HUB, show_week=True,
            note="Our bus broke down on the shoulder. Nine of us, all fine, it is getting cold.",
        ),
        Story(
            name="bus-member", says="the same night, but the one who asks is an ordinary member of a community",
            place=ROADSIDE, at=LATE, party=9, asker=Asker.MEMBER, show_week=True,
            note="Our bus broke down on the shoulder. Nine of us, all fine, it is getting cold.",
        ),
        Story(
            name="city", says="two people in Phoenix at six in the evening",
            place=PHOENIX, at=datetime(2009, 1, 15, 1, 0, tzinfo=UTC), party=2, asker=Asker.HUB,
        ),
        Story(
            name="rural", says="one person in Needles at one in the afternoon",
            place=NEEDLES, at=datetime(2009, 1, 14, 21, 0, tzinfo=UTC), party=1, asker=Asker.HUB,
        ),
    )
}  # fmt: skip


def story_named(name: str) -> Story:
    """The row of that name.

    Raises: StoryRefused, which lists the names there are.
    """
    if name not in STORIES:
        raise StoryRefused(f"there is no story {name!r}; there are {', '.join(STORIES)}")
    return STORIES[name]
