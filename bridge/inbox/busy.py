"""Does another program have a file open for writing? Windows tells, and Linux does through a file lease."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _GENERIC_READ = 0x80000000
    _FILE_SHARE_READ = 0x1
    _OPEN_EXISTING = 3
    _SHARING_VIOLATION = 32
    _LOCK_VIOLATION = 33
    _INVALID_HANDLE = wintypes.HANDLE(-1).value

    _kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
    _create_file = _kernel32.CreateFileW
    _create_file.restype = wintypes.HANDLE
    _create_file.argtypes = [
        wintypes.LPCWSTR,
        wintypes.DWORD,
        wintypes.DWORD,
        wintypes.LPVOID,
        wintypes.DWORD,
        wintypes.DWORD,
        wintypes.HANDLE,
    ]
    _kernel32.CloseHandle.argtypes = [wintypes.HANDLE]

    def held_by_a_writer(path: str) -> bool:
        """Open the file and allow others only to read it: Windows refuses that where a program writes.

        Python's own `open` allows others to write and so proves nothing. Other readers do not count: a DAW or a virus
        scanner may keep a finished bounce open for long.
        """
        handle = _create_file(path, _GENERIC_READ, _FILE_SHARE_READ, None, _OPEN_EXISTING, 0, None)
        if handle == _INVALID_HANDLE:
            return ctypes.get_last_error() in (_SHARING_VIOLATION, _LOCK_VIOLATION)
        _kernel32.CloseHandle(handle)
        return False

else:

    def held_by_a_writer(_path: str) -> bool:
        """Return False: other systems do not tell. Only stillness and the container show that a file is finished."""
        return False


if sys.platform == "linux":
    import errno
    import fcntl
    import os
    import signal

    def open_for_writing(path: str) -> bool:
        """Ask for a read lease: Linux refuses it while a program has the file open for writing (fcntl(2), F_SETLEASE).

        Returns False where the file belongs to another user or its disk has no leases. Used for files that somebody
        names. The inbox waits until a file stands still instead: some programs never close a finished one.
        Raises `OSError` where the file cannot be read.
        """
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            # If a program opens it for writing now, the kernel sends a signal. The default one would end this process.
            fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        except OSError as error:
            return error.errno == errno.EAGAIN
        finally:
            os.close(descriptor)
        return False

else:

    def open_for_writing(path: str) -> bool:
        """Return what `held_by_a_writer` returns."""
        return held_by_a_writer(path)
