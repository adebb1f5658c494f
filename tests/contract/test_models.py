"""Our client against our server over real HTTP: every model, from the bounce to the delivery."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge.delivery.receipt import Receipt, read
from bridge.errors import ModelUnsupported
from bridge.protocol.messages import TaskData
from bridge.publish.own_server import OwnServer
from bridge.separation import registry
from bridge.separation.catalogue import Model, models
from bridge.separation.separator import SeparationRequest, Separator
from bridge.server.app import build_app
from bridge.server.listen import open_socket, web_server
from bridge.server.options import Engines, ServerOptions, local_engine
from bridge.server.state import Outside, ServerState
from bridge.units import Progress
from tests.pipeline.cloud_double import Bridge

pytestmark = pytest.mark.xdist_group("every model in one bridge")

DOCUMENTED = {
    350: ["vocals"],
    490: ["lead_vocals", "backing_vocals", "other"],
    340: ["drums"],
    360: ["bass"],
    380: ["piano"],
    390: ["guitar"],
    491: ["strings"],
    492: ["wind"],
    493: ["synthesizer"],
    501: ["bass", "drums", "vocals", "other"],
    320: ["bass", "drums", "vocals", "piano", "guitar", "other"],
}
"""The stems of each model as the service's page names them, not as our catalogue does."""

SHARES = "shares"


class Shares:
    """An engine for every model: the stems are unequal shares of the mix, the first one the largest."""

    name = SHARES

    def separate(self, request: SeparationRequest, progress: Progress) -> Mapping[str, Path]:
        samples, rate = soundfile.read(request.mix, dtype="float32", always_2d=True)
        paths = {name: request.folder / f"{name}.wav" for name in request.model.delivered}
        weights = np.arange(len(paths), 0, -1, dtype=np.float32)
        for path, weight in zip(paths.values(), weights / weights.sum(), strict=True):
            soundfile.write(path, samples * weight, rate, subtype="FLOAT")
        progress(1.0)
        return paths


def _choose(model: Model) -> str:
    try:
        return local_engine(model)
    except ModelUnsupported:
        return SHARES


def _load(name: str) -> Separator:
    return Shares() if name == SHARES else registry.separator(name)


@contextmanager
def _server(folder: Path) -> Iterator[tuple[ServerState, str]]:
    """A server that listens on loopback, and its address."""
    options = ServerOptions(folder, port=0, workers=2)
    with ExitStack() as stack:
        executor = stack.enter_context(ThreadPoolExecutor(2))
        state = stack.enter_context(ServerState(options, Outside(executor, Engines(_choose, _load))))
        listening = stack.enter_context(open_socket(options))
        listener = web_server(build_app(state), options)
        thread = threading.Thread(target=listener.serve, args=(listening,))
        thread.start()
        stack.callback(thread.join)
        stack.callback(listener.stop)
        yield state, f"http://127.0.0.1:{listening.getsockname()[1]}"


@dataclass
class Outcome:
    """What the server answered for a model, and what the bridge made of it."""

    answer: TaskData
    bounce: Path
    folder: Path
    receipt: Receipt


@dataclass
class Outcomes:
    """All of them, and the balance of a key that had 20 minutes."""

    of: dict[int, Outcome]
    balance: int


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    root = tmp_path_factory.mktemp("models")
    with _server(root / "server") as (state, url):
        key = state.tables.keys.create("studio")
        state.tables.keys.credit("studio", 20)
        (root / "bridge").mkdir()
        bridge = Bridge(root / "bridge", url, key=key, publisher=OwnServer(url, key), at_once=6)
        try:
            jobs = {number: bridge.bounce(f"Song {number}.wav", model=number) for number in DOCUMENTED}
            bridge.start()
            found = {}
            for number, job in jobs.items():
                done = bridge.wait(job)
                assert done.folder is not None, done
                remote_id = json.loads(bridge.store.notes.checkpoint(job.id))["remote_id"]
                answer, receipt = bridge.client.get(remote_id), read(done.folder / "stems.json")
                found[number] = Outcome(answer, done.source, done.folder, receipt)
        finally:
            bridge.close()
        return Outcomes(found, state.tables.keys.usage()[0].balance)


def test_the_catalogue_has_the_documented_models_and_stems() -> None:
    assert {model.id: list(model.stems) for model in models().values()} == DOCUMENTED


@pytest.mark.slow
@pytest.mark.parametrize("model", DOCUMENTED)
def test_the_server_names_the_stems_as_the_service_does(outcomes: Outcomes, model: int) -> None:
    # Its page shows what is left of the mix as "other" beside a single stem.
    wanted = DOCUMENTED[model] if len(DOCUMENTED[model]) > 1 else [*DOCUMENTED[model], "other"]
    assert sorted(outcomes.of[model].answer.output) == sorted(wanted)
    assert outcomes.of[model].answer.zip_url


@pytest.mark.slow
@pytest.mark.parametrize("model", DOCUMENTED)
def test_the_bridge_delivers_the_stems_of_each_model_and_the_complement_of_a_single_one(
    outcomes: Outcomes, model: int
) -> None:
    outcome, stems = outcomes.of[model], DOCUMENTED[model]
    wanted = stems if len(stems) > 1 else [*stems, f"no_{stems[0]}"]
    receipt = outcome.receipt
    assert [stem.name for stem in receipt.stems] == wanted
    assert (receipt.engine, receipt.model.id, receipt.billed_minutes) == ("api", model, 1)
    assert all(stem.frames == receipt.source.frames for stem in receipt.stems)
    made = [soundfile.read(outcome.folder / stem.file)[0] for stem in receipt.stems]
    mix = soundfile.read(outcome.bounce)[0] * 10 ** ((receipt.normalise.gain_db or 0.0) / 20)
    assert np.abs(sum(made) - mix).max() < 1e-5
    if model in (491, 492, 493):  # the shares made them: two thirds, and one third left
        assert np.abs(made[0] - 2 * made[1]).max() < 1e-5


@pytest.mark.slow
def test_each_of_them_cost_one_started_minute(outcomes: Outcomes) -> None:
    assert outcomes.balance == 20 - len(DOCUMENTED)
