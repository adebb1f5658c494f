"""An inbox on a real file system, and a ledger that remembers in memory as the job store does on disk."""

from __future__ import annotations

import hashlib
import io
import threading
import time
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pytest

from bridge.errors import StembridgeError
from bridge.inbox.inbox import Inbox
from bridge.inbox.ingest import Ledger
from bridge.inbox.job_file_handler import OnRequest
from bridge.inbox.options import InboxOptions
from bridge.jobs.arrival import Arrival, Signature
from bridge.jobs.spec import JobSpec

PATIENCE_S = 20.0
"""How long a test waits for what must come. Never a measure: a slow machine only waits longer."""


@dataclass
class MemoryLedger:
    """The double at the `Ledger` seam: what `accept` promises, without a disk."""

    arrivals: list[Arrival] = field(default_factory=list)
    signatures: dict[str, Signature] = field(default_factory=dict)
    contents: dict[str, str] = field(default_factory=dict)
    refuse: StembridgeError | None = None
    bells: threading.Condition = field(default_factory=threading.Condition)

    def seen(self) -> dict[str, Signature]:
        with self.bells:
            return dict(self.signatures)

    def accept(self, arrival: Arrival) -> str | None:
        with self.bells:
            if self.refuse is not None:
                raise self.refuse
            assert hashlib.sha256(arrival.spool.read_bytes()).hexdigest() == arrival.sha256
            path = str(arrival.source)
            self.signatures[path] = arrival.signature
            if self.contents.get(path) == arrival.sha256:
                return None
            self.contents[path] = arrival.sha256
            self.arrivals.append(arrival)
            self.bells.notify_all()
            return f"job{len(self.arrivals)}"

    def remember(self, source: Path, signature: Signature) -> None:
        with self.bells:
            self.signatures[str(source)] = signature

    def latest(self) -> dict[str, str]:
        """Return the content last accepted at each path."""
        with self.bells:
            return dict(self.contents)

    def names(self) -> list[str]:
        with self.bells:
            return sorted(arrival.source.name for arrival in self.arrivals)


@dataclass
class Room:
    """One inbox, its ledger, and what it said."""

    folder: Path
    spool: Path
    output: Path
    ledger: MemoryLedger
    inbox: Inbox
    jobs: list[str] = field(default_factory=list)
    problems: list[tuple[Path, StembridgeError]] = field(default_factory=list)

    def save(self, name: str, seed: int = 1) -> Path:
        """Write a small bounce as most programs do: create, write, close."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.wav(seed))
        return path

    @staticmethod
    def wav(seed: int = 1, frames: int = 2400) -> bytes:
        """Return a complete stereo 16-bit WAV; another seed is another content of the same length."""
        buffer = io.BytesIO()
        with wave.open(buffer, "wb") as file:
            file.setnchannels(2)
            file.setsampwidth(2)
            file.setframerate(48000)
            block = hashlib.sha256(str(seed).encode()).digest()
            file.writeframes((block * (frames * 4 // len(block) + 1))[: frames * 4])
        return buffer.getvalue()

    @staticmethod
    def until(condition: Callable[[], bool]) -> None:
        """Wait for what must come; fail where it does not."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, "waited in vain"
            time.sleep(0.005)

    def expect(self, *names: str) -> None:
        """Wait until exactly these bounces were accepted, and see that no other comes."""
        self.until(lambda: len(self.ledger.arrivals) >= len(names))
        self.quiet()
        assert self.ledger.names() == sorted(names)

    def quiet(self) -> None:
        """Let the inbox look at everything that there is several times over."""
        for _ in range(2):
            self.inbox.wake()
            time.sleep(0.12)

    def in_spool(self) -> list[str]:
        return sorted(path.name for path in self.spool.iterdir()) if self.spool.is_dir() else []


class OpenRoom(Protocol):
    def __call__(
        self,
        *,
        start: bool = True,
        base: Path | None = None,
        ledger: Ledger | None = None,
        on_request: OnRequest | None = None,
        **changes: object,
    ) -> Room: ...


@pytest.fixture
def open_room(tmp_path: Path) -> Iterator[OpenRoom]:
    rooms: list[Room] = []

    def open_one(
        *,
        start: bool = True,
        base: Path | None = None,
        ledger: Ledger | None = None,
        on_request: OnRequest | None = None,
        **changes: object,
    ) -> Room:
        home = base or tmp_path
        output = home / "stems"
        values: dict[str, object] = {
            "folder": home / "inbox",
            "output": output,
            "state": home / "state",
            "default": JobSpec(output=output),
            "settle_s": 0.03,
            "scan_s": 30.0,
            **changes,
        }
        options = InboxOptions(**values)  # type: ignore[arg-type]
        options.folder.mkdir(parents=True, exist_ok=True)
        memory = MemoryLedger()
        jobs: list[str] = []
        problems: list[tuple[Path, StembridgeError]] = []
        inbox = Inbox(
            options,
            ledger or memory,
            home / "spool",
            on_accepted=jobs.append,
            on_problem=lambda path, error: problems.append((path, error)),
            on_request=on_request,
        )
        room = Room(options.folder, home / "spool", output, memory, inbox, jobs, problems)
        rooms.append(room)
        if start:
            inbox.start()
        return room

    yield open_one
    for room in rooms:
        room.inbox.stop()


@pytest.fixture
def room(open_room: OpenRoom) -> Room:
    return open_room()
