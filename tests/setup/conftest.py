from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PROGRAM = """\
import json, os, sys
import tinydep

def run():
    print(json.dumps({"pid": os.getpid(), "arguments": sys.argv[1:], "tinydep": tinydep.VERSION, "prefix": sys.prefix}))
    return 7
"""
TOOL = """\
import os, sys
print("{name} was given", sys.argv[1:])
sys.exit(int(os.environ.get("{name}_EXIT".upper(), "0")))
"""


@dataclass(frozen=True)
class Wheelhouse:
    """A folder of small real wheels, in the place of the package index."""

    folder: Path

    def add(self, name: str, version: str, files: dict[str, str]) -> str:
        """Build a wheel; return its line for a lock file."""
        info = f"{name}-{version}.dist-info"
        texts = {
            **files,
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        rows = [f"{path},sha256={_digest(text)},{len(text.encode())}" for path, text in texts.items()]
        texts[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,"]) + "\n"
        wheel = self.folder / f"{name}-{version}-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            for path, text in texts.items():
                archive.writestr(zipfile.ZipInfo(path), text)  # undated, so that the same files are the same wheel
        return f"{name}=={version} \\\n    --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


@dataclass
class Clone:
    """A repository with our real scripts, a tiny program and tiny locks, on a machine with an empty home."""

    root: Path
    wheels: Wheelhouse
    environ: dict[str, str]

    def tiny(self, version: str) -> None:
        """Let the lock name this version of the one dependency."""
        line = self.wheels.add("tinydep", version, {"tinydep/__init__.py": f"VERSION = {version!r}\n"})
        (self.root / "scripts" / "locks" / "runtime.txt").write_text(line)

    def start(self, script: str, *arguments: str, **environ: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, str(self.root / "scripts" / script), *arguments],
            env={**self.environ, **environ},
            cwd=self.root.parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def run(self, script: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        process = self.start(script, *arguments, **environ)
        output, errors = process.communicate(timeout=100)
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)

    @property
    def python(self) -> Path:
        return self.root / ".venv" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")

    @property
    def installed(self) -> Path:
        return next((self.root / ".venv").glob("[Ll]ib/**/tinydep/__init__.py"))


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """Give a fresh clone in a folder with a space and an accent in its name, nothing set up yet."""
    base = tmp_path_factory.mktemp("machine")
    root = base / "my clone é"
    shutil.copytree(ROOT / "scripts", root / "scripts", ignore=shutil.ignore_patterns("bench", "locks", "__pycache__"))
    (root / "scripts" / "locks").mkdir()
    (root / "bridge" / "cli").mkdir(parents=True)
    (root / "bridge" / "__init__.py").touch()
    (root / "bridge" / "cli" / "__init__.py").touch()
    (root / "bridge" / "cli" / "main.py").write_text(PROGRAM)
    for folder in ("wheels", "home"):
        (base / folder).mkdir()
    wheels = Wheelhouse(base / "wheels")
    tools = [
        wheels.add(name, "1.0", {f"{name}/__main__.py": TOOL.format(name=name)}) for name in ("ruff", "mypy", "pytest")
    ]
    (root / "scripts" / "locks" / "test.txt").write_text("".join(tools))
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON", "COV_"))}
    home = {name: str(base / "home") for name in ("HOME", "USERPROFILE")}
    pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels.folder), "PIP_CONFIG_FILE": os.devnull}
    made = Clone(root, wheels, {**kept, **home, **pip, "PYTHONIOENCODING": "utf-8"})
    made.tiny("1.0")
    return made
