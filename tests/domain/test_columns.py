"""Columns of numbers."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dispatch.domain.columns import once_each


@given(st.lists(st.integers(-(2**31), 2**31 - 1) | st.integers(0, 5)))
def test_each_number_stands_once_and_they_rise(numbers: list[int]) -> None:
    column = np.array(numbers, dtype=np.int32)
    assert once_each(column).tolist() == sorted(set(numbers))
    assert once_each(column).dtype == column.dtype
    assert column.tolist() == numbers
