from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bridge.inbox.mounts import file_system_of, on_network

MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
proc /proc proc rw 0 0
//nas/music /mnt/nas cifs rw 0 0
server:/x /mnt/nas/deep nfs4 rw 0 0
me@host:/ /mnt/two\\040words fuse.sshfs rw 0 0
tmpfs /mnt/over tmpfs rw 0 0
host:/y /mnt/over nfs rw 0 0
broken
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/home/me/inbox", "ext4"),
        ("/mnt/nas", "cifs"),
        ("/mnt/nas/inbox", "cifs"),
        ("/mnt/nasty", "ext4"),
        ("/mnt/nas/deep/inbox", "nfs4"),
        ("/mnt/two words/inbox", "fuse.sshfs"),
        ("/mnt/over/inbox", "nfs"),
    ],
)
def test_the_innermost_and_latest_mount_holds_a_folder(folder: str, kind: str) -> None:
    assert file_system_of(folder, MOUNTS) == kind


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no mount table")
def test_the_disk_under_this_test_is_no_share(tmp_path: Path) -> None:
    assert not on_network(tmp_path)
