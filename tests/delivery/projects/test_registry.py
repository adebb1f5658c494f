from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import pytest

from bridge.config.settings import Output
from bridge.delivery.projects.registry import KINDS, write_projects
from bridge.errors import StorageError
from bridge.units import ProjectKind

if TYPE_CHECKING:
    from tests.delivery.projects.conftest import Takes


def test_the_configuration_the_order_and_the_registry_know_the_same_kinds() -> None:
    assert tuple(KINDS) == get_args(ProjectKind) == Output(projects=list(KINDS)).projects  # type: ignore[arg-type]


def test_each_kind_is_a_file_named_after_the_song(takes: Takes) -> None:
    receipt = takes.receipt('Who: "me"?')
    names = write_projects(receipt, KINDS, takes.delivered(receipt))
    song = "Who_ _me__"
    assert names == (f"{song}.RPP", f"{song}.RTrackTemplate", f"{song}.dawproject", f"{song} with stems.dawproject")
    assert all((takes.folder / name).stat().st_size for name in names)
    assert not {name.casefold() for name in names} & {stem.file.casefold() for stem in receipt.stems}


def test_a_kind_asked_for_twice_is_written_once(takes: Takes) -> None:
    receipt = takes.receipt()
    assert write_projects(receipt, ["rpp", "rpp"], takes.delivered(receipt)) == ("Mix.RPP",)


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_disk_that_is_gone_is_an_error_that_can_be_tried_again(kind: str, takes: Takes) -> None:
    with pytest.raises(StorageError, match="Writing the project files") as caught:
        write_projects(takes.receipt(), [kind], takes.folder / "unplugged")
    assert caught.value.retryable
