"""A delivery killed, or failed by the disk, at each system call that changes the disk, in turn.

strace does it to a process of its own; after each fault the state on disk is judged, and the delivery called again.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bridge.delivery.folder import Plan, delivered, place
from bridge.delivery.receipt import read

if TYPE_CHECKING:
    from tests.delivery.conftest import Rebounce, Studio

pytestmark = [
    pytest.mark.slow,
    pytest.mark.system("strace"),
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed"),
]

# A question mark: not every processor has a call of that name.
CHANGES = (
    "trace=?rename,?renameat,?renameat2,?link,?linkat,?unlink,?unlinkat,?mkdir,?mkdirat,?rmdir,"
    "fsync,write,?sendfile,?copy_file_range"
)
NO_LINKS = ("-e", "inject=?link,?linkat:error=EPERM")
QUICKLY = ("-f", "--seccomp-bpf")  # not with signals: strace 6.1 then forgets them
KILLED, FAILED = -9, 3

PLACE = """
import sys
from pathlib import Path
from bridge.delivery.folder import Plan, place
from bridge.delivery.receipt import read
from bridge.errors import StorageError
try:
    place(Plan.from_json(sys.argv[1]), Path(sys.argv[2]), read(Path(sys.argv[3])))
except StorageError as error:
    sys.exit(3 if error.message and error.advice and error.code.startswith("storage.") else 4)
"""


@dataclass(frozen=True)
class Scenario:
    """A song folder as it was, a staged take, and what must come of it."""

    studio: Studio
    plan: Plan
    staging: Path
    receipt: Path
    before: dict[str, bytes]
    after: dict[str, bytes]
    injection: tuple[str, ...]

    def fresh(self, to: Path) -> Scenario:
        """The same again, in another output folder."""
        shutil.rmtree(to, ignore_errors=True)
        output = self.studio.output
        shutil.copytree(output, to)
        return replace(
            self,
            studio=replace(self.studio, output=to),
            plan=Plan.from_json(self.plan.to_json().replace(str(output), str(to))),
            staging=to / self.staging.relative_to(output),
        )

    def run(self, *injection: str, log: str = "/dev/null") -> int:
        """Place the take in a process of its own, under strace; return its exit status."""
        strace = ["strace", "-o", log, "-e", CHANGES, *self.injection, *injection]
        python = [sys.executable, "-B", "-S", "-c", PLACE]
        arguments = [self.plan.to_json(), str(self.staging), str(self.receipt)]
        return subprocess.run([*strace, *python, *arguments], check=False, stderr=subprocess.DEVNULL).returncode

    def place(self) -> None:
        place(self.plan, self.staging, read(self.receipt))

    def assert_nothing_half(self) -> None:
        """Every take that can be seen is whole, the old one is still there, and so is all that is the musician's."""
        tree = self.studio.tree()
        for path in tree:
            if path.endswith("/stems.json"):
                folder = self.studio.output / path.removesuffix("/stems.json")
                receipt = read(folder / "stems.json")
                assert delivered(folder, receipt.job)
                assert all(
                    (folder / stem.file).read_bytes() == self.studio.content(receipt.job, stem.name)
                    for stem in receipt.stems
                )
        assert set(self.before.values()) <= set(tree.values())

    def assert_delivered(self) -> None:
        assert self.studio.tree() == self.after
        assert not (self.studio.output / ".stembridge").exists()


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """A folder on a memory disk where there is one, since some thousand fsyncs take a while elsewhere."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


def scenario(studio: Studio, tmp_path: Path, name: str) -> Scenario:
    song = studio.output / "Mix"
    before: dict[str, bytes] = {}
    stems: tuple[str, ...] = ("vocals", "drums")
    rebounce: Rebounce = "take"
    take, target = 1, "Mix"
    if name.startswith("project"):
        song.mkdir()
        (song / "Mix.rpp").write_bytes(b"the musician's own")
        before = {"Mix/Mix.rpp": b"the musician's own"}
    if name.startswith(("take", "replace")):
        studio.deliver("old", stems=("vocals", "drums"))
        before = studio.take("Mix", "old")
        take, target = 2, "Mix/take 02"
    if name.startswith("replace"):
        rebounce, stems, target = "replace", ("vocals", "bass"), "Mix"
    after = {**before, **studio.take(target, "new", stems, take)}
    if name.startswith("replace"):
        after = {**studio.take("Mix/take 01", "old"), **studio.take("Mix", "new", stems, take)}
    receipt = tmp_path / "receipt.json"
    receipt.write_bytes(studio.receipt("new", take, stems).to_bytes())
    staging = studio.stage("new", stems)
    injection = NO_LINKS if name.endswith("without links") else ()
    return Scenario(studio, studio.plan("new", rebounce), staging, receipt, before, after, injection)


def calls(undisturbed: Scenario, tmp_path: Path) -> Iterator[tuple[str, int]]:
    """Every system call of an undisturbed delivery that changes the disk: its name, and the how many-th it is."""
    log = tmp_path / "calls.log"
    assert undisturbed.run(log=str(log)) == 0
    undisturbed.assert_delivered()
    counts = Counter(re.findall(r"^(\w+)\(", log.read_text(), re.MULTILINE))
    assert counts["fsync"] >= 6
    for call, count in counts.items():
        # strace can't refuse a call and kill at it.
        if undisturbed.injection != NO_LINKS or call not in {"link", "linkat"}:
            yield from ((call, number) for number in range(1, count + 1))


ALL = ["first", "project", "project without links", "take", "replace", "replace without links"]


@pytest.mark.parametrize("name", ALL)
def test_killed_at_any_call_it_leaves_nothing_half_and_completes_on_the_next(
    studio: Studio, tmp_path: Path, name: str
) -> None:
    start = scenario(studio, tmp_path, name)
    for call, number in calls(start.fresh(tmp_path / "undisturbed"), tmp_path):
        faulty = start.fresh(tmp_path / "faulty")
        assert faulty.run("-e", f"inject={call}:signal=KILL:when={number}") == KILLED, (call, number)
        faulty.assert_nothing_half()
        faulty.place()
        faulty.assert_delivered()


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("first", "ENOSPC"),
        ("first", "EIO"),
        ("replace", "ENOSPC"),
        ("replace", "EIO"),
        ("replace without links", "EIO"),
    ],
)
def test_failed_by_the_disk_at_any_call_it_says_so_and_completes_on_the_next(
    studio: Studio, tmp_path: Path, name: str, error: str
) -> None:
    start = scenario(studio, tmp_path, name)
    for call, number in calls(start.fresh(tmp_path / "undisturbed"), tmp_path):
        if error == "ENOSPC" and call in {"unlink", "unlinkat", "rmdir"}:
            continue  # needs no space
        faulty = start.fresh(tmp_path / "faulty")
        status = faulty.run(*QUICKLY, "-e", f"inject={call}:error={error}:when={number}")
        # Python passes over an error in making a folder that is there, and copies another way where sendfile can't.
        assert status == FAILED or (call in {"mkdir", "mkdirat", "sendfile"} and status == 0), (call, number)
        faulty.assert_nothing_half()
        faulty.place()
        faulty.assert_delivered()


@pytest.mark.parametrize("name", ALL)
def test_each_step_is_on_the_disk_before_the_next(studio: Studio, tmp_path: Path, name: str) -> None:
    take = scenario(studio, tmp_path, name)
    log = tmp_path / "calls.log"
    assert take.run("-y", log=str(log)) == 0
    steps = [line.split(" = ")[0] for line in log.read_text().splitlines() if " = 0" in line]
    target, archive = str(take.plan.target), str(take.plan.archive)
    stems = [stem.file for stem in read(take.receipt).stems]

    def last(call: str, *words: str, before: int = len(steps)) -> int:
        return max(
            i for i, step in enumerate(steps[:before]) if step.startswith(call) and all(w in step for w in words)
        )

    ready = last("rename", f'"{target}/.stems.json.part"', f'"{target}/stems.json"')
    folder = str(take.plan.target.parent) if name in {"first", "take"} else target
    synced = last("fsync", f"<{folder}>", before=ready)
    appeared = max(i for i, step in enumerate(steps[:ready]) if re.match(r"rename|link", step) and target in step)
    assert max(last("fsync", f"/{stem}>") for stem in stems) < appeared < synced < ready
    assert last("fsync", f"<{target}>") > ready
    if take.plan.replaces:
        unready = last("unlink", f'"{target}/stems.json"')
        kept = last("rename", f'"{archive}/stems.json"')
        assert kept < last("fsync", f"<{archive}>") < unready
        replaced = min(
            i for i, step in enumerate(steps) if step.startswith("rename") and f'"{target}/{stems[0]}"' in step
        )
        assert unready < last("fsync", f"<{target}>", before=replaced) < replaced


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["project", "replace", "replace without links"])
def test_killed_again_and_again_it_still_completes(studio: Studio, tmp_path: Path, name: str, seed: int) -> None:
    start = scenario(studio, tmp_path, name)
    faulty = start.fresh(tmp_path / "faulty")
    everywhere = list(calls(start.fresh(tmp_path / "undisturbed"), tmp_path))
    for call, number in random.Random(seed).sample(everywhere, 4):
        faulty.run("-e", f"inject={call}:signal=KILL:when={number}")
        faulty.assert_nothing_half()
    faulty.place()
    faulty.assert_delivered()
