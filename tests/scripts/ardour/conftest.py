from __future__ import annotations

from pathlib import Path

import pytest

from tests.scripts.ardour.ardour_hook import Said


@pytest.fixture(autouse=True)
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Said:
    """The status file of a home of its own, which is not there yet."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    return Said(home / ".local" / "state")
