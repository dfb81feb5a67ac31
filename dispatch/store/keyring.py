"""Day keys, kept outside the database and its backups: they wrap the key of each request and person.

What a day key wrapped can't be read once that key is destroyed, in whatever copy it lies: that is
how a place is erased from backups, too (docs/security.md, "Erasing"). One JSON file, mode 0600,
replaced as a whole; several processes of one machine share it under a file lock.
Invariant: nothing wrapped by a destroyed key is ever readable again (tests/safety/test_erasure.py).
"""

import contextlib
import hashlib
import hmac
import json
import os
import secrets
import threading
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from dispatch.store.errors import StoreUnavailable

NONCE: Final = 12
KEY: Final = 32
DAY: Final = 86_400_000_000
"""Microseconds."""


class Ring(StrEnum):
    """Whose keys: a request's are short-lived, a person's live as long as backups do."""

    REQUEST = "request"
    PERSON = "person"
    HOUSE = "house"
    """One key that is never destroyed and wraps nothing: a keyring is told from others by it."""


WORKED_OUT_DAYS: Final = 400
"""How long a site may have been switched off before its keys get a file."""
KEPT_DAYS: Final = {Ring.REQUEST: 4, Ring.PERSON: 35}
"""A day key older than this is destroyed; everything alive was wrapped anew long before."""


class KeyGone(Exception):
    """The key was destroyed, or never was in this keyring."""


def day_of(micros: int) -> int:
    """The day of a moment, counted from 1970."""
    return micros // DAY


def seal(key: bytes, plain: bytes, bound: bytes) -> bytes:
    """Encrypted with a fresh nonce, and bound to a name: put elsewhere it can't be read."""
    nonce = os.urandom(NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound)


def unseal(key: bytes, sealed: bytes, bound: bytes) -> bytes:
    """What was sealed. Raises: KeyGone for another key, another name or changed bytes."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], bound)
    except InvalidTag:
        raise KeyGone from None


class Keyring:
    """Day keys by ring and day. Thread-safe."""

    def __init__(self, path: Path | None, secret: str | None = None) -> None:
        self._path, self._secret = path, secret
        self._lock = threading.Lock()
        self._keys: dict[tuple[Ring, int], bytes] = {}
        self._gone: set[tuple[Ring, int]] = set()
        if path is not None:
            self._read()

    @classmethod
    def in_file(cls, path: Path) -> Self:
        """The keyring of that file; it is made with the first key.

        Raises: StoreUnavailable for a file that is no keyring or can be read by others.
        """
        return cls(path)

    @classmethod
    def derived(cls, secret: str) -> Self:
        """Keys worked out from a secret, for tests and tools without a folder: none can really be destroyed."""
        return cls(None, secret)

    def wrap(self, ring: Ring, day: int, plain: bytes, bound: bytes) -> bytes:
        """Sealed by that day's key, which is made if there is none yet."""
        return seal(self._made(ring, day), plain, bound)

    def unwrap(self, ring: Ring, day: int, wrapped: bytes, bound: bytes) -> bytes:
        """What was wrapped. Raises: KeyGone."""
        return unseal(self._held(ring, day), wrapped, bound)

    def mark(self, day: int, text: str) -> bytes:
        """A name for a text that can be looked up that day and guessed by nobody without the keyring."""
        return hmac.new(self._made(Ring.REQUEST, day), b"mark:" + text.encode(), hashlib.sha256).digest()[:16]

    @property
    def name(self) -> bytes:
        """What every worker with the same keys calls this keyring; nothing is read out of it."""
        return hmac.new(self._made(Ring.HOUSE, 0), b"flare keyring", hashlib.sha256).digest()[:16]

    @property
    def in_a_file(self) -> bool:
        """Its keys are of chance, and can really be destroyed."""
        return self._path is not None

    def lasting_mark(self, day: int, text: str) -> str:
        """As `mark`, by a key that lives as long as a person's: it has to be made anew only once in that time."""
        return hmac.new(self._made(Ring.PERSON, day), b"mark:" + text.encode(), hashlib.sha256).hexdigest()[:32]

    def lasting_marks(self, day: int, text: str) -> list[str]:
        """Every such mark of that text that can still be there, of that day and all before it."""
        newest = self.lasting_mark(day, text)
        worked_out = range(day - KEPT_DAYS[Ring.PERSON], day)
        before = worked_out if self._path is None else [each for each in self.days(Ring.PERSON) if each < day]
        return [newest, *(self.lasting_mark(each, text) for each in before if (Ring.PERSON, each) not in self._gone)]

    def marks(self, day: int, text: str) -> list[bytes]:
        """Today's mark and yesterday's."""
        found = [self.mark(day, text)]
        with contextlib.suppress(KeyGone):
            self._held(Ring.REQUEST, day - 1)
            found.append(self.mark(day - 1, text))
        return found

    def salted(self, day: int, secret: str, info: bytes, *, make: bool) -> bytes:
        """A key out of a secret and that day's key. Raises: KeyGone when `make` is false and there is none."""
        salt = self._made(Ring.REQUEST, day) if make else self._held(Ring.REQUEST, day)
        return HKDF(algorithm=SHA256(), length=KEY, salt=salt, info=info).derive(secret.encode())

    @property
    def fresh(self) -> bool:
        """A file that holds no day's key yet."""
        return self._path is not None and self._empty()

    def _empty(self) -> bool:
        return all(ring is Ring.HOUSE for ring, _ in self._keys)

    def take_over(self, keys: Mapping[tuple[Ring, int], bytes]) -> None:
        """Holds these, too, of a site whose keys were elsewhere before. A file that holds any stays as it is."""
        with self._lock, self._alone():
            self._reread()
            if self._empty():
                self._keys |= keys
                self._write()

    def move_to(self, other: "Keyring") -> None:
        """Every key is in the other file from now on, and in this one no more."""
        if self._path is None or self.fresh:
            return
        other.take_over(self._keys)
        with self._lock, self._alone():
            _put(self._path, "{}")
            self._path.unlink()

    def days(self, ring: Ring) -> list[int]:
        """The days there are keys for."""
        with self._lock:
            return sorted(day for name, day in self._keys if name == ring)

    def destroy(self, ring: Ring, before: int) -> list[int]:
        """Destroys the keys of earlier days; which ones those were."""
        with self._lock, self._alone():
            self._reread()
            gone = sorted(day for name, day in self._keys if name == ring and day < before)
            for day in gone:
                del self._keys[ring, day]
                self._gone.add((ring, day))
            if gone:
                self._write()
            return gone

    def copy_to(self, path: Path) -> None:
        """Writes the keys there, mode 0600."""
        with self._lock:
            _put(path, self._text())

    # -- inside -----------------------------------------------------------------------------------

    def _held(self, ring: Ring, day: int) -> bytes:
        key = self._keys.get((ring, day))
        if key is None and self._secret is not None and (ring, day) not in self._gone:
            return self._made(ring, day)
        if key is None and self._path is not None:
            with self._lock:
                self._reread()  # another process may have made it
            key = self._keys.get((ring, day))
        if key is None:
            raise KeyGone
        return key

    def _made(self, ring: Ring, day: int) -> bytes:
        key = self._keys.get((ring, day))
        if key is not None:
            return key
        with self._lock, self._alone():
            self._reread()
            if (ring, day) not in self._keys:
                self._keys[ring, day] = self._new(ring, day)
                self._write()
            return self._keys[ring, day]

    def _new(self, ring: Ring, day: int) -> bytes:
        return secrets.token_bytes(KEY) if self._secret is None else _worked_out(self._secret, ring, day)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """No other process changes the file meanwhile."""
        if self._path is None:
            yield
            return
        import fcntl

        handle = os.open(self._path.with_name(self._path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _reread(self) -> None:
        if self._path is not None:
            self._read()

    def _read(self) -> None:
        path = self._path
        if path is None or not path.exists():
            return
        if path.stat().st_mode & 0o077:
            raise StoreUnavailable(f"{path} can be read by others: chmod 600 {path}")
        try:
            held = json.loads(path.read_text())
            self._keys = {
                (Ring(ring), int(day)): bytes.fromhex(key) for ring, days in held.items() for day, key in days.items()
            }
        except (ValueError, AttributeError, TypeError) as fault:
            raise StoreUnavailable(f"{path} is not a keyring. Put back the file that `flare backup` wrote.") from fault

    def _text(self) -> str:
        rings: dict[str, dict[str, str]] = {}
        for (ring, day), key in sorted(self._keys.items()):
            rings.setdefault(str(ring), {})[str(day)] = key.hex()
        return json.dumps(rings, indent=1)

    def _write(self) -> None:
        if self._path is not None:
            _put(self._path, self._text())


def _worked_out(secret: str, ring: Ring, day: int) -> bytes:
    info = f"flare keyring 1 {ring} {day}".encode()
    return HKDF(algorithm=SHA256(), length=KEY, salt=None, info=info).derive(secret.encode())


def worked_out(secret: str, today: int) -> dict[tuple[Ring, int], bytes]:
    """The keys that a site without a file used until today: a file of its own takes them over.

    They end as all do, when what is alive was wrapped anew; so there may be more days than are kept.
    """
    days = range(today - WORKED_OUT_DAYS, today + 1)
    return {(ring, day): _worked_out(secret, ring, day) for ring in KEPT_DAYS for day in days}


def _put(path: Path, text: str) -> None:
    """Replaces a file as a whole, and overwrites the bytes of the one before: they held a key."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    old = os.open(path, os.O_RDWR | os.O_CLOEXEC) if path.exists() else None
    part.replace(path)
    if old is not None:
        os.pwrite(old, b"\0" * os.fstat(old).st_size, 0)
        os.fsync(old)
        os.close(old)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
