"""kill -9 of the bridge in every state of a job, at several moments each, then a plain restart."""

from __future__ import annotations

import random
import time

import pytest

from tests.acceptance.program import Studio, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.mark.parametrize("moment", range(2))
@pytest.mark.parametrize("state", ["queued", "separating", "normalising", "delivering"])
def test_killed_in_any_state_it_delivers_once_after_a_restart(studio: Studio, state: str, moment: int) -> None:
    dice = random.Random(f"{state} {moment}")
    # The second bounce waits its turn while the first is worked on.
    bounces = [studio.bounce(f"Song {number}.wav", seconds=1.0 + moment, seed=number) for number in range(2)]
    window_s = 0.02 if state == "delivering" else 0.5
    with studio.up() as bridge:
        wait_for(f"a job to be {state}", lambda: state in studio.states() and len(studio.states()) == 2, pause_s=0.001)
        time.sleep(moment * dice.uniform(0.0, window_s))
        bridge.kill()
    studio.assert_nothing_half()
    studio.up_until_final(2)
    studio.assert_delivered(*bounces)


@pytest.mark.parametrize("seed", range(2))
def test_killed_again_and_again_at_any_moment_it_delivers_once(studio: Studio, seed: int) -> None:
    dice = random.Random(seed)
    bounces = [studio.bounce(f"Song {number}.wav", seconds=1.0, seed=number) for number in range(2)]
    for _ in range(4):
        with studio.up() as bridge:
            time.sleep(dice.uniform(0.0, 1.5))
            bridge.kill()
        studio.assert_nothing_half()
    studio.up_until_final(2)
    studio.assert_delivered(*bounces)
