"""A team of everything, which tests import into another Boxwood."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from tests.conftest import World, ok

HOUR = 3_600_000
LEFT_OUT = "lastSavedTimestamp freshness newsfeedEntryKey sortOrder formulasLastUpdatedTimestamp".split()
"""Members that may differ between a source and its copy."""


class Source:
    """Ada's team with two pipelines, and in the first a box with everything in it."""

    def __init__(self, world: World, boxes: int = 3) -> None:
        self.world, self.http = world, world.ada.http
        team = f"/api/v2/teams/{world.team_key}"
        ok(self.http.post(f"{team}/contacts/fields", json={"name": "Region", "type": "TEXT_INPUT"}))
        self.organization = ok(
            self.http.post(f"{team}/organizations", json={"name": "Acme", "domains": ["acme.example"]})
        )
        self.contact = ok(
            self.http.post(
                f"{team}/contacts",
                json={
                    "givenName": "Kim",
                    "familyName": "Lee",
                    "emailAddresses": ["kim@acme.example", "kim@home.example"],
                },
            )
        )
        ok(
            self.http.post(
                f"/api/v2/contacts/{self.contact['key']}", json={"fields": {"1001": "North"}, "title": "CTO"}
            )
        )
        self.friend = ok(
            self.http.post(f"{team}/contacts", json={"givenName": "Lou", "phoneNumbers": ["+49 30 1234567"]})
        )
        links = [{"key": self.contact["key"]}]
        ok(self.http.post(f"/api/v2/contacts/{self.friend['key']}", json={"contactLinks": links}))
        self.pipeline = world.pipeline(name="Deals", description="Big ones", icon="star")
        self.other = world.pipeline(name="Hiring", stages=["Applied", "Hired"])
        self._fields()
        self.boxes = [self._box(f"Deal {number}") for number in range(boxes)]
        self.box = self.boxes[0]
        self._fill_box()
        ok(
            self.http.put(
                "/api/v1/snippets",
                data={"snippetName": "Thanks", "snippetText": "<p>Thank you</p>", "pipelineKey": self.pipeline["key"]},
            )
        )
        views = f"/api/v2/pipelines/{self.pipeline['key']}/views"
        tree = {"field": "stage", "op": "eq", "value": "5002"}
        ok(self.http.post(views, json={"name": "Won ones", "filter": tree, "sort": ["-name"], "shared": True}))

    def _fields(self) -> None:
        pipeline, world = self.pipeline, self.world
        self.fields = {
            "size": world.field(pipeline, "TEXT_INPUT", "Size", displayFormat={"type": "NUMBER"}),
            "kind": world.field(
                pipeline, "DROPDOWN", "Kind", dropdownSettings={"items": [{"name": "A"}, {"name": "B"}]}
            ),
            "tags": world.field(pipeline, "TAG", "Tags", tagSettings={"tags": [{"tag": "hot"}, {"tag": "cold"}]}),
            "due": world.field(pipeline, "DATE", "Due"),
            "yes": world.field(pipeline, "CHECKBOX", "Yes"),
            "who": world.field(pipeline, "PERSON", "Who"),
            "people": world.field(pipeline, "TEAM_CONTACT", "People"),
            "firms": world.field(pipeline, "TEAM_ORGANIZATION", "Firms"),
        }
        self.fields["twice"] = world.field(pipeline, "FORMULA", "Twice", defaultValue="=Size * 2")

    def _box(self, name: str) -> dict[str, Any]:
        kind = self.fields["kind"]["dropdownSettings"]["items"][0]["key"]
        tag = self.fields["tags"]["tagSettings"]["tags"][1]["key"]
        values = {"size": 21, "kind": kind, "tags": [tag], "due": 1_800_000_000_000, "yes": True}
        values |= {"people": [self.friend["key"]], "firms": [self.organization["key"]]}
        box = self.world.box(
            self.pipeline,
            name=name,
            notes="**Met** at the fair",
            contacts=[{"key": self.contact["key"], "isStarred": True}],
            organizations=[{"key": self.organization["key"]}],
            assignedToSharingEntries=[{"email": self.world.bo.email}],
            fields={self.fields[field]["key"]: value for field, value in values.items()},
        )
        self.world.clock.advance(ms=HOUR)
        return ok(self.http.post(f"/api/v1/boxes/{box['key']}", json={"stageKey": "5002"}))

    def _fill_box(self) -> None:
        key, bo = self.box["key"], self.world.bo
        person = {self.fields["who"]["key"]: [{"email": bo.email}]}
        ok(self.http.post(f"/api/v1/boxes/{key}", json={"linkedBoxKeys": [self.boxes[1]["key"]], "fields": person}))
        meeting = ok(
            self.http.post(
                f"/api/v2/boxes/{key}/meetings",
                json={
                    "meetingType": "CALL_LOG",
                    "startTimestamp": 1_700_000_000_000,
                    "duration": HOUR,
                    "notes": "Price",
                },
            )
        )
        self.task = ok(
            self.http.post(
                f"/api/v2/boxes/{key}/tasks",
                json={"text": "Call Kim", "dueDate": 1_900_000_000_000, "meetingKey": meeting["key"]},
            )
        )
        done = ok(bo.http.post(f"/api/v2/boxes/{key}/tasks", json={"text": "Send offer"}))
        ok(bo.http.post(f"/api/v2/tasks/{done['key']}", json={"status": "DONE"}))
        self.comment = ok(
            bo.http.post(f"/api/v2/boxes/{key}/comments", json={"message": "Hello @Ada", "searchForAtMentions": True})
        )
        ok(self.http.post(f"/api/v2/boxes/{key}/comments", json={"message": "Yes?", "parent": self.comment["key"]}))
        ok(self.http.post(f"/api/v2/comments/{self.comment['key']}/react", json={"emoji": "🎉"}))
        self.file = ok(
            self.http.post(
                f"/api/v2/boxes/{key}/files", files={"file": ("offer.txt", b"One hundred" * 1000, "text/plain")}
            )
        )
        ok(self.http.post("/api/v2/files/", json={"driveFileId": "1abc", "driveBoxKey": key, "fileName": "Sheet"}))
        self.thread = ok(
            self.http.put(f"/api/v1/boxes/{key}/threads", data={"boxKey": key, "threadGmailId": "15d52837dc00ff8e"})
        )[0]


def reads(source: Source, team_key: str) -> list[str]:
    """The paths that read everything of the source, with its keys."""
    key, box = source.pipeline["key"], source.box["key"]
    found = [f"/v2/teams/{team_key}/contacts", f"/v2/teams/{team_key}/organizations"]
    found += [f"/v2/contacts/{source.contact['key']}", f"/v2/organizations/{source.organization['key']}"]
    found += [f"/v1/pipelines/{key}", f"/v2/pipelines/{key}"]
    found += [f"/v1/pipelines/{key}/stages", f"/v1/pipelines/{key}/fields", f"/v2/pipelines/{key}/views"]
    found += [f"/v1/pipelines/{key}/fields/1001", f"/v1/pipelines/{key}/boxes", f"/v1/pipelines/{source.other['key']}"]
    found += [f"/v1/boxes/{each['key']}" for each in source.boxes]
    for noun in ("tasks", "comments", "meetings"):
        found.append(f"/v2/boxes/{box}/{noun}")
    found += [f"/v1/boxes/{box}/{noun}" for noun in ("files", "threads", "fields", "reminders")]
    found += [f"/v2/tasks/{source.task['key']}", f"/v2/comments/{source.comment['key']}", "/v1/snippets"]
    found += [f"/v1/files/{source.file['key']}", f"/v1/threads/{source.thread['key']}"]
    return found


def alike(value: Any, keys: dict[str, str]) -> Any:
    """The JSON without what may differ between a source and its copy, with the keys that people have in the copy."""
    if isinstance(value, dict):
        return {name: alike(item, keys) for name, item in value.items() if name not in LEFT_OUT}
    if isinstance(value, list):
        return [alike(item, keys) for item in value]
    return keys.get(value, value) if isinstance(value, str) else value


class Proxy:
    """A server between the source and the copy, which breaks some of the answers.

    `faults` says by the number of a request what happens to it: `hang`, `cut` (half of the body arrives), or a status.
    """

    def __init__(self, target: str) -> None:
        self.target, self.faults, self.count = target, dict[int, Any](), 0
        self.hung, self.released = threading.Event(), threading.Event()
        self.paths: list[str] = []
        self._lock = threading.Lock()
        self._client = httpx.Client(base_url=target, verify=False, trust_env=False, timeout=60)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self.answer))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        with self._lock:
            self.count += 1
            fault = self.faults.get(self.count)
            self.paths.append(handler.path)
        if fault == "hang":
            self.hung.set()
            self.released.wait(60)
        if isinstance(fault, int):
            handler.send_response(fault)
            handler.send_header("Retry-After", "0")
            handler.send_header("Content-Length", "2")
            handler.end_headers()
            handler.wfile.write(b"{}")
            return
        found = self._client.get(handler.path, headers={"Authorization": handler.headers["Authorization"]})
        handler.send_response(found.status_code)
        handler.send_header("Content-Length", str(len(found.content)))
        handler.end_headers()
        handler.wfile.write(found.content[: len(found.content) // 2] if fault == "cut" else found.content)
        handler.close_connection = True

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._client.close()
        self._thread.join(10)


def _handler(answer: Callable[[BaseHTTPRequestHandler], None]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                answer(self)
            except ConnectionError:
                return  # the importing process was killed

        def log_request(self, *args: Any) -> None:
            """Print nothing."""

    return Handler
