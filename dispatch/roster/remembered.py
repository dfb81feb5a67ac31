"""What is remembered of each person, ready to be gathered for thousands at once. Columns by person id.

Ids of one table are almost dense, so a column is an array as long as the highest id: 1 M people cost 56 MB.
One writer at a time (the roster's lock); readers take what stands.
Invariant: a person who was never asked, or was erased, counts as unknown (tests/roster/test_remembered.py).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from dispatch.domain import limits
from dispatch.domain.attention import decayed
from dispatch.domain.learning import Figures

Ids = NDArray[np.int64]
Floats = NDArray[np.float64]

ELSEWHERE_S: Final = 600.0
"""Somebody who was asked this lately and has not answered is asked less for others."""
WEEK_S: Final = limits.WEEK.total_seconds()
_DAY_S: Final = 86_400.0
_COUNTED_S: Final = 60.0
_Sent = tuple[Ids, Floats]
"""Alerts of the last week: to whom, and when. One pair that is replaced and never changed."""
_KEPT: Final = ("fatigue", "fatigue_at", "accepts", "expected", "opened", "expected_opened", "waiting_s")


class Remembered:
    """The columns. `learn` replaces what is known of some people; `gather` reads it for others."""

    def __init__(self) -> None:
        self._columns: dict[str, Floats] = {name: np.zeros(0) for name in _KEPT}
        self._sent: _Sent = (np.zeros(0, dtype=np.int64), np.zeros(0))
        self._weekly: tuple[_Sent, float, NDArray[np.int64]] = (self._sent, np.inf, np.zeros(0, dtype=np.int64))
        self._online: dict[int, int] = {}

    def learn(self, figures: Figures) -> None:
        """These people's figures are the ones given, whatever was known before."""
        if not len(figures):
            return
        self._room(int(figures.person.max()) + 1)
        columns = self._columns
        for name in ("fatigue", "accepts", "expected", "opened", "expected_opened", "waiting_s"):
            columns[name][figures.person] = getattr(figures, name)
        columns["fatigue_at"][figures.person] = figures.at_s
        person, at = self._sent
        others = ~np.isin(person, figures.person) & (at > figures.at_s - WEEK_S)
        self._sent = (
            np.concatenate([person[others], figures.sent_person]),
            np.concatenate([at[others], figures.sent_s]),
        )

    def present(self, person: int, sockets: int) -> None:
        """So many more (or fewer) open inboxes of that person."""
        count = self._online.get(person, 0) + sockets
        if count > 0:
            self._online[person] = count
        else:
            self._online.pop(person, None)

    def online(self, people: Ids) -> NDArray[np.bool_]:
        """Whose inbox is open now."""
        found = list(self._online)
        if not found:
            return np.zeros(len(people), dtype=np.bool_)
        return np.isin(people, np.asarray(found, dtype=np.int64))

    def gather(
        self, people: Ids, now_s: float
    ) -> dict[str, NDArray[np.float64] | NDArray[np.int64] | NDArray[np.bool_]]:
        """The columns of dispatch.ports.Candidates that are remembered, for those people."""
        length = len(self._columns["fatigue"])
        known = people < length
        at = np.where(known, people, 0)

        def column(name: str) -> Floats:
            return np.where(known, self._columns[name].take(at), 0.0) if length else np.zeros(len(people))

        waiting = column("waiting_s")
        with np.errstate(invalid="ignore"):
            elsewhere = (waiting > 0) & (now_s - waiting < ELSEWHERE_S)
        weekly = self._sent_in_a_week(now_s)
        counted = people < len(weekly)
        sent = np.where(counted, weekly.take(np.where(counted, people, 0)), 0) if len(weekly) else np.zeros(len(people))
        return {
            "fatigue": decayed(column("fatigue"), np.maximum(0.0, now_s - column("fatigue_at")) / _DAY_S),
            "accepts": column("accepts"),
            "expected": column("expected"),
            "opened": column("opened"),
            "expected_opened": column("expected_opened"),
            "elsewhere": elsewhere,
            "online": self.online(people),
            "sent_7d": sent.astype(np.int64),
        }

    def _sent_in_a_week(self, now_s: float) -> NDArray[np.int64]:
        """Alerts of the last seven days by person id; counted anew once a minute and after each change."""
        sent = self._sent
        counted, at_s, counts = self._weekly
        if counted is not sent or not 0 <= now_s - at_s < _COUNTED_S:
            person, at = sent
            counts = np.bincount(person[at > now_s - WEEK_S])
            self._weekly = (sent, now_s, counts)
        return counts

    def _room(self, length: int) -> None:
        have = len(self._columns["fatigue"])
        if length <= have:
            return
        grown = max(length, have + (have >> 1))
        for name, column in self._columns.items():
            wider = np.zeros(grown)
            wider[:have] = column
            self._columns[name] = wider
