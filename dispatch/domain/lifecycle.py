"""THE TABLE: every state there is, and the only ways from one to another.

Pure. Called by the actions; nothing else may change a state, and the database refuses names
that are not here (dispatch/store/tables.py builds its CHECKs from these enums).
Invariants: final states never move; a refusal leaves no trace (tests/domain/test_lifecycle.py).
docs/reference/lifecycle.md is generated from this file.
"""

from enum import StrEnum
from typing import Final

from dispatch.domain.errors import RequestOver, WrongStep


class RequestState(StrEnum):
    """Where a call for help stands."""

    OPEN = "open"
    CLAIMED = "claimed"
    RESOLVED = "resolved"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Happening(StrEnum):
    """What can happen to a request as a whole."""

    LAST_SEAT_CLAIMED = "last_seat_claimed"
    SEATS_CAME_BACK = "seats_came_back"
    HELPED = "helped"
    CALLED_OFF = "called_off"
    RAN_OUT = "ran_out"


class Disposition(StrEnum):
    """How a request ended."""

    RESOLVED = "resolved"
    SELF_RESOLVED = "self_resolved"
    CANCELLED = "cancelled"
    UNFOUNDED = "unfounded"
    REFERRED = "referred"
    EXPIRED = "expired"


class ClaimState(StrEnum):
    """Where one volunteer's promise stands."""

    STANDBY = "standby"
    COMMITTED = "committed"
    EN_ROUTE = "en_route"
    ON_SCENE = "on_scene"
    MET = "met"
    DONE = "done"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    NO_SHOW = "no_show"
    STOOD_DOWN = "stood_down"


class Step(StrEnum):
    """What somebody, or the clock, does to a claim."""

    EN_ROUTE = "en_route"
    ON_SCENE = "on_scene"
    MET = "met"
    DONE = "done"
    EXTEND = "extend"
    WITHDRAW = "withdraw"
    NO_SHOW = "no_show"
    PROMOTE = "promote"
    LAPSE = "lapse"
    STAND_DOWN = "stand_down"


_R, _H, _C, _S = RequestState, Happening, ClaimState, Step

REQUEST_TRANSITIONS: Final[dict[tuple[RequestState, Happening], RequestState]] = {
    (_R.OPEN, _H.LAST_SEAT_CLAIMED): _R.CLAIMED,
    (_R.OPEN, _H.SEATS_CAME_BACK): _R.OPEN,
    (_R.CLAIMED, _H.SEATS_CAME_BACK): _R.OPEN,
    (_R.OPEN, _H.HELPED): _R.RESOLVED,
    (_R.CLAIMED, _H.HELPED): _R.RESOLVED,
    (_R.OPEN, _H.CALLED_OFF): _R.CANCELLED,
    (_R.CLAIMED, _H.CALLED_OFF): _R.CANCELLED,
    (_R.OPEN, _H.RAN_OUT): _R.EXPIRED,
    (_R.CLAIMED, _H.RAN_OUT): _R.EXPIRED,
}
FINAL: Final = frozenset(RequestState) - {state for state, _ in REQUEST_TRANSITIONS}

DISPOSITIONS: Final[dict[Disposition, Happening]] = {
    Disposition.RESOLVED: _H.HELPED,
    Disposition.SELF_RESOLVED: _H.HELPED,
    Disposition.REFERRED: _H.HELPED,
    Disposition.CANCELLED: _H.CALLED_OFF,
    Disposition.UNFOUNDED: _H.CALLED_OFF,
    Disposition.EXPIRED: _H.RAN_OUT,
}
"""`expired` is the clock's word alone; a person who closes chooses one of the others."""

CLAIM_TRANSITIONS: Final[dict[tuple[ClaimState, Step], ClaimState]] = {
    (_C.STANDBY, _S.PROMOTE): _C.COMMITTED,
    (_C.STANDBY, _S.WITHDRAW): _C.WITHDRAWN,
    (_C.STANDBY, _S.STAND_DOWN): _C.STOOD_DOWN,
    (_C.COMMITTED, _S.EN_ROUTE): _C.EN_ROUTE,
    (_C.EN_ROUTE, _S.ON_SCENE): _C.ON_SCENE,
    (_C.ON_SCENE, _S.MET): _C.MET,
    (_C.MET, _S.DONE): _C.DONE,
    **{
        (state, step): after
        for state in (_C.COMMITTED, _C.EN_ROUTE, _C.ON_SCENE)
        for step, after in (
            (_S.EXTEND, state),
            (_S.WITHDRAW, _C.WITHDRAWN),
            (_S.NO_SHOW, _C.NO_SHOW),
            (_S.LAPSE, _C.LAPSED),
            (_S.STAND_DOWN, _C.STOOD_DOWN),
        )
    },
}

HOLDS_SEATS: Final = frozenset({_C.COMMITTED, _C.EN_ROUTE, _C.ON_SCENE, _C.MET, _C.DONE})
"""Claims in these states count in `seats_taken`."""
STANDING: Final = frozenset({_C.COMMITTED, _C.EN_ROUTE, _C.ON_SCENE, _C.MET})
"""Claims whose holder may know the exact place."""
UNFINISHED: Final = STANDING | {_C.STANDBY}
LEASED: Final = frozenset({_C.COMMITTED, _C.EN_ROUTE, _C.ON_SCENE})
"""Claims that lapse without a sign of life."""
CAN_END_EARLY: Final = LEASED | {_C.STANDBY}
"""Claims that may still be withdrawn or stood down: all unfinished ones but those who have met."""

BY_CLAIMER: Final = frozenset({_S.EN_ROUTE, _S.ON_SCENE, _S.MET, _S.DONE, _S.EXTEND, _S.WITHDRAW})
BY_REQUESTER: Final = frozenset({_S.NO_SHOW})


def after_happening(state: RequestState, happening: Happening) -> RequestState:
    """The state a request is in once that has happened.

    Raises: RequestOver from a final state.
    """
    try:
        return REQUEST_TRANSITIONS[state, happening]
    except KeyError:
        raise RequestOver(state) from None


def after_step(state: ClaimState, step: Step) -> ClaimState:
    """The state a claim is in once that step is taken.

    Raises: WrongStep, which names the steps that are possible now.
    """
    try:
        return CLAIM_TRANSITIONS[state, step]
    except KeyError:
        possible = tuple(s for (c, s) in CLAIM_TRANSITIONS if c is state and s in BY_CLAIMER)
        raise WrongStep(state, step, possible) from None
