from __future__ import annotations

import re

import pytest

from bridge.separation.catalogue import models
from bridge.separation.registry import ENGINES
from bridge.separation.weights.catalogue import WeightsFile, by_sha256, weights


@pytest.mark.parametrize("file", weights().values(), ids=list(weights()))
def test_every_file_says_where_it_is_what_it_is_and_under_which_licence(file: WeightsFile) -> None:
    assert file.urls
    assert all(url.startswith("https://") and url.endswith(f"/{file.file}") for url in file.urls)
    assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
    assert file.bytes > 10**6
    assert all((file.revision, file.licence, file.licence_source, file.about))
    assert re.fullmatch(r"20\d\d-\d\d", file.seen)
    assert by_sha256(file.sha256) == file


def test_no_licence_is_claimed_for_the_weights_of_demucs() -> None:
    demucs = [file for name, file in weights().items() if name.startswith("htdemucs")]
    assert len(demucs) == 4
    assert all("none granted" in file.licence for file in demucs)


@pytest.mark.parametrize("model_id", models())
def test_every_model_has_a_local_engine_with_weights_of_the_catalogue(model_id: int) -> None:
    row = models()[model_id]
    local = [engine for name, engine in ENGINES.items() if name in {"demucs", "roformer"} and engine.makes(row)]
    assert len(local) == 1
    hashes = local[0].weights(local[0].pass_of(row))
    assert all(by_sha256(sha256) for sha256 in hashes)
    assert hashes[0] in local[0].made_by(row)
