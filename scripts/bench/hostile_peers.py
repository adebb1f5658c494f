"""Hostile peers for `hostile.py`: each is a function that does one round of harm to a bridge or a server, and returns.

None of them must cost anybody else anything: a good bounce is delivered beside them, and memory stays flat.
"""

from __future__ import annotations

import contextlib
import os
import random
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from bridge.protocol.paths import CREATE_PATH, GET_PATH, KEY_HEADER, UPLOADS_PATH
from scripts.bench.osc_killers import GOOD, KILLERS, LARGE, damaged

LOOPBACK = "127.0.0.1"
MANIFEST = """<?xml version="1.0"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT1S">
<Period><AdaptationSet mimeType="audio/mp4"><Representation id="a" bandwidth="1"><BaseURL>file://{path}</BaseURL>
</Representation></AdaptationSet></Period></MPD>"""


@dataclass
class Target:
    """What is attacked."""

    inbox: Path
    osc_port: int
    server_port: int
    key: str
    """A key to the server, of a tenant without credit."""
    held: list[socket.socket] = field(default_factory=list)
    """Connections that stay open and say nothing."""


def osc_packets(target: Target, chance: random.Random) -> None:
    """Send broken, damaged, huge and well-formed packets, a few hundred at once."""
    seeds = [*GOOD, *KILLERS.values(), *LARGE.values()]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for _ in range(300):
            with contextlib.suppress(OSError):
                sock.sendto(damaged(chance, seeds)[:65_000], (LOOPBACK, target.osc_port))


def osc_streams(target: Target, chance: random.Random) -> None:
    """Open TCP connections to the OSC port: garbage, a frame that never ends, a client that never reads."""
    for _ in range(5):
        with contextlib.suppress(OSError):
            sock = socket.create_connection((LOOPBACK, target.osc_port), timeout=2.0)
            sock.sendall(chance.choice([struct.pack(">i", 2**31 - 1), chance.randbytes(200), struct.pack(">i", 64)]))
            _hold(target, sock)


def idle_connections(target: Target, chance: random.Random) -> None:
    """Open connections to the server that say nothing, half a head, or half a body."""
    heads = [
        b"",
        b"GET / HT",
        b"POST " + CREATE_PATH.encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 70_000,
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET",
        chance.randbytes(300),
    ]
    for _ in range(40):
        with contextlib.suppress(OSError):
            sock = socket.create_connection((LOOPBACK, target.server_port), timeout=2.0)
            sock.sendall(chance.choice(heads))
            _hold(target, sock)


def drips(target: Target, chance: random.Random) -> None:  # noqa: ARG001 - one shape for all
    """Send one more byte on each connection that is held open."""
    for sock in list(target.held):
        try:
            sock.sendall(b"a")
        except OSError:
            sock.close()
            target.held.remove(sock)


def odd_requests(target: Target, chance: random.Random) -> None:
    """Ask the server for what is not there, with forged keys and links."""
    paths = [
        "/../../etc/passwd",
        "/stembridge/v1/files/%2e%2e/server.db",
        "/docs",
        "/nothing",
        CREATE_PATH,
        "/?" + "a" * 9000,
    ]
    with _client(target) as client:
        for _ in range(20):
            with contextlib.suppress(httpx.HTTPError):
                client.request(
                    chance.choice(["GET", "PUT", "POST", "DELETE", "HEAD", "BREW"]),
                    chance.choice(paths),
                    headers={KEY_HEADER: chance.choice(["", "x" * 5000, target.key])},
                    content=chance.randbytes(chance.randrange(2000)),
                )


def bad_tasks(target: Target, chance: random.Random) -> None:
    """Upload a manifest that names a local file, or noise, and order its separation."""
    secret = target.inbox / "good 0.wav"
    body = chance.choice([MANIFEST.format(path=secret).encode(), chance.randbytes(5000), _endless_flac(chance)])
    headers = {KEY_HEADER: target.key}
    with _client(target) as client, contextlib.suppress(httpx.HTTPError, KeyError, ValueError):
        grant = client.post(UPLOADS_PATH, json={"filename": "a.wav", "size": len(body)}, headers=headers).json()["data"]
        client.put(grant["put_url"], content=body)
        order = {"model_type": chance.choice([501, 320, 99, -1]), "inputurl": grant["inputurl"]}
        job = client.post(CREATE_PATH, json=order, headers=headers).json()["data"].get("job_id", "x")
        client.post(GET_PATH, json={"job_id": job}, headers=headers)


def bad_bounces(target: Target, chance: random.Random) -> None:
    """Put files into the inbox that stop a careless reader, and take older ones away."""
    for old in target.inbox.glob("bad *"):
        with contextlib.suppress(OSError):
            old.unlink()
    name = target.inbox / f"bad {chance.randrange(10**9)}"
    files: dict[str, Callable[[Path], object]] = {
        "slow.flac": lambda path: path.write_bytes(_endless_flac(chance)),
        "huge.w64": lambda path: path.write_bytes(b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb" + b"\xff" * 200),
        "text.wav": lambda path: path.write_bytes("This is no sound.".encode("utf-16")),
        "list.m3u8.wav": lambda path: path.write_text(MANIFEST.format(path="/etc/hostname")),
        "noise.mp3": lambda path: path.write_bytes(b"\xff\xfb\x90\x00" + chance.randbytes(50_000)),
        "pipe.wav": os.mkfifo,
        "link.wav": lambda path: path.symlink_to("/etc/hostname"),
        "sparse.wav": _sparse,
        "\x1b[31mred\x07.wav": lambda path: path.write_bytes(chance.randbytes(2000)),
        "cut.wav": lambda path: path.write_bytes(_cut_wav(chance)),
    }
    ending, make = chance.choice(list(files.items()))
    with contextlib.suppress(OSError):
        make(name.with_name(f"{name.name} {ending}"))


PEERS: tuple[Callable[[Target, random.Random], None], ...] = (
    *(osc_packets, osc_streams, idle_connections, drips, odd_requests, bad_tasks, bad_bounces),
)


def _client(target: Target) -> httpx.Client:
    return httpx.Client(base_url=f"http://{LOOPBACK}:{target.server_port}", timeout=10.0, trust_env=False)


def _hold(target: Target, sock: socket.socket) -> None:
    target.held.append(sock)
    while len(target.held) > 400:
        target.held.pop(0).close()


def _endless_flac(chance: random.Random) -> bytes:
    """Build a FLAC header whose last frame has to be looked for in noise full of frame marks."""
    info = struct.pack(">HH", 4096, 4096) + bytes(6) + (44_100 << 44 | 1 << 41 | 15 << 36 | 10**6).to_bytes(8, "big")
    return b"fLaC\x80\0\0\x22" + info + bytes(16) + b"\xff\xf8\xc9\x08\0\0" * chance.randrange(5_000, 40_000)


def _cut_wav(chance: random.Random) -> bytes:
    header = (
        b"RIFF" + struct.pack("<I", 10**6) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 2, 44_100, 176_400, 4, 16)
    )
    return header + b"data" + struct.pack("<I", 10**6 - 36) + chance.randbytes(10_000)


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.write(_cut_wav(random.Random(1)))
        file.truncate(2**40)
