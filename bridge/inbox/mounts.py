"""Is a folder on a network share? There file events do not tell what other machines do."""

from __future__ import annotations

import re
import sys
from pathlib import Path

# fmt: off
_NETWORK = frozenset(
    {
        "9p", "afs", "ceph", "cifs", "coda", "davfs", "drvfs", "gfs2",
        "glusterfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "prl_fs", "smb",
        "smb2", "smb3", "smbfs", "vboxsf", "virtiofs", "vmhgfs", "fuse.davfs2", "fuse.glusterfs",
        "fuse.gvfsd-fuse", "fuse.rclone", "fuse.s3fs", "fuse.sshfs", "fuse.vmhgfs-fuse",
    }
)
# fmt: on
_ESCAPE = re.compile(r"\\([0-7]{3})")


def file_system_of(folder: str, mounts: str) -> str:
    """Return the type of the file system that holds an absolute path, given the text of `/proc/mounts`.

    Empty where no line fits. Blanks and tabs in a mount point are octal there (proc(5)).
    """
    best, kind = "", ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = _ESCAPE.sub(lambda match: chr(int(match[1], 8)), fields[1])
        inside = folder == point or folder.startswith(point.rstrip("/") + "/")
        # The later of two mounts at one point hides the earlier one.
        if inside and len(point) >= len(best):
            best, kind = point, fields[2]
    return kind


if sys.platform == "win32":

    def on_network(folder: Path) -> bool:
        """Say whether a folder has a UNC path. For mapped drives the configuration has to say it."""
        return str(folder).startswith("\\\\")

else:

    def on_network(folder: Path) -> bool:
        """Say whether a folder lies on a network share, as far as Linux tells.

        On macOS the configuration has to say it (`polling = true`).
        """
        try:
            mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            return False
        return file_system_of(str(folder.resolve()), mounts) in _NETWORK
