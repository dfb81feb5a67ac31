"""One's own account: sessions end on every channel at once, everything can be had, and all of it can go."""

from datetime import datetime
from typing import Any

from tests.web.conftest import HOST, NOTE, PHONE, Play, World


async def sign_in(world: World, who: str) -> Any:
    """A browser of that person; its client."""
    client = world.client()
    headers = {"Origin": HOST, "Idempotency-Key": world.key()}
    answer = await client.post("/v1/session", json={"token": world.tokens[who]}, headers=headers)
    assert answer.status_code == 200, answer.text
    cookie = answer.headers["set-cookie"].split(";")[0]
    client.headers["Cookie"] = cookie
    client.headers["Origin"] = HOST
    return client


def test_sessions_are_listed_and_an_ended_one_opens_nothing(play: Play) -> None:
    async def story(world: World) -> None:
        phone, laptop = await sign_in(world, "ana"), await sign_in(world, "ana")
        listed = (await phone.get("/v1/me/sessions")).json()["sessions"]
        assert sorted(one["kind"] for one in listed) == ["browser", "browser", "token"]
        (other,) = [one for one in listed if one["kind"] == "browser" and not one["current"]]
        assert (await phone.delete(f"/v1/me/sessions/{other['id']}")).status_code == 204
        for path in ("/v1/me", "/v1/me/alerts", "/v1/me/sessions", "/v1/me/export"):
            assert (await laptop.get(path)).status_code == 401, path
        assert (await phone.get("/v1/me")).status_code == 200
        # The hub is told in the same transaction: a control row that names the session.
        seen = world.flare.store.read_now(lambda tx, now: tx.journal.after(0, 500)[1])
        assert [event.kind for event in seen if event.topic == "ctl"][-1] == "access_ended"

    play(story)


def test_nobody_ends_somebody_elses_session(play: Play) -> None:
    async def story(world: World) -> None:
        mine, theirs = await sign_in(world, "ana"), await sign_in(world, "ben")
        (target,) = [one for one in (await theirs.get("/v1/me/sessions")).json()["sessions"] if one["current"]]
        assert (await mine.delete(f"/v1/me/sessions/{target['id']}")).status_code == 404
        assert (await theirs.get("/v1/me")).status_code == 200
        assert (await mine.delete("/v1/me/sessions")).status_code == 204
        assert (await mine.get("/v1/me")).status_code == 200
        async with world.client("ana") as program:
            assert (await program.get("/v1/me")).status_code == 401

    play(story)


def test_an_export_holds_what_is_kept_of_me_and_nothing_of_others(play: Play) -> None:
    async def story(world: World) -> None:
        ask = await world.ask()
        await world.claim("ben", ask["id"])
        async with world.client("ana") as client:
            mine = (await client.get("/v1/me/export")).json()
        assert mine["requests"][0]["note"] == NOTE
        async with world.client("dora") as client:
            answer = await client.get("/v1/me/export")
        assert answer.status_code == 200
        for canary in (NOTE, PHONE, "35.212345", "116.123456", "Ana", "Ben"):
            assert canary not in answer.text

    play(story)


def test_who_leaves_takes_everything_with_them_and_leaves_nobody_stranded(play: Play) -> None:
    async def story(world: World) -> None:
        ask = await world.ask()
        own = await world.ask("ben", kind="supplies", quantity=2)
        await world.turn()
        await world.claim("ben", ask["id"])
        async with world.client("ben") as client:
            assert (await client.delete("/v1/me")).status_code == 204
            assert (await client.get("/v1/me")).status_code == 401
        async with world.client("ana") as client:
            seen = (await client.get(f"/v1/requests/{ask['id']}")).json()
        assert seen["seats"]["claimed"] == 0
        assert [(one["status"], one["name"]) for one in seen["claims"]] == [("withdrawn", None)]

        def left(tx: Any, now: datetime) -> Any:
            person = tx.people.by_public(world.people["ben"])
            asked = tx.requests.by_public(own["id"])
            alerts = tx.alerts.of_person(person.id, 9)
            return (person.name, person.phone, person.place), tx.network.ties_of(person.id), alerts, str(asked.status)

        assert world.flare.store.read_now(left) == ((None, None, None), [], [], "cancelled")

    play(story)
