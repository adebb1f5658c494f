from __future__ import annotations

import queue

from bridge.inbox.hands import Hands, KeepGoing
from bridge.inbox.outcomes import Failed, Gone, Outcome
from bridge.inbox.settling import Ready
from bridge.jobs.arrival import Signature


def test_a_bug_costs_one_file_and_not_the_thread() -> None:
    reported: queue.SimpleQueue[Outcome] = queue.SimpleQueue()

    def work(ready: Ready, keep_going: KeepGoing) -> Outcome:
        if ready.path == "bad":
            raise RuntimeError("a bug")
        return Gone(ready)

    hands = Hands("test", 1, work, reported.put)
    hands.start()
    try:
        for path in ("bad", "good"):
            hands.submit(Ready(path, Signature(1, 2, 3), insist=False))
        first, second = reported.get(timeout=20), reported.get(timeout=20)
    finally:
        hands.stop()
    assert isinstance(first, Failed)
    assert first.error.message == "Stembridge met a bug: RuntimeError: a bug"
    assert isinstance(second, Gone)
