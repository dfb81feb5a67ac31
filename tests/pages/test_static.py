"""Files beside the pages: kept for ever under a name that changes with them, packed as the browser wishes, by range."""

import re
from pathlib import Path

import pytest

from tests.pages.conftest import Browser
from tests.web.conftest import Play, World
from web.pages import static


def test_every_script_asks_for_what_it_imports_by_its_mark() -> None:
    for name, file in static.files().items():
        for told in re.findall(
            r"""["'](\.{1,2}/[^"']+\.js[^"']*)["']""", file.body.decode() if name[-3:] == ".js" else ""
        ):
            path, _, mark = told.partition("?v=")
            assert mark == static.files()[static._imported(name, path)].mark, f"{name} imports {told}"


def test_a_file_asked_for_by_its_mark_is_kept_for_ever_and_any_other_is_asked_again(play: Play) -> None:
    async def story(world: World) -> None:
        client = Browser(world).client
        right = await client.get(static.address("ask.js"))
        assert "immutable" in right.headers["cache-control"]
        old = await client.get("/static/ask.js?v=0000000000")
        assert "immutable" not in old.headers["cache-control"]
        assert old.content == right.content

    play(story)


def test_each_packing_has_a_mark_of_its_own_and_is_not_sent_twice(play: Play) -> None:
    async def story(world: World) -> None:
        client = Browser(world).client
        plain = await client.get("/static/ask.js", headers={"accept-encoding": "identity"})
        packed = await client.get("/static/ask.js", headers={"accept-encoding": "gzip;q=1.0, br"})
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.content == plain.content
        assert packed.headers["etag"] != plain.headers["etag"]
        for etag in (packed.headers["etag"], f'"other", W/{packed.headers["etag"]}'):
            again = await client.get("/static/ask.js", headers={"accept-encoding": "gzip", "if-none-match": etag})
            assert again.status_code == 304
        other = {"accept-encoding": "identity", "if-none-match": packed.headers["etag"]}
        assert (await client.get("/static/ask.js", headers=other)).status_code == 200

    play(story)


def test_whatever_a_style_moves_by_itself_it_holds_still_for_whoever_wants_that() -> None:
    for file in Path(static.__file__).parent.joinpath("style").glob("*.css"):
        text = file.read_text()
        assert ("infinite" in text or "animation:flash" in text) is ("prefers-reduced-motion:reduce" in text), file.name


@pytest.mark.parametrize(
    "name", ["gone.js", "wall", "wall/", "wall/%2e%2e/ask.js", "%2e%2e/app.py", "built/x/%2e%2e/%2e%2e/app.py"]
)
def test_only_files_of_the_folder_are_given_away(play: Play, name: str) -> None:
    async def story(world: World) -> None:
        assert (await Browser(world).client.get(f"/static/{name}")).status_code == 404

    play(story)
