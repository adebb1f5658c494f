"""The real Ardour on a screen that is not there, in a home of its own: started, asked and killed by tests."""

from __future__ import annotations

import base64
import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tests.scripts.ardour.ardour_added import Added

SCRIPTS = Path(__file__).parents[3] / "scripts" / "ardour"
PATIENCE_S = 120.0
"""How long a test waits before it gives up, on a machine that is busy with others."""

T = TypeVar("T")

_CONFIG = """<?xml version="1.0" encoding="UTF-8"?>
<Ardour>
  <Config>
    <Option name="hide-dummy-backend" value="0"/>
    <Option name="try-autostart-engine" value="1"/>
    <Option name="periodic-safety-backups" value="0"/>
  </Config>
  <Extra>
    <AudioMIDISetup>
      <EngineStates>
        <State backend="None (Dummy)" driver="Normal Speed" device="Silence" input-device="" output-device=""
          sample-rate="48000" buffer-size="1024" n-periods="0" input-latency="0" output-latency="0" active="1"
          use-buffered-io="0" midi-option="1 in, 1 out, Silence" lm-input="" lm-output=""/>
      </EngineStates>
    </AudioMIDISetup>
  </Extra>
</Ardour>
"""

_PRESET = """<?xml version="1.0" encoding="UTF-8"?>
<ExportPreset id="{uuid}" name="{name}">
  <ExportFormat id="{format}"/>
  <ExportFilename>
    <Folder relative="1" path="export"/>
    <Field name="label" enabled="0"/>
    <Field name="session" enabled="0"/>
    <Field name="snapshot" enabled="0"/>
    <Field name="timespan" enabled="1"/>
    <Field name="revision" enabled="0"/>
    <Field name="time" enabled="0" value="T_None"/>
    <Field name="date" enabled="0" value="D_None"/>
  </ExportFilename>
</ExportPreset>
"""
BROADCAST_WAV = "11111111-1111-4111-8111-111111111111"
_BROADCAST_FORMAT = "e61c1d0f-95bd-48fb-b812-def99dbabe28"
"""Ardour's own "BWAV 24bit Export"."""


def wait_for(what: str, look: Callable[[], T | None], *, pause_s: float = 0.05, patience_s: float = PATIENCE_S) -> T:
    """Return what `look` returns once that is neither None nor False; raise `TimeoutError` when patience has ended."""
    deadline = time.monotonic() + patience_s
    while not (found := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited in vain for {what}")
        time.sleep(pause_s)
    return found


def tail(file: Path, lines: int = 40) -> str:
    """The last lines of a log."""
    if not file.exists():
        return f"(there is no {file})"
    return "\n".join(file.read_text("utf-8", "replace").splitlines()[-lines:])


class Desk:
    """A home with Ardour in it, set up as after its first start."""

    def __init__(self, root: Path) -> None:
        self.home = root / "home"
        self.config = self.home / ".config" / "ardour7"
        (self.config / "export").mkdir(parents=True)
        (self.config / ".a7").touch()
        (self.config / "osc_url").touch()
        (self.config / "config").write_text(_CONFIG, "utf-8")
        preset = _PRESET.format(uuid=BROADCAST_WAV, name="Broadcast", format=_BROADCAST_FORMAT)
        (self.config / "export" / "broadcast.preset").write_text(preset, "utf-8")

    @property
    def environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8"}

    def add(self, actions: Sequence[Added], hooks: Sequence[Added]) -> None:
        """Add scripts: the first action is "LuaAction/script-1"."""
        numbered = b",".join(b"[%d]=%s" % (number, script.fields()) for number, script in enumerate(actions, 1))
        lines = ["<UIScripts>", f'<ActionScript lua="Lua 5.3">{_base64(b"scripts={%s}" % numbered)}</ActionScript>']
        lines.append("<ActionHooks>")
        for number, hook in enumerate(hooks, 90001):
            lines.append(
                f'<LuaCallback lua="Lua 5.3" id="{number}" name="{hook.name}" signals="{hook.signals()}">'
                f"{_base64(b's=' + hook.fields())}</LuaCallback>"
            )
        lines += ["</ActionHooks>", "</UIScripts>"]
        (self.config / "ui_scripts").write_text("\n".join(lines), "utf-8")

    def new_session(self, folder: Path) -> Path:
        """Make an empty session at 48 kHz that listens for OSC; return its file."""
        self.tool("ardour7-new_session", "-s", "48000", str(folder), folder.name)
        file = folder / f"{folder.name}.ardour"
        off = '<Protocol name="Open Sound Control (OSC)" active="0"/>'
        text = file.read_text("utf-8")
        assert off in text
        file.write_text(text.replace(off, off.replace("0", "1")), "utf-8")
        return file

    def tool(self, *command: str, stdin: str = "", tries: int = 1) -> str:
        """Run one of Ardour's programs that need no screen; again where it crashes or hangs by itself."""
        said: list[str] = []
        for _ in range(tries):
            try:
                done = subprocess.run(
                    command, env=self.environment, input=stdin, capture_output=True, text=True, timeout=PATIENCE_S
                )
            except subprocess.TimeoutExpired:
                said.append("it hung")
                continue
            if done.returncode == 0:
                return done.stdout
            said.append(f"it ended with {done.returncode}: {done.stderr[-1000:]}")
        raise AssertionError(f"{command[0]} failed: {said}")

    @contextlib.contextmanager
    def ardour(self, session: Path) -> Iterator[Ardour]:
        """Run Ardour with a session; the block begins when it answers, and at its end nothing of it runs any more."""
        with screen() as display:
            running = Ardour(self, session, display)
            try:
                running.start()
                yield running
            except BaseException as error:
                state = "had died" if running.crashed() else "was running"
                error.add_note(f"Ardour {state}. The end of its log:\n{tail(running.log)}")
                raise
            finally:
                running.kill()


@dataclass
class Ardour:
    """Ardour with a session, on a screen."""

    desk: Desk
    session: Path
    display: str
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, perhaps again, and wait until it answers."""
        url_file = self.desk.config / "osc_url"
        url_file.write_text("")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                # Line by line: a program that is killed keeps what it has not written yet to itself.
                ["dbus-run-session", "--", "stdbuf", "-oL", "ardour", "-a", "-n", str(self.session)],
                env={**self.desk.environment, "DISPLAY": self.display, "ARDOUR_TRY_AUTOSTART_ENGINE": "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_for("Ardour to listen", lambda: url_file.read_text() or self.crashed())

    @property
    def log(self) -> Path:
        return self.desk.home / "ardour.log"

    def crashed(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def action(self, name: str) -> None:
        """Do what a menu entry does, without waiting for it."""
        url = (self.desk.config / "osc_url").read_text().strip()
        port = url.rstrip("/").rpartition(":")[2]
        subprocess.run(["oscsend", "127.0.0.1", port, "/access_action", "s", name], check=True, timeout=PATIENCE_S)

    def script(self, number: int) -> None:
        self.action(f"LuaAction/script-{number}")

    def window(self, title: str) -> None:
        """Wait for a window with exactly this title."""
        wait_for(f'the window "{title}"', lambda: self._windows(title))

    def press(self, title: str, key: str) -> None:
        """Wait for a window and press a key in it until it closes: it may not be listening when it comes up."""
        self.window(title)

        def closed() -> bool:
            for window in self._windows(title):
                self._xdotool("windowfocus", window)
                self._xdotool("key", key)
            time.sleep(0.5)
            return not self._windows(title)

        wait_for(f'the window "{title}" to close', closed)

    def _windows(self, title: str) -> list[str]:
        return self._xdotool("search", "--onlyvisible", "--name", f"^{re.escape(title)}$").split()

    def _xdotool(self, *words: str) -> str:
        environment = {**self.desk.environment, "DISPLAY": self.display}
        done = subprocess.run(["xdotool", *words], env=environment, capture_output=True, text=True, timeout=PATIENCE_S)
        return done.stdout

    def photograph(self, path: Path) -> None:
        subprocess.run(
            ["import", "-display", self.display, "-window", "root", str(path)],
            env=self.desk.environment,
            check=True,
            timeout=PATIENCE_S,
        )

    def kill(self) -> None:
        """kill -9 it with all that it started."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@contextlib.contextmanager
def screen() -> Iterator[str]:
    """Give a screen of its own to a program, as DISPLAY names it."""
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1366x720x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[writer], stderr=subprocess.DEVNULL, start_new_session=True) as process:
        os.close(writer)
        try:
            with os.fdopen(reader) as answer:
                number = answer.readline().strip()
            assert number, "Xvfb has found no free display"
            yield f":{number}"
        finally:
            process.kill()


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
