"""What the document says of the stream is what the stream does, and the tables in the docs are the document's."""

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # no stubs

from dispatch.domain.lifecycle import Step
from tests.live.world import Listener, World, play
from web.asyncapi import FRAMES, codes_table, document, frames_table, topics_table
from web.live.conversation import MEANING, Code

SERVERS = {frame.name: Draft202012Validator(frame.schema) for frame in FRAMES if not frame.from_client}


def test_every_frame_of_a_whole_scene_is_as_the_document_says(tmp_path: Path) -> None:
    async def scene(here: World) -> None:
        ada, bob = await here.person(), await here.person("Bob")
        ask = await here.ask(ada)
        owner, claimer = Listener(here, ada), Listener(here, bob)
        claim = await here.claim(ask, bob)
        for listener in (owner, claimer):
            for sub_id, topic in enumerate((f"req:{ask.public_id}", "inbox", "map:*", f"pos:{ask.public_id}"), 1):
                await here.follow(listener, topic, sub_id)
            listener.received('{"f":"hello","v":1}')
        here.bus.publish(
            "pos", {"request": ask.public_id, "who": claim["id"], "lat": 1.5, "lon": 2, "at": "2026-07-04T03:00:00Z"}
        )
        await here.step(claim, bob, Step.EN_ROUTE)
        await here.settled()
        here.later(19)
        owner.due(here.hub.now())
        await here.step(claim, bob, Step.WITHDRAW)
        await here.settled()
        here.hub.drain()
        frames: list[dict[str, Any]] = owner.heard() + claimer.heard()
        for frame in frames:
            SERVERS[frame["f"]].validate(frame)
        assert {frame["f"] for frame in frames} == set(SERVERS)

    play(tmp_path, scene, serve=False)


def test_the_document_names_every_code_and_refers_to_nothing_that_is_missing() -> None:
    made = document("1.2.3")
    assert {int(code) for code in made["x-close-codes"]} == {int(code) for code in Code} == {int(c) for c in MEANING}
    for operation in made["operations"].values():
        for message in operation["messages"]:
            part: Any = made
            for name in message["$ref"].removeprefix("#/").split("/"):
                part = part[name]
            assert part["$ref"].rpartition("/")[2] in made["components"]["messages"]
    for frame in FRAMES:
        Draft202012Validator.check_schema(frame.schema)


@pytest.mark.parametrize("table", [frames_table, codes_table, topics_table])
def test_the_tables_in_the_docs_are_the_documents_own(table: Any, project_root: Path) -> None:
    assert table() in (project_root / "docs/live-stream.md").read_text(encoding="utf-8")
