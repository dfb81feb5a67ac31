"""What every worker of a fleet has counted, told by whichever is asked: small files in a folder of the parent's.

Each worker writes a file of its own, whole, each second and at its end. The parent adds the file of one that has ended
to what the GONE have counted, so no counter goes back while the fleet lives (tests/faults/test_fleet_metrics.py); what
a killed one counted in its last second is lost. Nobody waits for anybody, and a file that can't be read is passed over.
"""

import contextlib
import json
import os
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final

WRITTEN_EACH_S: Final = 1.0
GONE: Final = "gone"

Copies = Mapping[str, Sequence[float]]
"""What every worker counts alike: the furthest is right, the sum is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What one worker, or several that are gone, have counted. A sample's name holds its labels."""

    counters: Mapping[str, float] = field(default_factory=dict)
    gauges: Mapping[str, float] = field(default_factory=dict)
    copies: Copies = field(default_factory=dict)
    since: float = 0.0
    folded: Sequence[str] = ()
    """Whose files are in here."""


def furthest(each: Sequence[Copies]) -> dict[str, Sequence[float]]:
    """Of every figure the largest anybody has."""
    return {name: max((c[name] for c in each if name in c), key=sum) for name in sorted({n for c in each for n in c})}


def _summed(each: Sequence[Figures]) -> dict[str, float]:
    return {name: sum(f.counters.get(name, 0) for f in each) for name in sorted({n for f in each for n in f.counters})}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """What one look at the folder says."""

    counters: Mapping[str, float]
    """All workers' together, those of ended ones included."""
    gauges: Mapping[str, Mapping[str, float]]
    """By worker; while one takes another's place, of the newer one."""
    copies: Copies
    """The furthest anybody has counted."""


@dataclass(frozen=True, slots=True)
class Board:
    """Where one worker writes its figures, and reads everybody's. Thread-safe."""

    folder: Path
    worker: int
    since: float = field(default_factory=time.monotonic)
    _writing: threading.Lock = field(default_factory=threading.Lock)

    def write(self, own: Figures) -> None:
        """Puts them in the place of the last ones. Raises: OSError."""
        with self._writing:
            _put(self.folder / f"{self.worker}-{os.getpid()}", replace(own, since=self.since))

    def read(self) -> Fleet:
        """Everybody's, from one look."""
        everybody = self._everybody()
        living = sorted(everybody.items(), key=lambda named: named[1].since)
        return Fleet(
            counters=_summed(list(everybody.values())),
            gauges={name.partition("-")[0]: figures.gauges for name, figures in living if name != GONE},
            copies=furthest([figures.copies for figures in everybody.values()]),
        )

    def exchange(self, own: Figures) -> Fleet:
        """Writes these and reads everybody's: whoever asks next, anywhere, is told no less. Raises: OSError."""
        self.write(own)
        return self.read()

    def _everybody(self) -> dict[str, Figures]:
        living = {path.name: _get(path) for path in sorted(self.folder.glob("*-*")) if not path.suffix}
        # Read after the others: whoever was folded meanwhile is in here and must not be counted twice.
        gone = _get(self.folder / GONE)
        return {name: figures for name, figures in living.items() if name not in gone.folded} | {GONE: gone}


def fold(folder: Path, worker: int, pid: int) -> None:
    """The parent's: adds what an ended worker counted to what the others before it did."""
    path = folder / f"{worker}-{pid}"
    if path.exists():
        gone, ended = _get(folder / GONE), _get(path)
        both = Figures(
            counters=_summed([gone, ended]), copies=furthest([gone.copies, ended.copies]),
            folded=[*gone.folded, path.name],
        )  # fmt: skip
        _put(folder / GONE, both)
        path.unlink()


def _get(path: Path) -> Figures:
    with contextlib.suppress(OSError, ValueError, TypeError):
        return Figures(**json.loads(path.read_text()))
    return Figures()


def _put(path: Path, figures: Figures) -> None:
    part = path.with_suffix(".part")
    part.write_text(json.dumps(asdict(figures)))
    part.replace(path)
