"""A story in the real Ardour: what a musician does in an evening with two crashes, and what is seen of it."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.acceptance.program import Running
from tests.scripts.ardour.ardour_desk import Ardour, tail, wait_for
from tests.scripts.ardour.ardour_stage import (
    EXPORT_BROADCAST,
    EXPORT_PLAIN,
    FAILING_IMPORTS,
    IMPORT,
    IMPORT_ASKING,
    PREPARE,
    REDO,
    SEPARATE,
    SEPARATE_ASKING,
    UNDO,
    Region,
    Stage,
)

REFUSED = (
    "The bridge does not take Outside.wav. {bounce} lies neither in the inbox nor in a folder that is allowed. "
    "Save the bounce into the inbox, or add its folder to [osc] folders in the configuration."
)
NOT_RUNNING = (
    "The bridge does not run, so it has not heard of {name}. Start it (stembridge up): it is asked again then."
)


@dataclass
class Story:
    """What was seen while one session, two exports, two crashes and three restarts went by."""

    stage: Stage
    wanted_after_refusal: bool
    told_of_one: list[str]
    """What the hook said of "One" until its bridge was gone."""
    first: list[Region]
    """The stems of "One", whose job outlived its bridge."""
    asked_again: list[Region]
    wanted_before_saving: str
    killed_while_locked: bool
    opened_after_the_kill: list[Region]
    failing: list[str]
    """Of two imports that went wrong half way: was the job stamped, was no undo step open, and the sentence."""
    after_failing: list[Region]
    second: list[Region]
    """The stems of "Two", whose import was killed and happened when the session was opened again."""
    by_hand: list[Region]
    """The stems of "By Hand", which the musician chose in the dialog."""
    third: list[Region]
    """The stems of "Three", the newest export, which the musician asked for in the dialog."""
    undone_once: list[Region]
    redone: list[Region]
    at_the_end: list[Region]

    def delivery(self, song: str) -> dict[str, Any]:
        receipt: dict[str, Any] = json.loads((self.stage.studio.output / song / "stems.json").read_text("utf-8"))
        return receipt


def play(stage: Stage) -> Story:
    """Let it happen."""
    try:
        return Story(stage, **the_events(stage))
    except BaseException as error:
        error.add_note("\n".join(["Our scripts have said:", *stage.witness.said()]))
        error.add_note(f"The end of the bridge's log:\n{tail(stage.studio.state / 'logs' / 'stembridge.log')}")
        raise


def the_events(stage: Stage) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    with stage.desk.ardour(stage.session) as ardour:
        with stage.studio.up() as bridge:
            a_session_with_a_mix(stage, ardour)
            seen |= a_bounce_that_the_bridge_refuses(stage, ardour)
            seen |= an_export_while_the_bridge_crashes(stage, ardour, bridge)
        with stage.studio.up():
            seen |= the_stems_come_from_the_next_bridge(stage, ardour)
            seen |= a_crash_in_the_middle_of_an_import(stage, ardour)
    with stage.desk.ardour(stage.session) as ardour:
        with stage.studio.up():
            seen |= the_session_opened_again(stage, ardour)
        a_bounce_that_no_bridge_hears_of(stage, ardour)
        with stage.studio.up():
            seen |= the_next_bridge_hears_of_it(stage, ardour)
    return seen


def a_session_with_a_mix(stage: Stage, ardour: Ardour) -> None:
    ardour.script(PREPARE)
    wait_for("the mix", lambda: stage.regions(ardour))
    ardour.action("Common/Save")
    wait_for("the session to be saved", lambda: "Mix" in stage.session.read_text("utf-8"))


def a_bounce_that_the_bridge_refuses(stage: Stage, ardour: Ardour) -> dict[str, Any]:
    bounce = stage.folder / "export" / "Outside.wav"
    bounce.symlink_to(stage.root / "Mix.wav")
    ardour.script(SEPARATE)
    stage.hears(REFUSED.format(bounce=bounce))
    ardour.window("Stembridge")
    ardour.photograph(stage.root / "refused.png")
    wanted = stage.wants("Outside")
    ardour.press("Stembridge", "alt+c")
    bounce.unlink()
    return {"wanted_after_refusal": wanted}


def an_export_while_the_bridge_crashes(stage: Stage, ardour: Ardour, bridge: Running) -> dict[str, Any]:
    stage.osc("/stembridge/pause")
    stage.export(ardour, EXPORT_BROADCAST, "One")
    stage.hears("The bridge has taken One.wav.")
    stage.hears("One.wav waits: the bridge is paused.")
    stage.osc("/stembridge/resume")
    wait_for("the job to be under way", lambda: stage.step("One"), pause_s=0.01)
    bridge.kill()
    stage.hears(f"One.wav: {stage.step('One')}")
    return {"told_of_one": [line for line in dict.fromkeys(stage.witness.said()) if "One.wav" in line]}


def the_stems_come_from_the_next_bridge(stage: Stage, ardour: Ardour) -> dict[str, Any]:
    first = stage.wait_for_stems(ardour, "One")
    ardour.photograph(stage.root / "ardour.png")
    ardour.script(IMPORT)
    asked_again = stage.stems(ardour, "One")
    wanted = (stage.folder / "stembridge-wanted.txt").read_text("utf-8")
    ardour.action("Common/Save")
    wait_for("what was wanted to be forgotten", lambda: not (stage.folder / "stembridge-wanted.txt").exists())
    return {"first": first, "asked_again": asked_again, "wanted_before_saving": wanted}


def a_crash_in_the_middle_of_an_import(stage: Stage, ardour: Ardour) -> dict[str, Any]:
    stage.witness.hold_the_next_import()
    stage.export(ardour, EXPORT_PLAIN, "Two")
    wait_for("the import to be in the middle", stage.witness.holds)
    ardour.kill()
    stage.witness.let_go()
    return {"killed_while_locked": (stage.studio.output / "Two" / ".importing").exists()}


def the_session_opened_again(stage: Stage, ardour: Ardour) -> dict[str, Any]:
    shutil.copy(stage.root / "Mix.wav", stage.studio.inbox / "By Hand.wav")
    opened = stage.regions(ardour)
    wait_for("the third delivery", lambda: (stage.studio.output / "By Hand" / "stems.json").exists())
    failing = stage.report_of(ardour, FAILING_IMPORTS)
    after_failing = stage.regions(ardour)
    make_old(stage.studio.output / "Two" / ".importing" / "by")
    second = stage.wait_for_stems(ardour, "Two")
    ardour.script(UNDO)
    undone = stage.regions(ardour)
    ardour.script(REDO)
    redone = stage.regions(ardour)
    ardour.script(IMPORT_ASKING)
    ardour.press("Stembridge: import finished stems", "alt+o")
    by_hand = stage.wait_for_stems(ardour, "By Hand")
    return {
        "opened_after_the_kill": opened,
        "failing": failing,
        "after_failing": after_failing,
        "second": second,
        "undone_once": undone,
        "redone": redone,
        "by_hand": by_hand,
    }


def a_bounce_that_no_bridge_hears_of(stage: Stage, ardour: Ardour) -> None:
    shutil.copy(stage.root / "Mix.wav", stage.folder / "export" / "Three.wav")
    ardour.script(SEPARATE_ASKING)
    ardour.press("Stembridge: separate", "alt+o")
    ardour.press("Stembridge", "alt+c")
    stage.hears(NOT_RUNNING.format(name="Three.wav"))


def the_next_bridge_hears_of_it(stage: Stage, ardour: Ardour) -> dict[str, Any]:
    stage.hears("The bridge is there now, and was asked for the stems of Three.wav again.")
    third = stage.wait_for_stems(ardour, "Three")
    ardour.script(IMPORT)
    at_the_end = stage.regions(ardour)
    ardour.action("Common/Save")
    wait_for("what was wanted to be forgotten", lambda: not (stage.folder / "stembridge-wanted.txt").exists())
    return {"third": third, "at_the_end": at_the_end}


def make_old(by: Path) -> None:
    """Let the lock of an importer that was killed be two minutes old."""
    lines = by.read_text("utf-8").split("\n")
    lines[2] = str(int(lines[2]) - 121)
    by.write_text("\n".join(lines), "utf-8")
