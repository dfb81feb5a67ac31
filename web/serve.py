"""Starts and stops Flare's processes: the socket, the runtime, uvicorn, and the demo on top when asked for.

The socket is bound before anything else is opened, so that a port in use is one clear line and no
database was touched.
"""

import asyncio
import errno
import logging
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from dispatch import logs
from dispatch.runtime import Flare, build
from dispatch.settings import Settings
from web import built, figures
from web.app import create_app
from web.fleet import READY, Fleet, same_program
from web.live.sockets import FlareServer, listen, serve_config
from web.pages.tiles import tiles_of

log = logging.getLogger("flare.serve")

SWITCH_S: Final = 0.0005

Say = Callable[[str], None]
Beside = Callable[[Flare], Callable[[str], Coroutine[None, None, None]]]
"""Called with the runtime before it starts; answers what to run on the server's address."""


class CannotListen(Exception):
    """The address can't be listened on, or must not be; says what to do."""


def bind(settings: Settings) -> socket.socket:
    """A listening socket on the settings' address.

    Raises: CannotListen for a port in use, an address that is not ours, or plain http to the world.
    """
    host, port = settings.host, settings.port
    if not is_loopback(host) and settings.public_url is None and not settings.insecure_http:
        raise CannotListen(
            f"{host} can be reached by others over plain http, where sign-in does not work. Put a proxy with TLS in "
            "front and set FLARE_PUBLIC_URL=https://…, or set FLARE_INSECURE_HTTP=1 to do it anyway"
        )
    try:
        return listen(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CannotListen(f"port {port} is in use: stop what uses it, or take another with --port") from error
        if error.errno == errno.EACCES:
            raise CannotListen(f"port {port} is not ours to take: use one above 1023 with --port") from error
        raise CannotListen(f"can't listen on {host}:{port}: {error.strerror}") from error


def is_loopback(host: str) -> bool:
    """Is it reachable from this machine alone?"""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def address_of(bound: socket.socket, settings: Settings) -> str:
    """How a browser on this machine reaches the server."""
    host = settings.host if is_loopback(settings.host) else "127.0.0.1"
    return f"http://{f'[{host}]' if ':' in host else host}:{bound.getsockname()[1]}"


def run(settings: Settings, *, say: Say, beside: Beside | None = None) -> None:
    """Serves until it is told to stop (Ctrl-C, SIGTERM). `beside`: what else runs on it, a demo.

    Raises: CannotListen, BadSettings, StoreUnavailable; nothing is left half-open.
    """
    _prepare(settings)
    _look_at_map(settings)
    _look_at_keys(settings)
    bound = bind(settings)
    try:
        flare = build(settings)
    except BaseException:
        bound.close()
        raise
    base = address_of(bound, settings)
    try:
        play = beside(flare) if beside is not None else None
        flare.start()
        server = _server(flare)
        say(_greeting(base))
        if play is None:
            server.run(sockets=[bound])
        else:
            asyncio.run(_together(server, bound, play(base)))
    finally:
        bound.close()
        flare.stop()


def run_fleet(settings: Settings, *, say: Say, environ: Mapping[str, str] | None = None) -> None:
    """Serves with `settings.workers` processes on one socket. `environ`: theirs, which must say the same settings.

    Raises: CannotListen; WorkersFailed when not one worker came up (why was said by the worker).
    """
    _prepare(settings)
    _look_at_map(settings)
    _look_at_keys(settings)
    bound = bind(settings)
    base = address_of(bound, settings)
    greeting = f"{_greeting(base)}   {settings.workers} workers"
    environ = os.environ if environ is None else environ
    with bound, tempfile.TemporaryDirectory(prefix="flare-figures-") as folder:
        Fleet(
            bound=bound, workers=settings.workers, environ=environ, on_ready=lambda: say(greeting),
            command=lambda *told: [*same_program(*told), folder], on_end=partial(figures.fold, Path(folder)),
        ).run()  # fmt: skip


def run_worker(settings: Settings, number: int, bound_fd: int, line_fd: int, folder: Path | None = None) -> None:
    """One worker of a fleet, on the socket and the line it inherited. `folder`: where all write their figures.

    Raises: BadSettings, StoreUnavailable.
    """
    _prepare(settings)
    with socket.socket(fileno=bound_fd) as bound, socket.socket(fileno=line_fd) as line:
        flare = build(settings)
        board = figures.Board(folder, number) if folder is not None else None
        if board is not None:
            flare.tally.resume(board.read().copies)
        try:
            flare.start()
            server = _server(flare, board)
            _Line(line, server).start()
            server.run(sockets=[bound])
        finally:
            flare.stop()


class _Line(threading.Thread):
    """Tells the parent that this worker answers; ends the worker when its parent is gone."""

    def __init__(self, line: socket.socket, server: FlareServer) -> None:
        super().__init__(name="flare-line", daemon=True)
        self._line, self._server = line, server

    def run(self) -> None:
        """Waits for the server, then for the parent's end."""
        while not self._server.started:
            if self._server.should_exit:
                return
            threading.Event().wait(0.01)
        try:
            self._line.sendall(READY)
            self._line.recv(1)
        except OSError:
            log.debug("the line to the parent is gone")
        self._server.should_exit = True


def _prepare(settings: Settings) -> None:
    logs.begin(settings.log)
    # The loop waits for the interpreter as long as this whenever a reader or writer is busy, several times an event:
    # with its own 5 ms, five thousand that came back made bystanders wait 208 ms, with this 57 (docs/scale.md).
    sys.setswitchinterval(SWITCH_S)
    if threading.current_thread() is threading.main_thread():
        # uvicorn raises the signal it has answered once more at its end. Without a handler of ours it would kill
        # the process there, before what was accepted is written and the database is closed.
        signal.signal(signal.SIGTERM, lambda *_: None)


def _look_at_map(settings: Settings) -> None:
    """Once, before anything is opened. Raises: BadSettings for tiles that can't be used."""
    tiles_of(settings)
    if built.stale():
        log.warning("the wall's map was built from other sources than lie here now: make ui")


def _look_at_keys(settings: Settings) -> None:
    """Once, before anything is opened: says so when what is erased could be read out of an old backup."""
    if settings.keyring is None and (settings.database_url or "").startswith("postgresql"):
        log.warning("no FLARE_KEYRING: whoever has FLARE_SECRET and an old backup reads what was erased; flare doctor")


def _server(flare: Flare, board: figures.Board | None = None) -> FlareServer:
    return FlareServer(serve_config(create_app(flare, board), log_level="warning", **_proxies(flare.settings)))


def _greeting(base: str) -> str:
    return f"Flare is on {base}   ask {base}/   help {base}/help   watch {base}/watch"


def _proxies(settings: Settings) -> dict[str, object]:
    trusted = list(settings.trusted_proxies)
    return {"proxy_headers": bool(trusted), "forwarded_allow_ips": trusted or None}


async def _together(server: FlareServer, bound: socket.socket, other: Coroutine[None, None, None]) -> None:
    """Serves, and runs the other once the server listens; the server goes on when the other ends."""
    serving = asyncio.ensure_future(server.serve(sockets=[bound]))
    while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.02)
    playing = asyncio.ensure_future(other)
    await asyncio.wait({serving, playing}, return_when=asyncio.FIRST_COMPLETED)
    if playing.done() and not playing.cancelled() and (error := playing.exception()) is not None:
        log.error("what ran beside the server stopped", exc_info=error)
    await serving
    playing.cancel()
    await asyncio.gather(playing, return_exceptions=True)
