"""Coordinators see cells and queues; the exact place only through broken glass, which everybody hears."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from dispatch.actions.desk import appoint
from dispatch.domain import limits
from tests.web.conftest import BAKER, NOTE, Play, World


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


def test_who_reported_whom_and_that_they_are_apart_since_is_written_down(play: Play) -> None:
    async def story(world: World) -> None:
        ask = await world.ask()
        claim = await world.claim("ben", ask["id"])
        async with world.client("ana") as owner:
            await world.post(owner, "/v1/reports", {"claim": claim["id"], "reason": "violent"})
        assert [deed for deed, _ in deeds(world, ask["id"])][-2:] == ["reported", "blocked"]

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
        how = {"disposition": "referred", "note": "The sheriff is on the way."}
        ended = await act(world, f"requests/{ask['id']}/close", how)
        assert ended.json()["status"] == "resolved"
        async with world.client("ana") as owner:
            notes = (await owner.get(f"/v1/requests/{ask['id']}")).json()["notes"]
        assert [note["text"] for note in notes] == ["The sheriff is on the way."]
        async with world.client("dora") as desk:
            assert (await desk.get("/v1/desk")).json()["flags"] == []

    play(story)


async def queue(world: World) -> Any:
    async with world.client("dora") as desk:
        return (await desk.get("/v1/desk")).json()


def test_a_promise_that_has_not_moved_for_half_an_hour_is_in_the_queue_and_gone_when_it_moves(play: Play) -> None:
    async def story(world: World) -> None:
        make(world, "dora")
        ask = await world.ask()
        claim = await world.claim("ben", ask["id"])
        world.clock.step(limits.STALLED)
        assert (await queue(world))["stalled"] == []
        world.clock.step(timedelta(seconds=1))
        assert [row["request"] for row in (await queue(world))["stalled"]] == [ask["id"]]
        async with world.client("ben") as ben:
            await world.post(ben, f"/v1/claims/{claim['id']}/steps", {"step": "en_route"})
        assert (await queue(world))["stalled"] == []

    play(story)


def test_a_drive_is_stalled_by_its_stated_arrival_and_somebody_who_is_there_never(play: Play) -> None:
    async def story(world: World) -> None:
        make(world, "dora")
        ask = await world.ask()
        async with world.client("ben") as ben:
            body = {"seats": 1, "eta_minutes": 90}
            claim = (await world.post(ben, f"/v1/requests/{ask['id']}/claims", body)).json()
            steps = f"/v1/claims/{claim['id']}/steps"
            await world.post(ben, steps, {"step": "en_route"})
            world.clock.step(timedelta(minutes=90) + limits.STALLED)
            assert (await queue(world))["stalled"] == []
            world.clock.step(timedelta(seconds=1))
            assert [row["request"] for row in (await queue(world))["stalled"]] == [ask["id"]]
            await world.post(ben, steps, {"step": "on_scene"})
            world.clock.step(limits.STALLED * 2)
        assert (await queue(world))["stalled"] == []

    play(story)


async def twin(world: World, **more: Any) -> dict[str, Any]:
    """The same bus, reported by somebody without an account."""
    made: dict[str, Any] = await world.ask(None, quantity=8, similar_ok=True, **more)
    return made


def test_two_asks_from_one_place_are_shown_as_one_and_merging_tells_both_owners(play: Play) -> None:
    async def story(world: World) -> None:
        make(world, "dora")
        keep = await world.ask()
        world.clock.step(timedelta(minutes=20))
        double = await twin(world)
        (pair,) = (await queue(world))["twins"]
        assert (pair["keep"]["request"], pair["double"]["request"]) == (keep["id"], double["id"])
        assert pair["same"] == ["place", "contact"]
        merged = await act(world, f"requests/{double['id']}/merge", {"into": keep["id"]})
        assert merged.json()["request"] == keep["id"]
        async with world.bearer(double["links"]["owner"].rpartition("#")[2]) as owner:
            ended = (await owner.get(f"/v1/requests/{double['id']}")).json()
        assert (ended["status"], ended["disposition"]) == ("resolved", "referred")
        assert keep["id"][:6] in ended["notes"][-1]["text"]
        async with world.client("ana") as ana:
            notes = (await ana.get(f"/v1/requests/{keep['id']}")).json()["notes"]
        assert double["id"][:6] in notes[-1]["text"]
        assert (await queue(world))["twins"] == []
        assert deeds(world, double["id"])[-1] == ("decided", f"merged into {keep['id']}")

    play(story)


def test_an_ask_somebody_is_coming_to_is_not_merged_away(play: Play) -> None:
    async def story(world: World) -> None:
        make(world, "dora")
        keep, double = await world.ask(), await twin(world)
        other = await world.ask("cem", kind="supplies", quantity=2)
        await world.claim("ben", keep["id"], 1)
        for into in (keep["id"], double["id"], other["id"]):
            refused = await act(world, f"requests/{keep['id']}/merge", {"into": into})
            assert refused.status_code == 422, into
        assert (await act(world, f"requests/{keep['id']}/merge", {"into": "nobodys"})).status_code == 404
        assert (await act(world, f"requests/{double['id']}/merge", {"into": keep["id"]}, "ana")).status_code == 404
        assert (await act(world, f"requests/{double['id']}/merge", {"into": keep["id"]})).status_code == 200
        again = await act(world, f"requests/{double['id']}/merge", {"into": keep["id"]})
        assert again.json()["code"] == "request-over"

    play(story)


def test_no_ask_is_merged_into_a_drill_or_into_one_that_is_frozen(play: Play) -> None:
    async def story(world: World) -> None:
        make(world, "dora")
        async with world.client("cem") as cem:
            body = {"kind": "ride", "quantity": 9, "place": BAKER, "similar_ok": True}
            drill = (await world.post(cem, "/v1/drills", body)).json()
        frozen = await world.ask(similar_ok=True)
        claim = await world.claim("ben", frozen["id"], 1)
        async with world.client("ben") as ben:
            await world.post(ben, "/v1/reports", {"claim": claim["id"], "reason": "nobody there"})
        real = await twin(world)
        waiting = await queue(world)
        assert waiting["twins"] == []  # neither is offered …
        for into in (drill["id"], frozen["id"]):  # … nor taken
            refused = await act(world, f"requests/{real['id']}/merge", {"into": into})
            assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "into")
        world.clock.step(limits.UNOWNED + timedelta(seconds=1))
        shown = {row["request"]: row["drill"] for row in (await queue(world))["unowned"]}
        assert (shown[drill["id"]], shown[real["id"]]) == (True, False)

    play(story)


def test_the_one_whose_ask_was_merged_may_follow_the_one_that_goes_on(play: Play) -> None:
    async def story(world: World) -> None:
        make(world, "dora")
        keep, double = await world.ask(), await twin(world)
        async with world.client() as browser:
            opened = await world.post(
                browser, "/v1/session", {"token": double["links"]["owner"].rpartition("#")[2]}
            )  # fmt: skip
            cookie = {"Cookie": opened.headers["set-cookie"].partition(";")[0]}
            assert (await browser.get(f"/v1/requests/{keep['id']}", headers=cookie)).status_code == 404
            await act(world, f"requests/{double['id']}/merge", {"into": keep["id"]})
            seen = await browser.get(f"/v1/requests/{keep['id']}", headers=cookie)
        assert seen.status_code == 200
        assert seen.json()["place"]["resolution"] < 6
        assert NOTE not in seen.text

    play(story)


def test_asks_of_another_kind_place_or_evening_are_no_twins(play: Play) -> None:
    async def story(world: World) -> None:
        make(world, "dora")
        await world.ask()
        await world.ask("cem", kind="supplies", quantity=2, contact={"phone": "+1 760 555 0199"})
        await twin(world, place={"lat": 36.2, "lon": -115.1}, contact={"phone": "+1 760 555 0199"})
        world.clock.step(limits.TWIN_WITHIN + timedelta(seconds=1))
        await twin(world)
        assert (await queue(world))["twins"] == []

    play(story)


def test_an_ask_that_was_reported_for_nothing_goes_on(play: Play) -> None:
    async def story(world: World) -> None:
        make(world, "dora")
        ask = await world.ask()
        claim = await world.claim("ben", ask["id"], 1)
        async with world.client("ben") as helper:
            await world.post(helper, "/v1/reports", {"claim": claim["id"], "reason": "nobody there"})
        (report,) = (await queue(world))["reports"]
        async with world.client("ana") as owner:
            assert (await owner.get(f"/v1/requests/{ask['id']}")).json()["frozen"]
            await act(world, f"reports/{report['id']}", {"upheld": False})
            assert (await owner.get(f"/v1/requests/{ask['id']}")).json()["frozen"] is None
        await world.claim("cem", ask["id"], 1)

    play(story)


@pytest.mark.parametrize("upheld", [True, False])
def test_a_decided_report_leaves_the_desk_with_its_flag(play: Play, upheld: bool) -> None:
    async def story(world: World) -> None:
        make(world, "dora")
        ask = await world.ask()
        claims = {who: await world.claim(who, ask["id"], 1) for who in ("ben", "cem")}
        for who in claims:
            async with world.client("ana") as owner:
                await world.post(owner, "/v1/reports", {"claim": claims[who]["id"], "reason": f"{who} shouted"})
        waiting = await queue(world)
        assert [flag["kind"] for flag in waiting["flags"]] == ["reported", "reported"]
        left = 2
        for report in waiting["reports"]:
            await act(world, f"reports/{report['id']}", {"upheld": upheld})
            left -= 1
            assert len((await queue(world))["flags"]) == left  # the other report's flag stays until it is decided

    play(story)


def test_a_flag_stays_while_the_other_side_of_a_quarrel_waits_for_a_word(play: Play) -> None:
    async def story(world: World) -> None:
        make(world, "dora")
        ask = await world.ask()
        claim = await world.claim("ben", ask["id"], 1)
        for who in ("ana", "ben"):
            async with world.client(who) as client:
                told = await world.post(client, "/v1/reports", {"claim": claim["id"], "reason": f"says {who}"})
                assert told.status_code == 201, told.text
        first, second = (await queue(world))["reports"]
        await act(world, f"reports/{first['id']}", {"upheld": False})
        assert [flag["kind"] for flag in (await queue(world))["flags"]] == ["reported"]
        await act(world, f"reports/{second['id']}", {"upheld": False})
        assert (await queue(world))["flags"] == []

    play(story)
