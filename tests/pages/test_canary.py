"""The exact place, the note and the phone are in no page, map or stream of anybody who may not have them."""

import re

from tests.pages.conftest import Browser, asked, taken
from tests.web.conftest import Play, World

SECRETS = ("35.2123", "116.1234", "Zephyrine", "555 0142", "555 0110", "Lastname")


async def linked(world: World, ana: Browser, ask: str, prefix: str) -> Browser:
    """A browser that opened one of the ask's links."""
    await ana.get(f"/r/{ask}")
    await ana.post(f"/r/{ask}/share")
    token = re.search(rf"#({prefix}_[\w-]+)", ana.page)
    assert token
    browser = Browser(world)
    await browser.get(f"/r/{ask}")
    await browser.post("/open", {"token": token[1], "to": f"/r/{ask}"})
    return browser


def test_no_page_of_others_holds_the_place_the_note_or_a_phone(play: Play) -> None:
    async def story(world: World) -> None:
        ana, ask = await asked(world)
        await world.turn()
        ben = await taken(world, "ben", ask, "2")
        cem = await Browser(world).sign_in("cem")
        others = {
            "nobody": Browser(world),
            "member": await Browser(world).sign_in("dora"),
            "alerted": cem,
            "view": await linked(world, ana, ask, "flv"),
            "helper": await linked(world, ana, ask, "flh"),
        }
        alert = re.search(r'href="(/help/[\w-]+)"', await cem.get("/help"))
        paths = [
            "/",
            "/help",
            "/watch",
            "/watch/scene",
            "/ready",
            "/status",
            f"/r/{ask}",
            f"/r/{ask}/live",
            f"/r/{ask}/take",
        ]
        for name, browser in others.items():
            for path in [*paths, f"/r/{ask}/report", *([alert[1]] if alert and name == "alerted" else [])]:
                text = re.sub(r'value="(?:Dora|Cem) Lastname"', "", await browser.get(path))  # their own settings
                found = [secret for secret in SECRETS if secret in text]
                assert not found, f"{name} at {path}: {found}"
        for name, browser in {"owner": ana, "claimer": ben}.items():
            text = await browser.get("/help" if name == "claimer" else f"/r/{ask}")
            assert "Zephyrine" in text, name

    play(story)


def test_the_map_of_others_is_the_same_wherever_in_the_cell_the_bus_stands(play: Play) -> None:
    async def story(world: World) -> None:
        pictures = []
        for lat in ("35.212345", "35.222345"):
            ana, ask = await asked(world, lat=lat, similar_ok="1")
            viewer = await linked(world, ana, ask, "flv")
            svg = re.search(r"<svg class=\"map\".*?</svg>", viewer.page, re.DOTALL)
            assert svg
            pictures.append(svg[0])
        assert pictures[0] == pictures[1]

    play(story)


def test_a_note_with_markup_stays_text(play: Play) -> None:
    async def story(world: World) -> None:
        ana, _ = await asked(world, note='<script>alert(1)</script>"><img src=x onerror=alert(2)>')
        assert "<script>alert" not in ana.page
        assert "&lt;script&gt;alert(1)" in ana.page

    play(story)
