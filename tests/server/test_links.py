from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.server.links import UPLOAD_NAME, Links, upload_name

DIGITS = "0123456789abcdef" * 2
LINKS = Links(b"k" * 32, 60, lambda: 1000.0)


def query(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


def test_our_own_upload_is_recognised_behind_any_proxy_and_at_any_time() -> None:
    name = upload_name(DIGITS, "mix.flac")
    for base in ("http://127.0.0.1:9125/", "https://stems.example", "https://stems.example/some/prefix"):
        assert Links(b"k" * 32, 60, lambda: 10**9).own_upload(LINKS.get(base, name)) == name


@pytest.mark.parametrize(
    "change",
    [
        lambda url: url.replace("signature=", "signature=x"),
        lambda url: url.replace("uploads", "results"),
        lambda url: url.replace("expires=1", "expires=2"),
        lambda url: url.partition("?")[0],
        lambda url: url.replace(DIGITS, "../" + DIGITS),
        lambda url: url.replace("/stembridge", "/elsewhere"),
        lambda url: url.replace(".flac", ".wav"),
    ],
)
def test_any_other_url_is_not_ours(change: object) -> None:
    assert callable(change)
    url = LINKS.get("https://stems.example", upload_name(DIGITS, "mix.flac"))
    assert LINKS.own_upload(change(url)) is None


def test_another_servers_link_is_not_ours() -> None:
    url = Links(b"x" * 32, 60, lambda: 1000.0).get("https://stems.example", upload_name(DIGITS, "a.wav"))
    assert LINKS.own_upload(url) is None


@given(st.text())
def test_an_uploads_name_is_always_plain(filename: str) -> None:
    assert UPLOAD_NAME.fullmatch(upload_name(DIGITS, filename).removeprefix("uploads/"))


@given(st.text())
def test_whatever_stands_in_a_query_is_no_permission(text: str) -> None:
    name = upload_name(DIGITS, "a.wav")
    assert not LINKS.may_get(name, {"expires": text, "signature": text})
    assert not LINKS.may_get(name, {**query(LINKS.get("http://x", name)), "signature": text})
    assert LINKS.may_put(name, {"expires": "9999", "size": text, "signature": text}) is None
