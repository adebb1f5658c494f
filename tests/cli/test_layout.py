from __future__ import annotations

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from bridge.cli.display import _Bars
from bridge.cli.layout import bar_widths, fitted, shortened_path

STEP = "separating into bass, drums, vocals, other (preview, a rough preview)"


@pytest.mark.parametrize("width", [40, 41, 59, 60, 61, 79, 80, 100, 140, 200])
@pytest.mark.parametrize(
    "song", ["Night Drive", "A very long title of a song that somebody recorded last night", "夜" * 40]
)
def test_bar_percentage_and_time_left_stay_at_every_width_from_40(width: int, song: str) -> None:
    output = io.StringIO()
    bars = _Bars(Console(file=output, width=width, force_terminal=True, color_system=None))
    bars.update(bars.add_task(STEP, total=1.0, song=song), completed=0.42)
    Console(file=output, width=width, color_system=None).print(bars.make_tasks_table(bars.tasks))
    (line,) = output.getvalue().splitlines()
    assert cell_len(line) <= width
    assert " 42%" in line
    assert line.rstrip().endswith("-:--:--") or line.rstrip().endswith("--:--")
    assert line.count("━") >= 3, "42 % of at least eight cells"


def test_the_step_is_shortened_before_the_song() -> None:
    assert bar_widths(80, 20, 60).song == 20
    assert bar_widths(80, 20, 60).step < 60
    assert bar_widths(40, 30, 60).song < 30
    assert bar_widths(200, 20, 60) == (20, 40, 60)


def test_a_path_loses_its_middle_and_text_is_cut_or_padded_to_its_width() -> None:
    assert shortened_path("/home/me/Music/Stems/Night Drive", 20).startswith("/home/")
    assert shortened_path("/home/me/Music/Stems/Night Drive", 20).endswith("Night Drive")
    assert cell_len(shortened_path("/home/me/Music/Stems/Night Drive", 20)) <= 20
    assert [fitted("abc", 5), fitted("abcdef", 4)] == ["abc  ", "abc…"]
