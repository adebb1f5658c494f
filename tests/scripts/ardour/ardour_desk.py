"""The real Ardour on a screen that is not there, in a home of its own: started, asked and killed by tests."""

from __future__ import annotations

import base64
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from lupa import lua53

SCRIPTS = Path(__file__).parents[3] / "scripts" / "ardour"
PATIENCE_S = 60.0
"""How long a test waits before it gives up, on a machine that is busy with others."""

T = TypeVar("T")

_CONFIG = """<?xml version="1.0" encoding="UTF-8"?>
<Ardour>
  <Config>
    <Option name="hide-dummy-backend" value="0"/>
    <Option name="try-autostart-engine" value="1"/>
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

_SIGNALS = 49
_SIGNAL_NUMBERS = {"Exported": 11, "StateSaved": 16, "LuaTimerS": 46, "LuaTimerDS": 47, "SetSession": 48}
"""As Ardour 7.3 numbers what a hook may listen to."""


def wait_for(what: str, look: Callable[[], T | None], *, pause_s: float = 0.05, patience_s: float = PATIENCE_S) -> T:
    """Return what `look` returns once that is neither None nor False; raise `TimeoutError` when patience has ended."""
    deadline = time.monotonic() + patience_s
    while not (found := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited in vain for {what}")
        time.sleep(pause_s)
    return found


@dataclass(frozen=True)
class Added:
    """A script as the musician added it in Ardour: its file's text, and what was set in the dialog that asks."""

    name: str
    source: str
    parameters: Mapping[str, str]

    def fields(self) -> bytes:
        """Return what Ardour keeps of it: a Lua table of name, text, compiled factory and parameters."""
        lua = _lua(self.source)
        quote = lua.eval(b"function(text) return string.format('%q', text) end")
        pairs = [b"[%s]=%s" % (quote(k.encode()), quote(v.encode())) for k, v in self.parameters.items()]
        factory = lua.eval(b"string.format('%q', string.dump(factory, true))")
        return b'{["n"]=%s,["s"]=%s,["f"]=%s,["a"]={%s}}' % (
            quote(self.name.encode()),
            quote(self.source.encode()),
            factory,
            b",".join(pairs),
        )

    def signals(self) -> str:
        """Return the signals of a hook as Ardour writes them down: a bit each, the last signal first."""
        wanted = set(_lua(self.source).eval(b"signals()").values())
        return "".join("1" if number in wanted else "0" for number in reversed(range(_SIGNALS)))


def _lua(source: str) -> Any:
    """Run a script's text as Ardour does when it is added: no session, no files, only what says what it is."""
    lua = lua53.LuaRuntime(encoding=None)
    names = ",".join(f"{name}={number}" for name, number in _SIGNAL_NUMBERS.items())
    lua.execute(
        f"""io, os, require, dofile, package, debug = nil
        function ardour () end
        local function add (_, chosen)
            local list = {{}}
            for number in pairs (chosen) do list[#list + 1] = number end
            return list
        end
        LuaSignal = {{{names}, Set = function () return {{ add = add }} end}}""".encode()
    )
    lua.execute(source.encode())
    return lua


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
        for _ in range(tries):
            with contextlib.suppress(subprocess.TimeoutExpired):
                done = subprocess.run(
                    command, env=self.environment, input=stdin, capture_output=True, text=True, timeout=20
                )
                if done.returncode == 0:
                    return done.stdout
        raise AssertionError(f"{command[0]} failed")

    @contextlib.contextmanager
    def ardour(self, session: Path) -> Iterator[Ardour]:
        """Run Ardour with a session; the block begins when it answers, and at its end nothing of it runs any more."""
        with screen() as display:
            running = Ardour(self, session, display)
            try:
                running.start()
                yield running
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
        with (self.desk.home / "ardour.log").open("ab") as log:
            self.process = subprocess.Popen(
                ["dbus-run-session", "--", "ardour", "-a", "-n", str(self.session)],
                env={**self.desk.environment, "DISPLAY": self.display, "ARDOUR_TRY_AUTOSTART_ENGINE": "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_for("Ardour to listen", lambda: url_file.read_text() or self.crashed())

    def crashed(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def action(self, name: str) -> None:
        """Do what a menu entry does, without waiting for it."""
        url = (self.desk.config / "osc_url").read_text().strip()
        port = url.rstrip("/").rpartition(":")[2]
        subprocess.run(["oscsend", "127.0.0.1", port, "/access_action", "s", name], check=True, timeout=10)

    def script(self, number: int) -> None:
        self.action(f"LuaAction/script-{number}")

    def press_ok(self, title: str) -> None:
        """Wait for a dialog and press its OK."""
        [window, *_] = wait_for(f'the dialog "{title}"', lambda: self._xdotool("search", "--name", title).split())
        self._xdotool("windowfocus", "--sync", window)
        self._xdotool("key", "alt+o")
        wait_for("the dialog to close", lambda: not self._xdotool("search", "--name", title))

    def _xdotool(self, *words: str) -> str:
        environment = {**self.desk.environment, "DISPLAY": self.display}
        return subprocess.run(["xdotool", *words], env=environment, capture_output=True, text=True, timeout=20).stdout

    def photograph(self, path: Path) -> None:
        subprocess.run(
            ["import", "-display", self.display, "-window", "root", str(path)],
            env=self.desk.environment,
            check=True,
            timeout=20,
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
