"""The files for controllers, as far as they can be looked at without the program that opens them."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from bridge.osc.addresses import INCOMING, OUTGOING, SUBSCRIBE
from bridge.separation.catalogue import models
from scripts.osc.touchosc import LAYOUT, SCRIPT, layout

FOLDER = LAYOUT.parent
ADDRESS = re.compile(r"/stembridge(?:/[a-z]+)+")
SESSION = json.loads((FOLDER / "stembridge.open-stage-control.json").read_text("utf-8"))
PATCHER = json.loads((FOLDER / "stembridge.maxpat").read_text("utf-8"))["patcher"]


def unpacked() -> ET.Element:
    return ET.fromstring(zlib.decompress(LAYOUT.read_bytes()))


def widgets(held: dict[str, Any] = SESSION["content"]) -> Iterator[dict[str, Any]]:
    for widget in held.get("widgets", []):
        yield widget
        yield from widgets(widget)


def touched() -> list[tuple[str, list[str]]]:
    """What the buttons of the TouchOSC layout send."""
    return [
        (
            message.findtext("path/partial/value") or "",
            [part.text or "" for part in message.iterfind("arguments//value")],
        )
        for message in unpacked().iter("osc")
    ]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.*")), ids=lambda path: path.name)
def test_every_address_in_a_file_is_one_of_the_bridge(path: Path) -> None:
    text = zlib.decompress(path.read_bytes()).decode() if path.suffix == ".tosc" else path.read_text("utf-8")
    assert set(ADDRESS.findall(text)) <= {*INCOMING, *OUTGOING}


def test_the_pure_data_patch_formats_and_routes_only_what_there_is() -> None:
    text = (FOLDER / "stembridge.pd").read_text("utf-8")
    asked = {f"/{address.replace(' ', '/')}" for address in re.findall(r"oscformat (?:-f \w+ )?([a-z ]+);", text)}
    assert asked <= set(INCOMING)
    assert len(asked) == 8
    heard = re.search(r"route accepted ([a-z ]+);", text)
    assert heard
    assert {f"/stembridge/job/{word}" for word in heard[1].split()} <= set(OUTGOING)


def test_the_touchosc_layout_is_the_one_that_its_source_draws() -> None:
    assert ET.tostring(unpacked()) == ET.tostring(layout()), "run python scripts/osc/touchosc.py"
    assert SCRIPT.read_text("utf-8") in [value.text for value in unpacked().iterfind("node/properties/property/value")]


def test_no_node_of_the_touchosc_layout_shares_its_name_or_lies_outside() -> None:
    nodes = list(unpacked().iter("node"))
    assert len({node.get("ID") for node in nodes}) == len(nodes)
    for node in nodes:
        x, y, width, height = (int(node.findtext(f"properties/property/value/{side}") or "") for side in "xywh")
        assert 0 <= x < x + width <= 800
        assert 0 <= y < y + height <= 500


def test_each_touchosc_button_sends_what_its_command_takes() -> None:
    for address, strings in touched():
        command = INCOMING[address]
        assert len(strings) in (len(command.arguments), sum(not each.optional for each in command.arguments))
    presets = {strings[0] for address, strings in touched() if address == "/stembridge/preset"}
    assert presets <= {"", *map(str, models())}


def test_each_open_stage_control_button_sends_what_its_command_takes() -> None:
    asking = [widget for widget in widgets() if widget.get("mode") == "momentary"]
    assert len(asking) == 9
    for widget in asking:
        command, sent = INCOMING[widget["address"]], len(widget["preArgs"])
        assert len(widget["typeTags"]) == sent
        assert sent in (len(command.arguments), sum(not each.optional for each in command.arguments))


def test_open_stage_control_hears_of_everything_about_a_job_but_its_stems() -> None:
    heard = {widget["address"] for widget in widgets() if widget["type"] == "variable"}
    assert set(OUTGOING) - heard == {"/stembridge/job/stem"}


def test_the_widgets_that_the_open_stage_control_scripts_name_are_there() -> None:
    names = {widget["id"] for widget in widgets()}
    assert len(names) == len(list(widgets()))
    scripts = SESSION["content"]["onPreload"] + "".join(widget.get("onValue", "") for widget in widgets())
    for name in re.findall(r"[gs]et\('([a-z_]+)'", scripts):
        assert {name, f"{name}1"} & names


def test_the_max_patch_connects_boxes_that_are_there() -> None:
    boxes = {held["box"]["id"]: held["box"] for held in PATCHER["boxes"]}
    assert len(boxes) == len(PATCHER["boxes"])
    for line in (held["patchline"] for held in PATCHER["lines"]):
        assert line["source"][1] < boxes[line["source"][0]]["numoutlets"]
        assert line["destination"][1] < boxes[line["destination"][0]]["numinlets"]
    texts = [box.get("text", "") for box in boxes.values()]
    assert f"{SUBSCRIBE} 9130 150" in texts
    assert "udpreceive 9130" in texts
