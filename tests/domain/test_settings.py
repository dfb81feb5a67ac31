"""Settings: read once, every fault at once, secrets from files, nothing half understood."""

from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest

from dispatch.settings import BadSettings, Settings


def test_an_empty_environment_is_enough_to_begin() -> None:
    settings = Settings.read({})
    assert settings == Settings()
    assert (settings.host, settings.port, settings.secret, settings.waves) == ("127.0.0.1", 8000, None, "paced")


def test_all_faults_of_an_environment_are_reported_together() -> None:
    wrong = {
        "FLARE_PORT": "70000",
        "FLARE_SECRET": "short",
        "FLARE_LIMITS": "perhaps",
        "FLARE_TRUSTED_PROXIES": "10.0.0.0/8, nowhere",
        "FLARE_EXACT_KEPT_HOURS": "169",
        "FLARE_DATABASE_URL_FILE": "/does/not/exist",
    }
    with pytest.raises(BadSettings) as refusal:
        Settings.read(wrong)
    assert len(refusal.value.faults) == len(wrong)
    for name in wrong:
        assert any(fault.startswith(name.removesuffix("_FILE")) for fault in refusal.value.faults)
    assert "short" not in str(refusal.value)  # a secret is not repeated in a log


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("s" * 40 + "\n")
    assert Settings.read({"FLARE_SECRET_FILE": str(file)}).secret == "s" * 40
    assert Settings.read({"FLARE_SECRET_FILE": str(file), "FLARE_SECRET": "t" * 40}).secret == "s" * 40


@pytest.mark.parametrize(("text", "meant"), [
    ("on", True), ("1", True), ("YES", True), ("true", True), ("off", False), ("0", False), ("No", False),
])  # fmt: skip
def test_a_switch_is_said_in_any_usual_way(*, text: str, meant: bool) -> None:
    assert Settings.read({"FLARE_LIMITS": text}).limits is meant


@pytest.mark.parametrize(("name", "inside", "outside"), [
    ("FLARE_PORT", ("1", "65535"), ("-1", "65536", "http")),
    ("FLARE_EXACT_KEPT_HOURS", ("1", "168"), ("0", "169", "")),
    ("FLARE_SECRET", ("x" * 32,), ("x" * 31,)),
    ("FLARE_DATABASE_URL", ("postgresql://h/d", "sqlite:///d"), ("mysql://h", "sqlite://d", "d")),
])  # fmt: skip
def test_a_setting_at_its_bound_is_taken_and_one_past_is_refused(
    name: str, inside: tuple[str, ...], outside: tuple[str, ...]
) -> None:
    for text in inside:
        assert Settings.read({name: text}) != Settings()
    for text in filter(None, outside):
        with pytest.raises(BadSettings):
            Settings.read({name: text})


def test_the_short_name_of_postgresql_is_made_the_one_its_driver_knows() -> None:
    assert Settings.read({"FLARE_DATABASE_URL": "postgres://u:p@h/d"}).database_url == "postgresql://u:p@h/d"


def test_what_is_given_by_hand_goes_before_the_environment() -> None:
    assert Settings.read({"FLARE_PORT": "9"}, port=10).port == 10
    assert Settings.read({"FLARE_PORT": "9"}, port=None).port == 9


def test_settings_never_change_while_a_process_runs() -> None:
    settings = Settings()
    with pytest.raises(FrozenInstanceError):
        settings.port = 1  # type: ignore[misc]


def test_every_setting_says_its_variable_and_what_it_does() -> None:
    names = [spec.metadata["env"] for spec in fields(Settings)]
    assert len(set(names)) == len(names)
    for spec in fields(Settings):
        assert spec.metadata["env"].startswith(("FLARE_", "OTEL_"))
        assert spec.metadata["says"]
