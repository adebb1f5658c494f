from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from bridge.jobs.spec import JobSpec
from bridge.units import ProjectKind

specs = st.builds(
    JobSpec,
    output=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30).map(Path),
    lufs=st.none() | st.floats(-70, 0),
    projects=st.lists(st.sampled_from(get_args(ProjectKind))).map(tuple),
)


@given(specs)
def test_a_spec_comes_back_from_the_store_as_it_went_in(spec: JobSpec) -> None:
    assert JobSpec.from_json(spec.to_json()) == spec


def test_a_spec_of_a_newer_version_is_read_without_what_is_unknown() -> None:
    spec = JobSpec(output=Path("out"))
    row = {**json.loads(spec.to_json()), "colour": "blue"}
    assert JobSpec.from_json(json.dumps(row)) == spec


def test_a_spec_of_an_older_version_asks_for_no_project_files() -> None:
    row = json.loads(JobSpec(output=Path("out")).to_json())
    del row["projects"]
    assert JobSpec.from_json(json.dumps(row)) == JobSpec(output=Path("out"))
