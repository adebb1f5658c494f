"""What the bridge says: each message of the table as a packet."""

from __future__ import annotations

import math
from typing import Final

from pythonosc.osc_message_builder import OscMessageBuilder

from bridge.delivery.receipt import Receipt
from bridge.errors import StembridgeError
from bridge.jobs.job import Job
from bridge.osc import addresses
from bridge.osc.options import Poke

LONGEST_TEXT: Final = 1000
"""Characters of a sentence; whatever is quoted in it, the answer stays one small datagram."""
LONGEST_ADDRESS: Final = 200


def packet(address: str, tags: str = "", *arguments: str | float) -> bytes:
    """Encode one message."""
    builder = OscMessageBuilder(address)
    for tag, argument in zip(tags, arguments, strict=True):
        builder.add_arg(_clean(argument) if isinstance(argument, str) else argument, tag)
    encoded: bytes = builder.build().dgram
    return encoded


class Pong:
    """The answers to pings: of all messages the ones that are asked for fastest, so most of them is made beforehand."""

    def __init__(self, version: str) -> None:
        self._plain = packet(addresses.PONG, "s", version)
        self._before_echo = packet(addresses.PONG, "ss", version, "")[:-4]

    def __call__(self, echo: str | None = None) -> bytes:
        """Return the answer, with the ping's string if it brought one."""
        if echo is None:
            return self._plain
        text = echo.encode("utf-8")
        return self._before_echo + text + b"\0" * (4 - len(text) % 4)


def ok(address: str, text: str) -> bytes:
    """Say that a command was carried out."""
    return packet(addresses.OK, "ss", address, text[:LONGEST_TEXT])


def error(address: str, problem: StembridgeError) -> bytes:
    """Say why a message was not carried out, and what to do."""
    return packet(addresses.ERROR, "sss", address[:LONGEST_ADDRESS], problem.code, _sentences(problem))


def accepted(job: Job) -> bytes:
    """Say that there is a job."""
    return packet(addresses.ACCEPTED, "ss", job.id, job.song)


def state(job: Job) -> bytes:
    """Say a job's state."""
    return packet(addresses.STATE, "sss", job.id, job.song, job.state.value)


def progress(job: Job, fraction: float) -> bytes:
    """Say how far a job is, 0 to 1."""
    return packet(addresses.PROGRESS, "sfs", job.id, fraction, job.step[:LONGEST_TEXT])


def fraction_of(job: Job) -> float:
    """Return how far a job is, certainly 0 to 1."""
    return min(1.0, max(0.0, job.progress)) if math.isfinite(job.progress) else 0.0


def delivered(job: Job, receipt: Receipt | None) -> list[bytes]:
    """Say where each stem of a delivery lies, and that it is finished; None where it has no readable receipt."""
    stems = () if receipt is None or job.folder is None else receipt.stems
    folder = job.folder.absolute() if job.folder else None
    said = [packet(addresses.STEM, "sss", job.id, stem.name, str(folder / stem.file)) for stem in stems if folder]
    said.append(packet(addresses.DONE, "ssi", job.id, str(folder or ""), len(stems)))
    return said


def job_error(job: Job) -> bytes:
    """Say why a job failed, or what it waits for."""
    failure = job.failure
    if failure is None:
        return packet(addresses.JOB_ERROR, "sss", job.id, job.state.value, f"The job is {job.state.value}.")
    text = f"{failure.message} {failure.advice}".strip()[:LONGEST_TEXT]
    return packet(addresses.JOB_ERROR, "sss", job.id, failure.code, text)


def poke(poke: Poke) -> bytes:
    """Encode the message that a DAW gets when a delivery is finished."""
    arguments = [poke.argument] if poke.argument else []
    return packet(poke.address, "s" * len(arguments), *arguments)


def _sentences(problem: StembridgeError) -> str:
    return f"{problem.message} {problem.advice}".strip()[:LONGEST_TEXT]


def _clean(text: str) -> str:
    """Make a string of text fit for OSC: no NUL in it, and a byte of a file's name that is no UTF-8 becomes a mark."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
