"""The description and the service say the same; whatever it is sent, the server never breaks."""

import asyncio
import re
from collections import Counter
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.safety.test_desk import make
from tests.web.conftest import Play, World, running

ROLES = (None, "ana", "ben", "cem", "view", "helper")
"""Nobody, the owner, a member, a coordinator, and two who came by a link."""


def test_the_description_names_every_call_of_the_contract(play: Play) -> None:
    async def story(world: World) -> None:
        async with world.client() as nobody:
            told = (await nobody.get("/openapi.json")).json()
        calls = {f"{method.upper()} {path}" for path, each in told["paths"].items() for method in each}
        assert calls >= {
            "POST /v1/requests", "GET /v1/requests/{id}", "PATCH /v1/requests/{id}", "PUT /v1/requests/{id}/reach",
            "POST /v1/requests/{id}/vouches", "DELETE /v1/requests/{id}/vouches", "POST /v1/requests/{id}/notes",
            "GET /v1/requests/{id}/report", "GET /v1/requests/{id}/events", "POST /v1/requests/{id}/claims",
            "POST /v1/claims/{id}/steps", "POST /v1/requests/{id}/close", "GET /v1/me", "PUT /v1/me", "PUT /v1/me/duty",
            "PUT /v1/me/position", "GET /v1/me/alerts", "POST /v1/alerts/{id}/answers", "GET /v1/me/readiness",
            "POST /v1/drills", "POST /v1/invites", "POST /v1/ties", "DELETE /v1/ties/{person}", "POST /v1/communities",
            "POST /v1/communities/{id}/members", "POST /v1/people/{id}/block", "DELETE /v1/people/{id}/block",
            "POST /v1/reports", "POST /v1/session", "DELETE /v1/session", "GET /v1/board", "GET /healthz",
        }  # fmt: skip
        for path, each in told["paths"].items():
            for method, call in each.items():
                assert call["summary"], (path, method)
                names = [given["name"] for given in call.get("parameters", [])]
                assert ("Idempotency-Key" in names) == (method in ("post", "patch")), (path, method)
        assert {"Problem", "AskBody", "PostedView"} <= told["components"]["schemas"].keys()
        assert told["components"]["securitySchemes"].keys() == {"bearer", "cookie"}

    play(story)


def test_the_description_speaks_of_nothing_it_does_not_describe(play: Play) -> None:
    async def story(world: World) -> None:
        async with world.client() as nobody:
            answer = await nobody.get("/openapi.json")
        told = answer.json()
        named = set(re.findall(r'"#/components/schemas/(\w+)"', answer.text))
        assert named <= told["components"]["schemas"].keys()
        calls = [call for each in told["paths"].values() for call in each.values()]
        names = [call["operationId"] for call in calls]
        assert len(set(names)) == len(names)
        assert not [call for call in calls if "application/json" in call["responses"].get("422", {}).get("content", {})]

    play(story)


def test_real_answers_are_what_the_description_says(play: Play) -> None:
    jsonschema = pytest.importorskip("jsonschema")

    async def story(world: World) -> None:
        asked = await world.ask()
        async with world.client("ana") as ana:
            told = (await ana.get("/openapi.json")).json()
            root = {"components": told["components"]}

            def check(answer: Any, name: str) -> None:
                jsonschema.validate(answer, root | {"$ref": f"#/components/schemas/{name}"})

            check(asked, "PostedView")
            check((await ana.get(f"/v1/requests/{asked['id']}")).json(), "RequestView")
            check(await world.claim("ben", asked["id"]), "ClaimView")
            check((await ana.get("/v1/me")).json(), "MeView")
            check((await ana.get("/v1/me/alerts")).json(), "InboxView")
            check((await ana.get("/v1/board")).json(), "BoardView")
            check((await ana.get(f"/v1/requests/{asked['id']}/report")).json(), "ReportView")
            check((await ana.get(f"/v1/requests/{asked['id']}/events")).json(), "EventsView")
            check((await ana.get("/v1/me/readiness?lat=35.2&lon=-116.1")).json(), "ReadinessView")
            check((await ana.get("/v1/requests/none")).json(), "Problem")

    play(story)


@pytest.mark.slow
def test_nothing_that_can_be_made_from_the_description_breaks_the_server(tmp_path: Path) -> None:
    schemathesis = pytest.importorskip("schemathesis")

    with asyncio.Runner() as runner:
        held = running(tmp_path, sms_url="http://127.0.0.1:1/texts", sms_countries=("1",))
        world = runner.run(held.__aenter__())
        try:
            asked = runner.run(world.ask())
            document = runner.run(_document(world))
            schema = schemathesis.openapi.from_dict(document)
            answered: Counter[int] = Counter()
            make(world, "cem")
            world.tokens |= {power: link.rpartition("#")[2] for power, link in asked["links"].items()}
            # Accounts and sessions end last: after that everybody is nobody.
            operations = [result.ok() for result in schema.get_all_operations()]
            for operation in sorted(operations, key=lambda each: each.method == "delete"):
                answered += _fuzz(runner, world, operation, asked["id"])
            assert answered.total() > 200
            assert {200, 201, 404, 422} <= answered.keys(), answered
            assert not [status for status in answered if status >= 500], answered
        finally:
            runner.run(held.__aexit__(None, None, None))


async def _document(world: World) -> dict[str, Any]:
    async with world.client() as nobody:
        found: dict[str, Any] = (await nobody.get("/openapi.json")).json()
    return found


def _fuzz(runner: asyncio.Runner, world: World, operation: Any, ask: str) -> Counter[int]:
    """The statuses of twelve calls made from one operation's description, two by each of ROLES."""
    answered: Counter[int] = Counter()
    roles = cycle(ROLES)

    @settings(
        max_examples=12, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy())
    def once(case: Any) -> None:
        made = case.as_transport_kwargs(base_url="http://flare.test")
        headers = {
            name: str(value).encode("utf-8", "replace")
            for name, value in (made.get("headers") or {}).items()
            if name.lower() not in ("authorization", "cookie")
        }
        url = "http://flare.test" + operation.path.replace("{id}", ask) if answered.total() % 2 else made["url"]
        content = made.get("data") or made.get("content")
        body = {"json": made["json"]} if "json" in made else {"content": content} if content else {}

        async def send() -> int:
            async with world.client(next(roles)) as somebody:
                answer = await somebody.request(case.method, url, params=made.get("params"), headers=headers, **body)
            operation.validate_response(answer)
            return answer.status_code

        answered[runner.run(send())] += 1

    once()
    return answered
