"""A REAPER that is only its ReaScript interface: the functions our scripts call, with the ways in which they fail.

What it claims of REAPER is from the ReaScript documentation. Functions that are not here raise, as does everything that
would open a dialog nobody answers or hold REAPER up. Each script runs in a Lua of its own, as in REAPER.
"""
# ruff: noqa: N802 - the functions are called as in REAPER

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lupa.lua54

from tests.scripts.reaper import simulated_ini
from tests.scripts.reaper.simulated_functions import Misuse, ProjectFunctions
from tests.scripts.reaper.simulated_gfx import SimulatedGfx
from tests.scripts.reaper.simulated_project import AudioFile, Item, Project, guid


class SimulatedReaper(ProjectFunctions):
    """One run of the program; `resource` outlives it, as the musician's REAPER folder does."""

    def __init__(self, resource: Path, lua: Any = lupa.lua54, version: float = 7.2) -> None:
        (resource / "Scripts").mkdir(parents=True, exist_ok=True)
        self.resource = resource
        self.tabs = [Project()]
        self.front = self.tabs[0]
        self.selected: list[Item] = []
        self.now_s = 100.0
        self.playing = 0
        self.refresh = 0
        self.console: list[str] = []
        self.tips: list[str] = []
        self.boxes: list[str] = []
        self.inputs: deque[str | None] = deque()
        self.running: list[str] = []
        self.toggles: dict[int, int] = {}
        self.render_part = 1.0
        self.fail: set[str] = set()
        self.narrow_paths = False
        self.removed: list[str] = []
        self.sources: list[AudioFile] = []
        self.gfx = SimulatedGfx()
        self._lua = lua
        self._version = version
        self._commands: dict[int, str] = {}
        self._deferred: deque[Callable[[], None]] = deque()
        self._exits: list[Callable[[], None]] = []
        self._listed: dict[str, list[str]] = {}
        self._store = resource / "reaper-extstate.ini"
        self._ext: dict[str, str] = simulated_ini.read(self._store)
        self._kept: set[str] = set(self._ext)

    # ---- running scripts

    def run(self, script: Path) -> Any:
        """Run a script as an action would, up to its first defer; return what it returns."""
        runtime = self._lua.LuaRuntime(
            unpack_returned_tuples=True, register_eval=False, attribute_filter=_opaque, encoding="utf-8"
        )
        table = runtime.table()
        for name in dir(self):
            if name[0].isupper() or name in {"defer", "atexit", "genGuid", "time_precise", "get_action_context"}:
                table[name] = self._call(name)
        if self._version >= 7.03:
            table["set_action_options"] = lambda _flags: None
        table["format_timestr_pos"] = lambda seconds, _text, _mode: f"{seconds:.3f}"
        command = self.AddRemoveReaScript(True, 0, str(script), True)
        table["get_action_context"] = lambda: (True, str(script), 0, command, -1, -1, -1)
        runtime.globals()["reaper"] = table
        runtime.globals()["gfx"] = self.gfx.table(runtime)
        runtime.execute(_FENCES, self.narrow_paths, self.removed.append)
        result = runtime.execute("local path = ... return dofile(path)", str(script))
        self.check()
        return result

    def tick(self, count: int = 1, seconds: float = 0.033) -> None:
        """Let REAPER's timer run: everything that was deferred, once each."""
        for _ in range(count):
            self.now_s += seconds
            for _ in range(len(self._deferred)):
                self._deferred.popleft()()
                self.check()

    def quit(self) -> None:
        for leave in self._exits:
            leave()

    def check(self) -> None:
        """What has to be so between two steps of a script."""
        assert self.refresh == 0, "PreventUIRefresh is not balanced"
        assert all(project.undo_depth == 0 for project in self.tabs), "an undo block is still open"
        held = [source for source in self.sources if not source.attached and not source.destroyed]
        assert not held, f"sources that nobody will free: {held}"

    def _call(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            if name in self.fail:
                raise Misuse(f"{name} fails")
            return getattr(self, name)(*arguments)

        return call

    # ---- this program

    def APIExists(self, name: str) -> bool:
        return hasattr(self, name) or (name == "set_action_options" and self._version >= 7.03)

    def GetOS(self) -> str:
        return "Other"

    def GetResourcePath(self) -> str:
        return str(self.resource)

    def AddRemoveReaScript(self, add: bool, section: int, path: str, commit: bool) -> int:
        if not Path(path).is_file():
            return 0
        number = next((key for key, known in self._commands.items() if known == path), 54_000 + len(self._commands))
        self._commands[number] = path
        return number

    def ReverseNamedCommandLookup(self, command: int) -> str | None:
        path = self._commands.get(command)
        return None if path is None else f"RS{abs(hash(path)):040x}"[:42]

    def NamedCommandLookup(self, name: str) -> int:
        return next((key for key in self._commands if f"_{self.ReverseNamedCommandLookup(key)}" == name), 0)

    def Main_OnCommand(self, command: int, flag: int) -> None:
        if command == 42230:
            self._render()
        elif command in self._commands:
            self.running.append(Path(self._commands[command]).name)
        elif command != 40047:
            raise Misuse(f"there is no action {command}")

    def defer(self, function: Callable[[], None]) -> None:
        self._deferred.append(function)

    def atexit(self, function: Callable[[], None]) -> None:
        self._exits.append(function)

    def genGuid(self, _: str) -> str:
        return guid()

    def time_precise(self) -> float:
        return self.now_s

    def SetToggleCommandState(self, section: int, command: int, state: int) -> bool:
        self.toggles[command] = state
        return True

    def RefreshToolbar2(self, section: int, command: int) -> None:
        pass

    def ShowConsoleMsg(self, text: str) -> None:
        self.console.append(text)

    def ShowMessageBox(self, text: str, title: str, kind: int) -> int:
        self.boxes.append(text)
        return 1

    def TrackCtl_SetToolTip(self, text: str, x: int, y: int, top: bool) -> None:
        self.tips.append(text)

    def GetMousePosition(self) -> tuple[int, int]:
        return 10, 10

    def GetUserInputs(self, title: str, count: int, captions: str, values: str) -> tuple[bool, str]:
        if not self.inputs:
            raise Misuse(f"nobody answers the dialog {title!r}")
        answer = self.inputs.popleft()
        return (answer is not None, values if answer is None else answer)

    # ---- what is kept

    def GetExtState(self, section: str, key: str) -> str:
        return self._ext.get(f"{section}/{key}", "")

    def SetExtState(self, section: str, key: str, value: str, persist: bool) -> None:
        if not isinstance(value, str):
            raise Misuse("SetExtState takes texts only")
        self._ext[f"{section}/{key}"] = value
        if persist:
            self._kept.add(f"{section}/{key}")
            self._keep()

    def DeleteExtState(self, section: str, key: str, persist: bool) -> None:
        self._ext.pop(f"{section}/{key}", None)
        if persist:
            self._kept.discard(f"{section}/{key}")
            self._keep()

    def _keep(self) -> None:
        simulated_ini.write(self._store, {name: self._ext[name] for name in sorted(self._kept) if name in self._ext})

    def GetProjExtState(self, project: Any, section: str, key: str) -> tuple[int, str]:
        value = self._project(project).ext.get(f"{section}/{key}", "")
        return len(value), value

    def SetProjExtState(self, project: Any, section: str, key: str, value: str) -> int:
        if " " in key:
            raise Misuse("nobody says that a project file can hold such a key")
        self._project(project).ext[f"{section}/{key}"] = value
        return len(value)

    def MarkProjectDirty(self, project: Any) -> None:
        self._project(project).dirty = True

    # ---- files

    def RecursiveCreateDirectory(self, path: str, _: int) -> int:
        try:
            Path(path).mkdir(parents=True, exist_ok=True)
        except OSError:
            return 0
        return 1

    def EnumerateSubdirectories(self, path: str, index: int) -> str | None:
        if index == -1 or path not in self._listed:
            folder = Path(path)
            names = sorted(entry.name for entry in folder.iterdir() if entry.is_dir()) if folder.is_dir() else []
            self._listed[path] = names
        names = self._listed[path]
        return names[index] if 0 <= index < len(names) else None

    def ExecProcess(self, command: str, timeout: int) -> str:
        raise Misuse("this system needs no helper program")


def _opaque(_: object, name: str, is_setting: bool) -> str:
    raise AttributeError(f"a pointer of REAPER has no {name}")


# With `narrow_paths` Lua's own functions do what they do on Windows with letters that the code page lacks.
_FENCES = """
local narrow_paths, removed = ...
local function narrowed(call)
  return function(...)
    if narrow_paths and table.concat({ ... }):find("[\\128-\\255]") then
      return nil, "No such file or directory", 2
    end
    return call(...)
  end
end
local remove = narrowed(os.remove)
os.remove = function(path) removed(path) return remove(path) end
os.rename, os.getenv = narrowed(os.rename), narrowed(os.getenv)
setmetatable(reaper, { __index = function(_, name) error("REAPER has no function " .. tostring(name)) end })
os.execute = function() error("os.execute freezes REAPER") end
io.popen = function() error("io.popen freezes REAPER") end
load, loadstring = nil, nil
"""
