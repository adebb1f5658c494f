from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.acceptance.program import Studio


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    if sys.platform == "win32":
        pytest.skip("signals, sessions and strace: what these tests do to a process is POSIX")
    return Studio(tmp_path / "studio")
