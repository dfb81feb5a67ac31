"""A disk that can lose its power or be full, under the real SQLite: every write, truncate and sync is seen.

SQLite opens files through a table of functions. While a Disk is entered, the table's xOpen is ours: it lets the
real one open the file, then puts xWrite, xTruncate and xSync in front of the file's own. So the real library, the
real store and its threads run, and what had been synced at any moment is known exactly.
"""

import ctypes
import ctypes.util
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final

FULL: Final = 13
"""SQLITE_FULL."""
SECTOR: Final = 512
_POINTER = ctypes.sizeof(ctypes.c_void_p)
_VFS_OPEN = 40
_METHODS = 19
_WRITE, _TRUNCATE, _SYNC = 3, 4, 5
_OPEN = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)
_XWRITE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int64)
_XTRUNCATE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int64)
_XSYNC = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int)

Op = tuple[Any, ...]


@dataclass
class Disk:
    """What was done to it, in order: ("w", file, offset, bytes), ("t", file, size), ("s", file), ("ack", what)."""

    ops: list[Op] = field(default_factory=list)
    room: int | None = None
    """Bytes that files may still grow by; None = no end."""
    _sizes: dict[str, int] = field(default_factory=dict)
    _names: dict[int, str] = field(default_factory=dict)
    _kept: list[Any] = field(default_factory=list)
    _tables: dict[int, Any] = field(default_factory=dict)

    def __enter__(self) -> "Disk":
        """From now on files are opened through it."""
        library = ctypes.CDLL(ctypes.util.find_library("sqlite3") or "libsqlite3.so.0")
        library.sqlite3_vfs_find.restype = ctypes.c_void_p
        self._slot = ctypes.c_void_p.from_address(library.sqlite3_vfs_find(None) + _VFS_OPEN)
        self._before = self._slot.value or 0
        real = _OPEN(self._before)

        # The name goes on as the pointer it is: SQLite keeps it, and reads in front of it.
        def opened(vfs: int, name: int | None, file: int, flags: int, out: int) -> int:
            code = int(real(vfs, name, file, flags, out))
            if code == 0 and name:
                self._names[file] = Path(ctypes.string_at(name).decode()).name
                self._put_in_front(file)
            return code

        ours = _OPEN(opened)
        self._kept.append(ours)
        self._slot.value = ctypes.cast(ours, ctypes.c_void_p).value
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Files that are open stay as they are; new ones are the system's own again."""
        self._slot.value = self._before

    def _put_in_front(self, file: int) -> None:
        methods = ctypes.c_void_p.from_address(file)
        where = methods.value or 0
        if where not in self._tables:
            table = (ctypes.c_void_p * _METHODS).from_buffer_copy(ctypes.string_at(where, _METHODS * _POINTER))
            write, truncate, sync = (
                _XWRITE(table[_WRITE] or 0),
                _XTRUNCATE(table[_TRUNCATE] or 0),
                _XSYNC(table[_SYNC] or 0),
            )

            def xwrite(f: int, data: int, amount: int, offset: int) -> int:
                name = self._names[f]
                if not self._fits(name, offset + amount):
                    return FULL
                self.ops.append(("w", name, offset, ctypes.string_at(data, amount)))
                return int(write(f, data, amount, offset))

            def xtruncate(f: int, size: int) -> int:
                self.ops.append(("t", self._names[f], size))
                return int(truncate(f, size))

            def xsync(f: int, flags: int) -> int:
                code = int(sync(f, flags))
                self.ops.append(("s", self._names[f]))
                return code

            held = (_XWRITE(xwrite), _XTRUNCATE(xtruncate), _XSYNC(xsync))
            for index, function in zip((_WRITE, _TRUNCATE, _SYNC), held, strict=True):
                table[index] = ctypes.cast(function, ctypes.c_void_p).value
            self._kept += [table, write, truncate, sync, *held]
            self._tables[where] = table
        methods.value = ctypes.addressof(self._tables[where])

    def _fits(self, name: str, end: int) -> bool:
        grows = end - self._sizes.get(name, 0)
        if grows > 0:
            if self.room is not None:
                if grows > self.room:
                    return False
                self.room -= grows
            self._sizes[name] = end
        return True


def power_cuts(ops: list[Op], at: list[int], luck: random.Random) -> Iterator[tuple[dict[str, bytes], set[Any]]]:
    """What the disk holds after losing power at each of those moments, and what had been acknowledged by then.

    Synced writes are there. Of the others each is there, lost, or torn sector by sector.
    """
    durable: dict[str, bytearray] = {}
    waiting: dict[str, list[Op]] = {}
    acked: set[Any] = set()
    cuts = iter(sorted(at))
    cut = next(cuts, None)
    for number, op in enumerate(ops):
        if number == cut:
            yield (
                {name: bytes(after(image, waiting.get(name, []), luck)) for name, image in durable.items()},
                set(acked),
            )
            cut = next(cuts, None)
        if op[0] == "ack":
            acked.add(op[1])
            continue
        image = durable.setdefault(op[1], bytearray())
        if op[0] == "s":
            for each in waiting.pop(op[1], []):
                apply(image, each)
        else:
            waiting.setdefault(op[1], []).append(op)


def after(image: bytearray, waiting: list[Op], luck: random.Random) -> bytearray:
    """The file after the power was lost while these writes were on their way."""
    left = bytearray(image)
    for op in waiting:
        fate = luck.random()
        if fate < 0.4:
            apply(left, op)
        elif fate < 0.6 and op[0] == "w":
            for start in range(0, len(op[3]), SECTOR):
                if luck.random() < 0.5:
                    apply(left, ("w", op[1], op[2] + start, op[3][start : start + SECTOR]))
    return left


def apply(image: bytearray, op: Op) -> None:
    """One write or truncate."""
    if op[0] == "t":
        del image[op[2] :]
        return
    offset, data = op[2], op[3]
    if len(image) < offset:
        image.extend(bytes(offset - len(image)))
    image[offset : offset + len(data)] = data
