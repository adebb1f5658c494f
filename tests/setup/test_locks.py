from __future__ import annotations

import re
from pathlib import Path

import pytest
import tomli
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
LOCKS = ROOT / "scripts" / "locks"
PIN = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[\w.]+)(?: ; (?P<marker>[^\\]+))? \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}(?: \\)?")
# Compiled for every system and Python: a lock made from one machine's files would have a few hashes only.
COMPILED = {"runtime.txt": {"numpy", "pydantic-core", "cffi", "soxr"}, "test.txt": {"mypy", "grimp", "ruff"}}


def lines(lock: str) -> list[str]:
    return [line for line in (LOCKS / lock).read_text("utf-8").splitlines() if not line.startswith("#")]


def pins(lock: str) -> dict[str, set[str]]:
    versions: dict[str, set[str]] = {}
    for match in filter(None, map(PIN.fullmatch, lines(lock))):
        versions.setdefault(match["name"], set()).add(match["version"])
    return versions


def wanted(lock: str) -> list[Requirement]:
    project = tomli.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    texts = list(project["project"]["dependencies"])
    if lock == "test.txt":
        texts += project["dependency-groups"]["test"]
    return [Requirement(text) for text in texts]


@pytest.mark.parametrize("lock", ["runtime.txt", "test.txt"])
def test_a_lock_holds_pins_and_hashes_and_nothing_else(lock: str) -> None:
    strange = [line for line in lines(lock) if not PIN.fullmatch(line) and not HASH.fullmatch(line)]
    assert strange == []
    assert pins(lock)


@pytest.mark.parametrize("lock", ["runtime.txt", "test.txt"])
def test_a_lock_fits_what_the_project_asks_for(lock: str) -> None:
    found = pins(lock)
    unfit = [
        str(requirement)
        for requirement in wanted(lock)
        if not all(requirement.specifier.contains(version) for version in found.get(requirement.name.lower(), {""}))
    ]
    assert unfit == []


def test_both_locks_agree() -> None:
    test = pins("test.txt")
    assert {name: test.get(name) for name in pins("runtime.txt")} == pins("runtime.txt")


@pytest.mark.parametrize("lock", ["runtime.txt", "test.txt"])
def test_a_compiled_package_has_the_hashes_of_every_system(lock: str) -> None:
    counts: dict[str, int] = {}
    name = ""
    for line in lines(lock):
        pin = PIN.fullmatch(line)
        name = pin["name"] if pin else name
        counts[name] = counts.get(name, 0) + (0 if pin else 1)
    assert {name: counts[name] for name in COMPILED[lock] if counts[name] < 15} == {}
