"""What an ask's page says on top: one headline, one line, worked out from the view alone.

Pure: the view of dispatch/domain/visibility.py in, sentences out. It promises nothing nobody has promised: "is on the
way" is said only of somebody who has left. Names appear only where the view has them (tests/pages/test_story_words.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from markupsafe import Markup

from dispatch.domain import limits
from dispatch.domain.lifecycle import FINAL
from dispatch.domain.request import Urgency
from web.pages import nouns
from web.pages.speech import Speaker, said

View = Mapping[str, Any]

STANDING: Final = ("committed", "en_route", "on_scene", "met")
ON_THE_ROAD: Final = ("en_route", "on_scene", "met", "done")
TOGETHER: Final = ("met", "done")
BAR_MOST: Final = 20
QUIET_AFTER: Final = timedelta(minutes=12)
_LEASE: Final = limits.LEASE_EN_ROUTE
_GRACE: Final = limits.LEASE_EN_ROUTE_GRACE
NOBODY_AFTER: Final = timedelta(minutes=15)
JUST_NOW: Final = timedelta(minutes=6)
CAPPED: Final = "We have asked as many as we may until a coordinator has looked."
CALL_NOW: Final = "Call {number} now."
WORTH_A_TRY: Final = "Also worth a try: a tow truck, a taxi, {number} if it gets unsafe."


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Headline, line, and how it is coloured: wait, go, calm or stop; `asks`: a question for the owner."""

    headline: Markup
    line: Markup
    tone: str = "wait"
    asks: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One event as it is told: what, when, and whether it carries the news."""

    kind: str
    at: datetime
    body: Mapping[str, Any]


def when(text: str | None) -> datetime | None:
    """The moment an answer wrote."""
    return datetime.fromisoformat(text) if text else None


def standing(view: View) -> list[View]:
    """The claims that hold seats now, the ones that are furthest first."""
    claims = [claim for claim in view["claims"] if claim["status"] in STANDING]
    return sorted(claims, key=lambda claim: -STANDING.index(claim["status"]))


def name_of(speak: Speaker, claim: View) -> Markup:
    """The first name where the view has one; else what everybody may know."""
    name = claim.get("name")
    return said(name) if name else speak.t("Somebody")


def bar(view: View) -> list[str]:
    """The seats as cells: "r" on the road, "p" promised, "" still needed; scaled when there are many."""
    total = view["seats"]["total"] or 0
    road = sum(claim["seats"] for claim in view["claims"] if claim["status"] in ON_THE_ROAD)
    taken = view["seats"]["claimed"]
    if total <= 0:
        return []
    cells = min(total, BAR_MOST)
    full = round(road / total * cells)
    promised = round(taken / total * cells) - full
    return ["r"] * full + ["p"] * max(0, promised) + [""] * max(0, cells - full - max(0, promised))


def bar_words(speak: Speaker, view: View) -> Markup:
    """The bar in a sentence: "4 on the road, 2 promised, 3 needed", without what there is none of.

    Once some are met, or after the end: "4 of 9 seats found".
    """
    seats = view["seats"]
    if seats["total"] is None:
        return speak.tn("{n} so far", "{n} so far", seats["claimed"])
    if view.get("status") in FINAL or any(claim["status"] in TOGETHER for claim in view["claims"]):
        return nouns.found(speak, view["kind"], seats["claimed"], seats["total"])
    road = sum(claim["seats"] for claim in view["claims"] if claim["status"] in ON_THE_ROAD)
    promised = max(0, seats["claimed"] - road)
    divide = nouns.NOUNS[view["kind"]].divide
    parts = (("{n} on the road", road), ("{n} promised", promised), ("{n} needed", seats["open"]))
    return speak.t(", ").join(speak.tn(words, words, many // divide) for words, many in parts if many)


def tell(speak: Speaker, view: View, events: Sequence[Told], now: datetime, number: str) -> Story:
    """The story of an ask as it stands.

    `number`: the emergency number, for the line that names the alternatives.
    """
    if view["drill"]:
        return _drill(speak, view)
    if view["status"] in FINAL:
        return _over(speak, view)
    claims = standing(view)
    steps = [claim["status"] for claim in claims]
    if view["seats"]["claimed"] and all(step == "met" for step in steps) and not view["seats"]["open"]:
        if view["role"] != "owner":
            return Story(headline=speak.t("Everyone has been met."), line=Markup(""), tone="go")
        with_them = "Everyone is with the people who came."
        line = speak.t(with_them if steps else "Whoever came says that everyone is where they wanted to be.")
        return Story(headline=speak.t("Is everyone safe?"), line=line, tone="go", asks="safe")
    if "met" in steps:
        return _partly(speak, view, claims)
    if "on_scene" in steps:
        return _there(speak, claims[steps.index("on_scene")])
    if (silent := _silent(claims, now)) is not None:
        return _no_sign(speak, silent, events, now)
    offer = next((claim for claim in claims if not claim.get("shown", True)), None)
    if offer is not None and view["role"] == "owner":
        headline = speak.t("{name} offers {seats}", name=name_of(speak, offer), seats=_seats(speak, view, offer))
        return Story(headline=headline, line=speak.t("Let them come, or say no: they wait for your word."))
    if (ended := _just_ended(events, now)) is not None and (view["seats"]["open"] or ended[1]):
        return _reopened(speak, view, *ended)
    if not view["seats"]["claimed"]:
        return _nobody_yet(speak, view, now, number)
    if view["seats"]["open"] == 0:
        return _covered(speak, view, claims)
    return _some(speak, view, claims)


def _drill(speak: Speaker, view: View) -> Story:
    over = view["status"] in FINAL
    headline = speak.t("The drill is over") if over else speak.t("This is a drill. Nobody drives.")
    line = drilled_line(speak, view) or (Markup("") if over else speak.t("People are asked whether they could come."))
    return Story(headline=headline, line=line, tone="calm")


def drilled_line(speak: Speaker, view: View) -> Markup | None:
    """What came of a drill: "12 of 40 said they could come; the first after 3 min."; None for whom it is not."""
    counts, heard = view.get("drilled"), view.get("heard")
    if not counts or not heard or not heard["alerted"]:
        return None
    said = {"n": counts["could"], "asked": speak.number(heard["alerted"])}
    if counts["first_s"] is None:
        return speak.t("{n} of {asked} said they could come so far.", **said)
    return speak.t(
        "{n} of {asked} said they could come; the first after {minutes} min.",
        minutes=max(1, round(counts["first_s"] / 60)),
        **said,
    )


def _over(speak: Speaker, view: View) -> Story:
    owner = view["role"] == "owner"
    seats, kind = view["seats"], view["kind"]
    came = sum(1 for claim in view["claims"] if claim["status"] == "done")
    if view["status"] == "resolved":
        headline = speak.t("You are safe. Good.") if owner else speak.t("They are safe. Good.")
        thanks = speak.tn("Thanks went to the person who came.", "Thanks went to the {n} people who came.", came)
        rest = speak.t("Everyone else was told they are not needed.")
        return Story(headline=headline, line=Markup("{} {}").format(thanks, rest) if came else rest, tone="go")
    if view["status"] == "cancelled":
        at = speak.clock(when(view["closed_at"]))
        line = (
            speak.t("You cancelled at {time}; the people coming were told.", time=at)
            if owner
            else speak.t("It was cancelled at {time}.", time=at)
        )
        return Story(headline=speak.t("This ask has ended"), line=line, tone="calm")
    at = speak.clock(when(view["closed_at"]))
    if seats["total"] is None:
        return Story(headline=speak.t("This ask has ended"), line=speak.t("It ended at {time}.", time=at), tone="calm")
    line = speak.t("{found} by {time}.", found=nouns.found(speak, kind, seats["claimed"], seats["total"]), time=at)
    return Story(headline=speak.t("This ask has ended"), line=line, tone="calm")


def _partly(speak: Speaker, view: View, claims: Sequence[View]) -> Story:
    met = [claim for claim in claims if claim["status"] == "met"]
    count = sum(claim["seats"] for claim in met)
    rest = (view["seats"]["total"] or 0) - sum(c["seats"] for c in view["claims"] if c["status"] in TOGETHER)
    headline = speak.tn("{n} of you is with {name}", "{n} of you are with {name}", count, name=name_of(speak, met[0]))
    if view["role"] != "owner":
        headline = speak.tn("{n} has been met", "{n} have been met", count)
    line = speak.tn("{n} still waiting.", "{n} still waiting.", max(0, rest))
    coming = next((claim for claim in claims if claim["status"] in ("en_route", "on_scene")), None)
    if coming is not None:
        says = "{name} is on the way." if coming["status"] == "en_route" else "{name} is there."
        line = Markup("{} {}").format(line, speak.t(says, name=name_of(speak, coming)))
    return Story(headline=headline, line=line, tone="go")


def _there(speak: Speaker, claim: View) -> Story:
    name = name_of(speak, claim)
    if claim.get("tell") and claim.get("hear"):
        line = speak.t(
            "Tell them {tell}; they tell you {hear}.",
            tell=Markup("<b class=num>{}</b>").format(claim["tell"]),
            hear=Markup("<b class=num>{}</b>").format(claim["hear"]),
        )
    else:
        line = speak.t("They are looking for each other now.")
    return Story(headline=speak.t("{name} is there", name=name), line=line, tone="go")


def _silent(claims: Sequence[View], now: datetime) -> View | None:
    for claim in claims:
        until = when(claim["lease_until"])
        if claim["status"] == "en_route" and until is not None and until - now <= _LEASE - QUIET_AFTER:
            return claim
    return None


def _no_sign(speak: Speaker, claim: View, events: Sequence[Told], now: datetime) -> Story:
    until = when(claim["lease_until"]) or now
    eta = when(claim["eta_at"])
    since = until - _LEASE
    if eta is not None and until - eta == _GRACE:
        # They were given until well past their arrival: silent is who has said nothing since the last step.
        since = max((told.at for told in events if told.body.get("claim", {}).get("id") == claim["id"]), default=since)
    minutes = int((now - since) / timedelta(minutes=1))
    name = name_of(speak, claim)
    return Story(
        headline=speak.t("We have not heard from {name} for {n} min", name=name, n=minutes),
        line=speak.t(
            "They may be out of signal. If they do not answer by {time} we ask others.", time=speak.clock(until)
        ),
    )


def _just_ended(events: Sequence[Told], now: datetime) -> tuple[View, View | None] | None:
    """The promise that was just broken, and whoever stood by and takes seats of it; None once there is later news."""
    taker: View | None = None
    for told in reversed(events):
        if told.kind == "claimed" or now - told.at > JUST_NOW:
            return None
        if told.kind == "claim_stepped":
            if told.body.get("claim", {}).get("status") != "committed":
                return None
            taker = told.body["claim"]
        if told.kind == "claim_ended" and told.body.get("claim", {}).get("status") in (
            "withdrawn",
            "lapsed",
            "no_show",
        ):
            claim: View = told.body["claim"]
            return claim, taker
    return None


def _reopened(speak: Speaker, view: View, claim: View, taker: View | None) -> Story:
    if taker is not None:
        takes = "{name} was standing by and takes {seats}."
        line = speak.t(takes, name=name_of(speak, taker), seats=_seats(speak, view, taker))
        if view["seats"]["open"]:
            line = Markup("{} {}").format(line, _missing(speak, view))
    else:
        line = speak.t("{seats} open again. We are asking more people now.", seats=_seats(speak, view, claim))
    return Story(headline=speak.t("{name} can't make it", name=name_of(speak, claim)), line=line)


def _seats(speak: Speaker, view: View, claim: View) -> Markup:
    return nouns.units(speak, view["kind"], claim["seats"])


def _missing(speak: Speaker, view: View) -> Markup:
    missing = nouns.count(view["kind"], view["seats"]["open"])
    return speak.tn("We are looking for {n} more.", "We are looking for {n} more.", missing)


def _nobody_yet(speak: Speaker, view: View, now: datetime, number: str) -> Story:
    heard = view.get("heard") or {"alerted": 0, "seen": 0}
    waited = now - (when(view["created_at"]) or now)
    if view["role"] != "owner":
        asking = speak.t("People are being asked, closest first.")
        return Story(headline=speak.t("Nobody has promised yet"), line=asking)
    if waited >= NOBODY_AFTER:
        line = further(speak, number, danger=view["urgency"] == Urgency.DANGER, capped=view.get("capped", False))
        return Story(headline=speak.t("Nobody yet"), line=line, tone="stop")
    if not heard["alerted"]:
        return Story(
            headline=speak.t("Your ask is up"), line=speak.t("We are asking people who know you, closest first.")
        )
    # Promised only where some phone of theirs is really told (dispatch/actions/push.py).
    reachable = (view.get("push") or {}).get("reachable")
    rest = (
        "You can put the phone away; we will alert you." if reachable else "Leave this page open, or come back to it."
    )
    return Story(
        headline=speak.t("We are asking people near you"),
        line=Markup("{} {}").format(heard_line(speak, heard), speak.t(rest)),
    )


def further(speak: Speaker, number: str, *, danger: bool, capped: bool = False) -> Markup:
    """What happens next when nobody has come forward, and what else is worth a try.

    `capped`: the call goes no further until a coordinator has looked.
    """
    happens = speak.t(CAPPED if capped else "We are asking people further out.")
    return Markup("{} {}").format(happens, speak.t(CALL_NOW if danger else WORTH_A_TRY, number=number))


def heard_line(speak: Speaker, heard: Mapping[str, int]) -> Markup:
    """How far the call has come: counts, never people."""
    if not heard["seen"]:
        one, other = "{n} person asked, nobody has seen it yet.", "{n} people asked, nobody has seen it yet."
        return speak.tn(one, other, heard["alerted"])
    if heard["seen"] == 1:
        one, other = "{n} person asked and has seen it.", "{n} people asked, 1 has seen it."
        return speak.tn(one, other, heard["alerted"])
    seen = speak.number(heard["seen"])
    return speak.tn(
        "{n} person asked, {seen} have seen it.", "{n} people asked, {seen} have seen it.", heard["alerted"], seen=seen
    )


def _promises(speak: Speaker, view: View, claims: Sequence[View]) -> Markup:
    parts = []
    if not any(claim.get("name") for claim in claims):
        # To whom nobody is named, two promises are so many seats and not two times somebody.
        seats = nouns.units(speak, view["kind"], sum(claim["seats"] for claim in claims))
        going = any(claim["status"] != "committed" for claim in claims)
        return speak.t("{seats} promised or on the way." if going else "{seats} promised.", seats=seats)
    for claim in claims[:3]:
        sentence = (
            "{name} has promised {seats}." if claim["status"] == "committed" else "{name} is on the way with {seats}."
        )
        parts.append(speak.t(sentence, name=name_of(speak, claim), seats=_seats(speak, view, claim)))
    return Markup(" ").join(parts)


def _some(speak: Speaker, view: View, claims: Sequence[View]) -> Story:
    seats, kind = view["seats"], view["kind"]
    line = _promises(speak, view, claims)
    if seats["total"] is None:
        return Story(headline=nouns.units(speak, kind, seats["claimed"]), line=line, tone="go")
    return Story(
        headline=nouns.found(speak, kind, seats["claimed"], seats["total"]),
        line=Markup("{} {}").format(line, _missing(speak, view)),
        tone="wait",
    )


def _covered(speak: Speaker, view: View, claims: Sequence[View]) -> Story:
    seats, kind = view["seats"], view["kind"]
    arrivals = [eta for claim in claims if (eta := when(claim["eta_at"]))]
    first = speak.t("First arrival about {time}.", time=speak.clock(min(arrivals))) if arrivals else Markup("")
    coming = next((claim for claim in claims if claim["status"] == "en_route"), None)
    if coming is not None and view["role"] in ("owner", "claimer"):
        line = Markup("{}. {}").format(nouns.units(speak, kind, coming["seats"]), first)
        if view["role"] == "owner":
            line = Markup("{} {}").format(line, speak.t("They look for you at the place you sent."))
        return Story(headline=speak.t("{name} is on the way", name=name_of(speak, coming)), line=line, tone="go")
    line = Markup("{} {}").format(_promises(speak, view, claims), first)
    return Story(headline=nouns.all_found(speak, kind, seats["total"]), line=line, tone="go")


def passed_line(speak: Speaker, counts: Mapping[str, int] | None) -> Markup | None:
    """How often the ask was passed on and opened; None while nobody has, or for whom it is not."""
    if not counts or not counts["people"]:
        return None
    people = speak.tn("{n} person passed it on.", "{n} people passed it on.", counts["people"])
    opened = speak.tn("It was opened once.", "It was opened {n} times.", counts["opened"])
    return Markup("{} {}").format(people, opened) if counts["opened"] else people


def way(speak: Speaker, hands: Sequence[str | None], *last: Markup) -> Markup:
    """Through whose hands it came, the first one first: "Robert → Maryam → you"."""
    arrow = " ← " if speak.dir == "rtl" else " → "
    return Markup(arrow).join([*(said(name) if name else speak.t("somebody") for name in hands), *last])  # noqa: S704  # ours


def odds(speak: Speaker, forecast: Mapping[str, Any] | None) -> tuple[Markup, bool] | None:
    """The honest forecast in tenths, and whether the alternatives come first; None when there is none."""
    if not forecast or forecast.get("p") is None:
        return None
    p = float(forecast["p"])
    share = tenths(speak, p)
    line = speak.t(
        "Asks like this found enough help in time in {share} cases.", share=Markup("<b>{}</b>").format(share)
    )
    if forecast.get("early"):
        line = Markup("{} {}").format(line, speak.t("This is an early estimate."))
    return line, p < 0.3


def tenths(speak: Speaker, p: float) -> Markup:
    """A chance as people can hold it: in tenths."""
    if p < 0.1:
        return speak.t("fewer than 1 in 10")
    if p > 0.9:
        return speak.t("more than 9 in 10")
    return speak.t("about {n} of 10", n=round(p * 10))
