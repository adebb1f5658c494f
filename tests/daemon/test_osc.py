from __future__ import annotations

import logging
import socket
import threading
from pathlib import Path
from typing import cast

import pytest

from bridge import __version__
from bridge.config.load import load
from bridge.config.settings import Settings
from bridge.daemon.osc import OscDoor, osc_options
from bridge.osc.actions import Actions
from bridge.osc.options import Endpoint, OscOptions, Poke
from bridge.osc.ping import ping
from tests.osc.oscdesk import PATIENCE_S, wait_for
from tests.ports import free_port

NOBODY = cast(Actions, None)
"""Nothing is asked for here."""


def _settings(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "config.toml"
    path.write_text(text)
    return load(path, {})


def test_the_room_is_told_what_the_settings_say(tmp_path: Path) -> None:
    text = """
        [osc]
        host = "0.0.0.0"
        port = 9999
        tcp = false
        allow = ["10.0.0.0/24"]
        feedback = ["studio:9000", "[::1]:9001"]
        poke = ["127.0.0.1:8000 /action/str _RS12", "127.0.0.1:3819  /access_action  LuaAction/script-1 ", "a:1 /b"]
    """
    assert osc_options(_settings(tmp_path, text)) == OscOptions(
        host="0.0.0.0",
        port=9999,
        tcp=False,
        allow=("10.0.0.0/24",),
        feedback=(Endpoint("studio", 9000), Endpoint("::1", 9001)),
        pokes=(
            Poke(Endpoint("127.0.0.1", 8000), "/action/str", "_RS12"),
            Poke(Endpoint("127.0.0.1", 3819), "/access_action", "LuaAction/script-1"),
            Poke(Endpoint("a", 1), "/b"),
        ),
    )


def test_a_port_that_is_taken_closes_this_door_only_says_so_and_is_taken_when_it_is_free(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", port))
        door = OscDoor(_settings(tmp_path, f"[osc]\nport = {port}\n"), NOBODY, retry_s=0.01)
        with caplog.at_level(logging.WARNING), door:
            assert door.endpoint is None
            assert str(door.problem) in caplog.text
            assert "[osc] port" in caplog.text
            assert "bounces saved into the inbox are taken all the same" in caplog.text
            other.close()
            wait_for(lambda: door.endpoint == Endpoint("127.0.0.1", port))
            assert door.problem is None
            assert ping(Endpoint("127.0.0.1", port), PATIENCE_S) == __version__


def test_a_door_whose_port_never_becomes_free_closes_at_once(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        settings = _settings(tmp_path, f"[osc]\nport = {other.getsockname()[1]}\n")
        with OscDoor(settings, NOBODY, retry_s=3600.0):
            pass
    assert "osc-opening" not in [thread.name for thread in threading.enumerate()]
