"""The virtual environment of this repository: made, looked over, repaired. Standard library only.

A stamp, written last, lists every installed file with its size. No stamp, an unfinished mark, a Python that does not
start, or a file that is not as stamped: each is noticed at the next start and mended, by making everything anew
unless an installation on top is enough.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from scripts import launcher, locking
from scripts.process import SetupFailed, say

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "scripts" / "locks"
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")

_STAMP = VENV / "stembridge-stamp.json"
_UNFINISHED = VENV / "stembridge-unfinished"
_MUTEX = VENV / "stembridge-lock"
_ABOUT = (
    "import json, sys, sysconfig; print(json.dumps({'site': sysconfig.get_path('purelib'), 'prefix': sys.prefix,"
    " 'tag': sys.implementation.cache_tag + ' ' + sysconfig.get_platform()}))"
)
_WORDS_OF_PIP = 2_000
_ALWAYS_THERE = ("pip-", "setuptools-")


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with the environment, and what mends it."""

    line: str
    """What the user is told."""
    remedy: Literal["anew", "reinstall", "update"]


def prepare(locks: Sequence[str]) -> list[str]:
    """Make sure that everything in these lock files is installed; return the command that starts Stembridge.

    Raises `SetupFailed` with what to do about it.
    """
    if trouble(locks) is None:
        return launcher.command(PYTHON)
    _require_venv()
    if VENV.exists() and not VENV.is_dir():
        raise SetupFailed(f"{VENV} is in the way: move it elsewhere, then run this again.")
    VENV.mkdir(exist_ok=True)
    with locking.held(_MUTEX) as keeper:
        found = trouble(locks)
        if found is not None:
            _mend(found, locks, keeper)
    return launcher.command(PYTHON)


def trouble(locks: Sequence[str]) -> Trouble | None:
    """Look the environment over; None means that it can be used as it is."""
    if _UNFINISHED.exists():
        return Trouble("The last set-up was cut off. Making .venv anew.", "anew")
    if not (VENV / "pyvenv.cfg").exists() and not _STAMP.exists():
        return Trouble("Making a virtual environment in .venv.", "anew")
    about = _about()
    if about is None:
        return Trouble("The Python in .venv does not start any more. Making .venv anew.", "anew")
    stamp = _read_stamp()
    if stamp is None:
        return Trouble("There is a .venv that this script did not finish. Installing into it.", "reinstall")
    if stamp["about"] != about:
        return Trouble("The folder or its Python has changed. Making .venv anew.", "anew")
    if not _as_stamped(Path(about["site"]), stamp["files"]):
        return Trouble("Files in .venv are missing or changed. Making it anew.", "anew")
    if any(stamp["locks"].get(name) != _digest(name) for name in locks) or not launcher.is_written(PYTHON):
        return Trouble("The list of packages has changed. Bringing .venv up to date.", "update")
    return None


def _mend(found: Trouble, locks: Sequence[str], keeper: int) -> None:
    _UNFINISHED.touch()
    say(found.line)
    if found.remedy == "anew":
        _clear()
    if found.remedy == "anew" or not _has_pip():
        _make(keeper)
    try:
        _install(locks, keeper, ["--force-reinstall"] if found.remedy == "reinstall" else [])
    except SetupFailed:
        if found.remedy == "update":
            _UNFINISHED.unlink()  # there may be no network just now; the old stamp tells if anything was changed
        raise
    about = _about()
    if about is None:
        raise SetupFailed(f"The Python in {VENV} does not start. Delete that folder, then run this again.")
    site = Path(about["site"])
    if all(found.name.startswith(_ALWAYS_THERE) for found in site.glob("*.dist-info")):
        raise SetupFailed(
            f"pip put the packages elsewhere than into {VENV}: a pip.conf sets target, prefix or root. `pip config "
            "list` shows it. Take that line out, or set PIP_CONFIG_FILE to a file without it; then run this again."
        )
    launcher.write(PYTHON, ROOT, site)
    stamp = {"about": about, "locks": {name: _digest(name) for name in locks}, "files": _inventory(site)}
    _STAMP.write_text(json.dumps(stamp), encoding="utf-8")
    _UNFINISHED.unlink()
    say("The set-up is complete.")


def _require_venv() -> None:
    missing = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
    if missing:
        raise SetupFailed(
            f"this Python ({sys.executable}) comes without its module {' and '.join(missing)}. On Debian or Ubuntu "
            "install it with: sudo apt install python3-venv. Elsewhere take a Python from python.org."
        )


def _about() -> dict[str, str] | None:
    try:
        done = subprocess.run([PYTHON, "-I", "-c", _ABOUT], capture_output=True, check=True, timeout=60)
        about: dict[str, str] = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return about if Path(about["prefix"]).resolve() == VENV.resolve() else None


def _read_stamp() -> dict[str, Any] | None:
    try:
        stamp: dict[str, Any] = json.loads(_STAMP.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return stamp


def _digest(lock: str) -> str:
    return hashlib.sha256((LOCKS / lock).read_bytes()).hexdigest()


def _inventory(site: Path) -> dict[str, int]:
    """Return the size of each installed file, in bytes; Python itself writes and rewrites `__pycache__`."""
    sizes = {}
    for folder, folders, names in os.walk(site):
        folders[:] = [name for name in folders if name != "__pycache__"]
        for name in names:
            file = Path(folder, name)
            sizes[file.relative_to(site).as_posix()] = file.stat().st_size
    return sizes


def _as_stamped(site: Path, files: dict[str, int]) -> bool:
    """Is each stamped file still there? What somebody installed besides does not matter."""
    try:
        return all(os.stat(os.path.join(site, name)).st_size == size for name, size in files.items())  # noqa: PTH116, PTH118 -- thousands, at every start
    except OSError:
        return False


def _clear() -> None:
    """Empty the environment but for the lock that we hold and the mark."""
    try:
        for entry in VENV.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            elif entry not in (_UNFINISHED, _MUTEX):
                entry.unlink()
    except OSError as error:
        raise SetupFailed(
            f"{VENV} cannot be made anew ({error}). Is Stembridge still running? Stop it first."
        ) from error


def _has_pip() -> bool:
    return subprocess.run([PYTHON, "-I", "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0


def _make(keeper: int) -> None:
    # In a virtual environment's Python, the one beneath: ours could be the very one that is being replaced.
    base = getattr(sys, "_base_executable", None) or sys.executable
    command = [base, "-I", "-m", "venv", "--prompt", "stembridge", VENV]
    shared = locking.inheritable(keeper)
    done = subprocess.run(command, capture_output=True, text=True, check=False, pass_fds=shared)
    if done.returncode != 0:
        words = (done.stdout + done.stderr).strip()
        raise SetupFailed(f"the virtual environment could not be made:\n{words}")


def _install(locks: Sequence[str], keeper: int, options: Sequence[str]) -> None:
    """Let pip install exactly what the locks name."""
    command = [str(PYTHON), "-I", "-m", "pip", "install", "--no-user", "--no-input", "--disable-pip-version-check"]
    command += ["--require-hashes", "--only-binary", ":all:", "--progress-bar", "off", *options]
    for name in locks:
        command += ["--requirement", str(LOCKS / name)]
    unwanted = {"PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER"}  # would install somewhere else
    pip = subprocess.Popen(
        command,
        env={name: value for name, value in os.environ.items() if name not in unwanted},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        pass_fds=locking.inheritable(keeper),
    )
    words = []
    assert pip.stdout is not None
    try:
        for line in pip.stdout:
            words.append(line)
            if line.startswith("Collecting "):
                say(f"  {line.split()[1].replace('==', ' ')}")
        pip.wait()
    finally:
        pip.kill()
    if pip.returncode != 0:
        raise SetupFailed(
            f"the packages could not be installed; pip says:\n\n{''.join(words)[-_WORDS_OF_PIP:]}\n"
            "Is there a network, and room on the disk? Then run this again: it goes on by itself."
        )
