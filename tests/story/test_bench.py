"""The benchmarks by name: each runs as the papers say."""

import importlib
import inspect

import pytest

from bench import BENCHES


@pytest.mark.parametrize("name", sorted(BENCHES))
def test_every_benchmark_can_be_run_by_its_name_alone(name: str) -> None:
    inspect.signature(importlib.import_module(BENCHES[name]).main).bind(as_json=True)


@pytest.mark.parametrize("as_json", [True, False])
def test_who_could_come_is_measured_beside_every_peer_whatever_the_command_line_says(*, as_json: bool) -> None:
    asked = importlib.import_module(BENCHES["match"]).asked_for(None, as_json=as_json)
    assert asked.peer == ["valkey", "postgres"]
    assert asked.json is as_json
