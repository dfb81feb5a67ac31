"""The drawings: whatever is written in them can be read."""

import re
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from dispatch.stories.pictures import LETTER, LINE, WIDE, Chart

spots = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.sampled_from(["paced", "waves-500+sb"])), max_size=12)


def boxes(drawing: str) -> list[tuple[float, float, float]]:
    """(left, right, baseline) of each word beside a dot."""
    found = []
    for end, x, y, says in re.findall(r'<text class="axis( end)? halo" x="([\d.-]+)" y="([\d.-]+)">([^<]+)<', drawing):
        wide = LETTER * len(says)
        left = float(x) - wide if end else float(x)
        found.append((left, left + wide, float(y)))
    return found


@given(spots)
def test_no_word_beside_a_dot_lies_on_another_or_leaves_the_drawing(marks: list[tuple[float, float, str]]) -> None:
    chart = Chart("a chart", (0, 1), (0, 1), ("across", "up"))
    for at, value, says in marks:
        chart.word(at, value, says)
    words = boxes(chart.done())
    assert bool(words) == bool(marks)
    assert all(left >= 0 and right <= WIDE for left, right, _ in words)
    for (left, right, y), (start, end, line) in combinations(words, 2):
        assert right < start + 0.1 or end < left + 0.1 or abs(y - line) >= LINE
