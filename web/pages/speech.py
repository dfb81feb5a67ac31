"""What a page says, in the reader's language: whole sentences with named places, never glued from halves.

The catalogues (web/pages/locale/*.json) map the English sentence to its translation; a plural is one entry under
"one|other". A sentence that is not translated yet is shown in English and marked so (lang, dir), never guessed.
Pure but for reading the catalogues once. Values are escaped here; words people typed go through `said`.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from importlib import resources
from typing import Final
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

LANGUAGES: Final[dict[str, str]] = {"en": "English", "es": "Español", "ar": "العربية"}
RIGHT_TO_LEFT: Final = frozenset({"ar"})
_WANTED: Final = re.compile(r"^\s*([A-Za-z]{2,3})(?:-[A-Za-z0-9]+)*\s*(?:;\s*q=([0-9.]+))?\s*$")
_REGION: Final = re.compile(r"\b[a-z]{2,3}(?:-[A-Z][a-z]{3})?-([A-Z]{2})\b")


@cache
def catalogue(lang: str) -> Mapping[str, str | list[str]]:
    """Every sentence of a language by its English one; a plural has one form for each count."""
    text = resources.files("web.pages").joinpath("locale", f"{lang}.json").read_text("utf-8")
    return dict(json.loads(text))


def choose(asked: str | None, cookie: str | None, accepted: str | None) -> str:
    """The language of a page: `?lang`, else the cookie, else what the browser accepts, else English."""
    for named in (asked, cookie):
        if named in LANGUAGES:
            return named
    wanted = []
    for part in (accepted or "")[:200].split(","):
        if found := _WANTED.match(part):
            try:
                wanted.append((float(found[2] or 1), found[1].lower()))
            except ValueError:
                continue
    ranked = sorted(wanted, key=lambda each: -each[0])
    return next((lang for _, lang in ranked if lang in LANGUAGES), "en")


def region_of(accepted: str | None) -> str | None:
    """The country a browser names first ("es-MX" is MX); None when it names none."""
    found = _REGION.search((accepted or "")[:200])
    return found[1] if found else None


def clocked(span: timedelta) -> str:
    """How long, as a clock shows it: "4:12", "1:04:12"."""
    whole = max(0, int(span.total_seconds()))
    minutes, seconds = whole // 60 % 60, whole % 60
    return f"{whole // 3600}:{minutes:02}:{seconds:02}" if whole >= 3600 else f"{whole // 60}:{seconds:02}"


def said(text: object) -> Markup:
    """Words a person typed, kept apart from the direction of the sentence around them."""
    return Markup("<bdi>{}</bdi>").format(text)


@dataclass(frozen=True, slots=True)
class Speaker:
    """Says things in one language, and times in one place's zone."""

    lang: str
    zone: tzinfo = UTC
    currency: str = "USD"
    """What amounts of money are counted in."""

    @property
    def dir(self) -> str:
        """Which way the language runs."""
        return "rtl" if self.lang in RIGHT_TO_LEFT else "ltr"

    def _found(self, key: str) -> str | list[str] | None:
        return None if self.lang == "en" else catalogue(self.lang).get(key)

    def t(self, sentence: str, **values: object) -> Markup:
        """The sentence with its values; English and marked as such when it is not translated yet."""
        found = self._found(sentence)
        text = Markup(found if isinstance(found, str) else sentence).format(**values)  # noqa: S704  # ours
        return text if found or self.lang == "en" else self._foreign(text)

    def tn(self, one: str, other: str, n: int, **values: object) -> Markup:
        """The sentence for so many; `{n}` is the number as the language writes it."""
        forms = self._found(f"{one}|{other}")
        chosen = one if n == 1 else other
        if isinstance(forms, list):
            chosen = forms[min(_plural(self.lang, n), len(forms) - 1)]
        text = Markup(chosen).format(n=self.number(n), **values)  # noqa: S704  # our own sentences
        return text if forms or self.lang == "en" else self._foreign(text)

    def plain(self, sentence: str, **values: object) -> str:
        """The sentence as bare text, for attributes and titles."""
        return self.t(sentence, **values).striptags()

    def _foreign(self, text: Markup) -> Markup:
        return Markup('<span lang="en" dir="ltr">{}</span>').format(text)

    def number(self, value: int) -> str:
        """A whole number, with the language's mark between thousands."""
        text = f"{value:,}"
        return text.replace(",", ".") if self.lang == "es" else text

    def clock(self, moment: datetime | None) -> Markup:
        """A time of day, which a script may put into the reader's own zone; "" for none."""
        if moment is None:
            return Markup("")
        iso = moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        return Markup('<time datetime="{}">{:%H:%M}</time>').format(iso, _Formattable(moment.astimezone(self.zone)))

    def ago(self, moment: datetime, now: datetime) -> Markup:
        """How long ago, in one unit."""
        minutes = max(0, int((now - moment).total_seconds() // 60))
        if minutes < 1:
            return self.t("just now")
        if minutes < 60:
            return self.tn("{n} min ago", "{n} min ago", minutes)
        if minutes < 48 * 60:
            return self.tn("{n} hour ago", "{n} hours ago", minutes // 60)
        return self.tn("{n} day ago", "{n} days ago", minutes // 1440)

    def about(self, minutes: int) -> Markup:
        """About how long something takes."""
        if minutes < 90:
            return self.t("about {n} min", n=max(1, minutes))
        return self.tn("about {n} hour", "about {n} hours", round(minutes / 60))


class _Formattable:
    """A date inside Markup.format, which would otherwise not take a format."""

    def __init__(self, moment: datetime) -> None:
        self._moment = moment

    def __html_format__(self, spec: str) -> str:
        return str(escape(self._moment.strftime(spec)))


def _plural(lang: str, n: int) -> int:
    """Which form a number takes: one, other; Arabic has six."""
    if lang != "ar":
        return 0 if n == 1 else 1
    if n < 3:
        return n
    return 3 if 3 <= n % 100 <= 10 else 4 if n % 100 >= 11 else 5


@cache
def zone_named(name: str) -> tzinfo:
    """The time zone of that name; UTC when this machine does not know it."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC
