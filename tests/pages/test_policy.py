"""What the browser is told to refuse, and that our own pages keep to it; and what they cost on the wire."""

import base64
import gzip
import hashlib
import re
from importlib import resources

from tests.pages.conftest import Browser, asked
from tests.web.conftest import Play, World
from web.pages import speech, static
from web.pages.routes import ROUTERS
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


def test_an_update_of_a_page_is_small(play: Play) -> None:
    async def story(world: World) -> None:
        ana, ask = await asked(world)
        await world.turn()
        live = await ana.client.get(f"/r/{ask}/live")
        assert len(gzip.compress(live.content)) <= 2_500

    play(story)


def test_every_script_is_small() -> None:
    for name, file in static.files().items():
        if name.endswith(".js"):
            assert file.smallest <= 5_000, name
    wall = [file for name, file in static.files().items() if name.startswith("wall/")]
    assert sum(file.smallest for file in wall) <= 25_000


def test_every_language_has_every_sentence_with_its_slots() -> None:
    spoken = {lang: speech.catalogue(lang) for lang in LANGUAGES if lang != "en"}
    for lang, sentences in spoken.items():
        assert sentences.keys() == spoken["es"].keys(), lang
        for key, said in sentences.items():
            known = set(re.findall(r"{(\w+)}", key))
            for form in said if isinstance(said, list) else [said]:
                assert set(re.findall(r"{(\w+)}", form)) <= known, (lang, key)


def test_every_language_has_every_page_and_is_complete(play: Play) -> None:
    async def story(world: World) -> None:
        ana, ask = await asked(world)
        await world.turn()
        ben = await Browser(world).sign_in("ben")
        for lang in LANGUAGES:
            for browser, path in [(ana, each) for each in (*PATHS, f"/r/{ask}", f"/r/{ask}/report")] + [(ben, "/help")]:
                page = await browser.get(f"{path}?lang={lang}")
                assert f'<html lang="{lang}" dir="{"rtl" if lang == "ar" else "ltr"}"' in page, path
                assert '<span lang="en"' not in page, (lang, path)

    play(story)


def test_another_language_can_be_chosen_on_whatever_page_a_form_leads_to(play: Play) -> None:
    async def story(world: World) -> None:
        ana, ask = await asked(world)
        forms = {route.path for part in ROUTERS for route in part.routes if "POST" in getattr(route, "methods", ())}
        assert len(forms) > 25
        for path in sorted(forms):
            await ana.post(re.sub(r"{\w+}", ask, path), key=world.key())
            for spanish in re.findall(r'href="([^"]+lang=es)" lang="es"', ana.page):
                await ana.get(spanish.replace("&amp;", "&"))
                assert ana.status != 405, (path, spanish)

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
