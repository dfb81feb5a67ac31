"""What comes back, as documentation: models that describe the answers and never make them.

What leaves the process is decided by dispatch/domain/visibility.py alone. Held against real answers
by tests/web/test_openapi.py.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Told(BaseModel):
    """What all answers share: clients ignore fields they don't know."""

    model_config = ConfigDict(extra="allow")


class SeatsView(Told):
    """The one count everybody reads; total and open are null for an open-ended kind."""

    total: int | None
    claimed: int
    open: int | None


class PlaceView(Told):
    """Exact for the requester and whoever comes; for everybody else an H3 cell, its centre and words made from it."""

    lat: float | None = None
    lon: float | None = None
    accuracy_m: float | None = None
    text: str | None = None
    label: str | None = None
    cell: str | None = None
    resolution: int | None = None


class ClaimPart(Told):
    """One claim as this viewer may see it."""

    id: str
    seats: int
    status: str
    eta_at: str | None
    lease_until: str | None
    left_at: str | None
    met_at: str | None
    confirmed: bool
    name: str | None = None


class HeardView(Told):
    """How many people were told, how many have looked."""

    alerted: int
    seen: int


class RequestView(Told):
    """The request as this viewer may see it."""

    id: str
    kind: str
    unit: str
    quantity: int | None
    urgency: str
    for_other: bool
    drill: bool
    status: str
    seats: SeatsView
    place: PlaceView | None
    created_at: str
    deadline_at: str
    closed_at: str | None
    disposition: str | None
    claims: list[ClaimPart]
    off: int
    forecast: dict[str, Any] | None = None
    heard: HeardView | None = None


class Links(Told):
    """The three links; what follows # never reaches a server by itself."""

    owner: str
    view: str
    helper: str


class PostedView(RequestView):
    """The new request and its links."""

    links: Links


class ClaimView(Told):
    """A claim as its holder sees it: the exact place while it stands."""

    id: str
    request: str = ""
    seats: int
    status: str
    lease_until: str | None
    eta_at: str | None
    place: PlaceView | None = None
    token: str | None = Field(default=None, description="A guest's own token, given once.")


class EventsView(Told):
    """Events after the position, in order; with mode `snapshot` the state to start from."""

    epoch: str
    head: int
    mode: Literal["resume", "snapshot"]
    events: list[dict[str, Any]]
    state: dict[str, Any] | None = None


class ReportView(Told):
    """The after-action report: what happened, when, in seconds from the call."""

    id: str
    status: str
    disposition: str | None
    phases: dict[str, float | None]
    usual: dict[str, dict[str, float]]
    """`p50` and `p90` of the calls of this kind of the last 90 days; a phase that too few of them had is left out."""
    alerts: dict[str, int] | None
    travel: list[dict[str, Any]] | None
    """Rings with how many were `asked`, `through` how many others, and how many of them `claimed`; never who."""
    claims: dict[str, int]
    drilled: dict[str, float | None] | None = Field(
        default=None, description="Of a drill: how many could come, how many not, seconds to the first who could."
    )


class NoteView(Told):
    """The note as it was kept."""

    id: str
    text: str
    by: str | None
    at: str


class VouchView(Told):
    """Whether this person lends their reach."""

    vouched: bool


class PushView(Told):
    """How many devices are alerted, and the key to subscribe one more with."""

    devices: int
    key: str | None = None


class MeView(Told):
    """A person as they see themselves: everything that is kept of them."""

    id: str
    name: str | None
    guest: bool
    duty: str | None
    place_state: str
    phone_proven: bool
    """Did they type a code that was sent to their number?"""
    phone_provable: bool | None = None
    """Can this server send one?"""
    push: PushView


class CodeAskedView(Told):
    """The same for every number, known or not: in how many seconds to ask again, and how many a code lasts."""

    again_s: int
    lasts_s: int


class DevicesView(Told):
    """How many devices are alerted now."""

    devices: int


class KeptView(Told):
    """The cell that was kept: the point is not."""

    kept: str


class InboxView(Told):
    """The newest alerts and the unfinished claims."""

    alerts: list[dict[str, Any]]
    claims: list[dict[str, Any]]


class AlertView(Told):
    """The alert afterwards."""

    id: str
    request: str
    answer: str | None


class LeverView(Told):
    """What somebody could do, for how many people it takes, and the odds for a party before and after, in tenths."""

    what: Literal["available", "vouch", "community", "invite"]
    people: int
    party: int
    now: float
    then: float


class ReadinessView(Told):
    """Will my call be heard? Counts in bands, odds for a party of one and of nine, and what would raise them."""

    rings: dict[str, str]
    forecast: dict[str, Any]
    levers: list[LeverView]
    raises: list[str]


class SessionView(Told):
    """What the link opened."""

    power: str
    request: str | None = None
    person: str | None = None
    token: str | None = None


class TripLinkView(Told):
    """The link for somebody trusted."""

    link: str
    expires_at: str


class TripView(Told):
    """A trip: who shares it, the ask as the public sees it, and their drive; null where they are the one who waits."""

    by: str | None
    ask: RequestView
    drive: ClaimPart | None


class TripsView(Told):
    """Every trip of that ask that was shared with this viewer."""

    trips: list[TripView]


class InviteView(Told):
    """The link to pass on."""

    link: str
    token: str
    expires_at: str


class TieView(Told):
    """Whose people you are now one of."""

    person: str
    name: str | None
    tied: bool


class CommunityView(Told):
    """The new community."""

    id: str
    name: str


class MemberView(Told):
    """Who joined what."""

    community: str
    person: str
    joined: bool


class BlockedView(Told):
    """Whom I blocked: their names for me alone."""

    blocked: list[dict[str, str | None]]


class ReceivedView(Told):
    """It was received."""

    received: bool


class SessionPart(Told):
    """One browser or program that is signed in."""

    id: str
    kind: Literal["browser", "token"]
    current: bool
    since: str | None
    until: str | None


class SessionsView(Told):
    """Where I am signed in."""

    sessions: list[SessionPart]


class ExportView(Told):
    """Everything that is kept of me."""

    made_at: str
    me: MeView
    requests: list[RequestView]
    claims: list[ClaimView]
    alerts: list[dict[str, Any]]
    sessions: list[SessionPart]
    devices: list[dict[str, Any]]


class DeskRow(Told):
    """An ask as coordinators see it: a cell, no place."""

    request: str
    kind_of_need: str
    status: str
    urgency: str
    drill: bool
    cell: str | None
    label: str | None
    alerted: int
    created_at: str


class TwinView(Told):
    """Two asks that may be one: the older, the newer, and what is the same."""

    keep: DeskRow
    double: DeskRow
    same: list[str]


class DeskView(Told):
    """What waits for a coordinator."""

    flags: list[dict[str, Any]]
    reports: list[dict[str, Any]]
    unowned: list[DeskRow]
    stalled: list[DeskRow]
    twins: list[TwinView]


class GlassView(Told):
    """The exact place, for 15 minutes."""

    place: PlaceView | None
    note: str | None
    until: str


class TakenView(Told):
    """How many flags were settled."""

    taken: int


class VerdictView(Told):
    """The word on a report."""

    upheld: bool


class SafeView(Told):
    """It was received; the local emergency number, whatever was said."""

    received: bool
    emergency: str


class BoardView(Told):
    """GeoJSON: outlines of cells, never dots."""

    type: Literal["FeatureCollection"]
    features: list[dict[str, Any]]


class HealthView(Told):
    """How the server is, and why."""

    status: str
    reason: str | None = None
