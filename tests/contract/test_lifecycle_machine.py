"""A night at random: whatever people do in whatever order, the rules hold after every step.

Held: seats add up and never exceed what is wanted · `claimed` means full · final states never move · offsets are
dense · a refusal leaves no trace · snapshot + events = a fresh snapshot, for every role and every inbox.
"""

import shutil
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from dispatch.actions.answer_alert import AnswerAlert, answer_alert
from dispatch.actions.change_request import (
    AddNote,
    ChangeRequest,
    SetReach,
    Vouch,
    add_note,
    change_request,
    set_reach,
    vouch,
)
from dispatch.actions.claim_seats import ClaimSeats, claim_seats
from dispatch.actions.close_request import CloseRequest, close_request
from dispatch.actions.decide_claim import DecideClaim, Decision, decide_claim
from dispatch.actions.set_me import Move, SetDuty, SetMe, move_person, set_duty, set_me
from dispatch.actions.step_claim import StepClaim, step_claim
from dispatch.actions.tend_network import block, unblock
from dispatch.clock import SteppedClock
from dispatch.domain import limits
from dispatch.domain.alert import Answer
from dispatch.domain.errors import Refused
from dispatch.domain.events import request_topic
from dispatch.domain.lifecycle import FINAL, HOLDS_SEATS, UNFINISHED, ClaimState, Disposition, RequestState, Step
from dispatch.domain.people import Duty
from dispatch.domain.request import Reach
from dispatch.domain.visibility import Role, Viewer
from dispatch.domain.whereabouts import from_point
from dispatch.ids import SystemIds
from dispatch.store import SqlStore, open_store
from tests.support.world import SECRET, START, ZZYZX, Follower, InboxFollower, Night, at

VOLUNTEERS = 5
who = st.integers(0, VOLUNTEERS - 1)
WORDS = ["note", "destination", "contact_name", "contact_phone"]
wording = st.dictionaries(st.sampled_from(WORDS), st.none() | st.just("other"), min_size=1)
PLACES = [from_point(at(ZZYZX, north), 10.0) for north in (0, 0.01, 12, 300)]


class AnyNight(RuleBasedStateMachine):
    """One call for help and everything people may do about it. `open_night` gives a store to play on."""

    open_night: Callable[[], Night]
    left: Callable[[Night], None]

    @initialize(seats=st.integers(1, 6), shown=st.booleans())
    def someone_is_stranded(self, seats: int, shown: bool) -> None:
        self.night = type(self).open_night()
        self.owner = self.night.person("Robert Owner")
        self.people = [self.night.person(f"V{n} Helper", friend_of=self.owner) for n in range(VOLUNTEERS - 1)]
        self.people.append(self.night.person("Stranger Far"))
        posted = self.night.post(self.owner, seats, show_travel=shown)
        self.request, self.id = posted.request.public_id, posted.request.id
        self.mine = Viewer(person_id=self.owner)
        self.followers = [Follower(self.night, self.id, role) for role in Role]
        self.inboxes = [InboxFollower(self.night, person) for person in self.people]
        self.first = [Follower(self.night, self.id, role) for role in Role]
        self.ended: tuple[Any, ...] | None = None

    def attempt(self, action: Callable[..., Any], *args: Any) -> None:
        """Does it; a refusal leaves no trace."""
        before = self.night.everything()
        try:
            self.night.do(action, *args)
            return
        except Refused as refusal:
            code = refusal.code
        after = self.night.everything()
        for name, rows in before.items():
            assert after[name] == rows, f"{code} left a trace in {name}"

    def claim_of(self, number: int) -> str | None:
        held = [claim for claim in self.night.claims(self.id) if claim.person_id == self.people[number]]
        return held[-1].public_id if held else None

    # -- what people do ------------------------------------------------------------------------

    @rule(number=who, seats=st.integers(1, 3), standby=st.booleans())
    def somebody_claims(self, number: int, seats: int, standby: bool) -> None:
        ring = None if number == VOLUNTEERS - 1 else "1"
        viewer = Viewer(person_id=self.people[number])
        self.attempt(
            claim_seats, ClaimSeats(request=self.request, viewer=viewer, seats=seats, standby=standby, ring=ring)
        )

    @rule(number=who, step=st.sampled_from([s for s in Step if s is not Step.NO_SHOW]), code=st.booleans())
    def a_claimer_steps(self, number: int, step: Step, code: bool) -> None:
        if claim := self.claim_of(number):
            viewer = Viewer(person_id=self.people[number])
            given = "000" if code and step is Step.MET else None
            self.attempt(step_claim, StepClaim(claim=claim, viewer=viewer, step=step, code=given))

    @rule(number=who)
    def the_owner_says_no_show(self, number: int) -> None:
        if claim := self.claim_of(number):
            self.attempt(step_claim, StepClaim(claim=claim, viewer=self.mine, step=Step.NO_SHOW))

    @rule(number=who, decision=st.sampled_from(list(Decision)))
    def the_owner_decides_about_somebody(self, number: int, decision: Decision) -> None:
        if claim := self.claim_of(number):
            self.attempt(decide_claim, DecideClaim(claim=claim, viewer=self.mine, decision=decision))

    @rule(number=who, answer=st.sampled_from([Answer.ACKNOWLEDGED, Answer.DECLINED]))
    def somebody_answers(self, number: int, answer: Answer) -> None:
        for alert in self.night.alerts(self.id):
            if alert.person_id == self.people[number]:
                self.attempt(answer_alert, AnswerAlert(alert=alert.public_id, person_id=alert.person_id, answer=answer))

    @rule(
        number=who, duty=st.sampled_from([Duty.OFF_DUTY, Duty.AVAILABLE, Duty.ON_BREAK]), hours=st.none() | st.just(1)
    )
    def somebody_sets_their_duty(self, number: int, duty: Duty, hours: int | None) -> None:
        until = self.night.now() + timedelta(hours=hours) if hours else None
        viewer = Viewer(person_id=self.people[number])
        self.attempt(set_duty, SetDuty(viewer=viewer, duty=duty, until=until, place=None, changes={}))

    @rule(number=who)
    def somebody_moves(self, number: int) -> None:
        self.attempt(move_person, Move(viewer=Viewer(person_id=self.people[number]), point=at(ZZYZX, 5.0)))

    @rule(number=who, phone=st.sampled_from(["1", "2"]))
    def somebody_has_another_phone(self, number: int, phone: str) -> None:
        viewer = Viewer(person_id=self.people[number])
        self.attempt(set_me, SetMe(viewer=viewer, changes={"phone": phone}))

    # -- what the owner does ---------------------------------------------------------------------

    @rule(quantity=st.integers(1, 8))
    def the_owner_needs_another_number(self, quantity: int) -> None:
        self.attempt(change_request, ChangeRequest(request=self.request, viewer=self.mine, quantity=quantity))

    @rule(where=st.sampled_from(PLACES))
    def the_owner_is_somewhere_else(self, where: Any) -> None:
        command = ChangeRequest(request=self.request, viewer=self.mine, where=where, place_text="by the sign")
        self.attempt(change_request, command)

    @rule(secrets=wording, shown=st.none() | st.booleans())
    def the_owner_changes_the_words(self, secrets: dict[str, Any], shown: bool | None) -> None:
        command = ChangeRequest(request=self.request, viewer=self.mine, secrets=secrets, show_travel=shown)
        self.attempt(change_request, command)

    @rule(number=st.none() | who)
    def somebody_adds_a_note(self, number: int | None) -> None:
        viewer = self.mine if number is None else Viewer(person_id=self.people[number])
        self.attempt(add_note, AddNote(request=self.request, viewer=viewer, text="still here"))

    @rule(rings=st.integers(1, 3), strangers=st.booleans())
    def the_owner_sets_the_reach(self, rings: int, strangers: bool) -> None:
        reach = Reach(rings_max=rings, open=strangers)
        self.attempt(set_reach, SetReach(request=self.request, viewer=self.mine, reach=reach))

    @rule(number=who, lends=st.booleans())
    def somebody_vouches(self, number: int, lends: bool) -> None:
        viewer = Viewer(person_id=self.people[number])
        self.attempt(vouch, Vouch(request=self.request, viewer=viewer, ring="1", lends=lends))

    @rule(number=who, ends=st.booleans())
    def the_owner_blocks_somebody(self, number: int, ends: bool) -> None:
        person = self.people[number]
        public_id = self.night.see(lambda tx: tx.people.by_ids([person])[person].public_id)
        self.attempt(unblock if ends else block, self.mine, public_id)

    @rule(disposition=st.sampled_from(list(Disposition)), luck=st.integers(0, 3))
    def the_owner_closes(self, disposition: Disposition, luck: int) -> None:
        if luck == 0 or disposition is Disposition.EXPIRED:  # most nights go on
            note = "thank you" if luck % 2 else None
            self.attempt(
                close_request, CloseRequest(request=self.request, viewer=self.mine, disposition=disposition, note=note)
            )

    # -- what the clock does -----------------------------------------------------------------------

    @rule()
    def whatever_is_due_is_done(self) -> None:
        self.night.settle()

    @rule(minutes=st.sampled_from([1, 5, 13, 31, 60 * 7]), done=st.booleans())
    def time_passes(self, minutes: int, done: bool) -> None:
        self.night.wait(timedelta(minutes=minutes))
        if done:
            self.night.settle()

    # -- what holds ----------------------------------------------------------------------------------

    @invariant()
    def seats_add_up(self) -> None:
        request, claims = self.night.request(self.id), self.night.claims(self.id)
        held = sum(claim.seats for claim in claims if claim.status in HOLDS_SEATS)
        assert request.quantity is not None
        assert request.seats_taken == held <= request.quantity
        if request.status not in FINAL:
            assert (request.status is RequestState.CLAIMED) is (held == request.quantity)
        waiting = [claim for claim in claims if claim.status is ClaimState.STANDBY]
        assert len(waiting) <= limits.STANDBY_MAX
        if request.status is RequestState.OPEN:
            assert all(claim.seats > request.quantity - held for claim in waiting)

    @invariant()
    def what_ended_stays_ended(self) -> None:
        request = self.night.request(self.id)
        if self.ended is not None:
            assert (request.status, request.disposition, request.closed_at, request.seats_taken) == self.ended
        elif request.over:
            self.ended = (request.status, request.disposition, request.closed_at, request.seats_taken)
            assert all(claim.status not in UNFINISHED for claim in self.night.claims(self.id))

    @invariant()
    def everybody_who_follows_sees_what_a_newcomer_sees(self) -> None:
        for follower in self.followers:
            follower.follow()
            assert follower.state == follower.fresh(), follower.role
        for inbox in self.inboxes:
            assert inbox.follow() == inbox.fresh()

    def teardown(self) -> None:
        if not hasattr(self, "first"):
            return
        self.night.settle()
        for late in self.first:
            late.follow()
            assert late.state == late.fresh(), late.role
        self._events_tell_a_story()
        type(self).left(self.night)

    def _events_tell_a_story(self) -> None:
        events = self.night.see(lambda tx: tx.journal.topic(request_topic(self.id), 0, 10_000)).events
        assert [event.off for event in events] == list(range(1, len(events) + 1))
        statuses = [event.body["status"] for event in events]
        ended: dict[str, int] = {}
        for index, event in enumerate(events):
            if event.kind == "covered":  # said once, by whatever took the last seat
                assert statuses[index - 1] == "claimed" != statuses[index - 2]
            if event.kind == "claim_ended":
                part: Any = event.body["claim"]
                ended[part["id"]] = ended.get(part["id"], 0) + 1
        assert set(ended.values()) <= {1}
        assert [event.kind for event in events].count("closed") == int(self.night.request(self.id).over)


def play(open_night: Callable[[], Night], left: Callable[[Night], None], examples: int) -> None:
    """Plays so many nights. A failure is not made smaller: thirty steps can be read, an hour can't be waited."""
    machine = type("Machine", (AnyNight,), {"open_night": staticmethod(open_night), "left": staticmethod(left)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
        ),
    )


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_whatever_happens_in_one_file_the_rules_hold(tmp_path: Path) -> None:
    empty, numbers = tmp_path / "empty", count()
    empty.mkdir()
    open_store(empty / "flare.db", clock=SteppedClock(START), ids=SystemIds(), secret=SECRET).close()

    def open_night() -> Night:
        folder = tmp_path / str(next(numbers))
        shutil.copytree(empty, folder)
        clock = SteppedClock(START)
        return Night(store=open_store(folder / "flare.db", clock=clock, ids=SystemIds(), secret=SECRET), clock=clock)

    play(open_night, lambda night: night.store.close(), 150)


@pytest.mark.engines
@pytest.mark.slow
@pytest.mark.timeout(180)
def test_whatever_happens_in_a_shared_database_the_rules_hold(postgres_store: SqlStore) -> None:
    play(lambda: Night(store=postgres_store, clock=None), lambda night: None, 8)
