"""A real Audacity on a screen that is not there, with a home of its own.

The name of its pipes holds nothing but the user's number, so there can be one at a time: others wait at a lock file.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from scripts.audacity.pipe import Pipe
from scripts.audacity.project import Project, Track
from scripts.audacity.trouble import Trouble

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "scripts" / "audacity" / "import_stems.py"
PATIENCE_S = 60.0
MODULE = "mod-script-pipe.so"

CONFIG = """PrefsVersion=1.1.1r1
[Version]
Major=3
Minor=2
Micro=4
[GUI]
ShowSplashScreen=0
[Directories]
TempDir={temporary}
[Module]
mod-script-pipe=1
[ModulePath]
mod-script-pipe={module}
[ModuleDateTime]
mod-script-pipe={built}
[FileFormats]
ExportFormat_SF1=65542
[FileFormats/ExportFormat_SF1_Type]
WAV_10000=6
"""


def pipe(way: str) -> Path:
    return Path(f"/tmp/audacity_script_pipe.{way}.{os.getuid()}")


@contextlib.contextmanager
def only_one() -> Iterator[None]:
    """Have Audacity's pipes for ourselves, and begin without any."""
    with FileLock(Path(tempfile.gettempdir()) / f"stembridge-test-audacity-{os.getuid()}.lock", timeout=100):
        for way in ("to", "from"):
            pipe(way).unlink(missing_ok=True)
        yield


@contextlib.contextmanager
def screen() -> Iterator[str]:
    """Start a display of our own; give its name."""
    reader, writer = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1280x800x24", "-nolisten", "tcp"],
        pass_fds=[writer],
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.close(writer)
    try:
        with os.fdopen(reader) as said:
            yield f":{said.readline().strip()}"
    finally:
        _kill(server)


@dataclass
class Desk:
    """What a test does with a running Audacity."""

    display: str
    home: Path

    def tracks(self) -> list[Track]:
        with Pipe() as pipe:
            return Project(pipe).tracks()

    def ask(self, *commands: str) -> str:
        with Pipe() as pipe:
            return [pipe.ask(command) for command in commands][-1]

    def picture(self, path: Path) -> None:
        """Save what is on the screen."""
        subprocess.run(["import", "-window", "root", str(path)], env=self.environment(), check=True, timeout=20)

    def environment(self) -> dict[str, str]:
        wanted = {name: value for name, value in os.environ.items() if name != "XDG_RUNTIME_DIR"}
        return {**wanted, "HOME": str(self.home), "DISPLAY": self.display}


@contextlib.contextmanager
def audacity(display: str, home: Path, *project: str) -> Iterator[Desk]:
    """Start Audacity with its module on; the block begins when it answers."""
    data = home / ".audacity-data"
    data.mkdir(parents=True, exist_ok=True)
    module = next(Path("/usr").glob(f"lib*/**/audacity/modules/{MODULE}"))
    built = datetime.datetime.fromtimestamp(int(module.stat().st_mtime)).isoformat()  # noqa: DTZ006 - as Audacity does
    (data / "audacity.cfg").write_text(CONFIG.format(temporary=home / "tmp", module=module, built=built))
    desk = Desk(display, home)
    with (home / "log").open("ab") as log:
        process = subprocess.Popen(
            ["audacity", *project], env=desk.environment(), stdout=log, stderr=log, start_new_session=True
        )
    try:
        until(lambda: pipe("from").exists() and _answers(), "Audacity to answer")
        yield desk
    finally:
        _kill(process)
        for way in ("to", "from"):
            pipe(way).unlink(missing_ok=True)


def importer(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the importer as a musician does, with Python's own library and nothing else."""
    return subprocess.run(
        [sys.executable, "-I", "-S", str(SCRIPT), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)


def _answers() -> bool:
    try:
        Pipe().__exit__(None, None, None)
    except Trouble:
        return False
    return True


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
