"""Bounces that are still being written, slowly, with pauses, or for ever."""

from __future__ import annotations

import os
import struct
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from bridge.inbox.spool import SourceChanged, copy_to_spool
from bridge.jobs.arrival import Signature

if TYPE_CHECKING:
    from pathlib import Path

    from tests.inbox.conftest import OpenRoom, Room

LONG_S = 0.2
"""Longer than a test's settling time, shorter than its patience."""


def test_a_slow_copy_that_stalls_is_taken_once_and_whole(room: Room) -> None:
    content = room.wav()
    with (room.folder / "song.wav").open("wb") as file:
        for start in range(0, len(content), 4000):
            file.write(content[start : start + 4000])
            file.flush()
            time.sleep(LONG_S if start == 4000 else 0.01)
            assert room.ledger.names() == []
    room.expect("song.wav")
    assert room.ledger.arrivals[0].spool.read_bytes() == content


def test_a_half_copied_bounce_that_was_closed_waits_for_its_other_half(open_room: OpenRoom) -> None:
    room = open_room(settle_s=0.1)
    content = room.wav()
    path = room.folder / "song.wav"
    path.write_bytes(content[:5000])
    time.sleep(5 * LONG_S)
    assert room.ledger.names() == []
    with path.open("ab") as file:
        file.write(content[5000:])
    room.expect("song.wav")
    assert room.ledger.arrivals[0].spool.read_bytes() == content


def test_a_bounce_that_never_becomes_complete_is_passed_on_to_the_decoder(room: Room) -> None:
    (room.folder / "cut.wav").write_bytes(room.wav()[:5000])
    room.expect("cut.wav")
    assert room.problems == []


def test_an_empty_bounce_is_not_stranded_either(room: Room) -> None:
    (room.folder / "empty.wav").touch()
    room.expect("empty.wav")


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_a_recording_whose_header_comes_last_is_taken_when_it_has_come(open_room: OpenRoom, size: int) -> None:
    room = open_room(settle_s=0.1)
    content = room.wav()
    with (room.folder / "song.wav").open("wb") as file:
        file.write(content[:4] + struct.pack("<I", size) + content[8:40] + struct.pack("<I", size) + content[44:])
        file.flush()
        time.sleep(5 * LONG_S)
        assert room.ledger.names() == []
        file.seek(0)
        file.write(content[:44])
    room.expect("song.wav")
    assert room.ledger.arrivals[0].spool.read_bytes() == content


def test_a_preallocated_bounce_is_taken_when_it_is_filled(open_room: OpenRoom) -> None:
    room = open_room(settle_s=0.1)
    content = room.wav()
    with (room.folder / "song.wav").open("wb") as file:
        file.truncate(len(content))
        for start in range(0, len(content), 1000):
            file.seek(start)
            file.write(content[start : start + 1000])
            file.flush()
            time.sleep(0.03)
        assert room.ledger.names() == []
    room.expect("song.wav")
    assert room.ledger.arrivals[0].spool.read_bytes() == content


def test_a_bounce_overwritten_while_it_is_copied_is_taken_whole_in_the_end(open_room: OpenRoom) -> None:
    room = open_room(start=False)
    big = room.wav(seed=1, frames=4_000_000)
    path = room.folder / "song.wav"
    path.write_bytes(big)
    final = room.wav(seed=2, frames=4_000_000)
    room.inbox.start()
    for _ in range(20):
        with path.open("r+b") as file:
            file.seek(len(big) // 2)
            file.write(os.urandom(1000))
        time.sleep(0.02)
    path.write_bytes(final)
    room.until(lambda: bool(room.ledger.arrivals) and room.ledger.arrivals[-1].spool.read_bytes() == final)
    room.quiet()
    assert len({arrival.sha256 for arrival in room.ledger.arrivals}) == len(room.ledger.arrivals)


def test_a_copy_of_what_changes_meanwhile_is_thrown_away(tmp_path: Path) -> None:
    source = tmp_path / "song.wav"
    source.write_bytes(bytes(4 << 20))
    before = Signature.of(source.stat())
    blocks = 0

    def keep_going() -> bool:
        nonlocal blocks
        blocks += 1
        if blocks == 2:
            with source.open("ab") as file:
                file.write(b"more")
        return True

    with pytest.raises(SourceChanged):
        copy_to_spool(source, tmp_path / "spool", before, keep_going)
    assert list((tmp_path / "spool").iterdir()) == []


def test_many_writers_at_once_lose_nothing(room: Room) -> None:
    def write(writer: int) -> None:
        for number in range(25):
            room.save(f"{writer}/song {number}.wav", seed=writer * 100 + number)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    room.until(lambda: len(room.ledger.arrivals) >= 100)
    room.quiet()
    assert len({arrival.source for arrival in room.ledger.arrivals}) == len(room.ledger.arrivals) == 100


@pytest.mark.skipif(sys.platform != "win32", reason="only Windows tells who holds a file")
def test_a_bounce_that_a_writer_holds_open_is_taken_when_it_is_free(room: Room) -> None:
    path = room.save("song.wav")
    with path.open("r+b"):
        time.sleep(5 * LONG_S)
        assert room.ledger.names() == []
    room.expect("song.wav")
