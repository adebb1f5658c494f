from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

import pytest

from bridge.config import folders
from bridge.daemon import status
from bridge.delivery import bridge_status
from bridge.delivery.bridge_status import NOWHERE, BridgeStatus, Peer, look, state_folder
from bridge.jobs.folder import StateFolder

FILE = Path("stembridge") / bridge_status.STATUS


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    (tmp_path / FILE).parent.mkdir()
    return tmp_path


def say(state: Path, **more: object) -> None:
    row = {"schema": 1, "inbox": str(state / "In"), "stems": str(state / "Out"), "osc": {"host": "10.0.0.7", "port": 1}}
    (state / FILE).write_text(json.dumps({**row, "field_of_the_future": [1], **more}), "utf-8")


@pytest.mark.skipif(sys.platform == "win32", reason="there the system is asked, not the environment")
@pytest.mark.parametrize("named", [None, "", "relative", "/somewhere/else"])
def test_the_state_folder_is_the_bridges_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, named: str | None
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    if named is not None:
        monkeypatch.setenv("XDG_STATE_HOME", named)
    assert state_folder() == folders.default_state()
    assert StateFolder(state_folder()).status == state_folder() / bridge_status.STATUS


def test_what_the_bridge_says_is_read_and_the_rest_passed_over(state: Path) -> None:
    say(state)
    assert look() == BridgeStatus(state / "In", state / "Out", Peer("10.0.0.7", 1))
    say(state, osc=None, inbox="not absolute", stems=7)
    assert look() == NOWHERE


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "::1", "studio.local", "", None, 7])
def test_who_listens_everywhere_or_by_a_name_is_asked_on_this_machine(state: Path, host: object) -> None:
    say(state, osc={"host": host, "port": 9200})
    assert look().osc == Peer("127.0.0.1", 9200)


@pytest.mark.parametrize("port", [0, 65_536, "9123", None, 1.5])
def test_a_port_that_is_none_is_passed_over(state: Path, port: object) -> None:
    say(state, osc={"host": "127.0.0.1", "port": port})
    assert look().osc is None


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b"[" * 100_000, b"\xff", b'{"schema": 2}', b"{}"])
def test_a_file_that_cannot_be_followed_leaves_what_was_known_before(state: Path, content: bytes | None) -> None:
    say(state)
    known = look()
    (state / FILE).unlink()
    if content is not None:
        (state / FILE).write_bytes(content)
    assert look() == NOWHERE
    assert look(known) == known


def test_it_is_written_for_the_schema_and_the_python_that_importers_have() -> None:
    assert bridge_status.SCHEMA == status.SCHEMA
    tree = ast.parse(Path(str(bridge_status.__file__)).read_text("utf-8"), feature_version=(3, 7))
    names = [name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names]
    names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names
