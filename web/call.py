"""One HTTP call from beginning to end: who, from where, with what body, under which key; then one job of the store.

Every route is `call = await begin(request)`, a body, a job, an answer. Pages use the same (their
key and fields come from a form). Nothing is answered 2xx before the store has committed.
"""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final, TypeVar

from fastapi import Request, Response
from pydantic import BaseModel, ValidationError

from dispatch.domain import limits
from dispatch.domain.errors import Invalid, Malformed, NotFound, Refused, Replayed, SignIn, TooLarge
from dispatch.domain.visibility import Viewer
from dispatch.ports import IdemKey, Lane, Tx
from dispatch.runtime import Flare
from dispatch.traces import Span
from web import auth, keys, strict_json
from web.auth import Credential
from web.limiter import OTHER, Charge, Limiter, Rule
from web.schemas.faults import faults_of
from web.visitor import Visitor, headers_of, visitor_of

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)
Job = Callable[[Tx, datetime], T]

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Written:
    """A change that is committed: its status, its body, and whether it was answered before."""

    __slots__ = ("body", "replayed", "status")

    body: Any
    """JSON; None for 204."""

    def __init__(self, body: object, status: int, *, replayed: bool = False) -> None:
        self.body, self.status, self.replayed = body, status, replayed


class Call:
    """One call. Made by `begin`."""

    __slots__ = ("credential", "flare", "headers", "key", "limiter", "request", "value", "viewer", "visitor")

    def __init__(self, request: Request, flare: Flare, limiter: Limiter, visitor: Visitor) -> None:
        self.request, self.flare, self.limiter, self.visitor = request, flare, limiter, visitor
        self.headers = headers_of(request.scope)
        self.credential = Credential()
        self.viewer = Viewer()
        self.key: str | None = None
        self.value: Any = None
        """What was sent, as JSON: the key stands for it. Pages set it from their form."""

    @property
    def base(self) -> str:
        """What links begin with."""
        return auth.base_url(self.visitor, self.flare.settings)

    @property
    def who(self) -> str:
        """Whom limits count."""
        return auth.counted_as(self.viewer, self.credential, self.visitor)

    @property
    def scraper(self) -> str:
        """Whom the budget of cells counts."""
        return auth.scraping_as(self.viewer, self.credential, self.visitor)

    @property
    def origin(self) -> str | None:
        """The neighbourhood of addresses it comes from; None where limits do not count."""
        return self.visitor.prefix if self.limiter.counts(self.visitor) else None

    @property
    def person_id(self) -> int:
        """The person who calls.

        Raises: SignIn for a link or nobody.
        """
        if self.viewer.person_id is None:
            raise SignIn("Sign in first: open your own link, or send your token.")
        return self.viewer.person_id

    async def limit(self, *rules: Rule, near: Sequence[Rule] = ()) -> None:
        """Counts this call for its caller, and with `near` for the whole neighbourhood of the address.

        Raises: SlowDown; then it is counted for nobody.
        """
        if wait := await self._counted(self.limiter.take, self._charges(rules, near)):
            raise self.limiter.too_soon(wait)

    @asynccontextmanager
    async def limited(self, *rules: Rule, near: Sequence[Rule] = ()) -> AsyncIterator[Callable[[], None]]:
        """As `limit`, for a change under a key: the job inside calls what this gives, which may raise SlowDown.

        A repeat never comes so far and is given back: a bad line must not use up somebody's asks. Counted around the
        job and not in it, since a transaction waits for nothing but its database.
        """
        charges, used = self._charges(rules, near), False
        wait = await self._counted(self.limiter.take, charges)

        def count() -> None:
            nonlocal used
            if wait:
                raise self.limiter.too_soon(wait)
            used = True

        try:
            yield count
        except asyncio.CancelledError:
            used = True  # the job may still run
            raise
        finally:
            if not (wait or used):
                await self._counted(self.limiter.give_back, charges)

    def _charges(self, rules: Sequence[Rule], near: Sequence[Rule]) -> list[Charge]:
        if not self.limiter.counts(self.visitor):
            return []
        return [(rule, self.who) for rule in rules] + [(rule, self.visitor.prefix) for rule in near]

    async def _counted(self, count: Callable[[Sequence[Charge]], T], charges: Sequence[Charge]) -> T | None:
        if not charges:
            return None
        return await asyncio.to_thread(count, charges) if self.limiter.waits else count(charges)

    async def body(self, model: type[M]) -> M:
        """What was sent, checked.

        Raises: TooLarge, Malformed, Invalid with every faulty field.
        """
        self.value = strict_json.parse(await self._bytes(), self.request.headers.get("content-type", ""))
        return checked(model, self.value)

    async def body_or_nothing(self, model: type[M]) -> M:
        """As `body`, for calls that need none: no bytes stand for an empty object."""
        held = await self._bytes()
        self.value = strict_json.parse(held, self.request.headers.get("content-type", "")) if held else {}
        return checked(model, self.value)

    async def _bytes(self) -> bytes:
        if self.headers.get(b"content-encoding", b"identity").lower() not in (b"identity", b""):
            raise Malformed("Send the body as it is: no content encoding is read here.")
        announced = self.headers.get(b"content-length", b"0")
        if announced.isdigit() and int(announced[:20]) > limits.BODY_BYTES:
            raise TooLarge(limits.BODY_BYTES)
        held = bytearray()
        async for piece in self.request.stream():
            held += piece
            if len(held) > limits.BODY_BYTES:
                raise TooLarge(limits.BODY_BYTES)
        return bytes(held)

    async def read(self, job: Job[T]) -> T:
        """The job's answer, from one snapshot."""
        with self.flare.traces.span("store read") as span:
            return await self.flare.store.read(self._traced(job, span))

    async def write(self, job: Job[Any], status: int = 200) -> Written:
        """The job's answer, committed. POST and PATCH under their key, PUT and DELETE without.

        A refusal that the job returns is kept as the answer and raised here.
        """
        with self.flare.traces.span("store write") as span:
            done = await self._write(self._traced(job, span), status)
            self.flare.traces.written()
        return done

    def _traced(self, job: Job[T], span: Span | None) -> Job[T]:
        """The job with a span of its own: what is left of the store's is waiting, and the commit."""
        if span is None:
            return job
        traces, name = self.flare.traces, f"{job.__module__}.{job.__qualname__.partition('.')[0]}"

        def traced(tx: Tx, now: datetime) -> T:
            with traces.span(name, parent=span.place):
                return job(tx, now)

        return traced

    async def _write(self, job: Job[Any], status: int) -> Written:
        if self.request.method in ("PUT", "DELETE"):
            return Written(await self.flare.store.write(job), status)
        mark = secrets.token_hex(8)
        held = await self.flare.store.write(_whole(job, status, mark), key=self._idem(), lane=Lane.PEOPLE)
        replayed = held["mark"] != mark
        if no := held.get("no"):
            raise Replayed(*no)
        return Written(held["body"], held["status"], replayed=replayed)

    def _idem(self) -> IdemKey:
        key = keys.check_key(self.key)
        print_ = keys.fingerprint(self.flare.secret, self.request.method, self.request.url.path, self.value)
        return keys.idem_key(key, self.viewer, self.credential, self.visitor, print_)


def _whole(job: Job[Any], status: int, mark: str) -> Job[dict[str, Any]]:
    """The job with its answer made whole: status, body, and the mark of the call that really did it."""

    def whole(tx: Tx, now: datetime) -> dict[str, Any]:
        answer = job(tx, now)
        if isinstance(answer, Refused):
            return {"no": [answer.code, answer.says, answer.facts()], "mark": mark}
        return {"body": answer, "status": status, "mark": mark}

    return whole


async def begin(request: Request, *, limit: Sequence[Rule] = OTHER) -> Call:
    """The call, its viewer known, its key present if it needs one, its origin ours if it changes anything.

    Raises: SignIn, ForeignOrigin, KeyMissing, SlowDown.
    """
    state = request.app.state
    flare: Flare = state.flare
    call = Call(request, flare, state.limiter, visitor_of(request.scope, state.trusted))
    call.credential = auth.credential_of(call.headers, flare.settings)
    if request.method not in SAFE:
        if call.credential.token is None:
            auth.check_origin(call.headers, call.visitor, flare.settings)
        if request.method in ("POST", "PATCH"):
            call.key = keys.check_key(_ascii(call.headers.get(b"idempotency-key")))
    if call.credential.token is not None or call.credential.cookie is not None:
        credential = call.credential
        call.viewer = await flare.store.read(lambda tx, now: auth.viewer_in(tx, now, credential))
    if request.method not in SAFE and limit:
        await call.limit(*limit)
    return call


def _ascii(value: bytes | None) -> str | None:
    return value.decode("latin-1") if value is not None else None


def checked(model: type[M], value: object) -> M:
    """The value as that model.

    Raises: Malformed when it is no object, Invalid with every faulty field.
    """
    if not isinstance(value, dict):
        raise Malformed("Send a JSON object.")
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise Invalid(faults_of(error)) from None


def named(public_id: str, what: str = "ask") -> str:
    """The id, if it can be one.

    Raises: NotFound: what can't be an id is nobody's.
    """
    plain = public_id.replace("-", "").replace("_", "")
    if not (0 < len(public_id) <= limits.ID_CHARS and public_id.isascii() and plain.isalnum()):
        raise NotFound(what)
    return public_id


def numbered(text: str) -> int:
    """The number in an address; 0, which nothing has, for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


def answer(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON, as every answer of the API is written."""
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")
    return Response(text, status, dict(headers or {}), "application/json")


def written(done: Written, headers: Mapping[str, str] | None = None) -> Response:
    """The answer to a change."""
    told = dict(headers or {})
    if done.replayed:
        told["Idempotency-Replayed"] = "true"
    if done.status == 204:
        return Response(status_code=204, headers=told)
    return answer(done.body, done.status, told)
