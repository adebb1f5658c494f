"""Draws stembridge.tosc, the layout for TouchOSC, around touchosc.lua.

python scripts/osc/touchosc.py            writes it

A .tosc is XML, deflated with zlib: nodes with properties, values, messages and children.
"""

from __future__ import annotations

import uuid
import zlib
from pathlib import Path
from xml.etree import ElementTree as ET

HERE = Path(__file__).resolve().parent
LAYOUT = HERE / "stembridge.tosc"
SCRIPT = HERE / "touchosc.lua"
SIZE = (0, 0, 800, 500)
ROWS = 4
PRESETS = {"defaults": "", "4 stems": "501", "6 stems": "320", "vocals": "350", "drums": "340"}
DARK, PLAIN, GREEN = (0.1, 0.11, 0.13, 1.0), (0.24, 0.35, 0.5, 1.0), (0.16, 0.62, 0.56, 1.0)
CANCEL = """function onValueChanged(key)
  if key == 'x' and self.values.x == 1 then self.parent:notify('cancel', %d) end
end"""

Frame = tuple[int, int, int, int]
Colour = tuple[float, float, float, float]


def layout() -> ET.Element:
    """Draw the whole layout."""
    root = ET.Element("lexml", version="3")
    page = _node(root, "GROUP", "stembridge", SIZE, DARK)
    _property(page, "s", "script", SCRIPT.read_text("utf-8"))
    children = ET.SubElement(page, "children")
    for place, (label, name) in enumerate(PRESETS.items()):
        button = _button(children, label, (10 + 158 * place, 10, 148, 60), GREEN)
        _message(button, "/stembridge/preset", name)
    for place, name in enumerate(("pause", "resume", "status", "ping")):
        button = _button(children, name, (10 + 198 * place, 80, 188, 60), PLAIN)
        _message(button, f"/stembridge/{name}")
    for row in range(1, ROWS + 1):
        y = 90 + 60 * row
        _label(children, f"song{row}", (10, y, 230, 50))
        fader = _node(children, "FADER", f"progress{row}", (250, y, 250, 50), GREEN)
        _property(fader, "i", "orientation", "1")
        _values(fader, x="0")
        _label(children, f"state{row}", (510, y, 180, 50))
        button = _button(children, "cancel", (700, y, 90, 50), PLAIN, name=f"cancel{row}")
        _property(button, "s", "script", CANCEL % row)
    _label(children, "message", (10, 400, 780, 90))
    return root


def packed(root: ET.Element) -> bytes:
    """Return a layout as the bytes of its file."""
    return zlib.compress(ET.tostring(root, encoding="UTF-8", xml_declaration=True))


def _node(parent: ET.Element, kind: str, name: str, frame: Frame, colour: Colour) -> ET.Element:
    node = ET.SubElement(parent, "node", ID=str(uuid.uuid5(uuid.NAMESPACE_URL, f"stembridge/{name}")), type=kind)
    ET.SubElement(node, "properties")
    _property(node, "s", "name", name)
    _property(node, "r", "frame", dict(zip("xywh", map(str, frame), strict=True)))
    _property(node, "c", "color", dict(zip("rgba", map(str, colour), strict=True)))
    _property(node, "b", "interactive", "1" if kind == "BUTTON" else "0")
    return node


def _button(parent: ET.Element, label: str, frame: Frame, colour: Colour, name: str = "") -> ET.Element:
    """A button that is on while it is touched, and its words above it: a button has none."""
    button = _node(parent, "BUTTON", name or label, frame, colour)
    _property(button, "i", "buttonType", "0")
    _values(button, x="0")
    _label(parent, f"label of {name or label}", frame, label, centred=True)
    return button


def _label(parent: ET.Element, name: str, frame: Frame, text: str = "", *, centred: bool = False) -> None:
    label = _node(parent, "LABEL", name, frame, DARK)
    _property(label, "b", "background", "0" if centred else "1")
    _property(label, "i", "textAlignH", "2" if centred else "1")
    _property(label, "i", "textSize", "16")
    _values(label, text=text)


def _property(node: ET.Element, kind: str, key: str, value: str | dict[str, str]) -> None:
    held = ET.SubElement(_one(node, "properties"), "property", type=kind)
    ET.SubElement(held, "key").text = key
    _fill(ET.SubElement(held, "value"), value)


def _values(node: ET.Element, **defaults: str) -> None:
    values = ET.SubElement(node, "values")
    for key, default in defaults.items():
        held = {"key": key, "locked": "0", "lockedDefaultCurrent": "0", "default": default, "defaultPull": "0"}
        _fill(ET.SubElement(values, "value"), held)


def _message(button: ET.Element, address: str, *arguments: str) -> None:
    """Send an address and fixed strings when the button is pressed, nothing when it is let go."""
    message = ET.SubElement(ET.SubElement(button, "messages"), "osc")
    _fill(message, {"enabled": "1", "send": "1", "receive": "0", "feedback": "0", "connections": "00001"})
    _fill(ET.SubElement(ET.SubElement(message, "triggers"), "trigger"), {"var": "x", "condition": "RISE"})
    for part, texts in {"path": (address,), "arguments": arguments}.items():
        held = ET.SubElement(message, part)
        for text in texts:
            partial = {"type": "CONSTANT", "conversion": "STRING", "value": text, "scaleMin": "0", "scaleMax": "1"}
            _fill(ET.SubElement(held, "partial"), partial)


def _fill(element: ET.Element, value: str | dict[str, str]) -> None:
    if isinstance(value, str):
        element.text = value
        return
    for key, text in value.items():
        ET.SubElement(element, key).text = text


def _one(node: ET.Element, tag: str) -> ET.Element:
    found = node.find(tag)
    assert found is not None
    return found


if __name__ == "__main__":
    LAYOUT.write_bytes(packed(layout()))
    print(f"wrote {LAYOUT.name}")
