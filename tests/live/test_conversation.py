"""One websocket's side of the talk, without a websocket: every frame has an answer, and time ends what is silent."""

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain import limits
from web.live.conversation import Bye, Code, Conversation, Effect, Ping, Subscribe, Unsubscribe, Welcome


def talk(now: float = 0.0) -> Conversation:
    return Conversation(now, random.Random(1).uniform)


def greeted() -> Conversation:
    conversation = talk()
    assert say(conversation, f="hello", v=1) == (Welcome(),)
    return conversation


def say(conversation: Conversation, now: float = 0.0, **frame: Any) -> tuple[Effect, ...]:
    return conversation.received(json.dumps(frame), now)


def test_a_hello_is_welcomed_and_a_sub_is_followed() -> None:
    conversation = greeted()
    assert say(conversation, f="sub", id=7, topic="inbox") == (Subscribe(7, "inbox", None, None),)
    assert say(conversation, f="sub", id=7, topic="inbox", epoch="e", off=3) == (Subscribe(7, "inbox", "e", 3),)
    assert say(conversation, f="unsub", id=7) == (Unsubscribe(7),)


@pytest.mark.parametrize(
    "frame",
    [
        {"f": "sub", "id": 0, "topic": "inbox"},
        {"f": "sub", "id": -1, "topic": "inbox"},
        {"f": "sub", "id": "1", "topic": "inbox"},
        {"f": "sub", "id": True, "topic": "inbox"},
        {"f": "sub", "id": 2**31, "topic": "inbox"},
        {"f": "sub", "id": 2**53, "topic": "inbox"},
        {"f": "sub", "id": 1},
        {"f": "sub", "id": 1, "topic": 5},
        {"f": "sub", "id": 1, "topic": "inbox", "epoch": 5},
        {"f": "sub", "id": 1, "topic": "inbox", "epoch": "e", "off": -1},
        {"f": "sub", "id": 1, "topic": "inbox", "epoch": "e", "off": 1.5},
        {"f": "pong"},
        {"f": "unsub", "id": None},
        {"f": "hello", "v": 1},
        {"f": "claim", "id": 1},
        {"id": 1},
    ],
)
def test_a_frame_that_breaks_the_rules_ends_the_talk_for_good(frame: dict[str, Any]) -> None:
    conversation = greeted()
    assert say(conversation, **frame) == (Bye(Code.BAD_FRAME),)
    assert say(conversation, f="pong", n=1) == ()


@pytest.mark.parametrize(
    "message",
    [b"{}", "", "nonsense", "[]", "1", "null", "[" * 9 + "]" * 9, "[" * 16_000, "1" * 5_000, "{}" + "x" * 16_384],
)
def test_what_is_no_frame_at_all_ends_the_talk_for_good(message: str | bytes) -> None:
    assert greeted().received(message, 0.0) == (Bye(Code.BAD_FRAME),)


def test_brackets_inside_a_text_are_no_depth() -> None:
    assert say(greeted(), f="sub", id=1, topic="[" * 40 + '"{\\') != (Bye(Code.BAD_FRAME),)
    deep = '{"f":"pong","n":1,"x":' + "[" * 7 + "]" * 7 + "}"
    assert greeted().received(deep, 0.0) == ()
    assert greeted().received(deep.replace("[]", "[[]]"), 0.0) == (Bye(Code.BAD_FRAME),)


def test_the_first_frame_is_a_hello_of_this_version() -> None:
    assert say(talk(), f="sub", id=1, topic="inbox") == (Bye(Code.BAD_FRAME),)
    assert say(talk(), f="hello", v=2) == (Bye(Code.BAD_FRAME),)
    assert say(talk(), f="hello") == (Bye(Code.BAD_FRAME),)


def test_thirty_two_topics_may_be_followed_and_not_one_more() -> None:
    conversation = greeted()
    for number in range(1, limits.SUBS + 1):
        say(conversation, now=float(number), f="sub", id=number, topic="inbox")
    assert isinstance(say(conversation, now=50.0, f="sub", id=1, topic="inbox")[0], Subscribe)
    conversation.forget(3)
    assert isinstance(say(conversation, now=51.0, f="sub", id=99, topic="inbox")[0], Subscribe)
    assert say(conversation, now=52.0, f="sub", id=100, topic="inbox") == (Bye(Code.BAD_FRAME),)


def test_forty_frames_at_once_are_heard_and_the_next_is_too_many() -> None:
    conversation = greeted()
    for _ in range(limits.FRAMES_BURST - 1):
        assert say(conversation, f="pong", n=1) == ()
    assert say(conversation, f="pong", n=1) == (Bye(Code.FLOOD),)


def test_twenty_frames_a_second_may_go_on_for_ever() -> None:
    conversation = greeted()
    for number in range(2_000):
        assert say(conversation, now=number / limits.FRAMES_PER_S, f="pong", n=1) == ()


def test_whoever_says_no_hello_within_ten_seconds_is_sent_away() -> None:
    conversation = talk()
    assert conversation.due(9.9) == ()
    assert conversation.due(10.0) == (Bye(Code.SILENT),)


def test_a_ping_comes_within_twenty_seconds_and_wants_its_pong_within_ten() -> None:
    conversation = greeted()
    assert 16 <= conversation.next_at <= 19
    assert conversation.due(19.5) == (Ping(1),)
    say(conversation, now=20.0, f="pong", n=7)
    assert conversation.due(29.4) == ()
    assert conversation.due(29.5) == (Bye(Code.SILENT),)


def test_an_answered_ping_is_followed_by_the_next() -> None:
    conversation = greeted()
    last = 0.0
    for n in range(1, 50):
        now = conversation.next_at
        assert now - last <= limits.HEARTBEAT_S
        assert conversation.due(now) == (Ping(n),)
        say(conversation, now=now + 3, f="pong", n=n)
        last = now


def test_after_about_an_hour_it_is_time_to_come_again() -> None:
    conversation = greeted()
    assert conversation.due(0.89 * limits.MAX_AGE_S) != (Bye(Code.RENEW),)
    assert conversation.due(1.11 * limits.MAX_AGE_S) == (Bye(Code.RENEW),)
    assert conversation.over


names = st.sampled_from(["hello", "sub", "unsub", "pong", "ping", "ev", ""])
values = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.lists(st.integers(), max_size=3)
)
frames = st.fixed_dictionaries(
    {},
    optional={"f": st.one_of(names, values), **dict.fromkeys(("id", "v", "n", "topic", "epoch", "off", "x"), values)},
).map(json.dumps)
messages = st.one_of(frames, st.text(max_size=200), st.binary(max_size=200))


@given(st.lists(st.tuples(messages, st.floats(0, 100)), max_size=60), st.booleans())
def test_whatever_is_sent_the_answer_is_one_of_ours(script: list[tuple[str | bytes, float]], hello: bool) -> None:
    conversation = greeted() if hello else talk()
    now = 0.0
    for message, pause in script:
        now += pause
        for effect in (*conversation.received(message, now), *conversation.due(now)):
            assert isinstance(effect, Effect)
            if isinstance(effect, Bye):
                assert effect.code in Code
                assert conversation.over
