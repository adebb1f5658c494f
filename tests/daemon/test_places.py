from __future__ import annotations

from pathlib import Path

import pytest

from bridge.daemon.places import Places as RealPlaces
from bridge.errors import BounceError
from bridge.inbox.filters import Filters
from bridge.jobs.arrival import Signature


def Places(inbox: Path, folders: list[Path], *ours: Path) -> RealPlaces:  # noqa: N802 -- with the usual filters
    return RealPlaces(inbox, folders, Filters(inbox, ours, ["ignored*"]))


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "Inbox"
    folder.mkdir()
    return folder


@pytest.fixture
def session(tmp_path: Path) -> Path:
    folder = tmp_path / "Session"
    (folder / "export").mkdir(parents=True)
    return folder


@pytest.fixture
def places(inbox: Path, session: Path) -> RealPlaces:
    return Places(inbox, [session])


def test_the_inbox_and_the_configured_folders_are_allowed(places: RealPlaces, inbox: Path, session: Path) -> None:
    there = places.find(str(inbox / "vocals" / "mix.wav"))
    assert (there.path, there.watched) == (inbox / "vocals" / "mix.wav", True)
    elsewhere = places.find(str(session / "export" / "mix.wav"))
    assert (elsewhere.path, elsewhere.watched) == (session / "export" / "mix.wav", False)


@pytest.mark.parametrize(
    "text",
    [
        "/etc/passwd",
        "{inbox}/../other/mix.wav",
        "{inbox}",
        "{inbox}2/mix.wav",
        "{inbox}/a/../../mix.wav",
        "//host/share/mix.wav",
    ],
)
def test_whatever_leads_out_of_them_is_refused(text: str, places: RealPlaces, inbox: Path) -> None:
    with pytest.raises(BounceError) as raised:
        places.find(text.format(inbox=inbox))
    assert raised.value.code == "path.outside"
    assert "[osc] folders" in raised.value.advice


@pytest.mark.parametrize("text", ["", "mix.wav", "./mix.wav", "\0", "~nobody-of-that-name/mix.wav"])
def test_a_path_must_be_whole(text: str, places: RealPlaces) -> None:
    with pytest.raises(BounceError) as raised:
        places.find(text)
    assert raised.value.code == "path.relative"


def test_a_link_that_leads_out_is_refused(places: RealPlaces, inbox: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.wav"
    secret.write_bytes(b"RIFF")
    (inbox / "mix.wav").symlink_to(secret)
    (inbox / "folder").symlink_to(tmp_path)
    for path in (inbox / "mix.wav", inbox / "folder" / "secret.wav"):
        with pytest.raises(BounceError) as raised:
            places.find(str(path))
        assert raised.value.code == "path.outside"


def test_another_way_to_the_inbox_leads_to_the_inbox_as_it_spells_itself(
    places: RealPlaces, inbox: Path, session: Path
) -> None:
    (session / "bounces").symlink_to(inbox)
    place = places.find(str(session / "bounces" / "mix.wav"))
    assert (place.path, place.watched) == (inbox / "mix.wav", True)


def test_an_inbox_that_is_a_link_is_known_by_both_names(tmp_path: Path, inbox: Path) -> None:
    link = tmp_path / "Link"
    link.symlink_to(inbox)
    places = Places(link, [])
    assert places.find(str(inbox / "mix.wav")).path == link / "mix.wav"
    assert places.find(str(link / "mix.wav")).path == link / "mix.wav"


def test_a_home_folder_may_be_abbreviated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert Places(tmp_path / "Inbox", []).find("~/Inbox/mix.wav").path == tmp_path / "Inbox" / "mix.wav"


@pytest.mark.parametrize(
    ("path", "watched"),
    [
        ("mix.wav", True),
        ("vocals/mix.wav", True),
        ("ignored/mix.wav", False),
        ("ignored.wav", False),
        ("Source/2026-11-23/mix.wav", False),
        (".hidden/mix.wav", False),
        ("Stems/Song/Song - vocals.wav", False),
        ("notes.txt", False),
    ],
)
def test_what_the_inbox_passes_over_it_does_not_see(inbox: Path, path: str, watched: bool) -> None:
    (inbox / path).parent.mkdir(parents=True, exist_ok=True)
    (inbox / path).write_bytes(b"RIFF")
    places = Places(inbox, [], inbox / "Stems")
    assert places.find(str(inbox / path)).watched is watched
    assert places.of_command(inbox / path).watched is watched


def test_the_file_that_was_judged_is_the_one_that_may_be_taken(places: RealPlaces, inbox: Path) -> None:
    (inbox / "mix.wav").write_bytes(b"RIFF")
    assert places.find(str(inbox / "mix.wav")).signature == Signature.of((inbox / "mix.wav").stat())
    assert places.find(str(inbox / "other.wav")).signature is None


def test_a_disk_that_is_blind_to_letter_case_has_one_spelling(
    places: RealPlaces, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (inbox / "Mix.wav").write_bytes(b"RIFF")
    (inbox / "mix.wav").hardlink_to(inbox / "Mix.wav")  # what such a disk shows under both names
    monkeypatch.setattr("bridge.daemon.places.os.listdir", lambda _: ["Mix.wav"])
    assert places.find(str(inbox / "mix.wav")).path == inbox / "Mix.wav"


def test_a_command_may_name_any_file(places: RealPlaces, tmp_path: Path, inbox: Path) -> None:
    assert places.of_command(tmp_path / "mix.wav").path == tmp_path / "mix.wav"
    assert not places.of_command(inbox / ".." / "mix.wav").watched


def test_a_link_in_the_inbox_is_the_bounce_that_the_inbox_sees(places: RealPlaces, inbox: Path, tmp_path: Path) -> None:
    (inbox / "takes").mkdir()
    (inbox / "takes" / "mix.wav").write_bytes(b"RIFF")
    (inbox / "link.wav").symlink_to(inbox / "takes" / "mix.wav")
    (tmp_path / "far.wav").write_bytes(b"RIFF")
    (inbox / "far.wav").symlink_to(tmp_path / "far.wav")
    asked, named = places.find(str(inbox / "link.wav")), places.of_command(inbox / "far.wav")
    assert (asked.path, asked.watched) == (inbox / "link.wav", True)
    assert (named.path, named.watched) == (inbox / "far.wav", True)
