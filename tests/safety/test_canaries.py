"""One test per channel: words that occur nowhere else are said in a night, and looked for where they must not come out.

The words are tests/support/canaries.py.
"""

import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from dispatch.actions import erase
from dispatch.clock import SteppedClock
from dispatch.domain.visibility import Viewer
from dispatch.logs import JsonLines
from dispatch.store import SqlStore
from dispatch.store.backup import back_up, put_back
from dispatch.store.keyring import Keyring
from tests.contract.pushing import Pushing
from tests.live.world import KeptWire, until
from tests.support import canaries
from tests.support.canaries import HOUSE, SECRETS, Night, leaks
from tests.support.receiver import receiving
from tests.support.site import frame, site
from tests.support.world import night_on
from tests.web.conftest import Play, World, whole_text
from web import auth
from web.live.connection import Connection
from web.live.subscription import Stage, Subscription

OUTSIDERS = ("nobody", "view", "helper", "cem", "dora")
OWN = ("Dora Lastname", "Cem Lastname")
PAGES = ("/", "/help", "/watch", "/watch/scene", "/join", "/ready", "/status", "/r/{ask}", "/r/{ask}/live",
         "/r/{ask}/take", "/r/{ask}/close", "/r/{ask}/missing", "/r/{ask}/report", "/r/{ask}/replay", "/?again={ask}",
         "/desk", "/v1/desk", "/metrics", "/healthz", "/readyz")  # fmt: skip


def token_of(held: Night, who: str) -> str | None:
    return None if who == "nobody" else held.links.get(who) or held.tokens[who]


def addresses(world: World, held: Night) -> list[str]:
    """Every address that is only read, the API's from its own document."""
    assert world.app.api is not None
    calls = [path for path, does in world.app.api.openapi()["paths"].items() if "get" in does]
    filled = [path.replace("{id}", held.claim if "/claims/" in path else held.ask) for path in calls]
    assert len(filled) > 10
    return [*filled, *(page.format(ask=held.ask) for page in PAGES), f"/v1/requests/{held.ask}/events?after=0"]


@pytest.mark.parametrize("who", OUTSIDERS)
def test_no_answer_to_anybody_else_holds_a_secret(play: Play, who: str) -> None:
    async def story(world: World) -> None:
        held = await canaries.night(world)
        token = token_of(held, who)
        async with world.bearer(token) if token else world.client() as client:
            for path in addresses(world, held):
                if path.endswith("/live") and path.startswith("/v1"):
                    continue
                text = whole_text(await client.get(path, headers={"accept": "*/*"}))
                for own in OWN if who in ("cem", "dora") else ():
                    text = text.replace(own, "")
                assert leaks(text) == [], path

    play(story)


def test_the_same_look_of_the_owner_finds_them_all(play: Play) -> None:
    async def story(world: World) -> None:
        held = await canaries.night(world)
        async with world.client("ana") as owner:
            text = (await owner.get(f"/v1/requests/{held.ask}")).text
        assert set(leaks(text)) >= {"35.218734", "Quarlow", "555 0142", "555 0177", "Zephyrine", "Xanthe", "Vellum"}

    play(story)


@pytest.mark.parametrize("who", OUTSIDERS)
def test_no_frame_to_anybody_else_holds_a_secret(play: Play, who: str) -> None:
    async def story(world: World) -> None:
        assert world.app.api is not None
        held = await canaries.night(world)
        hub, wire = world.app.api.state.hub, KeptWire()
        credential = auth.Credential(token=token_of(held, who))
        viewer = world.flare.store.read_now(lambda tx, now: auth.viewer_in(tx, now, credential))

        async def same() -> Viewer | None:
            return viewer

        sink = Connection(hub, wire, viewer, same)
        hub.open(sink)
        topics = (f"req:{held.ask}", "inbox", "map:*", f"pos:{held.ask}", f"pos:{held.claim}")
        subs = [Subscription(number, topic, sink, None, None) for number, topic in enumerate(topics, 1)]
        for sub in subs:
            hub.subscribe(sub)
        await until(lambda: all(sub.stage is not Stage.CATCHING_UP for sub in subs))
        async with world.client("ana") as ana:
            moved = canaries.PLACE | {"lat": 35.2187341}
            for changes in ({"note": "Zephyrine again"}, {"place": moved}, {"contact": {"name": "Ysolde"}}):
                key = {"Idempotency-Key": world.key()}
                answer = await ana.patch(f"/v1/requests/{held.ask}", json=changes, headers=key)
                assert answer.status_code == 200, answer.text
            await world.post(ana, f"/v1/requests/{held.ask}/notes", {"text": "Xanthe again"})
        _, head = await world.flare.store.read(lambda tx, now: tx.journal.head())
        await until(lambda: hub.position >= head)
        hub.close(sink)
        assert wire.frames
        assert leaks(str(wire.frames)) == []

    play(story)


def test_no_metric_and_no_line_of_a_log_holds_a_secret_or_a_token(play: Play, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def story(world: World) -> tuple[str, Night]:
        held = await canaries.night(world)
        async with world.client() as nobody:
            for power, token in held.links.items():
                answer = await world.post(nobody, "/v1/session", {"token": token})
                assert answer.status_code == 200, power
                await nobody.get(
                    f"/r/{held.ask}?token={token}&note=Zephyrine", headers={"referer": f"http://x/#{token}"}
                )
            await world.post(nobody, "/v1/session", {"token": "flm_" + "A" * 22})
            return (await nobody.get("/metrics")).text, held

    metrics, held = play(story)
    secret = [*SECRETS, *HOUSE, *held.links.values(), *held.tokens.values(), "flm_" + "A" * 22]
    assert leaks(metrics, [*secret, held.ask, held.claim]) == []
    ours = [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    assert leaks("\n".join(map(JsonLines().format, ours)), secret) == []
    assert leaks("\n".join(record.getMessage() + str(vars(record)) for record in ours), secret) == []


def test_no_line_of_a_real_servers_log_holds_a_secret_or_a_token(tmp_path: Path) -> None:
    import httpx
    from websockets.sync.client import connect

    with site(tmp_path) as here:
        with httpx.Client(base_url=here.base, headers=here.bearer("ana")) as ana:
            body = {"kind": "ride", "quantity": 2, "place": canaries.PLACE, "note": "Zephyrine"}
            key = {"Idempotency-Key": "canary-key-0000000000000001"}
            posted = ana.post("/v1/requests", json=body | {"contact": {"phone": "+1 760 555 0142"}}, headers=key)
            assert posted.status_code == 201, posted.text
            link = posted.json()["links"]["owner"].rpartition("#")[2]
            ana.get(f"/r/x?token={link}&near=35.218734", headers={"referer": f"{here.base}/r/x#{link}"})
            ana.get("/v1/board?bbox=-116.138271,35.218734,-116.1,35.3")
        with connect(f"{here.live}?token={link}", additional_headers=here.bearer("ana")) as socket:
            socket.send(frame(f="hello", v=1))
            assert "welcome" in str(socket.recv())
            socket.send("x" * 20_000)  # a frame that is refused is not quoted either
        here.stop()
        log = here.log.read_text()
    assert leaks(log, [*SECRETS, link, *here.tokens.values()]) == []


def test_after_the_erasure_neither_the_file_nor_a_backup_put_back_holds_a_secret(play: Play, tmp_path: Path) -> None:
    async def story(world: World) -> tuple[Night, Path]:
        world.flare.store.submit(erase.begin_house_work).result()
        held = await canaries.night(world)
        url = f"sqlite:///{world.flare.settings.data.resolve() / 'flare.db'}"
        back_up(url, tmp_path / "before.db")
        async with world.client("ana") as ana:
            await world.post(ana, f"/v1/requests/{held.ask}/close", {"disposition": "resolved"})
        for _ in range(6):
            await world.turn(timedelta(days=1))
        async with world.client("ben") as ben:
            assert (await ben.request("DELETE", "/v1/me")).status_code < 300
        await world.turn()
        back_up(url, tmp_path / "after.db")
        return held, world.flare.settings.data

    held, folder = play(story)
    files = [*folder.glob("flare.db*"), tmp_path / "before.db", tmp_path / "after.db"]
    assert len(files) > 3
    tokens = [*held.links.values(), *held.tokens.values()]
    asked = [word for word in (*SECRETS, *HOUSE) if word != "Lastname"]  # members keep their names
    for path in files:
        text = path.read_bytes().decode("latin-1")
        words = [*asked, *tokens] if path.name != "before.db" else [*SECRETS[:12], *tokens]
        assert leaks(text, words) == [], path.name
    other = tmp_path / "other" / "flare.db"
    other.parent.mkdir()
    put_back(f"sqlite:///{other}", tmp_path / "before.db")
    Keyring.in_file(folder / "flare.db.keys").copy_to(other.with_name("flare.db.keys"))

    async def restored(world: World) -> str:
        async with world.client() as client:
            client.headers["authorization"] = f"Bearer {held.links['owner']}"
            return (await client.get(f"/v1/requests/{held.ask}")).text

    text = read_again(other.parent, restored)
    assert '"kind":"ride"' in text  # it goes on, without what nobody can read any more
    assert leaks(text, [word for word in SECRETS if word != "555 0177"]) == []


def read_again(folder: Path, look: Any) -> str:
    """What a Flare over that database shows."""
    import asyncio

    from dispatch.ids import SystemIds
    from dispatch.runtime import build
    from tests.web.conftest import START, settings_for
    from web.app import create_app

    clock = SteppedClock(START + timedelta(days=6))
    flare = build(settings_for(folder), clock=clock, ids=SystemIds())
    try:
        return str(asyncio.run(look(World(flare, clock, create_app(flare)))))
    finally:
        flare.stop()


def test_no_push_holds_a_secret_neither_queued_nor_as_the_phone_reads_it(store: SqlStore, clock: SteppedClock) -> None:
    with receiving() as receiver:
        push = Pushing(night_on(store, clock), receiver)
        ana = push.night.person("Ana Lastname", phone="+1 760 555 0142")
        ben, cem = (
            push.night.person(f"{name} Lastname", friend_of=ana, phone="+1 760 555 0177", car="Brindle")
            for name in "BC"
        )
        phones = [push.phone(person) for person in (ana, ben, cem)]
        posted = push.night.post(
            ana, 4, note="Zephyrine", destination="Vellum", place_text="Quarlow", contact_name="Ysolde",
            contact_phone="+1 760 555 0142",
        )  # fmt: skip
        push.settle()
        push.night.claim(posted.request.public_id, ben, 4)
        rows = str(push.night.everything()["outbox"])
        push.settle()
        push.night.close(posted.request.public_id, ana)
        rows += str(push.night.everything()["outbox"])
        push.settle()
    shown = str([phone.shows() for phone in phones])
    assert "asks: a ride for 4" in shown
    assert leaks(shown) == []
    assert leaks(rows + str([each.headers for each in receiver.got])) == []
