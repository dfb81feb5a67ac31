"""What has happened, newest first, one sentence each. Counts of people stay with whoever the body gave them to.

Pure: events as this reader's role may read them in, sentences out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from markupsafe import Markup

from web.pages import nouns
from web.pages.speech import Speaker
from web.pages.story import Told, name_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the timeline: when, what, and its mark: ask, asked, go, stop or calm."""

    at: datetime
    text: Markup
    mark: str


def lines(speak: Speaker, kind: str, events: Sequence[Told], *, owner: bool) -> list[Line]:
    """The timeline, newest first; looks and small changes are left out."""
    found: list[Line] = []
    before: dict[str, str] = {}
    for told in events:
        said = _said(speak, kind, told, before, owner=owner)
        claim = told.body.get("claim")
        if isinstance(claim, dict):
            before[claim["id"]] = claim["status"]
        if said is not None:
            text, mark = said
            if mark == "asked" and found and found[-1].mark == "asked":
                # One wave after the other says the same with a larger number.
                found.pop()
            found.append(Line(at=told.at, text=text, mark=mark))
    return found[::-1]


def _said(speak: Speaker, kind: str, told: Told, before: dict[str, str], *, owner: bool) -> tuple[Markup, str] | None:
    body = told.body
    match told.kind:
        case "posted":
            return (speak.t("Your ask went up") if owner else speak.t("The ask went up")), "ask"
        case "wave_sent" if body.get("heard"):
            n = body["heard"]["alerted"]
            return speak.tn(
                "{n} person asked so far, closest first", "{n} people asked so far, closest first", n
            ), "asked"
        case "claimed" | "claim_stepped" | "claim_ended":
            claim = body.get("claim")
            return _claim(speak, kind, told.kind, claim, before) if isinstance(claim, dict) else None
        case "covered":
            total = body.get("seats", {}).get("total") or 0
            return nouns.all_found(speak, kind, total), "go"
        case "reopened":
            return speak.t("Looking for more people again"), "ask"
        case "closed":
            return _closed(speak, str(body.get("disposition"))), "calm"
        case "note_added" if "added" in body:
            return speak.t("A note was added"), "calm"
        case "note_added" if "quantity" in body:
            return speak.t("The number was changed"), "calm"
        case _:
            return None


# What a claim's step is called: with the first name where the reader may know it, without where not.
_STEPS: Final[dict[str, tuple[str, str, str]]] = {
    "standby": ("{name} is standing by with {seats}", "{seats} standing by", "calm"),
    "committed": ("{name} has promised {seats}", "{seats} promised", "go"),
    "en_route": ("{name} is on the way with {seats}", "{seats} on the way", "go"),
    "on_scene": ("{name} is there", "{seats} are there", "go"),
    "met": ("{name} has met them", "{seats} have met them", "go"),
    "done": ("{name} brought everyone where they wanted to be", "{seats} brought home", "go"),
    "withdrawn": ("{name} can't make it; {seats} open again", "{seats} open again", "stop"),
    "lapsed": ("No word from {name}; {seats} open again", "No word; {seats} open again", "stop"),
    "no_show": ("{name} did not come; {seats} open again", "{seats} open again", "stop"),
    "stood_down": ("{name} is not needed any more", "{seats} not needed any more", "calm"),
}


def _claim(
    speak: Speaker, kind: str, happened: str, claim: dict[str, Any], before: dict[str, str]
) -> tuple[Markup, str] | None:
    status = claim["status"]
    if happened == "claim_stepped" and before.get(claim["id"]) == status:
        return None
    named, nameless, mark = _STEPS[status]
    sentence = named if claim.get("name") else nameless
    values = {"name": name_of(speak, claim), "seats": nouns.units(speak, kind, claim["seats"])}
    return speak.t(sentence, **{slot: value for slot, value in values.items() if "{" + slot in sentence}), mark


def _closed(speak: Speaker, disposition: str) -> Markup:
    return {
        "resolved": speak.t("Everyone is safe"),
        "self_resolved": speak.t("They found another way"),
        "cancelled": speak.t("The ask was cancelled"),
        "expired": speak.t("The ask ran out of time"),
    }.get(disposition, speak.t("The ask was closed"))
