"""Make the lock files from pyproject.toml: python3 scripts/lock.py [--upgrade]. Needs `uv`, and the package index.

Every pin carries the hashes of all its files, for every system and Python. Run it where no index but the ordinary one
is configured: hashes of somebody's own builds would be of no use to others.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = {"runtime.txt": [], "test.txt": ["--group", "test", "--constraints", "scripts/locks/runtime.txt"]}
HEADER = "# Made by scripts/lock.py from pyproject.toml. Do not edit.\n"
OPTIONS = [
    "--universal",
    "--python-version=3.11",
    "--generate-hashes",
    "--no-annotate",
    "--no-header",
    "--no-config",
    "--quiet",
]


def main(options: list[str]) -> int:
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    if uv is None:
        print("uv is missing: install it with `pip install uv`, then run this again.", file=sys.stderr)
        return 1
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "PIP_"))}
    for name, extra in LOCKS.items():
        lock = ROOT / "scripts" / "locks" / name
        command = [uv, "pip", "compile", "pyproject.toml", *OPTIONS, *extra, *options, "--output-file", str(lock)]
        done = subprocess.run(command, cwd=ROOT, env=environ, check=False)
        if done.returncode != 0:
            return done.returncode
        lock.write_text(HEADER + lock.read_text("utf-8"), encoding="utf-8", newline="\n")
        print(f"made scripts/locks/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
