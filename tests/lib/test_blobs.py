"""The promises of every store of file bytes: on disk and in an S3 server."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from boxwood.lib.blobs import PIECE, Blobs, Disk, Missing, StoreFailed, new_ids
from boxwood.lib.s3 import PART, S3

from .s3_server import BUCKET

BYTES = bytes(range(251)) * (2 * PART // 251)


@pytest.fixture(params=["disk", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "disk":
        return Disk(tmp_path / "files")
    server = request.getfixturevalue("server")
    return S3(server.endpoint, BUCKET, server.key, server.secret, prefix="some/where")


def cut(body: bytes, size: int) -> Iterator[bytes]:
    return (body[at : at + size] for at in range(0, len(body), size))


def left(blobs: Blobs, request: pytest.FixtureRequest) -> list[str]:
    """Everything the store holds, whole or not."""
    if isinstance(blobs, Disk):
        return [path.name for path in blobs.root.rglob("*") if path.is_file()]
    server = request.getfixturevalue("server")
    return server.objects() + server.unfinished()


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, PART - 1, PART, PART + 1, 2 * PART - 251])
@pytest.mark.parametrize("chunk", [PART * 3, 65_537])
def test_what_was_written_is_read(blobs: Blobs, size: int, chunk: int) -> None:
    body = BYTES[:size]
    stored = blobs.write(cut(body, chunk))
    assert stored.size == size == blobs.size(stored.id)
    assert stored.sha256 == hashlib.sha256(body).hexdigest()
    assert b"".join(blobs.read(stored.id)) == body
    blobs.delete(stored.id)


def test_a_part_is_read(blobs: Blobs) -> None:
    body = BYTES[: 2 * PIECE + 100]
    blob = blobs.write([body]).id
    size = len(body)
    for start, end in [(0, 1), (0, size), (1, 1), (5, 10), (PIECE - 1, PIECE + 1), (size - 1, size), (size, size)]:
        assert b"".join(blobs.read(blob, start, end)) == body[start:end]
    assert b"".join(blobs.read(blob, 7)) == body[7:]
    assert max(len(piece) for piece in blobs.read(blob)) <= 2 * PIECE
    blobs.delete(blob)


@pytest.mark.parametrize(("start", "end"), [(-1, 5), (5, 4), (0, 11), (11, 12), (10, 11), (2**40, 2**41), (11, 11)])
def test_a_range_outside_the_file_is_the_callers_mistake(blobs: Blobs, start: int, end: int) -> None:
    blob = blobs.write([b"0123456789"]).id
    with pytest.raises(ValueError):
        blobs.read(blob, start, end)
    blobs.delete(blob)


def test_what_is_deleted_is_gone_and_only_that(blobs: Blobs, request: pytest.FixtureRequest) -> None:
    gone, kept = blobs.write([b"gone"]), blobs.write([b"kept"])
    blobs.delete(gone.id)
    blobs.delete(gone.id)
    for look in (blobs.read, blobs.size):
        with pytest.raises(Missing):
            look(gone.id)
    with pytest.raises(Missing):
        blobs.read(gone.id, 0, 0)
    assert b"".join(blobs.read(kept.id)) == b"kept"
    blobs.delete(kept.id)
    assert left(blobs, request) == []


@pytest.mark.parametrize(
    "blob", ["", "../../etc/passwd", "..", "a/b", "A" * 32, "a" * 31, "a" * 33, "a" * 32 + "\n", "é" * 32]
)
def test_an_id_we_did_not_make_is_never_looked_for(blobs: Blobs, blob: str) -> None:
    for look in (blobs.read, blobs.size, blobs.delete):
        with pytest.raises(Missing):
            look(blob)


@pytest.mark.parametrize("size", [0, 100, PART + 1, 2 * PART - 251])
@pytest.mark.parametrize("failure", [RuntimeError("the body is too large"), ConnectionResetError("the client went")])
def test_a_source_that_fails_comes_out_as_it_is_and_leaves_nothing(
    blobs: Blobs, request: pytest.FixtureRequest, size: int, failure: Exception
) -> None:
    def source() -> Iterator[bytes]:
        yield from cut(BYTES[:size], 1_000_000)
        raise failure

    with pytest.raises(type(failure)) as raised:
        blobs.write(source())
    assert raised.value is failure
    assert left(blobs, request) == []


def test_many_at_once_keep_apart(blobs: Blobs) -> None:
    bodies = [bytes([n]) * (n * 40_000) for n in range(16)]
    with ThreadPoolExecutor(8) as pool:
        stored = list(pool.map(lambda body: blobs.write(cut(body, 30_000)), bodies))
        read = list(pool.map(lambda blob: b"".join(blobs.read(blob.id)), stored))
        list(pool.map(lambda blob: blobs.delete(blob.id), stored))
    assert read == bodies
    assert len({blob.id for blob in stored}) == len(bodies)


@pytest.mark.parametrize("blob", ["/precious", "../../../precious", "..", "a" * 31, "A" * 32, "a" * 33, "a/" * 16])
def test_an_id_of_another_form_is_refused_before_anything_is_written(
    blobs: Blobs, request: pytest.FixtureRequest, tmp_path: Path, blob: str
) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"precious")
    before = left(blobs, request)
    with pytest.raises(Missing):
        blobs.write([b"evil"], str(precious) if blob == "/precious" else blob)
    assert precious.read_bytes() == b"precious"
    assert left(blobs, request) == before


def test_many_files_are_written_together(blobs: Blobs) -> None:
    contents = {blob: bytes([number]) * number * 1000 for number, blob in enumerate(new_ids(30))}
    stored = blobs.write_many(contents)
    for blob, content in contents.items():
        assert (stored[blob].id, stored[blob].size) == (blob, len(content))
        assert stored[blob].sha256 == hashlib.sha256(content).hexdigest()
        assert b"".join(blobs.read(blob)) == content
        blobs.delete(blob)
    assert blobs.write_many({}) == {}


def test_if_one_of_many_cannot_be_written_none_of_the_others_is_stored(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    disk, ids = Disk(tmp_path / "files"), new_ids(3)
    disk.write([b"first"], ids[-1])
    with pytest.raises(StoreFailed):
        disk.write_many(dict.fromkeys(ids, b"second"))
    assert left(disk, request) == [ids[-1]]
    assert b"".join(disk.read(ids[-1])) == b"first"
