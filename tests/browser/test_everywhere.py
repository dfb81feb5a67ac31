"""What holds on every page in every state: axe finds nothing, nothing scrolls sideways, nothing comes from elsewhere.

The states are those of tests/support/gallery.py, built once for this file. In the second theme only colours can
differ, so only they are looked at again; and they are the same in every language, so in one of them.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Error, Page
from playwright.sync_api import TimeoutError as NotInTime

from tests.support.gallery import Evening, Scene, Visitors, evening, scenes

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WIDTHS = (320, 360, 390, 768, 1366, 1920, 3840)
FITS = "() => document.documentElement.scrollWidth <= innerWidth"
# Text that leaves its own button, label, card or line.
CUT = """() => { const range = new Range(), out = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const not = '.sr, svg, script, style, template, textarea, select, .langs ul';
  while (walk.nextNode()) { const node = walk.currentNode, e = node.parentElement;
    if (!node.data.trim() || !e.checkVisibility() || e.closest(not)) continue;
    range.selectNodeContents(node);
    const text = range.getBoundingClientRect();
    const box = e.closest('button, .btn, label, summary, .card, td, th, p, h1, h2, main, body').getBoundingClientRect();
    if (text.right > box.right + 1 || text.left < box.left - 1) out.push(node.data.trim().slice(0, 60)); }
  return out; }"""
TARGETS = "main button, main a.btn, main summary, main input, .pick label, .chips label"
SMALL = f"""() => [...document.querySelectorAll('{TARGETS}')]
  .filter((e) => e.checkVisibility() && !e.matches('[type=radio],[type=checkbox],[type=hidden]'))
  .filter((e) => e.getBoundingClientRect().height < 47.5).map((e) => e.outerHTML.slice(0, 90))"""
FIRST = """() => { const e = [...document.querySelectorAll('main .main')].find((each) => each.checkVisibility());
  return e ? e.getBoundingClientRect().bottom : 0; }"""
# Words 40 % longer, each of them: what another language may need.
LONGER = """() => { const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) { const node = walk.currentNode;
    if (node.parentElement.closest('script, style, template, svg, time')) continue;
    node.data = node.data.replace(/\\p{L}{2,}/gu, (word) => word + word.slice(0, Math.ceil(word.length * 0.4))); } }"""
SIZE = "(size) => { document.documentElement.style.fontSize = size; }"
RUN = """axe.run(document, {runOnly: %s}).then((found) => JSON.stringify(
  found.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.html.slice(0, 120)).join(' | '))))"""


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evening]:
    with evening(tmp_path_factory.mktemp("evening")) as held:
        yield held


Visit = Callable[..., Visitors]


@pytest.fixture
def visit(browser: Browser, held: Evening) -> Iterator[Visit]:
    opened: list[Visitors] = []

    def enter(watch: Callable[[Page], None] = lambda page: None, **more: Any) -> Visitors:
        opened.append(Visitors(browser, held, more, watch))
        return opened[-1]

    yield enter
    for each in opened:
        each.close()


def faults(page: Page, axe: str, only: str) -> list[str]:
    """What axe finds. By the debugger: the page's own policy lets no script in, and that is right."""
    session = page.context.new_cdp_session(page)
    session.send("Runtime.evaluate", {"expression": f"window.axe || (() => {{ {axe} }})()"})
    asked = {"expression": RUN % only, "awaitPromise": True, "returnByValue": True}
    answer: dict[str, Any] = session.send("Runtime.evaluate", asked)
    session.detach()
    found: list[str] = json.loads(answer["result"]["value"])
    return found


def settles(page: Page, what: str) -> bool:
    """Is it so, now or once the page has drawn itself for its new width?"""
    try:
        # A wall of 3,840 px without a graphics card takes a second and more to draw itself anew on a busy machine.
        page.wait_for_function(what, timeout=10_000)
    except NotInTime:
        return False
    return True


def clean(page: Page, scene: Scene, axe: str) -> list[str]:
    """What axe finds by day."""
    page.emulate_media(color_scheme="light")
    return faults(page, axe, json.dumps(TAGS))


def clean_by_night(page: Page, scene: Scene, axe: str) -> list[str]:
    """Which colours can't be read by night."""
    page.emulate_media(color_scheme="dark")
    return faults(page, axe, "['color-contrast']")


def fits(page: Page, scene: Scene, axe: str, widths: tuple[int, ...] = WIDTHS) -> list[str]:
    """Where the page scrolls sideways, cuts its text or has too small a target, by width."""
    wrong: list[str] = []
    for width in [each for each in widths if each >= 768] if scene.wall else widths:
        page.set_viewport_size({"width": width, "height": 844})
        if not settles(page, FITS):
            wrong.append(f"at {width}: sideways")
        if not scene.wall:
            wrong += [f"at {width}: {each}" for each in page.evaluate(CUT) + page.evaluate(SMALL)]
    page.set_viewport_size({"width": 390, "height": 844})
    return wrong


def fits_large(page: Page, scene: Scene, axe: str) -> list[str]:
    """The same with letters twice as large."""
    if scene.wall:
        return []
    page.evaluate(SIZE, "200%")
    wrong = fits(page, scene, axe, WIDTHS[:4])
    page.evaluate(SIZE, "")
    return wrong


def fits_longer(page: Page, scene: Scene, axe: str) -> list[str]:
    """The same with longer words. They stay: it comes last."""
    if scene.wall:
        return []
    page.evaluate(LONGER)
    return fits(page, scene, axe, WIDTHS[:4])


def first(page: Page, scene: Scene, axe: str) -> list[str]:
    """The one thing to do, where it is not in the first viewport."""
    if scene.wall or scene.name in BELOW:
        return []
    page.evaluate("() => scrollTo(0, 0)")
    return ["below the first viewport"] if page.evaluate(FIRST) > 844 else []


# Here the one thing is to read first; or the person came by a button and scrolls as they type.
BELOW = ("help, everything", "help, alerts", "help, nothing")
# What each page in each state is held against: all of it in English, elsewhere what a language can change.
PROMISES = {"en": (clean, clean_by_night, first, fits, fits_large, fits_longer), "es": (clean,), "ar": (clean, fits)}


@pytest.mark.timeout(400)
@pytest.mark.parametrize("lang", PROMISES)
def test_every_page_in_every_state_can_be_read_by_everybody_at_every_width_and_asks_no_other_host(
    visit: Visit, held: Evening, axe: str, lang: str
) -> None:
    asked: set[tuple[str, str]] = set()
    visitors = visit(lambda page: page.on("request", lambda each: asked.add((each.url, each.resource_type))))

    def wrong(scene: Scene) -> list[str]:
        page = visitors.look(scene, lang)
        return [f"{promise.__name__}: {each}" for promise in PROMISES[lang] for each in promise(page, scene, axe)]

    found: dict[str, list[str]] = {}
    for scene in scenes(held):
        try:
            found[scene.name] = wrong(scene)
        except Error:
            # A page that follows something may load itself anew in between: then it is looked at anew, once.
            found[scene.name] = wrong(scene)
    assert not any(found.values()), json.dumps({name: told for name, told in found.items() if told}, indent=1)
    ours = urlsplit(held.house.address).netloc
    elsewhere = {
        url for url, _ in asked if urlsplit(url).scheme not in ("data", "blob") and urlsplit(url).netloc != ours
    }
    assert elsewhere == set()
    assert {url for url, kind in asked if kind == "font" and "/static/built/" not in url} == set()
    assert len(asked) > 50


def test_without_colours_borders_and_words_say_everything(visit: Visit, held: Evening) -> None:
    page = visit(forced_colors="active").look(Scene("ask", None, "/"))
    chosen = page.locator(".pick label:has(:checked)")
    assert chosen.evaluate("(e) => getComputedStyle(e).outlineStyle") == "solid"
    bars = visit(forced_colors="active").look(Scene("follow", "ana", f"/r/{held.asks['some']}"))
    looks = {
        bars.locator(f".bar i{kind}").first.evaluate("(e) => getComputedStyle(e).borderStyle") for kind in (".p", "")
    }
    assert looks == {"dashed"} or len(looks) == 2


def test_nothing_moves_for_whoever_wants_it_still(visit: Visit, held: Evening) -> None:
    scene = Scene("follow", "ana", f"/r/{held.asks['some']}")
    moving = "() => document.getAnimations().filter((each) => each.playState === 'running').length"
    assert visit(reduced_motion="reduce").look(scene).evaluate(moving) == 0
    assert visit().look(scene).evaluate(moving) == 1


@pytest.mark.parametrize("lang", PROMISES)
def test_names_on_a_map_stay_inside_it_in_every_direction(visit: Visit, held: Evening, lang: str) -> None:
    page = visit().look(Scene("follow", "ana", f"/r/{held.asks['some']}"), lang)
    outside = """() => [...document.querySelectorAll('.map text, .strip text')].filter((each) => {
      const box = each.ownerSVGElement.getBoundingClientRect(), text = each.getBoundingClientRect();
      return text.left < box.left - 1 || text.right > box.right + 1; }).map((each) => each.textContent)"""
    assert page.locator(".map text").count() > 3
    assert page.evaluate(outside) == []
