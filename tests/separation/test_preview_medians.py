"""Running medians over spread taps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.separation.preview import medians


@settings(max_examples=40, deadline=None)
@given(rows=st.integers(1, 30), bins=st.integers(40, 60), apart=st.integers(1, 4), seed=st.integers(0, 99))
def test_both_medians_are_what_a_sort_gives(rows: int, bins: int, apart: int, seed: int) -> None:
    cells = np.random.default_rng(seed).random((rows, bins)).astype(np.float32)
    reach = medians.TAPS // 2 * apart
    taps = range(-reach, reach + 1, apart)
    in_time = [cells[np.clip(np.arange(rows) + tap, 0, rows - 1)] for tap in taps]
    np.testing.assert_array_equal(medians.along_time(cells, apart), np.median(in_time, axis=0))
    mirrored = np.pad(cells, ((0, 0), (reach, reach)), mode="reflect")
    in_frequency = [mirrored[:, reach + tap :][:, :bins] for tap in taps]
    np.testing.assert_array_equal(medians.along_frequency(cells, apart), np.median(in_frequency, axis=0))


@pytest.mark.parametrize(("span", "unit", "apart"), [(0.4, 0.0232, 2), (0.01, 0.0232, 1), (1200, 43.07, 3)])
def test_the_taps_span_what_was_asked(span: float, unit: float, apart: int) -> None:
    assert medians.spacing(span, unit) == apart
