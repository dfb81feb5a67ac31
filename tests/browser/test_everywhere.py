"""What holds on every page in every state: axe finds nothing, nothing scrolls sideways, nothing comes from elsewhere.

The states are those of tests/support/gallery.py, built once for this file. In the second theme only colours can
differ, so only they are looked at again.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Error, Page
from playwright.sync_api import TimeoutError as NotInTime

from tests.browser.conftest import served
from tests.support.gallery import Evening, Scene, Visitors, evening, scenes

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LANGS = ("en", "es", "ar")
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
LARGE = "() => { document.documentElement.style.fontSize = '200%'; }"
RUN = """axe.run(document, {runOnly: %s}).then((found) => JSON.stringify(
  found.violations.map((v) => v.id + ': ' + v.nodes.map((n) => n.html.slice(0, 120)).join(' | '))))"""


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evening]:
    with served(tmp_path_factory.mktemp("evening")) as house:
        yield evening(house)


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
        page.wait_for_function(what, timeout=2_000)
    except NotInTime:
        return False
    return True


@pytest.mark.timeout(240)
@pytest.mark.parametrize("lang", LANGS)
def test_axe_finds_nothing_on_any_page_in_any_state(visit: Visit, held: Evening, axe: str, lang: str) -> None:
    visitors = visit()
    found: dict[str, list[str]] = {}
    for scene in scenes(held):
        page = visitors.look(scene, lang)
        page.emulate_media(color_scheme="light")
        told = faults(page, axe, json.dumps(TAGS))
        page.emulate_media(color_scheme="dark")
        told += [f"dark: {each}" for each in faults(page, axe, "['color-contrast']")]
        if told:
            found[scene.name] = told
    assert not found, json.dumps(found, indent=1)


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("how", "lang"), [("as it is", "en"), ("as it is", "ar"), ("longer words", "en"), ("twice the letters", "en")]
)
def test_nothing_is_cut_or_sideways_at_any_width(visit: Visit, held: Evening, how: str, lang: str) -> None:
    visitors = visit()
    wrong: list[str] = []
    for scene in scenes(held):
        if scene.wall and how != "as it is":
            continue
        try:
            wrong += misfits(visitors, scene, how, lang)
        except Error:
            # A page that follows something may load itself anew in between: then it is measured anew, once.
            wrong += misfits(visitors, scene, how, lang)
    assert wrong == [], "\n".join(wrong[:40])


def misfits(visitors: Visitors, scene: Scene, how: str, lang: str) -> list[str]:
    """Where that page scrolls sideways, cuts its text or has too small a target, by width."""
    wrong: list[str] = []
    page = visitors.look(scene, lang)
    change = {"longer words": LONGER, "twice the letters": LARGE}.get(how)
    if change:
        page.evaluate(change)
    for width in WIDTHS[3:] if scene.wall else WIDTHS if how == "as it is" else WIDTHS[:4]:
        page.set_viewport_size({"width": width, "height": 844})
        if not settles(page, FITS):
            wrong.append(f"{scene.name} at {width}: sideways")
        if not scene.wall:
            wrong += [f"{scene.name} at {width}: {each}" for each in page.evaluate(CUT) + page.evaluate(SMALL)]
    page.set_viewport_size({"width": 390, "height": 844})
    return wrong


# Here the one thing is to read first; or the person came by a button and scrolls as they type.
BELOW = ("help, everything", "help, alerts", "help, nothing")


def test_the_one_thing_to_do_is_in_the_first_viewport(visit: Visit, held: Evening) -> None:
    visitors = visit()
    low: list[str] = []
    for scene in scenes(held):
        if scene.wall or scene.name in BELOW:
            continue
        page = visitors.look(scene)
        page.evaluate("() => scrollTo(0, 0)")
        if page.evaluate(FIRST) > 844:
            low.append(scene.name)
    assert low == []


def test_nothing_is_asked_of_another_host_and_no_font_by_a_phone(visit: Visit, held: Evening) -> None:
    asked: set[tuple[str, str]] = set()
    visitors = visit(lambda page: page.on("request", lambda each: asked.add((each.url, each.resource_type))))
    for scene in scenes(held):
        visitors.look(scene)
    ours = urlsplit(held.house.address).netloc
    assert {
        url for url, _ in asked if urlsplit(url).scheme not in ("data", "blob") and urlsplit(url).netloc != ours
    } == set()
    on_phones = {url for url, kind in asked if kind == "font" and "/static/built/" not in url}
    assert on_phones == set()
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


@pytest.mark.parametrize("lang", LANGS)
def test_names_on_a_map_stay_inside_it_in_every_direction(visit: Visit, held: Evening, lang: str) -> None:
    page = visit().look(Scene("follow", "ana", f"/r/{held.asks['some']}"), lang)
    outside = """() => [...document.querySelectorAll('.map text, .strip text')].filter((each) => {
      const box = each.ownerSVGElement.getBoundingClientRect(), text = each.getBoundingClientRect();
      return text.left < box.left - 1 || text.right > box.right + 1; }).map((each) => each.textContent)"""
    assert page.locator(".map text").count() > 3
    assert page.evaluate(outside) == []
