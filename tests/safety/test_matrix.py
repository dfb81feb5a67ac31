"""Who sees what, generated: role × own, foreign and closed ask × HTTP, long poll, event stream, websocket.

`POLICY` is written down a second time here, by hand, from docs/security.md. What a channel shows is compared
with it, cell by cell; the last test inverts a rule in the code and sees it found.
"""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from dispatch.domain import visibility
from dispatch.domain.visibility import Role, Viewer
from tests.live.world import KeptWire, until
from tests.web.conftest import NOTE, PHONE, Play, World
from web import auth
from web.live.connection import Connection
from web.live.streams import event_stream
from web.live.subscription import Stage, Subscription

ROLES = ("nobody", "owner", "owner-link", "claimer", "stranger", "alerted", "member", "view", "helper", "trip")
CHANNELS = ("http", "poll", "sse", "socket")
OBJECTS = ("asked", "foreign", "closed")
NOTHING, PUBLIC, MEMBER, EXACT = "nothing", "public cell", "member cell", "exact"

POLICY: dict[str, dict[str, str]] = {
    "asked": dict(
        zip(ROLES, (NOTHING, EXACT, EXACT, EXACT, MEMBER, MEMBER, MEMBER, PUBLIC, PUBLIC, NOTHING), strict=True)
    ),
    "foreign": dict(
        zip(ROLES, (NOTHING, MEMBER, NOTHING, MEMBER, EXACT, MEMBER, MEMBER, NOTHING, NOTHING, NOTHING), strict=True)
    ),
    "closed": dict(
        zip(ROLES, (NOTHING, EXACT, EXACT, MEMBER, MEMBER, MEMBER, MEMBER, PUBLIC, PUBLIC, NOTHING), strict=True)
    ),
}
"""`stranger` owns the foreign ask, and has claimed the first without having been let come. A closed ask is shown
to whoever was told of it, but nobody who came knows its place any more. A trip's link opens a page of its own."""
WORDS = (NOTE, PHONE, "35.2123", "116.1234")


async def cast(world: World) -> tuple[dict[str, httpx.AsyncClient], dict[str, str]]:
    """One client per role and the three asks."""
    asked = await world.ask(quantity=9, urgency="unsafe")
    foreign = await world.ask("dora", note=NOTE, kind="supplies", quantity=5)
    closed = await world.ask(quantity=4, similar_ok=True)
    await world.turn()
    await world.claim("ben", asked["id"], 2)
    await world.claim("dora", asked["id"], 1)
    await world.claim("ben", closed["id"], 2)
    async with world.client("ana") as ana:
        await world.post(ana, f"/v1/requests/{closed['id']}/close", {"disposition": "resolved"})
    clients = {"nobody": world.client(), "owner": world.client("ana"), "claimer": world.client("ben")}
    clients |= {"stranger": world.client("dora"), "alerted": world.client("cem"), "member": world.client("eve")}
    # A link of each ask in one browser would be two powers: the bearer of a link holds the first one's only.
    for name, power in (("owner-link", "owner"), ("view", "view"), ("helper", "helper")):
        clients[name] = world.bearer(asked["links"][power].rpartition("#")[2])
        clients[f"{name} closed"] = world.bearer(closed["links"][power].rpartition("#")[2])
    async with world.client("ben") as ben:
        driven = await world.post(ben, f"/v1/requests/{asked['id']}/trips")
    clients["trip"] = world.bearer(driven.json()["link"].rpartition("#")[2])
    return clients, {"asked": asked["id"], "foreign": foreign["id"], "closed": closed["id"]}


def eve(world: World) -> None:
    """One more member, tied to nobody and never asked."""
    from dispatch.actions.words import hashed
    from dispatch.domain.people import Duty, Person
    from dispatch.ports import Grant, Power

    def job(tx: Any, now: Any) -> None:
        person = tx.people.add(Person(id=0, public_id=tx.ids.public_id(), name="Eve", duty=Duty.OFF_DUTY))
        world.tokens["eve"] = tx.ids.token("flm_")
        token_hash = hashed(world.tokens["eve"])
        tx.grants.add(Grant(token_hash=token_hash, power=Power.MEMBER, person_id=person.id))

    world.flare.store.submit(job).result()


def precision(state: dict[str, Any] | None) -> str:
    """What a state shows of the place."""
    place = (state or {}).get("place")
    if not place:
        return NOTHING
    if "lat" in place:
        return EXACT
    return MEMBER if place["resolution"] == 6 else PUBLIC


def viewer_of(world: World, client: httpx.AsyncClient) -> Viewer:
    token = client.headers.get("authorization", "").removeprefix("Bearer ") or None
    credential = auth.Credential(token=token)
    return world.flare.store.read_now(lambda tx, now: auth.viewer_in(tx, now, credential))


async def over_http(world: World, client: httpx.AsyncClient, ask: str) -> tuple[str, str]:
    answer = await client.get(f"/v1/requests/{ask}")
    return precision(answer.json() if answer.status_code == 200 else None), answer.text


async def over_poll(world: World, client: httpx.AsyncClient, ask: str) -> tuple[str, str]:
    answer = await client.get(f"/v1/requests/{ask}/events?after=9999")
    return precision(answer.json().get("state") if answer.status_code == 200 else None), answer.text


async def over_sse(world: World, client: httpx.AsyncClient, ask: str) -> tuple[str, str]:
    from dispatch.domain.errors import Refused

    hub = world.app.api.state.hub  # type: ignore[union-attr]
    try:
        stream: AsyncIterator[bytes] = await event_stream(hub, viewer_of(world, client), ask, None)
        text = (await anext(stream)).decode()
        await stream.aclose()  # type: ignore[attr-defined]  # an async generator
    except Refused:
        return NOTHING, ""
    data = next(line for line in text.split("\n") if line.startswith("data: "))
    return precision(json.loads(data[6:]).get("state")), text


async def over_socket(world: World, client: httpx.AsyncClient, ask: str) -> tuple[str, str]:
    hub, wire = world.app.api.state.hub, KeptWire()  # type: ignore[union-attr]

    async def same() -> Viewer | None:
        return viewer

    viewer = viewer_of(world, client)
    sink = Connection(hub, wire, viewer, same)
    hub.open(sink)
    sub = Subscription(1, f"req:{ask}", sink, None, None)
    hub.subscribe(sub)
    await until(lambda: sub.stage is not Stage.CATCHING_UP and bool(wire.frames))
    hub.close(sink)
    first = next(frame for frame in wire.frames if frame["f"] == "subbed")
    return precision(first.get("state")), json.dumps(wire.frames)


LOOKS = dict(zip(CHANNELS, (over_http, over_poll, over_sse, over_socket), strict=True))


async def differences(world: World, policy: dict[str, dict[str, str]]) -> list[tuple[str, str, str, str, str]]:
    """(role, object, channel, shown, expected) wherever they differ, words included."""
    eve(world)
    clients, asks = await cast(world)
    wrong = []
    for name in OBJECTS:
        for role in ROLES:
            client = clients.get(f"{role} {name}", clients[role])
            for channel, look in LOOKS.items():
                shown, text = await look(world, client, asks[name])
                if shown != policy[name][role]:
                    wrong.append((role, name, channel, shown, policy[name][role]))
                leaks = [word for word in WORDS if word in text and shown != EXACT]
                wrong += [(role, name, channel, word, "no such word") for word in leaks]
    for client in clients.values():
        await client.aclose()
    return wrong


def test_every_role_sees_on_every_channel_exactly_what_the_policy_says(play: Play) -> None:
    async def story(world: World) -> None:
        found = await differences(world, POLICY)
        assert not found, "\n".join(map(str, found))

    play(story)


@contextmanager
def inverted(rule: str, roles: frozenset[Role]) -> Iterator[None]:
    """The policy with one rule wrong, as a careless change would leave it."""
    right = getattr(visibility, rule)
    setattr(visibility, rule, roles)
    try:
        yield
    finally:
        setattr(visibility, rule, right)


@pytest.mark.parametrize(
    ("rule", "roles"),
    [("EXACT", frozenset({Role.OWNER, Role.CLAIMER, Role.ALERTED})), ("PUBLIC_CELL", frozenset())],
)
def test_an_inverted_rule_is_found_on_every_channel(play: Play, rule: str, roles: frozenset[Role]) -> None:
    async def story(world: World) -> None:
        found = await differences(world, POLICY)
        assert {channel for _, _, channel, _, _ in found} == set(CHANNELS)

    with inverted(rule, roles):
        play(story)
