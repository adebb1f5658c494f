"""docs/debugging.md quotes a real log: its lines still occur."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest

from tests.acceptance.program import Studio, wait_for

PAGE = Path(__file__).parents[2] / "docs" / "debugging.md"


def pattern(line: str) -> re.Pattern[str]:
    """Return what finds a quoted line, whatever its job, its numbers and its folder are."""
    escaped = re.escape(line.replace("p6w6j3te", "JOB").replace("3df7651cca8b", "HASH").replace("inbox/", "FOLDER"))
    escaped = re.sub(r"\d+(?:\\\.\d+)*", r"[\\d.]+", escaped)
    return re.compile(escaped.replace("JOB", r"\w+").replace("HASH", r"[0-9a-f]+").replace("FOLDER", r"\S*/"))


@pytest.mark.slow
def test_every_line_that_is_quoted_is_logged_for_a_bounce(studio: Studio) -> None:
    quoted = PAGE.read_text("utf-8").partition("```text\n")[2].partition("```")[0].splitlines()
    with (studio.root / "config.toml").open("a") as config:
        config.write('\n[separation]\nengine = "preview"\n')
    with studio.start("up", "--verbose") as running:
        wait_for("the bridge to be up", lambda: b"Ctrl-C stops it" in running.said() or running.over())
        studio.bounce("Song.wav")
        studio.wait_until_final()
        log = running.finish(signal.SIGTERM).stderr
    missing = [line for line in quoted if not pattern(line).search(log)]
    assert missing == []
