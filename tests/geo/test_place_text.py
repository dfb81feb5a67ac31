"""Where somebody says they are: one place, choices or a kind no; never a guess, never an error."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from geo import plus_code
from geo.distance import great_circle_km
from geo.place_text import MAX_CHOICES, MAX_TEXT, Found, How, NotFound, Unclear, read
from geo.point import Point
from tests.geo.places import BAKER, CENTRE, LAS_VEGAS, points


def found(text: str, near: Point | None = None) -> Found:
    answer = read(text, near)
    assert isinstance(answer, Found), answer
    return answer


def choices(text: str, near: Point | None = None) -> list[str]:
    answer = read(text, near)
    assert isinstance(answer, Unclear), answer
    return [choice.label for choice in answer.choices]


def hint(text: str) -> str:
    answer = read(text)
    assert isinstance(answer, NotFound), answer
    return answer.hint


@pytest.mark.parametrize(("text", "how"), [
    ("35.1773, -116.1698", How.COORDINATES), ("35°10.638'N 116°10.188'W", How.COORDINATES),
    (plus_code.encode(CENTRE), How.PLUS_CODE), (f"we are at {plus_code.encode(CENTRE)}", How.PLUS_CODE),
    (f"{plus_code.encode(CENTRE)[4:]} Baker, CA", How.PLUS_CODE),
    ("https://maps.google.com/?q=35.1773,-116.1698", How.MAP_LINK),
    ("look: geo:35.1773,-116.1698 please", How.MAP_LINK),
])  # fmt: skip
def test_an_exact_place_is_read_exactly_and_named(text: str, how: How) -> None:
    place = found(text)
    assert great_circle_km(place.point, CENTRE) < 0.02
    assert place.how == how
    assert place.accuracy_m <= 100
    assert place.label == "13 km SW of Baker, CA"


def test_what_our_own_page_writes_reads_back() -> None:
    place = found("35.26500, -116.07450 (±35 m)")
    assert (place.point, place.accuracy_m) == (Point(35.265, -116.0745), 35)


def test_our_own_label_leads_back_to_the_neighbourhood() -> None:
    place = found("13 km SW of Baker, CA")
    assert great_circle_km(place.point, CENTRE) < 2
    assert place.accuracy_m >= 2000


@pytest.mark.parametrize("text", [
    "I-15 near Baker, CA", "I-15 north, exit 245 near Baker", "I-15 northbound just past Baker",
    "we're on I-15 at Baker",
    "Interstate 15 Baker California", "i15 baker ca", "I-15 NB exit 246 Baker", "CA-127 north of Baker",
    "stuck on the I-15 near Baker, please help us",
])  # fmt: skip
def test_a_road_with_a_town_is_the_road_beside_that_town(text: str) -> None:
    place = found(text)
    assert great_circle_km(place.point, BAKER) < 8
    assert place.how == How.ROAD
    assert 5_000 <= place.accuracy_m <= 20_000
    assert "near Baker, CA" in place.label


def test_a_mile_marker_is_asked_about_when_three_states_have_it() -> None:
    assert choices("mile marker 239 I-15")[0] == "I-15, mile 239, near Baker, CA"
    assert len(choices("I-15 mm 239")) == 3


@pytest.mark.parametrize(("text", "near"), [
    ("mile marker 239 I-15", CENTRE), ("I-15 mile 239 CA", None), ("exit 239 on I-15", LAS_VEGAS),
    ("I-15 CA exit 239A", None),
])  # fmt: skip
def test_a_state_or_the_phones_place_settles_which_mile_is_meant(text: str, near: Point | None) -> None:
    place = found(text, near)
    assert great_circle_km(place.point, CENTRE) < 8
    assert place.accuracy_m >= 5000


def test_between_two_towns_is_the_middle_with_half_the_way_as_error() -> None:
    place = found("I-15 between Baker and Barstow")
    assert place.accuracy_m > 40_000
    assert place.label == "I-15 between Baker, CA and Barstow, CA"
    assert found("between Baker and Primm").label == "between Baker, CA and Primm, NV"


def test_a_name_that_three_states_have_is_asked_about() -> None:
    assert set(choices("Baker")) == {"Baker, LA", "Baker, MT", "Baker, CA"}


def test_a_name_near_the_phone_is_settled() -> None:
    assert found("Baker", CENTRE).label == "Baker, CA"


@pytest.mark.parametrize(("text", "label"), [
    ("Barstow California", "Barstow, CA"), ("Baker, CA", "Baker, CA"), ("near Yermo", "Yermo, CA"),
    ("Zzyzx", "Zzyzx, CA"),
    ("Las Vegas", "Las Vegas, NV"), ("at the gas station in Yermo", "Yermo, CA"),
    ("North Las Vegas", "North Las Vegas, NV"),
])  # fmt: skip
def test_a_clear_name_is_found_with_the_size_of_a_town_as_error(text: str, label: str) -> None:
    place = found(text)
    assert place.label == label
    assert place.accuracy_m >= 3000


def test_a_misspelt_name_is_asked_about_not_taken() -> None:
    assert choices("Barstwo") == ["Barstow, CA"]
    assert choices("I-15 near Barstwo") == ["I-15 near Barstow, CA"]


def test_a_forgotten_minus_is_asked_about_when_the_phone_knows_better() -> None:
    assert choices("35.1773, 116.1698", LAS_VEGAS)[0] == "13 km SW of Baker, CA"
    assert found("35.1773, 116.1698").point == Point(35.1773, 116.1698)


@pytest.mark.parametrize(("text", "says"), [
    ("", "Write where you are"), ("?!", "Write where you are"), ("x" * (MAX_TEXT + 1), "too long"),
    ("qqqqqqq", "No such place"), ("I-15", "Which part"), ("I-15 mile 900", "Which part"), ("7WGM+W6", "needs a town"),
    ("-116.1698, 35.1773", "did you mean"), ("https://maps.app.goo.gl/abc", "short link"),
    ("exit 245", "No such place"),
])  # fmt: skip
def test_what_can_not_be_read_says_what_to_write_instead(text: str, says: str) -> None:
    assert says in hint(text)


def test_a_text_at_the_limit_is_read_and_one_past_it_is_not() -> None:
    assert found(" " * (MAX_TEXT - 9) + "Baker, CA").label == "Baker, CA"
    answer = read(" " * (MAX_TEXT - 8) + "Baker, CA")
    assert isinstance(answer, NotFound)
    assert len(answer.text) == MAX_TEXT


def test_a_short_code_with_an_unclear_town_stays_unclear() -> None:
    assert len(choices("7WGM+W6 Baker")) == 3


PIECES = [
    "I-15", "US-95", "exit", "245", "mile", "marker", "239", "near", "Baker", "CA", "between", "and", "north", "of",
    "10", "km", "35.17", "-116.2", "N", "W", "°", "'", ",", ";", "+", "https://maps.google.com/?q=", "geo:", "7WGM+W6",
    "the", "Barstow", "highway", "15", "±", "m", "(", ")", "\0", "é",
]  # fmt: skip
WORDS = st.lists(st.sampled_from(PIECES), max_size=9).map(" ".join)


@given(st.text(max_size=120) | WORDS, st.none() | points())
@example("I-15 between  and ", None)
@example("geo:0,0?q=geo:0,0?q=geo:0,0", None)
@example("https://[", None)
@example("between a and b", None)
@example("١٢٣, ٤٥", None)
@example("²,²", None)
@settings(deadline=None, max_examples=200)
def test_no_text_makes_it_raise(text: str, near: Point | None) -> None:
    answer = read(text, near)
    if isinstance(answer, Unclear):
        assert 1 <= len(answer.choices) <= MAX_CHOICES
    elif isinstance(answer, Found):
        assert answer.accuracy_m >= 1
    else:
        assert answer.hint


@given(
    points(89),
    st.sampled_from(["{0:.5f}, {1:.5f}", "geo:{0:.5f},{1:.5f}", "https://maps.google.com/?q={0:.5f},{1:.5f}"]),
)
@settings(deadline=None, max_examples=50)
def test_a_place_pasted_in_any_form_comes_back(point: Point, form: str) -> None:
    place = found(form.format(point.lat, point.lon))
    assert great_circle_km(place.point, point) < 0.002


@pytest.mark.parametrize("text", ["1" * 500, "°" * 500, "a," * 250, "I-15 " * 100, "north " * 83, "+" * 500, "(" * 500])
def test_the_longest_nonsense_is_answered_too(text: str) -> None:
    assert isinstance(read(text), NotFound | Unclear | Found)
