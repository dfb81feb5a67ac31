"""What `flare doctor` says of the gateway for text messages."""

import socket
from pathlib import Path
from typing import Any

from dispatch.clock import SteppedClock
from dispatch.doctor import Finding, examine
from dispatch.ids import SystemIds
from dispatch.runtime import database_of
from dispatch.settings import Settings
from dispatch.store import open_store
from tests.contract.worlds import SECRET, START
from tests.support.gateway import gateway


def texts(folder: Path, **settings: Any) -> Finding:
    (finding,) = [one for one in examine(Settings(data=folder, **settings)) if one.what == "texts"]
    return finding


def test_the_doctor_knocks_at_the_gateways_door_and_sends_nothing(tmp_path: Path) -> None:
    with gateway() as here:
        found = texts(tmp_path, **here.settings)
        assert not found.wrong
        assert "numbers that begin with +1, +34" in found.says
        assert "without https" in found.says
        assert here.handed == []


def test_a_gateway_that_is_not_there_is_a_cross_with_what_to_look_at(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    found = texts(tmp_path, sms_url=f"http://127.0.0.1:{port}/texts", sms_countries=("1",))
    assert found.wrong
    assert "FLARE_SMS_URL" in found.says


def test_without_a_gateway_the_doctor_says_what_is_missing_and_no_more(tmp_path: Path) -> None:
    found = texts(tmp_path)
    assert not found.wrong
    assert "no phone is checked by a code" in found.says


def test_the_doctor_reads_out_what_was_learned_of_people_here(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    assert "people here" not in [one.what for one in examine(settings)]
    open_store(database_of(settings), clock=SteppedClock(START), ids=SystemIds(), secret=SECRET).close()
    (finding,) = [one for one in examine(settings) if one.what == "people here"]
    assert finding.says.startswith("nothing yet")
    assert not finding.wrong
