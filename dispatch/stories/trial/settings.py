"""The trials there are: who is stranded where, when and how often, as rows of a table.

Data only. The places and hours of the bar table (docs/matching.md, "The bar").
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from dispatch.stories.tales import ROADSIDE
from dispatch.stories.trial.real import FOLDER
from geo.point import Point

BAKER: Final = Point(35.27, -116.07)
PHOENIX: Final = Point(33.4484, -112.0740)
NEEDLES: Final = Point(34.8481, -114.6142)
SHOW_NIGHT: Final = datetime(2009, 1, 9, 7, 30, tzinfo=UTC)
"""23:30 Pacific time on a night of the electronics show's week."""
PARTIES: Final = (1, 2, 3, 4, 5, 9)
PARTIES_SHARE: Final = (0.38, 0.30, 0.12, 0.10, 0.04, 0.06)
ROADS: Final = tuple(
    tuple(tuple(float(x) for x in end.split(",")) for end in line.split(">"))
    for line in (
        "34.9,-117.03>36.1,-115.2 34.05,-118.2>34.9,-117.03 35.4,-119>36.7,-119.8 33.9,-117>33.5,-112.3 "
        "36.1,-115.2>37.1,-113.6 37.1,-113.6>40.5,-111.9 39.5,-119.8>40.7,-112.2 38.6,-121.5>39.5,-119.8 "
        "40.7,-112>43.6,-116.2 43.6,-116.2>45.5,-122.4 38.6,-121.5>42.3,-122.9 32.8,-117>33.45,-112"
    ).split()
)
AT_HOME: Final = 0.65
"""Share of a month's calls that come from near the caller's own place."""
AT_HOME_SPREAD: Final = (0.15, 0.18)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One row. `asker`: the hub, or an ordinary member with 5 to 60 ties. Unit: minutes, days."""

    name: str
    says: str
    place: Point | None = None
    at: datetime = datetime(2009, 1, 14, 8, 0, tzinfo=UTC)
    party: int = 1
    by_hub: bool = True
    community: bool = False
    rings_max: int = 3
    vouched: bool = False
    show_week: bool = False
    horizon: float = 360.0
    calls: int = 1
    days: float = 0.0
    only_metro: str | None = None
    at_home: float = AT_HOME
    people: int = 48_000
    share: float = 1.0
    """Seeds played for each seed asked for, where all worlds are played together."""
    willing: float = 1.0
    """Everybody's chance of a yes, times as remembered; the policy is not told."""
    as_stored: bool = False
    """The matcher knows what a fresh import knows: homes, no fixes, no open inboxes."""
    together: bool = False
    """Calls overlap: whoever drives for one is not there for the others."""
    real: Path | None = None
    """The folder of the real people or requests it plays on (trial/real.py); None = a made world."""


TRIALS: Final[dict[str, Trial]] = {
    trial.name: trial
    for trial in (
        Trial(name="bus", says="nine people, Baker, 23:30, the hub asks", place=BAKER, at=SHOW_NIGHT, party=9,
              show_week=True),
        Trial(name="bus-member", says="the same night, an ordinary member of a community asks", place=BAKER,
              at=SHOW_NIGHT, party=9, show_week=True, by_hub=False, community=True),
        Trial(name="bus-hop2", says="the same, without a community: friends and their friends", place=BAKER,
              at=SHOW_NIGHT, party=9, show_week=True, by_hub=False, rings_max=2),
        Trial(name="bus-vouched", says="the same, a well-connected friend vouches", place=BAKER, at=SHOW_NIGHT,
              party=9, show_week=True, by_hub=False, community=True, vouched=True),
        Trial(name="city", says="two people in Phoenix at 18:00", place=PHOENIX,
              at=datetime(2009, 1, 15, 1, 0, tzinfo=UTC), party=2),
        Trial(name="rural", says="one person in Needles at 13:00", place=NEEDLES,
              at=datetime(2009, 1, 14, 21, 0, tzinfo=UTC)),
        Trial(name="month", says="fifty calls in thirty days, anybody asks their community", by_hub=False,
              community=True, horizon=240.0, calls=50, days=30.0, share=0.12),
        Trial(name="town", says="a town of 3,000, a hundred calls in thirty days", by_hub=False, community=True,
              horizon=240.0, calls=100, days=30.0, only_metro="LasVegas", at_home=1.0, share=0.06),
        Trial(name="bus-fixture", says="nine people, I-15 near Zzyzx Road, 23:30, the hub of a real network asks",
              place=ROADSIDE, at=SHOW_NIGHT, party=9, show_week=True, willing=12.0, as_stored=True, real=FOLDER),
        Trial(name="kerala", says="the requests of one real flood night, minute by minute; made volunteers",
              by_hub=False, community=True, horizon=240.0, calls=1_566, days=1.0, together=True, share=0.02,
              real=FOLDER),
    )
}  # fmt: skip
