"""Names made comparable, and the short forms of states and provinces.

`fold` decides the order of the shipped table: change it and the table must be made again,
or names are no longer found (tests/geo/test_gazetteer.py::test_table_is_in_the_order_the_search_relies_on).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_PLAIN: Final = str.maketrans(
    {
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "æ": "ae",
        "œ": "oe",
        "ı": "i",
        "'": "",
        "’": "",
        "`": "",
        "ʻ": "",
    }
)
_GAP: Final = re.compile(r"[\W_]+")
_SHORT: Final = {"saint": "st", "sainte": "ste", "fort": "ft", "mount": "mt"}


def fold(text: str) -> str:
    """The text in small plain letters, one space between words: "Saint-Étienne" is "st etienne".

    Raises: nothing. Text without letters or digits answers "".
    """
    # Letter by letter after folding case: NFKD turns "é" into "e" and a mark, the mark goes.
    apart = unicodedata.normalize("NFKD", text.casefold().translate(_PLAIN))
    plain = "".join(char for char in apart if not unicodedata.combining(char))
    return " ".join(_SHORT.get(word, word) for word in _GAP.split(plain) if word)


US_STATES: Final = {
    "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California", "CO": "Colorado",
    "CT": "Connecticut", "DE": "Delaware", "DC": "District of Columbia", "FL": "Florida", "GA": "Georgia",
    "HI": "Hawaii", "ID": "Idaho", "IL": "Illinois", "IN": "Indiana", "IA": "Iowa", "KS": "Kansas", "KY": "Kentucky",
    "LA": "Louisiana", "ME": "Maine", "MD": "Maryland", "MA": "Massachusetts", "MI": "Michigan", "MN": "Minnesota",
    "MS": "Mississippi", "MO": "Missouri", "MT": "Montana", "NE": "Nebraska", "NV": "Nevada", "NH": "New Hampshire",
    "NJ": "New Jersey", "NM": "New Mexico", "NY": "New York", "NC": "North Carolina", "ND": "North Dakota",
    "OH": "Ohio", "OK": "Oklahoma", "OR": "Oregon", "PA": "Pennsylvania", "RI": "Rhode Island",
    "SC": "South Carolina", "SD": "South Dakota", "TN": "Tennessee", "TX": "Texas", "UT": "Utah", "VT": "Vermont",
    "VA": "Virginia", "WA": "Washington", "WV": "West Virginia", "WI": "Wisconsin", "WY": "Wyoming",
}  # fmt: skip

PROVINCES: Final = {
    "AB": "Alberta", "BC": "British Columbia", "MB": "Manitoba", "NB": "New Brunswick",
    "NL": "Newfoundland and Labrador", "NT": "Northwest Territories", "NS": "Nova Scotia", "NU": "Nunavut",
    "ON": "Ontario", "PE": "Prince Edward Island", "QC": "Quebec", "SK": "Saskatchewan", "YT": "Yukon",
}  # fmt: skip

# What people say: what the table says.
ALIASES: Final = {
    "vegas": "las vegas", "nyc": "new york city", "new york": "new york city", "la": "los angeles",
    "sf": "san francisco", "slc": "salt lake city", "philly": "philadelphia",
    "washington dc": "washington",
}  # fmt: skip

# Words that name a country besides its code and its GeoNames name.
COUNTRY_WORDS: Final = {
    "usa": "US", "united states of america": "US", "america": "US", "uk": "GB", "england": "GB", "scotland": "GB",
    "wales": "GB", "great britain": "GB", "britain": "GB", "holland": "NL", "deutschland": "DE", "espana": "ES",
    "mexico": "MX", "czech republic": "CZ", "turkey": "TR", "ivory coast": "CI",
}  # fmt: skip
