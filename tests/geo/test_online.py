"""The optional geocoder, against a real server on the loopback."""

from __future__ import annotations

import json
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from geo.online import OnlineGeocoder

BAKER = [{"lat": "35.265", "lon": "-116.0745", "display_name": "Baker, San Bernardino County", "place_id": 1}]


@contextmanager
def server(body: object, status: int = 200) -> Iterator[tuple[OnlineGeocoder, list[str]]]:
    """A stub that answers everything with body; yields a geocoder for it and what was asked."""
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(parse_qs(urlsplit(self.path).query).get("q", [""])[0])
            text = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *args: object) -> None:
            pass

    stub = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=stub.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield OnlineGeocoder("flare-tests", f"127.0.0.1:{stub.server_port}", scheme="http"), asked
    finally:
        stub.shutdown()
        thread.join()
        stub.server_close()


def test_a_server_that_knows_the_place_is_believed() -> None:
    with server(BAKER) as (geocoder, asked):
        answer = geocoder.find("Baker, CA")
    assert asked == ["Baker, CA"]
    assert [(place.point.lat, place.label) for place in answer.found] == [(35.265, "Baker, San Bernardino County")]
    assert answer
    assert answer.reason == ""


@pytest.mark.parametrize(("body", "status"), [
    ([], 200), ("not json", 200), ({"error": "x"}, 200), ([{"lat": "999", "lon": "0", "display_name": "x"}], 200),
    ([{"nothing": 1}], 200), ([5], 200), ("", 500), ("", 403), ("", 429),
])  # fmt: skip
def test_a_server_that_fails_answers_nothing_with_a_reason(body: object, status: int) -> None:
    with server(body, status) as (geocoder, _), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # geopy's own word about a latitude of 999
        answer = geocoder.find("Baker")
    assert answer.found == ()
    assert not answer
    assert answer.reason.endswith(".")


def test_a_server_that_is_down_answers_nothing_with_a_reason() -> None:
    with server([]) as (geocoder, _):
        pass
    assert "did not help" in geocoder.find("Baker").reason


def test_no_more_than_the_limit_comes_back() -> None:
    with server(BAKER * 9) as (geocoder, _):
        assert len(geocoder.find("Baker", limit=2).found) == 2


@pytest.mark.parametrize("text", ["", "  ", "x" * 501])
def test_nothing_is_sent_without_a_text_to_look_up(text: str) -> None:
    with server(BAKER) as (geocoder, asked):
        assert geocoder.find(text).reason
    assert asked == []
