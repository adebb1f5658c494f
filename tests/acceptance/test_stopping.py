"""Stopping it, cancelling, and two of them at once."""

from __future__ import annotations

import json
import os
import signal
import time

import psutil
import pytest

from tests.acceptance.program import Running, Studio, print_time, wait_for

pytestmark = pytest.mark.timeout(400)

LONG_S = 150.0
"""A bounce that is separated for longer than any test here looks at it."""


def wait_for_separation(studio: Studio, running: Running) -> list[psutil.Process]:
    """Wait until a job is being separated for real; return the processes that do it."""
    wait_for(
        "a separation to be under way",
        lambda: [row for row in studio.query("SELECT step FROM jobs WHERE progress > 0.06") if "separating" in row[0]],
    )
    children = running.children()
    assert children
    return children


def gone(processes: list[psutil.Process]) -> bool:
    return not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in processes)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopped_in_the_middle_of_a_separation_it_goes_on_at_the_next_start(
    studio: Studio, number: signal.Signals
) -> None:
    bounce = studio.bounce("Long.wav", seconds=20.0)
    with studio.up() as bridge:
        wait_for_separation(studio, bridge)
        asked = time.monotonic()
        if number is signal.SIGINT:
            os.killpg(bridge.process.pid, number)  # as a terminal does: to all of them
            finished = bridge.finish()
        else:
            finished = bridge.finish(number)
        print_time(f"up stopped by {number.name} in the middle of a separation", time.monotonic() - asked)
    assert finished.code == 0
    assert "Traceback" not in finished.stderr
    assert studio.states() == ["separating"]
    assert studio.takes() == []
    studio.up_until_final()
    studio.assert_delivered(bounce)


@pytest.mark.slow
def test_cancelling_stops_a_running_separation_and_ends_its_process(studio: Studio) -> None:
    bounce = studio.bounce("Long.wav", seconds=LONG_S)
    with studio.up() as bridge:
        workers = wait_for_separation(studio, bridge)
        job = studio.jobs()[0]["job"]
        asked = time.monotonic()
        assert studio.run("cancel", job).code == 0
        wait_for("the job to be cancelled", lambda: studio.states() == ["cancelled"])
        print_time(
            "from the start of `cancel` to cancelled, the command's own start included", time.monotonic() - asked
        )
        wait_for("its process to be gone", lambda: gone(workers))
        print_time("... and to its process gone", time.monotonic() - asked)
        wait_for("its work to be cleared away", lambda: not list((studio.state / "work").iterdir()))
        assert bridge.finish(signal.SIGTERM).code == 0
    bounce.assert_untouched()
    assert studio.takes() == []
    assert not list(studio.output.rglob("*"))


@pytest.mark.slow
def test_ctrl_c_on_separate_cancels_its_job(studio: Studio) -> None:
    bounce = studio.bounce("Long.wav", seconds=LONG_S, to=studio.root)
    with studio.start("separate", str(bounce.path)) as separate:
        workers = wait_for_separation(studio, separate)
        os.killpg(separate.process.pid, signal.SIGINT)
        finished = separate.finish()
    assert finished.code == 130
    assert "Traceback" not in finished.stderr
    assert studio.states() == ["cancelled"]
    assert gone(workers)
    bounce.assert_untouched()


def test_a_second_bridge_on_one_state_folder_names_the_first_and_ends(studio: Studio) -> None:
    with studio.up() as first:
        second = studio.run("up")
        assert second.code == 1
        assert str(first.process.pid) in second.stderr
        assert "Traceback" not in second.stderr
        as_json = studio.run("doctor", "--json")
        assert json.loads(as_json.stdout)["ok"], as_json
        assert first.finish(signal.SIGTERM).code == 0
