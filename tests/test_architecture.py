from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
LONGEST_MODULE = 300
HEAVY = {
    *("fastapi", "httpx", "keyring", "numpy", "obstore", "pydantic", "pydub", "rich"),
    *("soundfile", "soxr", "starlette", "uvicorn", "watchdog"),
}
# Put together here, so that this file does not name them either.
REGISTRIES = [".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("pypi", "python", "org"))]
MACHINE_PATH = re.compile(r"(?<![\w.~-])/(?:root|work|opt/pypi[\w-]*|home/(?!user\b|you\b|me\b)\w+)(?=/)")


def modules(*folders: str) -> list[Path]:
    return sorted(file for folder in folders for file in (ROOT / folder).rglob("*.py"))


def named(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def our_files() -> Iterator[Path]:
    """Give every file that git tracks or would; where there is no git, every file outside of the ignored folders."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    if (ROOT / ".git").exists():
        output = subprocess.run(listing, cwd=ROOT, capture_output=True, check=True).stdout
        yield from (ROOT / os.fsdecode(name) for name in output.split(b"\0") if name)
        return
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in ("__pycache__", "build", "dist") and name[0] != "."]
        yield from (Path(folder, name) for name in names)


def test_imports_keep_the_order_of_the_rooms() -> None:
    # In a process of its own: it switches off every logger that there is, and tests that come later need theirs.
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True, no_logo=True))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, os.fsdecode(done.stdout + done.stderr)


def test_only_the_command_line_prints() -> None:
    printing = [
        f"{named(file)}:{node.lineno}"
        for file in modules("bridge")
        if not file.is_relative_to(ROOT / "bridge" / "cli")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Name) and node.id == "print"
    ]
    assert printing == []


def test_no_module_is_longer_than_one_can_keep_in_mind() -> None:
    lengths = {named(file): len(file.read_text("utf-8").splitlines()) for file in modules("bridge", "scripts")}
    assert {name: length for name, length in lengths.items() if length > LONGEST_MODULE} == {}


def test_no_module_is_a_drawer_for_everything() -> None:
    drawers = {"utils.py", "util.py", "helpers.py", "misc.py"}
    assert [named(file) for file in modules("bridge", "scripts") if file.name in drawers] == []


def test_no_room_imports_anything_heavy_by_itself() -> None:
    rooms = [".".join(file.parent.relative_to(ROOT).parts) for file in modules("bridge") if file.name == "__init__.py"]
    code = f"import sys, {', '.join(rooms)}; print(*sorted({HEAVY} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_no_file_names_a_package_registry_or_a_folder_of_one_machine() -> None:
    found = []
    for file in our_files():
        if file.is_symlink() or not file.is_file():
            continue
        text = file.read_bytes().decode("utf-8", "replace")
        found += [f"{named(file)}: {host}" for host in REGISTRIES if host in text]
        found += [f"{named(file)}: {match.group()}" for match in MACHINE_PATH.finditer(text)]
    assert found == []
