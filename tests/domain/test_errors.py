"""Every refusal says what, in a sentence, with a stable code, its facts and what to do next."""

import inspect
import json
from typing import Any

import pytest

from dispatch.domain.errors import Refused, Replayed, Retry, every_refusal

SAMPLES: dict[str, Any] = {
    "what": "page", "errors": [{"field": "seats", "says": "a whole number"}], "kind": "boat", "known": ("ride",),
    "says": "That can't be read.", "choices": ({"label": "Baker"},), "link": "/r/x", "minutes_ago": 3, "seats_open": 2,
    "claim": "c", "state": "met", "step": "withdraw", "possible": ("done",), "extensions": 2, "tries_left": 4,
    "then": "No more tries.",
    "status": "resolved", "claimed": 3, "limit": 65_536, "seconds": 7, "code": "seat-taken", "facts": {"seats_open": 0},
}  # fmt: skip


def made(refusal: type[Refused]) -> Refused:
    return refusal(**{name: SAMPLES[name] for name in inspect.signature(refusal).parameters})


@pytest.mark.parametrize("refusal", every_refusal(), ids=lambda refusal: refusal.code)
def test_a_refusal_has_a_code_a_next_step_a_sentence_and_plain_facts(refusal: type[Refused]) -> None:
    no = made(refusal)
    assert refusal.code == refusal.code.lower().replace(" ", "-").replace("_", "-")
    assert isinstance(refusal.retry, Retry)
    assert len(no.says.split()) >= 3
    assert no.says[-1] in ".?" or refusal.code == "invalid"  # that one ends with the field's own bounds
    assert json.loads(json.dumps(no.facts())) == no.facts()
    assert (inspect.getdoc(refusal) or "").endswith((".", ")"))


def test_no_two_refusals_share_a_code() -> None:
    codes = [refusal.code for refusal in every_refusal()]
    assert len(set(codes)) == len(codes) > 20
    assert codes == sorted(codes)


def test_a_stored_refusal_comes_back_as_what_it_was() -> None:
    for refusal in every_refusal():
        first = made(refusal)
        again = Replayed(refusal.code, first.says, first.facts())
        assert again.original is refusal
        assert (again.says, again.facts()) == (first.says, first.facts())


def test_only_refusals_by_the_rules_are_kept_for_a_key() -> None:
    passing = {refusal.code for refusal in every_refusal() if not refusal.stored}
    assert {"busy", "slow-down", "sign-in", "malformed", "key-missing", "key-reused"} <= passing
    assert not passing & {"seat-taken", "not-found", "wrong-step", "request-over", "already-claimed", "invalid"}


def test_whoever_comes_second_is_told_how_many_are_left() -> None:
    from dispatch.domain.errors import SeatTaken

    assert SeatTaken(2).facts() == {"seats_open": 2}
    assert "2 left" in SeatTaken(2).says
    assert "found" in SeatTaken(0).says


def test_a_refusal_that_can_be_tried_again_says_when() -> None:
    for refusal in every_refusal():
        if refusal.retry is Retry.LATER and not refusal.stored:
            assert isinstance(made(refusal).facts()["retry_after"], int)
