"""What thousands of people do about an alert, worked out at once: Behaviour's truth as arrays.

The same draws and the same rules as dispatch/stories/behaviour.py, person by person
(tests/story/test_trial.py), plus what a month does to people: weariness, silence, leaving.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dispatch.domain.network import RINGS
from dispatch.stories import behaviour as model
from dispatch.stories.behaviour import Behaviour

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Rows = NDArray[np.intp]

NEVER: Final = np.inf
FATIGUE_ACCEPT: Final = 0.25
FATIGUE_DAYS: Final = 7.0
FALLS_SILENT: Final = 0.35
SILENT_DAYS: Final = 7.0
LEAVES: Final = 0.004
_RING: Final = np.array([0.0, *(model.RING[RINGS[code]] for code in sorted(RINGS))])


@dataclass(frozen=True, slots=True, kw_only=True)
class Reactions:
    """What so many people do, one entry each. Unit: minutes since the request; NEVER = not at all."""

    woken: Mask
    sees: Floats
    decides: Floats
    comes: Mask
    says_no: Mask


class Crowd(Behaviour):
    """Everybody's truth on one night that begins at `start_hour` (UTC, hours)."""

    start_hour: float = 0.0
    later_h: float = 0.0

    def redraw(self, name: str, z: Floats) -> None:
        """Puts another draw in the place of one of the normal ones."""
        self._z[name] = z
        self.bed_h = model.BEDTIME[0] + self.later_h + model.BEDTIME[1] * self._z["bed"]
        self.wake_h = model.WAKING[0] + model.WAKING[1] * self._z["wake"]

    def hours(self, rows: Rows, minute: Floats | float) -> Floats:
        """The hour on each one's clock."""
        hour: Floats = np.mod(self.start_hour + minute / 60.0 + self.offset_h[rows], 24.0)
        return hour

    def asleep(self, rows: Rows, hour: Floats) -> Mask:
        """Who is, at that hour of their own clock."""
        bed, wake = self.bed_h[rows], self.wake_h[rows]
        sleeping: Mask = (bed <= hour) | ((bed <= hour + 24) & (hour < wake))
        return sleeping

    def is_online(self, rows: Rows, minute: float) -> Mask:
        """Who has the inbox open in front of them, as a live socket tells the matcher."""
        awake = ~self.asleep(rows, self.hours(rows, minute))
        online: Mask = awake & (self._u["online"][rows] < model.ONLINE)
        return online

    def reactions(
        self, rows: Rows, minute: float, *, rings: NDArray[np.int8], kind: float, ties: int,
        fatigue: Floats | float = 0.0, deaf: Mask | None = None,
    ) -> Reactions:  # fmt: skip
        """What those rows do about an alert sent at that minute.

        `kind`: the kind's accept factor (1 for danger). `deaf`: whom no alert reaches these days.
        """
        u, z = self._u, self._z
        hour = self.hours(rows, minute)
        asleep = self.asleep(rows, hour)
        online = ~asleep & (u["online"][rows] < model.ONLINE)
        reached = online | (u["reachable"][rows] < model.REACHABLE)
        if deaf is not None:
            reached &= ~deaf
        woken = asleep & reached & (u["sound"][rows] < model.WOKEN)
        morning = self._to_morning(rows, hour)
        soon = u["sooner"][rows] < model.LOOKS_SOON
        awake_after = np.where(soon, _lognormal(model.SOON, z["soon"][rows]), _lognormal(model.LATER, z["later"][rows]))
        in_bed = self.asleep(rows, self.hours(rows, minute + awake_after))
        slept_over = awake_after + self._to_morning(rows, self.hours(rows, minute + awake_after))
        awake_after = np.where(in_bed, slept_over, awake_after)
        after = np.select(
            [online, woken, asleep],
            [
                _lognormal(model.ONLINE_SEES, z["online"][rows]),
                _lognormal(model.WOKEN_AFTER, z["woken"][rows]),
                morning,
            ],
            default=awake_after,
        )
        sees = np.where(reached, minute + after, NEVER)
        chance = self._accepts(rows, np.where(reached, sees, minute), rings, kind, ties) * np.exp(
            -FATIGUE_ACCEPT * np.asarray(fatigue)
        )
        comes = reached & (u["accept"][rows] < np.minimum(model.MOST, chance))
        return Reactions(
            woken=woken,
            sees=sees,
            decides=sees + _lognormal(model.DECIDES, z["decide"][rows]),
            comes=comes,
            says_no=reached & ~comes & (u["cant"][rows] < model.SAYS_CANT),
        )

    def _to_morning(self, rows: Rows, hour: Floats) -> Floats:
        """Minutes until the phone is picked up after waking."""
        rest = np.maximum(1e-12, 1.0 - self._u["morning"][rows])
        until: Floats = np.mod(self.wake_h[rows] - hour, 24.0) * 60.0 - 2.0 * np.log(rest)
        return until

    def _accepts(self, rows: Rows, sees: Floats, rings: NDArray[np.int8], kind: float, ties: int) -> Floats:
        travel = self.travel_minutes[rows]
        p = model.BASE * kind * _RING[rings]
        if ties > model.FRIENDS_MAX:
            p = np.where(rings == 1, p * model.FOLLOWER, p)
        hour = self.hours(rows, sees)
        p = np.where((hour >= 23) | (hour < 6), p * model.NIGHT_FACTOR, p)
        p = p * np.where(self._ready[rows], model.READY_FACTOR, model.ORDINARY_FACTOR)
        p = p * np.exp(model.HET_SIGMA * self._z["het"][rows] - model.HET_SIGMA**2 / 2)
        p = p * np.exp(-travel / model.TAU) * self._willingness
        chance: Floats = np.where(travel <= model.TRAVEL_MAX, p, 0.0)
        return chance

    def no_show(self, row: int) -> tuple[bool, float]:
        """Do they fail to come after a yes, and how many minutes later they say so (NEVER = not)."""
        u = self._u
        if u["no_show"][row] >= model.NO_SHOW:
            return False, NEVER
        low, high = model.ANNOUNCED_AFTER
        told = low + (high - low) * float(u["when"][row])
        return True, told if u["announced"][row] < model.ANNOUNCED else NEVER


def _lognormal(kind: tuple[float, float], z: Floats) -> Floats:
    median, sigma = kind
    answer: Floats = median * np.exp(sigma * z)
    return answer


class Attention:
    """What a month of alerts does to people, and what the matcher remembers of them. Unit: days."""

    def __init__(self, people: int, seed: int) -> None:
        self._luck = np.random.default_rng([seed, people, 3])
        self.fatigue = np.zeros(people)
        self._at = np.zeros(people)
        self.silent_until = np.zeros(people)
        self.left = np.zeros(people, dtype=np.bool_)
        self.rests_until = np.zeros(people)
        self.sent: list[tuple[float, NDArray[np.intp]]] = []
        self.total_sent = np.zeros(people, dtype=np.int64)
        self.total_seen = np.zeros(people, dtype=np.int64)
        self.accepts, self.expected = np.zeros(people), np.zeros(people)
        self.opened, self.expected_opened = np.zeros(people), np.zeros(people)
        self.trips = np.zeros(people, dtype=np.int64)

    def fatigue_at(self, day: float) -> Floats:
        """F of everybody on that day."""
        return self.fatigue * np.exp(-np.maximum(0.0, day - self._at) / FATIGUE_DAYS)

    def sent_7d(self, day: float) -> NDArray[np.int64]:
        """Alerts each was sent in the seven days before."""
        counts = np.zeros(len(self.fatigue), dtype=np.int64)
        self.sent = [(at, rows) for at, rows in self.sent if at > day - 7.0]
        for _, rows in self.sent:
            counts[rows] += 1
        return counts

    def deaf(self, day: float) -> Mask:
        """Who has gone silent for a while, or left for good."""
        return self.left | (self.silent_until > day)

    def saw(self, rows: Rows, day: float) -> None:
        """Those looked at an alert: it wears them, a few fall silent, a very few leave."""
        now = self.fatigue_at(day)[rows]
        luck = self._luck.random((3, len(rows)))
        self.left[rows] |= luck[0] < LEAVES * (1.0 + now)
        silent = luck[1] < FALLS_SILENT
        until = day - SILENT_DAYS * np.log(np.maximum(1e-12, 1.0 - luck[2]))
        self.silent_until[rows] = np.where(silent, np.maximum(self.silent_until[rows], until), self.silent_until[rows])
        self.fatigue[rows] = now + 1.0
        self._at[rows] = day
        self.total_seen[rows] += 1
