from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bridge.delivery.folder import discard_staging, staging_folder, sweep

if TYPE_CHECKING:
    from tests.delivery.conftest import Studio


def test_stems_wait_in_a_hidden_folder_of_the_output_folder(tmp_path: Path) -> None:
    assert staging_folder(tmp_path, "j1") == tmp_path / ".stembridge" / "j1"
    assert not (tmp_path / ".stembridge").exists()


def test_what_is_discarded_leaves_nothing_behind(studio: Studio) -> None:
    studio.stage("j1")
    discard_staging(studio.output, "j1")
    assert list(studio.output.iterdir()) == []


def test_what_another_job_stages_stays(studio: Studio) -> None:
    studio.stage("j1")
    studio.stage("j2")
    discard_staging(studio.output, "j1")
    assert [path.name for path in (studio.output / ".stembridge").iterdir()] == ["j2"]


@pytest.mark.parametrize("folder", ["Stems", "gone"])
def test_there_may_be_nothing_to_discard_or_sweep(studio: Studio, folder: str) -> None:
    output = studio.output.with_name(folder)
    discard_staging(output, "j1")
    sweep(output, set())
    assert list(studio.output.iterdir()) == []
    assert not (studio.output.parent / "gone").exists()


def test_sweeping_keeps_what_living_jobs_have_staged(studio: Studio) -> None:
    for job in ("dead", "alive"):
        studio.stage(job)
    studio.deliver("done")
    sweep(studio.output, {"alive"})
    assert [path.name for path in (studio.output / ".stembridge").iterdir()] == ["alive"]
    sweep(studio.output, set())
    assert [path.name for path in studio.output.iterdir()] == ["Mix"]
