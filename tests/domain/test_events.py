"""Folding: what every client does with an event, so that what it does is tested here."""

from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain import limits
from dispatch.domain.events import EventKind, InboxKind, fold, inbox_topic, merged, request_topic

items = st.fixed_dictionaries({"id": st.sampled_from(list("abcdef")), "v": st.integers(0, 3)})
lists = st.lists(items, max_size=8)


@given(lists, lists)
def test_merging_keeps_one_of_each_id_and_the_newest_wins(held: list[dict], changed: list[dict]) -> None:
    result = merged(held, changed)
    ids = [item["id"] for item in result]  # type: ignore[index]
    assert ids == list(dict.fromkeys(item["id"] for item in [*held, *changed]))
    last = {item["id"]: item for item in [*held, *changed]}
    assert result == [last[one] for one in ids]


@given(lists, lists)
def test_applying_the_same_change_twice_is_applying_it_once(held: list[dict], changed: list[dict]) -> None:
    once = merged(held, changed)
    assert merged(once, changed) == once


@given(st.none() | st.text() | st.integers(), lists)
def test_a_missing_list_is_an_empty_one(nothing: object, changed: list[dict]) -> None:
    assert merged(nothing, changed) == merged([], changed)


def test_a_claim_and_a_note_join_their_lists_and_the_rest_replaces() -> None:
    state: dict[str, object] = {"off": 3, "status": "open", "claims": [{"id": "a", "seats": 1}], "notes": []}
    after = fold(state, 4, {"status": "claimed", "claim": {"id": "b", "seats": 2}, "added": {"id": "n", "text": "hi"}})
    assert after == {
        "off": 4,
        "status": "claimed",
        "claims": [{"id": "a", "seats": 1}, {"id": "b", "seats": 2}],
        "notes": [{"id": "n", "text": "hi"}],
    }
    assert fold(after, 5, {"claims": [{"id": "a", "seats": 9}]})["claims"] == [
        {"id": "a", "seats": 9}, {"id": "b", "seats": 2},
    ]  # fmt: skip
    assert state["off"] == 3  # what was there is left alone


def test_an_alert_joins_the_inbox_or_replaces_itself_there() -> None:
    inbox: dict[str, object] = {"alerts": [{"id": "x", "answer": None}], "claims": []}
    after = fold(inbox, 2, {"alert": {"id": "y", "answer": None}})
    after = fold(after, 3, {"alert": {"id": "x", "answer": "declined"}})
    assert after == {
        "off": 3, "claims": [], "alerts": [{"id": "x", "answer": "declined"}, {"id": "y", "answer": None}],
    }  # fmt: skip


def test_as_many_notes_are_kept_as_a_fresh_page_shows() -> None:
    state: dict[str, object] = {}
    for number in range(limits.NOTES_SHOWN + 1):
        state = fold(state, number, {"added": {"id": number}})
    notes = state["notes"]
    assert isinstance(notes, list)
    assert [note["id"] for note in notes] == list(range(1, limits.NOTES_SHOWN + 1))


def test_an_emptied_body_still_moves_the_reader_on() -> None:
    assert fold({"off": 7, "status": "open"}, 8, {}) == {"off": 8, "status": "open"}


def test_the_kinds_of_events_are_those_of_the_contract() -> None:
    named = "posted wave_sent alert_seen claimed claim_stepped claim_ended covered reopened closed note_added"
    assert [kind.value for kind in EventKind] == named.split()
    assert not set(EventKind) & {kind.value for kind in InboxKind}


@given(st.integers(1), st.integers(1))
def test_two_topics_never_share_a_name(one: int, other: int) -> None:
    assert request_topic(one) != inbox_topic(other)
    assert (request_topic(one) == request_topic(other)) is (one == other)
