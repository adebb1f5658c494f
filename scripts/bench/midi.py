"""A Standard MIDI File of format 0, written from notes: as much of it as the synthesised songs need."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

TICKS = 480
"""Ticks of a beat."""

DRUM_CHANNEL = 9


@dataclass(frozen=True, slots=True)
class Note:
    """One note; times in beats, pitch and velocity as in MIDI."""

    start: float
    length: float
    pitch: int
    velocity: int


@dataclass(frozen=True, slots=True)
class Part:
    """What one instrument plays."""

    channel: int
    program: int
    pan: int
    """0 left, 64 centre, 127 right."""
    notes: tuple[Note, ...]


def write(path: Path, parts: Iterable[Part], bpm: float, beats: float) -> None:
    """Write the parts as one track that ends after `beats`."""
    events: list[tuple[int, bytes]] = [(0, b"\xff\x51\x03" + round(60e6 / bpm).to_bytes(3, "big"))]
    for part in parts:
        channel = part.channel
        events.append((0, bytes([0xC0 | channel, part.program])))
        events.append((0, bytes([0xB0 | channel, 10, part.pan])))
        for note in part.notes:
            on, off = round(note.start * TICKS), round((note.start + note.length) * TICKS)
            events.append((on, bytes([0x90 | channel, note.pitch, note.velocity])))
            events.append((off, bytes([0x80 | channel, note.pitch, 0])))
    # At the same tick a note ends before the next begins: a repeated pitch would be cut off at once otherwise.
    events.sort(key=lambda event: (event[0], event[1][0] & 0xF0 == 0x90))
    events.append((round(beats * TICKS), b"\xff\x2f\x00"))
    track, now = bytearray(), 0
    for tick, message in events:
        track += _variable(max(0, tick - now)) + message
        now = max(now, tick)
    path.write_bytes(
        struct.pack(">4sIHHH", b"MThd", 6, 0, 1, TICKS) + struct.pack(">4sI", b"MTrk", len(track)) + bytes(track)
    )


def _variable(number: int) -> bytes:
    groups = [number & 0x7F]
    while number := number >> 7:
        groups.append(0x80 | number & 0x7F)
    return bytes(reversed(groups))
