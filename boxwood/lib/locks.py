"""Locks between processes, by files. A lock ends with its process, even if the process is killed."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def hold(path: Path, *, shared: bool = False) -> Iterator[bool]:
    """Take the lock while the block runs, and yield whether it was free. Several processes may hold a `shared` lock at
    the same time."""
    with open(path, "a") as file:
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
