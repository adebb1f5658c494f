"""A thousand bounces at once, while the bridge is stopped in the middle and let go on."""

from __future__ import annotations

import signal
import time

import pytest
import soundfile

from tests.acceptance.program import RATE, Studio, print_time, wait_for

pytestmark = pytest.mark.timeout(400)

COUNT = 1000


def save(studio: Studio, numbers: range) -> None:
    """Save tiny bounces, no two of them alike."""
    for number in numbers:
        samples = [((number >> bit) & 1) * 0.5 for bit in range(16)]
        soundfile.write(studio.inbox / f"Song {number:04d}.wav", samples, RATE, subtype="PCM_16")


@pytest.mark.slow
def test_of_a_thousand_bounces_in_a_burst_each_is_accepted_once(studio: Studio) -> None:
    with studio.up() as bridge:
        save(studio, range(300))
        wait_for("the first bounces to be accepted", studio.states)
        bridge.process.send_signal(signal.SIGSTOP)
        save(studio, range(300, 900))
        time.sleep(0.5)
        bridge.process.send_signal(signal.SIGCONT)
        began = time.monotonic()
        save(studio, range(900, COUNT))
        wait_for("all bounces to be accepted", lambda: len(studio.states()) >= COUNT, pause_s=0.2)
        print_time(f"from SIGCONT to {COUNT} bounces accepted", time.monotonic() - began)
        # Whatever would be taken twice shows at the latest in the next two scans.
        time.sleep(4.5)
        finished = bridge.finish(signal.SIGTERM)
    assert finished.code == 0
    jobs = studio.query("SELECT source, sha256, state FROM jobs")
    assert len(jobs) == len({source for source, _, _ in jobs}) == len({sha256 for _, sha256, _ in jobs}) == COUNT
    assert not [state for _, _, state in jobs if state in {"failed", "cancelled"}]
    studio.assert_nothing_half()
    unfinished = [job for job in jobs if job[2] != "delivered"]
    assert len(list((studio.state / "spool").iterdir())) == len(unfinished)
