"""Long roads as lines from town to town: schematic, drawn by hand, true to some kilometres.

Good for "both ends lie along I-15", for a strip with towns on it and for "mile 239"; never for
navigation, and never a promise that a road goes through. The numbers are mile posts (exits are
numbered by the mile in these states), each counted anew from a state's border.
Invariant: every town of the table is in the gazetteer (tests/geo/test_roads.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Final

import numpy as np

from geo.distance import unit_vectors
from geo.gazetteer import gazetteer
from geo.point import Point
from geo.travel import Corridor

# Town, state [= state and mile post there, for each state that counts from or to it].
_TABLE: Final = {
    "I-5": "San Diego, CA = CA15; Oceanside, CA = CA53; Irvine, CA = CA95; Los Angeles, CA = CA136; Santa Clarita, CA "
    "= CA170; Kettleman City, CA = CA309; Los Banos, CA = CA403; Stockton, CA = CA473; Sacramento, CA = CA519; "
    "Williams, CA = CA577; Red Bluff, CA = CA649; Redding, CA = CA678; Weed, CA = CA747; Yreka, CA = CA775; "
    "Ashland, OR = OR14; Medford, OR = OR30; Grants Pass, OR = OR58; Roseburg, OR = OR124; Eugene, OR = OR194; "
    "Salem, OR = OR256; Portland, OR = OR300; Longview, WA = WA36; Olympia, WA = WA105; Tacoma, WA = WA133; "
    "Seattle, WA = WA165; Everett, WA = WA193; Mount Vernon, WA = WA226; Bellingham, WA = WA253",
    "I-8": "San Diego, CA = CA2; El Cajon, CA = CA17; Alpine, CA = CA30; El Centro, CA = CA115; Yuma, AZ = AZ2; "
    "Gila Bend, AZ = AZ115; Casa Grande, AZ = AZ174",
    "I-10": "Santa Monica, CA = CA2; Los Angeles, CA = CA14; Ontario, CA = CA54; San Bernardino, CA = CA72; "
    "Banning, CA = CA100; Palm Springs, CA = CA120; Indio, CA = CA142; Blythe, CA = CA239; Quartzsite, AZ = AZ17; "
    "Buckeye, AZ = AZ114; Phoenix, AZ = AZ145; Casa Grande, AZ = AZ194; Tucson, AZ = AZ258; Benson, AZ = AZ303; "
    "Willcox, AZ = AZ340; Lordsburg, NM = NM22; Deming, NM = NM82; Las Cruces, NM = NM140; El Paso, TX = TX19; "
    "Van Horn, TX = TX138; Fort Stockton, TX = TX257; Ozona, TX = TX365; Junction, TX = TX456; Kerrville, TX = TX508; "
    "San Antonio, TX = TX570; Houston, TX = TX769; Beaumont, TX = TX853",
    "I-15": "San Diego, CA = CA6; Escondido, CA = CA31; Temecula, CA = CA59; Corona, CA = CA96; Rancho Cucamonga, CA "
    "= CA112; Hesperia, CA = CA143; Victorville, CA = CA152; Barstow, CA = CA184; Yermo, CA = CA191; "
    "Baker, CA = CA246; Halloran Springs, CA = CA259; Mountain Pass, CA = CA281; Primm, NV = CA291 NV1; "
    "Jean, NV = NV12; Las Vegas, NV = NV42; Mesquite, NV = NV122; Saint George, UT = UT8; Cedar City, UT = UT59; "
    "Beaver, UT = UT112; Fillmore, UT = UT163; Nephi, UT = UT225; Provo, UT = UT265; Salt Lake City, UT = UT308; "
    "Ogden, UT = UT343; Brigham City, UT = UT363; Tremonton, UT = UT381; Malad City, ID = ID13; Pocatello, ID = ID69; "
    "Idaho Falls, ID = ID118; Dillon, MT = MT63; Butte, MT = MT124; Helena, MT = MT192; Great Falls, MT = MT280; "
    "Shelby, MT = MT364",
    "I-17": "Phoenix, AZ = AZ200; Camp Verde, AZ = AZ287; Flagstaff, AZ = AZ340",
    "I-19": "Tucson, AZ; Green Valley, AZ; Nogales, AZ",
    "I-25": "Las Cruces, NM = NM3; Truth or Consequences, NM = NM79; Socorro, NM = NM150; Belen, NM = NM191; "
    "Albuquerque, NM = NM225; Santa Fe, NM = NM282; Las Vegas, NM = NM345; Raton, NM = NM451; Trinidad, CO = CO13; "
    "Walsenburg, CO = CO50; Pueblo, CO = CO98; Colorado Springs, CO = CO142; Denver, CO = CO210; "
    "Fort Collins, CO = CO269; Cheyenne, WY = WY10; Wheatland, WY = WY78; Casper, WY = WY186; Buffalo, WY = WY299",
    "I-40": "Barstow, CA = CA1; Newberry Springs, CA = CA18; Ludlow, CA = CA50; Essex, CA = CA107; "
    "Needles, CA = CA142; Golden Shores, AZ = AZ1; Yucca, AZ = AZ26; Kingman, AZ = AZ51; Seligman, AZ = AZ121; "
    "Williams, AZ = AZ163; Flagstaff, AZ = AZ198; Winslow, AZ = AZ253; "
    "Holbrook, AZ = AZ286; Gallup, NM = NM20; Grants, NM = NM85; Albuquerque, NM = NM159; Moriarty, NM = NM196; "
    "Santa Rosa, NM = NM275; Tucumcari, NM = NM332; Amarillo, TX = TX70; Elk City, OK = OK41; "
    "Oklahoma City, OK = OK150; Fort Smith, AR = AR7; Little Rock, AR = AR153; Memphis, TN = TN1; "
    "Nashville, TN = TN208; Knoxville, TN = TN388",
    "I-70": "Richfield, UT = UT40; Salina, UT = UT56; Green River, UT = UT160; Fruita, CO = CO19; "
    "Grand Junction, CO = CO31; Rifle, CO = CO90; Glenwood Springs, CO = CO116; Vail, CO = CO176; Frisco, CO = CO203; "
    "Denver, CO = CO274; Limon, CO = CO361; Burlington, CO = CO437; Goodland, KS = KS17; Hays, KS = KS159; "
    "Salina, KS = KS252; Topeka, KS = KS362; Kansas City, MO = MO2",
    "I-80": "San Francisco, CA = CA1; Oakland, CA = CA8; Vallejo, CA = CA32; Sacramento, CA = CA86; "
    "Auburn, CA = CA120; Truckee, CA = CA188; Reno, NV = NV13; Fernley, NV = NV48; Lovelock, NV = NV106; "
    "Winnemucca, NV = NV176; "
    "Battle Mountain, NV = NV231; Elko, NV = NV301; Wells, NV = NV352; West Wendover, NV = NV410 UT1; "
    "Salt Lake City, UT = UT121; Evanston, WY = WY5; Rock Springs, WY = WY104; Rawlins, WY = WY211; "
    "Laramie, WY = WY313; Cheyenne, WY = WY362; Sidney, NE = NE59; North Platte, NE = NE177; Lincoln, NE = NE401; "
    "Omaha, NE = NE452",
    "I-84": "Portland, OR = OR1; Hood River, OR = OR63; The Dalles, OR = OR84; Pendleton, OR = OR209; "
    "La Grande, OR = OR261; Baker City, OR = OR304; Ontario, OR = OR376; Boise, ID = ID53; Mountain Home, ID = ID95; "
    "Twin Falls, ID = ID173; Burley, ID = ID208",
    "I-90": "Seattle, WA = WA2; Ellensburg, WA = WA109; Moses Lake, WA = WA178; Spokane, WA = WA281; "
    "Coeur d'Alene, ID = ID13; Missoula, MT = MT104; Butte, MT = MT224; Bozeman, MT = MT309; Billings, MT = MT450; "
    "Sheridan, WY = WY23; Gillette, WY = WY126; Rapid City, SD = SD58",
    "US-50": "Carson City, NV; Fallon, NV; Austin, NV; Eureka, NV; Ely, NV; Delta, UT",
    "US-93": "Wickenburg, AZ; Kingman, AZ; Boulder City, NV; Las Vegas, NV; Alamo, NV; Caliente, NV; Ely, NV; "
    "Wells, NV",
    "US-95": "Yuma, AZ; Quartzsite, AZ; Blythe, CA; Needles, CA; Searchlight, NV; Boulder City, NV; Las Vegas, NV; "
    "Indian Springs, NV; Beatty, NV; Goldfield, NV; Tonopah, NV; Hawthorne, NV; Fallon, NV; Lovelock, NV; "
    "Winnemucca, NV",
    "US-101": "Los Angeles, CA; Ventura, CA; Santa Barbara, CA; Santa Maria, CA; San Luis Obispo, CA; Paso Robles, CA; "
    "King City, CA; Salinas, CA; San Jose, CA; San Francisco, CA; Santa Rosa, CA; Ukiah, CA; Willits, CA; Eureka, CA; "
    "Crescent City, CA",
    "US-395": "Hesperia, CA; Adelanto, CA; Ridgecrest, CA; Lone Pine, CA; Bishop, CA; Bridgeport, CA; Carson City, NV; "
    "Reno, NV",
    "CA-58": "Bakersfield, CA; Tehachapi, CA; Mojave, CA; Boron, CA; Barstow, CA",
    "CA-99": "Bakersfield, CA; Delano, CA; Tulare, CA; Fresno, CA; Madera, CA; Merced, CA; Modesto, CA; Stockton, CA; "
    "Sacramento, CA",
    "CA-127": "Baker, CA; Tecopa, CA; Shoshone, CA; Death Valley Junction, CA",
    "NV-160": "Las Vegas, NV; Pahrump, NV",
}
_NAMED: Final = re.compile(
    r"\b(?P<kind>interstate(?:\s+highway)?|i|u\.?\s?s\.?(?:\s*(?:highway|hwy|route|rt))?|state\s+(?:route|highway)"
    r"|highway|hwy|route|rte?|sr|ca|nv)[\s.\-]*(?P<number>[1-9]\d{0,2})\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class MilePost:
    """A mile post of one state, and about where it stands (within some 8 km)."""

    road: str
    state: str
    mile: float
    point: Point


@dataclass(frozen=True, slots=True)
class _Stop:
    town: str
    posts: dict[str, float]


def _stops(name: str) -> list[_Stop]:
    stops = []
    for entry in _TABLE[name].split(";"):
        town, _, posts = entry.partition("=")
        stops.append(_Stop(town.strip(), {post[:2]: float(post[2:]) for post in posts.split()}))
    return stops


@cache
def _points(name: str) -> tuple[Point, ...]:
    return tuple(gazetteer().named(stop.town, limit=1)[0].point for stop in _stops(name))


@cache
def _line(name: str) -> Corridor:
    return Corridor(_points(name))


def names() -> list[str]:
    """Every road of the table, e.g. "I-15"."""
    return list(_TABLE)


def towns(name: str) -> list[str]:
    """The towns of a road in order: "Barstow, CA", "Yermo, CA" ...; [] for an unknown road."""
    road = canonical(name)
    return [stop.town for stop in _stops(road)] if road in _TABLE else []


def canonical(text: str) -> str | None:
    """The road's name as the table writes it ("I-15"); None when the text names no road.

    A road that is named but not in the table keeps its usual form: "US-6".
    """
    found = road_in(text)
    return found[0] if found else None


def road_in(text: str) -> tuple[str, tuple[int, int]] | None:
    """The first road named in a text and where it stands there; None without one."""
    found = _NAMED.search(text)
    if not found:
        return None
    kind, number = re.sub(r"[\s.]", "", found["kind"].lower()), found["number"]
    first = "I" if kind.startswith("i") else "US" if kind.startswith("us") else kind.upper()
    if first in ("I", "US", "CA", "NV"):
        return f"{first}-{number}", found.span()
    # "Highway 95" may be any kind of road: the one we have a line for is meant.
    known = (f"{prefix}-{number}" for prefix in ("I", "US", "CA", "NV"))
    return next((name for name in known if name in _TABLE), f"Highway {number}"), found.span()


def corridor(name: str) -> Corridor | None:
    """The road as a line; "I-15", "i 15" and "Interstate 15" are the same; None when unknown.

    Error: straight from town to town, up to about 20 km from the real road in the wide bends.
    """
    road = canonical(name) if len(name) <= 40 else None
    return _line(road) if road in _TABLE else None


@cache
def smoothed(name: str) -> tuple[Point, ...]:
    """The road as it is drawn: its towns, and seven points on a soft curve between each two; () when unknown."""
    line = corridor(name)
    points = line.points if line else ()
    curve: list[Point] = []
    for index, (start, end) in enumerate(pairwise(points)):
        before, after = points[max(0, index - 1)], points[min(len(points) - 1, index + 2)]
        curve += [_on_curve(before, start, end, after, step / 8) for step in range(8)]
    return (*curve, *points[-1:])


def _on_curve(before: Point, start: Point, end: Point, after: Point, t: float) -> Point:
    """A point of the Catmull-Rom curve. Tension 0.35: the plain one swings out where towns lie close together."""

    def one(a: float, b: float, c: float, d: float) -> float:
        m1, m2 = 0.35 * (c - a), 0.35 * (d - b)
        return (
            (2 * t**3 - 3 * t**2 + 1) * b + (t**3 - 2 * t**2 + t) * m1 + (3 * t**2 - 2 * t**3) * c + (t**3 - t**2) * m2
        )

    return Point(one(before.lat, start.lat, end.lat, after.lat), one(before.lon, start.lon, end.lon, after.lon))


def corridors_near(point: Point, km: float) -> list[str]:
    """The roads whose line passes within km of the point, the nearest first."""
    here = unit_vectors(np.array([point.lat]), np.array([point.lon]))
    gaps = sorted((float(_line(name).distances_km(here)[0]), name) for name in _TABLE)
    return [name for gap, name in gaps if gap <= km]


def mile_posts(name: str, mile: float) -> list[MilePost]:
    """Where a mile post of this road may stand: one answer for each state that has it.

    Error: between two towns the miles are spread evenly; about 8 km, more in mountains.
    """
    road = canonical(name) if len(name) <= 40 else None
    if road not in _TABLE:
        return []
    found: dict[str, MilePost] = {}
    stops, points = _stops(road), _points(road)
    for state in dict.fromkeys(state for stop in stops for state in stop.posts):
        known = [(stop.posts[state], point) for stop, point in zip(stops, points, strict=True) if state in stop.posts]
        for (low, start), (high, end) in pairwise(known):
            # Five miles past the last known post is still the town at that end.
            share = (mile - low) / (high - low)
            if -5 / (high - low) <= share <= 1 + 5 / (high - low) and state not in found:
                found[state] = MilePost(road, state, mile, _between(start, end, min(max(share, 0.0), 1.0)))
    return list(found.values())


def _between(start: Point, end: Point, share: float) -> Point:
    """The point at this share of the way; no road of the table crosses the date line."""
    return Point(start.lat + (end.lat - start.lat) * share, start.lon + (end.lon - start.lon) * share)
