from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.config import folders
from bridge.config.load import find, load
from bridge.config.settings import Settings
from bridge.errors import ConfigError

Read = Callable[[str], Settings]
Problems = Callable[[str], list[tuple[int, str]]]


def write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def test_without_any_file_the_built_in_defaults_hold(home: Path) -> None:
    settings = load(None, {})
    assert settings == Settings()
    assert settings.origin.file is None


def test_the_option_comes_before_the_variable_and_the_variable_before_the_platform(home: Path, tmp_path: Path) -> None:
    write(folders.config_file(), "[osc]\nport = 1\n")
    named = write(tmp_path / "named.toml", "[osc]\nport = 2\n")
    given_file = write(tmp_path / "given.toml", "[osc]\nport = 3\n")
    assert load(None, {}).osc.port == 1
    assert load(None, {"STEMBRIDGE_CONFIG": str(named)}).osc.port == 2
    assert load(given_file, {"STEMBRIDGE_CONFIG": str(named)}).osc.port == 3
    assert load(None, {"STEMBRIDGE_CONFIG": ""}).osc.port == 1


def test_the_variable_may_begin_at_home(home: Path) -> None:
    write(home / "mine.toml", "[osc]\nport = 4\n")
    assert load(None, {"STEMBRIDGE_CONFIG": "~/mine.toml"}).osc.port == 4


def test_a_relative_folder_starts_at_the_file_wherever_we_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path / "studio" / "config.toml", '[inbox]\nfolder = "in"\n[server]\nstorage = "../up"\n')
    monkeypatch.chdir(tmp_path)
    for path in (file, Path("studio/config.toml")):
        settings = load(path, {})
        assert settings.inbox.folder == tmp_path / "studio" / "in"
        assert settings.server.storage == tmp_path / "up"


def test_a_tilde_is_the_home_folder(home: Path, read: Read) -> None:
    assert read('[inbox]\nfolder = "~/bounces"\n').inbox.folder == home / "bounces"


def test_the_environment_overrides_the_api_key(tmp_path: Path) -> None:
    file = write(tmp_path / "config.toml", '[api]\nkey = "from the file"\n')
    settings = load(file, {"STEMBRIDGE_API_KEY": "from outside"})
    assert settings.api.key.get_secret_value() == "from outside"
    assert settings.origin.from_environment == {("api", "key")}
    assert load(file, {"STEMBRIDGE_API_KEY": ""}).api.key.get_secret_value() == "from the file"


def test_an_api_section_that_is_none_is_reported_despite_the_environment(tmp_path: Path) -> None:
    file = write(tmp_path / "config.toml", "api = 3\n")
    with pytest.raises(ConfigError) as caught:
        load(file, {"STEMBRIDGE_API_KEY": "k"})
    assert [str(problem) for problem in caught.value.problems] == [
        f"{file}:1: [api]: must be a section, not a whole number"
    ]


def test_every_problem_is_named_with_its_file_line_and_key(tmp_path: Path) -> None:
    lines = [
        "[osc]",
        "prot = 9123",
        "[normalise]",
        'mode = "sogn"',
        "[inbox]",
        "settle_s = -1",
        'folder = "here"',
        "[output]",
        'folder = "here"',
    ]
    file = write(tmp_path / "config.toml", "\n".join(lines))
    with pytest.raises(ConfigError) as caught:
        load(file, {})
    assert str(caught.value) == "The configuration has 4 problems."
    assert [str(problem) for problem in caught.value.problems] == [
        f"{file}:2: [osc] prot: unknown key, did you mean port?",
        f'{file}:4: [normalise] mode: must be "song", "stem" or "none", not "sogn", did you mean "song"?',
        f"{file}:6: [inbox] settle_s: must be more than 0, not -1",
        f"{file}:9: [output] folder: is the inbox itself ({tmp_path / 'here'}); stems would be taken for bounces",
    ]


def test_a_conflict_with_a_key_that_is_itself_wrong_is_not_invented(problems: Problems) -> None:
    found = problems('[normalise]\nformat = "flac"\ndepth = 32\n')
    assert [line for line, _ in found] == [3]


@pytest.mark.parametrize("text", ["[osc]\nport = \n", '[osc]\nport = 1\nhost = "open\n', "[osc]\n[osc]\n"])
def test_a_slip_in_the_syntax_is_named_with_line_and_column(text: str, problems: Problems) -> None:
    [(line, message)] = problems(text)
    assert line in (2, 3)
    assert message.startswith("column ")


@pytest.mark.parametrize("text", ["a = " + "9" * 5000, "a = " + "[" * 5000])
def test_absurd_but_regular_text_is_a_configuration_error(text: str, problems: Problems) -> None:
    assert problems(text)


def test_a_missing_file_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"There is no configuration file .*missing\.toml") as caught:
        load(tmp_path / "missing.toml", {})
    assert "config init" in caught.value.advice


def test_a_variable_that_names_a_missing_file_is_an_error_not_the_defaults(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is no configuration file"):
        load(None, {"STEMBRIDGE_CONFIG": str(tmp_path / "missing.toml")})


@pytest.mark.skipif(sys.platform == "win32", reason="Windows reports a folder as a denied file")
def test_a_folder_is_no_configuration_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a folder"):
        load(tmp_path, {})


def test_a_path_through_a_file_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot be read|There is no"):
        load(write(tmp_path / "file", "") / "config.toml", {})


def test_text_that_is_not_utf8_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes('[inbox]\nfolder = "Gitarre"\n# für\n'.encode("latin-1"))
    with pytest.raises(ConfigError) as caught:
        load(file, {})
    assert [problem.line for problem in caught.value.problems] == [3]


def test_a_byte_order_mark_and_windows_line_ends_are_no_problem(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes("\ufeff[osc]\r\nport = 5\r\n".encode())
    assert load(file, {}).osc.port == 5


def test_find_returns_the_platforms_file_only_if_it_exists(home: Path) -> None:
    assert find(None, {}) is None
    file = write(folders.config_file(), "")
    assert find(None, {}) == file


def test_the_room_itself_imports_nothing_heavy() -> None:
    code = (
        "import sys, bridge.config; heavy = {'pydantic', 'tomli', 'platformdirs'} & set(sys.modules);"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@given(st.text(alphabet=st.sampled_from("[]{}=,.\"'#\n\\ \tabosc10-_")))
def test_any_text_gives_settings_or_a_configuration_error(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = write(tmp_path_factory.getbasetemp() / "any.toml", text)
    with contextlib.suppress(ConfigError):
        load(file, {})


@pytest.mark.parametrize(
    "path", [r"C:\new\takes", r"C:\bounces", r"C:\Users\me", r"C:\Songs", r"D:\unfinished", r"D:\xq"]
)
@pytest.mark.parametrize("line", ['[inbox]\nfolder = "{}"', '[api]\nca_file = "{}"', '[osc]\nfolders = ["{}"]'])
def test_a_windows_path_in_double_quotes_is_refused_with_the_way_out(tmp_path: Path, line: str, path: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(line.format(path))
    with pytest.raises(ConfigError) as caught:
        load(file, {})
    (problem,) = caught.value.problems
    assert problem.line == 2
    assert "'single quotes'" in problem.message
    assert "/ instead" in problem.message


def test_a_windows_path_in_single_quotes_is_taken_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[inbox]\nfolder = 'C:\\new\\takes'")
    assert str(load(file, {}).inbox.folder).endswith(r"C:\new\takes")
