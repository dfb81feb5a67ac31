"""What stands on a locked phone: a title and a few lines, in the reader's language, for each reason it is told.

Made from what dispatch/actions/push.py lets through: counts, steps, first names, the cell in words, the band. Never a
place finer than that, a phone number, a note or a meet code (tests/contract/test_push.py looks for them in what is
really sent). Each line is a sentence of its own; how loud it is, is not decided here.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from markupsafe import Markup

from dispatch.actions.push import Told, still_true
from dispatch.domain.push import MANNERS, Push
from dispatch.domain.request import Urgency
from dispatch.ports import Compose, Later, Letter, OutboxItem, Tx
from dispatch.settings import Settings
from geo.emergency import emergency_number
from geo.gazetteer import gazetteer
from web.pages import helping, nouns, story
from web.pages.speech import LANGUAGES, Speaker, zone_named

TITLE_CHARS: Final = 160
BODY_CHARS: Final = 480
HELP: Final = "/help"
BUZZES_AGAIN: Final = frozenset({Push.YES, Push.THERE, Push.NOBODY, Push.PROMOTED, Push.RELEASED, Push.SAFE, Push.TEST})
"""Takes the place of what is shown, and is heard again. An alert is heard once."""
CAN_BE_ANSWERED: Final = frozenset({Push.ALERT, Push.AGAIN})


def writer(settings: Settings) -> Compose[Letter]:
    """What turns a waiting message into its final words."""

    def compose(tx: Tx, now: datetime, item: OutboxItem) -> Letter | Later | None:
        told = still_true(tx, now, item)
        return told if told is None or isinstance(told, Later) else letter(told, now, settings)

    return compose


def letter(told: Told, now: datetime, settings: Settings) -> Letter:
    """The message for that device."""
    wanted = told.device.lang or told.reader.lang or "en"
    lang = wanted if wanted in LANGUAGES else "en"
    place = told.reader.place
    zone = zone_named(gazetteer().nearest(place)[0].tz if place else "UTC")
    speak = Speaker(lang, zone, settings.currency)
    title, lines, url = WORDS[told.why](speak, told, now, settings)
    text: dict[str, object] = {
        "title": _cut(_plain(title), TITLE_CHARS),
        "body": _cut("\n".join(_plain(line) for line in lines if line), BODY_CHARS),
        "lang": lang,
        "dir": speak.dir,
        "url": url,
        "tag": f"ask-{told.request.public_id}" if told.request else "test",
        "silent": told.silent,
        "again": told.why in BUZZES_AGAIN,
        "at": int(now.timestamp() * 1000),
    }
    if told.why in CAN_BE_ANSWERED and told.view:
        text |= {"alert": told.view["id"], "yes": speak.plain("See it"), "no": speak.plain("Not now")}
    life = min(told.left, MANNERS[told.why].life)
    topic = told.request.public_id if told.request else None
    return Letter(device=told.device, text=text, life=life, topic=topic, urgent=not told.silent)


def _plain(line: Markup | str) -> str:
    """The line as bare text, its first letter a capital one."""
    text = line.striptags() if isinstance(line, Markup) else line
    return text[:1].upper() + text[1:]


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


Words = tuple[Markup, list[Markup | None], str]
"""Title, lines, and where a tap leads."""


def _view(told: Told) -> dict[str, Any]:
    return dict(told.view or {})


def _alert(speak: Speaker, told: Told, now: datetime, settings: Settings) -> Words:
    view = _view(told)
    card = helping.card(speak, view, now)
    drill = speak.t("This is a drill. If it were real, could you come? Nobody drives.") if card.drill else None
    asked_at = story.when(view["created_at"]) or now
    needed = speak.t("{needed}, {time}", needed=card.needed, time=speak.clock(asked_at))
    title = speak.t("Drill: {title}", title=card.title) if card.drill else card.title
    return title, [drill, card.urgent, card.why, card.far, needed], f"{HELP}/{view['id']}"


def _not_needed(speak: Speaker, told: Told, now: datetime, settings: Settings) -> Words:
    view = _view(told)
    return helping.not_needed(speak, view["status"], drill=view["drill"]), [helping.card(speak, view, now).title], HELP


def _released(speak: Speaker, told: Told, now: datetime, settings: Settings) -> Words:
    view = _view(told)
    if view["status"] == "lapsed":
        return speak.t("Your seats went back."), [speak.t("Still coming? You can take them again.")], HELP
    return helping.not_needed(speak, view["request_status"]), [speak.t("Drive safely.")], HELP


def _promoted(speak: Speaker, told: Told, now: datetime, settings: Settings) -> Words:
    view = _view(told)
    seats = nouns.units(speak, view["kind"], view["seats"])
    until = speak.clock(story.when(view["lease_until"]))
    by = speak.t("Tell us you have left by {time}.", time=until) if until else None
    return speak.t("Someone dropped out. {seats} for you now.", seats=seats), [by], HELP


def _yes(speak: Speaker, told: Told, now: datetime, settings: Settings) -> Words:
    view = _view(told)
    kind, seats = view["kind"], view["seats"]
    if seats["total"] is not None and seats["open"] == 0:
        title = nouns.all_found(speak, kind, seats["total"])
    elif seats["total"] is not None:
        title = nouns.found(speak, kind, seats["claimed"], seats["total"])
    else:
        title = nouns.units(speak, kind, seats["claimed"])
    names = [
        speak.t(
            "{name} has promised {seats}.",
            name=story.name_of(speak, claim),
            seats=nouns.units(speak, kind, claim["seats"]),
        )
        for claim in story.standing(view)[:3]
    ]
    return title, [*names], _own(view)


def _there(speak: Speaker, told: Told, now: datetime, settings: Settings) -> Words:
    view = _view(told)
    return speak.t("{name} is there", name=story.name_of(speak, view["there"])), [], _own(view)


def _nobody(speak: Speaker, told: Told, now: datetime, settings: Settings) -> Words:
    number = emergency_number(told.request.country if told.request else None, settings.emergency_number)
    danger = told.request is not None and told.request.urgency is Urgency.DANGER
    return speak.t("Nobody yet"), [story.further(speak, number, danger=danger)], _own(_view(told))


def _safe(speak: Speaker, told: Told, now: datetime, settings: Settings) -> Words:
    why = "We ask because you have met, or because somebody is late. Without an answer a coordinator looks."
    return speak.t("Are you safe?"), [speak.t(why)], _own(_view(told))


def _test(speak: Speaker, told: Told, now: datetime, settings: Settings) -> Words:
    return speak.t("This phone can be alerted."), [speak.t("This was only a test. Nobody needs you.")], HELP


def _own(view: dict[str, Any]) -> str:
    return f"/r/{view['id']}"


WORDS: Final[dict[Push, Callable[[Speaker, Told, datetime, Settings], Words]]] = {
    Push.ALERT: _alert,
    Push.AGAIN: _alert,
    Push.STAND_DOWN: _not_needed,
    Push.RELEASED: _released,
    Push.PROMOTED: _promoted,
    Push.YES: _yes,
    Push.THERE: _there,
    Push.NOBODY: _nobody,
    Push.SAFE: _safe,
    Push.TEST: _test,
}
