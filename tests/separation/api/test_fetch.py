from __future__ import annotations

import re
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from bridge.errors import AnswerLost, NotSent, ProtocolError, StepCancelled, StorageError
from bridge.protocol.messages import TaskData
from bridge.protocol.refusals import RateLimited
from bridge.separation.api.fetch import LinkGone, fetch
from bridge.separation.api.results import Results, Wanted

if TYPE_CHECKING:
    from pathlib import Path

    from tests.separation.api.conftest import Call, Connect, Onlooker, Peer, Reply, Service

SOUND = bytes(range(256)) * 4096
LARGE = 64 << 20

Files = Callable[["Call"], "Reply"]


def nothing(size: int, whole: int | None) -> None:
    pass


def ranged(content: bytes, tag: str, **more: str) -> Files:
    """Answer as a web server does that knows ranges (RFC 9110, section 14)."""

    def answer(call: Call) -> Reply:
        match = re.fullmatch(r"bytes=(\d+)-", call.headers.get("range", ""))
        if match and call.headers.get("if-range") == tag:
            at = int(match[1])
            if at >= len(content):
                return 416, {"Content-Range": f"bytes */{len(content)}"}, b""
            return 206, {"Content-Range": f"bytes {at}-{len(content) - 1}/{len(content)}", **more}, content[at:]
        return 200, {"ETag": tag, **more}, content

    return answer


def cut_after(size: int, head: bytes = b"") -> Callable[[socket.socket], None]:
    """Send the start of `SOUND` and close."""

    def script(connection: socket.socket) -> None:
        connection.recv(65536)
        fields = head or b'ETag: "1"\r\nContent-Length: %d\r\n' % len(SOUND)
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n" + SOUND[:size])

    return script


def test_a_file_arrives_whole_and_leaves_nothing_beside_it(service: Service, connect: Connect, tmp_path: Path) -> None:
    service.always(SOUND)
    seen: list[tuple[int, int | None]] = []
    fetch(connect(service.url).wire, service.url, tmp_path / "v.wav", LARGE, lambda *now: seen.append(now))
    assert (tmp_path / "v.wav").read_bytes() == SOUND
    assert [path.name for path in tmp_path.iterdir()] == ["v.wav"]
    assert seen[-1] == (len(SOUND), len(SOUND))


@pytest.mark.parametrize("size", [0, 1, 70_000, len(SOUND) - 1])
def test_a_cut_file_goes_on_where_it_stopped(
    peer: Peer, service: Service, connect: Connect, tmp_path: Path, size: int
) -> None:
    target = tmp_path / "v.wav"
    wire = connect(service.url).wire
    peer.script = cut_after(size)
    with pytest.raises(AnswerLost):
        fetch(wire, peer.url, target, LARGE, nothing)
    assert not target.exists()
    service.answer = ranged(SOUND, '"1"')
    fetch(wire, service.url, target, LARGE, nothing)
    assert target.read_bytes() == SOUND
    kept = re.fullmatch(r"bytes=(\d+)-", service.calls[0].headers.get("range", "bytes=0-"))
    assert kept is not None
    assert size - (1 << 16) < int(kept[1]) <= size


def test_a_file_that_changed_meanwhile_begins_anew(
    peer: Peer, service: Service, connect: Connect, tmp_path: Path
) -> None:
    wire = connect(service.url).wire
    peer.script = cut_after(200_000)
    with pytest.raises(AnswerLost):
        fetch(wire, peer.url, tmp_path / "v.wav", LARGE, nothing)
    service.answer = ranged(SOUND[::-1], '"2"')
    fetch(wire, service.url, tmp_path / "v.wav", LARGE, nothing)
    assert service.calls[0].headers["if-range"] == '"1"'
    assert (tmp_path / "v.wav").read_bytes() == SOUND[::-1]


@pytest.mark.parametrize("fields", [b'ETag: W/"1"\r\n', b"", b'ETag: "1"\r\nAccept-Ranges: none\r\n'])
def test_without_a_strong_validator_nothing_is_joined(
    peer: Peer, service: Service, connect: Connect, tmp_path: Path, fields: bytes
) -> None:
    wire = connect(service.url).wire
    peer.script = cut_after(200_000, fields + b"Content-Length: %d\r\n" % len(SOUND))
    with pytest.raises(AnswerLost):
        fetch(wire, peer.url, tmp_path / "v.wav", LARGE, nothing)
    service.answer = ranged(SOUND, '"1"')
    fetch(wire, service.url, tmp_path / "v.wav", LARGE, nothing)
    assert "range" not in service.calls[0].headers
    assert (tmp_path / "v.wav").read_bytes() == SOUND


@pytest.mark.parametrize("claim", ["bytes 5-9/10", "bytes 0-", "nonsense", ""])
def test_a_part_that_was_not_asked_for_is_never_joined(
    peer: Peer, service: Service, connect: Connect, tmp_path: Path, claim: str
) -> None:
    wire = connect(service.url).wire
    peer.script = cut_after(200_000)
    with pytest.raises(AnswerLost):
        fetch(wire, peer.url, tmp_path / "v.wav", LARGE, nothing)
    service.always(b"?" * 5, 206, Content_Range=claim)
    with pytest.raises(AnswerLost, match="anew"):
        fetch(wire, service.url, tmp_path / "v.wav", LARGE, nothing)
    service.answer = ranged(SOUND, '"1"')
    fetch(wire, service.url, tmp_path / "v.wav", LARGE, nothing)
    assert (tmp_path / "v.wav").read_bytes() == SOUND


def test_a_range_that_cannot_be_begins_anew(peer: Peer, service: Service, connect: Connect, tmp_path: Path) -> None:
    wire = connect(service.url).wire
    peer.script = cut_after(200_000)
    with pytest.raises(AnswerLost):
        fetch(wire, peer.url, tmp_path / "v.wav", LARGE, nothing)
    service.answer = ranged(b"short", '"1"')
    with pytest.raises(AnswerLost, match="anew"):
        fetch(wire, service.url, tmp_path / "v.wav", LARGE, nothing)
    fetch(wire, service.url, tmp_path / "v.wav", LARGE, nothing)
    assert (tmp_path / "v.wav").read_bytes() == b"short"


def test_a_range_that_ends_too_early_is_not_whole(
    peer: Peer, service: Service, connect: Connect, tmp_path: Path
) -> None:
    wire = connect(service.url).wire
    peer.script = cut_after(131_072)
    with pytest.raises(AnswerLost):
        fetch(wire, peer.url, tmp_path / "v.wav", LARGE, nothing)
    have = (tmp_path / ".v.wav.partial").stat().st_size
    part = SOUND[have : have + 10]
    service.always(part, 206, Content_Range=f"bytes {have}-{have + 9}/{len(SOUND)}")
    with pytest.raises(AnswerLost, match="ended after"):
        fetch(wire, service.url, tmp_path / "v.wav", LARGE, nothing)
    assert not (tmp_path / "v.wav").exists()


def test_a_file_that_comes_packed_is_unpacked(service: Service, connect: Connect, tmp_path: Path) -> None:
    import gzip

    service.always(gzip.compress(SOUND), 200, Content_Encoding="gzip")
    fetch(connect(service.url).wire, service.url, tmp_path / "v.wav", LARGE, nothing)
    assert (tmp_path / "v.wav").read_bytes() == SOUND


def test_a_file_without_an_end_is_not_stored_for_ever(peer: Peer, connect: Connect, tmp_path: Path) -> None:
    def endless(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(bytes(1 << 16))

    peer.script = endless
    with pytest.raises(ProtocolError, match="larger than 4 MiB"):
        fetch(connect(peer.url).wire, peer.url, tmp_path / "v.wav", 4 << 20, nothing)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, LinkGone), (403, LinkGone), (404, LinkGone), (410, LinkGone), (429, RateLimited), (500, AnswerLost)],
)
def test_each_status_says_what_to_do(
    service: Service, connect: Connect, tmp_path: Path, status: int, error: type[Exception]
) -> None:
    service.always("<html>", status)
    with pytest.raises(error):
        fetch(connect(service.url).wire, service.url, tmp_path / "v.wav", LARGE, nothing)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_cannot_be_written_is_the_disks_matter(service: Service, connect: Connect, tmp_path: Path) -> None:
    service.always(SOUND)
    with pytest.raises(StorageError):
        fetch(connect(service.url).wire, service.url, tmp_path / "gone" / "v.wav", LARGE, nothing)


def results(connect: Connect, url: str, watch: Onlooker, folder: Path) -> Results:
    return Results(connect(url).wire, Wanted(("vocals", "other"), folder, LARGE), watch, lambda: 0.5)


def no_fresh_links() -> TaskData:
    raise AssertionError("the links were good")


def test_a_download_outlasts_any_number_of_cuts(
    service: Service, peer: Peer, connect: Connect, watch: Onlooker, tmp_path: Path
) -> None:
    whole = ranged(SOUND, '"1"')
    broken = iter(range(30))

    def answer(call: Call) -> Reply:
        status, headers, content = whole(call)
        # Promise all, send a little, close: what a bad line does.
        if next(broken, None) is not None:
            return status, {**headers, "Content-Length": str(len(content)), "Connection": "close"}, content[:70_000]
        return status, headers, content

    service.answer = answer
    data = TaskData("success", output={"vocals": f"{service.url}/v.wav?x=1", "other": f"{service.url}/o.flac"})
    files = results(connect, service.url, watch, tmp_path).bring(data, no_fresh_links)
    assert {name: path.read_bytes() for name, path in files.items()} == {"vocals": SOUND, "other": SOUND}
    assert [path.name for path in files.values()] == ["vocals.wav", "other.flac"]
    assert sum(len(call.headers.get("range", "")) > 0 for call in service.calls) > 10


def test_being_offline_for_an_hour_does_not_end_a_download(
    service: Service, connect: Connect, watch: Onlooker, nobody: str, tmp_path: Path
) -> None:
    class Back(Exception):
        pass

    def hour(seconds: float) -> None:
        if watch.now > 3600:
            raise Back

    watch.on_wait = hour
    data = TaskData("success", output={"vocals": f"{nobody}/v.wav"})
    with pytest.raises(Back):
        results(connect, service.url, watch, tmp_path).bring(data, no_fresh_links)
    assert all("goes on by itself" in notice for notice in watch.notices)


def test_a_cancel_ends_a_download_within_a_chunk(
    service: Service, connect: Connect, watch: Onlooker, tmp_path: Path
) -> None:
    service.always(SOUND)
    watch.cancelled = True
    with pytest.raises(StepCancelled):
        results(connect, service.url, watch, tmp_path).bring(
            TaskData("success", output={"vocals": f"{service.url}/v.wav"}), no_fresh_links
        )


HOSTILE = [
    "../../evil",
    "/etc/passwd",
    "C:\\boot",
    "NUL",
    "nul",
    "vocals\0",
    ".hidden",
    "a" * 500,
    "  ",
    "\u202e",
    "\ud800",
]


def test_no_key_of_a_server_leaves_the_folder(
    service: Service, connect: Connect, watch: Onlooker, tmp_path: Path
) -> None:
    folder = tmp_path / "in" / "here"
    folder.mkdir(parents=True)
    service.always(b"sound")
    output = {key: f"{service.url}/x/..%2f..%2f{at}.exe" for at, key in enumerate(HOSTILE)}
    files = results(connect, service.url, watch, folder).bring(TaskData("success", output=output), no_fresh_links)
    assert len(files) == len(HOSTILE)
    assert {path.name for path in folder.iterdir()} == {f"{name}.wav" for name in files}
    assert list(tmp_path.rglob("*.exe")) == []
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_more_stems_than_any_model_has_are_refused(
    service: Service, connect: Connect, watch: Onlooker, tmp_path: Path
) -> None:
    data = TaskData("success", output={str(at): f"{service.url}/{at}" for at in range(1000)})
    with pytest.raises(ProtocolError, match="1000 stems"):
        results(connect, service.url, watch, tmp_path).bring(data, no_fresh_links)
    assert service.calls == []


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x/v.wav", "vocals.wav"])
def test_a_link_that_is_not_of_the_web_is_refused(
    connect: Connect, watch: Onlooker, nobody: str, tmp_path: Path, url: str
) -> None:
    with pytest.raises(ProtocolError):
        results(connect, nobody, watch, tmp_path).bring(TaskData("success", output={"vocals": url}), no_fresh_links)


def test_nothing_listens_is_said_as_such(connect: Connect, nobody: str, tmp_path: Path) -> None:
    with pytest.raises(NotSent):
        fetch(connect(nobody).wire, nobody, tmp_path / "v.wav", LARGE, nothing)
