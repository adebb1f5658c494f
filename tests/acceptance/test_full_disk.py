"""A disk that is really full: a small one of memory for the stems, or for the state folder."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.program import Studio, print_time, wait_for

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(400),
    pytest.mark.skipif(sys.platform != "linux", reason="a small disk is made with Linux's tmpfs"),
    pytest.mark.skipif(sys.platform == "linux" and os.geteuid() != 0, reason="only root may mount a small disk"),
]

MEGABYTE = 2**20


@dataclass(frozen=True)
class SmallDisk:
    """A mounted disk, and the file that fills it."""

    root: Path

    def fill(self, leaving: int = 0) -> None:
        room = os.statvfs(self.root)
        with self._ballast.open("wb") as file, contextlib.suppress(OSError):
            os.posix_fallocate(file.fileno(), 0, room.f_bavail * room.f_frsize - leaving)

    def free(self) -> None:
        self._ballast.unlink()

    @property
    def _ballast(self) -> Path:
        return self.root / "ballast"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    root = tmp_path / "disk"
    root.mkdir()
    mounted = subprocess.run(
        ["/bin/mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", root], check=False, capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"this machine lets nobody mount a disk: {mounted.stderr.strip()}")
    yield SmallDisk(root)
    subprocess.run(["/bin/umount", root], check=True)


def on_the_disk(studio: Studio, disk: SmallDisk, *, output: bool = False, state: bool = False) -> None:
    if output:
        studio.output = disk.root / "stems"
    if state:
        studio.state = disk.root / "state"
    studio.configure()


def wait_for_failure(studio: Studio, code: str) -> str:
    """Wait until the one job has failed for this reason; return its id."""
    wait_for("the job to fail", lambda: studio.states() == ["failed"])
    job = studio.jobs()[0]
    assert job["error"]["code"] == code, job
    assert job["error"]["retryable"]
    assert "space" in job["error"]["advice"]
    return str(job["job"])


def test_full_before_the_stems_are_written_it_fails_and_a_retry_delivers(studio: Studio, small_disk: SmallDisk) -> None:
    on_the_disk(studio, small_disk, output=True)
    with studio.up() as bridge:
        small_disk.fill(leaving=MEGABYTE)
        bounce = studio.bounce("Song.wav")
        job = wait_for_failure(studio, "storage.full")
        assert studio.takes() == []
        small_disk.free()
        assert studio.run("retry", job).code == 0
        studio.wait_until_final()
        finished = bridge.finish(signal.SIGTERM)
    assert "Traceback" not in finished.stderr
    studio.assert_delivered(bounce)


def test_filled_while_the_stems_are_written_it_delivers_by_itself_once_there_is_room(
    studio: Studio, small_disk: SmallDisk
) -> None:
    on_the_disk(studio, small_disk, output=True)
    with studio.up() as bridge:
        bounce = studio.bounce("Song.wav", seconds=20.0)
        staging = studio.output / ".stembridge"
        wait_for("the first stem", lambda: any(staging.rglob("*.wav")), pause_s=0.001)
        small_disk.fill()
        wait_for_failure(studio, "storage.full")
        assert studio.takes() == []
        bounce.assert_untouched()
        small_disk.free()
        wait_for("the delivery, by the bridge's own doing", lambda: studio.states() == ["delivered"])
        finished = bridge.finish(signal.SIGTERM)
    assert "Traceback" not in finished.stderr
    failed, delivered = (
        studio.query(f"SELECT max(at) FROM events WHERE kind = '{kind}'")[0][0] for kind in ("failed", "delivered")
    )
    print_time("from the failure on a full disk to the delivery after it was freed", delivered - failed)
    studio.assert_delivered(bounce)


@pytest.mark.parametrize("leaving", [0, 64 * 1024])
def test_with_the_state_folder_full_a_bounce_waits_and_goes_through_once_there_is_room(
    studio: Studio, small_disk: SmallDisk, leaving: int
) -> None:
    on_the_disk(studio, small_disk, state=True)
    with studio.up() as bridge:
        small_disk.fill(leaving=leaving)
        bounce = studio.bounce("Song.wav", seconds=1.0)
        wait_for("it to say so", lambda: b"space" in bridge.said())
        assert studio.states() == []
        small_disk.free()
        wait_for("the delivery, by the bridge's own doing", lambda: studio.states() == ["delivered"])
        finished = bridge.finish(signal.SIGTERM)
    assert "Traceback" not in finished.stderr
    studio.assert_delivered(bounce)


def test_with_the_state_folder_filled_during_the_separation_nothing_is_lost(
    studio: Studio, small_disk: SmallDisk
) -> None:
    on_the_disk(studio, small_disk, state=True)
    with studio.up() as bridge:
        bounce = studio.bounce("Song.wav", seconds=15.0)
        work = studio.state / "work"
        wait_for("the first separated block", lambda: any(work.glob("*/stems/*.wav")), pause_s=0.001)
        small_disk.fill()
        wait_for("it to say so", lambda: b"space" in bridge.said())
        assert studio.takes() == []
        small_disk.free()
        wait_for("the delivery, by the bridge's own doing", lambda: studio.states() == ["delivered"])
        finished = bridge.finish(signal.SIGTERM)
    assert "Traceback" not in finished.stderr
    studio.assert_delivered(bounce)
