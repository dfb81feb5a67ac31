"""The measurements the README quotes, peers beside ours. `flare bench NAME` runs one."""

from typing import Final

BENCHES: Final[dict[str, str]] = {
    "claims": "bench.claims",
    "ask-to-alert": "bench.ask_to_alert",
    "kill": "bench.kill",
    "match": "bench.match",
    "moves": "bench.moves",
    "fan-out": "bench.fan_out",
    "idle": "bench.idle",
    "push": "bench.push",
    "scale": "bench.scale",
    "tail": "bench.tail",
    "wall": "bench.wall",
}
"""Name on the command line: the module whose `main(as_json=…)` runs it."""
