from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bridge.separation.networks.overlap import OverlapAdd


@given(total=st.integers(1, 300), segment=st.integers(1, 60), seed=st.integers(0, 99), data=st.data())
def test_equal_segments_come_out_as_they_went_in(total: int, segment: int, seed: int, data: st.DataObject) -> None:
    stride = data.draw(st.integers(1, segment))
    chance = np.random.default_rng(seed)
    wave = chance.standard_normal((2, total)).astype(np.float32)
    weight = chance.uniform(0.1, 1.0, segment).astype(np.float32)
    adding, parts = OverlapAdd((2,), segment), []
    for start in range(0, total, stride):
        part = wave[:, start : start + segment]
        adding.add(start, part, weight[: part.shape[1]])
        parts.append(adding.take(min(start + stride, total)))
    assert np.allclose(np.concatenate(parts, axis=1), wave, atol=1e-5)


def test_what_no_weight_covers_is_silent() -> None:
    adding = OverlapAdd((1,), 4)
    adding.add(0, np.ones((1, 4), np.float32), np.array([0, 1, 1, 0], np.float32))
    assert adding.take(4).tolist() == [[0, 1, 1, 0]]
