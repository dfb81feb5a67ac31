"""Pasted map links: read, never opened."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo import map_link
from geo.map_link import NO_PLACE_HINT, PIN_M, SHORT_HINT, VIEW_M, link_in, read

PINS = [
    "https://www.google.com/maps/place/Baker,+CA/@35.27,-116.08,13z/data=!3m1!4b1!8m2!3d35.1773!4d-116.1698",
    "https://maps.google.com/?q=35.1773,-116.1698",
    "https://maps.google.com/maps?q=loc:35.1773,-116.1698&z=3",
    "https://www.google.com/maps/search/35.1773,+-116.1698?entry=tts",
    "https://www.google.com/maps/search/?api=1&query=35.1773%2C-116.1698",
    "https://www.google.com/maps/dir/?api=1&destination=35.1773,-116.1698",
    "https://maps.apple.com/?ll=35.1773,-116.1698&q=Dropped%20Pin",
    "https://maps.apple.com/?q=35.1773,-116.1698",
    "https://maps.apple.com/place?coordinate=35.1773,-116.1698&name=Us",
    "https://www.openstreetmap.org/?mlat=35.1773&mlon=-116.1698#map=12/35/-116",
    "https://bing.com/maps/default.aspx?sp=point.35.1773_-116.1698_Us",
    "https://waze.com/ul?ll=35.1773%2C-116.1698&navigate=yes",
    "https://www.waze.com/live-map/directions?to=ll.35.1773%2C-116.1698",
    "waze://?ll=35.1773,-116.1698",
    "geo:35.1773,-116.1698",
    "geo:0,0?q=35.1773,-116.1698(Here)",
    "geo:35.1773,-116.1698?z=12",
    "maps.google.com/?q=35.1773,-116.1698",
]
VIEWS = [
    "https://www.google.com/maps/@35.1773,-116.1698,15z",
    "https://www.google.com/maps?ll=35.1773,-116.1698&z=3",
    "https://www.openstreetmap.org/#map=15/35.1773/-116.1698",
    "https://www.bing.com/maps?cp=35.1773~-116.1698&lvl=11",
]


@pytest.mark.parametrize("link", PINS)
def test_a_pin_in_a_link_is_the_place(link: str) -> None:
    said = read(link)
    assert said.point is not None
    assert (said.point.lat, said.point.lon) == (35.1773, -116.1698)
    assert said.accuracy_m == PIN_M


@pytest.mark.parametrize("link", VIEWS)
def test_the_middle_of_a_shown_map_is_only_roughly_the_place(link: str) -> None:
    said = read(link)
    assert said.point is not None
    assert (said.point.lat, said.point.lon) == (35.1773, -116.1698)
    assert said.accuracy_m == VIEW_M


def test_a_geo_link_says_how_sure_it_is() -> None:
    assert read("geo:35.1773,-116.1698;u=350").accuracy_m == 350


@pytest.mark.parametrize("link", [
    "https://goo.gl/maps/abc", "https://maps.app.goo.gl/XyZ12", "https://bit.ly/3x", "https://w3w.co/a.b.c",
    "https://maps.apple/p/abc", "maps.app.goo.gl/XyZ12",
])  # fmt: skip
def test_a_short_link_asks_for_the_numbers_instead(link: str) -> None:
    assert read(link).hint == SHORT_HINT


@pytest.mark.parametrize(("link", "words"), [
    ("https://www.google.com/maps/place/Baker,+CA", "Baker, CA"), ("geo:0,0?q=Baker", "Baker"),
    ("https://maps.apple.com/?q=Baker,%20CA", "Baker, CA"),
])  # fmt: skip
def test_a_link_with_words_hands_them_on(link: str, words: str) -> None:
    assert read(link).words == words


def test_a_link_off_the_earth_says_so() -> None:
    assert "did you mean" in read("https://maps.google.com/?q=-116.1698,35.1773").hint


@pytest.mark.parametrize(
    "link", ["https://[::1", "geo:", "geo:x,y", "https://example.org/" + "a" * 100, "https://x/?mlat=a&mlon=b"]
)
def test_a_link_without_a_place_says_so(link: str) -> None:
    assert read(link).hint == NO_PLACE_HINT


def test_a_link_is_found_inside_a_sentence() -> None:
    assert link_in("I'm here (https://maps.google.com/?q=1,2), hurry") == "https://maps.google.com/?q=1,2"
    assert link_in("Baker, CA") is None


@given(
    st.text(max_size=80)
    | st.sampled_from(PINS + VIEWS).flatmap(lambda link: st.integers(0, len(link)).map(lambda n: link[:n]))
)
def test_half_a_link_never_raises(text: str) -> None:
    said = read(text)
    assert said.point or said.words or said.hint


def test_no_link_is_ever_opened() -> None:
    tree = ast.parse(Path(map_link.__file__).read_text("utf-8"))
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    modules |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    assert modules == {"__future__", "re", "dataclasses", "typing", "urllib.parse", "geo.point"}
