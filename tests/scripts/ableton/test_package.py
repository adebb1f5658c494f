"""The folder that a musician copies into Live's User Library."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.delivery import bridge_status, claim, importing

FOLDER = Path("scripts/ableton/Stembridge")
FILES = sorted(FOLDER.glob("*.py"))


@pytest.mark.parametrize("original", [claim, importing, bridge_status])
def test_what_every_importer_needs_is_carried_word_for_word(original: object) -> None:
    theirs = Path(str(original.__file__))  # type: ignore[attr-defined]
    assert (FOLDER / theirs.name).read_bytes() == theirs.read_bytes()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_it_is_written_for_the_oldest_python_that_live_12_has(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"), feature_version=(3, 7))
    modules = [name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names]
    modules += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) if not node.level]
    assert "Live" in modules or {name.partition(".")[0] for name in modules} <= sys.stdlib_module_names


def test_it_stands_alone_in_a_folder_of_its_own(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "Stembridge", ignore=shutil.ignore_patterns("__pycache__"))
    program = "import Stembridge; print(Stembridge.create_instance.__module__)"
    command = [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {program}"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.stdout, done.stderr) == ("Stembridge\n", "")


def test_nothing_in_it_waits_or_makes_threads() -> None:
    for file in FILES:
        text = file.read_text(encoding="utf-8")
        assert "threading" not in text
        assert "sleep" not in text or file.name == "claim.py", "at most 0.15 s, where Windows holds a file"
