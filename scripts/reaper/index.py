"""Write ReaPack's index of the REAPER scripts from the header of the package.

    python3 scripts/reaper/index.py                          index.xml beside this file, with relative addresses
    python3 scripts/reaper/index.py OUT.xml                  one that installs from this very folder (file://)
    python3 scripts/reaper/index.py OUT.xml --url ADDRESS    one that installs from where this folder is published

The format is ReaPack's index version 1. It needs whole addresses to install; which ones, only the publisher knows.
"""

from __future__ import annotations

import argparse
import re
import urllib.parse
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
CATEGORY = "Stembridge"
PACKAGE = "Stembridge_Bounce and separate.lua"


def header(file: Path) -> dict[str, str]:
    """Return the tags of a script's header: "-- @tag text", and indented lines that go on with it."""
    tags: dict[str, list[str]] = {}
    name = ""
    for line in file.read_text("utf-8").splitlines():
        if not line.startswith("--"):
            break
        tag = re.match(r"-- @(\w+)\s*(.*)", line)
        if tag:
            name = tag[1]
            tags[name] = [tag[2]] if tag[2] else []
        elif name:
            tags[name].append(line.removeprefix("--").strip())
    return {tag: "\n".join(lines) for tag, lines in tags.items()}


def provided(folder: Path, lines: str) -> Iterator[tuple[str, bool]]:
    """Give each file that @provides names, and whether it is an action; "." is the package's own file."""
    for line in lines.splitlines():
        options, pattern = re.fullmatch(r"\[(\w+)\] (.+)", line).groups()  # type: ignore[union-attr]
        names = (
            [PACKAGE]
            if pattern == "."
            else sorted(path.relative_to(folder).as_posix() for path in folder.glob(pattern))
        )
        yield from ((name, options == "main") for name in names)


def index(base: str) -> str:
    """Return the index; `base` is the address of the folder of this file, or "" for relative ones."""
    folder = HERE / CATEGORY
    tags = header(folder / PACKAGE)
    root = ET.Element("index", version="1", name="Stembridge")
    category = ET.SubElement(root, "category", name=CATEGORY)
    package = ET.SubElement(category, "reapack", name=PACKAGE, type="script", desc=tags["description"])
    version = ET.SubElement(package, "version", name=tags["version"], author=tags["author"])
    ET.SubElement(version, "changelog").text = tags["changelog"]
    for name, is_action in provided(folder, tags["provides"]):
        source = ET.SubElement(version, "source", {"main": "main"} if is_action else {})
        if name != PACKAGE:
            source.set("file", name)
        source.text = base + urllib.parse.quote(f"{CATEGORY}/{name}")
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", nargs="?", type=Path)
    parser.add_argument("--url", default=HERE.as_uri(), help="the address of the folder scripts/reaper")
    options = parser.parse_args()
    if options.out is None:
        (HERE / "index.xml").write_text(index(""), "utf-8")
        return
    options.out.write_text(index(options.url.rstrip("/") + "/"), "utf-8")
    print(f"In REAPER: Extensions, ReaPack, Import repositories: {options.out.resolve().as_uri()}")


if __name__ == "__main__":
    main()
