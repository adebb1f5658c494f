"""The whole script in a simulated Live, over real sockets, with a real OSC peer in the bridge's place."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pythonosc.osc_message import OscMessage

from scripts.ableton.Stembridge import create_instance
from scripts.ableton.Stembridge.surface import Surface
from tests.ports import free_port
from tests.scripts.ableton.bridge_double import Bridge, packet
from tests.scripts.ableton.conftest import Clock, Deliver, Say, audio, until
from tests.scripts.ableton.live_clips import Clip, MidiClip
from tests.scripts.ableton.live_double import Song, Studio


class Session:
    """A musician in front of Live, with the script chosen."""

    def __init__(self, studio: Studio, bridge: Bridge, folder: Path, clock: Clock) -> None:
        self.studio = studio
        self.clock = clock
        self.bridge = bridge
        self.folder = folder
        self.port = free_port()
        self.inbox = folder / "Inbox"
        self.remote = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.remote.bind(("127.0.0.1", 0))
        self.remote.settimeout(10)
        self.settle()
        self.surface: Surface

    def settle(self, **more: object) -> None:
        row = {"port": self.port, "bridge_port": self.bridge.port, "stems": str(self.folder / "Stems")}
        self.settle_only(**row, inbox=str(self.inbox), **more)

    def settle_only(self, **row: object) -> None:
        (self.folder / "settings.json").write_text(json.dumps(row))

    def choose(self) -> None:
        with self.studio.notification():
            self.surface = Surface(self.studio, self.folder, self.clock)
            self.surface.build_midi_map(0)
            self.surface.refresh_state()
        self.tick()

    def close(self) -> None:
        with self.studio.notification():
            self.surface.disconnect()
        self.remote.close()

    def tick(self) -> None:
        self.studio.tick(self.surface)

    def until(self, what: Callable[[], object]) -> None:
        until(what, self.tick)

    def command(self, name: str, *values: str) -> tuple[str, list[str]]:
        self.remote.sendto(packet(f"/stembridge/live/{name}", *values), ("127.0.0.1", self.port))
        self.remote.setblocking(False)
        answers: list[OscMessage] = []

        def look() -> bool:
            try:
                answers.append(OscMessage(self.remote.recv(65_536)))
            except BlockingIOError:
                return False
            return True

        self.until(look)
        return answers[0].address.rpartition("/")[2], list(answers[0].params)

    def select(self, path: Path, start: float = 16.0) -> Clip:
        clip = Clip(self.studio, str(path), start, 120.0)
        clip.warping = False
        clip.settle()
        self.studio.song_now.view.detail_clip = clip
        return clip

    @property
    def tracks(self) -> list[str]:
        return [track.name for track in self.studio.song_now.stems]

    def saw(self, text: str) -> bool:
        return any(text in shown for shown in self.studio.shown)


@pytest.fixture
def session(studio: Studio, bridge: Bridge, tmp_path: Path, clock: Clock) -> Iterator[Session]:
    session = Session(studio, bridge, tmp_path, clock)
    session.choose()
    session.until(lambda: bridge.asked("/stembridge/subscribe"))
    yield session
    session.close()


SEPARATE = "/stembridge/separate"
STEMS = ["Mix - vocals", "Mix - drums", "Mix - no_bass"]


def accept(session: Session, job: str = "j1", song: str = "Mix") -> None:
    session.until(lambda: session.bridge.asked(SEPARATE))
    session.bridge.answer(SEPARATE, "/stembridge/job/accepted", job, song)
    session.until(lambda: session.saw(f"{song} is on its way."))


def test_a_clip_goes_out_and_its_stems_come_back_to_where_its_file_begins(session: Session, deliver: Deliver) -> None:
    path = audio(session.folder / "Samples" / "Mix.wav")
    session.select(path).start_marker = 1.0
    kind, (address, text) = session.command("separate", "vocals")
    assert (kind, address) == ("ok", "/stembridge/live/separate")
    assert "Mix.wav" in text
    accept(session)
    assert session.bridge.asked(SEPARATE) == [[str(path), "vocals"]]
    session.bridge.answer(SEPARATE, "/stembridge/job/done", "j1", str(deliver()), 3)
    session.until(lambda: session.tracks)
    assert session.tracks == STEMS
    assert [clip.start_time for track in session.studio.song_now.stems for clip in track.arrangement_clips] == [
        14.0
    ] * 3


def test_a_job_that_ends_is_imported_once_though_it_is_told_twice(session: Session, deliver: Deliver) -> None:
    session.select(audio(session.folder / "Mix.wav"))
    session.command("separate")
    accept(session)
    folder = str(deliver())
    session.bridge.tell("/stembridge/job/accepted", "j1", "Mix")
    session.command("ping")
    session.bridge.tell("/stembridge/job/done", "j1", folder, 3)
    session.bridge.answer(SEPARATE, "/stembridge/job/done", "j1", folder, 3)
    session.until(lambda: session.tracks)
    for _ in range(5):
        session.tick()
    assert session.tracks == STEMS
    assert session.studio.shown == [
        "Stembridge: Asking for the stems of Mix.wav.",
        "Stembridge: Mix is on its way.",
        "Stembridge: The stems of Mix are in: vocals, drums, no_bass.",
    ]


def test_the_last_bounce_is_sent_where_no_clip_is_meant(session: Session) -> None:
    assert session.command("bounce")[0] == "error"
    old, new = audio(session.inbox / "old.wav"), audio(session.inbox / "new.wav")
    os.utime(old, (1, 1))
    assert session.command("bounce")[0] == "ok"
    accept(session)
    assert session.bridge.asked(SEPARATE) == [[str(new)]]


def test_a_word_behind_a_clips_name_is_obeyed_and_taken_away(session: Session) -> None:
    path = audio(session.folder / "Mix.wav")
    session.select(path).name = "Chorus !stems drums"
    accept(session)
    assert session.bridge.asked(SEPARATE) == [[str(path), "drums"]]
    assert session.studio.song_now.view.detail_clip.name == "Chorus"


def test_a_word_behind_a_tracks_name_sends_the_last_bounce_or_brings_the_newest_stems(
    session: Session, deliver: Deliver
) -> None:
    track = session.studio.song_now.view.selected_track
    track.name = "1-MIDI !stems"
    session.until(lambda: session.saw("There is no bounce"))
    deliver()
    track.name = "1-MIDI !import"
    session.until(lambda: session.tracks)
    assert session.tracks == STEMS
    assert track.name == "1-MIDI"


def test_a_midi_clip_is_refused_with_the_way_out(session: Session) -> None:
    session.studio.song_now.view.detail_clip = MidiClip()
    kind, (_, text) = session.command("separate")
    assert kind == "error"
    assert "export it into the inbox" in text
    assert session.saw(text)


def test_finished_stems_are_brought_in_by_their_folder(session: Session, deliver: Deliver) -> None:
    folder = deliver()
    deliver(job="j2", song="Later")
    assert session.command("import", str(folder))[0] == "ok"
    session.until(lambda: session.tracks)
    assert session.tracks == STEMS


def test_a_command_that_is_none_is_answered(session: Session) -> None:
    kind, (address, text) = session.command("explode")
    assert (kind, address) == ("error", "/stembridge/live/explode")
    assert "separate, bounce, import and ping" in text
    assert session.command("ping")[0] == "ok"


def test_progress_is_shown_now_and_then_and_never_over_a_sentence(session: Session) -> None:
    session.select(audio(session.folder / "Mix.wav"))
    session.command("separate")
    accept(session)

    def progress(percent: int) -> list[str]:
        session.bridge.answer(SEPARATE, "/stembridge/job/progress", "j1", percent / 100, "separating")
        session.command("ping")
        return [shown for shown in session.studio.shown if "separating" in shown]

    assert progress(1) == [], "somebody reads that it is on its way"
    session.clock.now += 5
    for percent in range(2, 30):
        assert progress(percent) == ["Stembridge: Mix 2% (separating)"]
    session.clock.now += 1
    assert progress(30)[1:] == ["Stembridge: Mix 30% (separating)"]


@pytest.mark.parametrize(
    ("address", "values", "sentence"),
    [
        ("/stembridge/error", [SEPARATE, "osc.folder", "The file lies outside the inbox."], "outside the inbox"),
        ("/stembridge/job/error", ["j1", "api.refused", "The service refused it."], "Mix: The service refused it."),
        ("/stembridge/job/state", ["j1", "Mix", "cancelled"], "Mix was cancelled."),
    ],
)
def test_what_goes_wrong_is_said_and_the_request_is_over(
    session: Session, address: str, values: list[str], sentence: str
) -> None:
    session.select(audio(session.folder / "Mix.wav"))
    session.command("separate")
    accept(session)
    session.bridge.answer(SEPARATE, address, *values)
    session.until(lambda: session.saw(sentence))
    session.clock.now += 60
    session.until(lambda: len(session.bridge.asked("/stembridge/subscribe")) == 2)
    assert session.bridge.asked("/stembridge/status") == [], "nobody asks for it any more"


def test_jobs_of_others_are_left_alone_unless_all_are_wanted(session: Session, deliver: Deliver) -> None:
    folder = deliver()
    session.bridge.tell("/stembridge/job/accepted", "j1", "Mix")
    session.bridge.tell("/stembridge/job/error", "j1", "code", "not for us")
    session.bridge.tell("/stembridge/job/done", "j1", str(folder), 3)
    session.command("ping")
    assert session.tracks == []
    assert session.studio.shown == []
    session.surface.disconnect()
    session.settle(import_all=True)
    session.choose()
    session.bridge.tell("/stembridge/job/accepted", "j1", "Mix")
    session.bridge.tell("/stembridge/job/done", "j1", str(folder), 3)
    session.until(lambda: session.tracks)
    assert session.tracks == STEMS
    assert session.saw("Mix is on its way.")


def test_a_job_of_ours_is_known_as_ours_even_if_its_end_is_overheard_at_once(
    session: Session, deliver: Deliver
) -> None:
    session.surface.disconnect()
    session.settle(import_all=True)
    session.choose()
    session.select(audio(session.folder / "Mix.wav"), 16.0)
    session.command("separate")
    session.until(lambda: session.bridge.asked(SEPARATE))
    session.bridge.answer(SEPARATE, "/stembridge/job/accepted", "j1", "Mix")
    session.bridge.tell("/stembridge/job/done", "j1", str(deliver()), 3)
    session.until(lambda: session.tracks)
    assert [clip.start_time for track in session.studio.song_now.stems for clip in track.arrangement_clips] == [
        16.0
    ] * 3


def test_without_a_bridge_the_musician_is_told_to_start_it(session: Session) -> None:
    session.bridge.socket.close()
    session.select(audio(session.folder / "Mix.wav"))
    session.command("separate")
    session.until(lambda: session.saw("The bridge is not running."))
    session.command("ping")


def test_a_bridge_that_is_started_anew_is_asked_how_the_job_stands(session: Session, deliver: Deliver) -> None:
    session.select(audio(session.folder / "Mix.wav"))
    session.command("separate")
    accept(session)
    port = session.bridge.port
    session.bridge.socket.close()
    for _ in range(3):
        session.tick()
    session.clock.now += 60
    session.tick()
    with Bridge(port) as second:
        session.clock.now += 60
        session.until(lambda: second.asked("/stembridge/status"))
        assert second.asked("/stembridge/status") == [["j1"]]
        assert second.asked("/stembridge/subscribe")[0][0] == session.port
        second.answer("/stembridge/status", "/stembridge/job/done", "j1", str(deliver()), 3)
        session.until(lambda: session.tracks)
    assert session.tracks == STEMS


def test_the_bridge_is_found_by_what_it_says_also_where_it_is_started_anew_elsewhere(
    session: Session, deliver: Deliver, say: Say
) -> None:
    def found(bridge: Bridge) -> None:
        say(inbox=str(session.inbox), stems=str(session.folder / "Stems"), osc={"host": "::", "port": bridge.port})

    session.surface.disconnect()
    session.settle_only(port=session.port)
    session.bridge.heard.clear()
    session.choose()
    found(session.bridge)
    bounce = audio(session.inbox / "Mix.wav")
    assert session.command("bounce")[0] == "ok"
    accept(session)
    assert session.bridge.asked(SEPARATE) == [[str(bounce)]]
    session.bridge.socket.close()
    with Bridge() as second:
        found(second)
        session.clock.now += 60
        session.until(lambda: second.asked("/stembridge/status"))
        assert second.asked("/stembridge/subscribe")[0][0] == session.port
        second.answer("/stembridge/status", "/stembridge/job/done", "j1", str(deliver()), 3)
        session.until(lambda: session.tracks)
    deliver(job="j2", song="Later")
    session.command("import")
    session.until(lambda: len(session.tracks) > 3)


def test_a_bridge_that_does_not_answer_is_said_once(session: Session) -> None:
    session.select(audio(session.folder / "Mix.wav"))
    session.command("separate")
    session.until(lambda: session.bridge.asked(SEPARATE))
    session.clock.now += 11
    for _ in range(3):
        session.tick()
    assert len([shown for shown in session.studio.shown if "has not answered for Mix.wav" in shown]) == 1
    session.clock.now += 600
    session.tick()
    session.bridge.answer(SEPARATE, "/stembridge/job/accepted", "j1", "Mix")
    session.command("ping")
    assert not session.saw("on its way"), "it was given up"


def test_a_set_that_is_opened_meanwhile_does_not_get_the_stems_of_the_other(session: Session, deliver: Deliver) -> None:
    session.select(audio(session.folder / "Mix.wav"))
    session.command("separate")
    accept(session)
    session.studio.song_now = Song(session.studio)
    session.bridge.answer(SEPARATE, "/stembridge/job/done", "j1", str(deliver()), 3)
    session.until(lambda: session.saw("not for this set"))
    assert session.tracks == []
    assert session.command("import")[0] == "ok"
    session.until(lambda: session.tracks)
    assert session.tracks == STEMS


def test_packets_that_are_no_messages_hold_nobody_up(session: Session) -> None:
    for junk in (
        b"",
        b"#bundle\0",
        os.urandom(64),
        packet("/other", 1),
        packet("/stembridge/job/done", 1),
        b"\xff" * 999,
    ):
        session.remote.sendto(junk, ("127.0.0.1", session.port))
    session.bridge.tell("/stembridge/job/done", "j1", 7, "eight")
    assert session.command("ping")[0] == "ok"
    assert session.studio.shown == []


def test_a_port_that_is_taken_is_said_once_and_tried_again(session: Session) -> None:
    first = session.surface
    session.choose()
    second, session.surface = session.surface, first
    session.studio.tick(second)
    session.studio.tick(second)
    assert len([shown for shown in session.studio.shown if "is taken" in shown]) == 1
    first.disconnect()
    session.clock.now += 5
    session.surface = second
    session.tick()
    assert session.command("ping")[0] == "ok"


def test_wrong_settings_are_said_and_the_defaults_hold(studio: Studio, tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "settings.json").write_text('{"prot": 1}')
    surface = Surface(studio, tmp_path, clock)
    surface.disconnect()
    (said,) = studio.shown
    assert 'no setting "prot"' in said
    assert said.endswith("The defaults hold.")


def test_live_finds_the_surface_by_its_door(studio: Studio) -> None:
    surface = create_instance(studio)
    surface.disconnect()
    assert studio.shown == []


def test_a_mistake_of_ours_is_said_once_and_does_not_fill_lives_log(session: Session) -> None:
    session.studio.song_now.view.detail_clip = "no clip at all"
    for _ in range(5):
        session.tick()
    assert len([shown for shown in session.studio.shown if "Something went wrong" in shown]) == 1
    assert len([line for line in session.studio.logged if "Traceback" in line]) == 1


def test_what_live_asks_a_surface_is_answered(session: Session) -> None:
    surface = session.surface
    surface.connect_script_instances([surface])
    surface.receive_midi((144, 60, 1))
    surface.port_settings_changed()
    assert (surface.is_extension(), surface.can_lock_to_devices(), surface.supports_pad_translation()) == (False,) * 3
    assert (surface.suggest_input_port(), surface.suggest_output_port()) == ("", "")
    assert (surface.suggest_map_mode(1, 0), surface.suggest_needs_takeover(1, 0)) == (-1, True)
