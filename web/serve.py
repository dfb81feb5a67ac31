"""Starts and stops one process of Flare: the socket, the runtime, uvicorn, and the demo on top when asked for.

The socket is bound before anything else is opened, so that a port in use is one clear line and no
database was touched.
"""

import asyncio
import errno
import logging
import socket
import sys
from collections.abc import Callable
from ipaddress import ip_address

from dispatch.runtime import Flare, build
from dispatch.settings import Settings
from web.app import create_app
from web.live.sockets import FlareServer, listen, serve_config

Say = Callable[[str], None]


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


def run(
    settings: Settings,
    *,
    say: Say,
    demo_speed: float | None = None,
    demo_people: int = 48_000,
) -> None:
    """Serves until it is told to stop (Ctrl-C, SIGTERM). `demo_speed`: also plays the night, that much faster.

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
        if demo_speed is not None:
            from dispatch.stories import demo

            night = demo.prepare(flare, people=demo_people, say=say)
        flare.start()
        server = FlareServer(serve_config(create_app(flare), log_level="warning", **_proxies(settings)))
        say(f"Flare is on {base}   ask {base}/   help {base}/help   watch {base}/watch")
        if demo_speed is None:
            server.run(sockets=[bound])
        else:
            asyncio.run(_with_demo(server, bound, flare, lambda: demo.play(flare, night, base, demo_speed, say)))
    finally:
        bound.close()
        flare.stop()


def _proxies(settings: Settings) -> dict[str, object]:
    trusted = list(settings.trusted_proxies)
    return {"proxy_headers": bool(trusted), "forwarded_allow_ips": trusted or None}


async def _with_demo(
    server: FlareServer, bound: socket.socket, flare: Flare, play: Callable[[], "asyncio.Future[None]"]
) -> None:
    serving = asyncio.ensure_future(server.serve(sockets=[bound]))
    while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.02)
    playing = asyncio.ensure_future(play())
    try:
        await asyncio.wait({serving, playing}, return_when=asyncio.FIRST_COMPLETED)
        if playing.done() and not playing.cancelled() and playing.exception() is not None:
            logging.getLogger("flare.demo").error("the demo stopped: %s", playing.exception())
        await serving
    finally:
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)
