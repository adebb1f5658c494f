"""All the checks of this repository, one after the other, and one verdict. Standard library only."""

from __future__ import annotations

from scripts import environment, process

# On every processor, though not more of them than the tests of one machine have memory and patience for: many tests
# wait for the program or start it, and none depends on another. `-n 0` runs them in one process.
SIDE_BY_SIDE = ["-n", "logical", "--maxprocesses", "4", "--dist", "loadgroup", "--no-loadscope-reorder"]

CHECKS = {
    "lint": ["ruff", "check", "."],
    "format": ["ruff", "format", "--check", "."],
    "types": ["mypy"],
    "tests": ["pytest", *SIDE_BY_SIDE],
}


def give(arguments: list[str]) -> int:
    """Run every check, the tests with these arguments of pytest; return 0 if all passed, else 1."""
    environment.prepare(["runtime.txt", "test.txt"])
    failed = []
    for name, tool in CHECKS.items():
        command = [*tool, *(arguments if name == "tests" else [])]
        process.say(f"== {name}: {' '.join(command)}")
        if process.run([str(environment.PYTHON), "-m", *command], environment.ROOT) != 0:
            failed.append(name)
    if failed:
        process.say(f"== FAILED: {', '.join(failed)}")
        return 1
    process.say(f"== All is well: {', '.join(CHECKS)}")
    return 0
