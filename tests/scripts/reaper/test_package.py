"""What ReaPack installs is what there is."""

from __future__ import annotations

import re
import subprocess
import sys
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ET
from pathlib import Path

import lupa.lua53
import lupa.lua54
import pytest

from scripts.reaper.index import HERE, PACKAGE, header, index
from tests.scripts.reaper.conftest import SCRIPTS

FILES = sorted(path for path in SCRIPTS.rglob("*") if path.is_file())


def package() -> tuple[ET.Element, ET.Element]:
    root = ET.parse(HERE / "index.xml").getroot()
    assert (root.tag, root.get("version")) == ("index", "1")
    [found] = root.findall("category/reapack")
    [version] = found.findall("version")
    return found, version


def test_the_index_is_the_one_that_the_header_gives() -> None:
    assert (HERE / "index.xml").read_text("utf-8") == index("")


def test_every_file_is_listed_once_and_every_listed_file_is_there() -> None:
    found, version = package()
    names = [source.get("file") or found.get("name") or "" for source in version.findall("source")]
    assert sorted(names) == [path.relative_to(SCRIPTS).as_posix() for path in FILES]
    for source, name in zip(version.findall("source"), names, strict=True):
        assert (HERE / urllib.parse.unquote(source.text or "")) == SCRIPTS / name


def test_the_version_and_description_are_those_of_the_header() -> None:
    found, version = package()
    tags = header(SCRIPTS / PACKAGE)
    assert (found.get("type"), found.get("desc")) == ("script", tags["description"])
    assert (version.get("name"), version.get("author")) == (tags["version"], tags["author"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", tags["version"])
    assert set(tags) == {"description", "version", "author", "changelog", "about", "provides"}
    assert all(tags.values())


def test_actions_are_actions_and_parts_are_not() -> None:
    found, version = package()
    for source in version.findall("source"):
        name = source.get("file") or found.get("name") or ""
        assert (source.get("main") == "main") == (not name.startswith("lib/")), name


@pytest.mark.parametrize("extra", [[], ["--url", "https://stems.example/reaper/"]])
def test_an_index_to_install_from_has_whole_addresses_of_files_that_are_there(tmp_path: Path, extra: list[str]) -> None:
    out = tmp_path / "index.xml"
    subprocess.run([sys.executable, HERE / "index.py", out, *extra], check=True, capture_output=True)
    for source in ET.parse(out).getroot().iter("source"):
        address = urllib.parse.urlsplit(source.text or "")
        path = urllib.request.url2pathname(address.path)
        if extra:
            assert (address.scheme, address.netloc) == ("https", "stems.example")
            path = str(HERE / Path(path).relative_to("/reaper"))
        assert Path(path).is_file()


@pytest.mark.parametrize("file", [path for path in FILES if path.suffix == ".lua"], ids=lambda path: path.name)
def test_every_script_is_lua_53_and_54_and_freezes_nothing(file: Path) -> None:
    text = file.read_text("utf-8")
    for lua in (lupa.lua53, lupa.lua54):
        compiled = lua.LuaRuntime().execute("return load(...)", text)
        assert not isinstance(compiled, tuple), compiled
    assert not re.search(r"os\.execute|io\.popen|\bload\(|require", re.sub(r"--.*", "", text))


def test_every_part_that_is_asked_for_is_there() -> None:
    asked = {name for path in FILES for name in re.findall(r'part\("(\w+)"\)', path.read_text("utf-8"))}
    assert asked - {"json"} <= {path.stem for path in FILES}
    assert {path.stem for path in SCRIPTS.glob("lib/*.lua")} - asked == {"load"}
