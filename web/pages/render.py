"""A page as bytes: template, language, inlined style, the policy that names exactly that style, compressed.

Everything a template shows comes in as an argument; templates decide nothing about who may see what. Autoescaping is
always on. Invariant: no page has an inline script or a style attribute, so the policy can refuse both
(tests/pages/test_policy.py).
"""

import base64
import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import Request, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.routing import Match

from dispatch.domain import limits
from geo.emergency import emergency_number
from geo.gazetteer import gazetteer
from geo.point import Point
from web.pages import static
from web.pages.door import flare_of, new_key
from web.pages.speech import LANGUAGES, Speaker, choose, region_of, said, zone_named

LANG_COOKIE: Final = "flare-lang"
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'sha256-{hash}'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types {policies}"
)
STILL: Final = (
    "default-src 'none'; style-src 'sha256-{hash}'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""The policy of a page without script or form, which must be light."""
_PACK_FROM: Final = 600


@cache
def templates() -> Environment:
    """The one environment: escaping always on, an unknown name is a bug."""
    env = Environment(
        loader=PackageLoader("web.pages"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    env.globals.update(static=static.address, languages=LANGUAGES, said=said, Markup=Markup, limits=limits)
    return env


@cache
def style(*names: str) -> tuple[Markup, str]:
    """The styles joined and squeezed, and the hash by which the policy knows them."""
    folder = resources.files("web.pages").joinpath("style")
    text = "".join(folder.joinpath(f"{name}.css").read_text("utf-8") for name in names)
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    text = re.sub(r"\s*\n\s*", "", text).replace(": ", ":").replace("; ", ";").replace(", ", ",")
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return Markup(text), digest  # noqa: S704  # our own files


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who a page is written for: language, zone, the number to dial, what time it is."""

    speak: Speaker
    number: str
    now: datetime
    here: str
    """The address without its language, ready for `lang=` behind it."""
    miles: bool = False


def reader_of(request: Request, *, country: str | None = None, at: Point | None = None) -> Reader:
    """The reader behind a request. `country`, `at`: of the ask the page is about, where there is one."""
    flare = flare_of(request)
    accepted = request.headers.get("accept-language")
    lang = choose(request.query_params.get("lang"), request.cookies.get(LANG_COOKIE), accepted)
    region = country or region_of(accepted)
    zone = zone_named(gazetteer().nearest(at)[0].tz) if at is not None else zone_named("UTC")
    return Reader(
        speak=Speaker(lang, zone, flare.settings.currency),
        number=emergency_number(region, flare.settings.emergency_number),
        now=flare.clock.now(),
        here=_here(request),
        miles=region in {"US", "GB", "LR", "MM"},
    )


def _here(request: Request) -> str:
    if request.method not in ("GET", "HEAD"):
        return f"{_above(request)}?"
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
    return f"{request.url.path}?{urlencode(kept)}{'&' if kept else ''}"


def _above(request: Request) -> str:
    """The page a form was sent from, or the next one above it: an address that can be looked at."""
    path = request.url.path
    while path:
        asked = {**request.scope, "method": "GET", "path": path}
        if any(route.matches(asked)[0] is Match.FULL for route in request.app.router.routes):
            return path
        path = path.rpartition("/")[0]
    return "/"


def page(
    request: Request,
    reader: Reader,
    name: str,
    values: Mapping[str, Any],
    *,
    styles: tuple[str, ...] = (),
    status: int = 200,
    kept: str = "no-store",
    headers: Mapping[str, str] | None = None,
    base: str = "base",
    policy: str = POLICY,
    policies: str = "fragment",
) -> Response:
    """The page `name`.html with its values.

    `kept`: the Cache-Control; anything about a person stays `no-store`. `base`: the style under all others.
    `policies`: the Trusted Types policies its scripts may make.
    """
    css, digest = style(base, *styles)
    text = templates().get_template(f"{name}.html").render(words(reader) | {"css": css} | dict(values))
    told = {
        "Content-Security-Policy": policy.format(hash=digest, policies=policies),
        "Cache-Control": kept,
        "Content-Language": reader.speak.lang,
        # Not no-referrer: a browser would then post our own forms with "Origin: null", which is anybody's.
        "Referrer-Policy": "same-origin",
        "Vary": "Accept-Language, Accept-Encoding, Cookie",
        **(headers or {}),
    }
    response = packed(request, squeezed(text).encode(), told, status)
    asked = request.query_params.get("lang")
    if asked in LANGUAGES:
        response.headers.append("Set-Cookie", f"{LANG_COOKIE}={asked}; Path=/; Max-Age=31536000; SameSite=Lax")
    return response


def words(reader: Reader) -> dict[str, Any]:
    """What every template may say: the sentences, the number, the time, a fresh key."""
    speak = reader.speak
    return {
        "t": speak.t,
        "tn": speak.tn,
        "plain": speak.plain,
        "clock": speak.clock,
        "number_of": speak.number,
        "lang": speak.lang,
        "dir": speak.dir,
        "emergency": _spoken(reader),
        "emergency_first": reader.number.split()[0],
        "now": reader.now,
        "here": reader.here,
        "key": new_key,
    }


def _spoken(reader: Reader) -> Markup:
    """The number to dial; two of them as the language joins them."""
    first, _, second = reader.number.partition(" or ")
    return reader.speak.t("{one} or {two}", one=first, two=second) if second else Markup("{}").format(first)


def fragment(reader: Reader, name: str, values: Mapping[str, Any]) -> str:
    """The part of a page that is sent again when it changes: the same template the page includes."""
    return squeezed(templates().get_template(f"{name}.html").render(words(reader) | dict(values)))


def squeezed(text: str) -> str:
    """The markup without indents and empty lines: what is left is what is shown."""
    return re.sub(r"\n\s*", "\n", text).strip()


def packed(request: Request, body: bytes, headers: Mapping[str, str], status: int = 200) -> Response:
    """The bytes as HTML, compressed when the browser can read that."""
    told = {"Vary": "Accept-Encoding", **headers}
    if len(body) >= _PACK_FROM and "gzip" in request.headers.get("accept-encoding", ""):
        body = gzip.compress(body, 9, mtime=0)
        told["Content-Encoding"] = "gzip"
    return Response(body, status, told, "text/html; charset=utf-8")
