"""Nothing happens at import: no table, no geopy, no network module."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import geo

MODULES = sorted(path.stem for path in Path(geo.__file__).parent.glob("*.py") if path.stem != "__init__")
CHECK = f"""
import sys
for name in {MODULES}:
    __import__("geo." + name)
assert not [name for name in ("geopy", "requests", "urllib.request", "http.client") if name in sys.modules]
from geo import emergency, gazetteer, roads
assert not gazetteer.gazetteer.cache_info().currsize and not emergency._numbers.cache_info().currsize
assert not roads._points.cache_info().currsize
"""


def test_importing_geography_loads_no_table_and_no_network() -> None:
    root = Path(geo.__file__).parent.parent
    done = subprocess.run([sys.executable, "-c", CHECK], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
