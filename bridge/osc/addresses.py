"""The one table of addresses: what the router takes, what the bridge says, and what docs/osc.md is held against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from pythonosc.osc_message import OscMessage

from bridge.errors import ArgumentError
from bridge.osc.packet import Found

LONGEST: Final = 16 * 1024
"""Bytes in a message with arguments: a path has 4 KiB on most systems."""

Value = str | int
_NUMBERS = "ifhd"


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of an address."""

    name: str
    types: str
    """The OSC type tags that it may have: "s" a string, "i" a whole number (taken as f, h or d, too), "f" a number."""
    help: str
    optional: bool = False

    def __str__(self) -> str:
        text = f"{'|'.join(self.types)}:{self.name}"
        return f"[{text}]" if self.optional else text

    def takes(self, tag: str) -> bool:
        """Say whether it may come with this type tag."""
        return tag in self.types or ("i" in self.types and tag in _NUMBERS)

    def value(self, sent: str | float) -> Value:
        """Return what was sent as the table has it; raise `ArgumentError` for a number that is not whole."""
        if isinstance(sent, str):
            return sent
        # Many controllers know no numbers but floats.
        if isinstance(sent, float) and not sent.is_integer():
            raise ArgumentError(f"{self.name} is {sent}.", advice="It has to be a whole number.")
        return int(sent)


@dataclass(frozen=True, slots=True)
class Address:
    """One address, and what goes with it."""

    path: str
    help: str
    arguments: tuple[Argument, ...] = ()
    answer: str = ""
    """The address of the message that answers it, where it is carried out; "" for what the bridge says itself."""

    def __str__(self) -> str:
        return " ".join([self.path, *map(str, self.arguments)])

    def values(self, message: Found) -> list[Value]:
        """Return the arguments of a message, as many as were sent; raise `ArgumentError` where they do not fit."""
        tags = message.tags
        required = sum(not argument.optional for argument in self.arguments)
        fits = required <= len(tags) <= len(self.arguments)
        if not fits or not all(map(Argument.takes, self.arguments, tags)):
            raise ArgumentError(
                f'It came with the type tags ",{tags}".',
                advice=f"It takes {' '.join(map(str, self.arguments)) or 'no arguments'}.",
            )
        if len(message.packet) > LONGEST:
            raise ArgumentError(f"Its arguments have more than {LONGEST} bytes.")
        return [
            argument.value(sent) for argument, sent in zip(self.arguments, OscMessage(message.packet), strict=False)
        ]


ERROR: Final = "/stembridge/error"
OK: Final = "/stembridge/ok"
PONG: Final = "/stembridge/pong"
ACCEPTED: Final = "/stembridge/job/accepted"
STATE: Final = "/stembridge/job/state"
PROGRESS: Final = "/stembridge/job/progress"
STEM: Final = "/stembridge/job/stem"
DONE: Final = "/stembridge/job/done"
JOB_ERROR: Final = "/stembridge/job/error"

SEPARATE: Final = "/stembridge/separate"
CANCEL: Final = "/stembridge/cancel"
RETRY: Final = "/stembridge/retry"
STATUS: Final = "/stembridge/status"
PRESET: Final = "/stembridge/preset"
PAUSE: Final = "/stembridge/pause"
RESUME: Final = "/stembridge/resume"
SUBSCRIBE: Final = "/stembridge/subscribe"
PING: Final = "/stembridge/ping"

_JOB = Argument("job", "s", "a job's id, or the beginning of it")
_PRESSED = Argument("pressed", "i", "what a controller's button sends; 0, its release, does nothing", True)
_ID = Argument("job", "s", "the job's id")
_SONG = Argument("song", "s", "the song's name")

_INCOMING = (
    Address(
        SEPARATE,
        "Separates an audio file that lies in the inbox or in one of [osc] folders.",
        (
            Argument("path", "s", "the file's absolute path"),
            Argument(
                "choice",
                "si",
                "a preset's name or a model's number; left out, the inbox's folder or /stembridge/preset decides",
                True,
            ),
        ),
        ACCEPTED,
    ),
    Address(CANCEL, "Cancels a job.", (_JOB,), STATE),
    Address(RETRY, "Queues a failed, parked or cancelled job again.", (_JOB,), STATE),
    Address(
        STATUS,
        "Tells where a job stands; without an argument, where all do that are under way or newly finished.",
        (Argument("job", "s", _JOB.help, True),),
        STATE,
    ),
    Address(
        PRESET,
        "Chooses the preset of every bounce that names none, in the inbox too, until the bridge ends.",
        (Argument("name", "si", "a preset's name or a model's number; \"\" goes back to the defaults"),),
        OK,
    ),
    Address(PAUSE, "Begins no further job; those under way go on.", (_PRESSED,), OK),
    Address(RESUME, "Begins jobs again.", (_PRESSED,), OK),
    Address(
        SUBSCRIBE,
        "Has every message sent to a port of the sender's host, too, for some time; asking again renews it.",
        (
            Argument("port", "i", "a UDP port of the sender's host; over TCP 0 means this connection only"),
            Argument("seconds", "i", "for how long: 600 if left out, at most 86400, 0 ends it", True),
        ),
        OK,
    ),
    Address(PING, "Asks for a sign of life.", (Argument("echo", "s", "comes back as it is", True),), PONG),
)

_OUTGOING = (
    Address(
        PONG,
        "The bridge is there.",
        (Argument("version", "s", "the bridge's version"), Argument("echo", "s", "what the ping brought", True)),
    ),
    Address(
        OK,
        "A command that has no other answer was carried out.",
        (Argument("address", "s", "the command's address"), Argument("text", "s", "what was done, in a sentence")),
    ),
    Address(
        ERROR,
        "A message could not be carried out.",
        (
            Argument("address", "s", 'the message\'s address; "" where it is not known'),
            Argument("code", "s", "what happened, for a program"),
            Argument("message", "s", "what happened and what to do, for a person"),
        ),
    ),
    Address(ACCEPTED, "There is a job: from here on nothing of it is lost.", (_ID, _SONG)),
    Address(
        STATE,
        "A job's state, at each change.",
        (_ID, _SONG, Argument("state", "s", "its state, from queued to delivered, failed, cancelled or needs_...")),
    ),
    Address(
        PROGRESS,
        "How far a job is, at most ten times a second.",
        (
            _ID,
            Argument("fraction", "f", "of the whole job, 0 to 1, never falling until the job is queued again"),
            Argument("step", "s", "what is being done, in words"),
        ),
    ),
    Address(
        STEM,
        "One stem of a finished delivery; all of them come before its done.",
        (
            _ID,
            Argument("name", "s", "the stem's name"),
            Argument("path", "s", "the stem's absolute path"),
        ),
    ),
    Address(
        DONE,
        "A delivery is finished.",
        (
            _ID,
            Argument("folder", "s", "the delivery's absolute path"),
            Argument("count", "i", "how many stems it has"),
        ),
    ),
    Address(
        JOB_ERROR,
        "A job failed or waits for a decision.",
        (
            _ID,
            Argument("code", "s", "why, for a program"),
            Argument("message", "s", "why, and what to do, for a person"),
        ),
    ),
)


def _by_path(table: tuple[Address, ...]) -> Mapping[str, Address]:
    return MappingProxyType({address.path: address for address in table})


INCOMING: Final = _by_path(_INCOMING)
"""What the bridge takes, by address."""

OUTGOING: Final = _by_path(_OUTGOING)
"""What the bridge says, by address. Never answered when it comes in: two bridges would go on for ever."""
