"""Moments as whole microseconds since 1970: one number, exact, the same on both engines."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)


def micros(moment: datetime) -> int:
    """The moment as stored. Raises: TypeError for a naive one."""
    return (moment - _EPOCH) // _MICRO


def micros_or_none(moment: datetime | None) -> int | None:
    """The moment as stored, or nothing."""
    return None if moment is None else (moment - _EPOCH) // _MICRO


def moment(stored: int) -> datetime:
    """The stored moment, aware, UTC."""
    return _EPOCH + timedelta(microseconds=stored)


def moment_or_none(stored: int | None) -> datetime | None:
    """The stored moment, or nothing."""
    return None if stored is None else _EPOCH + timedelta(microseconds=stored)


def seconds(stored: Sequence[int | None]) -> NDArray[np.float64]:
    """Stored moments as seconds since 1970, NaN for none."""
    return np.asarray([np.nan if each is None else each / 1e6 for each in stored], dtype=np.float64)
