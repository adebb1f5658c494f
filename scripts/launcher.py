"""The command `stembridge` of the virtual environment: our package stays where it is, and a path file finds it.

So no build tool is needed, and nothing is downloaded but the locked packages. Standard library only.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

# The first two lines are a shell script to a shell and a string to Python: unlike "#!", that takes a path with spaces.
_SCRIPT = """\
#!/bin/sh
'''exec' "$(dirname "$(readlink -f "$0")")/python" "$0" "$@"
' '''
import sys

from bridge.cli.main import run

if __name__ == "__main__":
    sys.exit(run())
"""
_BATCH = '@"%~dp0python.exe" "%~dp0stembridge" %*\r\n'
_MODE = 0o755


def command(python: Path) -> list[str]:
    """Return the command that starts Stembridge."""
    return [str(python), str(_script(python))]


def write(python: Path, root: Path, site: Path) -> None:
    """Make the package in `root` importable and the command callable."""
    # Relative, so that it is ASCII whatever the folder is called: Python reads path files in the locale's encoding.
    (site / "stembridge.pth").write_text(os.path.relpath(root, site) + "\n", encoding="ascii")
    for file, text in _files(python).items():
        file.write_text(text, encoding="ascii", newline="")
        file.chmod(_MODE)


def is_written(python: Path) -> bool:
    """Does the command read as this version would write it?"""
    try:
        return all(file.read_bytes() == text.encode("ascii") for file, text in _files(python).items())
    except OSError:
        return False


def _files(python: Path) -> dict[Path, str]:
    files = {_script(python): _SCRIPT}
    if sys.platform == "win32":
        files[python.parent / "stembridge.cmd"] = _BATCH
    return files


def _script(python: Path) -> Path:
    return python.parent / "stembridge"
