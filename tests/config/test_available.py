from __future__ import annotations

from pathlib import Path

import pytest

from bridge.config.available import Available
from bridge.config.load import load
from bridge.errors import ConfigError

AVAILABLE = Available({350: ("api", "preview"), 492: ("api",), 501: ("api", "preview")}, ("api", "preview"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def problems(file: Path, text: str) -> list[str]:
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(file, {}, AVAILABLE)
    return [f"{problem.line} {problem.message}" for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[separation]\nmodel = 9\n", "2 [separation] model: there is no model 9; there are 350, 492, 501"),
        ("[presets.a]\nmodel = 502\n", "2 [presets.a] model: there is no model 502, did you mean 501?"),
        (
            '[separation]\nengine = "demucs"\n',
            '2 [separation] engine: this version has no engine "demucs"; it has "api" and "preview", or write "auto"',
        ),
        (
            '[separation]\nengine = "aip"\n',
            '2 [separation] engine: this version has no engine "aip", did you mean "api"?',
        ),
        (
            '[presets.a]\nengine = "preview"\nmodel = 492\n',
            '3 [presets.a] model: "preview" cannot make model 492; "api" can; "preview" makes 350, 501',
        ),
        (
            '[separation]\nmodel = 492\n[presets.a]\nengine = "preview"\n',
            '4 [presets.a] engine: "preview" cannot make model 492; "api" can; "preview" makes 350, 501',
        ),
    ],
)
def test_what_is_not_there_is_named_with_its_line_and_what_there_is(text: str, line: str, file: Path) -> None:
    assert problems(file, text) == [line]


def test_it_stands_in_one_list_with_everything_else_by_line(file: Path) -> None:
    text = (
        '[separation]\nmodel = 9\n[osc]\nprot = 1\n[presets.a]\nmodel = 8\nrats = 1\n[presets.b]\nengine = "roformer"\n'
    )
    assert [one.split(":")[0] for one in problems(file, text)] == [
        "2 [separation] model",
        "4 [osc] prot",
        "6 [presets.a] model",
        "7 [presets.a] rats",
        "9 [presets.b] engine",
    ]


@pytest.mark.parametrize(
    "text",
    [
        '[separation]\nengine = "demucs"\n[presets.a]\nmodel = 350\n',
        '[separation]\nmodel = 9\n[presets.a]\nengine = "preview"\n',
        '[separation]\nengine = "preview"\nmodel = 492\n[presets.a]\nformat = "flac"\n',
        '[separation]\nengine = "preview"\n[presets.a]\nmodel = 492\nengine = "aip"\n',
    ],
)
def test_a_preset_is_not_blamed_for_what_it_inherits_or_has_wrong_already(text: str, file: Path) -> None:
    assert len(problems(file, text)) == 1


def test_what_a_key_to_the_service_decides_is_left_to_the_start(file: Path) -> None:
    file.write_text('[separation]\nmodel = 492\n[presets.a]\nengine = "api"\n')
    assert load(file, {}, AVAILABLE).separation.model == 492
