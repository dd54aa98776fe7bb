"""What holds for file bytes on disk alone."""

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from boxwood.lib.blobs import PIECE, Disk, Missing, StoreFailed

KILLED_IN_MID_WRITE = """
import os, signal, sys
from pathlib import Path
from boxwood.lib.blobs import Disk

def source():
    yield bytes(100_000)
    os.kill(os.getpid(), signal.SIGKILL)

Disk(Path(sys.argv[1])).write(source())
"""


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path / "data" / "files")


def files(disk: Disk) -> list[str]:
    return sorted(str(path.relative_to(disk.root)) for path in disk.root.rglob("*") if path.is_file())


def test_a_file_lies_two_directories_down_and_is_its_owners_alone(disk: Disk) -> None:
    blob = disk.write([b"secret"]).id
    assert files(disk) == [f"{blob[:2]}/{blob[2:4]}/{blob}"]
    place = disk.root / blob[:2] / blob[2:4] / blob
    assert place.stat().st_mode & 0o777 == 0o600
    assert {directory.stat().st_mode & 0o777 for directory in place.parents[:3]} == {0o700}


def test_two_of_one_directory_do_not_disturb_each_other(disk: Disk) -> None:
    first, second = disk.write([b"1"]), disk.write([b"2"])
    again = Disk(disk.root)
    assert b"".join(again.read(first.id)) == b"1"
    assert b"".join(again.read(second.id)) == b"2"


def test_a_killed_process_leaves_no_file_and_its_rest_is_swept_when_old(disk: Disk) -> None:
    ran = subprocess.run([sys.executable, "-c", KILLED_IN_MID_WRITE, str(disk.root)], check=False)
    assert ran.returncode == -signal.SIGKILL
    (rest,) = disk.incoming.iterdir()
    assert files(disk) == [f"incoming/{rest.name}"]
    with pytest.raises(Missing):
        disk.read(rest.name)
    touched = rest.stat().st_mtime
    assert disk.sweep(before=touched) == 0
    assert disk.sweep(before=touched + 1) == 1
    assert files(disk) == []


def test_a_full_disk_is_told_and_leaves_nothing(disk: Disk) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(StoreFailed, match="the data directory failed: File too large"):
            disk.write(bytes(20_000) for _ in range(5))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert files(disk) == []


def test_a_lost_directory_is_told(disk: Disk) -> None:
    disk.incoming.rmdir()
    with pytest.raises(StoreFailed, match="No such file or directory"):
        disk.write([b"x"])


def test_a_file_deleted_while_read_is_read_to_its_end(disk: Disk) -> None:
    body = bytes(3 * PIECE)
    blob = disk.write([body]).id
    pieces = disk.read(blob)
    first = next(pieces)
    disk.delete(blob)
    assert first + b"".join(pieces) == body


def test_a_file_cut_short_under_its_reader_is_told(disk: Disk) -> None:
    blob = disk.write([bytes(3 * PIECE)]).id
    pieces = disk.read(blob)
    next(pieces)
    os.truncate(disk.root / blob[:2] / blob[2:4] / blob, PIECE)
    with pytest.raises(StoreFailed, match="shorter"):
        list(pieces)
