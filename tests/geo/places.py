"""Places and strategies the geography tests share."""

from __future__ import annotations

from hypothesis import strategies as st

from geo.point import Point

CENTRE = Point(35.1773, -116.1698)  # on I-15, near Zzyzx
BAKER = Point(35.26498, -116.07446)
LAS_VEGAS = Point(36.1716, -115.1391)


def points(max_lat: float = 90.0) -> st.SearchStrategy[Point]:
    lats = st.floats(-max_lat, max_lat) | st.sampled_from([-max_lat, 0.0, max_lat])
    lons = st.floats(-180, 180) | st.sampled_from([-180.0, -179.999, 0.0, 179.999, 180.0])
    return st.builds(Point, lats, lons)
