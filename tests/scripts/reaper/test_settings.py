"""What the musician chose is there again when REAPER is started the next time."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scripts.reaper.conftest import Studio
from tests.scripts.reaper.simulated_reaper import SimulatedReaper

CHOICES = [
    ("preset", "rough"),
    ("inbox", '"quoted"'),
    ("inbox", "C:\\Bounces; old = new # 'x'"),
    ("inbox", " two\nlines\r\n"),
    ("inbox", "/Musik/Entwürfe"),
    ("preset", ""),
    ("import_at_once", False),
    ("skip_silent", True),
]


@pytest.mark.parametrize(("name", "value"), CHOICES)
def test_every_choice_outlives_reaper(studio: Studio, name: str, value: object) -> None:
    studio.part("settings").set(name, value)
    studio.reaper = SimulatedReaper(studio.reaper.resource)
    assert studio.part("settings").get(name) == value


def test_lists_and_tables_outlive_reaper(studio: Studio) -> None:
    settings: Any = studio.part("settings")
    stems = settings.get("stems")
    stems["no_drums"] = "left_out"
    settings.set("stems", stems)
    studio.reaper = SimulatedReaper(studio.reaper.resource)
    assert dict(studio.part("settings").get("stems")) == {"no_drums": "left_out"}


def test_a_default_stays_one_whatever_is_done_to_what_was_asked_for(studio: Studio) -> None:
    settings: Any = studio.part("settings")
    settings.get("stems")["bass"] = "muted"
    assert dict(settings.get("stems")) == {}


@pytest.mark.parametrize("text", ["", "rough", '"rough"', "[", "[]", '["rough","x"', "[1]", "{}", "null"])
def test_what_is_no_choice_leaves_the_default(studio: Studio, text: str) -> None:
    studio.reaper.SetExtState("Stembridge", "preset", text, True)
    assert studio.part("settings").get("preset") == ""
