"""The bytes of the live stream: what is written together comes apart as it went in."""

import hypothesis.strategies as st
from hypothesis import example, given

from web.live.frames import payloads, text_frame


@given(st.lists(st.binary(max_size=300), max_size=5))
@example([b"", b"a" * 125, b"b" * 126, b"c" * 65_535, b"d" * 65_536])
def test_frames_written_in_one_go_are_read_one_by_one(said: list[bytes]) -> None:
    assert list(payloads(b"".join(map(text_frame, said)))) == said
