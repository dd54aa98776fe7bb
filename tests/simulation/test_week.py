"""Simulates a week of twenty people on a real server with a moving clock: two upgrades, kills, a backup, a restore
and undos. At the end the test checks every record, file, event, delivery and run."""

import hashlib
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from boxwood.db import schema
from boxwood.db.engine import Db
from boxwood.db.open import open_engine
from tests.commands.test_backups import ruin
from tests.conftest import Store, ok
from tests.jobs.webhooks import eventually
from tests.processes import MAIN, ROOT, Process, run, store_options
from tests.receiver import Answer, Received, Receiver
from tests.simulation.model import CONTRACT, WON, Box, Model
from tests.simulation.people import Client, Person
from tests.upgrades.test_upgrades import old as old

PEOPLE = 20
DAY = 86_400_000
PASSWORD = "a week of work 7"
WORDS = {
    "BOX_CREATE": "/boxes",
    "COMMENT_CREATE": "/comments",
    "TASK_COMPLETE": "/tasks",
}
# The clock of a process: a file says how far it is ahead of real time.
CLOCK = """
import time
from pathlib import Path
from boxwood.lib import clock
clock.now_ms = lambda: time.time_ns() // 1_000_000 + int(Path({file!r}).read_text() or 0)
from boxwood.core.webhooks import delivery_queue
delivery_queue.RETRIES = (500,) * 10
from boxwood.jobs import task_due, webhooks
webhooks.LEASE = 2_000
task_due.SECONDS = 1
"""
NEXT = """
from pathlib import Path
from boxwood.db import schema
schema.MIGRATIONS = Path({folder!r})
"""
MIGRATION = '''
from boxwood.db.schema import ddl
steps = [ddl("""
CREATE TABLE next_counts (pipeline_key TEXT PRIMARY KEY, boxes INTEGER NOT NULL);
INSERT INTO next_counts SELECT pipeline_key, COUNT(*) FROM boxes GROUP BY pipeline_key;
ALTER TABLE boxes ADD COLUMN next_flag INTEGER NOT NULL DEFAULT 7;
""")]
'''


class Week:
    """The server, its users, and the expected state."""

    def __init__(self, store: Store, receiver: Receiver, folder: Path) -> None:
        self.store, self.receiver, self.folder = store, receiver, folder
        self.clock = folder / "ahead"
        self.clock.write_text("0")
        self.setup = CLOCK.format(file=str(self.clock))
        store.data.chmod(0o700)
        self.server = Process(store, "--allow-private-webhooks", "--log-level", "warning", setup=self.setup)
        self.model = Model()
        self.owner = Client(self.server.url, run("key", "create", self._first(), *store_options(store)).stdout.strip())
        self.team = self.owner.get("/api/v2/users/me/teams")["results"][0]["key"]
        self.people: list[Person] = []

    @property
    def now(self) -> int:
        return time.time_ns() // 1_000_000 + int(self.clock.read_text())

    def go_to(self, day: float) -> None:
        """Set the time for all processes at once: the file is replaced, so no reader sees it half written."""
        new = self.folder / "ahead.new"
        new.write_text(str(int(day * DAY)))
        new.replace(self.clock)

    def _first(self) -> str:
        """Return the owner of the data that an earlier version left."""
        engine = open_engine(self.store.url, self.store.config().sqlite_path, readers=1)
        row = engine.read(lambda db: db.row("SELECT email FROM users WHERE email LIKE 'ada@%'"))
        engine.close()
        assert row is not None
        return str(row[0])

    def begin(self) -> None:
        """Create a pipeline, its subscriptions, and twenty people with passwords and API keys."""
        stages = ["Lead", "Talks", "Won", "Lost"]
        created = self.owner.post("/api/v2/pipelines", name="Deals", teamKey=self.team, stages=stages)
        self.pipeline = created["key"]
        path = f"/api/v2/pipelines/{self.pipeline}"
        value = self.owner.post(f"{path}/fields", name="Value", type="TEXT_INPUT")["key"]
        for event, target in WORDS.items():
            body = {"event": event, "targetUrl": self.receiver.url + target, "pipelineKey": self.pipeline}
            self.owner.post("/api/v2/webhooks", **body)
        steps = [{"type": "task.create", "with": {"text": CONTRACT}}]
        self.owner.post(f"{path}/automations", name="Won", trigger={"type": "box.moved", "to": [WON]}, steps=steps)
        with ThreadPoolExecutor(4) as pool:
            keys = list(pool.map(self._join, range(PEOPLE)))
        for number, key in enumerate(keys):
            client = Client(self.server.url, key)
            self.people.append(Person(number, client, self.model, self.pipeline, value))

    def _join(self, number: int) -> str:
        """Invite a person, who chooses a password and creates an API key."""
        path = f"/api/v2/teams/{self.team}/invitations"
        token = self.owner.post(path, email=f"p{number}@team.example", name=f"P{number} T")["link"].partition("#")[2]
        with httpx.Client(base_url=self.server.url, timeout=120, trust_env=False, verify=False) as browser:
            answer = ok(browser.post("/api/v2/session/link", json={"token": token, "password": PASSWORD}))
            headers = {"X-CSRF-Token": answer["csrfToken"]}
            return str(ok(browser.put("/api/v1/apikeys", json={"name": "Work"}, headers=headers))["apiKey"])

    def work(self, count: int, meanwhile: Any = None) -> None:
        """Let all people work at the same time."""
        now = self.now
        with ThreadPoolExecutor(PEOPLE) as pool:
            done = [pool.submit(person.work, now, count) for person in self.people]
            if meanwhile:
                meanwhile()
            for item in done:
                item.result()

    def kill(self) -> None:
        """Kill the server while people work; their clients repeat each request until it is answered."""
        time.sleep(0.3)
        self.server.kill()
        self.server.start()

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `boxwood …` with the version and the clock of the server."""
        program = [sys.executable, "-c", f"{self.setup}\n{MAIN}", *arguments, *store_options(self.store)]
        return subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)

    def upgrade(self) -> None:
        """Upgrade to a version with one more migration; the current version then refuses the database."""
        assert self.server.stop() == 0
        folder = self.folder / "migrations"
        shutil.copytree(schema.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "9900-next.py").write_text(MIGRATION)
        self.setup = self.server.program[2].removesuffix(MAIN) + NEXT.format(folder=str(folder))
        self.server.program = [sys.executable, "-c", f"{self.setup}\n{MAIN}"]
        self.server.start()
        refused = run("doctor", *store_options(self.store), check=False)
        assert "later version" in refused.stdout, refused.stdout

    def look(self, fn: Any) -> Any:
        engine = open_engine(self.store.url, self.store.config().sqlite_path, readers=1)
        try:
            return engine.read(fn)
        finally:
            engine.close()

    def end(self) -> None:
        self.owner.close()
        for person in self.people:
            person.client.close()
        self.server.end()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver that fails the first attempt of every fifth delivery."""
    running, seen = Receiver(), set[str]()

    def answer(request: Received) -> Answer:
        first = request.id not in seen
        seen.add(request.id)
        return Answer(500 if first and sum(request.id.encode()) % 5 == 0 else 200)

    running.answer = answer
    yield running
    running.close()


@pytest.fixture
def week(old: Store, receiver: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Week]:
    """The week begins with the database of the first version, which is upgraded."""
    created = Week(old, receiver, tmp_path_factory.mktemp("week"))
    yield created
    created.end()


@pytest.mark.slow
@pytest.mark.parametrize("count", [3, pytest.param(100, marks=pytest.mark.long)])
def test_after_a_week_everything_is_accounted_for(week: Week, count: int, tmp_path: Path) -> None:
    week.begin()
    week.work(count)
    week.people[0].import_rows(10)
    week.go_to(1)
    week.work(count, week.kill)
    second = week.people[1].import_rows(10)
    week.people[1].undo_import(second)

    week.go_to(2)
    expected, backup = week.model.keep(), tmp_path / "backup.tar"
    output = run("backup", str(backup), *store_options(week.store))
    assert "files" in output.stdout
    week.work(count)
    week.people[2].import_rows(10)

    week.go_to(3)
    week.server.kill()
    ruin(week.store)
    run("restore", str(backup), *store_options(week.store))
    week.model.back_to(expected)
    week.server.start()
    week.work(count)

    week.go_to(4)
    week.upgrade()
    week.work(count, week.kill)

    week.go_to(5)
    fourth = week.people[3].import_rows(10)
    week.people[3].undo_import(fourth)
    week.work(count)
    week.go_to(9)
    accounted_for(week)


def accounted_for(week: Week) -> None:
    model = week.model
    eventually(lambda: week.look(_waits) == 0, 60)
    events_are_those_that_happened(week)
    boxes_are_as_they_were_left(week)
    received = {path: week.receiver.received(path) for path in WORDS.values()}
    deliveries_are_complete(model, received)
    assert week.server.stop() == 0
    found = week.command("doctor")
    assert found.returncode == 0, found.stdout + found.stderr
    assert "the audit log is intact" in found.stdout


def _waits(db: Db) -> int:
    """Return how many deliveries, runs and task reminders are still waiting."""
    row = db.row(
        """
        SELECT (SELECT COUNT(*) FROM deliveries WHERE state = 'due') + (SELECT COUNT(*) FROM fan_outs)
            + (SELECT COUNT(*) FROM automation_runs WHERE state = 'due')
            + (SELECT COUNT(*) FROM tasks WHERE reminder_status = 'SCHEDULED' AND status <> 'DONE')
        """
    )
    assert row is not None
    return int(row[0])


def events_are_those_that_happened(week: Week) -> None:
    """Each box, also in the trash, has exactly the expected events. No event is of an unknown box."""
    sql = "SELECT box_key, kind, COUNT(*) FROM events WHERE box_key IS NOT NULL AND pipeline_key = :key GROUP BY 1, 2"
    found: dict[str, Counter[str]] = {}
    for key, kind, count in week.look(lambda db: db.rows(sql, key=week.pipeline)):
        found.setdefault(key, Counter())[kind] = count
    assert found.keys() == week.model.boxes.keys()
    now = week.now
    for box in week.model.boxes.values():
        if not box.trashed:
            assert found[box.key] == week.model.expected(box, now), box
        else:
            assert not box.kinds - found[box.key], box
    box = week.model.there()[0]
    history = week.owner.get(f"/api/v2/boxes/{box.key}/history", limit=1000)["results"]
    assert Counter(entry["kind"] for entry in history) == week.model.expected(box, now)


def boxes_are_as_they_were_left(week: Week) -> None:
    model, get = week.model, week.owner.get
    shown = {item["key"]: item for item in get(f"/api/v1/pipelines/{week.pipeline}/boxes")}
    assert shown.keys() == {box.key for box in model.there()}
    thrown = {item["key"] for item in _all(week, "/api/v2/trash", noun="box", teamKey=week.team)}
    assert thrown == {box.key for box in model.boxes.values() if box.trashed}
    (value,) = {person.value for person in week.people}
    for box in model.there():
        shown_box = shown[box.key]
        held = (shown_box["name"], shown_box["stageKey"], shown_box.get("notes"), shown_box["fields"].get(value))
        assert held == (box.name, box.stage, box.notes, box.value), box
        assert (shown_box["commentCount"], shown_box["fileCount"]) == (len(box.comments), len(box.files)), box
        parts_are_as_they_were_left(week, box)
    funnel = get(f"/api/v2/pipelines/{week.pipeline}/reports/funnel")
    assert funnel["total"] == len(model.there())
    assert funnel["won"] == sum(box.stage == WON for box in model.there())
    (sales,) = [pipeline["key"] for pipeline in get("/api/v1/pipelines") if pipeline["key"] != week.pipeline]
    assert len(get(f"/api/v1/pipelines/{sales}/boxes")) == 3, "what the first version left is still there"


def parts_are_as_they_were_left(week: Week, box: Box) -> None:
    get = week.owner.get
    if box.comments:
        comments = get(f"/api/v2/boxes/{box.key}/comments", limit=1000)["results"]
        assert {comment["key"]: comment["message"] for comment in comments} == box.comments
    if box.tasks or box.won:
        tasks = get(f"/api/v2/boxes/{box.key}/tasks", limit=1000)["results"]
        own = {item["key"]: (item["text"], item["status"] == "DONE") for item in tasks if item["text"] != CONTRACT}
        assert own == {key: (task.text, task.done) for key, task in box.tasks.items()}
        assert sum(item["text"] == CONTRACT for item in tasks) == box.won, "one for each time it was won"
    for key, digest in box.files.items():
        content = week.owner("GET", f"/api/v1/files/{key}/contents").content
        assert hashlib.sha256(content).hexdigest() == digest
    if box.messages:
        threads = get(f"/api/v1/boxes/{box.key}/threads")
        ids = {
            message["messageId"]
            for each in threads
            for message in get(f"/api/v2/threads/{each['key']}/messages")["results"]
        }
        assert ids == box.messages


def deliveries_are_complete(model: Model, received: dict[str, list[Received]]) -> None:
    """Each event was delivered at least once, no unknown event was. Events undone by the restore may have been, too."""
    came = {path: {thing["key"] for delivery in every for thing in delivery.things} for path, every in received.items()}
    boxes = model.boxes.values()
    created = {
        "/boxes": set(model.boxes),
        "/comments": {key for box in boxes for key in box.comments},
        "/tasks": {key for box in boxes for key, task in box.tasks.items() if task.done},
    }
    for path, keys in created.items():
        assert keys <= came[path], path
    # A task may have been completed before the backup was restored, and be open now.
    for path in ("/boxes", "/comments"):
        assert came[path] <= created[path] | model.lost, path


def _all(week: Week, path: str, **query: Any) -> list[dict[str, Any]]:
    found, cursor = [], ""
    while True:
        page = week.owner.get(path, limit=1000, **query, **({"cursor": cursor} if cursor else {}))
        found += page["results"]
        if not (cursor := page.get("cursor", "")):
            return found
