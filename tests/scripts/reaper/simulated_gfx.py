"""REAPER's gfx library for simulated_reaper.py: a window that remembers what was written, and clicks where it was."""

from __future__ import annotations

from typing import Any

CLOSED, NOTHING = -1, 0


class SimulatedGfx:
    def __init__(self) -> None:
        self.written: list[tuple[str, float, float]] = []
        self.menus: list[list[str]] = []
        self.choose: list[str] = []
        self.key = NOTHING
        self.is_open = False
        self._table: Any = None

    def table(self, runtime: Any) -> Any:
        """The gfx table of one script."""
        table = runtime.table(x=0, y=0, w=0, h=0, mouse_x=-1, mouse_y=-1, mouse_cap=0)
        table["init"] = self._init
        table["quit"] = self._quit
        table["getchar"] = self._getchar
        table["showmenu"] = self._showmenu
        table["drawstr"] = self._drawstr
        for name in ("set", "rect", "setfont", "update"):
            table[name] = lambda *_: None
        self._table = table
        return table

    def texts(self) -> list[str]:
        return [text for text, _, _ in self.written]

    def point_at(self, text: str) -> None:
        """Put the mouse onto what says `text`, or begins with it."""
        found = [(x, y) for written, x, y in self.written if written.startswith(text)]
        found += [(x, y) for written, x, y in self.written if written == text]
        assert found, f"{text!r} is not in the window: {self.texts()}"
        self._table["mouse_x"], self._table["mouse_y"] = found[-1][0] + 1, found[-1][1] + 1

    def hold(self, is_down: bool) -> None:
        self._table["mouse_cap"] = 1 if is_down else 0

    def _init(self, _title: str, width: int = 0, height: int = 0, *_: Any) -> None:
        self._table["w"], self._table["h"], self.is_open = width, height, True

    def _quit(self) -> None:
        self.is_open = False

    def _getchar(self) -> int:
        self.written.clear()
        return self.key

    def _drawstr(self, text: str, *_: Any) -> None:
        self.written.append((text, self._table["x"], self._table["y"]))

    def _showmenu(self, text: str) -> int:
        """Number the entries as REAPER does: no separators and no heads of submenus; grey ones cannot be chosen."""
        assert self.is_open, "a menu needs a window"
        entries = [entry for entry in text.split("|") if entry and not entry.startswith(">")]
        self.menus.append(entries)
        if not self.choose:
            return 0
        wanted = self.choose.pop(0)
        plain = [entry.lstrip("<!") for entry in entries]
        assert wanted in plain, f"{wanted!r} is not among {plain}"
        return plain.index(wanted) + 1
