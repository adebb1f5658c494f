from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from scripts.ableton.Stembridge.settings import Chosen, Settings, SettingsWrong, load
from tests.scripts.ableton.conftest import Say


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert Chosen(load(tmp_path)).now() == Settings()


def test_what_the_file_says_holds_and_the_rest_stays(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text('{"port": 9200, "import_all": true, "inbox": "~/In"}')
    assert Chosen(load(tmp_path)).now() == Settings(port=9200, import_all=True, inbox=str(Path.home() / "In"))


def test_where_the_bridge_is_it_says_itself_unless_the_musician_does(tmp_path: Path, say: Say) -> None:
    inbox, stems = str(tmp_path / "In"), str(tmp_path / "Out")
    chosen = Chosen({"stems": "/mine", "silent_stems": False})
    say(inbox=inbox, stems=stems, osc={"host": "127.0.0.2", "port": 9200})
    held = Settings(bridge_host="127.0.0.2", bridge_port=9200, inbox=inbox, stems="/mine", silent_stems=False)
    assert chosen.now() == held
    (tmp_path / "stembridge" / "status.json").write_text("{")
    assert chosen.now() == held, "it may be replaced at this moment"
    say(inbox=inbox, stems=stems, osc=None)
    assert chosen.now() == Settings(inbox=inbox, stems="/mine", silent_stems=False)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "not JSON"),
        ("[]", "no list of settings"),
        ('{"prot": 1}', 'no setting "prot": there are port'),
        ('{"port": "9127"}', '"port" is "9127", such as 9127 is needed'),
        ('{"port": 0}', '"port" is 0'),
        ('{"port": true}', '"port" is true'),
        ('{"import_all": 1}', '"import_all" is 1, such as false is needed'),
        ("\xff", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
    ],
)
def test_a_wrong_file_is_named_with_its_key(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "settings.json").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsWrong, match=re.escape(sentence)):
        load(tmp_path)


def test_bytes_that_are_no_text_are_a_sentence_too(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_bytes(b"\xff\xfe{")
    with pytest.raises(SettingsWrong, match="cannot be read"):
        load(tmp_path)


def test_the_settings_that_the_readme_lists_are_the_ones_there_are() -> None:
    page = Path("scripts/ableton/README.md").read_text(encoding="utf-8")
    example = json.loads(re.findall(r"```json\n(.*?)```", page, re.DOTALL)[0])
    defaults = Settings()._asdict()
    assert example == {**defaults, "inbox": "~/Music/Stembridge/Inbox", "stems": "~/Music/Stembridge/Stems"}
