"""Starts and stops one process of Flare: the socket, the runtime, uvicorn, and the demo on top when asked for.

The socket is bound before anything else is opened, so that a port in use is one clear line and no
database was touched.
"""

import asyncio
import errno
import logging
import socket
import sys
from collections.abc import Callable, Coroutine
from ipaddress import ip_address

from dispatch.runtime import Flare, build
from dispatch.settings import Settings
from web.app import create_app
from web.live.sockets import FlareServer, listen, serve_config

log = logging.getLogger("flare.serve")

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
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr
    )
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
        server = FlareServer(serve_config(create_app(flare), log_level="warning", **_proxies(settings)))
        say(f"Flare is on {base}   ask {base}/   help {base}/help   watch {base}/watch")
        if play is None:
            server.run(sockets=[bound])
        else:
            with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
                runner.run(_together(server, bound, play(base)))
    finally:
        bound.close()
        flare.stop()


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
