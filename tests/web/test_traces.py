"""Traces: a call from the door to the sockets, continued from a proxy, off by itself, and nothing of anybody in it."""

import io
import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from dispatch.domain import limits
from dispatch.logs import JsonLines
from dispatch.settings import BadSettings, Settings
from dispatch.traces import Tracer, over_http, parent_of
from tests.live.world import until
from tests.web.conftest import BAKER, NOTE, PHONE, Play, World

TRACE, ABOVE = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = f"00-{TRACE}-{ABOVE}-01"
RIDE = {"kind": "ride", "quantity": 3, "place": BAKER, "note": NOTE, "contact": {"name": "Ana", "phone": PHONE}}


class Collector(HTTPServer):
    """What an OpenTelemetry collector would have been handed."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taking)
        self.got: list[tuple[str, dict[str, str], dict[str, Any]]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def spans(self) -> dict[str, dict[str, Any]]:
        """By name."""
        return {span["name"]: span for span in self.all_spans()}

    def all_spans(self) -> list[dict[str, Any]]:
        return [s for _, _, body in self.got for s in body["resourceSpans"][0]["scopeSpans"][0]["spans"]]


class Taking(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.got.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *said: object) -> None:
        """Nothing."""


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector that listens until the block ends."""
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(10)


def attributes(span: dict[str, Any]) -> dict[str, Any]:
    return {each["key"]: next(iter(each["value"].values())) for each in span["attributes"]}


def test_a_call_is_one_trace_from_the_door_over_the_store_to_the_action(play: Play) -> None:
    with collecting() as collector:

        async def story(world: World) -> None:
            async with world.client("ana", traceparent=PARENT) as ana:
                answer = await world.post(ana, "/v1/requests", RIDE)
                assert answer.status_code == 201
                private = (answer.json()["id"], NOTE, PHONE, str(BAKER["lat"]), world.tokens["ana"])
                assert (await ana.get(f"/v1/requests/{answer.json()['id']}")).status_code == 200
            world.flare.traces.flush()
            for secret in private:
                assert secret not in json.dumps([body for _, _, body in collector.got])

        play(story, otel_endpoint=collector.address, otel_headers=(("api-key", "k"),), otel_service="night")
    path, headers, body = collector.got[0]
    assert (path, headers["api-key"]) == ("/v1/traces", "k")
    assert body["resourceSpans"][0]["resource"]["attributes"][0]["value"] == {"stringValue": "night"}
    spans = collector.spans()
    door, store, action = spans["POST /v1/requests"], spans["store write"], spans["web.routes.asks.post"]
    assert (door["traceId"], door["parentSpanId"]) == (TRACE, ABOVE)
    assert (store["parentSpanId"], action["parentSpanId"]) == (door["spanId"], store["spanId"])
    assert int(store["startTimeUnixNano"]) <= int(action["startTimeUnixNano"])
    assert attributes(door)["http.response.status_code"] == "201"
    assert attributes(spans["GET /v1/requests/{id}"])["http.route"] == "/v1/requests/{id}"


def test_what_the_sockets_are_told_is_linked_to_the_write_that_caused_it(play: Play) -> None:
    with collecting() as collector:

        async def story(world: World) -> None:
            async with world.client("ana") as ana:
                await world.post(ana, "/v1/requests", RIDE)
                hub = world.app.api.state.hub  # type: ignore[union-attr]
                _, head = await world.flare.store.read(lambda tx, now: tx.journal.head())
                await until(lambda: hub.position >= head)
                world.flare.traces.flush()

        play(story, otel_endpoint=collector.address)
    told = [span for span in collector.all_spans() if span["name"] == "live deliver" and span["links"]]
    assert collector.spans()["store write"]["spanId"] in [link["spanId"] for span in told for link in span["links"]]
    assert int(attributes(told[0])["flare.events"]) >= 1


def test_a_stranger_can_not_put_their_calls_into_a_trace_of_ours(play: Play) -> None:
    with collecting() as collector:

        async def story(world: World) -> None:
            async with world.client(address="198.51.100.7", traceparent=PARENT) as stranger:
                await stranger.get("/v1/board?bbox=-117,34,-115,36")
            world.flare.traces.flush()

        play(story, otel_endpoint=collector.address)
    assert {span["traceId"] for span in collector.all_spans()}.isdisjoint({TRACE})


@pytest.mark.parametrize(
    ("header", "followed"),
    [
        (PARENT, True),
        (PARENT[:-2] + "00", False),
        (f"00-{'0' * 32}-{ABOVE}-01", False),
        ("", False),
        ("x" * 500, False),
    ],
    ids=["good", "not sampled", "no trace", "none", "nonsense"],
)
def test_only_a_whole_header_that_asks_for_it_is_gone_on_with(header: str, followed: bool) -> None:
    assert (parent_of(header) is not None) is followed


def test_a_collector_that_is_away_costs_the_spans_and_nothing_else() -> None:
    with collecting() as collector:
        gone = collector.address
    tracer = Tracer(over_http(gone, {}))
    for _ in range(limits.SPANS_WAITING + 7):
        with tracer.span("one"):
            pass
    assert tracer.lost == 7
    tracer.start()
    tracer.stop()
    assert tracer.lost == limits.SPANS_WAITING + 7


def test_without_a_collector_nothing_is_recorded() -> None:
    tracer = Tracer()
    with tracer.span("one") as span:
        tracer.written()
    assert (span, tracer.causes(), tracer.on) == (None, [], False)


def test_a_line_of_the_log_names_its_trace() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    with Tracer(lambda body: None).span("one") as span:
        handler.emit(logging.makeLogRecord({"msg": "hello", "name": "flare.test"}))
    assert span is not None
    assert json.loads(stream.getvalue())["trace_id"] == span.place.trace


def test_a_collectors_address_that_is_none_stops_the_start() -> None:
    with pytest.raises(BadSettings, match="OTEL_EXPORTER_OTLP_ENDPOINT"):
        Settings.read({"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"})
    read = Settings.read({"OTEL_EXPORTER_OTLP_HEADERS": "api-key=a%20b,x=y"})
    assert read.otel_headers == (("api-key", "a b"), ("x", "y"))
