"""A bridge that listens for OSC, and the programs of others that speak it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tests.acceptance.program import Studio, wait_for
from tests.ports import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs" / "osc.md").read_text("utf-8")
PRESET = "vocals"
HEADLESS = {"QT_QPA_PLATFORM": "offscreen", "QTWEBENGINE_DISABLE_SANDBOX": "1"}
"""sclang without a screen, and as the root that CI may be."""


def examples(language: str, having: str = "") -> list[str]:
    """The code blocks of docs/osc.md in one language that hold a text."""
    found = re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
    return [block for block in found if having in block]


def example(language: str, having: str) -> str:
    """The one such block."""
    [block] = examples(language, having)
    return block


@dataclass
class Listening:
    """`stembridge up` with OSC, and a folder of bounces that OSC may name: ~/Bounces of its clients."""

    studio: Studio
    port: int
    daw: int
    """The UDP port that the configuration has told of everything, and poked."""
    taken: int = 0

    def bounce(self, name: str) -> None:
        """Save a bounce like no other, so that its stems have to be made."""
        self.taken += 1
        self.studio.bounce(f"{name}.wav", seconds=0.3, seed=self.taken, to=self.studio.root / "Bounces")

    def told(self, block: str, song: str, port: int = 9130) -> str:
        """An example for this bridge, that song and this port to hear at."""
        told = block.replace("9123", str(self.port)).replace("9130", str(port))
        return told.replace("My Song", song).replace(r"My\ Song", song.replace(" ", r"\ "))

    @contextlib.contextmanager
    def client(self, command: Sequence[str], **environment: str) -> Iterator[Client]:
        """Run somebody's program beside the bridge; at the end of the block nothing of it runs any more."""
        client = Client(command, {"HOME": str(self.studio.root), **HEADLESS, **environment})
        try:
            yield client
        finally:
            client.end()

    def shell(self, script: str, **environment: str) -> contextlib.AbstractContextManager[Client]:
        """Run an example of the shell."""
        return self.client(["bash", "-ec", script], **environment)

    def delivered(self, song: str) -> str:
        """The id of the song's job, which must have been delivered."""
        [(job, state)] = self.studio.query(f"SELECT id, state FROM jobs WHERE song = '{song}'")
        assert state == "delivered"
        return str(job)


@contextlib.contextmanager
def listening(root: Path) -> Iterator[Listening]:
    """Start the bridge."""
    studio = Studio(root)
    (root / "Bounces").mkdir()
    studio.configure("[separation]", 'engine = "preview"', f"[presets.{PRESET}]")
    config, daw = root / "config.toml", free_port()
    more = [
        "[osc]",
        'folders = ["Bounces"]',
        f'feedback = ["127.0.0.1:{daw}"]',
        f'poke = ["127.0.0.1:{daw} /action/str _RS7d3c"]',
    ]
    config.write_text(config.read_text("utf-8").replace("[osc]", "\n".join(more)), "utf-8")
    with studio.up() as running:
        found = re.search(rb"OSC +127\.0\.0\.1:(\d+) \(UDP and TCP\)", running.said())
        assert found, running.said()
        yield Listening(studio, int(found[1]), daw)


@dataclass
class Client:
    """A program that speaks OSC, and what it has printed so far."""

    command: Sequence[str]
    environment: Mapping[str, str]
    _lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._process = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env={**os.environ, **self.environment},
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True)
        self._reader.start()

    def listens_at(self, port: int) -> None:
        """Wait until it hears at a UDP port."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as speaker:

            def heard() -> bool:
                speaker.sendto(b"/hello\0\0,\0\0\0", ("127.0.0.1", port))
                return "/hello" in self.said

            wait_for(f"it to listen at {port}", heard)

    def hears(self, *texts: str) -> list[str]:
        """Wait until these texts were printed, and return all that was."""
        try:
            wait_for(f"{texts}", lambda: all(text in self.said for text in texts))
        except AssertionError as error:
            error.add_note(self.said)
            raise
        return list(self._lines)

    @property
    def said(self) -> str:
        return "\n".join(self._lines)

    def code(self) -> int:
        """Wait for its end."""
        code = self._process.wait(30)
        self._reader.join()
        return code

    def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._reader.join()

    def _read(self, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                self._lines.append(line.decode("utf-8", "replace").rstrip("\n"))
