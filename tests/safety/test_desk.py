"""Coordinators see cells and queues; the exact place only through broken glass, which everybody hears."""

from datetime import datetime, timedelta
from typing import Any

from dispatch.actions.desk import appoint
from tests.web.conftest import NOTE, Play, World


def make(world: World, who: str) -> None:
    world.flare.store.submit(lambda tx, now: appoint(tx, now, world.people[who], may=True)).result()


async def act(world: World, path: str, body: Any = None, who: str = "dora") -> Any:
    async with world.client(who) as client:
        return await world.post(client, f"/v1/desk/{path}", body)


def test_for_everybody_else_there_is_no_desk(play: Play) -> None:
    async def story(world: World) -> None:
        ask = await world.ask()
        for who in ("ana", "ben", "dora"):
            async with world.client(who) as client:
                assert (await client.get("/v1/desk")).status_code == 404
            for path, body in (("glass", {"reason": "curious"}), ("take", {}), ("close", {"disposition": "referred"})):
                assert (await act(world, f"requests/{ask['id']}/{path}", body, who)).status_code == 404
            assert (await act(world, "reports/1", {"upheld": True}, who)).status_code == 404

    play(story)


def test_an_ask_nobody_comes_to_is_in_the_queue_after_ten_minutes_as_a_cell(play: Play) -> None:
    async def story(world: World) -> None:
        make(world, "dora")
        ask = await world.ask()
        async with world.client("dora") as desk:
            assert (await desk.get("/v1/desk")).json()["unowned"] == []
            world.clock.step(timedelta(minutes=10, seconds=1))
            answer = await desk.get("/v1/desk")
        assert [row["request"] for row in answer.json()["unowned"]] == [ask["id"]]
        for canary in ("35.2123", NOTE, "555 0142"):
            assert canary not in answer.text

    play(story)


def deeds(world: World, ask: str) -> list[tuple[str, str | None]]:
    """What the audit has of an ask, oldest first."""

    def read(tx: Any, now: datetime) -> list[tuple[str, str | None]]:
        request = tx.requests.by_public(ask)
        return [(row.deed, row.why) for row in tx.audit.of_request(request.id)]

    found: list[tuple[str, str | None]] = world.flare.store.read_now(read)
    return found


def test_breaking_the_glass_is_written_down_and_the_owner_reads_why(play: Play) -> None:
    async def story(world: World) -> None:
        make(world, "dora")
        ask = await world.ask()
        shown = await act(world, f"requests/{ask['id']}/glass", {"reason": "the sheriff asks where she is"})
        assert shown.json()["place"]["lat"] == 35.212345
        async with world.client("ana") as owner:
            notes = (await owner.get(f"/v1/requests/{ask['id']}")).json()["notes"]
        assert "the sheriff asks where she is" in notes[-1]["text"]
        assert deeds(world, ask["id"])[-1] == ("glass_broken", "the sheriff asks where she is")

    play(story)


def test_a_new_place_shown_to_whoever_is_coming_is_in_the_audit_and_a_new_note_is_not(play: Play) -> None:
    async def story(world: World) -> None:
        ask = await world.ask()
        await world.claim("ben", ask["id"])
        async with world.client("ana") as owner:
            for changes in ({"note": "by the big sign"}, {"place": {"lat": 35.3, "lon": -116.0, "accuracy_m": 9}}):
                key = {"Idempotency-Key": world.key()}
                changed = await owner.patch(f"/v1/requests/{ask['id']}", json=changes, headers=key)
                assert changed.status_code == 200, changed.text
        shown = [why for deed, why in deeds(world, ask["id"]) if deed == "disclosed"]
        assert shown == ["claimed", "moved place"]

    play(story)


def test_a_report_that_nothing_was_behind_lets_the_helper_go_and_three_bar_the_reporter(play: Play) -> None:
    async def story(world: World) -> None:
        make(world, "dora")
        for number in range(3):
            ask = await world.ask(similar_ok=True)
            claim = await world.claim("ben", ask["id"])
            async with world.client("ana") as owner:
                body = {"claim": claim["id"], "reason": f"reason {number}"}
                assert (await world.post(owner, "/v1/reports", body)).status_code == 201
                await owner.delete(f"/v1/people/{world.people['ben']}/block")
            async with world.client("dora") as desk:
                (report,) = (await desk.get("/v1/desk")).json()["reports"]
            assert report["reason"] == f"reason {number}"
            assert (await act(world, f"reports/{report['id']}", {"upheld": False})).json() == {"upheld": False}
            assert (await act(world, f"reports/{report['id']}", {"upheld": True})).status_code == 404
        ask = await world.ask(similar_ok=True)
        claim = await world.claim("ben", ask["id"])
        async with world.client("ana") as owner:
            answer = await world.post(owner, "/v1/reports", {"claim": claim["id"], "reason": "again"})
        assert answer.json()["code"] == "not-allowed"

    play(story)


def test_an_upheld_report_holds_for_good(play: Play) -> None:
    async def story(world: World) -> None:
        make(world, "dora")
        ask = await world.ask()
        claim = await world.claim("ben", ask["id"])
        async with world.client("ana") as owner:
            await world.post(owner, "/v1/reports", {"claim": claim["id"], "reason": "violent"})
        await act(world, "reports/1", {"upheld": True})
        world.clock.step(timedelta(days=30))
        other = await world.ask("cem", kind="supplies", quantity=2, similar_ok=True)
        async with world.client("ben") as helper:
            answer = await world.post(helper, f"/v1/requests/{other['id']}/claims", {"seats": 1})
        assert answer.json()["code"] == "on-hold"

    play(story)


def test_a_frozen_ask_goes_on_when_taken_over_and_ends_when_referred(play: Play) -> None:
    async def story(world: World) -> None:
        make(world, "dora")
        ask = await world.ask()
        claim = await world.claim("ben", ask["id"])
        async with world.client("ben") as helper:
            await world.post(helper, "/v1/reports", {"claim": claim["id"], "reason": "nobody there"})
        assert (await act(world, f"requests/{ask['id']}/take")).json() == {"taken": 1}
        await world.claim("cem", ask["id"])
        ended = await act(world, f"requests/{ask['id']}/close", {"disposition": "referred"})
        assert ended.json()["status"] == "resolved"
        async with world.client("dora") as desk:
            assert (await desk.get("/v1/desk")).json()["flags"] == []

    play(story)
