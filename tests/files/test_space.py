from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bridge.errors import StorageError
from bridge.files.space import require_space


def test_what_fits_passes(tmp_path: Path) -> None:
    require_space(tmp_path, 1000, "the stems")


def test_what_cannot_fit_is_told_with_both_sizes(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"Too little space for the stems .* needed, .* free") as caught:
        require_space(tmp_path, shutil.disk_usage(tmp_path).total * 2, "the stems")
    assert caught.value.code == "storage.full"
    assert caught.value.retryable


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught:
        require_space(tmp_path / "gone", 1, "the stems")
    assert caught.value.code == "storage.gone"
