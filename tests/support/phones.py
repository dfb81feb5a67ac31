"""Asking for codes, reading them where only the sender does, and people whose phone is proved."""

from datetime import timedelta
from typing import Any

from dispatch.actions.prove_phone import AskCode, ask_code
from dispatch.domain.visibility import Viewer
from tests.support.world import Night

NUMBER = "+17605550199"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def asks(night: Night, person: int | None, number: str = NUMBER, *prefixes: str) -> Any:
    """That person wants to prove it; nobody: somebody wants to sign in by it."""
    viewer = Viewer(person_id=person) if person is not None else None
    return night.do(ask_code, AskCode(number=number, viewer=viewer, prefixes=prefixes or ("1", "34"), lang="en"))


def code_of(night: Night, person: int) -> str:
    """What the text would say."""

    def job(tx: Any) -> str:
        held = tx.phone_codes.by_id(tx.phone_codes.of_person(person, night.now() - DAY))
        assert held.code is not None
        return str(held.code)

    return night.see(job)


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def let_out(night: Night) -> int:
    return len(night.everything()["outbox"])


def proven(night: Night, name: str = "Ana", number: str = NUMBER, **more: Any) -> int:
    person = night.person(name, **more)
    night.store.submit(lambda tx, now: tx.people.set(person, phone=number, phone_proven=True)).result()
    return person
