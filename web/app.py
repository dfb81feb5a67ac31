"""The web application over one running Flare: routes, pages, the live stream, errors in one form.

`create_app(flare)` builds it and starts nothing; the lifespan starts the hub and ends it. Who owns
the Flare starts and stops it.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Route

from dispatch.domain import limits
from dispatch.domain.errors import ForeignOrigin, Invalid, Refused, SignIn
from dispatch.domain.visibility import Viewer
from dispatch.domain.whereabouts import from_point
from dispatch.runtime import Flare
from geo.point import Point
from web import auth, errors, metrics, openapi
from web.edge import Edge, Scope, lasts
from web.figures import Board
from web.limiter import Limiter
from web.live.gate import CellsOf, Kin, KinOf, kin_of
from web.live.hub import Hub
from web.live.sockets import Authenticate, live_endpoint
from web.live.subscription import Cells
from web.pages import faults, pushed, texted
from web.pages import routes as pages
from web.routes import (
    account,
    alerts,
    asks,
    board,
    claims,
    desk,
    events,
    health,
    me,
    network,
    phone,
    readiness,
    relays,
    session,
    trips,
)
from web.schemas.faults import faults_of_query
from web.visitor import headers_of, trusted_networks, visitor_of

log = logging.getLogger("flare.web")

POLL_FLOOR_ALONE_S = 0.25
ROUTERS = (
    asks.router,
    events.router,
    claims.router,
    trips.router,
    alerts.router,
    me.router,
    account.router,
    desk.router,
    readiness.router,
    network.router,
    phone.router,
    relays.router,
    session.router,
    board.router,
    health.router,
)
# The routes themselves, one flat list made once: `include_router` makes each of them anew for every application
# (80 ms with the first request) and matches an address twice for every router inside a router.
ROUTES = tuple(route for router in (*ROUTERS, *pages.ROUTERS, openapi.router) for route in router.routes)


def create_app(flare: Flare, board: Board | None = None) -> Edge:
    """The ASGI application. Its `api` is the FastAPI inside, for whoever wants its routes or state.

    `board`: where the workers of a fleet keep what they count.
    """
    settings = flare.settings
    trusted = trusted_networks(settings.trusted_proxies)

    @asynccontextmanager
    async def lifespan(api: FastAPI) -> AsyncIterator[None]:
        hub = Hub(
            flare.store, flare.clock, bus=flare.bus, secret=flare.secret, floor_s=lambda: _floor(flare),
            present=flare.roster.present, traces=flare.traces,
        )  # fmt: skip
        await hub.start()
        # The gazetteer takes a moment to read: better now than while somebody waits.
        await asyncio.to_thread(from_point, Point(35.0, -116.0))
        api.state.hub = hub
        app.live = live_endpoint(hub, _authenticate(flare, hub, api), _kin(api), _cells(api))
        flare.push.start(pushed.writer(settings))
        if flare.texts is not None:
            flare.texts.start(texted.write)
        keeping = asyncio.create_task(metrics.keep(api.state, board)) if board is not None else None
        try:
            yield
        finally:
            app.live = None
            await hub.stop()
            api.state.limiter.close()
            await asyncio.to_thread(flare.push.stop)
            if flare.texts is not None:
                await asyncio.to_thread(flare.texts.stop)
            if keeping is not None:
                keeping.cancel()
                await asyncio.gather(keeping, return_exceptions=True)

    api = FastAPI(
        title="Flare",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=False,
    )
    api.state.flare = flare
    api.state.trusted = trusted
    api.state.limiter = Limiter(
        lambda: flare.clock.now().timestamp(), always=settings.limits, workers=settings.workers,
        buckets=flare.buckets, bus=flare.bus if flare.buckets else None, secret=flare.secret,
    )  # fmt: skip
    api.state.hub, api.state.board = None, board
    api.router.routes.extend(ROUTES)
    _add_handlers(api)
    faults.install(api)  # after: it wraps the handler of addresses nobody knows
    openapi.install(api)
    app = Edge(api, trusted, flare.traces)
    app.api = api
    api.state.edge = app
    return app


def _floor(flare: Flare) -> float:
    """How often the journal is read without being told: more often while hints don't travel."""
    alone = flare.settings.workers > 1 and flare.settings.redis_url is None
    return POLL_FLOOR_ALONE_S if alone or not getattr(flare.bus, "connected", True) else limits.POLL_FLOOR_S


def _add_handlers(api: FastAPI) -> None:
    async def refused(request: Request, refusal: Exception) -> Response:
        if not isinstance(refusal, Refused):
            raise refusal
        flare: Flare = request.app.state.flare
        visitor = visitor_of(request.scope, request.app.state.trusted)
        return errors.refused(refusal, auth.base_url(visitor, flare.settings))

    async def by_router(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        told = errors.by_status(status, str(getattr(error, "detail", "")))
        told.headers.update(getattr(error, "headers", None) or {})
        if status == 405:
            told.headers["Allow"] = ", ".join(_methods_at(api, request))
        return told

    async def bad_query(request: Request, error: Exception) -> Response:
        if not isinstance(error, RequestValidationError):
            raise error
        return errors.refused(Invalid(faults_of_query(error.errors())))

    async def bug(request: Request, error: Exception) -> Response:
        # Answered here, logged once by the Edge outside, to which it rises.
        return errors.problem("bug", errors.BUG, {"request_id": request.scope["flare.request_id"]})

    async def gone(request: Request, error: Exception) -> Response:
        # Nobody reads it: the line broke before everything was sent.
        return errors.problem("malformed", "The body ended too soon.")

    api.add_exception_handler(ClientDisconnect, gone)
    api.add_exception_handler(Exception, bug)
    api.add_exception_handler(Refused, refused)
    api.add_exception_handler(HTTPException, by_router)
    api.add_exception_handler(RequestValidationError, bad_query)


def _methods_at(api: FastAPI, request: Request) -> list[str]:
    """What may be done at that address, over all of its routes: the framework names those of the first one only."""
    here = [route for route in api.routes if isinstance(route, Route) and route.path_regex.match(request.url.path)]
    found = {method for route in here for method in route.methods or ()}
    return sorted(found | ({"HEAD"} if "GET" in found and not lasts(request.url.path) else set()))


def _kin(api: FastAPI) -> KinOf:
    """Whom a socket counts with; the operator at home counts with nobody."""

    def of(scope: Scope, viewer: Viewer) -> Kin | None:
        visitor = visitor_of(scope, api.state.trusted)
        return kin_of(viewer, visitor.prefix) if api.state.limiter.counts(visitor) else None

    return of


def _cells(api: FastAPI) -> CellsOf:
    """The budget of cells a socket shares with the same viewer's board."""

    def of(scope: Scope, viewer: Viewer) -> Cells | None:
        visitor, limiter = visitor_of(scope, api.state.trusted), api.state.limiter
        if not limiter.counts(visitor):
            return None
        credential = auth.credential_of(headers_of(scope), api.state.flare.settings)
        return partial(limiter.cells_within, visitor, auth.scraping_as(viewer, credential, visitor))

    return of


def _authenticate(flare: Flare, hub: Hub, api: FastAPI) -> Authenticate:
    """Who opens a socket; asked again while it is open.

    Raises: ForeignOrigin for a page of another site, and for a cookie that comes without an Origin;
    SignIn for a bearer token that has ended.
    """

    async def authenticate(scope: Scope) -> Viewer:
        headers = headers_of(scope)
        credential = auth.credential_of(headers, flare.settings)
        # Asked again, the scope has only the headers that say who: where from was checked at the handshake.
        first = "subprotocols" in scope
        if first:
            visitor = visitor_of(scope, api.state.trusted)
            auth.check_origin(headers, visitor, flare.settings)
            if credential.cookie is not None and b"origin" not in headers:
                raise ForeignOrigin
        if credential.token is None and credential.cookie is None:
            return Viewer()
        viewer = await hub.reads.read(lambda: lambda tx, now: auth.viewer_in(tx, now, credential))
        if not first and viewer.person_id is None and not viewer.powers:
            raise SignIn
        return viewer

    return authenticate
