"""Any order of events and kills: never two orders without a person's word, unless the peer makes repeating safe."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bridge.errors import CloudError, OutcomeUnknown
from bridge.separation.api import remote as rules
from bridge.separation.api.remote import EXPIRY_MARGIN_S, Action, Remote, Step

PEER = "https://separate.example"
LIFETIME = 6 * 3600.0

texts = st.text(max_size=20)


class OneJob(RuleBasedStateMachine):
    """A job, its checkpoint on the disk, the service, and everything that may go wrong between them.

    `orders` are those that the service took; each costs money unless it carries a key that it knows.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = 1e9
        self.disk: dict[str, object] = {}
        self.live = Remote()
        self.orders: list[str] = []
        self.known: dict[str, str] = {}
        self.allowed = 1
        self.ours = False
        self.keys = 0

    @initialize(ours=st.booleans())
    def begin(self, ours: bool) -> None:
        self.ours = ours

    def save(self, remote: Remote) -> None:
        self.disk = json.loads(json.dumps(remote.to_json()))
        self.live = remote

    def arrives(self, key: str) -> str:
        """Let the service take an order, and return its id."""
        if self.ours and key in self.known:
            return self.known[key]
        self.orders.append(f"id{len(self.orders)}")
        if self.ours and key:
            self.known[key] = self.orders[-1]
        return self.orders[-1]

    def action(self) -> Action | None:
        try:
            return rules.next_action(self.live, PEER, self.now)
        except OutcomeUnknown:
            return None

    @rule()
    def kill(self) -> None:
        self.live = Remote.from_json(self.disk)

    @rule(seconds=st.sampled_from([1.0, 3600.0, LIFETIME]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: self.action() is Action.PUBLISH)
    @rule(killed=st.booleans())
    def publish(self, killed: bool) -> None:
        if not killed:
            self.save(rules.published(self.live, "https://files/x", "handle", self.now + LIFETIME))

    @precondition(lambda self: self.action() is Action.ORDER)
    @rule(killed=st.booleans(), fate=st.sampled_from(["not sent", "refused", "lost before", "lost after", "taken"]))
    def order(self, killed: bool, fate: str) -> None:
        self.keys += 1
        self.save(rules.intended(self.live, PEER, f"key{self.keys}" if self.ours else "", 3))
        self.send(killed, fate)

    @precondition(lambda self: self.action() is Action.REPEAT)
    @rule(killed=st.booleans(), fate=st.sampled_from(["not sent", "refused", "lost before", "lost after", "taken"]))
    def repeat(self, killed: bool, fate: str) -> None:
        assert self.ours
        self.save(rules.answer_lost(self.live))
        self.send(killed, fate)

    def send(self, killed: bool, fate: str) -> None:
        noted = self.live
        remote_id = self.arrives(noted.idempotency_key) if fate in ("lost after", "taken") else ""
        if killed:
            self.kill()
        elif fate == "taken":
            self.save(rules.accepted(noted, remote_id))
        elif fate in ("not sent", "refused"):
            self.save(rules.refused(noted))
        else:
            self.save(rules.answer_lost(noted))

    @precondition(lambda self: self.action() is Action.FOLLOW)
    @rule(outcome=st.sampled_from(["success", "failed"]), killed=st.booleans())
    def task_ends(self, outcome: str, killed: bool) -> None:
        assert self.live.remote_id in self.orders
        if killed:
            self.kill()
        elif outcome == "success":
            self.save(rules.succeeded(rules.withdrawn(self.live), 4))
        else:
            self.save(rules.ended(self.live))
            self.allowed += 1  # a task that failed is not billed

    @precondition(lambda self: self.action() is None)
    @rule()
    def a_person_says_retry(self) -> None:
        self.save(rules.ended(self.live))
        self.allowed += 1

    @invariant()
    def never_paid_twice(self) -> None:
        assert len(self.orders) <= self.allowed

    @invariant()
    def only_a_stranger_leaves_a_doubt(self) -> None:
        if self.ours:
            assert self.action() is not None


TestOneJob = pytest.mark.slow(OneJob.TestCase)


def waiting(**changes: object) -> Remote:
    return dataclasses.replace(Remote(Step.WAITING, peer=PEER, remote_id="abc"), **changes)  # type: ignore[arg-type]


def test_a_new_job_begins_by_publishing() -> None:
    assert rules.next_action(Remote.from_json({}), PEER, 0.0) is Action.PUBLISH


def test_an_order_without_an_answer_is_parked_with_what_happened_and_both_ways_on() -> None:
    remote = rules.intended(rules.published(Remote(), "u", "h", 1e10), PEER, "", 3)
    with pytest.raises(OutcomeUnknown) as raised:
        rules.next_action(Remote.from_json(remote.to_json()), PEER, 0.0)
    assert "3 minutes" in raised.value.message
    assert PEER in raised.value.message
    assert "retry" in raised.value.advice
    assert "cancel" in raised.value.advice
    assert raised.value.parked == "needs_review"


def test_a_promise_of_one_server_says_nothing_of_another() -> None:
    remote = rules.intended(rules.published(Remote(), "u", "h", 1e10), PEER, "key", 3)
    assert rules.next_action(remote, PEER, 0.0) is Action.REPEAT
    with pytest.raises(OutcomeUnknown):
        rules.next_action(remote, "https://other.example", 0.0)


def test_a_task_is_not_looked_for_at_another_service() -> None:
    with pytest.raises(CloudError) as raised:
        rules.next_action(waiting(), "https://other.example", 0.0)
    assert raised.value.code == "service.moved"


def test_a_url_that_is_about_to_end_is_not_given_away() -> None:
    remote = rules.published(Remote(), "u", "h", 10_000.0)
    assert rules.next_action(remote, PEER, 10_000.0 - EXPIRY_MARGIN_S - 1) is Action.ORDER
    assert rules.next_action(remote, PEER, 10_000.0 - EXPIRY_MARGIN_S) is Action.PUBLISH


@pytest.mark.parametrize("remote", [Remote(), waiting(handle="h"), Remote(intent=True, handle="h")])
def test_an_order_is_intended_once_and_for_a_published_mix(remote: Remote) -> None:
    with pytest.raises(ValueError):
        rules.intended(remote, PEER, "", 1)


@given(
    st.builds(
        Remote,
        st.sampled_from(Step),
        texts,
        texts,
        st.floats(0, 1e12),
        st.booleans(),
        texts,
        texts,
        st.booleans(),
        texts,
        st.integers(0, 10**6),
        st.dictionaries(texts, texts, max_size=3),
    )
)
def test_a_checkpoint_survives_the_disk(remote: Remote) -> None:
    assert Remote.from_json(json.loads(json.dumps(remote.to_json()))) == remote


def test_a_newer_checkpoint_is_read_and_a_damaged_one_is_not_guessed_at() -> None:
    assert Remote.from_json({**waiting().to_json(), "colour": "red", "expires": 5}) == waiting(expires=5.0)
    checkpoints: list[dict[str, object]] = [{"intent": "yes"}, {"step": "flying"}, {"remote_id": 5}, {"stems": []}]
    for damaged in checkpoints:
        with pytest.raises(ValueError):
            Remote.from_json(damaged)
