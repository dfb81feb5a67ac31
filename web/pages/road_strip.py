"""The road as a line with its towns, for the owner and the people who come: which towns the place lies between.

Cars are not on it: nobody tells us from which side one comes, and a guess would send people to the wrong shoulder.
Geography does not mirror: always left to right, west to east. None when the place lies off every shipped road.
"""

from functools import cache
from typing import Final

from markupsafe import Markup, escape

from geo import roads
from geo.distance import great_circle_km
from geo.gazetteer import gazetteer
from geo.point import Point
from web.pages.speech import Speaker

NEAR_KM: Final = 5.0
WIDTH: Final = 350
ANCHOR: Final = 1_000
_EDGE: Final = 34


def strip(speak: Speaker, place: Point, text: str | None = None) -> Markup | None:
    """The strip as SVG. `text`: where they said they are; a road named there is meant."""
    names = roads.corridors_near(place, NEAR_KM)
    if not names:
        return None
    named = roads.canonical(text or "")
    freeways = [name for name in names if name.startswith("I-")]
    road = named if named in names else (freeways or names)[0]
    sides = _neighbours(road, place)
    if sides is None:
        return None
    (west, west_km), (east, east_km) = sides
    middle = _EDGE + (WIDTH - 2 * _EDGE) * min(0.78, max(0.22, west_km / max(1.0, west_km + east_km)))
    alt = speak.plain("{road} between {west} and {east}", road=road, west=west, east=east)
    east_end = WIDTH - _EDGE
    circle = '<circle class="{}" cx="{:.0f}" cy="30" r="{}"/>'.format
    return Markup(  # noqa: S704  # names escaped here, the rest are numbers
        f'<svg class="strip" role="img" aria-label="{escape(alt)}" viewBox="0 0 {WIDTH} 64" dir="ltr">'
        f'<path class="s-road" d="M{_EDGE} 30H{east_end}"/>'
        f"{circle('s-town', _EDGE, 5)}{circle('s-town', east_end, 5)}"
        f"{circle('m-halo', middle, 12)}{circle('m-here', middle, 7)}"
        f'<text class="s-you" x="{middle:.0f}" y="14">{escape(speak.plain("Here"))}</text>'
        f'<text x="{_EDGE - 14}" y="54">{escape(west)}</text>'
        f'<text class="m-end" x="{east_end + 14}" y="54">{escape(east)}</text>'
        f'<text class="s-road-name" x="{middle:.0f}" y="54">{escape(road)}</text></svg>'
    )


def _neighbours(road: str, place: Point) -> tuple[tuple[str, float], tuple[str, float]] | None:
    """The town west and the town east of the place along the road, with their distances."""
    known = _anchors(road)
    west = [(great_circle_km(place, point), town) for town, point in known if point.lon < place.lon]
    east = [(great_circle_km(place, point), town) for town, point in known if point.lon >= place.lon]
    far = 12.0
    west = [each for each in west if each[0] > far] or west
    east = [each for each in east if each[0] > far] or east
    if not west or not east:
        return None
    (west_km, west_town), (east_km, east_town) = min(west), min(east)
    return (west_town.split(",")[0], west_km), (east_town.split(",")[0], east_km)


@cache
def _anchors(road: str) -> list[tuple[str, Point]]:
    """The towns along the road that people know, and where they are."""
    towns = [(town, gazetteer().named(town, limit=1)) for town in roads.towns(road)]
    return [(town, found[0].point) for town, found in towns if found and found[0].population >= ANCHOR]
