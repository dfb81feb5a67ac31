"""What `flare doctor` looks at: this machine, the database, the settings; each with what to do about it."""

import os
import socket
import sqlite3
import ssl
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from dispatch.clock import MachineClock
from dispatch.runtime import database_of, folder_of
from dispatch.settings import Settings

SAFE_SQLITE = (3, 51, 3)
SLOW_FSYNC_MS = 20.0
FEW_FILES = 4_096
FSYNCS = 20
REACH_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the examination. `wrong`: Flare will not run well until it is mended."""

    what: str
    says: str
    wrong: bool = False

    @property
    def mark(self) -> str:
        """A tick or a cross."""
        return "✗" if self.wrong else "✓"


def examine(settings: Settings) -> list[Finding]:
    """Everything that was looked at, in order."""
    return list(_findings(settings))


def _findings(settings: Settings) -> Iterator[Finding]:
    version = sqlite3.sqlite_version_info
    note = "" if version >= SAFE_SQLITE else "; older than 3.51.3: never open the file with another writer"
    yield Finding(what="SQLite", says=sqlite3.sqlite_version + note)
    url = database_of(settings)
    yield Finding(what="database", says=url.split("@")[-1])
    if settings.shared:
        yield _postgres(url)
        yield _shared_keyring(settings)
    else:
        yield from _folder(folder_of(settings))
        yield _database(Path(url.removeprefix("sqlite:///")))
    yield from _audit(settings)
    yield from _habits(settings)
    if settings.redis_url:
        yield _redis(settings.redis_url)
    if settings.push_contact is None and not (settings.public_url or "").startswith("https://"):
        yield Finding(what="push", says="no FLARE_PUSH_CONTACT and no public https address: some services refuse then")
    yield _texts(settings)
    yield _open_files()
    yield _clock()


def _folder(folder: Path) -> Iterator[Finding]:
    if not folder.exists():
        yield Finding(what="folder", says=f"{folder} does not exist yet; it is made at the first start")
        return
    try:
        milliseconds = _fsync_ms(folder)
    except OSError as error:
        yield Finding(what="folder", says=f"{folder}: {error.strerror}; name another with FLARE_DATA", wrong=True)
        return
    slow = milliseconds > SLOW_FSYNC_MS
    advice = "; every write waits for it: use a faster disk" if slow else ""
    yield Finding(what="fsync", says=f"{milliseconds:.2f} ms in {folder}{advice}")
    secret = folder / "secret"
    yield _keyring(folder / "flare.db.keys")
    for held in (secret, folder / "vapid"):
        if held.exists() and held.stat().st_mode & 0o077:
            yield Finding(what=held.name, says=f"{held} can be read by others: chmod 600 {held}", wrong=True)


def _keyring(path: Path) -> Finding:
    from dispatch.store.errors import StoreUnavailable
    from dispatch.store.keyring import Keyring, Ring

    if not path.exists():
        return Finding(what="keyring", says="none yet; it is made with the first place to seal")
    try:
        days = Keyring.in_file(path).days(Ring.REQUEST)
    except StoreUnavailable as fault:
        return Finding(what="keyring", says=str(fault), wrong=True)
    return Finding(what="keyring", says=f"{path.name}, {len(days)} day keys for requests; never put it into a backup")


def _shared_keyring(settings: Settings) -> Finding:
    """On a shared database the day keys must lie apart, in a file that every worker reaches."""
    if settings.keyring is not None:
        return _keyring(settings.keyring)
    says = (
        "no FLARE_KEYRING: day keys are worked out from FLARE_SECRET, so whoever has it and an old backup reads what "
        "was erased; name a file outside the database that every machine shares"
    )
    return Finding(what="keyring", says=says, wrong=True)


def _said(checked: int, broken: int | None) -> Finding:
    if broken is not None:
        says = f"the chain is broken at row {broken:,}: {checked:,} rows before it hold; somebody changed the database"
        return Finding(what="audit", says=says, wrong=True)
    return Finding(what="audit", says=f"{checked:,} rows chained, all of them hold")


def _audit(settings: Settings) -> Iterator[Finding]:
    """Read over a connection of our own, beside a running server."""
    from dispatch.store.audit import chain_in
    from dispatch.store.errors import StoreUnavailable

    try:
        checked, broken = chain_in(database_of(settings))
    except StoreUnavailable:
        return  # said above
    yield _said(checked, broken)


def _habits(settings: Settings) -> Iterator[Finding]:
    """What the matcher has learned of people here, in words; counts of nobody."""
    from dispatch.domain.habits import habits_of
    from dispatch.store.beside import beside
    from dispatch.store.errors import StoreUnavailable
    from dispatch.store.past import StoredPast

    try:
        with beside(database_of(settings)) as link:
            past = StoredPast(link).ended(MachineClock().now())
    except StoreUnavailable:
        return  # said above
    yield Finding(what="people here", says=habits_of(past).words())


def _fsync_ms(folder: Path) -> float:
    """Median time of one durable write, in milliseconds."""
    times = []
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        for _ in range(FSYNCS):
            file.write(b"x" * 4096)
            file.flush()
            start = time.perf_counter()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - start)
    return sorted(times)[len(times) // 2] * 1000


def _database(path: Path) -> Finding:
    if not path.exists():
        return Finding(what="revision", says="no database yet; it is made at the first start")
    from dispatch.store.schema import REVISIONS

    try:
        raw = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        (found,) = raw.execute("SELECT version_num FROM alembic_version").fetchone()
        raw.close()
    except (sqlite3.Error, TypeError) as error:
        return Finding(what="revision", says=f"{path} can't be read as a Flare database ({error})", wrong=True)
    if found not in REVISIONS:
        return Finding(what="revision", says=f"{found} is of a newer Flare: update Flare", wrong=True)
    behind = "" if found == REVISIONS[-1] else f"; `flare migrate` brings it to {REVISIONS[-1]}"
    return Finding(what="revision", says=found + behind)


def _postgres(url: str) -> Finding:
    import psycopg

    try:
        with psycopg.connect(url.replace("+psycopg", ""), connect_timeout=5) as link:
            names = ("server_version", "fsync", "synchronous_commit", "full_page_writes")
            shown = {name: (link.execute(f"SHOW {name}").fetchone() or ("?",))[0] for name in names}
    except psycopg.Error as error:
        return Finding(what="PostgreSQL", says=f"can't be reached: {error}".strip(), wrong=True)
    unsafe = [name for name in names[1:] if shown[name] == "off"]
    says = ", ".join(f"{name} {value}" for name, value in shown.items())
    return Finding(
        what="PostgreSQL", says=says + (f"; switch on {', '.join(unsafe)}" if unsafe else ""), wrong=bool(unsafe)
    )


def _redis(url: str) -> Finding:
    from dispatch.bus import over_redis

    says, well = over_redis.answers(url)
    return Finding(what="Redis", says=says, wrong=not well)


def _texts(settings: Settings) -> Finding:
    """Whether somebody answers at the gateway's door; nothing is sent, so a wrong secret stays unseen."""
    if settings.sms_url is None:
        return Finding(what="texts", says="no FLARE_SMS_URL: no phone is checked by a code")
    at = urlsplit(settings.sms_url)
    host, sealed = at.hostname or "", at.scheme == "https"
    try:
        with socket.create_connection((host, at.port or (443 if sealed else 80)), timeout=REACH_S) as line:
            if sealed:
                ssl.create_default_context().wrap_socket(line, server_hostname=host).close()
    except OSError as error:
        return Finding(what="texts", says=f"the gateway of FLARE_SMS_URL can't be reached: {error}", wrong=True)
    says = f"{host} answers; to numbers that begin with +{', +'.join(settings.sms_countries)}"
    return Finding(what="texts", says=says + ("" if sealed else "; without https others on the way can read them"))


def _open_files() -> Finding:
    try:
        import resource
    except ImportError:
        return Finding(what="open files", says="this system does not say")
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    few = soft < FEW_FILES
    return Finding(
        what="open files", says=f"{soft:,}" + ("; for many watchers raise it: ulimit -n 65536" if few else "")
    )


def _clock() -> Finding:
    year = time.gmtime().tm_year
    wrong = not 2024 <= year <= 2100
    return Finding(what="clock", says=time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()), wrong=wrong)
