"""What a disk does to a job."""

from __future__ import annotations

import errno

from bridge.errors.root import StembridgeError


class StorageError(StembridgeError):
    """A disk is full, gone or not writable. Retried automatically: most such faults are temporary."""

    default_code = "storage"
    retryable = True

    @classmethod
    def from_os(cls, error: OSError, doing: str) -> StorageError:
        """Translate an `OSError` met while `doing` (a clause: "writing the stems")."""
        reason = error.strerror or str(error)
        where = f" ({error.filename})" if error.filename else ""
        code, advice = _STORAGE_HINTS.get(error.errno or 0, ("storage.failed", "Check the disk, then retry the job."))
        return cls(f"{doing}: {reason}{where}", code=code, advice=advice)


_STORAGE_HINTS = {
    errno.ENOSPC: ("storage.full", "Free some space on that disk."),
    errno.EDQUOT: ("storage.full", "Your quota on that disk is used up; free some space."),
    errno.EACCES: ("storage.denied", "Give Stembridge the right to write there, or choose another folder."),
    errno.EPERM: ("storage.denied", "Give Stembridge the right to write there, or choose another folder."),
    errno.EROFS: ("storage.denied", "That disk is read-only; choose another folder."),
    errno.EIO: ("storage.failed", "The disk reported a read or write error; check it before you go on."),
    errno.ENOENT: ("storage.gone", "The folder is gone; is the disk connected?"),
}


class DeliveryOvertaken(StorageError):
    """Something that is not this job's lies where its take was to go. Nothing was overwritten: plan anew."""

    default_code = "storage.overtaken"
    default_advice = "Nothing was overwritten; the job takes the next free place."
