"""Bad input gets a clear 4xx that names the field, leaves nothing behind and never a trace of our code."""

import asyncio
import re
from typing import Any

import httpx
import pytest

from tests.web.conftest import BAKER, Play, World

RIDE = {"kind": "ride", "quantity": 3, "place": BAKER}

NUMBERS: list[tuple[str, Any]] = [
    ("true", True),
    ("text", "9"),
    ("fraction", 1.5),
    ("minus one", -1),
    ("zero", 0),
    ("two to the 63rd", 2**63),
    ("a million", 1_000_000),
    ("four hundred digits", 10**400),
    ("list", [1]),
    ("object", {}),
]
PLACES: list[tuple[str, Any]] = [
    ("beyond the pole", {"lat": 90.1, "lon": 0.5}),
    ("past the date line", {"lat": 1.5, "lon": 180.1}),
    ("swapped", {"lat": -116.1, "lon": 35.2}),
    ("nowhere", {"lat": 0, "lon": 0}),
    ("half", {"lat": 35.2}),
    ("nothing", {}),
    ("text for a number", {"lat": "35.2", "lon": "-116.1"}),
    ("true for a number", {"lat": True, "lon": 1.5}),
    ("accuracy minus one", BAKER | {"accuracy_m": -1}),
    ("accuracy of a planet", BAKER | {"accuracy_m": 1e9}),
    ("unknown field", BAKER | {"alt": 12}),
    ("empty words", {"text": ""}),
    ("blank words", {"text": "   "}),
    ("too many words", {"text": "x" * 501}),
    ("a list", [35.2, -116.1]),
    ("a text", "35.2, -116.1"),
]
TEXTS: list[tuple[str, str]] = [
    ("NUL", "a\x00b"),
    ("control", "a\x1bb"),
    ("delete", "a\x7fb"),
    ("lone surrogate", "a\ud800b"),
    ("override", "a\u202eb"),
    ("isolate", "a\u2066b"),
]
GOOD_TEXTS = ["🚌 stranded 🌵", "عالقون في الصحراء", "=cmd()", "<script>alert(1)</script>", "a\nb\tc"]

BODIES: list[tuple[str, bytes, str]] = [
    ("no body", b"", "application/json"),
    ("array", b"[]", "application/json"),
    ("text", b'"x"', "application/json"),
    ("null", b"null", "application/json"),
    ("cut off", b'{"kind": "ride"', "application/json"),
    ("NaN", b'{"kind": NaN}', "application/json"),
    ("Infinity", b'{"kind": -Infinity}', "application/json"),
    ("1e400", b'{"kind": 1e400}', "application/json"),
    ("twice the same name", b'{"kind": "ride", "kind": "ride"}', "application/json"),
    ("depth 9", b'{"a":' * 9 + b"1" + b"}" * 9, "application/json"),
    ("depth 1,000", b"[" * 1000 + b"]" * 1000, "application/json"),
    ("byte order mark", b'\xef\xbb\xbf{"kind": "ride"}', "application/json"),
    ("UTF-16", '{"kind": "ride"}'.encode("utf-16"), "application/json"),
    ("no UTF-8", b'{"kind": "\xff"}', "application/json"),
    ("latin charset", b'{"kind": "ride"}', "application/json; charset=latin-1"),
    ("form", b"kind=ride", "application/x-www-form-urlencoded"),
    ("no type", b'{"kind": "ride"}', ""),
    ("5,000 digits", b'{"quantity": ' + b"9" * 5000 + b"}", "application/json"),
    ("64 KiB and one", b'{"note": "' + b"x" * 65_536 + b'"}', "application/json"),
]


NOT_OUR_WORDS = re.compile(r"Input|String|should|\.0\b|[\\^$]")
"""What a library would say of a fault, and whole numbers with a fraction."""


def clear(answer: httpx.Response) -> dict[str, Any]:
    """The problem, once it is sure that it is one and tells nothing of us."""
    assert 400 <= answer.status_code < 500, (answer.status_code, answer.text)
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "code"} <= told.keys()
    assert told["status"] == answer.status_code
    for trace in ("Traceback", 'File "', "pydantic", "sqlalchemy", "Error("):
        assert trace not in answer.text
    for each in told.get("errors", []):
        assert not NOT_OUR_WORDS.search(each["says"]), each
    return told


def test_a_number_that_is_none_is_refused_by_name(play: Play) -> None:
    async def story(world: World) -> None:
        before = world.rows()
        async with world.client("ana") as ana:
            for name, value in NUMBERS:
                told = clear(await world.post(ana, "/v1/requests", RIDE | {"quantity": value}))
                assert told["errors"][0]["field"] == "quantity", (name, told)
        assert world.rows() == before

    play(story)


def test_a_place_that_is_none_is_refused_and_a_swapped_one_is_explained(play: Play) -> None:
    async def story(world: World) -> None:
        before = world.rows()
        async with world.client("ana") as ana:
            for name, place in PLACES:
                told = clear(await world.post(ana, "/v1/requests", RIDE | {"place": place}))
                assert told["code"] == "invalid", (name, told)
                assert told["errors"][0]["field"].startswith("place"), (name, told)
                if name == "swapped":
                    assert "Latitude comes first: did you mean 35.2, -116.1?" in told["detail"]
        assert world.rows() == before

    play(story)


def test_the_ends_of_the_earth_are_places(play: Play) -> None:
    async def story(world: World) -> None:
        async with world.client("ana") as ana:
            for lat, lon in ((90, 0), (-90, 12.5), (10, 180), (10, -180), (0, 0.5)):
                place = {"lat": lat, "lon": lon}
                answer = await world.post(ana, "/v1/requests", RIDE | {"place": place, "similar_ok": True})
                assert answer.status_code == 201, (lat, lon, answer.text)

    play(story)


def test_text_that_could_fool_a_reader_is_refused_wherever_it_stands(play: Play) -> None:
    async def story(world: World) -> None:
        before = world.rows()
        fields: list[Any] = [
            lambda text: {"note": text},
            lambda text: {"destination": text},
            lambda text: {"place": {"text": text}},
            lambda text: {"contact": {"name": text}},
            lambda text: {"contact": {"phone": text + "123"}},
            lambda text: {"needs": [text]},
            lambda text: {"community": text},
            lambda text: {text: 1},
            lambda text: {"kind": text},
            lambda text: {"urgency": text},
        ]
        async with world.client("ana") as ana:
            for field in fields:
                for name, text in TEXTS:
                    clear(await _raw(world, ana, RIDE | field(text)))
                    assert name
        assert world.rows() == before

    play(story)


async def _raw(world: World, client: httpx.AsyncClient, body: Any) -> httpx.Response:
    import json

    content = json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "Idempotency-Key": world.key()}
    return await client.post("/v1/requests", content=content, headers=headers)


def test_every_script_and_sign_that_people_write_is_kept_as_it_is(play: Play) -> None:
    async def story(world: World) -> None:
        for text in GOOD_TEXTS:
            asked = await world.ask(note=text, similar_ok=True)
            assert asked["note"] == text

    play(story)


@pytest.mark.parametrize(("name", "content", "kind"), BODIES, ids=[name for name, *_ in BODIES])
def test_bytes_that_mean_nothing_or_two_things_are_refused(play: Play, name: str, content: bytes, kind: str) -> None:
    async def story(world: World) -> None:
        before = world.rows()
        headers = {"Idempotency-Key": world.key()} | ({"Content-Type": kind} if kind else {})
        async with world.client("ana") as ana:
            told = clear(await ana.post("/v1/requests", content=content, headers=headers))
            expected = {"64 KiB and one": "too-large", "5,000 digits": "malformed"}.get(name, "malformed")
            assert told["code"] == expected
        assert world.rows() == before

    play(story)


def test_a_body_that_lies_about_its_length_or_never_ends_is_cut_off(play: Play) -> None:
    async def story(world: World) -> None:
        async def endless() -> Any:
            while True:
                yield b" " * 4_096

        headers = {"Idempotency-Key": world.key(), "Content-Type": "application/json"}
        async with world.client("ana") as ana:
            told = clear(await ana.post("/v1/requests", content=endless(), headers=headers))
            assert (told["status"], told["limit"]) == (413, 65_536)
            gzip = headers | {"Content-Encoding": "gzip"}
            assert clear(await ana.post("/v1/requests", content=b"{}", headers=gzip))["code"] == "malformed"

    play(story)


def test_every_faulty_field_is_named_at_once(play: Play) -> None:
    async def story(world: World) -> None:
        body = RIDE | {"quantity": "9", "urgency": "now", "colour": 1, "note": "x" * 1_001, "for_other": 1}
        async with world.client("ana") as ana:
            told = clear(await world.post(ana, "/v1/requests", body))
        fields = {each["field"] for each in told["errors"]}
        assert fields == {"quantity", "urgency", "colour", "note", "for_other"}
        assert all(each["says"] and "x" * 50 not in each["says"] for each in told["errors"])

    play(story)


CALLS: list[tuple[str, str, list[Any]]] = [
    ("PATCH", "/v1/requests/{ask}", [{"quantity": True}, {"place": {"lat": 91, "lon": 0.5}}, {"status": "resolved"}]),
    ("PUT", "/v1/requests/{ask}/reach", [{"rings_max": 4}, {"rings_max": "2"}, {"open": 1}, {"communities": [1]}]),
    ("POST", "/v1/requests/{ask}/notes", [{}, {"text": ""}, {"text": "x" * 1_001}, {"text": 1}]),
    ("POST", "/v1/requests/{ask}/claims", [{}, {"seats": "2"}, {"seats": 0}, {"seats": 2**70}, {"seats": 1, "eta": 5}]),
    ("POST", "/v1/requests/{ask}/close", [{}, {"disposition": "expired"}, {"disposition": 1}]),
    ("POST", "/v1/claims/{claim}/steps", [{}, {"step": "lapse"}, {"step": "met", "code": 417}]),
    ("POST", "/v1/claims/{claim}/steps", [{"step": "met", "lat": 1}, {"step": "met", "lat": 91, "lon": 0.5}]),
    ("POST", "/v1/alerts/nobody/answers", [{}, {"answer": "claimed"}, {"answer": "declined", "reason": "x" * 281}]),
    ("PUT", "/v1/me", [{"seats": -1}, {"seats": 61}, {"name": 1}, {"guest": False}, {"lang": "../x"}, {"phone": "no"}]),
    ("PUT", "/v1/me/duty", [{}, {"duty": "committed"}, {"duty": "available", "until": 5}]),
    ("PUT", "/v1/me/duty", [{"duty": "available", "until": "2026-08-31"}, {"duty": "on_break", "until": "tomorrow"}]),
    ("PUT", "/v1/me/duty", [{"duty": "available", "until": "2020-01-01T00:00:00Z"}]),
    ("PUT", "/v1/me/duty", [{"duty": "delayed", "until": "9999-12-31T23:59:59-14:00"}]),
    ("PUT", "/v1/me/duty", [{"duty": "delayed", "until": "0001-01-01T00:00:00+14:00"}]),
    ("PUT", "/v1/me/duty", [{"duty": "available", "quiet_hours": {"from": "six", "to": "06:00"}}]),
    ("PATCH", "/v1/requests/{ask}", [{"quantity": None}, {"place": None}, {"show_travel": None, "note": "x"}]),
    ("PUT", "/v1/me/duty", [{"duty": "available", "quiet_hours": {"from": "25:00", "to": "06:00"}}]),
    ("PUT", "/v1/me/duty", [{"duty": "available", "reach_minutes": 0}]),
    ("PUT", "/v1/me/duty", [{"duty": "available", "alerts_per_week_max": 101}]),
    ("PUT", "/v1/me/position", [{}, {"lat": 0, "lon": 0}, {"lat": 35.2, "lon": -116.1, "speed": 3}]),
    ("POST", "/v1/session", [{}, {"token": 5}, {"token": ""}, {"token": "x" * 65}]),
    ("POST", "/v1/ties", [{}, {"person": "a", "invite": "b"}, {"person": "a b"}]),
    ("POST", "/v1/communities", [{}, {"name": ""}, {"name": "x" * 81}]),
    ("POST", "/v1/reports", [{}, {"reason": "rude"}, {"claim": "x", "reason": ""}]),
    ("POST", "/v1/invites", [{"to": "eve"}]),
]  # fmt: skip


def test_every_call_refuses_what_it_can_not_use(play: Play) -> None:
    async def story(world: World) -> None:
        asked = await world.ask()
        claim = await world.claim("ben", asked["id"])
        before = world.rows()
        async with world.client("ben") as ben:
            for method, path, bodies in CALLS:
                where = path.format(ask=asked["id"], claim=claim["id"])
                for body in bodies:
                    keyed = {"Idempotency-Key": world.key()} if method != "PUT" else {}
                    told = clear(await ben.request(method, where, json=body, headers=keyed))
                    assert told["status"] == 422, (path, body, told)
                    assert told["errors"], (path, body)
        assert world.rows() == before

    play(story)


def test_queries_and_ids_that_can_not_be_are_refused(play: Play) -> None:
    async def story(world: World) -> None:
        asked = await world.ask()
        events = f"/v1/requests/{asked['id']}/events"
        async with world.client("ana") as ana:
            for query in (
                "after=-1",
                "after=x",
                "after=99999999999999999999",
                "wait=26",
                "wait=-1",
                "wait=nan",
                "wait=x",
            ):
                assert clear(await ana.get(f"{events}?{query}"))["status"] == 422, query
            for box in ("1,2,3", "a,b,c,d", "0,10,1,5", "nan,0,1,1", "0,0,1,91", "1,2,3,4,5", "x" * 300):
                assert clear(await ana.get("/v1/board", params={"bbox": box}))["status"] == 422, box
            for box in ("170,-20,-170,20", "-180,-90,180,90"):
                assert (await ana.get("/v1/board", params={"bbox": box})).status_code == 200
            for public_id in ("x" * 65, "%00", "a%2fb", "%ff%fe", "a'b", "..%2f..%2fetc"):
                assert clear(await ana.get(f"/v1/requests/{public_id}"))["status"] == 404, public_id
            assert clear(await ana.get("/v1/me/readiness?lat=91&lon=0"))["status"] == 422
            assert clear(await ana.get("/v1/me/readiness"))["status"] == 422

    play(story)


def test_words_that_fit_no_place_or_several_are_asked_back(play: Play) -> None:
    async def story(world: World) -> None:
        async with world.client("ana") as ana:
            none = clear(await world.post(ana, "/v1/requests", RIDE | {"place": {"text": "qwzx vbnm plok"}}))
            assert none["code"] == "place-unclear"
            several = clear(await world.post(ana, "/v1/requests", RIDE | {"place": {"text": "Springfield"}}))
            assert several["code"] == "place-unclear"
            assert len(several["choices"]) > 1
            chosen = several["choices"][0]["place"]
            assert (await world.post(ana, "/v1/requests", RIDE | {"place": chosen})).status_code == 201
            assert (
                clear(await world.post(ana, "/v1/requests", {"kind": "ride", "quantity": 1}))["code"] == "place-unclear"
            )
            kind = clear(await world.post(ana, "/v1/requests", RIDE | {"kind": "teleport"}))
            assert "ride" in kind["known"]

    play(story)


def test_a_kind_nobody_travels_to_needs_no_place(play: Play) -> None:
    async def story(world: World) -> None:
        async with world.client("ana") as ana:
            for kind, quantity in (("advice", 1), ("funds", 5_000), ("words", None)):
                answer = await world.post(ana, "/v1/requests", {"kind": kind, "quantity": quantity})
                assert answer.status_code == 201, answer.text
                assert answer.json()["place"] is None

    play(story)


def test_two_at_once_with_a_bad_one_harm_nobody(play: Play) -> None:
    async def story(world: World) -> None:
        async with world.client("ana") as ana:
            bad = world.post(ana, "/v1/requests", RIDE | {"quantity": -1})
            good = world.post(ana, "/v1/requests", RIDE)
            answers = await asyncio.gather(bad, good)
        assert [each.status_code for each in answers] == [422, 201]

    play(story)
