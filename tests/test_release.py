"""What a release has to agree on."""

from __future__ import annotations

import re
from pathlib import Path

import bridge

ROOT = Path(__file__).parents[1]
HEADING = re.compile(r"^## \[(?P<name>[^\]]+)\](?: - (?P<day>\d{4}-\d\d-\d\d))?$", re.MULTILINE)


def test_the_changelog_begins_with_what_is_unreleased_and_knows_the_version() -> None:
    headings = list(HEADING.finditer((ROOT / "CHANGELOG.md").read_text("utf-8")))
    assert headings[0]["name"] == "Unreleased"
    released = [heading["name"] for heading in headings[1:]]
    if released:
        assert bridge.__version__ == released[0]
    assert all(heading["day"] for heading in headings[1:])


def test_the_version_is_one_that_packages_may_have() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+(?:\.dev\d+)?", bridge.__version__)


def test_the_package_says_that_it_is_typed() -> None:
    assert (ROOT / "bridge" / "py.typed").exists()
