"""Where tests write. Never where anything must last: it is gone with the machine, and with the tests that passed.

In memory where there is room: thousands of small files, each synced, wait for a disk that others use as well. What a
disk does to us when it fails or is full is shown by one of our own (tests/faults/disk.py), wherever the files lie.
"""

import shutil
from pathlib import Path
from typing import Final

MEMORY: Final = Path("/dev/shm")
ROOM: Final = 4 << 30
"""Bytes that must be free: containers often have 64 MB there, the engines' files alone need more."""


def scratch() -> Path | None:
    """The folder in memory, or None where there is none with so much room."""
    return MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ROOM else None
