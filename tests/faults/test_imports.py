"""An import goes on where it stopped, however it was stopped."""

import time
from typing import Any

import httpx
import pytest

from boxwood.db.open import open_engine
from tests.conftest import Store, ok
from tests.faults.test_crashes import a_key
from tests.processes import Process

ROWS = 12_000


@pytest.mark.slow
def test_an_import_that_was_killed_or_stopped_counts_no_row_twice_and_misses_none(fresh_store: Store) -> None:
    server = Process(fresh_store)
    auth = (a_key(fresh_store), "")
    table = "name\n" + "".join(f"box {number}\n" for number in range(ROWS))
    with httpx.Client(base_url=server.url, auth=auth, timeout=120, trust_env=False) as client:
        pipeline = ok(client.put("/api/v1/pipelines?name=Deals"))["key"]
        headers = {"content-type": "text/csv"}
        key = ok(client.post(f"/api/v2/pipelines/{pipeline}/import", content=table.encode(), headers=headers))["key"]

        def until(found: Any) -> dict[str, Any]:
            deadline = time.monotonic() + 120
            while not found(now := ok(client.get(f"/api/v2/imports/{key}"))):
                assert now["state"] in ("waiting", "running"), now
                assert time.monotonic() < deadline, now
            return dict(now)

        first = until(lambda now: now["created"])
        server.kill()
        server.start()
        until(lambda now: now["created"] > first["created"])
        assert server.stop() == 0
        server.start()
        last = until(lambda now: now["state"] == "done")
        assert (last["rows"], last["created"], last["refused"]) == (ROWS, ROWS, 0)
        boxes = ok(client.get(f"/api/v1/pipelines/{pipeline}/boxes"))
        assert [box["name"] for box in boxes] == [f"box {number}" for number in range(ROWS)]
    assert server.stop() == 0
    assert created_in(fresh_store) == (ROWS, ROWS)


def created_in(store: Store) -> tuple[int, int]:
    """The number of events of new boxes, and of the boxes in them."""
    engine = open_engine(store.url, store.config().sqlite_path, readers=1)
    try:
        sql = "SELECT COUNT(*), COUNT(DISTINCT box_key) FROM events WHERE kind = 'box.created'"
        row = engine.read(lambda db: db.row(sql))
        assert row is not None
        return row[0], row[1]
    finally:
        engine.close()
