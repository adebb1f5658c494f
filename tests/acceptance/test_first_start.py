"""A first start on an inbox that is not empty."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.acceptance.program import Studio, wait_for

pytestmark = pytest.mark.slow

DAY_S = 86_400


def age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_old_bounces_are_left_alone_and_told_and_what_is_saved_later_is_taken(studio: Studio) -> None:
    config = studio.root / "config.toml"
    config.write_text(config.read_text("utf-8").replace('existing = "take"\n', ""), "utf-8")
    old, new = studio.bounce("Old.wav", seed=1), studio.bounce("New.wav", seed=2)
    age(old.path, 3 * DAY_S)
    with studio.up() as bridge:
        studio.wait_until_final(1)
        told = bridge.finish(signal.SIGTERM)
    assert [job["song"] for job in studio.jobs()] == ["New"]
    assert "2 bounces were in the inbox already: 1 are taken, 1 are left alone" in told.stdout + told.stderr
    late = studio.bounce("Late.wav", seed=3)
    age(late.path, 3 * DAY_S)  # copied while the bridge was down, with its old time
    with studio.up() as bridge:
        wait_for("the late one", lambda: len(studio.takes()) == 2)
        bridge.finish(signal.SIGTERM)
    assert [job["song"] for job in studio.jobs()] == ["New", "Late"]
    assert studio.run("separate", str(old.path)).code == 0
    assert [job["song"] for job in studio.jobs()] == ["New", "Late", "Old"]
    new.assert_untouched()
