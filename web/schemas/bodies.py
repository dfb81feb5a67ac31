"""What may be sent: one strict model per body. Unknown fields are refused, `true` is no number and "9" no nine.

Every bound stands in dispatch/domain/limits.py. Texts are checked for what could fool a reader.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from dispatch.actions.decide_claim import Decision
from dispatch.actions.look_after import Safe
from dispatch.domain import limits
from dispatch.domain.alert import Answer
from dispatch.domain.errors import Invalid
from dispatch.domain.lifecycle import Disposition, Step
from dispatch.domain.network import Asks
from dispatch.domain.people import CHOSEN, Duty
from dispatch.domain.plain_text import check_phone, check_text
from dispatch.domain.request import Urgency
from geo.point import NotOnEarth, Point


class Body(BaseModel):
    """What all bodies share: strict, closed, finite."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


def _plain(read: Callable[[str], str | None], *, needed: bool = False) -> AfterValidator:
    def check(text: str) -> str | None:
        try:
            plain = read(text)
        except Invalid as fault:
            raise PydanticCustomError("text", "{says}", {"says": fault.errors[0]["says"]}) from None
        if plain is None and needed:
            raise PydanticCustomError("text", "must not be empty")
        return plain

    return AfterValidator(check)


def _text(limit: int, *, needed: bool = False) -> AfterValidator:
    return _plain(lambda text: check_text("text", text, limit), needed=needed)


def _one_of(*words: str) -> list[AfterValidator | WithJsonSchema]:
    def check(word: str) -> str:
        if word not in words:
            raise PydanticCustomError("word", "one of {words}", {"words": ", ".join(words)})
        return word

    return [AfterValidator(check), WithJsonSchema({"type": "string", "enum": list(words)})]


Note = Annotated[
    str, _text(limits.NOTE_CHARS), Field(description="Plain text; only those who may see the place see it.")
]
NeededNote = Annotated[str, _text(limits.NOTE_CHARS, needed=True)]
Name = Annotated[str, _text(limits.NAME_CHARS)]
NeededName = Annotated[str, _text(limits.NAME_CHARS, needed=True)]
PlaceText = Annotated[str, _text(limits.PLACE_CHARS, needed=True)]
Reason = Annotated[str, _text(limits.REASON_CHARS)]
NeededReason = Annotated[str, _text(limits.REASON_CHARS, needed=True)]
Id = Annotated[str, Field(min_length=1, max_length=limits.ID_CHARS, pattern=r"^[A-Za-z0-9_-]+$")]
Token = Annotated[str, Field(min_length=1, max_length=limits.ID_CHARS)]
Lat = Annotated[float, Field(description="Degrees north.", json_schema_extra={"minimum": -90, "maximum": 90})]
Lon = Annotated[float, Field(description="Degrees east.", json_schema_extra={"minimum": -180, "maximum": 180})]
Accuracy = Annotated[float, Field(ge=0, le=limits.ACCURACY_MAX_M, description="Radius in metres.")]


Phone = Annotated[str, _plain(partial(check_phone, "phone"))]


def _point(lat: float, lon: float) -> Point:
    if lat == 0 and lon == 0:
        raise PydanticCustomError("place", "0, 0 lies in the sea off Africa: it is what a phone says without a fix")
    try:
        return Point(lat, lon)
    except NotOnEarth as fault:
        raise PydanticCustomError("place", "{says}", {"says": fault.says}) from None


class Fix(Body):
    """Where a phone says it is."""

    lat: Lat
    lon: Lon
    accuracy_m: Accuracy | None = None

    @model_validator(mode="after")
    def _on_earth(self) -> Self:
        _point(self.lat, self.lon)
        return self

    @property
    def point(self) -> Point:
        """The place, checked."""
        return Point(self.lat, self.lon)


class Place(Body):
    """A fix, or words: a road, exit, mile marker, town, plus code, coordinates or a pasted map link."""

    lat: Lat | None = None
    lon: Lon | None = None
    accuracy_m: Accuracy | None = None
    text: PlaceText | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.lat is None) != (self.lon is None):
            raise PydanticCustomError("place", "lat and lon belong together")
        if self.lat is None and self.text is None:
            raise PydanticCustomError("place", "give lat and lon, or text")
        if self.lat is not None and self.lon is not None:
            _point(self.lat, self.lon)
        return self

    @property
    def point(self) -> Point | None:
        """The fix, checked; None for words."""
        return Point(self.lat, self.lon) if self.lat is not None and self.lon is not None else None


class Contact(Body):
    """Whom to look for and call; claimers see it, and the phone only while `share_phone` is true."""

    name: Name | None = None
    phone: Phone | None = None
    share_phone: bool | None = None


_URGENCY = _one_of(*Urgency)
UrgencyWord = Annotated[str, *_URGENCY]
Need = Annotated[str, _text(limits.NAME_CHARS, needed=True)]


class AskBody(Body):
    """A call for help."""

    kind: Annotated[
        str, Field(max_length=limits.ID_CHARS, description="One of the kinds: ride, supplies, shelter, repair …")
    ]
    quantity: Annotated[int | None, Field(description="How many units of that kind; open-ended kinds need none.")] = (
        None
    )
    place: Place | None = None
    destination: Annotated[str, _text(limits.PLACE_CHARS)] | None = None
    note: Note | None = None
    urgency: UrgencyWord = str(Urgency.STRANDED)
    for_other: bool = False
    needs: Annotated[list[Need], Field(max_length=limits.NEEDS_MAX)] = Field(default_factory=list)
    contact: Contact | None = None
    community: Id | None = None
    similar_ok: Annotated[bool, Field(description="Post although a similar ask is going on.")] = False
    show_travel: Annotated[bool, Field(description="Let viewers see how the call travels: counts only.")] = False


class ChangeBody(Body):
    """What to change; what is absent stays, null erases note, destination and contact."""

    quantity: int | None = None
    place: Place | None = None
    note: Note | None = None
    destination: Annotated[str, _text(limits.PLACE_CHARS)] | None = None
    contact: Contact | None = None
    show_travel: bool | None = None

    @model_validator(mode="after")
    def _kept(self) -> Self:
        for name in ("quantity", "place", "show_travel"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise PydanticCustomError("kept", "{name} can't be erased: leave it out to keep it", {"name": name})
        return self


class ReachBody(Body):
    """Who may be asked. What is absent goes back to its default; `communities` null = all of the requester's."""

    communities: Annotated[list[Id], Field(max_length=limits.REACH_COMMUNITIES)] | None = None
    rings_max: Annotated[int, Field(ge=1, le=3)] = 3
    open: bool = False


class NoteBody(Body):
    """A note to everyone who may see the place."""

    text: NeededNote


class ClaimBody(Body):
    """I take so many. `name` and `phone` are a guest's, who came by the link for helpers."""

    seats: int
    eta_minutes: Annotated[int, Field(ge=0, le=limits.ETA_MAX_MINUTES)] | None = None
    standby: bool = False
    name: Name | None = None
    phone: Phone | None = None


class StepBody(Body):
    """What happened next on a claim."""

    step: Annotated[
        str,
        *_one_of(*(step for step in Step if step not in (Step.PROMOTE, Step.LAPSE, Step.STAND_DOWN))),
    ]
    code: Annotated[str, Field(max_length=16, description="With `met`: what the other side said.")] | None = None
    lat: Lat | None = None
    lon: Lon | None = None

    @model_validator(mode="after")
    def _whole_fix(self) -> Self:
        if (self.lat is None) != (self.lon is None):
            raise PydanticCustomError("place", "lat and lon belong together")
        if self.lat is not None and self.lon is not None:
            _point(self.lat, self.lon)
        return self


class DecisionBody(Body):
    """The owner's word on somebody who wants to come."""

    decision: Annotated[str, *_one_of(*Decision)]


class SafeBody(Body):
    """The owner's answer to "are you safe?", or the silent button."""

    answer: Annotated[str, *_one_of(*Safe)]


class GlassBody(Body):
    """Why a coordinator has to see an exact place; its owner reads it."""

    reason: NeededReason


class VerdictBody(Body):
    """Was something behind the report?"""

    upheld: bool


class MergeBody(Body):
    """The ask that goes on; this one is part of it from now on."""

    into: Id


class CloseBody(Body):
    """How it ended."""

    disposition: Annotated[str, *_one_of(*(each for each in Disposition if each is not Disposition.EXPIRED))]
    note: Note | None = None


Lang = Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$")]


class MeBody(Body):
    """What I say of myself; what is absent stays, null erases. `asked_by`: who may ask me, friends aside; null: all."""

    name: Name | None = None
    seats: Annotated[int, Field(ge=0, le=limits.PERSON_SEATS_MAX)] | None = None
    car: Name | None = None
    phone: Phone | None = None
    lang: Lang | None = None
    asked_by: Annotated[list[Annotated[str, *_one_of(*Asks)]], Field(max_length=len(Asks))] | None = None


def _moment(value: object) -> object:
    """An RFC 3339 time with its zone; anything else is not guessed at."""
    if isinstance(value, str) and len(value) <= 40:
        # Out of range: the last night of the year 9999 in the west is no date in UTC.
        with suppress(ValueError, OverflowError):
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is not None and "T" in value.upper():
                return moment.astimezone(UTC)
    raise PydanticCustomError("moment", 'a time with its zone, like "2026-08-31T03:00:00Z"')


Moment = Annotated[
    datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time", "maxLength": 40})
]


def _clock(text: str) -> str:
    hours, _, minutes = text.partition(":")
    if int(hours) > 23 or int(minutes) > 59:
        raise PydanticCustomError("clock", 'a time of day from "00:00" to "23:59"')
    return text


Clock = Annotated[str, Field(pattern=r"^[0-9]{2}:[0-9]{2}$"), AfterValidator(_clock)]


class QuietHours(Body):
    """From when until when nobody may ask me, by the clock where I am; over midnight is fine."""

    from_: Annotated[Clock, Field(alias="from")]
    to: Clock

    @property
    def minutes(self) -> tuple[int, int]:
        """Both as minutes of the day."""
        return _minutes(self.from_), _minutes(self.to)


def _minutes(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


class DutyBody(Body):
    """My readiness; `place` is where I usually am."""

    duty: Annotated[str, *_one_of(*(duty for duty in Duty if duty in CHOSEN))]
    until: Moment | None = None
    place: Place | None = None
    reach_minutes: Annotated[int, Field(ge=1, le=limits.REACH_MAX_MINUTES)] | None = None
    quiet_hours: QuietHours | None = None
    alerts_per_week_max: Annotated[int, Field(ge=0, le=limits.ALERTS_PER_WEEK_MAX)] | None = None


class AnswerBody(Body):
    """Seen, or not now; to a drill also that one could."""

    answer: Annotated[str, *_one_of(Answer.ACKNOWLEDGED, Answer.DECLINED, Answer.COULD)]
    reason: Reason | None = None


class SessionBody(Body):
    """The token of a link, or a member's own; `name` is how somebody who accepts an invite wants to be called."""

    token: Token
    name: Name | None = None


class NothingBody(Body):
    """Nothing has to be said."""


class TieBody(Body):
    """Whose people to join: by their invite, or somebody of a community you share."""

    person: Id | None = None
    invite: Token | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.person is None) == (self.invite is None):
            raise PydanticCustomError("tie", "give person or invite, one of the two")
        return self


class CommunityBody(Body):
    """A new community."""

    name: NeededName


class MemberBody(Body):
    """Who joins; nobody named means yourself."""

    person: Id | None = None


class ReportBody(Body):
    """Somebody behaved badly: on which claim, or on which request."""

    claim: Id | None = None
    request: Id | None = None
    reason: NeededReason

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.claim is None and self.request is None:
            raise PydanticCustomError("report", "give claim or request")
        return self
