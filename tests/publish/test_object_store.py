from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from bridge.errors import PublishDenied, PublisherUnavailable, PublishFailed, StepCancelled, StorageError
from bridge.publish.names import unguessable
from bridge.publish.object_store import ObjectStore
from bridge.publish.reach import Checked
from tests.publish.conftest import Swift

pytestmark = pytest.mark.xdist_group("one Swift")
real = pytest.mark.system("swift-proxy-server")


def store(swift: Swift, url: str = "s3://bounces/of the studio", secret: str = "secret") -> ObjectStore:
    return ObjectStore(url, swift.endpoint, "us-east-1", swift.user, secret, tries=1)


@real
def test_a_published_bounce_can_be_fetched_without_credentials(swift: Swift, bounce: Path) -> None:
    own = Checked(store(swift))
    published = own.publish(bounce, bounce.name, 600)
    answer = httpx.get(published.url)
    assert answer.content == bounce.read_bytes()
    assert answer.headers["Content-Type"] == "audio/flac"
    assert "Song" not in published.url
    own.withdraw(published.handle)


@real
def test_a_withdrawn_bounce_is_gone_from_the_server(swift: Swift, bounce: Path) -> None:
    before = swift.stored()
    published = store(swift).publish(bounce, bounce.name, 600)
    assert swift.stored() != before
    after_a_restart = store(swift)
    after_a_restart.withdraw(published.handle)
    assert httpx.get(published.url).status_code == 404
    assert swift.stored() == before
    after_a_restart.withdraw(published.handle)


@real
def test_the_url_ends(swift: Swift, bounce: Path) -> None:
    own = store(swift)
    published = own.publish(bounce, bounce.name, 1)
    before = swift.stored()
    while (status := httpx.get(published.url, headers={"Range": "bytes=0-0"}).status_code) == 206:
        pass
    assert status == 403
    assert swift.stored() == before
    own.withdraw(published.handle)


@real
def test_a_url_that_was_tampered_with_opens_nothing_else(swift: Swift, bounce: Path) -> None:
    own = store(swift)
    published, other = (own.publish(bounce, bounce.name, 600) for _ in range(2))
    assert httpx.get(published.url.replace(published.handle, other.handle)).status_code == 403
    assert httpx.get(published.url.partition("?")[0]).status_code in (400, 403)
    assert httpx.delete(published.url).status_code == 403
    own.withdraw(published.handle)
    own.withdraw(other.handle)


@real
def test_progress_rises_to_all(swift: Swift, bounce: Path) -> None:
    told: list[float] = []
    own = store(swift)
    own.withdraw(own.publish(bounce, bounce.name, 600, told.append).handle)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) > 10


def cancel(fraction: float) -> None:
    if fraction > 0.9:
        raise StepCancelled("cancelled")


@real
def test_a_cancelled_upload_leaves_no_parts_behind(swift: Swift, bounce: Path) -> None:
    before = swift.stored()
    with pytest.raises(StepCancelled):
        store(swift).publish(bounce, bounce.name, 600, cancel)
    assert swift.stored() == before


@real
def test_a_bounce_that_shrinks_meanwhile_is_not_published(swift: Swift, bounce: Path) -> None:
    before = swift.stored()

    def shrink(fraction: float) -> None:
        if fraction > 0.2:
            with bounce.open("r+b") as file:
                file.truncate(1 << 20)

    with pytest.raises(StorageError):
        store(swift).publish(bounce, bounce.name, 600, shrink)
    assert swift.stored() == before


@real
def test_a_wrong_secret_is_told_and_shown_nowhere(swift: Swift, bounce: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = store(swift, secret="hunter2")
    with pytest.raises(PublishDenied) as caught:
        wrong.publish(bounce, bounce.name, 600)
    assert "credentials" in caught.value.message
    assert "AWS_SECRET_ACCESS_KEY" in caught.value.advice
    assert "hunter2" not in f"{caught.value!r} {caught.value.__cause__!r} {wrong!r} {caplog.text}"


@real
def test_a_bucket_that_is_not_there_is_told(swift: Swift, bounce: Path) -> None:
    with pytest.raises(PublishDenied) as caught:
        store(swift, "s3://nowhere").publish(bounce, bounce.name, 600)
    assert "no such bucket" in caught.value.message


def test_credentials_may_stand_in_the_environment(monkeypatch: pytest.MonkeyPatch, bounce: Path) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "studio:bridge")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with pytest.raises(PublishFailed) as caught:
        ObjectStore("s3://bounces", "http://127.0.0.1:9", "us-east-1", tries=1).publish(bounce, bounce.name, 600)
    assert "PUT http://127.0.0.1:9" in caught.value.message or "POST http://127.0.0.1:9" in caught.value.message


def test_a_server_that_is_not_there_is_a_failure_that_may_pass(bounce: Path) -> None:
    nowhere = ObjectStore("s3://bounces", "http://127.0.0.1:9", "us-east-1", "key", "secret", tries=1)
    for act in (lambda: nowhere.publish(bounce, "x.flac", 60), lambda: nowhere.withdraw("0" * 48 + "-1.flac")):
        _fails(act)


def _fails(act: Callable[[], object]) -> None:
    with pytest.raises(PublishFailed) as caught:
        act()
    assert caught.value.retryable
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    "url", ["https://bucket.example/x", "s3://", "bucket", "file:///etc", "memory:///", "az://c/x"]
)
def test_an_address_that_is_no_bucket_is_explained(url: str, bounce: Path) -> None:
    with pytest.raises(PublisherUnavailable) as caught:
        ObjectStore(url).publish(bounce, bounce.name, 60)
    assert "s3://" in caught.value.advice


def test_a_missing_library_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch, bounce: Path) -> None:
    for module in [name for name in sys.modules if name.partition(".")[0] == "obstore"] + ["obstore"]:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(PublisherUnavailable) as caught:
        ObjectStore("s3://bounces").withdraw(unguessable("x.flac", 0))
    assert "pip install obstore" in caught.value.advice
