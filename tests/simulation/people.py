"""Twenty people at work: each performs random actions and records what the server acknowledged."""

import hashlib
import random
import time
import uuid
from email.message import EmailMessage
from typing import Any

import httpx

from tests.conftest import ok
from tests.simulation.model import WON, Box, Model, Task

HOUR = 3_600_000
STAGES = ("5001", "5002", WON, "5004")


class Client:
    """Repeats a request until it is answered. A repeated write carries the same Idempotency-Key."""

    def __init__(self, url: str, key: str) -> None:
        self._http = httpx.Client(base_url=url, auth=(key, ""), timeout=120, trust_env=False, verify=False)

    def __call__(self, verb: str, path: str, **given: Any) -> httpx.Response:
        headers = {"Idempotency-Key": uuid.uuid4().hex, **given.pop("headers", {})}
        deadline = time.monotonic() + 120
        while True:
            try:
                answer = self._http.request(verb, path, headers=headers, **given)
                if answer.status_code not in (409, 503) or "retry-after" not in answer.headers:
                    return answer
            except httpx.TransportError:
                pass
            assert time.monotonic() < deadline, f"{verb} {path} is not answered"
            time.sleep(0.1)

    def get(self, path: str, **params: Any) -> Any:
        return ok(self("GET", path, params=params))

    def post(self, path: str, **body: Any) -> Any:
        return ok(self("POST", path, json=body))

    def close(self) -> None:
        self._http.close()


class Person:
    def __init__(self, number: int, client: Client, model: Model, pipeline: str, value: str) -> None:
        self.number, self.client, self.model = number, client, model
        self.pipeline, self.value = pipeline, value
        self.chance = random.Random(number)
        self.done = 0
        self.now = 0

    def work(self, now: int, count: int) -> None:
        """Perform this many actions at this time of the week."""
        self.now = now
        for _ in range(count):
            self.done += 1
            mine = self._mine()
            if len(mine) < 2:
                self.create()
            else:
                verbs = [self.create, self.edit, self.edit, self.task, self.complete, self.comment, self.file]
                verbs += [self.message, self.undone_edit, self.throw_away, self.batch, self.drop_file]
                self.chance.choice(verbs)()

    def _mine(self, *, trashed: bool = False) -> list[Box]:
        """Return the boxes this person created, in order, so that a random choice is the same in every run."""
        with self.model.lock:
            own = [box for box in self.model.boxes.values() if box.name.startswith(f"u{self.number} ")]
        return [box for box in own if box.trashed == trashed]

    def _any_box(self) -> Box:
        return self.chance.choice(self._mine())

    def _name(self) -> str:
        return f"u{self.number} {self.done}-{self.chance.randint(0, 10**6)}"

    # Boxes

    def create(self) -> None:
        name = self._name()
        created = self.client.post(f"/api/v2/pipelines/{self.pipeline}/boxes", name=name)
        self.model.add(Box(created["key"], name))

    def batch(self) -> None:
        path = f"/v2/pipelines/{self.pipeline}/boxes"
        names = [f"{self._name()}.{number}" for number in range(3)]
        operations = [{"method": "POST", "path": path, "body": {"name": name, "notes": "of a batch"}} for name in names]
        for name, result in zip(
            names, self.client.post("/api/v2/batch", operations=operations)["results"], strict=True
        ):
            self.model.add(Box(result["body"]["key"], name, notes="of a batch"))

    def _changes(self, box: Box) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self.chance.random() < 0.6:
            found["stage"] = self.chance.choice([stage for stage in STAGES if stage != box.stage])
        if self.chance.random() < 0.4 or not found:
            found["value"] = str(self.done * 1000 + self.chance.randint(0, 999))
        if self.chance.random() < 0.3:
            found["notes"] = f"noted {self.done}"
        if self.chance.random() < 0.3:
            found["name"] = self._name()
        return found

    def _edit(self, box: Box, changes: dict[str, Any]) -> httpx.Response:
        body = {name: changes[name] for name in ("name", "notes") if name in changes}
        if "stage" in changes:
            body["stageKey"] = changes["stage"]
        if "value" in changes:
            body["fields"] = {self.value: changes["value"]}
        answer = self.client("POST", f"/api/v2/boxes/{box.key}", json=body)
        ok(answer)
        return answer

    def edit(self) -> None:
        box = self._any_box()
        changes = self._changes(box)
        self._edit(box, changes)
        box.change(changes)

    def undone_edit(self) -> None:
        box = self._any_box()
        changes = self._changes(box)
        answer = self._edit(box, changes)
        before = box.change(changes)
        # An answer that was repeated after a crash has no change id, so it cannot be used for an undo.
        if change := answer.headers.get("x-boxwood-change"):
            self.client.post("/api/v2/undo", change=change)
            box.change(before)

    def throw_away(self) -> None:
        """Delete or restore a box. A box that an automation may be working on is not deleted."""
        trashed = self._mine(trashed=True)
        if trashed and self.chance.random() < 0.6:
            box = self.chance.choice(trashed)
            self.client.post(f"/api/v2/trash/{box.key}/restore")
            box.trashed = False
            box.did("box.restored")
            return
        left = [box for box in self._mine() if not box.won]
        if len(left) > 2:
            box = self.chance.choice(left)
            ok(self.client("DELETE", f"/api/v1/boxes/{box.key}"))
            box.trashed = True
            box.did("box.deleted")

    # Tasks, comments and files of boxes

    def task(self) -> None:
        box, text = self._any_box(), f"task {self.number}-{self.done}"
        due = self.now + self.chance.randint(6, 60) * HOUR if self.chance.random() < 0.7 else None
        created = self.client.post(f"/api/v2/boxes/{box.key}/tasks", text=text, **({"dueDate": due} if due else {}))
        box.tasks[created["key"]] = Task(text, due)
        box.did("task.created")

    def complete(self) -> None:
        """Complete a task that is not due about now: only the server knows whether its reminder was sent before."""
        open_ = [
            (box, key, task)
            for box in self._mine()
            for key, task in box.tasks.items()
            if not task.done and (task.due is None or task.due > self.now + HOUR)
        ]
        if open_:
            box, key, task = self.chance.choice(open_)
            self.client.post(f"/api/v2/tasks/{key}", status="DONE")
            task.done = True
            box.did("task.completed")

    def comment(self) -> None:
        """Comment on a box of any person that is not deleted today."""
        with self.model.lock:
            others = [box for box in self.model.boxes.values() if box.won and not box.trashed]
        box = self.chance.choice(others) if others and self.chance.random() < 0.5 else self._any_box()
        text = f"said {self.number}-{self.done}"
        created = self.client.post(f"/api/v2/boxes/{box.key}/comments", message=text)
        with self.model.lock:
            box.comments[created["key"]] = text
            box.did("comment.created")

    def file(self) -> None:
        box, content = self._any_box(), self.chance.randbytes(self.chance.randint(1, 60_000))
        path = f"/api/v2/boxes/{box.key}/files"
        created = ok(self.client("POST", path, params={"fileName": f"{self.done}.bin"}, content=content))
        box.files[created["key"]] = hashlib.sha256(content).hexdigest()
        box.did("file.added")

    def drop_file(self) -> None:
        held = [(box, key) for box in self._mine() for key in box.files]
        if held:
            box, key = self.chance.choice(held)
            ok(self.client("DELETE", f"/api/v2/files/{key}"))
            del box.files[key]
            box.did("file.deleted")

    def message(self) -> None:
        box, number = self._any_box(), f"{self.number}-{self.done}"
        mail = EmailMessage()
        mail["From"], mail["To"] = f"Zoe <zoe{number}@zuse.example>", "sales@firm.example"
        mail["Subject"], mail["Message-ID"] = f"Mail {number}", f"<{number}@zuse.example>"
        mail["Date"] = "Mon, 02 Nov 2026 10:00:00 +0000"
        mail.set_content(f"Message {number}\n")
        path = f"/api/v2/boxes/{box.key}/messages"
        first = not box.messages
        ok(self.client("POST", path, content=bytes(mail), headers={"Content-Type": "message/rfc822"}))
        box.messages.add(f"{number}@zuse.example")
        box.did("thread.added", "message.added", "box.email_received", "box.email_added")
        if first:
            box.did("box.email_added")  # of the address that the request was sent to

    # Tables

    def import_rows(self, rows: int) -> str:
        """Import rows as boxes; return the id of the change."""
        names = [f"{self._name()} row {number}" for number in range(rows)]
        table = "Name,Notes\n" + "".join(f"{name},imported\n" for name in names)
        path = f"/api/v2/pipelines/{self.pipeline}/import"
        answer = self.client(
            "POST", path, params={"wait": 60}, content=table.encode(), headers={"Content-Type": "text/csv"}
        )
        reply = ok(answer)
        assert (reply["state"], reply["created"], reply["refused"]) == ("done", rows, 0), reply
        wanted = set(names)
        found = {box["name"]: box["key"] for box in self.client.get(f"/api/v1/pipelines/{self.pipeline}/boxes")}
        for name in names:
            self.model.add(Box(found[name], name, notes="imported"))
        self.model.imports[reply["change"]] = [found[name] for name in wanted]
        return str(reply["change"])

    def undo_import(self, change: str) -> None:
        while self.client.post("/api/v2/undo", change=change)["hasMore"]:
            pass
        for key in self.model.imports[change]:
            box = self.model.boxes[key]
            box.trashed = True
            box.did("box.deleted")
