"""Whose tiles the wall is drawn from: a wrong file is one clear line at the start, a right one is read by range."""

from dataclasses import replace
from pathlib import Path

import pytest
from pmtiles.tile import TileType

from dispatch.settings import BadSettings, Settings
from tests.pages.conftest import Browser
from tests.support.tiles import LAYERS, tiles_file
from tests.web.conftest import Play, World
from web import built
from web.pages import tiles

full = pytest.mark.skipif(built.built().level != built.FULL, reason="the wall's map was not built here: make ui")


@pytest.mark.parametrize("kind", ["openmaptiles", "protomaps"])
def test_a_file_is_known_by_its_layers(tmp_path: Path, kind: str) -> None:
    found = tiles.opened(tiles_file(tmp_path / "a.pmtiles", LAYERS[kind], attribution="<a href='x'>&copy; OSM</a>"))
    assert (found.kind, found.source) == (kind, "© OSM")


def test_a_file_that_was_changed_in_its_place_is_looked_at_again(tmp_path: Path) -> None:
    before = tiles.opened(tiles_file(tmp_path / "a.pmtiles", LAYERS["openmaptiles"]))
    after = tiles.opened(tiles_file(tmp_path / "a.pmtiles", LAYERS["protomaps"], attribution="somebody else"))
    assert (before.kind, after.kind) == ("openmaptiles", "protomaps")
    assert before.mark != after.mark


def cut_off(path: Path) -> Path:
    """The file without its last byte, as after a download that broke off."""
    path.write_bytes(path.read_bytes()[:-1])
    return path


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: path, "No such file"),
        (lambda path: path.parent, "Is a directory"),
        (lambda path: path.write_text("<html>") and path, "not a PMTiles file"),
        (lambda path: cut_off(tiles_file(path, LAYERS["protomaps"])), "cut off"),
        (lambda path: tiles_file(path, (), TileType.PNG), "pictures"),
        (lambda path: tiles_file(path, ("roofs", "trees")), "its layers are roofs, trees"),
    ],
    ids=["none", "folder", "page", "cut", "pictures", "strange"],
)
@full
def test_a_file_that_can_not_be_drawn_is_refused_at_the_start_with_its_name_and_the_reason(
    tmp_path: Path, make: object, says: str
) -> None:
    path = make(tmp_path / "a.pmtiles")  # type: ignore[operator]
    with pytest.raises(BadSettings, match=says) as refused:
        tiles.tiles_of(Settings(basemap=path))
    assert f"FLARE_BASEMAP: {path}" in str(refused.value)


@full
def test_tiles_are_read_by_range_and_nothing_beyond_their_end(play: Play) -> None:
    async def story(world: World) -> None:
        client = Browser(world).client
        held = tiles.tiles_of(world.flare.settings)
        assert held is not None
        size, address = held.path.stat().st_size, tiles.address(held)
        part = await client.get(address, headers={"range": "bytes=0-126"})
        assert (part.status_code, part.content[:7]) == (206, b"PMTiles")
        assert part.headers["content-range"] == f"bytes 0-126/{size}"
        assert "immutable" in part.headers["cache-control"]
        assert "content-encoding" not in part.headers, "a packed range could not be told from the file's own bytes"
        last = await client.get(address, headers={"range": "bytes=-5"})
        assert last.content == held.path.read_bytes()[-5:]
        beyond = await client.get(address, headers={"range": f"bytes={size}-{size + 9}"})
        assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")
        changed = await client.get(address, headers={"range": "bytes=0-9", "if-range": '"another"'})
        assert changed.status_code == 200, "part of a new file must not be put beside parts of an old one"

    play(story)


@full
def test_the_page_names_the_operators_file_and_whom_it_is_from(play: Play, tmp_path: Path) -> None:
    path = tiles_file(tmp_path / "street.pmtiles", LAYERS["openmaptiles"], attribution="© OpenStreetMap")

    async def story(world: World) -> None:
        object.__setattr__(world.flare, "settings", replace(world.flare.settings, basemap=path))
        wall = Browser(world)
        page = await wall.get("/watch")
        assert "&#34;kind&#34;:&#34;openmaptiles&#34;" in page
        assert "© OpenStreetMap · Natural Earth" in wall.words()
        held = tiles.opened(path)
        part = await wall.client.get(tiles.address(held), headers={"range": "bytes=0-6"})
        assert part.content == b"PMTiles"

    play(story)


def test_only_the_wall_with_a_map_may_make_a_second_policy(play: Play) -> None:
    async def story(world: World) -> None:
        browser = Browser(world)
        for path in ("/", "/help", "/status", "/watch"):
            page = await browser.get(path)
            assert browser.answer is not None
            _, _, policies = browser.answer.headers["content-security-policy"].partition("; trusted-types ")
            assert policies in (("fragment default",) if "data-map" in page else ("fragment", "")), path
            assert "data-map" not in page or path == "/watch"

    play(story)


@full
def test_the_doctor_names_the_map_and_what_is_wrong_with_it(tmp_path: Path) -> None:
    says, wrong = tiles.wall_map(Settings())
    assert (says.startswith(f"full, {built.built().mark}, flare tiles"), wrong) == (True, False)
    says, wrong = tiles.wall_map(Settings(basemap=tmp_path / "gone"))
    assert ("No such file" in says, wrong) == (True, True)
