"""Who sits before the window of "Bounce and separate"."""

from __future__ import annotations

import json
from typing import Any

from tests.scripts.reaper.conftest import Studio


class Musician:
    """Opens the window, looks at it, and clicks."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.reaper = studio.reaper
        studio.action("Bounce and separate")
        self.reaper.tick()

    def click(self, text: str, *choices: str) -> None:
        """Click on what begins with `text`, and choose from the menu that opens."""
        self.reaper.gfx.choose = list(choices)
        for held in (False, True, False):
            self.reaper.gfx.point_at(text)
            self.reaper.gfx.hold(held)
            self.reaper.tick()
        self.reaper.tick()
        assert not self.reaper.gfx.choose, "no menu opened"

    def sees(self, text: str) -> bool:
        self.reaper.tick()
        return any(text in written for written in self.reaper.gfx.texts())

    def requests(self) -> list[dict[str, Any]]:
        return json.loads(self.reaper.front.ext.get("Stembridge/requests") or "[]")  # type: ignore[no-any-return]
