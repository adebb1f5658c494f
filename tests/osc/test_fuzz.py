from __future__ import annotations

import pytest

from scripts.bench.osc_fuzz import fuzz


@pytest.mark.slow
def test_damaged_packets_bring_no_exception_and_take_no_memory() -> None:
    outcome = fuzz(50_000, seed=1, warm_up=25_000)
    assert outcome.packets == 50_000
    assert outcome.escaped == []
    assert outcome.caught == []
    assert outcome.memory_after - outcome.memory_before < 16 * 2**20
    assert {"osc.packet", "osc.pattern", "osc.type", "osc.address", "osc.arguments", "osc.outgoing"} <= set(
        outcome.errors
    )
