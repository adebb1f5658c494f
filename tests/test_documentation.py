"""What the documentation says is tried here, as far as words can be."""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path

import pytest

from bridge.cli.arguments import parser
from bridge.config.load import load

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def _commands(text: str) -> list[str]:
    blocks = re.findall(r"^```\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    lines = [line.split("   #")[0].strip() for block in blocks for line in block.splitlines()]
    inline = re.findall(r"`(stembridge [^`]+)`", text)
    return [line for line in [*lines, *inline] if line.startswith("stembridge ") and "├" not in line]


@pytest.mark.parametrize("command", _commands(README))
def test_each_command_of_the_readme_is_one(command: str) -> None:
    arguments = shlex.split(command)[1:]
    assert parser().parse_args(arguments).function


def test_the_readme_starts_with_the_two_commands_that_exist() -> None:
    commands = re.findall(r"^python3 (scripts/\w+\.py)", README, flags=re.MULTILINE)
    assert commands == ["scripts/up.py", "scripts/check.py"]
    assert all((ROOT / command).is_file() for command in commands)


@pytest.mark.parametrize("example", re.findall(r"```toml\n(.*?)```", README, flags=re.DOTALL))
def test_each_configuration_shown_in_the_readme_loads(example: str, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(example)
    assert load(path, os.environ).origin.file == path


@pytest.mark.parametrize("command", re.findall(r"^(?:oscsend|oscdump) .*", README, flags=re.MULTILINE))
def test_each_osc_command_of_the_readme_is_one_of_the_reference_whose_examples_are_run(command: str) -> None:
    assert command in (ROOT / "docs" / "osc.md").read_text("utf-8").splitlines()


def test_the_diagram_of_states_is_the_one_in_the_code() -> None:
    sys.path.insert(0, str(ROOT))
    from scripts.docs import ARCHITECTURE, with_diagram

    text = ARCHITECTURE.read_text("utf-8")
    assert with_diagram(text) == text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_link_in_the_documentation_leads_nowhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
        assert link.startswith("https://") or (page.parent / link).exists(), link


def test_every_room_is_on_the_map() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    found = (ROOT / "bridge").iterdir()
    rooms = {path.stem for path in found if path.name != "py.typed" and not path.name.startswith("__")}
    assert {room for room in rooms if f"`{room}`" not in text} == set()
