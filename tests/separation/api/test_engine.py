"""Whole jobs over real HTTP: a service that counts what it is paid, and every trouble between."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bridge.errors import (
    NotSent,
    OutcomeUnknown,
    ProtocolError,
    PublishFailed,
    RefusedByCloud,
    StepCancelled,
    TaskFailed,
)
from bridge.protocol.codes import MESSAGES, SERVER_ERROR, Code
from bridge.protocol.paths import BALANCE_PATH, CREATE_PATH, GET_PATH, HEALTH_PATH
from bridge.protocol.refusals import InsufficientCredit, TaskGone, UnknownCode
from bridge.separation.api.engine import ApiEngine
from bridge.separation.api.task import ApiResult, ApiTask, Clocks, stem_limit
from bridge.separation.api.waiting import BOUNDED_TRIES

if TYPE_CHECKING:
    from tests.separation.api.conftest import Call, Connect, Onlooker, Reply, Service

STEMS = {"vocals": b"RIFF vocals " * 500, "other": b"RIFF other " * 500}


class Killed(BaseException):
    """kill -9, as far as one process can play it: nothing after this point runs."""


@dataclass
class Backend:
    """Behaves like the service. `orders` is what it charges for; `faults` are answers to give instead, in order."""

    url: str
    ours: bool = False
    asks_until_done: int = 2
    orders: list[dict[str, object]] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    faults: dict[str, list[Reply | str]] = field(default_factory=dict)
    asked: int = 0
    final: str = "success"
    by_zip: bool = False
    duration: float | None = 61.0
    balance: int | None = None
    error: str = ""

    def answer(self, call: Call) -> Reply:
        path = call.path.partition("?")[0]
        planned = self.faults.get(path, [])
        fault = planned.pop(0) if planned else None
        if isinstance(fault, tuple):
            return fault
        reply = self.really(path, call)
        return {"lost": (502, {}, b"<html>lost</html>"), "stumble": envelope(SERVER_ERROR)}.get(fault or "", reply)

    def really(self, path: str, call: Call) -> Reply:
        if path == HEALTH_PATH:
            health = {"service": "stembridge", "version": "1", "idempotency": True}
            return envelope(Code.SUCCESS, health) if self.ours else (404, {}, b"not found")
        if path == BALANCE_PATH:
            known = self.ours and self.balance is not None and call.headers.get("api-key")
            return envelope(Code.SUCCESS, {"available": self.balance, "reserved": 0}) if known else (404, {}, b"")
        if path == CREATE_PATH:
            return self.create(call)
        if path == GET_PATH:
            return self.get(str(call.parsed["job_id"]))
        return 200, {"ETag": '"1"'}, STEMS[Path(path).stem]

    def create(self, call: Call) -> Reply:
        key = call.headers.get("idempotency-key", "")
        if not self.ours or key not in self.keys:
            self.orders.append(call.parsed)
            self.keys[key] = f"task{len(self.orders)}"
        return envelope(Code.SUCCESS, {"job_id": self.keys[key]})

    def get(self, job_id: str) -> Reply:
        if job_id not in self.keys.values():
            return envelope(Code.TASK_NOT_FOUND)
        self.asked += 1
        if self.asked <= self.asks_until_done:
            return envelope(Code.SUCCESS, {"status": "waiting"})
        output = {name: f"{self.url}/result/{name}.wav?signature=s" for name in STEMS}
        data: dict[str, object] = {"status": self.final, "output": output, "zip_url": ""}
        if self.duration is not None:
            data["duration"] = self.duration
        if self.error:
            data["error"] = self.error
        return envelope(Code.SUCCESS, data)


def envelope(code: int, data: Mapping[str, object] | None = None, **headers: str) -> Reply:
    message = MESSAGES.get(Code(code), "") if code in set(Code) else "x"
    return 200, headers, json.dumps({"code": code, "data": data or {}, "message": message}).encode()


@dataclass
class Shelf:
    """A publisher that remembers; `up` is what anybody could fetch now."""

    up: dict[str, Path] = field(default_factory=dict)
    count: int = 0
    fails: bool = False
    point: Callable[[str], None] = lambda where: None

    def publish(self, path: Path, name: str, lifetime_s: int, progress: Callable[[float], None]) -> Shelved:
        assert path.exists()
        progress(0.5)
        self.point("before publish")
        self.count += 1
        self.up[f"handle{self.count}"] = path
        self.point("after publish")
        return Shelved(f"https://files.example/{self.count}/{name}", f"handle{self.count}")

    def withdraw(self, handle: str) -> None:
        if self.fails:
            raise PublishFailed("the shelf is locked")
        self.point("before withdraw")
        self.up.pop(handle, None)


@dataclass(frozen=True)
class Shelved:
    url: str
    handle: str


@dataclass
class Disk:
    """A checkpoint; what is not in `text` is gone with the process."""

    text: str = "{}"
    point: Callable[[str], None] = lambda where: None

    def load(self) -> dict[str, object]:
        state: dict[str, object] = json.loads(self.text)
        return state

    def save(self, state: Mapping[str, object]) -> None:
        self.point("before save")
        self.text = json.dumps(state)
        self.point("after save")


class Desk:
    """Everything a job needs, and a way to run it."""

    def __init__(self, backend: Backend, connect: Connect, watch: Onlooker, folder: Path) -> None:
        self.backend, self.connect, self.watch, self.folder = backend, connect, watch, folder
        self.shelf, self.disk = Shelf(), Disk()
        (folder / "upload.flac").write_bytes(b"fLaC")
        self.at = backend.url

    def run(self, url: str = "") -> ApiResult:
        """Run the job as a process that has just started would."""
        clocks = Clocks(lambda: 1e9 + self.watch.now, lambda: self.watch.now, lambda: 0.5)
        task = ApiTask(
            id="a1b2c3d4",
            model=350,
            stems=("vocals",),
            upload=self.folder / "upload.flac",
            name="mix.flac",
            minutes=3,
            folder=self.folder / "service",
            limit=stem_limit(1.0),
        )
        return ApiEngine(self.connect(url or self.at), clocks).run(task, self.disk, self.shelf, self.watch)


@pytest.fixture
def backend(service: Service) -> Backend:
    made = Backend(service.url)
    service.answer = made.answer
    return made


@pytest.fixture
def desk(backend: Backend, connect: Connect, watch: Onlooker, tmp_path: Path) -> Desk:
    return Desk(backend, connect, watch, tmp_path)


def read(result: ApiResult) -> dict[str, bytes]:
    return {name: path.read_bytes() for name, path in result.stems.items()}


def test_a_job_goes_from_upload_to_stems(desk: Desk, backend: Backend) -> None:
    result = desk.run()
    assert read(result) == STEMS
    assert result.minutes == 2, "as the service measured it"
    assert backend.orders == [{"model_type": 350, "inputurl": "https://files.example/1/mix.flac"}]
    assert desk.watch.steps == ["publishing", "submitting", "waiting", "downloading"]
    assert desk.shelf.up == {}, "the mix is reachable no longer than it must be"


def test_without_a_duration_the_estimate_is_what_is_billed(desk: Desk, backend: Backend) -> None:
    backend.duration = None
    assert desk.run().minutes == 3


@pytest.mark.parametrize("duration", [1e300, 0.0, 604_799.0, 3 * 60 + 60.1])
def test_a_duration_far_from_the_uploads_is_not_believed(desk: Desk, backend: Backend, duration: float) -> None:
    backend.duration = duration
    assert desk.run().minutes == 3


def test_a_finished_job_is_finished_again_without_the_service(desk: Desk, nobody: str) -> None:
    first = desk.run()
    desk.disk.text = desk.disk.text.replace(desk.at, nobody)
    assert desk.run(nobody) == first


@pytest.mark.slow
@pytest.mark.parametrize("ours", [True, False])
def test_a_kill_at_any_point_costs_one_order_at_most(desk: Desk, backend: Backend, ours: bool, tmp_path: Path) -> None:
    # Every save, publish, withdrawal and wait is a point; the job is killed at each of them in turn.
    backend.ours = ours
    points: list[str] = []

    def point(where: str) -> None:
        points.append(where)
        if len(points) == kill_at:
            raise Killed

    parked = []
    for kill_at in range(1, 100):
        points.clear()
        backend.orders, backend.keys, backend.asked = [], {}, 0
        folder = tmp_path / str(kill_at)
        folder.mkdir()
        desk = Desk(backend, desk.connect, desk.watch, folder)
        desk.shelf.point = desk.disk.point = point
        desk.watch.on_wait = lambda seconds: point("wait")
        try:
            desk.run()
            break
        except Killed:
            last = points[-1]
        try:
            assert read(desk.run()) == STEMS
            assert len(backend.orders) == 1
        except OutcomeUnknown:
            parked.append((last, len(backend.orders)))
    assert kill_at > 15
    # Only between the noted intention and the noted id is there a doubt, and only with a stranger.
    assert parked == ([] if ours else [("after save", 0), ("before save", 1)])


@pytest.mark.parametrize("fault", ["lost", (502, {}, b""), (200, {}, b'{"code": 1000')])
def test_an_order_whose_answer_is_lost_is_parked_and_never_repeated(
    desk: Desk, backend: Backend, fault: Reply | str
) -> None:
    backend.faults[CREATE_PATH] = [fault]
    for _ in range(3):
        with pytest.raises(OutcomeUnknown, match="3 minutes"):
            desk.run()
    assert len(backend.orders) <= 1
    assert desk.shelf.up, "the service may be fetching it"


@pytest.mark.parametrize("lost", [1, 5])
def test_our_own_server_is_asked_again_under_the_same_key(desk: Desk, backend: Backend, lost: int) -> None:
    backend.ours = True
    backend.faults[CREATE_PATH] = ["lost"] * lost
    assert read(desk.run()) == STEMS
    assert len(backend.orders) == 1


@pytest.mark.parametrize("taken", [True, False])
def test_our_own_server_that_stumbles_over_an_order_is_asked_again_under_the_same_key(
    desk: Desk, backend: Backend, taken: bool
) -> None:
    backend.ours = True
    stumble = envelope(SERVER_ERROR)
    backend.faults[CREATE_PATH] = ["stumble" if taken else stumble, stumble]
    assert read(desk.run()) == STEMS
    assert (len(backend.orders), len(backend.keys)) == (1, 1)
    assert len(desk.watch.waited) >= 2


def test_our_own_server_that_never_gets_up_is_shown_and_a_retry_goes_on_with_the_same_order(
    desk: Desk, backend: Backend
) -> None:
    backend.ours = True
    backend.faults[CREATE_PATH] = ["stumble", *[envelope(SERVER_ERROR)] * (BOUNDED_TRIES - 1)]
    with pytest.raises(UnknownCode, match="100500"):
        desk.run()
    assert backend.faults[CREATE_PATH] == []
    assert read(desk.run()) == STEMS
    assert (len(backend.orders), len(backend.keys)) == (1, 1)


def test_a_repeated_order_that_is_refused_at_the_door_still_keeps_its_key(desk: Desk, backend: Backend) -> None:
    backend.ours = True
    refusals: list[Reply | str] = [envelope(Code.RATE_LIMITED), envelope(Code.CONCURRENCY_LIMITED)]
    backend.faults[CREATE_PATH] = ["lost", *refusals, envelope(Code.INVALID_KEY)]
    with pytest.raises(RefusedByCloud):
        desk.run()
    assert read(desk.run()) == STEMS
    assert len(backend.orders) == 1


def test_an_unknown_health_delays_the_order_rather_than_risking_it(desk: Desk, backend: Backend) -> None:
    backend.ours = True
    backend.faults[HEALTH_PATH] = [(503, {}, b""), (502, {}, b"")]
    backend.faults[CREATE_PATH] = ["lost"]
    assert read(desk.run()) == STEMS
    assert len(backend.orders) == 1


@pytest.mark.parametrize("code", [Code.INSUFFICIENT_CREDIT, Code.INVALID_KEY, Code.SUSPENDED, Code.NOT_ENABLED])
def test_a_refused_order_is_withdrawn_and_goes_out_again_when_a_person_says_so(
    desk: Desk, backend: Backend, code: int
) -> None:
    backend.faults[CREATE_PATH] = [envelope(code)]
    with pytest.raises(RefusedByCloud) as raised:
        desk.run()
    assert raised.value.answered == code
    assert (backend.orders, desk.shelf.up, desk.watch.waited) == ([], {}, [])
    assert read(desk.run()) == STEMS
    assert len(backend.orders) == 1


@pytest.mark.parametrize("code", [100099, 100500, 7, Code.TASK_NOT_FOUND])
def test_a_code_that_no_order_can_have_leaves_the_outcome_unknown(desk: Desk, backend: Backend, code: int) -> None:
    backend.faults[CREATE_PATH] = [envelope(code)]
    for _ in range(2):
        with pytest.raises(OutcomeUnknown, match="3 minutes"):
            desk.run()
    assert backend.faults[CREATE_PATH] == [], "it was sent once"
    assert (backend.orders, len(desk.shelf.up)) == ([], 1)


@pytest.mark.parametrize("code", [Code.RATE_LIMITED, Code.CONCURRENCY_LIMITED])
def test_too_much_at_once_is_waited_out(desk: Desk, backend: Backend, code: Code) -> None:
    backend.faults[CREATE_PATH] = [envelope(code)] * 20
    assert read(desk.run()) == STEMS
    assert len(backend.orders) == 1
    assert desk.watch.notices


def test_a_retry_after_is_honoured_for_orders_and_questions(desk: Desk, backend: Backend) -> None:
    slow = 200, {"Retry-After": "900"}, envelope(Code.RATE_LIMITED)[2]
    backend.faults = {CREATE_PATH: [slow], GET_PATH: [slow]}
    desk.run()
    assert desk.watch.now >= 1800


def test_offline_for_an_hour_before_the_order_and_back(desk: Desk, nobody: str) -> None:
    def back(seconds: float) -> None:
        if desk.watch.now >= 3600:
            raise Killed

    desk.watch.on_wait = back
    with pytest.raises(Killed):
        desk.run(nobody)
    desk.watch.on_wait = lambda seconds: None
    assert read(desk.run()) == STEMS
    assert all("Trying again" in notice for notice in desk.watch.notices)


def test_offline_for_an_hour_while_waiting_and_back(desk: Desk, backend: Backend) -> None:
    backend.faults[GET_PATH] = [(502, {}, b"") for _ in range(60)]
    assert read(desk.run()) == STEMS
    assert desk.watch.now > 3600
    assert len(backend.orders) == 1


def test_codes_that_pass_are_asked_again_and_in_the_end_shown(desk: Desk, backend: Backend) -> None:
    backend.faults[GET_PATH] = [envelope(100099)] * 5
    assert read(desk.run()) == STEMS
    desk.disk.text = desk.disk.text.replace('"stems": {"vocals"', '"before": {"vocals"')
    backend.faults[GET_PATH] = [envelope(100500)] * 50
    with pytest.raises(UnknownCode, match="100500"):
        desk.run()
    assert len(backend.orders) == 1


def test_a_task_that_failed_may_be_ordered_again(desk: Desk, backend: Backend) -> None:
    backend.final = "failed"
    with pytest.raises(TaskFailed):
        desk.run()
    assert desk.shelf.up == {}
    backend.final = "success"
    assert read(desk.run()) == STEMS
    assert len(backend.orders) == 2


@pytest.mark.parametrize("words", ["Insufficient credit balance", " insufficient credit balance.\n"])
def test_a_task_that_failed_for_want_of_credit_waits_for_it_and_was_not_billed(
    desk: Desk, backend: Backend, words: str
) -> None:
    backend.final, backend.error = "failed", words
    minutes = []
    desk.disk.point = lambda where: minutes.append(desk.disk.load().get("minutes")) if where == "after save" else None
    with pytest.raises(InsufficientCredit, match="unpaid") as raised:
        desk.run()
    assert (raised.value.parked, raised.value.fails_over) == ("needs_credit", True)
    assert "stembridge retry" in raised.value.advice
    assert desk.shelf.up == {}
    assert minutes[-2:] == [0, 0], "taken off the bill before the task is forgotten"
    backend.final, backend.error = "success", ""
    assert desk.run().minutes == 2
    assert len(backend.orders) == 2


def test_a_task_that_failed_for_another_reason_says_which(desk: Desk, backend: Backend) -> None:
    backend.final, backend.error = "failed", "Insufficient credit balance\u2028of trust"
    with pytest.raises(TaskFailed, match="bounce: Insufficient credit balance of trust"):
        desk.run()


@pytest.mark.parametrize("left", [0, 2])
def test_too_little_credit_at_our_own_server_is_known_before_anything_is_uploaded(
    desk: Desk, backend: Backend, left: int
) -> None:
    backend.ours, backend.balance = True, left
    for _ in range(2):
        with pytest.raises(InsufficientCredit, match=f"3 started minutes, and the key has {left} left"):
            desk.run()
    assert (desk.shelf.count, backend.orders) == (0, [])
    backend.balance = 3
    assert read(desk.run()) == STEMS
    assert len(backend.orders) == 1


@pytest.mark.parametrize(
    "answer",
    [
        (500, {}, b""),
        (200, {}, b"<html>"),
        envelope(Code.INVALID_KEY),
        envelope(Code.RATE_LIMITED),
        envelope(Code.SUCCESS, {"available": None}),
        envelope(Code.SUCCESS),
    ],
)
def test_a_balance_that_nobody_knows_keeps_no_job_back(desk: Desk, backend: Backend, answer: Reply) -> None:
    backend.ours = True
    backend.faults[BALANCE_PATH] = [answer]
    assert read(desk.run()) == STEMS
    assert backend.faults[BALANCE_PATH] == []


def test_a_task_that_is_gone_is_parked_and_never_ordered_again_by_itself(desk: Desk, backend: Backend) -> None:
    backend.faults[GET_PATH] = [envelope(Code.TASK_NOT_FOUND)] * 3
    for _ in range(3):
        with pytest.raises(TaskGone) as raised:
            desk.run()
        assert raised.value.parked == "needs_review"
    assert len(backend.orders) == 1
    assert desk.shelf.up == {}


def test_a_job_that_is_cancelled_takes_its_mix_back(desk: Desk) -> None:
    def cancel(seconds: float) -> None:
        desk.watch.cancelled = True

    desk.watch.on_wait = cancel
    with pytest.raises(StepCancelled):
        desk.run()
    assert desk.shelf.up == {}


def test_a_mix_that_cannot_be_taken_back_ends_no_job(desk: Desk) -> None:
    desk.shelf.fails = True
    assert read(desk.run()) == STEMS


def test_a_url_that_ran_out_while_waiting_for_room_is_published_anew(desk: Desk, backend: Backend) -> None:
    desk.watch.on_wait = lambda seconds: desk.watch.waited.append(86_400.0)
    backend.faults[CREATE_PATH] = [envelope(Code.CONCURRENCY_LIMITED)]
    assert read(desk.run()) == STEMS
    assert desk.shelf.count == 2
    assert backend.orders[0]["inputurl"] == "https://files.example/2/mix.flac"


def test_links_that_have_expired_are_asked_for_again(desk: Desk, backend: Backend) -> None:
    backend.faults["/result/other.wav"] = [(403, {}, b"expired"), (410, {}, b"gone")]
    assert read(desk.run()) == STEMS
    assert len(backend.orders) == 1


def test_links_that_lead_nowhere_end_with_a_word_and_the_task_is_kept(desk: Desk, backend: Backend) -> None:
    backend.faults["/result/other.wav"] = [(404, {}, b"")] * 20
    with pytest.raises(ProtocolError, match="404"):
        desk.run()
    backend.faults.clear()
    assert read(desk.run()) == STEMS
    assert len(backend.orders) == 1


def test_a_success_without_any_link_says_so(desk: Desk, backend: Backend) -> None:
    backend.faults[GET_PATH] = [envelope(Code.SUCCESS, {"status": "success"})]
    with pytest.raises(ProtocolError, match="no link"):
        desk.run()


def test_an_unreachable_service_is_no_reason_to_fail_over_by_itself() -> None:
    assert InsufficientCredit.fails_over
    assert not NotSent.fails_over
    assert not OutcomeUnknown.fails_over


def test_secrets_stay_out_of_the_log(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    desk.run()
    for secret in ("sk-7f3e9a", "signature=", "files.example"):
        assert secret not in caplog.text
