"""When tasks are overdue: those that are due on a day after its end, in the time zone of their first assignee."""

import json
import time
from typing import Any

from boxwood.db.schema import ddl
from boxwood.lib import dates
from boxwood.lib.durations import DAY

COLUMNS = """
ALTER TABLE tasks ADD COLUMN overdue_at INTEGER;
ALTER TABLE tasks ADD COLUMN next_at INTEGER;
UPDATE tasks SET overdue_at = due_at WHERE due_at IS NOT NULL;
UPDATE tasks SET next_at = due_at WHERE reminder_status = 'SCHEDULED';
DROP INDEX tasks_to_come;
CREATE INDEX tasks_to_come ON tasks (next_at, number) WHERE next_at IS NOT NULL;
"""


def days(connection: Any) -> None:
    sqlite = type(connection).__module__.startswith("sqlite3")
    mark = "?" if sqlite else "%s"
    percent = "%" if sqlite else "%%"
    now = int(time.time() * 1000)
    cursor = connection.cursor()
    cursor.execute("SELECT key, timezone FROM users WHERE timezone IS NOT NULL")
    zones = {key: dates.zone(name) for key, name in cursor.fetchall()}
    cursor.execute(
        f"""
        SELECT key, due_at, status, reminder_status, is_draft, assignee_keys, creator_key FROM tasks
        WHERE due_at {percent} {DAY} = {mark}
        """,
        (0,),
    )
    for key, due_at, status, reminder, is_draft, assigned, creator in cursor.fetchall():
        keys = json.loads(assigned) if isinstance(assigned, str) else assigned
        zone = zones.get(keys[0] if keys else creator, dates.zone(None))
        overdue, next_at = dates.begin(due_at + DAY, zone) - 1, None
        if reminder == "SCHEDULED":
            next_at = dates.begin(due_at, zone)
        elif status == "NOT_DONE" and not is_draft and overdue > now:
            next_at = due_at  # at once: the box counts it as overdue
        values = (overdue, next_at, key)
        cursor.execute(f"UPDATE tasks SET overdue_at = {mark}, next_at = {mark} WHERE key = {mark}", values)
        cursor.execute(f"UPDATE task_assignees SET due_at = {mark} WHERE task_key = {mark}", (overdue, key))


steps = [ddl(COLUMNS), days]
