"""Everything at once: a writer, a renamer, a replacer and a killer against "each content at each path once"."""

from __future__ import annotations

import hashlib
import itertools
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bridge.errors import StembridgeError
from bridge.inbox.inbox import Inbox
from bridge.inbox.options import InboxOptions
from bridge.jobs.spec import JobSpec
from tests.inbox.conftest import MemoryLedger, Room

if TYPE_CHECKING:
    import unittest

NAMES = ["a.wav", "b.wav", "deep/a.wav", "deep/down/c.wav"]
names = st.sampled_from(NAMES)
seeds = st.integers(0, 2)


class InboxMachine(RuleBasedStateMachine):
    """Whatever happens, what lies there in the end has been accepted, and nothing twice in a row."""

    def __init__(self) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp())
        self.folder = self.home / "inbox"
        self.ledger = MemoryLedger()
        self.problems: list[tuple[Path, StembridgeError]] = []
        self.counter = itertools.count()
        self.inbox = self.begin()

    def begin(self) -> Inbox:
        output = self.home / "stems"
        options = InboxOptions(self.folder, output, self.home / "state", JobSpec(output), settle_s=0.05, scan_s=0.5)
        inbox = Inbox(
            options,
            self.ledger,
            self.home / "spool",
            on_accepted=lambda _job: None,
            on_problem=lambda path, error: self.problems.append((path, error)),
        )
        inbox.start()
        return inbox

    def there(self) -> dict[str, str]:
        return {
            str(path): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in (self.folder / name for name in NAMES)
            if path.exists()
        }

    @rule(name=names, seed=seeds)
    def write(self, name: str, seed: int) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(Room.wav(seed))

    @rule(name=names, seed=seeds, wait=st.floats(0, 0.05))
    def write_in_two_parts(self, name: str, seed: int, wait: float) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = Room.wav(seed)
        path.write_bytes(content[:3000])
        time.sleep(wait)
        with path.open("ab") as file:
            file.write(content[3000:])

    @rule(name=names, seed=seeds)
    def replace(self, name: str, seed: int) -> None:
        new = self.home / f"new {next(self.counter)}.wav"
        new.write_bytes(Room.wav(seed))
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        new.replace(path)

    @rule(old=names, new=names)
    def rename(self, old: str, new: str) -> None:
        if (self.folder / old).exists():
            (self.folder / new).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / old).replace(self.folder / new)

    @rule(name=names)
    def remove(self, name: str) -> None:
        (self.folder / name).unlink(missing_ok=True)

    @rule(name=names)
    def touch(self, name: str) -> None:
        if (self.folder / name).exists():
            (self.folder / name).touch()

    @rule()
    def remove_a_folder(self) -> None:
        shutil.rmtree(self.folder / "deep", ignore_errors=True)

    @rule()
    def replace_the_inbox(self) -> None:
        old = self.home / f"old {next(self.counter)}"
        self.folder.rename(old)
        shutil.copytree(old, self.folder)

    @rule()
    def kill(self) -> None:
        self.inbox.stop()
        self.inbox = self.begin()

    @rule(wait=st.floats(0, 0.08))
    def wait(self, wait: float) -> None:
        time.sleep(wait)

    @precondition(lambda self: bool(self.there()))
    @rule()
    def everything_is_accepted_in_the_end(self) -> None:
        Room.until(lambda: self.ledger.latest() | self.there() == self.ledger.latest())

    @invariant()
    def nothing_is_accepted_twice_in_a_row(self) -> None:
        last: dict[Path, str] = {}
        for arrival in list(self.ledger.arrivals):
            assert last.get(arrival.source) != arrival.sha256
            last[arrival.source] = arrival.sha256

    def teardown(self) -> None:
        try:
            self.everything_is_accepted_in_the_end()
            self.nothing_is_accepted_twice_in_a_row()
            whole = {hashlib.sha256(Room.wav(seed)).hexdigest() for seed in range(3)}
            assert {arrival.sha256 for arrival in self.ledger.arrivals} <= whole
            assert {error.code for _, error in self.problems} <= {"inbox.gone"}
        finally:
            self.inbox.stop()
            shutil.rmtree(self.home)


TestInboxMachine: type[unittest.TestCase] = pytest.mark.slow(InboxMachine.TestCase)
TestInboxMachine.settings = settings(  # type: ignore[attr-defined]
    max_examples=25, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)
