"""The night of the bus by HTTP alone: asked, heard, claimed, driven, met, closed."""

from datetime import timedelta
from typing import Any

from tests.web.conftest import BAKER, NOTE, PHONE, Play, World


async def inbox(world: World, who: str) -> list[dict[str, Any]]:
    async with world.client(who) as client:
        answer = await client.get("/v1/me/alerts")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["alerts"]
    return found


def test_a_call_is_heard_answered_driven_to_and_closed(play: Play) -> None:
    async def story(world: World) -> None:
        asked = await world.ask(quantity=4)
        public_id = asked["id"]
        assert asked["status"] == "open"
        assert asked["seats"] == {"total": 4, "claimed": 0, "open": 4}
        assert asked["heard"] == {"alerted": 0, "seen": 0}
        assert asked["place"]["lat"] == BAKER["lat"]
        assert 0 <= asked["forecast"]["p"] <= 1
        assert asked["links"]["owner"].startswith(f"http://flare.test/r/{public_id}#flo_")
        await world.turn()
        (alert,) = await inbox(world, "ben")
        assert alert["ring"] == "1"
        assert NOTE not in str(alert)
        async with world.client("ben") as ben, world.client("ana") as ana:
            seen = await world.post(ben, f"/v1/alerts/{alert['id']}/answers", {"answer": "acknowledged"})
            assert seen.json()["answer"] == "acknowledged"
            await world.turn(timedelta(seconds=3))
            assert (await ana.get(f"/v1/requests/{public_id}")).json()["heard"]["seen"] == 1
            claim = await world.post(ben, f"/v1/requests/{public_id}/claims", {"seats": 4, "eta_minutes": 40})
            assert claim.status_code == 201
            assert claim.json()["place"]["lat"] == BAKER["lat"]
            assert claim.json()["note"] == NOTE
            assert claim.json()["contact"]["phone"] == PHONE
            assert (await ana.get(f"/v1/requests/{public_id}")).json()["status"] == "claimed"
            claim_id = claim.json()["id"]
            for step in ("en_route", "on_scene"):
                stepped = await world.post(ben, f"/v1/claims/{claim_id}/steps", {"step": step})
                assert stepped.json()["status"] == step
            (shown,) = (await ana.get(f"/v1/requests/{public_id}")).json()["claims"]
            assert shown["name"] == "Ben"
            wrong = await world.post(ben, f"/v1/claims/{claim_id}/steps", {"step": "met", "code": "xyz"})
            assert (wrong.status_code, wrong.json()["code"]) == (409, "wrong-code")
            assert wrong.json()["tries_left"] == 4
            met = await world.post(ben, f"/v1/claims/{claim_id}/steps", {"step": "met", "code": shown["tell"]})
            assert met.json()["confirmed"] is True
            closed = await world.post(ana, f"/v1/requests/{public_id}/close", {"disposition": "resolved"})
            assert closed.json()["status"] == "resolved"
            assert [each["status"] for each in closed.json()["claims"]] == ["done"]
            report = (await ana.get(f"/v1/requests/{public_id}/report")).json()
            assert report["phases"]["first_seen"] == 3.0
            assert report["alerts"]["claimed"] == 1

    play(story)


def test_a_guest_asks_without_an_account_and_comes_back_with_the_cookie(play: Play) -> None:
    async def story(world: World) -> None:
        async with world.client() as guest:
            body = {"kind": "ride", "quantity": 2, "place": BAKER, "contact": {"name": "Gus", "phone": PHONE}}
            asked = await world.post(guest, "/v1/requests", body)
            assert asked.status_code == 201, asked.text
            cookie = asked.headers["set-cookie"]
            assert cookie.startswith("__Host-flare=fls_")
            for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
                assert part in cookie
            public_id = asked.json()["id"]
            guest.headers["Cookie"] = cookie.partition(";")[0]
            shown = await guest.get(f"/v1/requests/{public_id}")
            assert shown.json()["role"] == "owner"
            assert (await guest.get("/v1/me")).json()["guest"] is True
            again = await world.post(guest, "/v1/requests", body | {"kind": "repair", "quantity": 1})
            assert again.status_code == 201
            assert (await guest.get(f"/v1/requests/{again.json()['id']}")).json()["reach"]["open"] is True

    play(story)


def test_the_last_seat_goes_to_one_and_the_other_is_told_how_many_are_left(play: Play) -> None:
    async def story(world: World) -> None:
        asked = await world.ask(quantity=5)
        await world.claim("ben", asked["id"], 4)
        async with world.client("cem") as cem:
            late = await world.post(cem, f"/v1/requests/{asked['id']}/claims", {"seats": 2})
            assert (late.status_code, late.json()["code"], late.json()["seats_open"]) == (409, "seat-taken", 1)
            waiting = await world.post(cem, f"/v1/requests/{asked['id']}/claims", {"seats": 2, "standby": True})
            assert (waiting.status_code, waiting.json()["status"]) == (201, "standby")
            assert waiting.json()["place"].get("accuracy_m") is None

    play(story)


def test_a_stranger_sees_the_place_only_once_the_owner_lets_them_come(play: Play) -> None:
    async def story(world: World) -> None:
        asked = await world.ask()
        first, second = await world.claim("dora", asked["id"], 2), await world.claim("cem", asked["id"], 1)
        assert "accuracy_m" not in first["place"]
        async with world.client("dora") as dora, world.client("ana") as ana:
            path = f"/v1/claims/{first['id']}/decisions"
            assert (await world.post(dora, path, {"decision": "show"})).status_code == 404
            shown = await world.post(ana, path, {"decision": "show"})
            assert shown.json()["shown"] is True
            assert (await dora.get(f"/v1/requests/{asked['id']}")).json()["place"]["lat"] == BAKER["lat"]
            refused = await world.post(ana, f"/v1/claims/{second['id']}/decisions", {"decision": "refuse"})
            assert refused.json()["status"] == "stood_down"
            assert (await ana.get(f"/v1/requests/{asked['id']}")).json()["seats"]["claimed"] == 2
            again = await world.post(ana, f"/v1/claims/{second['id']}/decisions", {"decision": "show"})
            assert (again.status_code, again.json()["code"]) == (409, "wrong-step")

    play(story)


def test_a_helper_link_lets_a_guest_claim_and_gives_them_a_token_of_their_own(play: Play) -> None:
    async def story(world: World) -> None:
        asked = await world.ask()
        helper = asked["links"]["helper"].rpartition("#")[2]
        async with world.bearer(helper) as link:
            path = f"/v1/requests/{asked['id']}/claims"
            nameless = await world.post(link, path, {"seats": 1})
            assert (nameless.status_code, nameless.json()["code"]) == (422, "invalid")
            claim = await world.post(link, path, {"seats": 1, "name": "Hal", "phone": PHONE})
            assert claim.status_code == 201, claim.text
            token = claim.json()["token"]
        async with world.bearer(token) as hal:
            step = await world.post(hal, f"/v1/claims/{claim.json()['id']}/steps", {"step": "en_route"})
            assert step.json()["status"] == "en_route"

    play(story)


def test_a_helper_who_came_by_browser_is_signed_in_with_their_claim(play: Play) -> None:
    async def story(world: World) -> None:
        asked = await world.ask()
        helper = asked["links"]["helper"].rpartition("#")[2]
        async with world.client() as hal:
            opened = await world.post(hal, "/v1/session", {"token": helper})
            assert opened.json() == {"power": "helper", "request": asked["id"]}
            hal.headers["Cookie"] = opened.headers["set-cookie"].partition(";")[0]
            key = world.key()
            path = f"/v1/requests/{asked['id']}/claims"
            claim = await world.post(hal, path, {"seats": 1, "name": "Hal", "phone": PHONE}, key)
            assert "token" not in claim.json()
            again = await world.post(hal, path, {"seats": 1, "name": "Hal", "phone": PHONE}, key)
            assert again.json() == claim.json()
            assert again.headers["idempotency-replayed"] == "true"
            stepped = await world.post(hal, f"/v1/claims/{claim.json()['id']}/steps", {"step": "en_route"})
            assert stepped.json()["status"] == "en_route"

    play(story)


def test_an_invite_makes_a_person_who_is_tied_to_whoever_sent_it(play: Play) -> None:
    async def story(world: World) -> None:
        async with world.client("ana") as ana, world.client() as eve:
            invite = await world.post(ana, "/v1/invites")
            assert invite.status_code == 201
            key = world.key()
            body = {"token": invite.json()["token"], "name": "Eve"}
            opened = await world.post(eve, "/v1/session", body, key)
            assert opened.json()["power"] == "member"
            again = await world.post(eve, "/v1/session", body, key)
            assert again.json() == opened.json()
            assert again.headers["set-cookie"] != opened.headers["set-cookie"]
            eve.headers["Cookie"] = again.headers["set-cookie"].partition(";")[0]
            me = (await eve.get("/v1/me")).json()
            assert (me["name"], me["ties"]) == ("Eve", 1)
            assert (await eve.delete("/v1/session")).status_code == 204
            assert (await eve.get("/v1/me")).status_code == 401

    play(story)


def test_a_member_whose_answer_was_lost_stays_signed_in(play: Play) -> None:
    async def story(world: World) -> None:
        asked = await world.ask()
        view = {"token": asked["links"]["view"].rpartition("#")[2]}
        async with world.client() as phone:

            async def as_member(headers: Any) -> int:
                answer = await phone.get("/v1/me", headers={"Cookie": headers["set-cookie"].partition(";")[0]})
                return int(answer.status_code)

            first = await world.post(phone, "/v1/session", {"token": world.tokens["dora"]})
            phone.headers["Cookie"] = first.headers["set-cookie"].partition(";")[0]
            key = "tapped-once-on-a-bad-line"
            lost = await world.post(phone, "/v1/session", view, key)
            again = await world.post(phone, "/v1/session", view, key)
            assert again.json() == lost.json() == {"power": "view", "request": asked["id"]}
            assert await as_member(again.headers) == 200
            assert await as_member(lost.headers) == 401
            stranger = {"Cookie": "", "Idempotency-Key": key}
            other = await phone.post("/v1/session", json=view, headers=stranger)
            assert await as_member(other.headers) == 401

    play(story)


def test_a_requester_changes_the_ask_but_never_below_what_is_promised(play: Play) -> None:
    async def story(world: World) -> None:
        asked = await world.ask()
        await world.claim("ben", asked["id"], 4)
        async with world.client("ana") as ana, world.client("ben") as ben:
            path = f"/v1/requests/{asked['id']}"

            async def patch(client: Any, body: Any) -> Any:
                return await client.patch(path, json=body, headers={"Idempotency-Key": world.key()})

            below = await patch(ana, {"quantity": 3})
            assert (below.status_code, below.json()["code"], below.json()["claimed"]) == (409, "below-claimed", 4)
            fewer = await patch(ana, {"quantity": 4, "note": None, "contact": {"name": "Ana"}})
            assert (fewer.json()["status"], fewer.json()["note"]) == ("claimed", None)
            assert fewer.json()["contact"] == {"name": "Ana", "phone": PHONE}
            moved = await patch(ana, {"place": {"text": "35.5, -116.5"}})
            assert moved.json()["place"]["lat"] == 35.5
            assert (await patch(ben, {"quantity": 9})).status_code == 404
            reach = await ana.put(f"{path}/reach", json={"rings_max": 1, "open": True})
            assert reach.json()["reach"] == {"rings_max": 1, "communities": None, "open": True}
            note = await world.post(ben, f"{path}/notes", {"text": "ten minutes away"})
            assert (note.status_code, note.json()["by"]) == (201, "Ben")

    play(story)
