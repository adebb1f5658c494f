from __future__ import annotations

from pathlib import Path

import pytest

from bridge.config import values


def test_a_folder_is_absolute_and_without_detours(tmp_path: Path) -> None:
    assert values.folder("a/../b/.", tmp_path) == tmp_path / "b"
    assert values.folder(str(tmp_path / "c"), Path("/elsewhere")) == tmp_path / "c"


@pytest.mark.parametrize("value", ["", "  ", "a\0b", 3, None, "~nobody-has-this-name/x"])
def test_a_folder_without_a_sense_is_refused(value: object, tmp_path: Path) -> None:
    with pytest.raises(ValueError):
        values.folder(value, tmp_path)


@pytest.mark.parametrize("value", ["{stem}", "{song} - {stem}", "{date} {{x}} {take}-{model}-{engine}-{preset}_{stem}"])
def test_a_template_of_known_tokens_is_taken(value: str) -> None:
    assert values.template(value) == value


@pytest.mark.parametrize(
    ("value", "clause"),
    [
        ("{song}", "must contain {stem}"),
        ("{{stem}}", "must contain {stem}"),
        ("{stem} {sogn}", "{sogn} is no token, did you mean {song}?"),
        ("{stem} {}", "{} is no token; the tokens are {song}, {stem}"),
        ("{stem} {0}", "{0} is no token"),
        ("{stem.__class__}", "is no token"),
        ("{stem", "brace without its partner"),
        ("stem}", "brace without its partner"),
        ("{stem:>9}", "no format"),
        ("{stem!r}", "no format"),
        ("{song}/{stem}", "may not contain"),
        ("{song}\\{stem}", "may not contain"),
        ("{song}: {stem}", "may not contain"),
        ("{stem}\n", "may not contain"),
    ],
)
def test_a_template_that_makes_no_file_names_is_refused(value: str, clause: str) -> None:
    with pytest.raises(ValueError) as caught:
        values.template(value)
    assert clause in str(caught.value)


@pytest.mark.parametrize("name", ["vocals", "Lead Vocals", "béton", "sources", "con-fuoco", "v1.2"])
def test_a_presets_name_may_be_any_safe_folder_name(name: str) -> None:
    assert values.preset_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", " a", "a ", ".a", "..", "a.", "a/b", "a\\b", "a:b", "a*", "a\n", "Source", "source", "CON", "nul.txt", "COM1"],
)
def test_a_presets_name_that_is_no_safe_folder_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError):
        values.preset_name(name)


def test_names_are_folded_as_blind_disks_fold_them() -> None:
    assert values.folded("Be\u0301ton") == values.folded("b\u00c9ton")
    assert values.folded("a") != values.folded("b")


@pytest.mark.parametrize(
    "value",
    [
        "localhost",
        "0.0.0.0",
        "::",
        "fe80::1%eth0",
        "studio.local",
        "studio.local.",
        "my_nas",
        "3com",
        "müller",
        "a" * 63,
    ],
)
def test_a_host_is_an_address_or_a_name(value: str) -> None:
    assert values.host(value) == value


@pytest.mark.parametrize(
    "value",
    [
        *("not a host", " localhost", "a..b", ".", "*", "-a", "a-", "a\n", "[::1]", "127.0.0.1:9123", "http://a"),
        *("256.1.1.1", "1.2.3", "127.1", "9", "::g", "a" * 64, "a." * 128),
    ],
)
def test_what_is_neither_address_nor_name_is_no_host(value: str) -> None:
    with pytest.raises(ValueError, match="is no address or host name"):
        values.host(value)


@pytest.mark.parametrize("value", ["localhost:9000", "127.0.0.1:1", "[::1]:65535", "studio.local:9123"])
def test_an_endpoint_is_a_host_and_a_port(value: str) -> None:
    assert values.endpoint(value) == value


@pytest.mark.parametrize(
    "value",
    [
        "",
        "9000",
        "localhost",
        "localhost:",
        ":9000",
        "a:0",
        "a:65536",
        "a:-1",
        "a:1x",
        "::1:9000",
        "a:" + "9" * 5000,
        "a:٣",
    ],
)
def test_anything_else_is_no_endpoint(value: str) -> None:
    with pytest.raises(ValueError):
        values.endpoint(value)


def test_a_web_address_loses_its_closing_slash() -> None:
    assert values.web_address("https://studio.local:9125/api/") == "https://studio.local:9125/api"


@pytest.mark.parametrize("value", ["", "studio.local", "ftp://studio.local", "https://", "file:///x"])
def test_what_no_browser_would_open_is_no_web_address(value: str) -> None:
    with pytest.raises(ValueError):
        values.web_address(value)


@pytest.mark.parametrize(
    "value", ["127.0.0.1:8000 /action/str _RS7d3c", "[::1]:8000 /a-b/~c", "a:1   /x  ein Wörtchen"]
)
def test_a_poke_is_a_place_an_address_and_perhaps_a_text(value: str) -> None:
    assert values.poke(value) == value


@pytest.mark.parametrize(
    "address",
    ["", "x", "/", "/a/", "//a", "/a#", "/a*", "/ä", "/a\u00a0b", "/a\u2028b", "/a\x7f", "/a\0", "/a\U0001f3b8"],
)
def test_a_poke_to_what_is_no_plain_address_of_osc_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        values.poke(f"127.0.0.1:8000 {address}")
