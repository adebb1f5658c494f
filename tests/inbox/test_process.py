"""The inbox in a process of its own, with the real job store: stopped, killed, and denied file events."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from bridge.jobs.store import JobStore
from tests.inbox.conftest import Room

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs signals and inotify")

CHILD = """
import logging, signal, sys
from pathlib import Path
from bridge.inbox.inbox import Inbox
from bridge.inbox.options import InboxOptions
from bridge.jobs.spec import JobSpec
from bridge.jobs.store import JobStore

logging.basicConfig(level=logging.INFO)
home, scan_s = Path(sys.argv[1]), float(sys.argv[2])
store = JobStore(home / "jobs.sqlite", key_of=lambda arrival: arrival.sha256)
options = InboxOptions(home / "inbox", home / "out", home, JobSpec(home / "out"), settle_s=0.05, scan_s=scan_s)
inbox = Inbox(options, store, home / "spool", on_accepted=lambda job: None,
              on_problem=lambda path, error: print(path, error, file=sys.stderr, flush=True))
inbox.start()
print("ready", flush=True)
signal.sigwait({signal.SIGTERM})
inbox.stop()
"""


@contextlib.contextmanager
def child(home: Path, *, scan_s: float = 3600.0, under: Sequence[str] = ()) -> Iterator[subprocess.Popen[str]]:
    command = [*under, sys.executable, "-c", CHILD, str(home), str(scan_s)]
    with (home / "log").open("a") as log:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd=Path(__file__).parents[2],
            start_new_session=True,
        )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n", (home / "log").read_text()
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


def accepted(home: Path) -> list[str]:
    store = JobStore(home / "jobs.sqlite", key_of=lambda arrival: arrival.sha256)
    try:
        return sorted(job.source.name for job in store.jobs())
    finally:
        store.close()


def save(home: Path, name: str, seed: int = 1) -> None:
    (home / "new.part").write_bytes(Room.wav(seed))
    (home / "new.part").rename(home / "inbox" / name)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "inbox").mkdir()
    return tmp_path


def test_a_bounce_whose_event_was_lost_in_an_overflow_is_found_without_waiting_for_the_next_scan(home: Path) -> None:
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if limit > 50_000:
        pytest.skip("the kernel's queue is too long to fill in a test")
    with child(home) as process:
        os.kill(process.pid, signal.SIGSTOP)
        for number in range(limit + 100):
            # Alternating, since the kernel counts equal events in a row as one.
            (home / "inbox" / f"noise {number % 2}.tmp").write_bytes(b"")
        save(home, "lost.wav")
        os.kill(process.pid, signal.SIGCONT)
        Room.until(lambda: accepted(home) == ["lost.wav"])


@pytest.mark.slow
def test_a_burst_into_a_stopped_and_a_killed_inbox_is_accepted_once_each(home: Path) -> None:
    expected = []
    for round_number in range(4):
        with child(home) as process:
            for number in range(40):
                if number == 20:
                    os.kill(process.pid, signal.SIGSTOP)
                name = f"{round_number}-{number:02}.wav"
                save(home, name, seed=number)
                expected.append(name)
            os.kill(process.pid, signal.SIGCONT)
            if round_number < 3:
                # Killed while it accepts: some are jobs, some are copies, some are nothing yet.
                Room.until(lambda: len(accepted(home)) >= len(expected) - 30)
            else:
                Room.until(lambda: len(accepted(home)) >= len(expected))
    assert accepted(home) == sorted(expected)
    assert list((home / "spool").glob("*.partial")) == []


@pytest.mark.system("strace")
@pytest.mark.parametrize("call", ["/inotify_init", "inotify_add_watch"])
def test_without_file_events_the_inbox_is_scanned_often_and_says_so(home: Path, call: str) -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    error = "EMFILE" if "init" in call else "ENOSPC"
    with child(home, under=["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"inject={call}:error={error}"]):
        save(home, "song.wav")
        Room.until(lambda: accepted(home) == ["song.wav"])
        log = (home / "log").read_text()
        assert log.count("scanned often instead") == 1


@pytest.mark.system("strace")
@pytest.mark.parametrize("call", ["fsync", "/rename"])
def test_a_disk_that_fails_once_costs_no_bounce_and_leaves_no_copy_behind(home: Path, call: str) -> None:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    (home / "spool").mkdir()
    # Only the spool folder's own fsync: the database has others.
    only = ["-P", str(home / "spool")] if call == "fsync" else []
    with child(home, under=["strace", "-f", "-qq", "-o", "/dev/null", *only, "-e", f"inject={call}:error=EIO:when=1"]):
        save(home, "song.wav")
        Room.until(lambda: accepted(home) == ["song.wav"])
    assert (home / "log").read_text().count("to the spool") == 1
    assert [path.read_bytes() for path in (home / "spool").iterdir()] == [Room.wav()]
