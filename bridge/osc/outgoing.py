"""Encodes the messages that the bridge sends, and renders the events of a job into them.

Only the end of a delivery reads from the disk: the stems are listed in its receipt.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from pythonosc.osc_message_builder import OscMessageBuilder

from bridge.delivery.receipt import RECEIPT_NAME, Stem, read
from bridge.errors import ReceiptUnreadable, StembridgeError
from bridge.jobs.events import Accepted, Ended, JobEvent, Progressed, StateChanged
from bridge.jobs.job import Job
from bridge.jobs.states import PARKED, State
from bridge.osc import addresses
from bridge.osc.options import Poke

log = logging.getLogger(__name__)

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
    return packet(
        addresses.ERROR, "sss", address[:LONGEST_ADDRESS], problem.code, _sentences(problem.message, problem.advice)
    )


def accepted(job: Job) -> bytes:
    """Say that there is a job."""
    return packet(addresses.ACCEPTED, "ss", job.id, job.song)


def beginning(job: Job) -> list[bytes]:
    """Say that there is a job, and that it was queued where it is on its way already: every job begins so."""
    queued = [] if job.state is State.QUEUED else [state(replace(job, state=State.QUEUED))]
    return [accepted(job), *queued]


def state(job: Job) -> bytes:
    """Say a job's state."""
    return packet(addresses.STATE, "sss", job.id, job.song, job.state.value)


def progress(job: Job, fraction: float) -> bytes:
    """Say how far a job is, 0 to 1."""
    return packet(addresses.PROGRESS, "sfs", job.id, fraction, job.step[:LONGEST_TEXT])


def packets(events: Iterable[JobEvent]) -> list[bytes]:
    """Encode what happens to a job."""
    return [each for event in events for each in _rendered(event)]


def _rendered(event: JobEvent) -> list[bytes]:
    match event:
        case Accepted(job):
            return beginning(job)
        case StateChanged(job):
            return [state(job)]
        case Progressed(job, fraction):
            return [progress(job, fraction)]
        case Ended(job):
            return ending(job)


def ending(job: Job) -> list[bytes]:
    """Say what ends a job: its stems and `done`, why it failed or waits, or nothing where it is cancelled."""
    if job.state is State.DELIVERED:
        return _delivered(job)
    if job.state is State.FAILED or job.state in PARKED:
        return [_job_error(job)]
    return []


def _delivered(job: Job) -> list[bytes]:
    if job.folder is None:
        return [packet(addresses.DONE, "ssi", job.id, "", 0)]
    folder = job.folder.absolute()
    stems = _stems(job, folder)
    said = [packet(addresses.STEM, "sss", job.id, stem.name, str(folder / stem.file)) for stem in stems]
    return [*said, packet(addresses.DONE, "ssi", job.id, str(folder), len(stems))]


def _stems(job: Job, folder: Path) -> Sequence[Stem]:
    try:
        return read(folder / RECEIPT_NAME).stems
    except (OSError, ReceiptUnreadable) as error:
        log.warning("the stems of job %s cannot be told by OSC: %s", job.id, error)
        return ()


def _job_error(job: Job) -> bytes:
    failure = job.failure
    if failure is None:
        return packet(addresses.JOB_ERROR, "sss", job.id, job.state.value, f"The job is {job.state.value}.")
    return packet(addresses.JOB_ERROR, "sss", job.id, failure.code, _sentences(failure.message, failure.advice))


def poke(poke: Poke) -> bytes:
    """Encode the message that a DAW gets when a delivery is finished."""
    arguments = [poke.argument] if poke.argument else []
    return packet(poke.address, "s" * len(arguments), *arguments)


def _sentences(message: str, advice: str) -> str:
    return f"{message} {advice}".strip()[:LONGEST_TEXT]


def _clean(text: str) -> str:
    """Make a string of text fit for OSC: no NUL in it, and a byte of a file's name that is no UTF-8 becomes a mark."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
