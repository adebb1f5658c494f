from __future__ import annotations

import hashlib
import http.client
import http.server
import os
import re
import signal
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bridge.errors import LinkRefused, StorageError, TransferCut, TransferThrottled, WrongFile
from bridge.files.atomic import partial_path
from bridge.transfer.download import Expected, Open, download
from tests.transfer.file_server import CONTENT, FileServer, serving

HASH = hashlib.sha256(CONTENT).hexdigest()
WEIGHTS = Expected(largest=8 << 20, size=len(CONTENT), sha256=HASH)


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving(FileServer()) as state:
        yield state


@dataclass
class Plain:
    """A response of the standard library's client, in the form of the seam."""

    response: http.client.HTTPResponse
    encoded: bool = False

    def __post_init__(self) -> None:
        self.status = self.response.status
        self.headers: Mapping[str, str] = {name.lower(): value for name, value in self.response.getheaders()}

    def chunks(self) -> Iterator[bytes]:
        try:
            while chunk := self.response.read1(1 << 14):
                yield chunk
        except http.client.HTTPException as error:
            raise TransferCut(str(error)) from error


def opener(url: str) -> Open:
    @contextmanager
    def open_(headers: Mapping[str, str]) -> Iterator[Plain]:
        parts = urllib.parse.urlsplit(url)
        connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=30)
        try:
            connection.request("GET", parts.path, headers=dict(headers))
            with connection.getresponse() as response:
                yield Plain(response)
        finally:
            connection.close()

    return open_


def nothing(_size: int, _whole: int | None) -> None:
    pass


def fetch(server: FileServer, target: Path, expected: Expected = WEIGHTS) -> None:
    download(opener(server.url), target, expected, nothing)


def cut(server: FileServer, target: Path, size: int, expected: Expected = WEIGHTS) -> None:
    server.cut = size
    with pytest.raises(TransferCut):
        fetch(server, target, expected)
    server.cut = None
    assert not target.exists()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_arrives_complete_with_progress_and_nothing_beside_it(server: FileServer, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    download(opener(server.url), tmp_path / "w.onnx", WEIGHTS, lambda *now: seen.append(now))
    assert (tmp_path / "w.onnx").read_bytes() == CONTENT
    assert names(tmp_path) == ["w.onnx"]
    assert seen == sorted(seen)
    assert seen[-1] == (len(CONTENT), len(CONTENT))


@pytest.mark.parametrize("size", [0, 1, 70_000, len(CONTENT) - 1])
def test_a_cut_file_is_resumed_where_it_stopped(server: FileServer, tmp_path: Path, size: int) -> None:
    cut(server, tmp_path / "w", size)
    fetch(server, tmp_path / "w")
    assert (tmp_path / "w").read_bytes() == CONTENT
    assert server.asked == ["", f"bytes={size}-" if size else ""]


def test_a_file_that_changed_at_the_server_is_fetched_anew(server: FileServer, tmp_path: Path) -> None:
    cut(server, tmp_path / "w", 70_000, Expected(8 << 20))
    server.content, server.etag = CONTENT[::-1], '"2"'
    fetch(server, tmp_path / "w", Expected(8 << 20))
    assert (tmp_path / "w").read_bytes() == CONTENT[::-1]


def test_a_server_without_ranges_sends_all_of_it_again(server: FileServer, tmp_path: Path) -> None:
    server.ranges = False
    cut(server, tmp_path / "w", 70_000)
    fetch(server, tmp_path / "w")
    assert (tmp_path / "w").read_bytes() == CONTENT


def test_without_a_strong_validator_nothing_is_resumed(server: FileServer, tmp_path: Path) -> None:
    server.etag = 'W/"1"'
    cut(server, tmp_path / "w", 70_000)
    fetch(server, tmp_path / "w")
    assert server.asked == ["", ""]
    assert (tmp_path / "w").read_bytes() == CONTENT


def test_wrong_bytes_are_deleted_and_never_get_the_name(server: FileServer, tmp_path: Path) -> None:
    server.content = b"?" + CONTENT[1:]
    with pytest.raises(WrongFile, match="SHA-256"):
        fetch(server, tmp_path / "w")
    assert names(tmp_path) == []


def test_bytes_that_were_damaged_on_the_disk_between_two_calls_are_found(server: FileServer, tmp_path: Path) -> None:
    cut(server, tmp_path / "w", 70_000)
    with partial_path(tmp_path / "w").open("r+b") as file:
        file.write(b"?")
    with pytest.raises(WrongFile, match="SHA-256"):
        fetch(server, tmp_path / "w")
    assert names(tmp_path) == []
    fetch(server, tmp_path / "w")
    assert (tmp_path / "w").read_bytes() == CONTENT


@pytest.mark.parametrize("size", [len(CONTENT) - 1, len(CONTENT) + 1])
def test_another_size_is_refused_before_a_byte_is_written(server: FileServer, tmp_path: Path, size: int) -> None:
    with pytest.raises(WrongFile, match=f"instead of {size}"):
        fetch(server, tmp_path / "w", Expected(8 << 20, size=size))
    assert names(tmp_path) == []


@pytest.mark.parametrize("announced", [True, False])
def test_a_file_that_is_too_large_is_refused_and_not_kept(server: FileServer, tmp_path: Path, announced: bool) -> None:
    if not announced:
        server.extra = {"Content-Length": ""}
    with pytest.raises(WrongFile, match="larger than 0 MiB"):
        fetch(server, tmp_path / "w", Expected(100_000))
    assert names(tmp_path) == []


def test_a_file_that_does_not_fit_on_the_disk_is_refused_before_a_byte_is_written(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _folder: (1 << 40, 1 << 40, 1000))
    with pytest.raises(StorageError, match="Too little space for w") as caught:
        fetch(server, tmp_path / "w")
    assert caught.value.code == "storage.full"
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    "claim",
    [
        "bytes 5-9/10",
        "bytes 70000-10/1048576",
        "bytes 70000-1048575/9",
        f"bytes 70000-{'9' * 5000}/{'9' * 5000}",
        f"bytes {'9' * 5000}-1/2",
        "nonsense",
        "",
    ],
)
def test_an_absurd_content_range_is_never_joined_and_never_a_crash(
    server: FileServer, tmp_path: Path, claim: str
) -> None:
    cut(server, tmp_path / "w", 70_000)
    server.extra = {"Content-Range": claim}
    with pytest.raises(TransferCut, match="anew"):
        fetch(server, tmp_path / "w")
    server.extra = {}
    fetch(server, tmp_path / "w")
    assert (tmp_path / "w").read_bytes() == CONTENT


def test_a_part_that_nobody_asked_for_ends_the_download_instead_of_repeating_for_ever(
    server: FileServer, tmp_path: Path
) -> None:
    server.status, server.extra = 206, {"Content-Range": "bytes 5-9/10"}
    with pytest.raises(WrongFile, match="part of the file"):
        fetch(server, tmp_path / "w")


@pytest.mark.parametrize(
    ("status", "error"), [(401, LinkRefused), (404, LinkRefused), (429, TransferThrottled), (503, TransferCut)]
)
def test_each_status_says_what_to_do(server: FileServer, tmp_path: Path, status: int, error: type[Exception]) -> None:
    server.status = status
    with pytest.raises(error, match=str(status)):
        fetch(server, tmp_path / "w")
    assert names(tmp_path) == []


def test_a_server_that_drips_is_left_at_the_least_rate(server: FileServer, tmp_path: Path) -> None:
    ticks = iter(range(0, 10_000, 31))
    slow = Expected(8 << 20, least_bytes=1 << 20, least_s=60.0, clock=lambda: float(next(ticks)))
    with pytest.raises(TransferCut, match="only"):
        fetch(server, tmp_path / "w", slow)
    fetch(server, tmp_path / "w")
    assert server.asked[1].startswith("bytes=")
    assert (tmp_path / "w").read_bytes() == CONTENT


def test_what_the_callback_raises_ends_the_download_and_keeps_what_came(server: FileServer, tmp_path: Path) -> None:
    def stop(size: int, _whole: int | None) -> None:
        if size > 100_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download(opener(server.url), tmp_path / "w", WEIGHTS, stop)
    fetch(server, tmp_path / "w")
    assert server.asked[1].startswith("bytes=")


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.transfer.test_download import WEIGHTS, download, opener
def kill(size, whole):
    if size > 300_000:
        os.kill(os.getpid(), signal.SIGKILL)
download(opener(sys.argv[1]), Path(sys.argv[2]), WEIGHTS, kill)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_download_goes_on_in_another_process_after_a_kill(server: FileServer, tmp_path: Path) -> None:
    target = tmp_path / "w"
    command = [sys.executable, "-c", KILLED, server.url, str(target)]
    ended = subprocess.run(command, check=False, cwd=Path(__file__).parents[2], env={**os.environ, "PYTHONPATH": "."})
    assert ended.returncode == -signal.SIGKILL
    assert not target.exists()
    fetch(server, target)
    assert target.read_bytes() == CONTENT
    resumed = re.fullmatch(r"bytes=(\d+)-", server.asked[1])
    assert resumed
    assert int(resumed[1]) > 200_000
    assert names(tmp_path) == ["w"]
