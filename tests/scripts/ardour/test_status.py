"""What the Ardour scripts read of the bridge's status file, and where they ask by it."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from tests.scripts.ardour.ardour_hook import Said
from tests.scripts.ardour.ardour_parts import Parts

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the scripts for Ardour are for Linux and macOS")


@pytest.fixture
def parts() -> Parts:
    return Parts()


def settings(parts: Parts, **parameters: str) -> tuple[str, str]:
    found = parts.bridge.settings(parts.lua.table_from(parameters))
    return found.stems, found.bridge


def test_without_a_bridge_the_defaults_hold(parts: Parts) -> None:
    home = os.environ["HOME"]
    assert parts.status.read() is None
    assert settings(parts) == (f"{home}/Music/Stembridge/Stems", "osc.udp://127.0.0.1:9123")


@pytest.mark.parametrize(
    ("host", "written"),
    [
        ("10.0.0.7", "10.0.0.7"),
        ("localhost", "localhost"),
        ("0.0.0.0", "127.0.0.1"),
        ("::", "127.0.0.1"),
        ("::1", "[::1]"),
    ],
)
def test_what_is_not_typed_is_what_the_bridge_says(parts: Parts, said: Said, host: str, written: str) -> None:
    said.say(stems="/Volumes/Große Platte/Stems", osc={"host": host, "port": 9555})
    assert settings(parts, stems="", bridge="") == ("/Volumes/Große Platte/Stems", f"osc.udp://{written}:9555")
    said.say(stems="/elsewhere", osc=None)
    assert settings(parts) == ("/elsewhere", "osc.udp://127.0.0.1:9123"), "read again when it has changed"


def test_what_the_musician_typed_wins(parts: Parts, said: Said) -> None:
    said.say(osc={"host": "127.0.0.1", "port": 9555})
    typed = settings(parts, stems="~/Stems", bridge="osc.tcp://10.0.0.7:9123")
    assert typed == (f"{os.environ['HOME']}/Stems", "osc.tcp://10.0.0.7:9123")


def test_the_file_lies_where_the_system_keeps_state(parts: Parts, said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    mac = Said(Path(os.environ["HOME"]) / "Library" / "Application Support")
    mac.say(pid=1)
    assert parts.status.read().pid == 1
    said.say(pid=2)
    assert parts.status.read().pid == 2
    set_by_the_system = Said(said.path.parents[1] / "set")
    set_by_the_system.say(pid=3)
    monkeypatch.setenv("XDG_STATE_HOME", str(said.path.parents[1] / "set"))
    assert parts.status.read().pid == 3


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"status"', '{"schema": 2, "running": true}', "\0"])
def test_a_file_that_cannot_be_read_is_none(parts: Parts, said: Said, text: str) -> None:
    said.say()
    assert parts.status.read() is not None
    said.path.write_text(text, "utf-8")
    assert parts.status.read() is None


@pytest.mark.parametrize("name", ["version", "pid", "running", "updated", "stems", "osc", "paused", "jobs", "refused"])
@pytest.mark.parametrize("value", [None, "", "text", 1.5, [], [7], [{"bounce": 7}], {"host": 7}])
def test_a_field_of_another_kind_harms_no_other(parts: Parts, said: Said, name: str, value: Any) -> None:
    said.job(Path("/a.wav"), "separating", error=value, folder=value)
    said.refusal(Path("/b.wav"))
    said.say(**{name: value})
    found = parts.status.read()
    assert found.running == (name != "running")
    assert isinstance(found.pid, int)
    assert len(found.jobs) == (name != "jobs")
    assert len(found.refused) == (name != "refused")
    assert all(settings(parts))


def test_a_bridge_that_was_killed_is_not_there(parts: Parts, said: Said) -> None:
    said.say()
    assert parts.status.runs(parts.status.read())
    said.say(pid=2**22 + 1)
    assert not parts.status.runs(parts.status.read()), "no system gives such a number to a process"
    said.say(pid=os.getpid(), running=False)
    assert not parts.status.runs(parts.status.read())


def test_a_long_file_that_says_nothing_new_costs_no_more_than_reading_it(parts: Parts, said: Said) -> None:
    said.job(Path("/a.wav"), "separating")
    said.say(jobs=said.row["jobs"] * 30)
    first = parts.status.read()
    assert first is not None
    decoded: list[str] = []
    parts.json["decode"] = decoded.append
    assert parts.status.read() is not None
    assert decoded == []
    said.say(updated=int(time.time()) + 1)
    parts.status.read()
    assert len(decoded) == 1
