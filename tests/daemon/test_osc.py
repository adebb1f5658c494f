from __future__ import annotations

import logging
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import cast

import pytest

from bridge.config.load import load
from bridge.config.settings import Settings
from bridge.daemon.osc import open_room, osc_options
from bridge.osc.actions import Actions
from bridge.osc.options import Endpoint, OscOptions, Poke

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


def test_a_port_that_is_taken_closes_this_door_only_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other, ExitStack() as stack:
        other.bind(("127.0.0.1", 0))
        settings = _settings(tmp_path, f"[osc]\nport = {other.getsockname()[1]}\n")
        with caplog.at_level(logging.WARNING):
            assert open_room(settings, NOBODY, stack) is None
    assert "[osc] port" in caplog.text
    assert "Bounces saved into the inbox are taken all the same." in caplog.text
