"""Progress and refusals where there is no line: the bridge says them in its status file."""

from __future__ import annotations

import time

import pytest

from tests.scripts.reaper.conftest import RATE, Studio
from tests.scripts.reaper.reaper_musician import Musician

REFUSAL = {"code": "preset.unknown", "message": "There is no preset x.", "advice": "Choose another one."}


@pytest.fixture
def musician(studio: Studio) -> Musician:
    """A bounce is on its way."""
    studio.reaper.front.path = "/songs/Night Drive.RPP"
    studio.reaper.front.selection = (1.0, 2.5)
    musician = Musician(studio)
    musician.click("Bounce and separate")
    return musician


def job(studio: Studio, **more: object) -> dict[str, object]:
    """A row of the status file, as the bridge writes it."""
    bounce, now = str(studio.inbox / "Night Drive.wav"), int(time.time())
    return {
        "job": "j1", "song": "Night Drive", "bounce": bounce, "changed": now, "folder": None, "error": None,
        "state": "separating", "progress": 0.42, "step": "separating into 4", **more,
    }  # fmt: skip


def say(studio: Studio, *jobs: dict[str, object], **more: object) -> None:
    studio.say(jobs=list(jobs), **more)
    studio.reaper.tick(1, seconds=1.1)


def test_a_job_tells_its_progress(studio: Studio, musician: Musician) -> None:
    assert musician.sees("Night Drive: waiting for the stems")
    say(studio, job(studio, step="", state="queued"))
    assert musician.sees("Night Drive: queued")
    say(studio, job(studio))
    assert musician.sees("Night Drive: separating into 4")


def test_a_failure_says_what_to_do_and_can_be_dismissed(studio: Studio, musician: Musician) -> None:
    say(studio, job(studio, state="failed", error=REFUSAL))
    assert musician.sees("Night Drive: There is no preset x. Choose another one.")
    musician.click("Dismiss")
    assert musician.requests() == []


def test_what_was_refused_is_said_until_there_is_a_job(studio: Studio, musician: Musician) -> None:
    path, now = str(studio.inbox / "Night Drive.wav"), int(time.time())
    say(studio, refused=[{"path": path, "at": now - 600, **REFUSAL}, {"path": "/other.wav", "at": now, **REFUSAL}])
    assert musician.sees("Night Drive: waiting for the stems")
    say(studio, refused=[{"path": path, "at": now, **REFUSAL}])
    assert musician.sees("Night Drive: There is no preset x. Choose another one.")
    say(studio, job(studio), refused=[{"path": path, "at": now, **REFUSAL}])
    assert musician.sees("Night Drive: separating into 4")


def test_other_bounces_and_the_take_before_are_not_meant(studio: Studio, musician: Musician) -> None:
    earlier = job(studio, job="j0", changed=int(time.time()) - 600, step="of the take before")
    say(studio, earlier, job(studio, bounce="/elsewhere/Night Drive.wav"))
    assert musician.sees("Night Drive: waiting for the stems")
    say(studio, earlier, job(studio, step="of the take between"), job(studio, job="j2"))
    assert musician.sees("Night Drive: separating into 4")


def test_stems_in_a_folder_that_nobody_would_guess_are_found(studio: Studio, musician: Musician) -> None:
    folder = studio.deliver(song="Renamed", bounce="Night Drive.wav", time_reference=RATE)
    say(studio, job(studio, state="delivered", folder=str(folder)))
    studio.reaper.tick(3, seconds=2.0)
    assert len(studio.reaper.front.tracks) == 5
    assert musician.requests() == []


def test_a_job_of_before_a_restart_is_known_though_the_line_never_heard_of_it(studio: Studio) -> None:
    studio.wait_for(job="j1")
    studio.say(jobs=[job(studio, bounce="/anything.wav", changed=0)])
    assert Musician(studio).sees("Night Drive: separating into 4")
