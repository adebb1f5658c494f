from __future__ import annotations

import contextlib
import json
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import soundfile

from bridge import __version__
from bridge.config.load import load
from bridge.daemon.daemon import Daemon
from bridge.osc import addresses
from bridge.osc.options import Endpoint
from tests.osc.oscdesk import PATIENCE_S, UdpClient, wait_for

Status = dict[str, Any]


class Studio:
    """A bridge, what it is asked by OSC, and its status file as a script sees it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.config = root / "config.toml"
        self.config.write_text(
            "[inbox]\nfolder = 'Inbox'\nsettle_s = 0.1\n[output]\nfolder = 'Stems'\n[state]\nfolder = 'State'\n"
            "[osc]\nport = 0\n[presets.Vocals]\nmodel = 350\n"
        )

    @property
    def file(self) -> Path:
        return self.root / "State" / "status.json"

    def daemon(self) -> Daemon:
        return Daemon(load(self.config, {}))

    def status(self) -> Status:
        read: Status = json.loads(self.file.read_text("utf-8"))
        return read

    def wait(self, what: Callable[[Status], bool]) -> Status:
        end = time.monotonic() + PATIENCE_S
        while not what(status := self.status()):
            assert time.monotonic() < end, status
            time.sleep(0.02)
        return status

    def bounce(self, name: str) -> Path:
        path = self.root / "Inbox" / name
        soundfile.write(path, [[0.1, -0.1]] * 4800, 48000, subtype="PCM_16")
        return path


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


def ask(daemon: Daemon, address: str, *words: str) -> None:
    at = daemon.osc.endpoint
    assert at is not None
    with contextlib.closing(UdpClient(at.port)) as client:
        client.ask(address, *words)


def test_it_says_where_the_bridge_is_and_when_it_has_stopped(studio: Studio) -> None:
    with studio.daemon() as daemon:
        status = studio.status()
        assert Endpoint(**status["osc"]) == daemon.osc.endpoint
        assert (status["schema"], status["version"], status["running"]) == (1, __version__, True)
        assert (status["inbox"], status["stems"]) == (str(studio.root / "Inbox"), str(studio.root / "Stems"))
        assert status["presets"] == ["Vocals"]
        assert (status["jobs"], status["refused"], status["paused"]) == ([], [], False)
    last = studio.status()
    assert last == {**status, "running": False, "updated": last["updated"]}
    assert not list(studio.file.parent.glob("*.part"))


@pytest.mark.slow
def test_a_job_can_be_followed_in_it_from_the_asking_to_the_folder(studio: Studio) -> None:
    with studio.daemon() as daemon:
        path = studio.bounce("Night – Drive.wav")
        ask(daemon, addresses.SEPARATE, str(path))
        status = studio.wait(lambda status: status["jobs"] and status["jobs"][0]["state"] == "delivered")
    [job] = status["jobs"]
    assert (job["song"], job["bounce"], job["error"]) == ("Night – Drive", str(path), None)
    assert Path(job["folder"], "stems.json").exists()
    assert job["progress"] == 1
    assert job["changed"] <= status["updated"]


def test_what_was_refused_is_told_with_the_way_out(studio: Studio) -> None:
    with studio.daemon() as daemon:
        elsewhere = studio.root / "elsewhere.wav"
        elsewhere.write_bytes(b"RIFF")
        ask(daemon, addresses.SEPARATE, str(elsewhere))
        [refused] = studio.wait(lambda status: bool(status["refused"]))["refused"]
    assert refused["path"] == str(elsewhere)
    assert "[osc] folders" in refused["advice"]
    assert refused["code"]
    assert refused["message"]


def test_a_pause_shows(studio: Studio) -> None:
    with studio.daemon() as daemon:
        ask(daemon, addresses.PAUSE)
        studio.wait(lambda status: bool(status["paused"]))


def test_a_file_that_cannot_be_written_is_told_once_and_written_when_it_can(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), studio.daemon() as daemon:
        studio.file.unlink()
        studio.file.mkdir()
        ask(daemon, addresses.PAUSE)
        told = "the status file cannot be written"
        wait_for(lambda: told in caplog.text)
        studio.file.rmdir()
        wait_for(studio.file.exists)
        assert studio.status()["paused"]
    assert caplog.text.count(told) == 1


def test_a_stop_does_not_need_it(studio: Studio) -> None:
    with studio.daemon():
        studio.file.unlink()
        studio.file.mkdir()
