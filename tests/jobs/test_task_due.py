"""An event is recorded when a task becomes due."""

import asyncio
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from boxwood.db.engine import Engine
from boxwood.db.open import open_engine
from boxwood.jobs import task_due
from tests.conftest import Store, World, ok

HOUR = 3_600_000


def tasks_due(world: World, box: dict[str, Any], count: int, due_at: int) -> list[str]:
    path = f"/api/v2/boxes/{box['key']}/tasks"
    created = [ok(world.ada.http.post(path, json={"text": f"{n}", "dueDate": due_at})) for n in range(count)]
    return [task["key"] for task in created]


def due_events(world: World, keys: list[str]) -> Counter[str]:
    """How many events each task has."""
    sql = "SELECT subject_key FROM events WHERE kind = 'task.due'"
    rows = world.server.engine.read(lambda db: db.rows(sql))
    return Counter(row[0] for row in rows if row[0] in keys)


def test_the_server_records_a_due_task_within_seconds(world: World) -> None:
    box = world.box(world.pipeline())
    (key,) = tasks_due(world, box, 1, world.clock() + HOUR)
    before = ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))
    assert (before["taskOverdueCount"], due_events(world, [key])) == (0, {})
    assert task_due.SECONDS < 30
    world.clock.advance(ms=HOUR)
    deadline = time.monotonic() + 120
    while not due_events(world, [key]):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    task = ok(world.ada.http.get(f"/api/v2/tasks/{key}"))
    assert (task["reminderStatus"], task["status"]) == ("REMINDED", "NOT_DONE")
    box = ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))
    assert (box["taskOverdueCount"], box["earliestOverdueTaskDueDate"]) == (1, task["dueDate"])
    assert box["overdueTaskAssigneeKeySet"] == [world.ada.user_key]
    assert box["lastUpdatedTimestamp"] == before["lastUpdatedTimestamp"]
    entry = ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}/newsfeed"))[0]
    assert (entry["newsfeedEntrySpecific"], entry["storyTextBox"]) == ("TASK_DUE", "The task 0 of this box is due")
    assert "creatorKey" not in entry


def test_many_processes_record_a_due_task_once(world: World, database: Store) -> None:
    """Each process has its own engine if the database supports several."""
    boxes = [world.box(world.pipeline()) for _ in range(2)]
    now = world.clock() + HOUR
    keys = [key for box in boxes for key in tasks_due(world, box, 12, now)]
    config = database.config()
    several = not world.server.engine.one_process
    engines: list[Engine] = [
        open_engine(config.database_url, config.sqlite_path) if several else world.server.engine for _ in range(4)
    ]
    try:
        with ThreadPoolExecutor(4) as pool:
            counts = list(pool.map(lambda engine: asyncio.run(task_due.remind(engine, now)), engines))
    finally:
        for engine in engines if several else []:
            engine.close()
    assert due_events(world, keys) == Counter(keys)
    assert sum(counts) >= len(keys)
    for box in boxes:
        assert ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))["taskOverdueCount"] == 12


def test_done_and_undated_tasks_get_no_event_and_a_new_date_gets_another(world: World) -> None:
    box = world.box(world.pipeline())
    now = world.clock() + HOUR
    done, undated, again = tasks_due(world, box, 3, now)
    ok(world.ada.http.post(f"/api/v2/tasks/{done}", json={"status": "DONE"}))
    ok(world.ada.http.post(f"/api/v2/tasks/{undated}", json={"dueDate": -1}))
    asyncio.run(task_due.remind(world.server.engine, now))
    assert due_events(world, [done, undated, again]) == {again: 1}
    ok(world.ada.http.post(f"/api/v2/tasks/{again}", json={"text": "Still to do"}))
    asyncio.run(task_due.remind(world.server.engine, now))
    assert due_events(world, [again]) == {again: 1}
    later = ok(world.ada.http.post(f"/api/v2/tasks/{again}", json={"dueDate": now + 1}))
    assert later["reminderStatus"] == "SCHEDULED"
    asyncio.run(task_due.remind(world.server.engine, now + 1))
    assert due_events(world, [again]) == {again: 2}
