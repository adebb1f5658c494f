from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.config.settings import Settings

Read = Callable[[str], Settings]
Problems = Callable[[str], list[tuple[int, str]]]


def three(inbox: str, output: str, state: str) -> str:
    return f"[inbox]\nfolder = '{inbox}'\n[output]\nfolder = '{output}'\n[state]\nfolder = '{state}'\n"


def test_our_folders_may_lie_in_the_inbox(read: Read) -> None:
    assert read(three("in", "in/stems", "in/state"))


@pytest.mark.parametrize(
    ("text", "line", "start"),
    [
        (three("in", "x/../in", "state"), 4, "[output] folder: is the inbox itself"),
        (three("in", "out", "out"), 6, "[state] folder: is the output folder itself"),
        (three("in", "out", "in"), 6, "[state] folder: is the inbox itself"),
    ],
)
def test_folders_that_would_feed_on_each_other_are_refused(
    text: str, line: int, start: str, problems: Problems
) -> None:
    [(found, message)] = problems(text)
    assert found == line
    assert message.startswith(start)


def test_two_names_of_one_folder_are_one(tmp_path: Path, problems: Problems) -> None:
    (tmp_path / "real").mkdir()
    try:
        (tmp_path / "link").symlink_to("real")
    except OSError:
        pytest.skip("this system makes no symlinks for us")
    assert [line for line, _ in problems(three("real", "link", "state"))] == [4]


def test_flac_and_floating_point_exclude_each_other(problems: Problems) -> None:
    assert [line for line, _ in problems('[normalise]\nformat = "flac"\ndepth = "32f"\n')] == [3]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('[presets.a]\nformat = "flac"\ndepth = "32f"\n', 3),
        ('[normalise]\nformat = "flac"\n[presets.a]\ndepth = "32f"\n', 4),
        ('[normalise]\ndepth = "32f"\n[presets.a]\nformat = "flac"\n', 4),
    ],
)
def test_a_preset_is_judged_together_with_what_it_inherits(text: str, line: int, problems: Problems) -> None:
    assert [found for found, _ in problems(text)] == [line]


def test_a_preset_that_leaves_a_wrong_pair_as_it_is_is_not_blamed_again(problems: Problems) -> None:
    text = '[normalise]\nformat = "flac"\ndepth = "32f"\n[presets.a]\nmodel = 350\n'
    assert [line for line, _ in problems(text)] == [3]


def test_a_preset_is_not_blamed_for_a_pair_of_which_one_half_is_wrong(problems: Problems) -> None:
    text = '[normalise]\nformat = "flac"\n[presets.a]\ndepth = "32f"\nformat = "flca"\n'
    assert [line for line, _ in problems(text)] == [5]


def test_a_preset_with_an_unknown_key_is_still_looked_at(problems: Problems) -> None:
    text = '[presets.a]\nrats = 1\ndepth = "32f"\nformat = "flac"\n'
    assert [line for line, _ in problems(text)] == [2, 3]


def test_a_preset_may_mend_the_pair_it_inherits(read: Read) -> None:
    assert read('[normalise]\ndepth = "32f"\n[presets.a]\nformat = "flac"\ndepth = "24"\n')


def test_presets_that_differ_in_case_only_are_one_folder(problems: Problems) -> None:
    [(line, message)] = problems("[presets.Vox]\n[presets.vox]\n")
    assert line in (1, 2)
    assert "same folder name" in message


def test_listening_beyond_this_machine_wants_a_list_of_who_may_send(read: Read, problems: Problems) -> None:
    text = '[osc]\nhost = "0.0.0.0"\n'
    assert problems(text) == [(2, '[osc] host: listens beyond this machine ("0.0.0.0"): allow must name who may send')]
    assert read(text + 'allow = ["192.168.1.0/24"]').osc.allow == ("192.168.1.0/24",)


def test_what_is_no_host_is_not_said_to_listen_beyond_this_machine(problems: Problems) -> None:
    assert problems('[osc]\nhost = "not a host"\n') == [(2, '[osc] host: "not a host" is no address or host name')]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_this_machine_needs_no_list(read: Read, host: str) -> None:
    assert read(f'[osc]\nhost = "{host}"\n').osc.host == host
