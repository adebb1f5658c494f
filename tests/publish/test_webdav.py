from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from bridge.errors import PublishDenied, PublishUnreachable, StepCancelled, StorageError
from bridge.publish.http import HttpOptions
from bridge.publish.reach import Checked
from bridge.publish.webdav import WebDav
from tests.publish.conftest import Nginx

pytestmark = pytest.mark.system("nginx", "openssl")


def never(_seconds: float) -> None:
    raise AssertionError("nothing is tried again here")


def publisher(nginx: Nginx, folder: str = "dav", public: str = "/public/{name}", secret: str = "s3cret") -> WebDav:
    return WebDav(f"{nginx.url}/{folder}", nginx.url + public, "studio", secret, sleep=never)


def test_a_published_bounce_can_be_fetched_by_anyone_who_knows_its_url(nginx: Nginx, bounce: Path) -> None:
    published = publisher(nginx).publish(bounce, bounce.name, 60)
    assert httpx.get(published.url).content == bounce.read_bytes()
    assert "Song" not in published.url
    assert published.url.endswith(".flac")


def test_a_withdrawn_bounce_is_gone(nginx: Nginx, bounce: Path) -> None:
    published = publisher(nginx).publish(bounce, bounce.name, 60)
    after_a_restart = publisher(nginx)
    after_a_restart.withdraw(published.handle)
    assert nginx.stored == []
    assert httpx.get(published.url).status_code == 404
    after_a_restart.withdraw(published.handle)


def test_without_a_public_address_it_is_fetched_from_where_it_was_put(nginx: Nginx, bounce: Path) -> None:
    published = WebDav(f"{nginx.url}/dav/", user="studio", secret="s3cret").publish(bounce, bounce.name, 60)
    assert httpx.head(published.url).headers["Content-Length"] == str(bounce.stat().st_size)


def test_an_empty_file_is_published_too(nginx: Nginx, tmp_path: Path) -> None:
    empty = tmp_path / "empty.wav"
    empty.touch()
    published = Checked(publisher(nginx)).publish(empty, empty.name, 60)
    assert httpx.get(published.url).content == b""


def test_progress_rises_from_nothing_to_all(nginx: Nginx, bounce: Path) -> None:
    told: list[float] = []
    publisher(nginx).publish(bounce, bounce.name, 60, told.append)
    assert told[0] == 0.0
    assert told[-1] == 1.0
    assert told == sorted(told)
    assert len(told) > 10


def test_a_token_is_a_secret_without_a_user(nginx: Nginx, bounce: Path) -> None:
    own = WebDav(f"{nginx.url}/token", secret="s3cret", sleep=never)
    own.withdraw(own.publish(bounce, bounce.name, 60).handle)
    with pytest.raises(PublishDenied):
        WebDav(f"{nginx.url}/token", secret="wrong", sleep=never).publish(bounce, bounce.name, 60)


def test_a_wrong_password_is_told_at_once_and_shown_nowhere(
    nginx: Nginx, bounce: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = publisher(nginx, secret="hunter2")
    with pytest.raises(PublishDenied) as caught:
        wrong.publish(bounce, bounce.name, 60)
    assert "401" in caught.value.message
    assert "secret" in caught.value.advice
    assert "hunter2" not in f"{caught.value!r} {wrong!r} {caplog.text}"
    assert nginx.stored == []


def test_the_published_address_is_not_logged(nginx: Nginx, bounce: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    own = Checked(publisher(nginx))
    published = own.publish(bounce, bounce.name, 60)
    own.withdraw(published.handle)
    assert published.handle not in caplog.text


@pytest.mark.parametrize(
    ("folder", "word"), [("missing/folder", "folder must be there"), ("public", "take uploads"), ("small", "size")]
)
def test_a_folder_that_takes_no_uploads_is_explained(nginx: Nginx, bounce: Path, folder: str, word: str) -> None:
    with pytest.raises(PublishDenied) as caught:
        publisher(nginx, folder).publish(bounce, bounce.name, 60)
    assert word in caught.value.advice


@pytest.mark.parametrize("public", ["/nowhere", "/login", "/private/{name}"])
def test_a_wrong_public_address_is_told_and_leaves_nothing_behind(nginx: Nginx, bounce: Path, public: str) -> None:
    with pytest.raises(PublishUnreachable) as caught:
        Checked(publisher(nginx, public=public)).publish(bounce, bounce.name, 60)
    assert "public_url" in caught.value.advice
    assert nginx.stored == []


def test_a_public_address_where_nobody_listens_is_told(nginx: Nginx, bounce: Path) -> None:
    own = WebDav(f"{nginx.url}/dav", "http://127.0.0.1:9", "studio", "s3cret")
    with pytest.raises(PublishUnreachable):
        Checked(own, HttpOptions(connect_s=5)).publish(bounce, bounce.name, 60)
    assert nginx.stored == []


def test_a_right_public_address_passes_the_check(nginx: Nginx, bounce: Path) -> None:
    own = Checked(publisher(nginx))
    assert own.name == "webdav"
    own.withdraw(own.publish(bounce, bounce.name, 60).handle)
    assert nginx.stored == []


def test_what_a_killed_bridge_left_behind_goes_with_the_next_bounce(nginx: Nginx, bounce: Path) -> None:
    theirs = nginx.home / "dav" / "somebody's own file.flac"
    theirs.touch()
    long_ago = WebDav(f"{nginx.url}/dav", "", "studio", "s3cret", now=lambda: 1e9)
    left = long_ago.publish(bounce, bounce.name, 60)
    still_used = publisher(nginx).publish(bounce, bounce.name, 60)
    fresh = publisher(nginx).publish(bounce, bounce.name, 60)
    assert {file.name for file in nginx.stored} == {theirs.name, still_used.handle, fresh.handle}
    assert left.handle not in {still_used.handle, fresh.handle}


def test_a_cancelled_upload_leaves_nothing_behind(nginx: Nginx, bounce: Path) -> None:
    def cancel(fraction: float) -> None:
        if fraction > 0.5:
            raise StepCancelled("cancelled")

    with pytest.raises(StepCancelled):
        publisher(nginx).publish(bounce, bounce.name, 60, cancel)
    assert nginx.stored == []


def test_a_bounce_that_shrinks_meanwhile_is_not_published(nginx: Nginx, bounce: Path) -> None:
    def shrink(fraction: float) -> None:
        if fraction > 0.2:
            with bounce.open("r+b") as file:
                file.truncate(1 << 20)

    with pytest.raises(StorageError):
        publisher(nginx).publish(bounce, bounce.name, 60, shrink)
    assert nginx.stored == []


def test_a_missing_bounce_is_the_disks_error(nginx: Nginx, tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        publisher(nginx).publish(tmp_path / "gone.flac", "gone.flac", 60)


def test_a_certificate_of_the_studios_own_is_trusted_when_named(nginx: Nginx, bounce: Path) -> None:
    http = HttpOptions(ca_file=nginx.certificate)
    own = Checked(WebDav(f"{nginx.tls_url}/dav", "", "studio", "s3cret", http), http)
    own.withdraw(own.publish(bounce, bounce.name, 60).handle)
    assert nginx.stored == []


def test_a_certificate_that_nobody_vouches_for_is_told_at_once(nginx: Nginx, bounce: Path) -> None:
    with pytest.raises(PublishDenied) as caught:
        WebDav(f"{nginx.tls_url}/dav", "", "studio", "s3cret", sleep=never).publish(bounce, bounce.name, 60)
    assert caught.value.code == "publish.certificate"
    assert "CA file" in caught.value.advice


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads the highest use of memory as Linux tells it")
def test_memory_stays_flat_however_long_the_bounce_is(nginx: Nginx, tmp_path: Path) -> None:
    long = tmp_path / "long.wav"
    with long.open("wb") as file:
        file.truncate(280 << 20)
    code = (
        "import sys; from pathlib import Path; from bridge.publish.webdav import WebDav\n"
        "WebDav(sys.argv[1], '', 'studio', 's3cret').publish(Path(sys.argv[2]), 'long.wav', 60)\n"
        "print(Path('/proc/self/status').read_text().partition('VmHWM:')[2].split()[0])"
    )
    command = [sys.executable, "-c", code, f"{nginx.url}/dav", str(long)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert [file.stat().st_size for file in nginx.stored] == [280 << 20]
    assert int(done.stdout) < 80 << 10
