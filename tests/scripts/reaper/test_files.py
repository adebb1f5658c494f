"""What Windows needs, as far as it can be seen from elsewhere; and that nothing is asked of REAPER's caches."""

from __future__ import annotations

import re
from pathlib import Path

from tests.scripts.reaper.conftest import Studio


def test_on_windows_a_helper_removes_folders_and_nobody_waits_for_it(studio: Studio) -> None:
    asked: list[tuple[str, int]] = []
    studio.reaper.GetOS = lambda: "Win64"  # type: ignore[method-assign]
    studio.reaper.ExecProcess = lambda command, timeout: asked.append((command, timeout))  # type: ignore[method-assign, assignment, return-value]
    files = studio.part("files")
    assert files.join("C:\\Stems\\", "Song") == "C:\\Stems\\Song"
    assert files.name_of("C:/Stems\\Song.wav") == "Song.wav"
    files.remove_folder("C:\\Stems\\Song\\.importing-stale-1", files.folders_in("nowhere"))
    assert asked == [('cmd.exe /d /c rmdir /s /q "C:\\Stems\\Song\\.importing-stale-1"', -2)]


def test_what_lua_on_windows_cannot_move_a_helper_does(studio: Studio) -> None:
    old, new = studio.home / "Grün.wav", studio.home / "neu.wav"
    old.write_text("old")
    new.write_text("new")

    def shell(command: str, timeout: int) -> str:
        source, target = re.fullmatch(r'cmd.exe /d /c move /y "([^"]+)" "([^"]+)"', command).groups()  # type: ignore[union-attr]
        assert timeout > 0, "it has to be waited for"
        if Path(source).exists():
            Path(source).replace(target)
        return "0\n"

    studio.reaper.GetOS = lambda: "Win64"  # type: ignore[method-assign]
    studio.reaper.ExecProcess = shell  # type: ignore[method-assign]
    studio.reaper.narrow_paths = True
    files = studio.part("files")
    assert files.replace(str(new), str(old))
    assert old.read_text() == "new"
    assert not files.replace(str(new), str(old))


def test_a_new_folder_is_seen_at_once(studio: Studio) -> None:
    files = studio.part("files")
    assert len(files.folders_in(str(studio.output))) == 0
    (studio.output / "Song").mkdir()
    assert list(files.folders_in(str(studio.output)).values()) == ["Song"]


def test_a_file_is_put_in_the_place_of_another(studio: Studio) -> None:
    old, new = studio.home / "old.wav", studio.home / "new.wav"
    old.write_text("old")
    new.write_text("new")
    assert studio.part("files").replace(str(new), str(old))
    assert old.read_text() == "new"
    assert not studio.part("files").is_file(str(new))


def test_a_folder_is_no_file(studio: Studio) -> None:
    assert not studio.part("files").is_file(str(studio.output))
