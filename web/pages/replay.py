"""A call that is over, step by step, as its viewer may see it: what a slider runs over.

Each step leads from the one before by `put` and `del`, as a scene does (web/pages/scene.py). States come from the
events' bodies after visibility has filled them in for the viewer's role, places from cells, how the call travelled only
for its owner or where the owner lets viewers see it. Invariant: the last step is how it ended
(tests/pages/test_replay.py).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from dispatch.actions import look
from dispatch.domain import visibility
from dispatch.domain.lifecycle import ClaimState, Disposition
from dispatch.domain.request import Request
from dispatch.domain.visibility import Role
from dispatch.ports import Tx
from geo import cells
from web.pages import following, nouns, scene, timeline, wall, wall_words
from web.pages.speech import Speaker
from web.pages.story import Told

SAFE: Final = frozenset({Disposition.RESOLVED, Disposition.SELF_RESOLVED})


@dataclass(slots=True)
class _State:
    """What has been told so far."""

    seats: Mapping[str, Any]
    claims: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    ended: str | None = None

    def apply(self, told: Told) -> bool:
        """Takes one event in; False when it says nothing new."""
        before = (dict(self.seats), dict(self.claims), self.ended)
        body = told.body
        self.seats = body.get("seats") or self.seats
        many = body.get("claims")
        for claim in [body.get("claim"), *(many if isinstance(many, list) else [])]:
            if isinstance(claim, Mapping):
                self.claims[claim["id"]] = {"seats": claim["seats"], "status": claim["status"]}
        if told.kind == "closed":
            self.ended = str(body.get("disposition"))
        return before != (dict(self.seats), self.claims, self.ended)


def steps_of(tx: Tx, request: Request, role: Role, members: Mapping[str, int], speak: Speaker, name: str) -> list[str]:
    """The steps as JSON, each `{"at", "says", "all", "put", "del"}`. `name`: what this viewer calls the ask."""
    entry = look.board_entry(request, role, name)
    if entry is None:
        return []
    travels = role is Role.OWNER or request.show_travel
    origins = wall.origins_of(tx, tx.claims.of_request(request.id), members) if travels else {}
    asked = _asked(tx, request) if travels else []
    state = _State(seats={"total": request.quantity, "claimed": 0, "open": request.quantity})
    people = scene.people(members)
    found: list[str] = []
    before: scene.Parts | None = None
    for told in following.whole(tx, request, role):
        changed = state.apply(told)
        said = timeline.lines(speak, request.kind, [told], owner=False)
        if not said or (told.kind == "claim_stepped" and not changed):
            continue
        ask = _ask(entry, request, state, origins)
        part = scene.ask_part(ask, hero=True, speak=speak)
        if state.ended is not None:
            counted = nouns.head(speak, request.kind, request.quantity).striptags()
            # Only who is safe is drawn as found: what was missing when a call ran out stays missing.
            part |= {"chip": [counted, _how(speak, state.ended)], "cars": []}
            part |= {"open": 0} if state.ended in SAFE else {}
        travel = wall.folded(Counter(cell for at, cell in asked if at <= told.at))
        parts = people | {"home": scene.written(part["at"]), f"a:{name}": scene.written(part)} | scene.asked(travel)
        found.append(_step(told.at, said[0], before, parts))
        before = parts
    return found


def _how(speak: Speaker, disposition: str) -> str:
    return wall_words.how_it_ended(speak, disposition).striptags()


def _step(at: datetime, line: timeline.Line, before: scene.Parts | None, parts: scene.Parts) -> str:
    head = f'"at":"{visibility.moment(at)}","says":{scene.written(line.text.striptags())}'
    return f"{{{head},{scene.changes(before, parts, parts)}}}"


def _asked(tx: Tx, request: Request) -> list[tuple[datetime, str]]:
    """When somebody was asked, and in which cell."""
    alerts = tx.alerts.of_request(request.id)
    people = tx.people.by_ids([alert.person_id for alert in alerts])
    return [
        (alert.created_at, cells.cell_of(person.place, cells.MAP))
        for alert in alerts
        if (person := people.get(alert.person_id)) is not None and person.place is not None
    ]


def _ask(entry: Mapping[str, Any], request: Request, state: _State, origins: Mapping[str, str]) -> wall.Ask:
    coming = [
        wall.Coming(seats=claim["seats"], step=claim["status"], origin=origins.get(claim_id))
        for claim_id, claim in state.claims.items()
        if ClaimState(claim["status"]) in wall.STEPS
    ]
    return wall.Ask(
        id=str(entry["id"]),
        entry={**entry, "seats": state.seats},
        created_at=request.created_at,
        coming=coming[: wall.CARS],
        first_yes=None,
        covered_at=None,
        travel={},
        heard=None,
    )
