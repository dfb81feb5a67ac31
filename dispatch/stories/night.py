"""One night, event by event: what is due, and what people do, each at its moment on a stepped clock.

Everything goes through the real actions, store, roster and ticker; nothing here decides whom to
ask or what a state becomes. Each person's doings come from dispatch/stories/behaviour.py.
Invariant: the same seed gives the same night (tests/story/test_bus.py).
"""

import heapq
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Final

from dispatch.actions.answer_alert import AnswerAlert, answer_alert
from dispatch.actions.claim_seats import ClaimSeats, claim_seats
from dispatch.actions.close_request import CloseRequest, close_request
from dispatch.actions.plan_wave import search_for
from dispatch.actions.post_request import PostRequest, post_request
from dispatch.actions.step_claim import StepClaim, sign_of_life, step_claim
from dispatch.clock import SteppedClock
from dispatch.domain.alert import Alert, Answer
from dispatch.domain.claim import Claim
from dispatch.domain.errors import RequestOver, SeatTaken
from dispatch.domain.kinds import KINDS
from dispatch.domain.lifecycle import HOLDS_SEATS, ClaimState, Disposition, Step
from dispatch.domain.network import RINGS
from dispatch.domain.request import Request
from dispatch.domain.visibility import Viewer
from dispatch.domain.whereabouts import from_point
from dispatch.ports import Search, Tx
from dispatch.runtime import Flare
from dispatch.stories.behaviour import Behaviour, Reaction
from dispatch.stories.tales import Story
from geo.travel import PICKUP_MINUTES

LEAVES: Final = timedelta(minutes=PICKUP_MINUTES)
FINDS: Final = timedelta(minutes=2)
"""From standing at the roadside to having met."""
LIFE_EVERY: Final = timedelta(minutes=10)
"""A phone on the road shows its position at least this often."""
AFTERWARDS: Final = timedelta(hours=8)
"""A night nobody ever closes is left this long after its horizon."""
ACCURACY_M: Final = 30.0
BEAT: Final = timedelta(seconds=30)
"""What is due is done at most this often: a decline is replaced at once, but not a hundred times a minute."""
INSTANT: Final = timedelta(seconds=1)


class Player:
    """Plays one night to its end; afterwards its fields say what happened."""

    def __init__(
        self,
        flare: Flare,
        clock: SteppedClock,
        story: Story,
        people: Behaviour,
        rows: dict[int, int],
        asker: int,
        beat: timedelta = BEAT,
    ) -> None:
        self._beat = beat
        self._flare, self._clock, self._story = flare, clock, story
        self._people, self._rows = people, rows
        self.asker = asker
        self._events: list[tuple[datetime, int, Callable[[], object]]] = []
        self._number = count()
        self._known: dict[int, ClaimState] = {}
        self.reactions: dict[int, Reaction] = {}
        """By person; in the order they were asked."""
        self.looked: list[datetime] = []
        """Moments at which somebody looked, while the request was going on."""
        self.seats: list[tuple[datetime, int]] = []
        self.there: dict[int, datetime] = {}
        """Claim id to the moment it stood at the roadside."""
        self.promises: dict[int, Reaction] = {}
        """Claim id to what its holder is going to do."""
        self.waited: set[int] = set()
        """Claims that began as a standby."""
        self.refused = 0
        """Yeses that came too late even to stand by."""
        self.ties = 0
        self._request = self._post()

    def _post(self) -> Request:
        story = self._story
        command = PostRequest(
            person_id=self.asker,
            kind=story.kind,
            quantity=story.party,
            where=from_point(story.place, ACCURACY_M),
            note=story.note,
            urgency=story.urgency,
            show_travel=True,
        )
        store = self._flare.store
        self.ties = store.read_now(lambda tx, _: len(tx.network.ties_of(self.asker)))
        posted = store.submit(lambda tx, now: post_request(tx, now, command)).result()
        self.seats.append((self._clock.now(), 0))
        return posted.request

    @property
    def request(self) -> Request:
        """The request as it stands now."""
        found = self._flare.store.read_now(lambda tx, _: tx.requests.by_id(self._request.id))
        if found is None:
            raise RuntimeError("the story's request is gone")
        return found

    def alerts(self) -> list[Alert]:
        """Everybody asked, in the order they were asked."""
        found = self._flare.store.read_now(lambda tx, _: tx.alerts.of_request(self._request.id))
        return sorted(found, key=lambda alert: alert.id)

    def claims(self) -> list[Claim]:
        """Every claim, ended ones included, oldest first."""
        return self._flare.store.read_now(lambda tx, _: tx.claims.of_request(self._request.id))

    # -- the loop -------------------------------------------------------------------------------

    def play(self) -> None:
        """Until the request is over and everybody was told, or the night is."""
        end = self._story.at + self._story.horizon + AFTERWARDS
        beat = self._clock.now()
        while not self._request.over:
            happens = self._events[0][0] if self._events else None
            if happens is None or happens >= beat:
                due = self._flare.ticker.next_at()
                turn = None if due is None else max(due, beat)
                if turn is not None and (happens is None or turn <= happens):
                    if turn > end:
                        return
                    self._turn(turn)
                    beat = self._clock.now() + self._beat
                    continue
            if happens is None or happens > end:
                return
            self._clock.set(max(self._clock.now(), happens))
            heapq.heappop(self._events)[2]()
        self._tell_the_rest()

    def _turn(self, at: datetime) -> None:
        """Lets the ticker do what is due at that moment."""
        self._clock.set(max(self._clock.now(), at))
        if self._flare.ticker.turn() == 0:
            # A lease is over after its last moment, not at it.
            self._clock.step(INSTANT)
            self._flare.ticker.turn()
        self._after_a_turn()

    def _tell_the_rest(self) -> None:
        """Over: what is due at once is done, so that nobody is left waiting."""
        ticker = self._flare.ticker
        while (due := ticker.next_at()) is not None and due <= self._clock.now() and ticker.turn():
            pass

    def _later(self, after: timedelta, do: Callable[[], object]) -> None:
        heapq.heappush(self._events, (self._clock.now() + after, next(self._number), do))

    def _after_a_turn(self) -> None:
        self._flare.feed.catch_up()
        before = self._request
        self._follow()
        if self._request.wave == before.wave:
            return
        for alert in self.alerts():
            if alert.person_id not in self.reactions:
                self._asked(alert)

    def _follow(self) -> None:
        """Sees what has changed: seats, and claims that moved up from standby."""
        request = self.request
        if request.seats_taken != self._request.seats_taken:
            self.seats.append((self._clock.now(), request.seats_taken))
        if (request.seats_taken, request.off) != (self._request.seats_taken, self._request.off):
            for claim in self.claims():
                if self._known.get(claim.id) is ClaimState.STANDBY and claim.status is ClaimState.COMMITTED:
                    self._promised(claim)
                self._known[claim.id] = claim.status
        self._request = request

    # -- people ---------------------------------------------------------------------------------

    def _asked(self, alert: Alert) -> None:
        reaction = self._reaction(alert.person_id, alert.created_at, alert.ring)
        self.reactions[alert.person_id] = reaction
        if reaction.sees is not None:
            self._later(reaction.sees - self._clock.now(), partial(self._looks, alert, reaction))

    def _reaction(self, person: int, at: datetime, ring: str) -> Reaction:
        story, row = self._story, self._rows[person]
        return self._people.reaction(row, at, kind=story.kind, urgency=story.urgency, ring=ring, ties=self.ties)

    def _looks(self, alert: Alert, reaction: Reaction) -> None:
        self.looked.append(self._clock.now())
        self._answer(alert, Answer.ACKNOWLEDGED)
        if reaction.decides is not None and reaction.sees is not None:
            answers = self._comes if reaction.comes else self._cannot if reaction.says_no else None
            if answers is not None:
                self._later(reaction.decides - reaction.sees, partial(answers, alert, reaction))

    def _answer(self, alert: Alert, answer: Answer) -> None:
        command = AnswerAlert(alert=alert.public_id, person_id=alert.person_id, answer=answer)
        self._flare.store.submit(lambda tx, now: answer_alert(tx, now, command)).result()

    def _cannot(self, alert: Alert, reaction: Reaction) -> None:
        self._answer(alert, Answer.DECLINED)

    def _comes(self, alert: Alert, reaction: Reaction) -> None:
        """Takes what is open of what they have; behind a full request they stand by."""
        request = self.request
        left = request.seats.open or 0
        command = ClaimSeats(
            request=request.public_id,
            viewer=Viewer(person_id=alert.person_id),
            seats=max(1, min(reaction.seats, left or request.quantity or 1)),
            eta_minutes=round(PICKUP_MINUTES + reaction.travel_minutes),
            standby=left == 0,
        )
        try:
            self._flare.store.submit(lambda tx, now: claim_seats(tx, now, command)).result()
        except (SeatTaken, RequestOver):
            self.refused += 1
            return
        claim = self._flare.store.read_now(lambda tx, _: tx.claims.unfinished(request.id, alert.person_id))
        if claim is None:
            raise RuntimeError("a claim that was accepted is not there")
        self.promises[claim.id] = reaction
        if reaction.announces is not None:
            self._later(reaction.announces, partial(self._step, claim.id, Step.WITHDRAW))
        if claim.status is ClaimState.STANDBY:
            self.waited.add(claim.id)
        else:
            self._promised(claim)
        self._follow()

    def _promised(self, claim: Claim) -> None:
        if not self.promises[claim.id].no_show:
            self._later(LEAVES, partial(self._leaves, claim.id))

    def _step(self, claim_id: int, step: Step) -> bool:
        """Takes a step if it is still possible; False when the claim has ended meanwhile."""
        claim = self._flare.store.read_now(lambda tx, _: tx.claims.by_id(claim_id))
        if claim is None or claim.ended_at is not None:
            return False
        command = StepClaim(
            claim=claim.public_id,
            viewer=Viewer(person_id=claim.person_id),
            step=step,
            code=claim.tell if step is Step.MET else None,
        )
        self._flare.store.submit(lambda tx, now: step_claim(tx, now, command)).result()
        self._follow()
        return True

    def _leaves(self, claim_id: int) -> None:
        if self._step(claim_id, Step.EN_ROUTE):
            way = timedelta(minutes=self.promises[claim_id].travel_minutes)
            self._later(way, partial(self._arrives, claim_id))
            self._later(LIFE_EVERY, partial(self._shows_life, claim_id))

    def _shows_life(self, claim_id: int) -> None:
        claim = self._flare.store.read_now(lambda tx, _: tx.claims.by_id(claim_id))
        if claim is not None and claim.status is ClaimState.EN_ROUTE:
            self._flare.store.submit(lambda tx, now: sign_of_life(tx, now, claim.person_id)).result()
            self._later(LIFE_EVERY, partial(self._shows_life, claim_id))

    def _arrives(self, claim_id: int) -> None:
        if self._step(claim_id, Step.ON_SCENE):
            self.there[claim_id] = self._clock.now()
            self._later(FINDS, partial(self._meets, claim_id))

    def _meets(self, claim_id: int) -> None:
        if not self._step(claim_id, Step.MET):
            return
        way = timedelta(minutes=self.promises[claim_id].travel_minutes)
        self._later(way, partial(self._step, claim_id, Step.DONE))
        self._close_when_everybody_is_met()

    def _close_when_everybody_is_met(self) -> None:
        met = sum(c.seats for c in self.claims() if c.status in (ClaimState.MET, ClaimState.DONE))
        if met < (self._request.quantity or 0):
            return
        command = CloseRequest(
            request=self._request.public_id,
            viewer=Viewer(person_id=self.asker),
            disposition=Disposition.RESOLVED,
            note="Everybody is in a warm car. Thank you.",
        )
        self._flare.store.submit(lambda tx, now: close_request(tx, now, command)).result()
        self._follow()

    def everyone_at_once(self) -> tuple[int, tuple[int, ...]]:
        """How many could be asked at all, and the seats of each car that would come if all were at once: the bound."""
        flare, story, request = self._flare, self._story, self._request

        def question(tx: Tx, now: datetime) -> Search | None:
            return search_for(tx, story.at, request, tx.requests.secrets(request.id), KINDS[story.kind])

        asks = flare.store.read_now(question)
        if asks is None:
            return 0, ()
        found = flare.roster.search(asks)
        came = []
        for person, ring in zip(found.person.tolist(), found.ring.tolist(), strict=True):
            does = self._reaction(person, story.at, RINGS[ring])
            within = does.decides is not None and does.decides <= story.at + story.horizon
            if does.comes and within and not does.no_show:
                came.append(does.seats)
        return len(found), tuple(came)

    def faults(self) -> list[str]:
        """Promises of the house that did not hold in this night, as sentences."""
        claims, request = self.claims(), self.request
        held = sum(claim.seats for claim in claims if claim.status in HOLDS_SEATS)
        found = []
        if held != request.seats_taken:
            found.append(f"claims hold {held} seats, the request says {request.seats_taken}")
        if request.quantity is not None and max(claimed for _, claimed in self.seats) > request.quantity:
            found.append("more seats were claimed than asked for")
        if request.over and any(claim.ended_at is None for claim in claims):
            found.append("a claim outlived its request")
        alerts = self.alerts()
        if len({alert.person_id for alert in alerts}) != len(alerts):
            found.append("somebody was asked twice")
        if any(alert.person_id == self.asker for alert in alerts):
            found.append("the one who asks was asked")
        return found
