"""Two strangers meet at night: the code, the refusal, the report, and the question afterwards."""

from datetime import datetime, timedelta
from typing import Any

from dispatch.domain.standing import FlagKind
from tests.web.conftest import Play, World


async def step(world: World, who: str, claim: str, step: str, **more: Any) -> Any:
    async with world.client(who) as client:
        return await world.post(client, f"/v1/claims/{claim}/steps", {"step": step} | more)


async def come(world: World, who: str, ask: str) -> dict[str, Any]:
    """A claim of somebody who stands at the place."""
    claim = await world.claim(who, ask)
    for each in ("en_route", "on_scene"):
        assert (await step(world, who, claim["id"], each)).status_code == 200
    return claim


async def seen_by(world: World, who: str, ask: str) -> Any:
    async with world.client(who) as client:
        return (await client.get(f"/v1/requests/{ask}")).json()


def flags(world: World) -> list[FlagKind]:
    found: list[FlagKind] = world.flare.store.read_now(lambda tx, now: [flag.kind for flag in tx.safety.flags(50)])
    return found


async def tell_code(world: World, ask: str) -> str:
    claims = (await seen_by(world, "ana", ask))["claims"]
    return str(claims[0]["tell"])


def wrong(code: str, number: int) -> str:
    return f"{(int(code) + 1 + number) % 1000:03}"


def test_a_code_guesser_is_stopped_at_five_and_the_owner_is_told(play: Play) -> None:
    async def story(world: World) -> None:
        ask = await world.ask()
        claim = await come(world, "ben", ask["id"])
        code = await tell_code(world, ask["id"])
        left = []
        for number in range(5):
            answer = await step(world, "ben", claim["id"], "met", code=wrong(code, number))
            left.append(answer.json()["tries_left"])
        assert left == [4, 3, 2, 1, 0]
        assert (await step(world, "ben", claim["id"], "met", code=code)).json()["code"] == "wrong-code"
        assert (await seen_by(world, "ana", ask["id"]))["check"]["asked"] == 1
        await world.turn(timedelta(minutes=5))
        assert (await step(world, "ben", claim["id"], "met", code=code)).status_code == 409
        await world.turn(timedelta(minutes=10, seconds=1))
        eastern = code.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
        met = await step(world, "ben", claim["id"], "met", code=eastern)
        assert met.json()["confirmed"] is True

    play(story)


def test_a_code_of_another_claim_confirms_nothing(play: Play) -> None:
    async def story(world: World) -> None:
        one, two = await world.ask(), await world.ask(kind="supplies", quantity=2)
        claim = await come(world, "ben", one["id"])
        await world.claim("cem", two["id"], seats=1)
        code = (await seen_by(world, "ana", two["id"]))["claims"][0]["tell"]
        if code != await tell_code(world, one["id"]):
            assert (await step(world, "ben", claim["id"], "met", code=code)).json()["code"] == "wrong-code"

    play(story)


def test_a_helper_who_was_refused_can_not_take_seats_of_that_ask_again(play: Play) -> None:
    async def story(world: World) -> None:
        ask = await world.ask()
        claim = await world.claim("ben", ask["id"])
        async with world.client("ana") as client:
            refused = await world.post(client, f"/v1/claims/{claim['id']}/decisions", {"decision": "refuse"})
        assert refused.status_code == 200
        async with world.client("ben") as client:
            again = await world.post(client, f"/v1/requests/{ask['id']}/claims", {"seats": 1})
        assert (again.status_code, again.json()["code"]) == (403, "not-allowed")
        other = await world.ask(kind="supplies", quantity=2)
        await world.claim("ben", other["id"], seats=1)  # another ask is another matter

    play(story)


def test_who_asks_friends_only_is_not_reached_by_a_stranger(play: Play) -> None:
    async def story(world: World) -> None:
        ask = await world.ask()
        async with world.client("ana") as client:
            reach = {"rings_max": 1, "communities": [], "open": False}
            assert (await client.put(f"/v1/requests/{ask['id']}/reach", json=reach)).status_code == 200
        async with world.client("dora") as client:
            answer = await world.post(client, f"/v1/requests/{ask['id']}/claims", {"seats": 1})
        assert (answer.status_code, answer.json()["code"]) == (403, "not-allowed")
        await world.claim("ben", ask["id"])

    play(story)


def test_a_reported_helper_is_held_everywhere_and_free_again_after_a_day(play: Play) -> None:
    async def story(world: World) -> None:
        first, second = await world.ask(), await world.ask("dora", kind="supplies", quantity=4)
        claim = await world.claim("ben", first["id"])
        async with world.client("dora") as client:
            other = await world.claim("ben", second["id"], seats=1)
            await world.post(client, f"/v1/claims/{other['id']}/decisions", {"decision": "show"})
        assert "lat" in (await seen_by(world, "ben", second["id"]))["place"]
        async with world.client("ana") as client:
            body = {"claim": claim["id"], "reason": "he asked for money"}
            assert (await world.post(client, "/v1/reports", body)).status_code == 201
        # The place of the other ask, which nobody complained about, is hidden too.
        after = await seen_by(world, "ben", second["id"])
        assert "lat" not in after["place"]
        assert "lat" not in after["mine"]["claim"]["place"]
        third = await world.ask("cem", kind="supplies", quantity=2, similar_ok=True)
        await world.turn()
        async with world.client("ben") as client:
            answer = await world.post(client, f"/v1/requests/{third['id']}/claims", {"seats": 1})
            inbox = (await client.get("/v1/me/alerts")).json()["alerts"]
        assert (answer.status_code, answer.json()["code"]) == (409, "on-hold")
        assert third["id"] not in [alert["request"] for alert in inbox]
        assert flags(world) == [FlagKind.REPORTED]
        world.clock.step(timedelta(hours=24, seconds=1))
        fourth = await world.ask("cem", kind="supplies", quantity=2, similar_ok=True)
        await world.claim("ben", fourth["id"], seats=1)

    play(story)


def test_a_reported_ask_reaches_nobody_new_and_its_owner_reads_why(play: Play) -> None:
    async def story(world: World) -> None:
        ask = await world.ask()
        claim = await world.claim("ben", ask["id"])
        async with world.client("ben") as client:
            body = {"claim": claim["id"], "reason": "nobody was stranded"}
            assert (await world.post(client, "/v1/reports", body)).status_code == 201
        assert "looks first" in (await seen_by(world, "ana", ask["id"]))["frozen"]
        await world.turn(timedelta(minutes=3))
        async with world.client("cem") as client:
            assert (await client.get("/v1/me/alerts")).json()["alerts"] == []
            answer = await world.post(client, f"/v1/requests/{ask['id']}/claims", {"seats": 1})
        assert (answer.status_code, answer.json()["code"]) == (409, "on-hold")

    play(story)


def test_twenty_minutes_after_meeting_the_owner_is_asked_twice_then_a_coordinator_is_told(play: Play) -> None:
    async def story(world: World) -> None:
        ask = await world.ask()
        claim = await come(world, "ben", ask["id"])
        assert (await step(world, "ben", claim["id"], "met")).json()["confirmed"] is False
        assert (await seen_by(world, "ana", ask["id"]))["check"] is None
        for minutes, asked, raised in ((20, 1, 1), (15, 2, 1), (15, 2, 2)):
            await world.turn(timedelta(minutes=minutes, seconds=1))
            assert (await seen_by(world, "ana", ask["id"]))["check"]["asked"] == asked
            assert len(flags(world)) == raised
        assert flags(world) == [FlagKind.SAFE, FlagKind.UNANSWERED]
        assert "check" not in await seen_by(world, "ben", ask["id"])
        async with world.client("ana") as client:
            answer = await world.post(client, f"/v1/requests/{ask['id']}/safe", {"answer": "safe"})
        assert answer.json() == {"received": True, "emergency": "911"}
        assert flags(world) == []
        await world.turn(timedelta(hours=1))
        assert flags(world) == []

    play(story)


def test_a_helper_who_knows_the_place_and_goes_dark_is_asked_about(play: Play) -> None:
    async def story(world: World) -> None:
        ask = await world.ask()
        claim = await world.claim("ben", ask["id"])
        await step(world, "ben", claim["id"], "en_route")
        await world.turn(timedelta(minutes=21))
        await world.turn(timedelta(seconds=1))
        assert (await seen_by(world, "ana", ask["id"]))["check"]["asked"] == 1

    play(story)


def test_the_silent_button_is_in_front_of_a_coordinator_at_once(play: Play) -> None:
    async def story(world: World) -> None:
        ask = await world.ask()
        async with world.client("ana") as client:
            answer = await world.post(client, f"/v1/requests/{ask['id']}/safe", {"answer": "help"})
        assert answer.json()["emergency"] == "911"
        assert flags(world) == [FlagKind.HELP]
        async with world.client("ben") as client:
            foreign = await world.post(client, f"/v1/requests/{ask['id']}/safe", {"answer": "help"})
        assert foreign.status_code == 404

    play(story)


def test_after_three_reports_that_nothing_was_behind_no_more_are_taken_for_thirty_days(play: Play) -> None:
    async def story(world: World) -> None:
        def bar(tx: Any, now: datetime) -> None:
            ana = tx.people.by_public(world.people["ana"])
            tx.safety.bar(ana.id, now + timedelta(days=30))

        ask = await world.ask()
        claim = await world.claim("ben", ask["id"])
        world.flare.store.submit(bar).result()
        body = {"claim": claim["id"], "reason": "again"}
        async with world.client("ana") as client:
            assert (await world.post(client, "/v1/reports", body)).json()["code"] == "not-allowed"
            world.clock.step(timedelta(days=30, seconds=1))
            assert (await world.post(client, "/v1/reports", body)).status_code == 201

    play(story)


def test_who_has_said_that_all_are_safe_is_not_asked_again_and_nobody_is_sent_to_look(play: Play) -> None:
    async def story(world: World) -> None:
        ask = await world.ask()
        claim = await come(world, "ben", ask["id"])
        await step(world, "ben", claim["id"], "met")
        async with world.client("ana") as client:
            closed = await world.post(client, f"/v1/requests/{ask['id']}/close", {"disposition": "resolved"})
        assert closed.status_code == 200
        for _ in range(4):
            await world.turn(timedelta(minutes=21))
        assert flags(world) == []

    play(story)
