"""The same bounce again, in all its ways: kept stems, --force, takes, replacement."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.acceptance.program import Bounce, Document, Studio, assert_whole, files_of, print_time

pytestmark = pytest.mark.timeout(400)

KEPT = "these stems are kept from before; not separated again"


def kept_stems(studio: Studio) -> dict[Path, int]:
    """What is kept of earlier separations, each with the file's own number: another one after it was made anew."""
    return {path: path.stat().st_ino for path in (studio.state / "stems").rglob("*.wav")}


def log_of(studio: Studio) -> str:
    return (studio.state / "logs" / "stembridge.log").read_text("utf-8")


def separation_s(studio: Studio, job: str) -> float:
    """How long a job was in the state `separating`, from its history."""
    times = {event["kind"]: event["at"] for event in studio.show(job)["events"]}
    return float(times["normalising"] - times["separating"])


def separate(studio: Studio, bounce: Bounce, *more: str) -> Document:
    finished = studio.run("separate", str(bounce.path), "--json", *more)
    assert finished.code == 0, finished
    job: Document = json.loads(finished.stdout)["jobs"][0]
    return job


def source_of(take: Path) -> str:
    receipt: Document = json.loads((take / "stems.json").read_text("utf-8"))
    return str(receipt["source"]["sha256"])


@pytest.mark.slow
def test_the_same_audio_under_a_new_name_is_delivered_without_separating_again_unless_forced(studio: Studio) -> None:
    first = separate(studio, studio.bounce("First.wav", seconds=4.0, to=studio.root))
    kept = kept_stems(studio)
    assert len(kept) == 4
    assert KEPT not in log_of(studio)

    second = separate(studio, studio.bounce("Second.wav", seconds=4.0, to=studio.root))
    assert KEPT in log_of(studio)
    assert kept_stems(studio) == kept
    for name, job in (("first", first), ("second", second)):
        print_time(f"separating the {name} time", separation_s(studio, job["job"]))

    separate(studio, Bounce.of(studio.root / "Second.wav"), "--force")
    assert log_of(studio).count(KEPT) == 1
    assert not set(kept_stems(studio).values()) & set(kept.values())

    names = [take.relative_to(studio.output).as_posix() for take in studio.takes()]
    assert names == ["First", "Second", "Second/take 02"]
    studio.assert_nothing_half()
    studio.assert_no_leftovers()


@pytest.mark.slow
@pytest.mark.parametrize("rebounce", ["take", "replace"])
def test_a_bounce_saved_again_under_its_name_is_the_next_take_or_replaces_the_old(
    studio: Studio, rebounce: str
) -> None:
    studio.configure(f'rebounce = "{rebounce}"')
    old = studio.bounce("Song.wav", seed=1)
    studio.up_until_final(1)
    old_files = {path.name: path.read_bytes() for path in files_of(studio.output / "Song")}
    new = studio.bounce("Song.wav", seed=2)
    studio.up_until_final(2)

    song = studio.output / "Song"
    where_old, where_new = (song, song / "take 02") if rebounce == "take" else (song / "take 01", song)
    assert {path.name: path.read_bytes() for path in files_of(where_old)} == old_files
    assert (source_of(where_old), source_of(where_new)) == (old.sha256, new.sha256)
    assert studio.takes() == sorted([where_old, where_new])
    for take in studio.takes():
        assert_whole(take)
    studio.assert_no_leftovers()
    new.assert_untouched()


@pytest.mark.slow
def test_a_bounce_that_is_only_touched_or_saved_again_unchanged_makes_no_second_job(studio: Studio) -> None:
    studio.bounce("Song.wav")
    studio.up_until_final(1)
    again = studio.bounce("Song.wav")
    other = studio.bounce("Other.wav", seed=2)
    studio.up_until_final(2)
    assert sorted(job["song"] for job in studio.jobs()) == ["Other", "Song"]
    studio.assert_delivered(again, other)
