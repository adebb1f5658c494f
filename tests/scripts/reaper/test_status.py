"""What the scripts make of the bridge's status file, and how they follow it."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.daemon import status
from tests.scripts.reaper.conftest import Studio


def said(studio: Studio) -> Any:
    return studio.part("settings").bridge()


def test_the_scripts_know_the_schema_that_the_bridge_writes(studio: Studio) -> None:
    studio.say(schema=status.SCHEMA, presets=["vocals"])
    assert list(said(studio).presets.values()) == ["vocals"]


def test_without_a_file_the_defaults_are_the_bridges(studio: Studio) -> None:
    found = said(studio)
    assert (found.inbox, found.output) == (str(studio.inbox), str(studio.output))
    assert (found.host, found.port, found.has_stopped, found.is_paused) == ("127.0.0.1", 9123, False, False)
    assert not [*found.presets, *found.jobs, *found.refused]


def test_a_file_that_lacks_something_or_has_it_wrong_leaves_the_rest(studio: Studio) -> None:
    studio.say(
        inbox="relative", stems="/srv/Stücke", presets=["a", 7, "", "b"], osc=None, jobs=[{"job": "j1"}, 7, {}],
        refused=[{"path": "/x.wav", "at": 1, "message": "No."}, {"path": "/y.wav"}, []], of_the_future=[{}],
    )  # fmt: skip
    found = said(studio)
    assert (found.inbox, found.output, found.port) == (str(studio.inbox), "/srv/Stücke", 9123)
    assert list(found.presets.values()) == ["a", "b"]
    [job] = found.jobs.values()
    assert (job.id, job.bounce, job.folder, job.error, job.progress) == ("j1", "", "", "", 0)
    [refused] = found.refused.values()
    assert (refused.path, refused.error) == ("/x.wav", "No.")


@pytest.mark.parametrize(
    ("host", "to"),
    [("0.0.0.0", "127.0.0.1"), ("::", "127.0.0.1"), ("studio.local", "127.0.0.1"), ("10.0.0.7", "10.0.0.7")],
)
def test_who_listens_everywhere_or_by_a_name_is_asked_on_this_machine(studio: Studio, host: str, to: str) -> None:
    studio.say(osc={"host": host, "port": 9200})
    assert (said(studio).host, said(studio).port) == (to, 9200)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff", b'{"schema": 2}', None])
def test_a_file_that_cannot_be_followed_leaves_what_it_said_before(studio: Studio, content: bytes | None) -> None:
    studio.say(inbox="/bounces")
    settings: Any = studio.part("settings")
    assert settings.get("inbox") == "/bounces"
    if content is None:
        (studio.state / "status.json").unlink()
    else:
        (studio.state / "status.json").write_bytes(content)
    studio.reaper.tick(1, seconds=2.0)
    assert settings.get("inbox") == "/bounces"
    assert studio.part("settings").get("inbox") == str(studio.inbox), "and a new script has the defaults"


def test_a_bridge_that_starts_later_or_anew_is_followed_within_a_second(studio: Studio) -> None:
    settings: Any = studio.part("settings")
    assert settings.get("output") == str(studio.output)
    for port in (9200, 9201):
        studio.say(stems=f"/stems/{port}", osc={"host": "127.0.0.1", "port": port})
        studio.reaper.tick(1, seconds=1.1)
        assert (settings.get("output"), settings.bridge().port) == (f"/stems/{port}", port)


def test_the_musicians_own_folders_count_first_and_the_file_may_be_elsewhere(studio: Studio) -> None:
    studio.say(inbox="/bridges", stems="/bridges stems")
    settings: Any = studio.part("settings")
    settings.set("inbox", "/mine")
    assert (settings.get("inbox"), settings.get("output")) == ("/mine", "/bridges stems")
    (studio.state / "status.json").rename(studio.home / "status.json")
    settings = studio.part("settings")
    assert settings.get("output") == str(studio.output)
    settings.set("state", str(studio.home))
    assert settings.get("output") == "/bridges stems"
