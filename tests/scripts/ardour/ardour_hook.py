"""The hook in a simulated Ardour, a session that waits for bounces, and a bridge that only says what it does."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from tests.scripts.ardour.ardour_parts import Parts, deliver

EXPORTED, STATE_SAVED, TIMER = 1, 2, 3


class Waiting:
    """A session that waits for bounces, and the answer to whether a delivery is one of them."""

    def __init__(self, parts: Parts, session: Path) -> None:
        session.mkdir(exist_ok=True)
        self.parts, self.session, self.deliveries = parts, session, session.parent / "Stems"

    @property
    def file(self) -> Path:
        return self.session / "stembridge-wanted.txt"

    def ask(self, path: Path, ago_s: int = 0, asked: object = "", preset: str = "") -> None:
        assert self.parts.wanted.add(str(self.session), str(path), 0, preset, str(asked))
        lines = self.file.read_text().splitlines()
        since, rest = lines[-1].split(" ", 1)
        lines[-1] = f"{int(since) - ago_s} {rest}\n"
        self.file.write_text("\n".join(lines))

    def paths(self) -> list[str]:
        return [entry.path for entry in self.parts.wanted.read(str(self.session)).values()]

    def answered(self, receipt: dict[str, Any]) -> list[str]:
        """The paths that were asked for and are answered, oldest first."""
        folder = self.deliveries / str(len(list(self.deliveries.glob("*"))))
        found = self.parts.delivery.read(str(deliver(folder, **receipt)))
        list_ = self.parts.wanted.read(str(self.session))
        return [entry.path for entry in self.parts.wanted.answered_by(list_, found).values()]


class Said:
    """The bridge's status file, as the bridge writes it: `say` changes some fields and keeps the others."""

    def __init__(self, state_home: Path) -> None:
        self.path = state_home / "stembridge" / "status.json"
        self.row: dict[str, Any] = {
            "schema": 1,
            "version": "0.4.0",
            "pid": os.getpid(),
            "running": True,
            "updated": int(time.time()),
            "inbox": str(state_home / "Inbox"),
            "stems": str(state_home / "Stems"),
            "presets": [],
            "osc": {"host": "127.0.0.1", "port": 9123},
            "paused": False,
            "jobs": [],
            "refused": [],
        }

    def say(self, **changed: Any) -> None:
        self.row |= changed
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(self.row, ensure_ascii=False, indent=1), "utf-8")

    def job(self, bounce: Path, state: str, **changed: Any) -> None:
        """Say of one job, and of no other, how it goes."""
        row = {"job": "7k2mabcd", "song": bounce.stem, "bounce": str(bounce), "state": state, "progress": 0.0}
        row |= {"step": "", "changed": int(time.time()), "folder": None, "error": None}
        self.say(jobs=[row | changed])

    def refusal(self, bounce: Path, **changed: Any) -> None:
        row = {"path": str(bounce), "code": "path.outside", "message": "It lies outside.", "advice": "Add its folder."}
        self.say(refused=[{**row, "at": int(time.time()), **changed}])


class Hook:
    """The hook: no windows but those it asks for, a clock of its own, and imports that are only counted."""

    def __init__(self, parts: Parts, waiting: Waiting, **parameters: str) -> None:
        self.imported: list[str] = []
        self.there: set[str] = set()
        self.log: list[str] = []
        self.windows: list[str] = []
        self.sent: list[tuple[str, ...]] = []
        """Where to, the address and the arguments of each message."""
        self.rolling = False
        self.now_s = 1000.0
        self.waiting = waiting
        parts.tracks["import"] = self._import
        set_up = parts.lua.execute("""
            LuaSignal = { Exported = 1, StateSaved = 2, LuaTimerS = 3 }
            return function (session, now, rolling, sent, shown)
                Session = { path = function () return session end, snap_name = function () return "Evening" end,
                    actively_recording = function () return false end, transport_rolling = rolling }
                ARDOUR = { LuaAPI = { monotonic_time = now }, LuaOSC = { Address = function (url)
                    return { send = function (_, ...) sent (url, ...) end } end } }
                LuaDialog = { MessageType = {}, ButtonType = {}, Message = function (_, text)
                    return { run = function () shown (text) end } end }
            end""")
        set_up(
            str(waiting.session),
            lambda: self.now_s * 1e6,
            lambda *_: self.rolling,
            lambda *words: self.sent.append(words),
            self.windows.append,
        )
        parts.lua.globals()["print"] = self.log.append
        self._call = parts.auto(parts.lua.table_from({"stems": str(waiting.deliveries)} | parameters))

    def _import(self, found: Any, _start: int) -> str:
        if found.job in self.there:
            return "there"
        self.there.add(found.job)
        self.imported.append(found.job)
        return "imported"

    def export(self, path: Path) -> None:
        self._call(EXPORTED, None, "", str(path), "", 0)

    def look(self, after_s: float = 60.0) -> list[str]:
        """Let the next look happen; return what the log has of it."""
        before = len(self.log)
        self.now_s += after_s
        self._call(TIMER, None)
        return self.log[before:]

    def save(self) -> None:
        self._call(STATE_SAVED, None, "Evening")
