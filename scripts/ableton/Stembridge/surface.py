"""The control surface as Live sees it: what it calls, and when.

Live calls `update_display` about ten times a second on its one thread; the `schedule_message` of Live's own framework
is built on it. Only there may the set be changed: what Live calls elsewhere may be a notification, in which every
change raises "Changes cannot be triggered by notifications".
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .desk import Desk
from .settings import Chosen, SettingsWrong, load
from .status import Status

_ERROR_AGAIN_S = 60.0


class Surface:
    """A surface without hardware; `folder` holds its settings."""

    def __init__(self, c_instance: Any, folder: Path, clock: Callable[[], float]) -> None:
        self._c_instance = c_instance
        self._clock = clock
        self._status = Status(c_instance.show_message, c_instance.log_message, clock)
        self._desk = Desk(c_instance.song, self._status, self._chosen(folder).now, clock)
        self._quiet_until = 0.0

    def update_display(self) -> None:
        """Work for a moment."""
        try:
            self._desk.tick()
        except Exception as error:
            # Live would write ten tracebacks a second into its log, and the musician would see nothing.
            if self._clock() >= self._quiet_until:
                self._quiet_until = self._clock() + _ERROR_AGAIN_S
                self._c_instance.log_message(traceback.format_exc())
                self._status.say(f"Something went wrong ({error}); the details are in Live's log.")

    def disconnect(self) -> None:
        """Let go of everything: Live ends, loads another set, or the script is no longer chosen."""
        self._desk.close()

    def _chosen(self, folder: Path) -> Chosen:
        try:
            return Chosen(load(folder))
        except SettingsWrong as error:
            self._status.say(f"{error} The defaults hold.")
            return Chosen({})

    # The rest of what Live asks a surface: this one has no hardware, so the answer is always no.

    def connect_script_instances(self, scripts: Any) -> None: ...

    def build_midi_map(self, handle: Any) -> None: ...

    def receive_midi(self, data: Any) -> None: ...

    def refresh_state(self) -> None: ...

    def port_settings_changed(self) -> None: ...

    def is_extension(self) -> bool:
        return False

    def can_lock_to_devices(self) -> bool:
        return False

    def supports_pad_translation(self) -> bool:
        return False

    def suggest_input_port(self) -> str:
        return ""

    def suggest_output_port(self) -> str:
        return ""

    def suggest_map_mode(self, _number: int, _channel: int) -> int:
        return -1

    def suggest_needs_takeover(self, _number: int, _channel: int) -> bool:
        return True
