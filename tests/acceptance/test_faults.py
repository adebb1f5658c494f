"""A whole run, killed or failed by the disk at one system call after another, then run again undisturbed.

strace does it, in the daemon and in the process that does the heavy work. A counter of strace belongs to one thread,
so calls are told apart by the path they are about: each fault is the n-th call of a kind on a path.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.program import Bounce, Finished, Studio, wait_for

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800 if "STEMBRIDGE_EVERY_FAULT" in os.environ else 400),
    pytest.mark.system("strace"),
]

SAMPLE = None if "STEMBRIDGE_EVERY_FAULT" in os.environ else 7
"""How many faults of each kind are tried, unless the environment asks for every one of them."""

READ_ONLY = ("stembridge.db", "openat", 1)
"""Always in the sample: after it, SQLite goes on with a job store that it can only read."""

# A question mark: not every processor has a call of that name.
DURABLE = "?rename,?renameat,?renameat2,?link,?linkat,?unlink,?unlinkat,fsync,fdatasync"
WRITING = "write,pwrite64,?open,openat"
TRACER = ("strace", "-D", "-f")  # -D: the program stays our child, with its own exit code
QUICKLY = "--seccomp-bpf"  # not with signals: strace 6.1 then forgets them
LINE = re.compile(r"^(\d+) +(\w+)\((.*)$")


@dataclass(frozen=True, order=True)
class Call:
    """The `number`-th call of this name on this path, counted in one thread."""

    path: str
    name: str
    number: int

    def injecting(self, what: str) -> list[str]:
        return ["-P", self.path, "-e", f"trace={self.name}", "-e", f"inject={self.name}:{what}:when={self.number}"]


@dataclass
class Scene:
    """A job that has been accepted and no more: the same beginning for each fault."""

    studio: Studio
    bounce: Bounce
    beginning: Path = field(init=False)

    def __post_init__(self) -> None:
        self.beginning = self.studio.root / "beginning"
        with self.studio.start("separate", str(self.bounce.path)) as separate:
            wait_for("the job to be accepted", self.studio.states, pause_s=0.001)
            separate.kill()
        shutil.copytree(self.studio.state, self.beginning)
        shutil.rmtree(self.studio.output, ignore_errors=True)

    def rewind(self) -> None:
        shutil.rmtree(self.studio.output, ignore_errors=True)
        shutil.rmtree(self.studio.state)
        shutil.copytree(self.beginning, self.studio.state)

    def separate(self, *strace: str) -> Finished:
        return self.studio.run("separate", str(self.bounce.path), "--json", under=[*TRACER, *strace] if strace else [])

    def calls(self, names: str) -> list[Call]:
        """Every call of these names in an undisturbed run that is about our folders, or opens a file for writing."""
        log = self.studio.root / "calls"
        self.rewind()
        finished = self.separate("-y", QUICKLY, "-o", str(log), "-e", f"trace={names}")
        assert finished.code == 0, finished
        self.studio.assert_delivered(self.bounce)
        return sorted(set(calls_in(log.read_text("utf-8"), [self.studio.state, self.studio.output])))


def calls_in(log: str, folders: Sequence[Path]) -> Iterator[Call]:
    ours = re.compile("|".join(rf'[<"]({re.escape(str(folder))}/[^">]*)' for folder in folders))
    counts: dict[tuple[str, str, str], int] = {}
    for line in log.splitlines():
        found = LINE.match(line)
        path = ours.search(found[3]) if found else None
        if found is None or path is None:
            continue
        name = path[1] or path[2]
        key = (found[1], name, found[2])
        counts[key] = counts.get(key, 0) + 1
        if not found[2].startswith("open") or re.search("O_WRONLY|O_RDWR", line):
            yield Call(name, found[2], counts[key])


def some_of(calls: list[Call], seed: str) -> list[Call]:
    """A sample that is the same each time, and reaches every kind of call."""
    if SAMPLE is None:
        return calls
    shuffled = random.Random(seed).sample(calls, len(calls))
    shuffled.sort(key=lambda call: (Path(call.path).name, call.name, call.number) != READ_ONLY)
    names = sorted({call.name for call in calls})
    one_each = [next(call for call in shuffled if call.name == name) for name in names]
    return (one_each + [call for call in shuffled if call not in one_each])[: max(SAMPLE, len(names))]


@pytest.fixture
def scene(studio: Studio) -> Scene:
    return Scene(studio, studio.bounce("Song.wav", seconds=0.3, to=studio.root))


def test_killed_at_a_durable_call_a_restart_of_the_bridge_finishes_the_job(scene: Scene) -> None:
    studio = scene.studio
    calls = scene.calls(DURABLE)
    assert len(calls) > 30
    for call in some_of(calls, "kill"):
        scene.rewind()
        finished = scene.separate(*call.injecting("signal=KILL"), "-o", "/dev/null")
        studio.assert_nothing_half()
        if finished.code == -signal.SIGKILL:
            studio.up_until_final()
        elif finished.code == 1:  # it hit the process that did the work
            assert error_of(finished)["code"] == "engine.died", (call, finished)
            assert studio.run("retry", studio.jobs()[0]["job"]).code == 0
            studio.up_until_final()
        assert "Traceback" not in finished.stderr, (call, finished)
        studio.assert_delivered(scene.bounce)


@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
def test_failed_by_the_disk_at_any_call_it_says_so_and_a_retry_delivers(scene: Scene, error: str) -> None:
    studio = scene.studio
    calls = [call for call in scene.calls(f"{WRITING},?rename,fsync,fdatasync") if not call.path.endswith("/lock")]
    assert len(calls) > 50
    failed = 0
    for call in some_of(calls, error):
        scene.rewind()
        finished = scene.separate(QUICKLY, *call.injecting(f"error={error}"), "-o", "/dev/null")
        studio.assert_nothing_half()
        scene.bounce.assert_untouched()
        assert "Traceback" not in finished.stderr, (call, finished)
        assert finished.code in {0, 1}, (call, finished)
        if finished.code == 1:
            failed += 1
            told = error_of(finished)
            assert told["code"].startswith("storage."), (call, finished)
            assert told["message"], call
            assert told["advice"], call
            if studio.states() == ["failed"]:
                assert studio.run("retry", studio.jobs()[0]["job"]).code == 0
            again = scene.separate()
            assert again.code == 0, (call, again)
        studio.assert_delivered(scene.bounce)
    assert failed > 2


def error_of(finished: Finished) -> dict[str, Any]:
    """The one error in what `separate --json` printed: of its job, of a refused file, or of the command."""
    document = json.loads(finished.stdout)
    if "error" in document:
        return dict(document["error"])
    errors = [job["error"] for job in document["jobs"] if job["error"]] + document["refused"]
    assert len(errors) == 1, finished
    return dict(errors[0])


INGEST = [("fsync", 1), ("fsync", 2), ("rename", 1), ("fdatasync", 1), ("fdatasync", 2)]
"""What is durable on the way from the inbox to the job store, counted in the thread that does it."""


@pytest.mark.parametrize(("name", "number"), INGEST)
def test_killed_while_a_bounce_is_taken_in_a_restart_takes_it_once(studio: Studio, name: str, number: int) -> None:
    with studio.up() as bridge:  # the store is made: what follows counts from the next start
        bridge.finish(signal.SIGTERM)
    bounce = studio.bounce("Song.wav", seconds=0.3)
    kill = [*TRACER, "-o", "/dev/null", "-e", f"trace={name}", "-e", f"inject={name}:signal=KILL:when={number}"]
    with studio.start("up", under=kill) as bridge:
        wait_for("the kill", bridge.over)
        assert bridge.process.returncode == -signal.SIGKILL
    bounce.assert_untouched()
    studio.up_until_final(1)
    studio.assert_delivered(bounce)


@pytest.mark.parametrize(
    ("name", "number", "error"), [(*call, error) for call, error in zip(INGEST, ["EIO", "ENOSPC"] * 2, strict=False)]
)
def test_failed_by_the_disk_while_a_bounce_is_taken_in_it_tries_again_by_itself(
    studio: Studio, name: str, number: int, error: str
) -> None:
    with studio.up() as bridge:
        bridge.finish(signal.SIGTERM)
    fault = ["-e", f"trace={name}", "-e", f"inject={name}:error={error}:when={number}"]
    with studio.up(under=[*TRACER, QUICKLY, "-o", "/dev/null", *fault]) as bridge:
        bounce = studio.bounce("Song.wav", seconds=0.3)
        studio.wait_until_final(1)
        finished = bridge.finish(signal.SIGTERM)
    assert finished.code == 0, finished
    assert "Traceback" not in finished.stderr
    if "failed" in studio.states():
        assert studio.run("retry", studio.jobs()[0]["job"]).code == 0
        studio.up_until_final(1)
    studio.assert_delivered(bounce)
