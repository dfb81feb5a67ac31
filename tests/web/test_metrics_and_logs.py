"""What machines that watch are told: how soon people hear, how soon an ask is covered; and logs without secrets."""

import io
import json
import logging
import re
from datetime import timedelta

from dispatch.logs import JsonLines
from tests.web.conftest import BAKER, NOTE, PHONE, Play, World


def value(text: str, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    assert found, f"{name} is not in\n{text}"
    return float(found[1])


def test_the_time_to_the_first_alert_and_to_covered_stand_in_the_metrics_and_nothing_of_anybody(play: Play) -> None:
    async def story(world: World) -> None:
        asked = await world.ask(quantity=4)
        await world.turn(timedelta(seconds=2))
        await world.turn(timedelta(minutes=4))
        claim = await world.claim("ben", asked["id"], 4)
        async with world.client("ben") as ben, world.client() as machine:
            for step in ("en_route", "on_scene", "met"):
                answer = await world.post(ben, f"/v1/claims/{claim['id']}/steps", {"step": step})
                assert answer.status_code == 200
            world.flare.feed.catch_up()
            text = (await machine.get("/metrics")).text
        assert value(text, 'flare_first_alert_seconds_bucket{le="2.5"}') == 1
        assert value(text, 'flare_first_alert_seconds_bucket{le="1"}') == 0
        assert value(text, 'flare_covered_seconds_bucket{le="300"}') == 1
        assert value(text, "flare_covered_seconds_count") == 1
        assert value(text, "flare_seats_met_total") == 4
        assert value(text, "flare_alerts_per_seat") == value(text, "flare_alerts_sent_total") / 4
        for name in ("flare_tail_lag_events", "flare_write_queue", "flare_outbox_age_seconds", "flare_bus_deaf_total"):
            assert value(text, name) >= 0
        assert value(text, "flare_feed_lag_events") == 0
        for private in (NOTE, PHONE, str(BAKER["lat"]), asked["id"], "Lastname"):
            assert private not in text

    play(story)


def test_a_line_of_json_says_where_it_broke_and_not_what_the_error_says() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    log = logging.getLogger("flare.test")
    log.addHandler(handler)
    try:
        raise ValueError(f"row ({NOTE}, {PHONE}) breaks a rule")
    except ValueError:
        log.exception("a write failed", extra={"request_id": "abc"})
    finally:
        log.removeHandler(handler)
    told = json.loads(stream.getvalue())
    assert (told["level"], told["says"], told["request_id"], told["error"]) == (
        "error", "a write failed", "abc", "ValueError",
    )  # fmt: skip
    assert "test_metrics_and_logs.py" in told["where"]
    assert NOTE not in stream.getvalue()
    assert PHONE not in stream.getvalue()


def test_behind_a_proxy_that_nobody_named_the_world_reads_no_metrics(play: Play) -> None:
    async def story(world: World) -> None:
        async with world.client() as machine:
            assert (await machine.get("/metrics")).status_code == 200
            behind = await machine.get("/metrics", headers={"x-forwarded-for": "203.0.113.7"})
            assert behind.status_code == 404

    play(story)
