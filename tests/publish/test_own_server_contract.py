"""The publisher against our own server, both real, over HTTP."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from bridge.errors import PublishFailed, RefusedByCloud, StepCancelled
from bridge.publish.own_server import OwnServer
from bridge.publish.reach import Checked
from tests.server.conftest import Serve, Serving, serve

__all__ = ["serve"]


@pytest.fixture
def serving(serve: Serve) -> Serving:
    serving: Serving = serve()
    return serving


def publisher(serving: Serving) -> OwnServer:
    return OwnServer(serving.base, serving.key, pauses_s=())


def kept(tmp_path: Path) -> list[Path]:
    return [file for file in (tmp_path / "server" / "files").rglob("*") if file.is_file()]


def test_a_published_bounce_is_there_and_gone_when_withdrawn(serving: Serving, tmp_path: Path, bounce: Path) -> None:
    published = Checked(publisher(serving)).publish(bounce, "mix.flac", 60)
    assert httpx.get(published.url).content == bounce.read_bytes()
    assert len(kept(tmp_path)) == 1
    after_a_restart = publisher(serving)
    after_a_restart.withdraw(published.handle)
    assert httpx.get(published.url).status_code == 404
    assert kept(tmp_path) == []
    after_a_restart.withdraw(published.handle)


def test_a_cancelled_upload_leaves_nothing_behind(serving: Serving, tmp_path: Path, bounce: Path) -> None:
    def cancel(fraction: float) -> None:
        if fraction > 0.5:
            raise StepCancelled("cancelled")

    with pytest.raises(StepCancelled):
        publisher(serving).publish(bounce, "mix.flac", 60, cancel)
    assert [file for file in kept(tmp_path) if file.stat().st_size == bounce.stat().st_size] == []


def test_a_wrong_key_is_the_services_own_refusal(serving: Serving, bounce: Path) -> None:
    with pytest.raises(RefusedByCloud) as caught:
        replace(publisher(serving), api_key="sk-wrong").publish(bounce, "mix.flac", 60)
    assert caught.value.code == "service.key"


def test_a_server_that_went_away_is_a_failure_that_may_pass(serving: Serving, bounce: Path) -> None:
    gone = replace(publisher(serving), base_url="http://127.0.0.1:9")
    with pytest.raises(PublishFailed):
        gone.publish(bounce, "mix.flac", 60)
