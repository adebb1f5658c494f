"""The reference programs, in an environment of their own: it is made once, beside the tests' own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import filelock
import numpy as np
import pytest
from numpy.typing import NDArray

ROOT = Path(__file__).parents[2]
HOME = ROOT / ".venv-reference"
PYTHON = HOME / "venv" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
PACKAGES = ["torch==2.13.0", "demucs==4.1.0", "bs-roformer==0.3.10", "numpy", "safetensors", "soundfile"]

Reference = Callable[[str, Path, Path], NDArray[np.float32]]


@pytest.fixture(scope="session")
def reference_python() -> Path:
    """The Python that has the reference programs. 1.5 GB: only where CI, or a developer, asks for it."""
    if os.environ.get("CI", "").lower() not in ("1", "true") and not PYTHON.exists():
        pytest.skip("set CI=1 to have the reference programs installed (1.5 GB)")
    HOME.mkdir(exist_ok=True)
    with filelock.FileLock(HOME / "lock"):
        done = HOME / "installed"
        if not done.exists() or done.read_text() != "\n".join(PACKAGES):
            subprocess.run([sys.executable, "-m", "venv", "--clear", HOME / "venv"], check=True)
            _install()
            done.write_text("\n".join(PACKAGES))
    return PYTHON


@pytest.fixture
def reference(reference_python: Path) -> Reference:
    """Run a network of `reference.py` on a mix: weights come into a folder, the stems are returned."""

    def run(name: str, mix: Path, folder: Path) -> NDArray[np.float32]:
        script = Path(__file__).with_name("reference.py")
        command: list[str | Path] = [reference_python, "-W", "ignore", script, name, mix, folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        stems: NDArray[np.float32] = np.load(folder / "stems.npy")
        return stems

    return run


def _install() -> None:
    # torch first and alone: with the others, pip could take another build of it, with gigabytes for a GPU.
    for packages in (PACKAGES[:1], PACKAGES):
        subprocess.run([PYTHON, "-m", "pip", "install", "--quiet", *packages], check=True)
