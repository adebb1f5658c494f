from __future__ import annotations

import threading

import pytest

from bridge.errors import OscError
from bridge.osc.router import Lane
from tests.osc.oscdesk import PATIENCE_S


def test_what_waits_is_bounded_and_done_in_order() -> None:
    lane, gate, done, began = Lane("test", 1, 2), threading.Event(), list[int](), threading.Event()

    def wait() -> None:
        began.set()
        gate.wait(PATIENCE_S)

    lane.start()
    lane.submit(wait)
    assert began.wait(PATIENCE_S)
    lane.submit(lambda: done.append(1))
    lane.submit(lambda: done.append(2))
    with pytest.raises(OscError) as caught:
        lane.submit(lambda: done.append(3))
    assert caught.value.code == "osc.busy"
    end = threading.Event()
    gate.set()
    while not end.is_set():
        try:
            lane.submit(end.set)
        except OscError:
            continue
        assert end.wait(PATIENCE_S)
    assert done == [1, 2]
    lane.stop(PATIENCE_S)


def test_what_still_waits_at_a_stop_is_not_begun() -> None:
    lane, gate, began, done = Lane("test", 1, 1), threading.Event(), threading.Event(), list[int]()

    def wait() -> None:
        began.set()
        gate.wait(PATIENCE_S)

    lane.start()
    lane.submit(wait)
    assert began.wait(PATIENCE_S)
    lane.submit(lambda: done.append(1))
    lane.stop(0.0)
    gate.set()
    lane.stop(PATIENCE_S)
    assert done == []
    assert not any(thread.name.startswith("test") for thread in threading.enumerate())
