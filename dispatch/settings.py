"""What one process runs with: one frozen class, built once, passed down.

All faults of the environment are reported together. docs/reference/settings.md is generated from the
metadata (tests/house/test_reference.py). Secrets have no default in code: `flare up` makes one beside
the database (mode 600).
"""

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote

T = TypeVar("T")


class BadSettings(Exception):
    """The environment can't be used; every fault is listed."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


def _flag(text: str) -> bool:
    table = {"1": True, "on": True, "yes": True, "true": True, "0": False, "off": False, "no": False, "false": False}
    try:
        return table[text.strip().lower()]
    except KeyError:
        raise ValueError("say on or off") from None


def _whole(text: str) -> int:
    if not text.strip().removeprefix("-").isdecimal():
        raise ValueError("a whole number")
    return int(text)


def _database(text: str) -> str:
    # Some providers write the short name, which no driver knows.
    address = "postgresql" + text.removeprefix("postgres") if text.startswith("postgres://") else text
    if not address.startswith(("postgresql://", "postgresql+psycopg://", "sqlite:///")):
        raise ValueError("postgresql://… or sqlite:///path")
    return address


def _port(text: str) -> int:
    port = _whole(text)
    if not 0 <= port <= 65_535:
        raise ValueError("a port is a number from 0 to 65535")
    return port


def _workers(text: str) -> int:
    workers = _whole(text)
    if not 1 <= workers <= 64:
        raise ValueError("between 1 and 64 workers")
    return workers


def _log(text: str) -> str:
    if text not in ("text", "json"):
        raise ValueError("say text or json")
    return text


def _hours(text: str) -> int:
    hours = _whole(text)
    if not 1 <= hours <= 168:
        raise ValueError("between 1 and 168 hours")
    return hours


def _phone(text: str) -> str:
    number = text.replace(" ", "").replace("-", "")
    if not (number.removeprefix("+").isascii() and number.removeprefix("+").isdigit() and 3 <= len(number) <= 16):
        raise ValueError("a phone number, with + and the country code")
    return number


def _currency(text: str) -> str:
    if not (len(text) == 3 and text.isascii() and text.isalpha()):
        raise ValueError("three letters, like USD or EUR")
    return text.upper()


def _addresses(text: str) -> tuple[str, ...]:
    listed = tuple(part.strip() for part in text.split(",") if part.strip())
    for part in listed:
        ipaddress.ip_network(part, strict=False)
    return listed


def _hosts(text: str) -> tuple[str, ...]:
    hosts = tuple(part.strip().lower() for part in text.split(",") if part.strip())
    for host in hosts:
        if not host.removeprefix("*.").replace("-", "").replace(".", "").isalnum() or "." not in host:
            raise ValueError(f"{host[:80]} is no host name")
    return hosts


def _contact(text: str) -> str:
    if not text.startswith(("mailto:", "https://")):
        raise ValueError("an address that begins with mailto: or https://")
    return text


def _prefixes(text: str) -> tuple[str, ...]:
    prefixes = tuple(part.strip().removeprefix("+") for part in text.split(",") if part.strip())
    for prefix in prefixes:
        if not (prefix.isascii() and prefix.isdigit() and len(prefix) <= 8 and prefix[0] != "0"):
            raise ValueError(f"{prefix[:80]} is no country code, nor the beginning of a number with one")
    return prefixes


def _web_address(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise ValueError("an address that begins with http:// or https://")
    return text


def _headers(text: str) -> tuple[tuple[str, str], ...]:
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    if not all(equals and name.strip() for name, equals, _ in pairs):
        raise ValueError("name=value, separated by commas")
    return tuple((name.strip(), unquote(value.strip())) for name, _, value in pairs)


def _setting(env: str, says: str, default: T, read: Callable[[str], T] = str) -> T:  # type: ignore[assignment]
    return field(default=default, metadata={"env": env, "read": read, "says": says})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One process's settings. Each field names its environment variable."""

    data: Path = _setting(
        "FLARE_DATA", "folder of the embedded database, its keys and its lock", Path("flare-data"), Path
    )
    database_url: str | None = _setting(
        "FLARE_DATABASE_URL",
        "postgresql://… or sqlite:///path; without it flare.db in the data folder",
        None,
        _database,
    )
    redis_url: str | None = _setting(
        "FLARE_REDIS_URL",
        "redis://… or unix://…: hints, positions and rate limits between workers; without it one process",
        None,
    )
    host: str = _setting("FLARE_HOST", "address to listen on", "127.0.0.1")
    port: int = _setting("FLARE_PORT", "port to listen on; 0 = any free one", 8000, _port)
    workers: int = _setting("FLARE_WORKERS", "processes on one port; more than one needs PostgreSQL", 1, _workers)
    log: str = _setting("FLARE_LOG", "how logs are written: text for people, json for machines", "text", _log)
    public_url: str | None = _setting(
        "FLARE_PUBLIC_URL", "how people reach this server: links begin with it, and only its pages may act", None
    )
    secret: str | None = _setting(
        "FLARE_SECRET",
        "key for ids and stored answers, 32 characters or more; made beside the database if absent",
        None,
    )
    keyring: Path | None = _setting(
        "FLARE_KEYRING",
        "file of the keys that wrap other keys, outside the database and its backups; without it beside flare.db, "
        "and on PostgreSQL worked out from the secret, where nothing can be shredded in old backups",
        None,
        Path,
    )
    trusted_proxies: tuple[str, ...] = _setting(
        "FLARE_TRUSTED_PROXIES", "addresses whose forwarded headers are believed, separated by commas", (), _addresses
    )
    limits: bool | None = _setting(
        "FLARE_LIMITS", "rate limits on or off; without it on, except for a direct loopback visitor", None, _flag
    )
    emergency_number: str | None = _setting(
        "FLARE_EMERGENCY_NUMBER", "number every screen names where the country is unknown", None
    )
    sms_number: str | None = _setting(
        "FLARE_SMS_NUMBER", "number that takes an ask by text message; offered on phones without signal", None, _phone
    )
    sms_url: str | None = _setting(
        "FLARE_SMS_URL",
        "gateway that takes text messages as a POST of {to, text}; without it no phone is checked by a code",
        None,
        _web_address,
    )
    sms_headers: tuple[tuple[str, str], ...] = _setting(
        "FLARE_SMS_HEADERS", "what it asks for to know you: name=value, separated by commas; a secret", (), _headers
    )
    sms_countries: tuple[str, ...] = _setting(
        "FLARE_SMS_COUNTRIES",
        "country codes, or longer beginnings of numbers, that texts may go to, separated by commas: 1,52,3468",
        (),
        _prefixes,
    )
    currency: str = _setting(
        "FLARE_CURRENCY",
        "what asks for money are counted in, by its ISO 4217 code; one of those with cents",
        "USD",
        _currency,
    )
    insecure_http: bool = _setting(
        "FLARE_INSECURE_HTTP", "allow plain http from other devices (no secure cookie, no service worker)", False, _flag
    )
    exact_kept_hours: int = _setting(
        "FLARE_EXACT_KEPT_HOURS", "hours after the close until exact places, phones and notes are erased", 72, _hours
    )
    push_hosts: tuple[str, ...] = _setting(
        "FLARE_PUSH_HOSTS",
        "push services that may be called, separated by commas; *. stands for anything before it",
        ("fcm.googleapis.com", "*.push.services.mozilla.com", "*.push.apple.com", "*.notify.windows.com"),
        _hosts,
    )
    push_contact: str | None = _setting(
        "FLARE_PUSH_CONTACT",
        "mailto: or https: address at which push services find you; without it the public address",
        None,
        _contact,
    )
    push_loopback: bool = _setting(
        "FLARE_PUSH_LOOPBACK", "also push to this machine, for a receiver of your own while developing", False, _flag
    )
    vapid_private_key: str | None = _setting(
        "FLARE_VAPID_PRIVATE_KEY",
        "key that signs pushes, 32 bytes in base64url; made beside the embedded database if absent, and on PostgreSQL "
        "worked out from the secret",
        None,
    )
    basemap: Path | None = _setting(
        "FLARE_BASEMAP",
        "PMTiles file with streets for the wall (OpenMapTiles or Protomaps layers); without it Flare's own map",
        None,
        Path,
    )
    otel_endpoint: str | None = _setting(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OpenTelemetry collector that takes traces as OTLP over HTTP; without it there are none",
        None,
        _web_address,
    )
    otel_headers: tuple[tuple[str, str], ...] = _setting(
        "OTEL_EXPORTER_OTLP_HEADERS", "what it asks for besides: name=value, separated by commas", (), _headers
    )
    otel_service: str = _setting("OTEL_SERVICE_NAME", "what this service is called in traces", "flare")
    waves: str = _setting("FLARE_WAVES", "wave policy (see docs/matching.md)", "paced")

    @property
    def shared(self) -> bool:
        """A database of its own server, whose workers must agree on every key; else the file of one machine."""
        return self.database_url is not None and not self.database_url.startswith("sqlite")

    @classmethod
    def read(cls, environ: Mapping[str, str], **given: object) -> "Settings":
        """The settings of an environment; what is given by hand goes first.

        `NAME_FILE` names a file that holds the value, for secrets.
        Raises: BadSettings with every fault at once.
        """
        values: dict[str, Any] = {}
        faults: list[str] = []
        for spec in fields(cls):
            env, read = spec.metadata["env"], spec.metadata["read"]
            text = environ.get(env)
            try:
                if env + "_FILE" in environ:
                    text = Path(environ[env + "_FILE"]).read_text().strip()
                if given.get(spec.name) is not None:
                    values[spec.name] = given[spec.name]
                elif text:
                    values[spec.name] = read(text)
            except (OSError, ValueError) as fault:
                faults.append(f"{env}: {fault}")
        secret = values.get("secret")
        if secret is not None and len(secret) < 32:
            faults.append("FLARE_SECRET: 32 characters or more")
        if values.get("sms_url") and not values.get("sms_countries"):
            faults.append("FLARE_SMS_COUNTRIES: say where texts may go: 1,52 for instance; each one costs money")
        if faults:
            raise BadSettings(faults)
        return cls(**values)
