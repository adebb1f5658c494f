from __future__ import annotations

import io
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from bridge.compute.executor import LocalExecutor
from bridge.errors import EngineFailed, InstanceRunning, StopRequested, StorageError
from bridge.protocol.messages import CreateRequest
from bridge.separation.separator import SeparationRequest
from bridge.server.options import Engines, Limits, ServerOptions
from bridge.server.state import Outside, ServerState
from bridge.server.tables.opening import open_tables
from bridge.server.tables.tasks import Order, TaskState
from bridge.units import Progress

Serve = Callable[..., Any]


class Engine:
    """Does what a test says."""

    name = label = "test"
    revision = "1"

    def __init__(self, does: Callable[[SeparationRequest], Mapping[str, Path]]) -> None:
        self._does = does

    def check(self, model: object) -> None:
        pass

    def separate(self, request: SeparationRequest, progress: Progress) -> Mapping[str, Path]:
        return self._does(request)


def engines(does: Callable[[SeparationRequest], Mapping[str, Path]]) -> Engines:
    return Engines(lambda _model: "test", lambda _name: Engine(does))


def raising(error: Exception) -> Engines:
    def does(_request: SeparationRequest) -> Mapping[str, Path]:
        raise error

    return engines(does)


def silence(seconds: float, rate: int = 8000) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, np.zeros(int(seconds * rate), np.int16), rate, format="FLAC")
    return file.getvalue()


@pytest.mark.parametrize(
    ("error", "shown", "hidden"),
    [
        (EngineFailed("The weights are gone."), "The weights are gone.", ""),
        (ZeroDivisionError("at /home/you/secret"), "ZeroDivisionError", ""),
        (StorageError("no space on /srv/secret"), "its log says why", "secret"),
        (PermissionError(13, "no", "/srv/secret"), "its log says why", "secret"),
    ],
)
def test_an_engine_that_breaks_costs_nothing_and_says_what_concerns_the_asker(
    serve: Serve, one_second: bytes, error: Exception, shown: str, hidden: str
) -> None:
    server = serve(engines=raising(error))
    url = server.upload(one_second)
    for _ in range(2):  # the worker goes on with the next
        data = server.wait(server.create(url)["data"]["job_id"])
        assert data["status"] == "failed"
        assert shown in data["error"]
        assert not hidden or hidden not in data["error"]
    assert server.balance() == (100, 0)


def test_an_engine_that_leaves_a_stem_out_has_failed(serve: Serve, one_second: bytes) -> None:
    server = serve(engines=engines(lambda request: {"vocals": request.mix}))
    data = server.wait(server.create(server.upload(one_second))["data"]["job_id"])
    assert data["error"] == "The test engine made no bass and no drums and no other."
    assert server.balance() == (100, 0)


def test_a_long_file_holds_and_costs_its_started_minutes(serve: Serve) -> None:
    server = serve()
    data = server.wait(server.create(server.upload(silence(61)))["data"]["job_id"])
    assert (data["status"], data["duration"]) == ("success", 61.0)
    assert server.balance() == (98, 0)


def test_a_file_that_costs_more_than_there_is_fails_for_nothing(serve: Serve) -> None:
    server = serve(minutes=1)
    data = server.wait(server.create(server.upload(silence(61)))["data"]["job_id"])
    assert (data["status"], data["error"]) == ("failed", "Insufficient credit balance")
    assert server.balance() == (1, 0)


def test_a_file_that_is_too_long_fails(serve: Serve) -> None:
    server = serve(limits=Limits(minutes=1))
    data = server.wait(server.create(server.upload(silence(61)))["data"]["job_id"])
    assert "longer than 1 minutes" in data["error"]
    assert server.balance() == (100, 0)


@pytest.mark.slow
def test_hours_of_silence_in_a_small_file_are_stopped_while_they_are_decoded(serve: Serve, tmp_path: Path) -> None:
    begun = []

    class Noting(LocalExecutor):
        def submit(self, *call: Any, **options: Any) -> Any:
            begun.append(super().submit(*call, **options))
            return begun[-1]

    executor = Noting()
    try:
        server = serve(engines=Engines(), executor=executor, limits=Limits(minutes=1))
        bomb = silence(3600, 48_000)
        assert len(bomb) < 2**20
        data = server.wait(server.create(server.upload(bomb))["data"]["job_id"])
        assert "longer than 1 minutes" in data["error"]
        assert [type(future.exception()) for future in begun] == [StopRequested]  # stopped, not finished
        assert list((server.state.options.storage / "work").iterdir()) == []
    finally:
        executor.shutdown(cancel_futures=True)


@pytest.mark.parametrize("content", [b"RIFF\x00\x00\x00\x00WAVEfmt ", b"fLaC" + bytes(1000), b"OggS" + bytes(1000)])
def test_a_damaged_file_fails_for_nothing(serve: Serve, content: bytes) -> None:
    server = serve()
    data = server.wait(server.create(server.upload(content))["data"]["job_id"])
    assert data["status"] == "failed"
    assert "The file at inputurl" in data["error"]
    assert server.balance() == (100, 0)


def test_a_page_instead_of_music_fails_for_nothing(serve: Serve) -> None:
    server = serve()
    data = server.wait(server.create(server.upload(b"#EXTM3U\nfile:///etc/passwd\n"))["data"]["job_id"])
    assert data["error"] == "inputurl gives neither audio nor video."


def test_an_upload_that_never_came_fails_for_nothing(serve: Serve) -> None:
    server = serve()
    url = server.post("/stembridge/v1/uploads", {"filename": "x", "size": 3})["data"]["inputurl"]
    assert server.wait(server.create(url)["data"]["job_id"])["error"] == "Nothing was uploaded to inputurl."


def test_a_url_into_the_local_network_fails_for_nothing(serve: Serve) -> None:
    server = serve()
    data = server.wait(server.create("http://127.0.0.1/mix.wav")["data"]["job_id"])
    assert data["error"] == "inputurl leads into a network that is not public."
    assert server.balance() == (100, 0)


def test_a_url_of_an_allowed_host_is_fetched(serve: Serve, web: Callable[..., Any], one_second: bytes) -> None:
    here = web()
    here.pages["/mix.wav"] = (200, {}, one_second)
    server = serve(allow=("127.0.0.1",))
    data = server.wait(server.create(here.url("/mix.wav"))["data"]["job_id"])
    assert (data["status"], data["video_url"]) == ("success", here.url("/mix.wav"))


def test_progress_is_told_while_it_works(serve: Serve, one_second: bytes) -> None:
    going, started = threading.Event(), threading.Event()

    def does(request: SeparationRequest) -> Mapping[str, Path]:
        started.set()
        going.wait(10)
        return dict.fromkeys(request.model.delivered, request.mix)

    server = serve(engines=engines(does))
    task = server.create(server.upload(one_second))["data"]["job_id"]
    started.wait(30)
    data = server.get(task)["data"]
    assert (data["status"], data["output"], data["duration"]) == ("waiting", {}, 1.0)
    assert 0 < data["progress"] < 1
    going.set()


def test_after_a_stop_the_next_start_goes_on_and_charges_once(tmp_path: Path, serve: Serve, one_second: bytes) -> None:
    started, going = threading.Event(), threading.Event()

    def hangs(_request: SeparationRequest) -> Mapping[str, Path]:
        started.set()
        going.wait(30)
        raise EngineFailed("stopped")

    options = ServerOptions(storage=tmp_path / "server")
    with ThreadPoolExecutor(2) as executor:
        with ServerState(options, Outside(executor, engines(hangs))) as state:
            key = state.tables.keys.create("berta")
            state.tables.keys.credit("berta", 5)
            upload = "uploads/" + "0" * 32
            incoming = state.storage.receive(upload)
            incoming.write(one_second)
            incoming.commit()
            order = CreateRequest(501, state.links.get("http://x", upload))
            task = state.tables.tasks.create(Order(state.tables.keys.named("berta").number, order))
            state.workers.wake()
            assert started.wait(30)
            threading.Timer(0.2, going.set).start()
        tables = open_tables(options.storage)
        assert tables.tasks.counts() == {TaskState.WAITING: 1}
        tables.database.close()
        server = serve()
        server.key = key
        assert server.wait(task)["status"] == "success"
        assert server.balance() == (4, 0)
        assert server.state.tables.tasks.counts() == {TaskState.SUCCESS: 1}


def test_a_second_server_on_the_same_folder_does_not_start(serve: Serve, tmp_path: Path) -> None:
    serve()
    with ThreadPoolExecutor(1) as executor, pytest.raises(InstanceRunning):
        ServerState(ServerOptions(storage=tmp_path / "server"), Outside(executor)).__enter__()


@pytest.mark.skipif(sys.platform == "win32", reason="an object store on a Windows path is another URL")
def test_uploads_and_results_may_lie_in_an_object_store(serve: Serve, one_second: bytes, tmp_path: Path) -> None:
    (tmp_path / "bucket").mkdir()
    server = serve(objects=f"file://{tmp_path / 'bucket'}")
    url = server.upload(one_second)
    assert server.http.get(url, headers={"Range": "bytes=4-9"}).content == one_second[4:10]
    data = server.wait(server.create(url)["data"]["job_id"])
    assert server.http.get(data["output"]["bass"]).status_code == 200
    names = sorted(path.name for path in (tmp_path / "bucket" / "results").rglob("*.wav"))
    assert names == ["bass.wav", "drums.wav", "other.wav", "vocals.wav"]
