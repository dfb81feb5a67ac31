"""Maps drawn here: true to the land, small, no name cut, nothing exact for those who may not know it."""

import re

import pytest

from geo import cells
from geo.point import Point
from web.pages.base_map import Frame, land_in, lines_in
from web.pages.labels import MOST, placed
from web.pages.svg_map import area_map, frame_of

BAKER = Point(35.265, -116.0745)
PLACES = [BAKER, Point(34.05, -118.24), Point(40.7, -74.0), Point(51.5, -0.1), Point(-36.8, 174.8), Point(64.5, -165.4)]


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_no_label_is_cut_or_covers_another(place: Point) -> None:
    frame = frame_of(cells.cell_of(place, 6))
    labels = placed(frame)
    assert 1 <= len(labels) <= MOST
    for label in labels:
        wide = 12 * 0.6 * len(label.name)
        left = label.text_x - wide if label.ends_there else label.text_x
        assert left >= 0
        assert left + wide <= frame.width
        assert 0 <= label.text_y <= frame.height


def test_a_breakdown_near_baker_shows_baker() -> None:
    svg = area_map(cells.cell_of(BAKER, 6), "x")
    assert ">Baker<" in svg
    assert ">I-15<" in svg


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_what_is_drawn_lies_in_the_frame(place: Point) -> None:
    frame = Frame.around(place, 200, 350, 220)
    for data in [land_in(frame), *(lines_in(frame, name) for name in ("state", "coast", "border", "county"))]:
        for start in re.finditer(r"M(-?\d+) (-?\d+)", data):
            assert -6 <= int(start[1]) <= frame.width + 6
            assert -6 <= int(start[2]) <= frame.height + 6


def test_the_sea_west_of_los_angeles_is_sea_and_the_desert_is_land() -> None:
    sea, desert = Frame.around(Point(33.0, -121.5), 60, 100, 100), Frame.around(BAKER, 60, 100, 100)
    assert land_in(sea) == ""
    assert land_in(desert) != ""


def test_a_map_is_a_few_kilobytes() -> None:
    for place in PLACES:
        assert len(area_map(cells.cell_of(place, 6), "x")) < 16_000


def test_the_picture_for_others_does_not_know_the_point() -> None:
    cell = cells.cell_of(BAKER, 5)
    assert area_map(cell, "x") == area_map(cell, "x")
    assert "m-here" not in area_map(cell, "x")
    assert "m-here" in area_map(cell, "x", exact=(BAKER, 35.0))
