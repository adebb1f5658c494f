from __future__ import annotations

from bridge.osc import saying
from bridge.osc.audience import Subscribers
from bridge.osc.broadcaster import Broadcaster
from bridge.osc.counters import Counters
from bridge.osc.feedback import Feedback
from tests.osc.oscdesk import PATIENCE_S, Clock, Ear


def test_an_answer_is_told_to_those_who_hear_all_and_to_who_asked_only_once(
    broadcaster: Broadcaster, subscribers: Subscribers, clock: Clock
) -> None:
    asker, other = Ear(), Ear()
    subscribers.add([asker, other], 600)
    feedback = Feedback(broadcaster, Counters(), clock)
    feedback.answer(asker, saying.Pong("1")())
    feedback.start()
    feedback.stop(PATIENCE_S)
    assert asker.heard == other.heard == [("/stembridge/pong", "1")]


def test_of_a_flood_of_answers_those_who_hear_all_are_told_a_part(
    broadcaster: Broadcaster, subscribers: Subscribers, clock: Clock
) -> None:
    asker, other, counters = Ear(), Ear(), Counters()
    subscribers.add([other], 600)
    feedback = Feedback(broadcaster, counters, clock)
    for _ in range(1000):
        feedback.answer(asker, saying.Pong("1")())
    feedback.start()
    feedback.stop(PATIENCE_S)
    assert len(other.heard) + counters.now().dropped == 1000
    assert len(other.heard) == 100
