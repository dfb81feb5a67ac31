"""The few files a page asks for beside itself: named by what is in them, so that they can be kept for ever.

Read once, compressed once. Only names in the folder are served; nothing of a path is looked up on the disk.
"""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from fastapi import APIRouter, Request, Response

from dispatch.domain.errors import NotFound

TYPES: Final = {
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
    "webmanifest": "application/manifest+json",
    "woff2": "font/woff2",
}
KEPT: Final = "public, max-age=31536000, immutable"
ASKED_AGAIN: Final = "public, max-age=600"

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class File:
    """One file: its bytes, packed where that saves something, and the mark of its content."""

    body: bytes
    packed: bytes | None
    mark: str
    type: str


@cache
def files() -> dict[str, File]:
    """Every file of web/static by name."""
    found = {}
    for each in resources.files("web").joinpath("static").iterdir():
        kind = TYPES.get(each.name.rpartition(".")[2])
        if each.is_file() and kind:
            found[each.name] = _file(each.name, each.read_bytes(), kind)
    return found


def _file(name: str, body: bytes, kind: str) -> File:
    if name.endswith(".js"):
        body = small_script(body.decode()).encode()
    packed = gzip.compress(body, 9, mtime=0)
    mark = hashlib.sha256(body).hexdigest()[:10]
    return File(body, packed if len(packed) < len(body) * 0.9 else None, mark, kind)


def small_script(text: str) -> str:
    """The script without its comment lines and indents: a third less to send, and still readable."""
    lines = (line.strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith(("//", "/*", "*")))


def address(name: str) -> str:
    """Where a page finds the file: a name that changes with its content."""
    return f"/static/{name}?v={files()[name].mark}"


def given(request: Request, name: str) -> Response:
    """The file as a response.

    Raises: NotFound.
    """
    file = files().get(name)
    if file is None:
        raise NotFound("file")
    kept = KEPT if request.query_params.get("v") == file.mark else ASKED_AGAIN
    told = {"Cache-Control": kept, "Vary": "Accept-Encoding", "ETag": f'"{file.mark}"'}
    if request.headers.get("if-none-match") == told["ETag"]:
        return Response(status_code=304, headers=told)
    if file.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.packed, headers=told | {"Content-Encoding": "gzip"}, media_type=file.type)
    return Response(file.body, headers=told, media_type=file.type)


@router.get("/static/{name}")
async def static_file(request: Request, name: str) -> Response:
    """A file of web/static."""
    return given(request, name)


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
    return given(request, "manifest.webmanifest")


@router.get("/favicon.ico")
async def favicon(request: Request) -> Response:
    """The mark, for browsers that ask without being told."""
    return given(request, "icon.svg")
