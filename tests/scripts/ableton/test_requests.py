from __future__ import annotations

from pathlib import Path

from scripts.ableton.Stembridge.picking import Bounce
from scripts.ableton.Stembridge.requests import GIVE_UP_S, Heard, Requests
from scripts.ableton.Stembridge.wires import Sender
from tests.scripts.ableton.bridge_double import Bridge
from tests.scripts.ableton.conftest import until

SEPARATE = "/stembridge/separate"


def ask(requests: Requests, bridge: Bridge, name: str) -> None:
    count = len(bridge.asked(SEPARATE))
    requests.ask(Sender("127.0.0.1", bridge.port), Bounce(Path(name), None), "", 1, 0.0)
    until(lambda: len(bridge.asked(SEPARATE)) > count)


def hear(requests: Requests) -> list[Heard]:
    heard: list[Heard] = []

    def look() -> bool:
        heard.extend(requests.hear())
        return bool(heard)

    until(look)
    return heard


def test_each_answer_is_about_what_was_asked_on_its_own_line(bridge: Bridge) -> None:
    requests = Requests()
    ask(requests, bridge, "one.wav")
    first = bridge.askers[SEPARATE]
    ask(requests, bridge, "two.wav")
    bridge.answer(SEPARATE, "/stembridge/job/accepted", "j2", "same name")
    (two,) = hear(requests)
    bridge.askers[SEPARATE] = first
    bridge.answer(SEPARATE, "/stembridge/job/accepted", "j1", "same name")
    (one,) = hear(requests)
    assert (one.request.bounce.path.name, two.request.bounce.path.name) == ("one.wav", "two.wav")
    requests.close()


def test_the_oldest_is_forgotten_when_there_are_too_many(bridge: Bridge) -> None:
    requests = Requests()
    for number in range(33):
        ask(requests, bridge, f"{number}.wav")
    late = {request.bounce.path.name for request in requests.late(GIVE_UP_S)}
    assert late == {f"{number}.wav" for number in range(1, 33)}
    requests.close()


def test_without_a_bridge_the_line_is_refused(bridge: Bridge) -> None:
    bridge.socket.close()
    requests = Requests()
    requests.ask(Sender("127.0.0.1", bridge.port), Bounce(Path("one.wav"), None), "", 1, 0.0)
    (heard,) = hear(requests)
    assert heard.message is None
    requests.close()
