"""The importer against a real Audacity, with a delivery that the program itself made."""

from __future__ import annotations

import json
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from scripts.audacity.pipe import Pipe
from scripts.audacity.project import Track
from scripts.audacity.trouble import NoAnswer
from tests.acceptance.program import Document, Studio, files_of
from tests.scripts.audacity.audacity_desk import ROOT, SCRIPT, Desk, audacity, importer, only_one, screen, until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.system("audacity"),
    pytest.mark.system("Xvfb"),
    pytest.mark.system("xdotool"),
    pytest.mark.system("import"),
    # One worker: its pipes have the user's name, so there can be one Audacity at a time.
    pytest.mark.xdist_group("Audacity"),
    pytest.mark.timeout(300),  # the first test also waits for its Audacity to start, and for others to let it go
]

RATE, FRAMES, ORIGIN = 48_000, 48_123, 96_001

DOOMED = """
import os, signal, sys
from pathlib import Path
from bridge.delivery.importing import read
from scripts.audacity.pipe import Pipe
from scripts.audacity.placing import Choices, bring
from scripts.audacity.project import Project

class Doomed(Pipe):
    left = int(sys.argv[3])

    def ask(self, command, timeout_s=20.0):
        self.left -= command.startswith(sys.argv[2])
        if self.left == 0:
            self._wires.send(command.encode())
            os.kill(os.getpid(), signal.SIGKILL)
        return super().ask(command, timeout_s)

with Doomed() as pipe:
    bring(Project(pipe), read(Path(sys.argv[1])), Choices())
"""


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    with only_one(), screen() as name:
        yield name


@pytest.fixture(scope="module")
def desk(display: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with audacity(display, tmp_path_factory.mktemp("home")) as running:
        yield running


@pytest.fixture
def no_tracks(desk: Desk) -> None:
    desk.ask("SelectAll:", "RemoveTracks:")


Deliver = Callable[..., Path]


@pytest.fixture
def deliver(tmp_path: Path) -> Deliver:
    """Make small deliveries of two stems by hand, the receipt last."""

    def make(job: str, *, song: str = "tune", origin: int = 22_050, folder: Path | None = None) -> Path:
        place = folder or tmp_path / job
        place.mkdir(parents=True)
        rows = []
        for stem in ("bass", "no_bass"):
            file = f"{stem}.wav"
            soundfile.write(place / file, np.full(4410, 0.1), 44_100, subtype="PCM_16")
            rows.append({"name": stem, "file": file, "sample_rate": 44_100, "silent": stem == "bass"})
        source = {"sample_rate": 44_100, "time_reference": origin}
        receipt = {"schema": 1, "job": job, "song": song, "take": 1, "source": source, "stems": rows}
        (place / "stems.json").write_text(json.dumps(receipt), "utf-8")
        return place

    return make


def save_bounce_with_origin(path: Path) -> None:
    """Save a bounce with a `bext` chunk (EBU Tech 3285) before its audio."""
    noise = np.random.default_rng(7).standard_normal((FRAMES, 2)) * 0.1
    soundfile.write(path, noise, RATE, subtype="PCM_24")
    content = path.read_bytes()
    bext = bytearray(602)
    struct.pack_into("<Q", bext, 338, ORIGIN)
    content = content[:12] + b"bext" + struct.pack("<I", len(bext)) + bytes(bext) + content[12:]
    path.write_bytes(content[:4] + struct.pack("<I", len(content) - 8) + content[8:])


def label(job: str) -> Track:
    return Track(f"Stembridge job {job}", "label", 0.0, 0.0)


def imported(job: str, song: str, start_s: float, *stems: str) -> list[Track]:
    """What a delivery made by hand looks like in the project."""
    names = [f"{song} - {stem}" for stem in stems or ("bass", "no_bass")]
    return [label(job), *(Track(name, "wave", start_s, start_s + 0.1) for name in names)]


def assert_placed(tracks: list[Track], receipt: Document) -> None:
    """One track a stem behind the stamp, at the bounce's origin and as long, to the six digits that Audacity tells."""
    assert tracks[0] == label(receipt["job"])
    assert [track.name for track in tracks[1:]] == [f"{receipt['song']} - {stem['name']}" for stem in receipt["stems"]]
    assert len(tracks) == 5
    for track in tracks[1:]:
        assert track.start_s == pytest.approx(ORIGIN / RATE, abs=1e-5)
        assert track.end_s == pytest.approx((ORIGIN + FRAMES) / RATE, abs=1e-5)


def assert_mix_is(mix: Path, bounce: Path, gain_db: float) -> None:
    """What Audacity plays is the bounce at its origin, sample by sample."""
    heard, rate = soundfile.read(mix)
    assert (rate, len(heard)) == (RATE, ORIGIN + FRAMES)
    assert not heard[:ORIGIN].any()
    assert np.abs(heard[ORIGIN:] - soundfile.read(bounce)[0] * 10 ** (gain_db / 20)).max() < 1e-5


def test_a_delivery_comes_to_its_origin_once_and_still_once_when_the_project_is_opened_again(
    display: str, studio: Studio, tmp_path: Path
) -> None:
    bounce = studio.root / "Für Élise.wav"
    save_bounce_with_origin(bounce)
    assert studio.run("separate", str(bounce), "--engine", "preview").code == 0
    (folder,) = studio.takes()
    receipt = json.loads((folder / "stems.json").read_text("utf-8"))
    saved, mix = tmp_path / "saved.aup3", tmp_path / "mix.wav"

    with audacity(display, tmp_path / "home") as desk:
        done = importer("--newest", studio.output)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == "Für Élise is in the project: Edit > Undo takes it out in one step.\n"
        tracks = desk.tracks()
        assert_placed(tracks, receipt)
        desk.ask("SelectAll:", f'Export2: Filename="{mix}" NumChannels=2')
        assert_mix_is(mix, bounce, receipt["normalise"]["gain_db"])
        assert importer(folder / "stems.json").stdout == "Für Élise is in the project already.\n"
        assert desk.tracks() == tracks
        desk.ask("Undo:")
        assert desk.tracks() == []
        desk.ask("Redo:")
        assert desk.tracks() == tracks
        desk.ask("FitInWindow:", "FitV:", "SelectNone:", f'SaveProject2: Filename="{saved}"')
        desk.picture(tmp_path / "audacity.png")
    with audacity(display, tmp_path / "another home", str(saved)) as desk:
        until(lambda: desk.tracks() == tracks, "the project to be open")
        assert importer(folder).stdout == "Für Élise is in the project already.\n"
        assert desk.tracks() == tracks
    assert sorted(folder.iterdir()) == sorted(files_of(folder))


@pytest.mark.usefixtures("no_tracks")
@pytest.mark.parametrize(("command", "occurrence"), [("Import2", 2), ("Undo", 1)])
def test_an_importer_killed_on_its_way_is_made_up_for_by_the_next(
    desk: Desk, deliver: Deliver, command: str, occurrence: int
) -> None:
    folder = deliver("dead", song='b\\s "q"')
    killed = subprocess.run(
        [sys.executable, "-c", DOOMED, str(folder), command, str(occurrence)], cwd=ROOT, timeout=60, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert (folder / ".importing").is_dir()
    done = importer(folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert desk.tracks() == imported("dead", 'b/s "q"', 0.5)
    assert {path.name for path in folder.iterdir()} == {"stems.json", "bass.wav", "no_bass.wav"}


@pytest.mark.usefixtures("no_tracks")
def test_two_importers_at_once_import_once_and_the_musicians_choices_count(desk: Desk, deliver: Deliver) -> None:
    folder = deliver("both")
    command = [sys.executable, str(SCRIPT), str(folder), "--at", "1.5", "--no-silent"]
    pair = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = sorted(process.communicate(timeout=60)[0].rpartition("project")[2] for process in pair)
    assert said == [" already.\n", ": Edit > Undo takes it out in one step.\n"]
    assert desk.tracks() == imported("both", "tune", 1.5, "no_bass")


@pytest.mark.usefixtures("no_tracks")
def test_watching_imports_what_is_finished_from_now_on_wherever_the_bridge_says(
    desk: Desk, deliver: Deliver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    status = tmp_path / "stembridge" / "status.json"
    status.parent.mkdir()
    stems, moved = tmp_path / "stems", tmp_path / "moved"
    status.write_text(json.dumps({"schema": 1, "stems": str(stems)}), "utf-8")
    deliver("old", folder=stems / "old song")
    deliver("elsewhere", folder=moved / "old song")
    command = [sys.executable, str(SCRIPT), "--watch"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watcher:
        try:
            assert watcher.stdout is not None
            assert watcher.stdout.readline().startswith(f"Waiting for stems in {stems};")
            status.write_text(json.dumps({"schema": 1, "stems": str(moved)}), "utf-8")
            assert watcher.stdout.readline().startswith(f"Waiting for stems in {moved};")
            deliver("new", folder=moved / "song" / "take 02", origin=0)
            assert watcher.stdout.readline().startswith("tune is in the project")
            watcher.send_signal(signal.SIGINT)
            assert watcher.wait(20) == 130
        finally:
            watcher.kill()
    assert desk.tracks() == imported("new", "tune", 0.0)


@pytest.mark.usefixtures("no_tracks")
def test_an_open_dialog_is_told_and_when_it_is_closed_all_goes_on(desk: Desk, deliver: Deliver) -> None:
    with Pipe() as pipe, pytest.raises(NoAnswer, match="Close the dialog"):
        pipe.ask("SetClip: Color=blue", timeout_s=1.0)
    with pytest.raises(NoAnswer, match="Close the dialog"):
        Pipe(patience_s=1.5)
    window = ["xdotool", "search", "--sync", "--name", "^Set Clip$", "windowfocus", "key", "Return"]
    subprocess.run(window, env=desk.environment(), check=True, timeout=20, capture_output=True)
    until(lambda: importer(deliver(f"job{time.monotonic_ns()}")).returncode == 0, "the dialog to close")
    assert len(desk.tracks()) == 3
