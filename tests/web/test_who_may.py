"""Everybody against every call, and the place, phone and note in nobody's answer who may not have them."""

from typing import Any

import httpx

from tests.web.conftest import BAKER, NOTE, PHONE, Play, World, whole_text

SECRETS = ("35.2123", "116.1234", "Zephyrine", "555 0142", "555 0110", "Lastname")
"""The exact place to three digits and more, the note, the asker's phone, a helper's phone, a surname."""


async def cast(world: World) -> tuple[dict[str, httpx.AsyncClient], dict[str, str]]:
    """One client per role, and the ids they meet: cem was asked, ben comes, dora is a member and no more."""
    asked = await world.ask(quantity=9, urgency="unsafe")
    other = await world.ask("dora", note=None, place={"lat": 34.0, "lon": -118.0}, contact=None)
    await world.turn()
    claim = await world.claim("ben", asked["id"], 2)
    links = {power: link.rpartition("#")[2] for power, link in asked["links"].items()}
    async with world.client("cem") as cem:
        alerts = (await cem.get("/v1/me/alerts")).json()["alerts"]
    clients = {
        "nobody": world.client(),
        "owner": world.client("ana"),
        "owner-link": world.bearer(links["owner"]),
        "claimer": world.client("ben"),
        "alerted": world.client("cem"),
        "member": world.client("dora"),
        "view": world.bearer(links["view"]),
        "helper": world.bearer(links["helper"]),
    }
    alert = next(each["id"] for each in alerts if each["request"] == asked["id"])
    return clients, {"ask": asked["id"], "claim": claim["id"], "alert": alert, "other": other["id"]}


ROLES = ("nobody", "owner", "owner-link", "claimer", "alerted", "member", "view", "helper")
#                                       nobody owner o-link claimer alerted member view helper
MATRIX: list[tuple[str, str, Any, tuple[int, ...]]] = [
    ("GET", "/v1/requests/{ask}", None, (404, 200, 200, 200, 200, 200, 200, 200)),
    ("GET", "/v1/requests/{ask}/events", None, (404, 200, 200, 200, 200, 200, 200, 200)),
    ("GET", "/v1/requests/{ask}/report", None, (404, 200, 200, 200, 200, 200, 200, 200)),
    ("GET", "/v1/requests/{other}", None, (404, 200, 404, 200, 200, 200, 404, 404)),
    ("GET", "/v1/requests/unknown", None, (404, 404, 404, 404, 404, 404, 404, 404)),
    ("GET", "/v1/me", None, (401, 200, 401, 200, 200, 200, 401, 401)),
    ("GET", "/v1/me/alerts", None, (401, 200, 401, 200, 200, 200, 401, 401)),
    ("GET", "/v1/me/readiness?lat=35.2&lon=-116.1", None, (401, 200, 401, 200, 200, 200, 401, 401)),
    ("GET", "/v1/board", None, (200, 200, 200, 200, 200, 200, 200, 200)),
    ("POST", "/v1/me/phone", {"phone": "+17605550199"}, (401, 202, 401, 202, 202, 202, 401, 401)),
    ("POST", "/v1/me/phone/check", {"code": "000000"}, (401, 409, 401, 409, 409, 409, 401, 401)),
    ("POST", "/v1/session/phone", {"phone": "+17605550199"}, (202,) * 8),
    ("POST", "/v1/session/phone/check", {"phone": "+17605550199", "code": "000000"}, (409,) * 8),
    ("PUT", "/v1/me/duty", {"duty": "available"}, (401, 200, 401, 200, 200, 200, 401, 401)),
    ("PUT", "/v1/me/position", {"lat": 34.9, "lon": -117.0}, (401, 200, 401, 200, 200, 200, 401, 401)),
    ("PATCH", "/v1/requests/{ask}", {"quantity": 8}, (404, 200, 200, 404, 404, 404, 404, 404)),
    ("PUT", "/v1/requests/{ask}/reach", {"rings_max": 3}, (404, 200, 200, 404, 404, 404, 404, 404)),
    ("POST", "/v1/requests/{ask}/notes", {"text": "hello"}, (404, 201, 201, 201, 403, 403, 403, 403)),
    ("POST", "/v1/requests/{ask}/vouches", {}, (401, 403, 401, 200, 200, 403, 401, 401)),
    ("DELETE", "/v1/requests/{ask}/vouches", None, (401, 200, 401, 200, 200, 200, 401, 401)),
    ("POST", "/v1/alerts/{alert}/answers", {"answer": "declined"}, (401, 404, 401, 404, 200, 404, 401, 401)),
    ("POST", "/v1/requests/{ask}/trips", {}, (404, 201, 201, 201, 404, 404, 404, 404)),
    ("GET", "/v1/requests/{ask}/trips", None, (404, 404, 404, 404, 404, 404, 404, 404)),
    ("DELETE", "/v1/requests/{ask}/trips", None, (404, 204, 204, 204, 404, 404, 404, 404)),
    ("POST", "/v1/claims/{claim}/steps", {"step": "en_route"}, (404, 404, 404, 200, 404, 404, 404, 404)),
    ("POST", "/v1/claims/{claim}/steps", {"step": "no_show"}, (404, 200, 409, 404, 404, 404, 404, 404)),
    ("POST", "/v1/requests/{ask}/claims", {"seats": 1}, (404, 409, 401, 201, 201, 201, 401, 422)),
    ("POST", "/v1/invites", {}, (401, 201, 401, 201, 201, 201, 401, 401)),
    ("POST", "/v1/communities", {"name": "Vegas"}, (401, 201, 401, 201, 201, 201, 401, 401)),
    ("POST", "/v1/requests/{ask}/close", {"disposition": "resolved"}, (404, 200, 409, 404, 404, 404, 404, 404)),
]


def test_everybody_may_exactly_what_the_policy_says(play: Play) -> None:
    async def story(world: World) -> None:
        clients, ids = await cast(world)
        wrong = []
        for method, path, body, expected in MATRIX:
            for role, status in zip(ROLES, expected, strict=True):
                keyed = {"Idempotency-Key": world.key()} if method in ("POST", "PATCH") else {}
                where = path.format(**ids)
                answer = await clients[role].request(method, where, json=body, headers=keyed)
                if answer.status_code != status:
                    wrong.append((role, method, path, answer.status_code, status, answer.text[:200]))
        assert not wrong, "\n".join(map(str, wrong))
        for client in clients.values():
            await client.aclose()

    play(story, sms_url="http://127.0.0.1:1/texts", sms_countries=("1",))


def test_what_is_somebody_elses_looks_like_what_does_not_exist(play: Play) -> None:
    async def story(world: World) -> None:
        _, ids = await cast(world)
        async with world.client() as nobody:
            theirs = await nobody.get(f"/v1/requests/{ids['ask']}")
            none = await nobody.get("/v1/requests/AAAAAAAAAAAAAAAAAAAAAA")
        assert theirs.content == none.content

    play(story)


READS = ("/v1/requests/{ask}", "/v1/requests/{ask}/events", "/v1/requests/{ask}/report", "/v1/board", "/v1/me/alerts")
MAY = {"owner": SECRETS[:5], "owner-link": SECRETS[:5], "claimer": SECRETS[:4]}
OWN_PHONE = {"claimer": "555 0110"}


def test_the_exact_place_and_every_private_word_reach_only_those_who_may_have_them(play: Play) -> None:
    async def story(world: World) -> None:
        clients, ids = await cast(world)
        async with world.client("ana") as ana:
            await ana.patch(
                f"/v1/requests/{ids['ask']}", json={"show_travel": True}, headers={"Idempotency-Key": world.key()}
            )
            await world.post(ana, f"/v1/requests/{ids['ask']}/notes", {"text": "Zephyrine has the keys"})
        answers: dict[str, str] = dict.fromkeys(ROLES, "")
        for role, client in clients.items():
            for path in READS:
                answers[role] += whole_text(await client.get(path.format(**ids)))
            for path in ("/metrics", "/healthz", "/readyz", "/openapi.json"):
                answers[role] += whole_text(await client.get(path)) if role == "nobody" else ""
            answers[role] += whole_text(await world.post(client, f"/v1/requests/{ids['ask']}/claims", {"seats": 99}))
            await client.aclose()
        for role, text in answers.items():
            found = {secret for secret in SECRETS if secret in text}
            assert found <= set(MAY.get(role, ())), (role, found)
        for role, secrets in MAY.items():
            assert {"35.2123", "116.1234", "Zephyrine", "555 0142"} <= {s for s in secrets if s in answers[role]}, role
        assert BAKER["lat"] != round(BAKER["lat"], 2)
        assert "Zephyrine" in NOTE
        assert "555 0142" in PHONE

    play(story)


def test_the_place_is_gone_for_a_claimer_who_gives_the_seats_back(play: Play) -> None:
    async def story(world: World) -> None:
        asked = await world.ask()
        claim = await world.claim("ben", asked["id"])
        async with world.client("ben") as ben:
            assert "35.2123" in (await ben.get(f"/v1/requests/{asked['id']}")).text
            ended = await world.post(ben, f"/v1/claims/{claim['id']}/steps", {"step": "withdraw"})
            for text in (ended.text, (await ben.get(f"/v1/requests/{asked['id']}")).text):
                assert not [secret for secret in SECRETS if secret in text]

    play(story)


def test_somebody_who_was_blocked_sees_nothing_any_more(play: Play) -> None:
    async def story(world: World) -> None:
        asked = await world.ask()
        claim = await world.claim("ben", asked["id"])
        async with world.client("ana") as ana, world.client("ben") as ben:
            blocked = await world.post(ana, f"/v1/people/{world.people['ben']}/block")
            assert blocked.status_code == 204
            assert (await ben.get(f"/v1/requests/{asked['id']}")).status_code == 404
            step = await world.post(ben, f"/v1/claims/{claim['id']}/steps", {"step": "en_route"})
            assert step.json()["code"] == "wrong-step"
            assert (await world.post(ben, f"/v1/requests/{asked['id']}/claims", {"seats": 1})).status_code == 404
            assert (await ana.delete(f"/v1/people/{world.people['ben']}/block")).status_code == 204
            assert (await ben.get(f"/v1/requests/{asked['id']}")).status_code == 200

    play(story)
