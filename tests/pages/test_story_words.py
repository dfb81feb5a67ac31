"""The words of an ask are true and say nothing that need not be said: no zeros, nobody twice who is named nowhere."""

from typing import Any

import pytest

from tests.pages.conftest import Browser, asked
from tests.web.conftest import Play, World
from web.pages import nouns, story
from web.pages.speech import Speaker


def view(*claims: tuple[int, str], total: int = 9) -> dict[str, Any]:
    """A ride as its page sees it, with those claims."""
    taken = sum(seats for seats, _ in claims)
    return {
        "kind": "ride",
        "seats": {"total": total, "claimed": taken, "open": total - taken},
        "claims": [{"seats": seats, "status": status} for seats, status in claims],
    }


@pytest.mark.parametrize(
    ("held", "says"),
    [
        (view(), "9 needed"),
        (view((4, "committed")), "4 promised, 5 needed"),
        (view((4, "en_route")), "4 on the road, 5 needed"),
        (view((4, "en_route"), (2, "committed")), "4 on the road, 2 promised, 3 needed"),
        (view((4, "en_route"), (5, "committed")), "4 on the road, 5 promised"),
        (view((9, "en_route")), "9 on the road"),
        (view((9, "committed")), "9 promised"),
    ],
)
def test_the_bars_words_leave_out_what_there_is_none_of(held: dict[str, Any], says: str) -> None:
    assert story.bar_words(Speaker("en"), held) == says
    for lang in ("es", "ar"):
        assert "<span" not in story.bar_words(Speaker(lang), held), "it is said in their language"


def test_an_exact_place_is_said_in_the_readers_language_and_measure() -> None:
    label = "13 km SW of Baker, CA"
    said = [nouns.exactly(Speaker(lang), label, miles=lang == "en").striptags() for lang in ("en", "es", "ar")]
    assert said == ["8 mi southwest of Baker, CA", "13 km al suroeste de Baker, CA", "13 كم جنوب غرب Baker, CA"]
    assert nouns.exactly(Speaker("es"), "near Baker, CA", miles=False).striptags() == "cerca de Baker, CA"


def test_nobody_reads_that_none_have_seen_it() -> None:
    assert story.heard_line(Speaker("en"), {"alerted": 1, "seen": 0}) == "1 person asked, nobody has seen it yet."
    assert story.heard_line(Speaker("en"), {"alerted": 38, "seen": 12}) == "38 people asked, 12 have seen it."


def test_two_promises_are_so_many_seats_to_whoever_may_know_no_names(play: Play) -> None:
    async def story_of(world: World) -> None:
        ana, ask = await asked(world)
        await world.claim("ben", ask, 5)
        await world.claim("cem", ask, 3)
        await ana.post(f"/r/{ask}/share")
        viewer = Browser(world)
        await viewer.get(f"/r/{ask}")
        token = "flv_" + ana.page.split("#flv_")[1].split('"')[0].split("<")[0].split("&")[0]
        await viewer.post("/open", {"token": token, "to": f"/r/{ask}"})
        assert "8 seats promised. We are looking for 1 more." in viewer.words()
        assert "Somebody" not in viewer.words()
        await ana.get(f"/r/{ask}")
        assert "Ben has promised 5 seats. Cem has promised 3 seats." in ana.words()

    play(story_of)


def test_whoever_is_in_danger_is_told_to_call_now_and_nobody_else_is() -> None:
    speak = Speaker("en")
    assert "Call 911 now." in story.further(speak, "911", danger=True)
    assert "911 if it gets unsafe" in story.further(speak, "911", danger=False)
