"""What the browser is told to refuse, and that our own pages keep to it; and what they cost on the wire."""

import base64
import gzip
import hashlib
import re
from importlib import resources

import pytest

from tests.pages.conftest import Browser, asked
from tests.web.conftest import Play, World
from web.pages import static
from web.pages.speech import LANGUAGES

PATHS = ("/", "/help", "/watch", "/join", "/ready", "/status", "/offline", "/nothing")


def test_no_page_has_a_script_or_a_style_of_its_own_but_the_one_that_is_named(play: Play) -> None:
    async def story(world: World) -> None:
        ana, ask = await asked(world)
        for path in (*PATHS, f"/r/{ask}", f"/r/{ask}/close", f"/r/{ask}/missing", f"/r/{ask}/report"):
            page = await ana.get(path)
            assert not re.search(r"<[^>]+\sstyle=", page), path
            assert not re.search(r"<[^>]+\son\w+=", page), path
            assert not re.search(r"<script(?![^>]+src=)[^>]*>", page), path
            (css,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
            digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
            assert ana.answer is not None
            policy = ana.answer.headers["content-security-policy"]
            assert f"'sha256-{digest}'" in policy, path
            assert "unsafe" not in policy

    play(story)


def test_styles_name_no_side_of_the_screen() -> None:
    for sheet in resources.files("web.pages").joinpath("style").iterdir():
        text = sheet.read_text("utf-8")
        sides = re.findall(r"(?:margin|padding|border)-(?:left|right)|text-align:\s*(?:left|right)|[;{]right:", text)
        assert not sides, f"{sheet.name}: {sides}"


async def weight(browser: Browser, path: str) -> tuple[int, int]:
    """Bytes on the wire, headers included, and requests, as a phone would make them on its first visit."""
    await browser.get(path)
    assert browser.answer is not None
    total = head(browser.answer.headers) + len(gzip.compress(browser.page.encode(), 6))
    files = re.findall(r'<script[^>]+src="/static/([^?"]+)', browser.page)
    for name in files:
        file = static.files()[name]
        total += file.smallest + 500
    return total, 1 + len(files)


def head(headers: object) -> int:
    """About what the headers of an answer take."""
    return len(str(headers))


@pytest.mark.parametrize(("path", "most"), [("/", 10_000), ("/join", 12_000), ("/status", 6_000)])
def test_a_page_on_a_bad_line_costs_at_most_its_budget(play: Play, path: str, most: int) -> None:
    async def story(world: World) -> None:
        total, requests = await weight(Browser(world), path)
        assert total <= most, f"{path}: {total} bytes"
        assert requests <= 3

    play(story)


def test_following_and_helping_cost_at_most_their_budget(play: Play) -> None:
    async def story(world: World) -> None:
        ana, ask = await asked(world)
        await world.turn()
        ben = await Browser(world).sign_in("ben")
        for browser, path, most in ((ana, f"/r/{ask}", 16_000), (ben, "/help", 20_000)):
            total, requests = await weight(browser, path)
            assert total <= most, f"{path}: {total} bytes"
            assert requests <= 3
        live = await ana.client.get(f"/r/{ask}/live")
        assert len(gzip.compress(live.content)) <= 2_500

    play(story)


def test_every_script_is_small() -> None:
    for name, file in static.files().items():
        if name.endswith(".js"):
            assert file.smallest <= 5_000, name
    wall = [file for name, file in static.files().items() if name.startswith("wall/")]
    assert sum(file.smallest for file in wall) <= 25_000


def test_every_language_has_every_page_and_spanish_is_complete(play: Play) -> None:
    async def story(world: World) -> None:
        ana, ask = await asked(world)
        await world.turn()
        ben = await Browser(world).sign_in("ben")
        for lang in LANGUAGES:
            for browser, path in [(ana, each) for each in (*PATHS, f"/r/{ask}", f"/r/{ask}/report")] + [(ben, "/help")]:
                page = await browser.get(f"{path}?lang={lang}")
                assert f'<html lang="{lang}" dir="{"rtl" if lang == "ar" else "ltr"}"' in page, path
                if lang == "es":
                    assert '<span lang="en"' not in page, path

    play(story)


def test_the_browsers_language_is_spoken_until_another_is_chosen(play: Play) -> None:
    async def story(world: World) -> None:
        reader = Browser(world, **{"accept-language": "es-MX,es;q=0.9,en;q=0.5"})
        await reader.get("/")
        assert "¿Qué necesitas?" in reader.words()
        await reader.get("/?lang=en")
        await reader.get("/")
        assert "What do you need?" in reader.words()

    play(story)
