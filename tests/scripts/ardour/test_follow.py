"""What the hook tells of what it has asked for, and when it asks again (with a simulated session and bridge)."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest
import soundfile

from tests.scripts.ardour.ardour_hook import Hook, Said, Waiting
from tests.scripts.ardour.ardour_parts import Parts, deliver

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the scripts for Ardour are for Linux and macOS")

GONE = 2**22 + 1
"""A number that no system gives to a process."""


@pytest.fixture
def waiting(tmp_path: Path) -> Waiting:
    return Waiting(Parts(), tmp_path / "Evening")


@pytest.fixture
def hook(waiting: Waiting) -> Hook:
    return Hook(waiting.parts, waiting)


@pytest.fixture
def mix(tmp_path: Path) -> Path:
    path = tmp_path / "Mix.wav"
    soundfile.write(path, [0.1] * 100, 44100)
    return path


def test_an_export_is_asked_for_where_the_bridge_says_that_it_listens(hook: Hook, said: Said, mix: Path) -> None:
    said.say(osc={"host": "0.0.0.0", "port": 9555})
    hook.export(mix)
    assert hook.look() == [f"Asked for the stems of {mix}. They come in by themselves if the bridge runs."]
    assert hook.sent == [("osc.udp://127.0.0.1:9555", "/stembridge/separate", "s", str(mix))]
    assert hook.look() == []
    assert len(hook.sent) == 1, "this bridge has been asked"


def test_a_job_is_told_step_by_step_and_each_thing_once(hook: Hook, waiting: Waiting, said: Said, mix: Path) -> None:
    waiting.ask(mix, asked=os.getpid())
    said.job(mix, "queued")
    assert hook.look() == ["The bridge has taken Mix.wav."]
    said.say(paused=True)
    assert hook.look() == ["Mix.wav waits: the bridge is paused."]
    said.say(paused=False)
    steps = [(0.0, "decoding"), (0.04, "decoding"), (0.06, "separating"), (0.3, "separating"), (0.49, "separating")]
    for progress, step in [*steps, (0.7, "normalising"), (0.8, "normalising")]:
        said.job(mix, "separating", progress=progress, step=step)
        hook.look()
        assert hook.look() == []
    said.job(mix, "delivered", progress=1.0, folder="/not/seen/from/here")
    assert hook.look() == []
    assert hook.log[2:] == [
        "Mix.wav: decoding.",
        "Mix.wav: separating.",
        "Mix.wav: separating, 25 %.",
        "Mix.wav: normalising, 50 %.",
        "Mix.wav: normalising, 75 %.",
    ]
    assert hook.windows == []


def test_what_was_taken_is_not_told_as_new_when_the_session_is_opened_again(
    hook: Hook, waiting: Waiting, said: Said, mix: Path
) -> None:
    waiting.ask(mix, asked=os.getpid())
    said.job(mix, "separating", progress=0.5, step="separating")
    assert hook.look() == ["The bridge has taken Mix.wav.", "Mix.wav: separating, 50 %."]
    assert Hook(Parts(), waiting).look() == ["Mix.wav: separating, 50 %."]


@pytest.mark.parametrize(
    ("state", "beginning"),
    [
        ("failed", "The stems of Mix.wav could not be made. "),
        ("needs_credit", "The stems of Mix.wav wait for you. "),
        ("needs_review", "The stems of Mix.wav wait for you. "),
    ],
)
def test_a_job_that_did_not_end_well_is_told_with_the_way_out(
    hook: Hook, waiting: Waiting, said: Said, mix: Path, state: str, beginning: str
) -> None:
    waiting.ask(mix, asked="taken")
    error = {"code": "x", "message": "It broke.", "advice": "Do it again."}
    said.job(mix, state, error=error)
    assert hook.look() == [f"{beginning}It broke. Do it again."]
    assert hook.look() == []
    assert hook.windows == []
    assert waiting.paths() == [str(mix)], "a retry can still bring them"


@pytest.mark.parametrize(
    ("state", "step", "words"),
    [
        ("queued", "", "queued"),
        ("separating", "separating", "separating, 25 %"),
        ("failed", "separating", "failed"),
        ("needs_credit", "preparing the upload", "needs credit"),
        ("new_in_a_later_version", "", "new_in_a_later_version, 25 %"),
    ],
)
def test_the_list_of_what_is_waited_for_says_where_each_stands(state: str, step: str, words: str) -> None:
    parts = Parts()
    job = {"state": state, "step": step, "progress": 0.0 if state == "queued" else 0.49}
    assert parts.news.where(parts.lua.table_from(job)) == words


def test_a_refusal_is_told_once_and_in_a_window_and_nothing_is_waited_for(
    hook: Hook, waiting: Waiting, said: Said, mix: Path
) -> None:
    other = mix.with_name("Other.wav")
    waiting.ask(mix, ago_s=5, asked=os.getpid())
    waiting.ask(other, asked="taken")
    waiting.ask(mix, asked=os.getpid())
    said.refusal(mix)
    sentence = "The bridge does not take Mix.wav. It lies outside. Add its folder."
    assert hook.look() == [sentence]
    assert hook.windows == [sentence]
    assert waiting.paths() == [str(other)]
    assert hook.look() == []
    waiting.ask(mix, asked=os.getpid())
    said.refusal(mix)
    assert hook.look() == [sentence]
    assert len(hook.windows) == 1, "the musician knows, and goes on exporting"


@pytest.mark.parametrize(("ago_s", "rolling"), [(61, False), (0, True)])
def test_no_window_comes_up_later_or_while_something_plays(
    hook: Hook, waiting: Waiting, said: Said, mix: Path, ago_s: int, rolling: bool
) -> None:
    waiting.ask(mix, ago_s=ago_s, asked=os.getpid())
    said.refusal(mix)
    hook.rolling = rolling
    assert len(hook.look()) == 1
    assert hook.windows == []
    assert waiting.paths() == []


def test_an_older_refusal_or_a_job_of_an_older_export_is_no_answer(
    hook: Hook, waiting: Waiting, said: Said, mix: Path
) -> None:
    said.job(mix, "delivered", changed=int(time.time()) - 60)
    said.refusal(mix, at=int(time.time()) - 60)
    waiting.ask(mix, asked=os.getpid())
    assert hook.look() == []
    assert waiting.paths() == [str(mix)]


def test_a_bridge_that_was_not_there_is_asked_when_it_is_and_once_for_each_start(
    hook: Hook, waiting: Waiting, said: Said, mix: Path
) -> None:
    said.say(running=False)
    waiting.ask(mix, ago_s=11, preset="vocals")
    sentence = (
        "The bridge does not run, so it has not heard of Mix.wav. Start it (stembridge up): it is asked again then."
    )
    assert hook.look() == [sentence]
    assert hook.look() == []
    said.say(running=True, osc=None)
    [deaf] = hook.look()
    assert deaf.startswith("The bridge runs, but does not listen for OSC: it has not heard of Mix.wav.")
    assert hook.sent == []
    said.say(osc={"host": "127.0.0.1", "port": 9124})
    again = "The bridge is there now, and was asked for the stems of Mix.wav again."
    assert hook.look() == [again]
    assert hook.sent == [("osc.udp://127.0.0.1:9124", "/stembridge/separate", "ss", str(mix), "vocals")]
    assert hook.look() == []
    assert Hook(Parts(), waiting).look() == [], "nor does the next run of Ardour ask it"
    said.say(pid=os.getppid())
    assert hook.look() == [again]
    assert len(hook.sent) == 2
    said.job(mix, "queued")
    assert hook.look() == ["The bridge has taken Mix.wav."]
    said.say(pid=os.getpid(), jobs=[])
    assert hook.look() == []
    assert len(hook.sent) == 2, "it was taken: whatever became of it, nobody asks behind the musician's back"


def test_a_bridge_that_was_killed_does_not_run(hook: Hook, waiting: Waiting, said: Said, mix: Path) -> None:
    said.say(pid=GONE)
    waiting.ask(mix, ago_s=9, asked=GONE)
    assert hook.look() == []
    waiting.ask(mix, ago_s=11, asked=GONE)
    [sentence] = hook.look()
    assert sentence.startswith("The bridge does not run")


def test_what_has_ended_meanwhile_is_not_asked_for_again(hook: Hook, waiting: Waiting, said: Said, mix: Path) -> None:
    waiting.ask(mix, asked=GONE)
    said.job(mix, "cancelled")
    assert hook.look() == ["The bridge has taken Mix.wav.", "The stems of Mix.wav were cancelled."]
    assert hook.sent == []


def test_what_a_delivery_answers_is_not_asked_for_again(hook: Hook, waiting: Waiting, said: Said, mix: Path) -> None:
    waiting.ask(mix, ago_s=60)
    source = {"file": mix.name, "sample_rate": 44100, "frames": 100, "time_reference": 0}
    source["sha256"] = hashlib.sha256(mix.read_bytes()).hexdigest()
    deliver(waiting.deliveries / "Mix", source=source, created=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
    said.say()
    assert hook.look() == ["Imported 2 stems of Mix."]
    hook.there.clear()
    assert hook.look() == []
    assert hook.sent == []


def test_stems_come_from_where_the_bridge_says_even_if_another_folder_was_typed(
    hook: Hook, waiting: Waiting, said: Said, mix: Path, tmp_path: Path
) -> None:
    waiting.ask(mix, asked="taken")
    source = {"file": mix.name, "sample_rate": 44100, "frames": 100, "time_reference": 0}
    source["sha256"] = hashlib.sha256(mix.read_bytes()).hexdigest()
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    folder = deliver(tmp_path / "New place" / "Mix", source=source, created=created)
    said.job(mix, "delivered", folder=str(folder))
    assert hook.look() == ["Imported 2 stems of Mix."]


def test_without_a_status_file_it_is_said_that_nothing_is_known(hook: Hook, waiting: Waiting, mix: Path) -> None:
    waiting.ask(mix, ago_s=9)
    assert hook.look() == []
    waiting.ask(mix, ago_s=11)
    [sentence] = hook.look()
    assert sentence.startswith("There is no sign of a bridge here that could have heard of Mix.wav.")
    assert hook.sent == []


def test_a_typed_address_that_is_not_the_bridges_is_named(waiting: Waiting, said: Said, mix: Path) -> None:
    said.say()
    waiting.ask(mix, ago_s=11)
    hook = Hook(waiting.parts, waiting, bridge="osc.udp://127.0.0.1:9999")
    [sentence] = hook.look()
    assert "it listens at osc.udp://127.0.0.1:9123, and this script asks at osc.udp://127.0.0.1:9999." in sentence
    assert hook.sent == []


def test_a_bridge_that_copies_a_long_bounce_has_its_time(hook: Hook, waiting: Waiting, said: Said, mix: Path) -> None:
    said.say()
    waiting.ask(mix, ago_s=55, asked=os.getpid())
    assert hook.look() == []
    waiting.ask(mix, ago_s=61, asked=os.getpid())
    [sentence] = hook.look()
    assert sentence.startswith("The bridge runs, but has not taken Mix.wav yet.")


def test_who_waits_for_nothing_does_not_look(hook: Hook, said: Said) -> None:
    said.say()
    hook.waiting.parts.status["read"] = None
    assert hook.look() == []


def test_a_search_that_takes_long_does_not_keep_back_what_the_bridge_says(
    hook: Hook, waiting: Waiting, said: Said, mix: Path
) -> None:
    searches = []

    def search(_output: str, _minutes: int) -> object:
        searches.append(hook.now_s)
        hook.now_s += 0.5
        return waiting.parts.lua.table()

    waiting.parts.files["deliveries"] = search
    waiting.ask(mix, asked=os.getpid())
    said.say()
    hook.look(after_s=3)
    said.job(mix, "queued")
    assert hook.look(after_s=3) == ["The bridge has taken Mix.wav."]
    said.job(mix, "separating", step="separating")
    assert hook.look(after_s=3) == ["Mix.wav: separating."]
    assert len(searches) == 1
    hook.look(after_s=50)
    assert len(searches) == 2


def test_the_hook_never_raises_since_ardour_would_remove_it(hook: Hook, waiting: Waiting) -> None:
    waiting.file.write_text(f"{'9' * 30} 0 0 0 /a.wav\n")
    assert hook.look()[0].startswith("Stembridge: ")
    hook.save()
    waiting.file.unlink()
    assert hook.look() == []
