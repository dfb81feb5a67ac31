"""The files a page asks for beside itself: named by what is in them, so that they can be kept for ever.

Scripts are sent as they were written, less comment lines; what they import gets its mark, so no module can be older
than the one that asks for it. The wall's map is built (web/built.py) and lies beside, packed beforehand; archives of
tiles are read by range. Read once; only names found in the folder are served, nothing of a path is looked up on disk.
"""

import gzip
import hashlib
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse

from dispatch.domain.errors import NotFound
from web import built
from web.pages import tiles
from web.pages.door import flare_of

TYPES: Final = {
    "js": "text/javascript; charset=utf-8",
    "mjs": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
    "webmanifest": "application/manifest+json",
    "woff2": "font/woff2",
}
KEPT: Final = "public, max-age=31536000, immutable"
ASKED_AGAIN: Final = "public, max-age=600"
TILES: Final = "application/vnd.pmtiles"
_IMPORTED: Final = re.compile(r"""(?<=["'])\.{1,2}/[\w./-]+\.js(?=["'])""")

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class File:
    """One file: its bytes, packed where that saves something, and the mark of its content."""

    body: bytes
    packed: bytes | None
    mark: str
    type: str
    brotli: bytes | None = None

    @property
    def smallest(self) -> int:
        """Bytes on the wire for a browser of today."""
        return min(len(each) for each in (self.body, self.packed, self.brotli) if each is not None)


@cache
def files() -> dict[str, File]:
    """Every file of web/static by its path there; what is built is in `built_files`."""
    raw = _raw()
    found: dict[str, File] = {}

    def marked(name: str, asking: tuple[str, ...] = ()) -> File:
        if name in asking:
            raise ValueError(f"scripts that import each other in a circle have no mark: {' -> '.join((*asking, name))}")
        if name not in found:
            body = raw[name]
            if name.endswith(".js"):
                body = _IMPORTED.sub(lambda told: _with_mark(name, told[0], (*asking, name)), body.decode()).encode()
            packed = gzip.compress(body, 9, mtime=0)
            mark = hashlib.sha256(body).hexdigest()[:10]
            found[name] = File(body, packed if len(packed) < len(body) * 0.9 else None, mark, _type(name))
        return found[name]

    def _with_mark(importer: str, told: str, asking: tuple[str, ...]) -> str:
        name = _imported(importer, told)
        return f"{told}?v={marked(name, asking).mark}" if name in raw else told

    for name in raw:
        marked(name)
    return found


@lru_cache(maxsize=1)
def built_files(mark: str) -> dict[str, File]:
    """What was built under that mark, by name: packed there already, smaller than while a browser waits."""

    def beside(path: Path, end: str) -> bytes | None:
        packed = path.with_name(path.name + end)
        return packed.read_bytes() if packed.is_file() else None

    return {
        path.name: File(path.read_bytes(), beside(path, ".gz"), mark, _type(path.name), beside(path, ".br"))
        for path in (sorted(built.FOLDER.iterdir()) if mark else ())
        if _type(path.name)
    }


@cache
def _raw() -> dict[str, bytes]:
    """Every file of web/static as it is sent, imports still without marks."""
    found = dict(_within(resources.files("web").joinpath("static"), ""))
    return {
        name: small_script(body.decode()).encode() if name.endswith(".js") else body for name, body in found.items()
    }


def _within(folder: Traversable, before: str) -> Iterator[tuple[str, bytes]]:
    for each in sorted(folder.iterdir(), key=lambda one: one.name):
        if each.is_dir() and each.name != built.FOLDER.name:
            yield from _within(each, f"{before}{each.name}/")
        elif each.is_file() and _type(each.name):
            yield before + each.name, each.read_bytes()


def _imported(importer: str, told: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(importer), told))


def _type(name: str) -> str:
    return TYPES.get(name.rpartition(".")[2], "")


def small_script(text: str) -> str:
    """The script without its comment lines and indents: a third less to send, and still readable."""
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith(("//", "/*", "*")))


def address(name: str) -> str:
    """Where a page finds the file: a name that changes with its content."""
    return f"/static/{name}?v={files()[name].mark}"


def given(request: Request, file: File | None, asked_as: str | None) -> Response:
    """The file as a response. `asked_as`: the mark in its address; with the right one it is kept for ever.

    Raises: NotFound.
    """
    if file is None:
        raise NotFound("file")
    wanted = {each.split(";")[0].strip() for each in request.headers.get("accept-encoding", "").split(",")}
    codings = {"br": file.brotli, "gzip": file.packed}
    coding = next((name for name, body in codings.items() if body is not None and name in wanted), None)
    # One mark a representation: a cache that holds two must not take one for the other.
    etag = f'"{file.mark}-{coding}"' if coding else f'"{file.mark}"'
    told = {"Cache-Control": KEPT if asked_as == file.mark else ASKED_AGAIN, "Vary": "Accept-Encoding", "ETag": etag}
    if etag in {each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")}:
        return Response(status_code=304, headers=told)
    if coding:
        told["Content-Encoding"] = coding
    return Response(codings[coding] if coding else file.body, headers=told, media_type=file.type)


@router.get("/static/built/{mark}/{name}")
async def built_file(mark: str, name: str, request: Request) -> Response:
    """A file of the wall's map; its tiles by range."""
    if name == built.BASE_MAP and (held := tiles.tiles_of(flare_of(request).settings)):
        kept = KEPT if mark == held.mark else ASKED_AGAIN
        return FileResponse(held.path, media_type=TILES, headers={"Cache-Control": kept})
    return given(request, built_files(built.built().mark).get(name), mark)


@router.get("/static/{name:path}")
async def static_file(request: Request, name: str) -> Response:
    """A file of web/static."""
    return given(request, files().get(name), request.query_params.get("v"))


@cache
def worker_script() -> bytes:
    """The worker with the mark of all files in it: when one of them changes, phones fetch the shell anew."""
    marks = "".join(file.mark for _, file in sorted(files().items()))
    mark = hashlib.sha256(marks.encode()).hexdigest()[:10]
    return files()["worker.js"].body.replace(b"flare-1", f"flare-{mark}".encode())


@router.get("/worker.js")
async def worker(request: Request) -> Response:
    """The service worker, which must live at the root to serve the whole site."""
    # A worker lives under the policy of its own file: without connect-src it could fetch nothing.
    policy = "default-src 'none'; connect-src 'self'"
    told = {"Cache-Control": "no-cache", "Content-Security-Policy": policy}
    return Response(worker_script(), headers=told, media_type=TYPES["js"])


@router.get("/manifest.webmanifest")
async def manifest(request: Request) -> Response:
    """What an installed Flare is called and looks like."""
    return given(request, files()["manifest.webmanifest"], None)


@router.get("/favicon.ico")
async def favicon(request: Request) -> Response:
    """The mark, for browsers that ask without being told."""
    return given(request, files()["icon.svg"], None)
