"""Job files in a real inbox: each asks once, is taken away, and a refused one is answered."""

from __future__ import annotations

import json
import os
import shutil
import stat
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bridge.errors import BounceError, StembridgeError, StorageError, StoreError
from tests.inbox.test_trouble import codes, without_privileges

if TYPE_CHECKING:
    from tests.inbox.conftest import OpenRoom, Room


@dataclass
class Desk:
    """The double at the seam to the daemon: it notes what it is asked, and refuses what it is told to."""

    asked: list[tuple[str, str]] = field(default_factory=list)
    refusal: StembridgeError | None = None
    free: threading.Event = field(default_factory=threading.Event)
    entered: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.free.set()

    def __call__(self, path: str, preset: str) -> str:
        self.asked.append((path, preset))
        self.entered.set()
        self.free.wait(20)
        if self.refusal is not None:
            raise self.refusal
        return f"asked{len(self.asked)}"


def ask(room: Room, name: str, path: str = "/song.wav", preset: str = "", *, replace: bool = False) -> Path:
    """Write a job file as the protocol asks: under another ending, then renamed."""
    part = room.folder / f"{name}.part"
    part.parent.mkdir(parents=True, exist_ok=True)
    part.write_text(json.dumps({"separate": path, **({"preset": preset} if preset else {})}), "utf-8")
    return part.replace(room.folder / name) if replace else part.rename(room.folder / name)


def names(room: Room) -> list[str]:
    return sorted(path.name for path in room.folder.rglob("*") if not path.is_dir())


def answer_in(path: Path) -> str:
    row = json.loads(path.read_bytes())
    assert sorted(row) == ["error", "message"]
    return str(row["error"])


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def room(open_room: OpenRoom, desk: Desk) -> Room:
    return open_room(on_request=desk)


def test_a_job_file_asks_once_and_is_taken_away(room: Room, desk: Desk, tmp_path: Path) -> None:
    song = str(tmp_path / "Für Élise.wav")
    ask(room, "ask.stembridge", song, "vocals")
    room.until(lambda: names(room) == [])
    room.quiet()
    assert desk.asked == [(song, "vocals")]
    assert (room.jobs, room.problems, room.ledger.names()) == (["asked1"], [], [])


def test_a_job_file_is_taken_at_first_sight_and_before_the_bounce_beside_it_settles(
    open_room: OpenRoom, desk: Desk
) -> None:
    room = open_room(on_request=desk, settle_s=60.0)
    room.save("song.wav")
    ask(room, "ask.stembridge", "song.wav")
    room.until(lambda: room.jobs == ["asked1"])
    assert desk.asked == [(str(room.folder / "song.wav"), "")]
    assert names(room) == ["song.wav"]


def test_job_files_from_before_the_start_and_in_folders_are_taken_and_others_left_alone(
    open_room: OpenRoom, desk: Desk
) -> None:
    room = open_room(on_request=desk, start=False, ignore=("old",))
    for name in ("a.stembridge", "deep/b.STEMBRIDGE", "old/c.stembridge", ".d.stembridge", "e.stembridge.tmp"):
        ask(room, name, "song.wav")
    (room.folder / "folder.stembridge").mkdir()
    room.inbox.start()
    room.until(lambda: len(room.jobs) == 2)
    room.quiet()
    assert sorted(path for path, _ in desk.asked) == sorted(
        str(folder / "song.wav") for folder in (room.folder, room.folder / "deep")
    )
    assert names(room) == [".d.stembridge", "c.stembridge", "e.stembridge.tmp"]


def test_without_anybody_to_ask_job_files_are_left_alone(open_room: OpenRoom) -> None:
    room = open_room()
    ask(room, "ask.stembridge")
    room.save("song.wav")
    room.expect("song.wav")
    assert names(room) == ["ask.stembridge", "song.wav"]
    assert (room.jobs, room.problems) == (["job1"], [])


def test_the_same_name_can_ask_again_and_again(room: Room, desk: Desk) -> None:
    for number in range(1, 4):
        ask(room, "ask.stembridge", f"/{number}.wav")
        room.until(lambda count=number: len(room.jobs) == count and names(room) == [])  # type: ignore[misc]
    assert [path for path, _ in desk.asked] == ["/1.wav", "/2.wav", "/3.wav"]


def test_a_refusal_is_told_and_answered_in_the_place_of_an_older_answer(room: Room, desk: Desk) -> None:
    desk.refusal = BounceError("There is no file /song.wav.", code="bounce.missing", advice="Check the path.")
    (room.folder / "ask.stembridge.error").write_text("old")
    for count in (1, 2):
        path = ask(room, "ask.stembridge")
        room.until(lambda many=count: len(room.problems) == many)  # type: ignore[misc]
        assert room.problems[-1] == (path, desk.refusal)
    room.quiet()
    assert names(room) == ["ask.stembridge.error"]
    assert json.loads((room.folder / "ask.stembridge.error").read_text()) == {
        "error": "bounce.missing",
        "message": "There is no file /song.wav. Check the path.",
    }
    assert room.jobs == []


@pytest.mark.parametrize("trouble", [StorageError("The disk is full.", code="storage.full"), StoreError("Locked.")])
def test_our_own_trouble_is_told_once_and_the_request_is_tried_again(
    room: Room, desk: Desk, trouble: StembridgeError
) -> None:
    desk.refusal = trouble
    for name in ("a.stembridge", "b.stembridge"):
        ask(room, name)
    room.until(lambda: len(desk.asked) >= 3)
    assert names(room) == ["a.stembridge", "b.stembridge"]
    assert codes(room) == [trouble.code]
    desk.refusal = None
    # Nobody wakes the inbox: it tries again by itself.
    room.until(lambda: len(room.jobs) == 2)
    room.until(lambda: names(room) == [])
    assert codes(room) == [trouble.code]


def test_a_half_written_job_file_is_waited_for(open_room: OpenRoom, desk: Desk) -> None:
    room = open_room(on_request=desk, settle_s=0.5)
    path = room.folder / "ask.stembridge"
    with path.open("w") as file:
        for part in ('{"sepa', 'rate": "/so', 'ng.wav"', "}"):
            assert desk.asked == []
            file.write(part)
            file.flush()
            room.inbox.wake()
    room.until(lambda: room.jobs == ["asked1"])
    room.until(lambda: names(room) == [])
    assert (desk.asked, room.problems) == ([("/song.wav", "")], [])


def test_what_never_becomes_a_job_file_is_answered_when_it_has_settled(room: Room, desk: Desk, tmp_path: Path) -> None:
    (room.folder / "cut.stembridge").write_bytes(b'{"separate": "/so')
    (room.folder / "empty.stembridge").touch()
    (room.folder / "binary.stembridge").write_bytes(room.wav())
    with (room.folder / "huge.stembridge").open("wb") as file:
        file.truncate(1 << 40)
    room.until(lambda: len(room.problems) == 4)
    room.quiet()
    assert codes(room) == ["job_file"] * 4
    assert names(room) == [f"{name}.stembridge.error" for name in ("binary", "cut", "empty", "huge")]
    assert {answer_in(path) for path in room.folder.iterdir()} == {"job_file"}
    assert (desk.asked, room.ledger.names(), room.in_spool()) == ([], [], [])


def test_a_linked_job_file_is_read_and_only_the_link_taken_away(room: Room, desk: Desk, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere.txt"
    target.write_text('{"separate": "song.wav"}')
    (room.folder / "nothing.stembridge").symlink_to(tmp_path / "missing")
    (room.folder / "loop.stembridge").symlink_to(room.folder / "loop.stembridge")
    (room.folder / "ask.stembridge").symlink_to(target)
    room.until(lambda: room.jobs == ["asked1"])
    room.until(lambda: not (room.folder / "ask.stembridge").is_symlink())
    assert target.read_text() == '{"separate": "song.wav"}'
    assert desk.asked == [(str(room.folder / "song.wav"), "")]
    assert codes(room) in ([], ["bounce.denied"])


@pytest.mark.skipif(os.name != "posix", reason="there are no pipes in folders elsewhere")
def test_a_pipe_named_like_a_job_file_holds_nobody_up(room: Room, desk: Desk) -> None:
    os.mkfifo(room.folder / "pipe.stembridge")
    ask(room, "ask.stembridge")
    room.until(lambda: room.jobs == ["asked1"])
    assert stat.S_ISFIFO((room.folder / "pipe.stembridge").stat().st_mode)


def test_a_request_put_in_place_of_one_at_work_is_dealt_with_as_well(room: Room, desk: Desk) -> None:
    desk.free.clear()
    ask(room, "ask.stembridge", "/one.wav")
    room.until(desk.entered.is_set)
    ask(room, "ask.stembridge", "/two.wav", replace=True)
    room.quiet()
    desk.free.set()
    room.until(lambda: len(room.jobs) == 2)
    room.until(lambda: names(room) == [])
    assert [path for path, _ in desk.asked] == ["/one.wav", "/two.wav"]


def test_a_slow_request_holds_up_neither_bounces_nor_a_stop(open_room: OpenRoom, desk: Desk) -> None:
    room = open_room(on_request=desk)
    desk.free.clear()
    ask(room, "ask.stembridge")
    room.until(desk.entered.is_set)
    room.save("song.wav")
    room.expect("song.wav")
    room.inbox.stop()
    assert not any(thread.name == "inbox" for thread in threading.enumerate())
    # What it answers now comes from a store that is closed: the next start asks again.
    desk.refusal = BounceError("Too late.")
    desk.free.set()
    room.until(lambda: not any(thread.name.startswith("inbox-") for thread in threading.enumerate()))
    assert names(room) == ["ask.stembridge", "song.wav"]
    desk.refusal = None
    again = open_room(ledger=room.ledger, on_request=desk)
    again.until(lambda: again.jobs == ["asked2"])
    again.until(lambda: names(room) == ["song.wav"])


@pytest.mark.skipif(os.name != "posix", reason="permissions are not modes elsewhere")
def test_a_job_file_that_nobody_may_read_is_told_once_and_taken_when_allowed(open_room: OpenRoom, desk: Desk) -> None:
    with without_privileges() as folder:
        room = open_room(base=folder, start=False, on_request=desk, scan_s=0.2)
        path = ask(room, "ask.stembridge")
        path.chmod(0)
        room.inbox.start()
        room.until(lambda: codes(room) == ["bounce.denied"])
        room.quiet()
        assert (codes(room), desk.asked) == (["bounce.denied"], [])
        path.chmod(0o600)
        room.until(lambda: room.jobs == ["asked1"])
        room.inbox.stop()


@pytest.mark.skipif(os.name != "posix", reason="permissions are not modes elsewhere")
@pytest.mark.parametrize("refusal", [None, BounceError("No.", code="bounce.missing")])
def test_a_job_file_that_cannot_be_removed_asks_only_once_also_after_a_restart(
    open_room: OpenRoom, desk: Desk, refusal: StembridgeError | None
) -> None:
    desk.refusal = refusal
    with without_privileges() as folder:
        room = open_room(base=folder, start=False, on_request=desk, scan_s=0.2)
        path = ask(room, "ask.stembridge")
        room.folder.chmod(0o500)
        room.inbox.start()
        room.until(lambda: "job_file.stays" in codes(room))
        room.quiet()
        assert codes(room) == [*(["bounce.missing"] if refusal else []), "job_file.stays"]
        room.inbox.stop()
        again = open_room(base=folder, ledger=room.ledger, on_request=desk)
        again.quiet()
        assert len(desk.asked) == 1
        assert names(room) == ["ask.stembridge"]
        assert room.ledger.signatures[str(path)].size == path.stat().st_size
        again.inbox.stop()
        room.folder.chmod(0o700)


def test_many_job_files_at_once_are_all_asked_once(room: Room, desk: Desk) -> None:
    def write(writer: int) -> None:
        for number in range(25):
            ask(room, f"{writer}/ask {number}.stembridge", f"/{writer} {number}.wav")

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    room.until(lambda: len(room.jobs) >= 100)
    room.quiet()
    assert len(set(desk.asked)) == len(desk.asked) == 100
    assert names(room) == []
    shutil.rmtree(room.folder)
