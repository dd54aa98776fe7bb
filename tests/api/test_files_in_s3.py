"""Files whose bytes are in a bucket."""

from collections.abc import Iterator

import pytest

from boxwood.jobs import upkeep
from tests.conftest import Server, Store, World, ok
from tests.lib import s3_server
from tests.lib.s3_server import BUCKET


@pytest.fixture(scope="module")
def bucket() -> Iterator[s3_server.Server]:
    running = s3_server.start()
    yield running
    running.stop()


@pytest.fixture
def world(fresh_store: Store, bucket: s3_server.Server) -> Iterator[World]:
    config = fresh_store.config(
        s3_bucket=BUCKET, s3_endpoint=bucket.endpoint, s3_key=bucket.key, s3_secret=bucket.secret, s3_prefix="crm"
    )
    running = Server(config).start()
    new_world = World(running)
    yield new_world
    new_world.close()
    running.stop()


def test_a_file_is_stored_in_the_bucket_read_in_ranges_and_deleted(world: World, bucket: s3_server.Server) -> None:
    box = world.box(world.pipeline())["key"]
    content = bytes(range(256)) * 80_000  # 20 MB, uploaded in parts
    file = ok(world.ada.http.post(f"/api/v2/boxes/{box}/files?fileName=a.bin", content=content))
    (name,) = bucket.objects()
    assert name.startswith("crm/")
    path = f"/api/v1/files/{file['key']}/contents"
    assert world.ada.http.get(path).content == content
    assert world.ada.http.get(path, headers={"Range": "bytes=-3"}).content == b"\xfd\xfe\xff"
    ok(world.ada.http.delete(f"/api/v2/files/{file['key']}"))
    assert upkeep.sweep(world.server.engine, world.server.boxwood.store, world.clock()) == 0
    world.clock.advance(days=31)
    assert upkeep.sweep(world.server.engine, world.server.boxwood.store, world.clock()) == 1
    assert bucket.objects() == []
    assert not list(world.server.boxwood.config.data.rglob("files/*"))


def test_a_too_large_upload_leaves_no_object_in_the_bucket(world: World, bucket: s3_server.Server) -> None:
    box = world.box(world.pipeline())["key"]
    world.server.boxwood.api.max_file_size = 20_000_000
    too_large = (bytes(1_000_000) for _ in range(21))
    answer = world.ada.http.post(f"/api/v2/boxes/{box}/files?fileName=a.bin", content=too_large)
    assert answer.status_code == 413
    assert (bucket.objects(), bucket.unfinished()) == ([], [])
    assert ok(world.ada.http.get(f"/api/v1/boxes/{box}/files")) == []
