"""The real program, as a process of its own, in a studio of its own, looked at from outside."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, TypeVar

import numpy as np
import psutil
import soundfile

RATE = 44_100
FINAL = frozenset({"delivered", "failed", "cancelled"})
PATIENCE_S = 90.0
"""No promise of the program's: how long a test waits before it gives up, on a machine that is busy with others."""

Document = dict[str, Any]
T = TypeVar("T")


def wait_for(what: str, look: Callable[[], T | None], *, pause_s: float = 0.02) -> T:
    """Return what `look` returns once that is neither None nor False; fail when patience has ended."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(pause_s)
    return found


def print_time(what: str, seconds: float) -> None:
    """Print a measurement, which no test asserts."""
    print(f"{what}: {seconds:.2f} s")  # noqa: T201 - what `pytest -rP` shows


@dataclass(frozen=True)
class Bounce:
    """A mix file as the musician saved it."""

    path: Path
    sha256: str
    mtime_ns: int

    @classmethod
    def of(cls, path: Path) -> Bounce:
        return cls(path, hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)

    def assert_untouched(self) -> None:
        assert Bounce.of(self.path) == self


@dataclass
class Studio:
    """An inbox, an output folder, a state folder, and a configuration that names them."""

    root: Path
    output: Path = field(init=False)
    state: Path = field(init=False)

    def __post_init__(self) -> None:
        self.output = self.root / "stems"
        self.state = self.root / "state"
        self.inbox.mkdir(parents=True)
        self.configure()

    @property
    def inbox(self) -> Path:
        return self.root / "inbox"

    def configure(self, *more: str) -> None:
        """Write the configuration; `more` are lines for the section of the output."""
        lines = ["[inbox]", 'folder = "inbox"', "settle_s = 0.1", "scan_s = 2.0", 'existing = "take"']
        lines += [
            "[osc]",
            "port = 0",
            "[state]",
            f"folder = '{self.state}'",
            "[output]",
            f"folder = '{self.output}'",
            *more,
        ]
        (self.root / "config.toml").write_text("\n".join(lines), "utf-8")

    # Bounces.

    def bounce(self, name: str, *, seconds: float = 0.5, seed: int = 1, to: Path | None = None) -> Bounce:
        """Save a bounce of noise into the inbox (or another folder) in one step, as a careful DAW does."""
        noise = np.random.default_rng(seed).standard_normal((round(seconds * RATE), 2)) * 0.1
        hidden = self.root / "rendering.wav"
        soundfile.write(hidden, noise, RATE, subtype="PCM_16")
        path = (to or self.inbox) / name
        hidden.rename(path)
        return Bounce.of(path)

    # The program.

    def command(self, *arguments: str) -> list[str]:
        config = ["--config", str(self.root / "config.toml")]
        return [sys.executable, "-m", "bridge.cli.main", arguments[0], *config, *arguments[1:]]

    def run(self, *arguments: str, under: Sequence[str] = ()) -> Finished:
        """Run a command to its end, perhaps under strace."""
        with self.start(*arguments, under=under) as running:
            return running.finish()

    @contextlib.contextmanager
    def start(self, *arguments: str, under: Sequence[str] = ()) -> Iterator[Running]:
        """Start a command; at the end of the block nothing of it runs any more."""
        with (self.root / "stdout").open("w+b") as out, (self.root / "stderr").open("w+b") as err:
            process = subprocess.Popen(
                [*under, *self.command(*arguments)],
                stdout=out,
                stderr=err,
                start_new_session=True,
                env={**os.environ, "PYTHONFAULTHANDLER": "1"},
            )
            running = Running(process, out, err)
            try:
                yield running
            except BaseException as error:
                error.add_note(running.last_words())
                raise
            finally:
                running.end()

    @contextlib.contextmanager
    def up(self, under: Sequence[str] = ()) -> Iterator[Running]:
        """Start the bridge; the block begins when it says that it is up."""
        with self.start("up", under=under) as running:
            wait_for("the bridge to be up", lambda: b"Ctrl-C stops it" in running.said() or running.over())
            yield running

    def up_until_final(self, count: int | None = None) -> None:
        """Start the bridge, wait until (so many) jobs have ended, stop it by SIGTERM: it must exit with 0."""
        with self.up() as running:
            self.wait_until_final(count)
            finished = running.finish(signal.SIGTERM)
        assert finished.code == 0, finished
        assert "Traceback" not in finished.stderr

    # The jobs.

    def jobs(self) -> list[Document]:
        """All jobs, oldest first, as the program lists them."""
        listed = self.run("jobs", "--json")
        assert listed.code == 0, listed
        found: list[Document] = json.loads(listed.stdout)["jobs"]
        return found[::-1]

    def show(self, job: str) -> Document:
        shown: Document = json.loads(self.run("show", job, "--json").stdout)
        return shown

    def states(self) -> list[str]:
        """The states of all jobs, oldest first, read from the database: quick enough to hit a moment."""
        return [row[0] for row in self.query("SELECT state FROM jobs ORDER BY created, rowid")]

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        database = self.state / "stembridge.db"
        try:
            with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=5.0)) as connection:
                return connection.execute(statement).fetchall()
        except sqlite3.OperationalError:
            return []  # not made yet

    def wait_until_final(self, count: int | None = None) -> list[str]:
        def final() -> list[str] | None:
            states = self.states()
            enough = len(states) >= (count or 1)
            return states if enough and FINAL.issuperset(states) else None

        return wait_for("all jobs to end", final)

    # The judgement.

    def takes(self) -> list[Path]:
        """Every folder that claims to be a whole delivery."""
        return sorted(path.parent for path in self.output.rglob("stems.json"))

    def assert_nothing_half(self) -> None:
        """Whatever has a receipt is whole."""
        for folder in self.takes():
            assert_whole(folder)

    def assert_delivered(self, *bounces: Bounce) -> None:
        """Each bounce was delivered once, whole; it was not touched, and nothing is left over anywhere."""
        self.assert_nothing_half()
        receipts = [json.loads((folder / "stems.json").read_text("utf-8")) for folder in self.takes()]
        assert sorted(receipt["source"]["sha256"] for receipt in receipts) == sorted(b.sha256 for b in bounces)
        jobs = self.jobs()
        assert {row["state"] for row in jobs} == {"delivered"}
        assert sorted(row["job"] for row in jobs) == sorted(receipt["job"] for receipt in receipts)
        for bounce in bounces:
            bounce.assert_untouched()
            number = [receipt["source"]["sha256"] for receipt in receipts].index(bounce.sha256)
            assert_sums_to(self.takes()[number], bounce)
        self.assert_no_leftovers()

    def assert_no_leftovers(self) -> None:
        wanted = {path for folder in self.takes() for path in files_of(folder)}
        assert {path for path in self.output.rglob("*") if not path.is_dir()} == wanted
        assert not list(self.output.rglob(".*"))
        assert not list((self.state / "spool").iterdir())
        assert not list((self.state / "work").iterdir())


def files_of(folder: Path) -> list[Path]:
    """The receipt of a take, and the files that it lists."""
    receipt = folder / "stems.json"
    return [receipt, *(folder / stem["file"] for stem in json.loads(receipt.read_text("utf-8"))["stems"])]


def assert_sums_to(folder: Path, bounce: Bounce) -> None:
    """The stems of a take, frame by frame, are together the bounce at the gain that the receipt names."""
    receipt = json.loads((folder / "stems.json").read_text("utf-8"))
    mix = soundfile.read(bounce.path)[0] * 10 ** (receipt["normalise"]["gain_db"] / 20)
    total = sum(soundfile.read(folder / stem["file"])[0] for stem in receipt["stems"])
    assert np.abs(total - mix).max() < 1e-5


def assert_whole(folder: Path) -> None:
    """Every stem of the receipt is there, with sound in it and with all its frames."""
    receipt = json.loads((folder / "stems.json").read_text("utf-8"))
    assert len(receipt["stems"]) == 4
    for stem in receipt["stems"]:
        samples, rate = soundfile.read(folder / stem["file"])
        assert (len(samples), rate) == (stem["frames"], stem["sample_rate"]), stem
        assert len(samples) == receipt["source"]["frames"]
        assert stem["silent"] or np.abs(samples).max() > 0


@dataclass(frozen=True)
class Finished:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str


@dataclass
class Running:
    """A command that runs, in a session of its own."""

    process: subprocess.Popen[bytes]
    _out: IO[bytes]
    _err: IO[bytes]

    def said(self) -> bytes:
        """What stands on its standard output up to now."""
        return os.pread(self._out.fileno(), 1_000_000, 0)

    def over(self) -> bool:
        return self.process.poll() is not None

    def kill(self) -> None:
        """kill -9 it, and wait until nothing of it is left."""
        self.process.kill()
        self.process.wait()
        self.end()

    def finish(self, number: signal.Signals | None = None) -> Finished:
        """Wait for its end, perhaps after a signal."""
        if number is not None:
            self.process.send_signal(number)
        code = self.process.wait(PATIENCE_S)
        out, err = (os.pread(file.fileno(), 10_000_000, 0).decode() for file in (self._out, self._err))
        return Finished(code, out, err)

    def last_words(self) -> str:
        """Have it say what each of its threads does, and die: for a test that waited in vain."""
        self.process.send_signal(signal.SIGABRT)
        return self.finish().stderr

    def children(self) -> list[psutil.Process]:
        """The processes that work for it."""
        return [child for child in psutil.Process(self.process.pid).children() if "spawn_main" in _line(child)]

    def end(self) -> None:
        """See that all its processes are gone; those that outlive it by themselves fail the test."""
        if not self.over():
            self.process.kill()
            self.process.wait()
        wait_for("its processes to end with it", lambda: not _session(self.process.pid))


def _line(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""


def _session(leader: int) -> list[int]:
    """The processes of a session that are alive."""
    alive = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            if os.getsid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE:
                alive.append(process.pid)
    return alive
