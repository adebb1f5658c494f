"""A desk behind the room, peers in front of it, and clients that speak to it."""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import struct
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import build_msg

from bridge.errors import JobNotFound
from bridge.jobs.arrival import Signature
from bridge.jobs.job import Job
from bridge.jobs.spec import JobSpec
from bridge.jobs.states import State

PATIENCE_S = 20.0
OK, ERROR, PONG = "/stembridge/ok", "/stembridge/error", "/stembridge/pong"
Message = tuple[Any, ...]
"""An address and its arguments."""


def read(packet: bytes) -> Message:
    message = OscMessage(packet)
    return message.address, *message.params


def written(address: str, *arguments: Any) -> bytes:
    packet: bytes = build_msg(address, list(arguments)).dgram
    return packet


def own_address() -> str:
    """An address of this machine that is not loopback; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no network")
        return str(probe.getsockname()[0])


def link_local() -> str:
    """An address of this machine that holds on one of its networks only; nothing is sent to find it."""
    for number, _ in socket.if_nameindex():
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
            probe.connect(("ff02::1", 9, 0, number))
            host, _, _, scope = probe.getsockname()
            if scope:
                return f"{host}%{scope}"
    pytest.skip("this machine has no link-local address")


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Jobs:
    """Snapshots of jobs, each later than the one before."""

    def __init__(self) -> None:
        self._updated = 0.0

    def __call__(self, state: State = State.QUEUED, **changes: Any) -> Job:
        self._updated += 1
        job = Job(
            id="abcdefgh",
            song="Song",
            state=state,
            door="osc",
            watched=False,
            source=Path("/inbox/Song.wav"),
            spool=Path("/spool/Song"),
            sha256="00",
            signature=Signature(1, 2, 3),
            key="",
            spec=JobSpec(output=Path("/stems")),
            created=1.0,
            updated=self._updated,
            attempt=0,
            progress=0.0,
            step="",
            cancelling=False,
            failure=None,
            plan="",
            folder=None,
            minutes=0,
        )
        return dataclasses.replace(job, **changes)


class Ear:
    """A peer that keeps what it is sent."""

    def __init__(self, *, is_stream: bool = False, here: bool = True) -> None:
        self.heard: list[Message] = []
        self.is_stream = is_stream
        self.here = here

    @property
    def host(self) -> str:
        return "127.0.0.1"

    def send(self, packet: bytes) -> bool:
        if self.here:
            self.heard.append(read(packet))
        return self.here

    def addresses(self) -> list[str]:
        return [address.removeprefix("/stembridge/") for address, *_ in self.heard]


class Desk:
    """What stands behind the room: it notes what is asked, and gives the job that it was told to."""

    def __init__(self) -> None:
        self.asked: list[Message] = []
        self.job_now = Jobs()()
        self.preset_now = ""
        self.on_separate: Callable[[], None] = lambda: None
        self.error: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()

    def separate(self, path: str, choice: str = "", chosen: str = "") -> Job:
        self._note("separate", path, choice, chosen)
        assert self.gate.wait(PATIENCE_S)
        self.on_separate()
        return self.job_now

    def cancel(self, job: str) -> Job:
        self._note("cancel", job)
        return self.job_now

    def retry(self, job: str) -> Job:
        self._note("retry", job)
        return self.job_now

    def job(self, job: str) -> Job:
        self._note("job", job)
        if not self.job_now.id.startswith(job):
            raise JobNotFound(f"There is no job {job!r}.")
        return self.job_now

    def recent(self) -> Sequence[Job]:
        return [self.job_now]

    def summary(self) -> str:
        return "One job is under way."

    def preset(self, name: str) -> None:
        self._note("preset", name)
        self.preset_now = name

    def chosen(self) -> str:
        return self.preset_now

    def pause(self) -> None:
        self._note("pause")

    def resume(self) -> None:
        self._note("resume")

    def _note(self, *asked: Any) -> None:
        self.asked.append(asked)
        if self.error is not None:
            raise self.error


class Client:
    """A program that speaks OSC."""

    def say(self, address: str, *arguments: Any) -> None:
        raise NotImplementedError

    def hear(self) -> Message:
        raise NotImplementedError

    def ask(self, address: str, *arguments: Any) -> Message:
        self.say(address, *arguments)
        return self.hear()

    def hear_until(self, address: str) -> list[Message]:
        heard = [self.hear()]
        while heard[-1][0] != address:
            heard.append(self.hear())
        return heard


class UdpClient(Client):
    """A program that speaks OSC over UDP."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        family, kind, _, _, (address, _, *scope) = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        self._socket = socket.socket(family, kind)
        self._socket.bind((address, 0, *scope))
        self._socket.settimeout(PATIENCE_S)
        self._to = address, port, *scope
        self.port: int = self._socket.getsockname()[1]

    def raw(self, packet: bytes) -> None:
        self._socket.sendto(packet, self._to)

    def say(self, address: str, *arguments: Any) -> None:
        self.raw(written(address, *arguments))

    def hear(self) -> Message:
        return read(self._socket.recv(65536))

    def close(self) -> None:
        self._socket.close()


class TcpClient(Client):
    """A program that speaks OSC over TCP, each packet after its length."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.socket = socket.create_connection((host, port), PATIENCE_S)

    def say(self, address: str, *arguments: Any) -> None:
        packet = written(address, *arguments)
        self.socket.sendall(struct.pack(">I", len(packet)) + packet)

    def hear(self) -> Message:
        return read(self._exactly(struct.unpack(">I", self._exactly(4))[0]))

    def is_closed(self) -> bool:
        try:
            return self.socket.recv(1) == b""
        except ConnectionError:
            return True

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            chunk = self.socket.recv(count - len(data))
            assert chunk, "the connection was closed"
            data += chunk
        return data

    def close(self) -> None:
        self.socket.close()
