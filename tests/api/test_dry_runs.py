"""Dry runs: for each write of the route table, the answer is that of the write, and nothing changes.

A new route is covered as soon as it is in the table, with the request of its example.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from boxwood.api.http.router import Route
from boxwood.api.routes import ROUTES
from boxwood.core.accounts.api_keys import API_KEYS
from boxwood.core.accounts.sessions import SESSIONS
from boxwood.core.activity.mail.mailboxes import MAILBOXES
from boxwood.core.records import permissions
from boxwood.db.engine import Db
from tests import examples
from tests.conftest import Server, Store, World, make_store, ok, refused
from tests.examples import Plain, StillServer, StillWorld, label, running
from tests.mailbox import Mailbox
from tests.things import Things

WRITES = [route for route in ROUTES if route.writes and label(route) not in examples.LEFT_OUT]
NEVER_DRY = {
    "POST /v2/session",
    "POST /v2/session/link",
    "POST /v2/session/passkey",
    "POST /v2/settings/mail/test",
    "POST /v2/mailboxes/{mailbox}/test",
    "POST /v2/mailboxes/{mailbox}/authorize",
}
SIDE_TABLES = ("deliveries", "automation_runs", "letters", "notifications")
"""Tables of what leaves the server or reaches its users, in the order of `effects`."""
UNSHOWN = ("authenticators", "sign_in_links", "digests")
"""Tables whose changes only the answer shows: secrets, tokens of links, and a setting that is the default already."""
ADDED = ("dryRun", "changes", "effects", "hasMoreChanges")


@pytest.fixture(scope="module")
def fresh(
    request: pytest.FixtureRequest, database: Store, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Store]:
    return lambda: make_store(database.name, tmp_path_factory.mktemp("dry"), request)


@pytest.fixture(scope="module")
def still(fresh: Callable[[], Store]) -> Iterator[StillServer]:
    with running(fresh()) as server:
        yield server


@pytest.mark.one_database
@pytest.mark.parametrize("route", WRITES, ids=label)
def test_a_dry_run_answers_as_the_write_and_changes_nothing(
    still: StillServer, fresh: Callable[[], Store], route: Route
) -> None:
    if route.path.startswith(examples.WHOLE_SERVER):
        with running(fresh()) as alone:
            compare(alone, route)
    else:
        compare(still, route)


@pytest.mark.parametrize("route", [route for route in WRITES[::12] if not route.not_dry], ids=label)
def test_some_dry_runs_on_each_database(still: StillServer, route: Route) -> None:
    compare(still, route)


def compare(server: StillServer, route: Route) -> None:
    server.still.now = examples.START
    world = StillWorld(server)
    try:
        things = Things(world)
        request = examples._exported(things) if label(route) == "POST /v2/pipelines/import" else examples.sent(route)
        request = dict(request)
        for noun in request.pop("after", []):
            things.key(noun)
        request = things.filled(request)
        path, client = "/api" + things.fill_path(route.path), things._client(route.verb, route.path)
        at, before = server.still.now, snapshot(world)
        dry = client.request(route.verb, path, **with_dry_run(request))
        assert difference(before, snapshot(world)) == {}, f"{label(route)} changed something"
        if route.not_dry:
            refused(dry, 400, "dryRun", route.not_dry)
            return
        server.still.now = at
        wet = client.request(route.verb, path, **request)
        assert (dry.status_code, wet.status_code) == (200, 200), (dry.text, wet.text)
        assert dry.headers["preference-applied"] == "dry-run"
        assert not {"set-cookie", "x-boxwood-change"} & set(dry.headers)
        shown, expected = dry.json(), wet.json()
        added = {name: shown.pop(name) for name in ADDED if name in shown}
        if route.path.endswith("/import") and "state" in expected:
            compare_imports(shown, expected)
            return
        if isinstance(expected, list):
            shown = shown["results"]
        if "change" in shown:
            shown["change"] = expected["change"]
        if isinstance(shown, dict) and "change" in shown.get("proposal", {}):
            shown["proposal"]["change"] = expected["proposal"]["change"]
        expected.pop("dryRun", None) if isinstance(expected, dict) else None
        assert plain(world, shown) == plain(world, expected)
        assert added["dryRun"] is True
        if route.path == "/v2/session/forgotten":
            assert (added["changes"], added["effects"]["mails"]) == ([], []), "it would show whether there is a user"
            return
        compare_effects(world, before, added)
    finally:
        world.close()


def compare_imports(shown: dict[str, Any], expected: dict[str, Any]) -> None:
    """The dry run does at once what a job does later."""
    assert (shown["state"], expected["state"]) == ("done", "waiting")
    assert shown["refusedRows"] == []
    assert shown["rows"] == shown["created"] > 0
    assert shown["mapping"] == expected["mapping"]


def compare_effects(world: World, before: dict[str, Counter[Any]], added: dict[str, Any]) -> None:
    """The dry run shows as many changes and effects as the write has had."""
    after = snapshot(world)
    new = {name: [row for row in after[name] - before[name] if "'cancelled'" not in row] for name in SIDE_TABLES}
    rows = {"events": (after["events"] - before["events"]).total(), **{name: len(new[name]) for name in new}}
    recorded = [change for change in added["changes"] if change["kind"]]
    assert len(recorded) == rows["events"], (added["changes"], rows)
    changed = difference(before, after).keys() - {*SIDE_TABLES, *UNSHOWN}
    assert added["changes"] or not changed, changed
    for name, table in zip(("webhooks", "automations", "mails", "notifications"), SIDE_TABLES, strict=True):
        assert len(added["effects"][name]) == rows[table], (added["effects"], rows)


def with_dry_run(request: dict[str, Any]) -> dict[str, Any]:
    return {**request, "params": {**request.get("params", {}), "dryRun": "true"}}


def plain(world: World, answer: Any) -> Any:
    """The answer with fixed values in place of new keys and secrets."""
    example = {
        "request": {"path": {}, "query": {}, "type": "", "body": None},
        "reply": {"type": "application/json", "body": answer},
    }
    return Plain(world).plain(example).reply.body


BY_ITSELF = {"buckets", "key_usage", "key_requests", "search_chores", "audit_chain"}
"""Tables of rate limits and of the use of keys, which count dry runs, and of jobs, which go on meanwhile."""


STORED_BY_JOBS = {
    "api_keys": (API_KEYS, {"used_at"}),
    "sessions": (SESSIONS, {"used_at"}),
    "mailboxes": (
        MAILBOXES,
        {"state", "error", "failures", "failing_since", "due_at", "worker", "lease_until", "checked_at"},
    ),
}
"""The columns that a job stores some seconds later: the time of last use, and how reading a mailbox goes."""


def columns(table: str) -> str:
    """The columns of a table without those that a job stores."""
    known, later = STORED_BY_JOBS.get(table, (None, set()))
    return ", ".join(name for name in known.names if name not in later) if known else "*"


def snapshot(world: World) -> dict[str, Counter[Any]]:
    """The rows of all tables, and the files of the server."""

    def read(db: Db) -> dict[str, Counter[Any]]:
        if db.dialect.name == "sqlite":
            names = db.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'")
        else:
            names = db.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = [name for (name,) in names if name not in BY_ITSELF]
        return {name: Counter(map(repr, db.rows(f"SELECT {columns(name)} FROM {name}"))) for name in tables}

    server = world.server
    found = server.engine.read(read)
    files = sorted(path for path in Path(server.boxwood.config.data, "files").rglob("*") if path.is_file())
    return {**found, "stored files": Counter(map(str, files))}


def difference(before: dict[str, Counter[Any]], after: dict[str, Counter[Any]]) -> dict[str, Any]:
    return {
        name: (after[name] - before[name], before[name] - after[name]) for name in after if after[name] != before[name]
    }


def test_the_operations_without_a_dry_run_are_these() -> None:
    assert {label(route) for route in ROUTES if route.not_dry} == NEVER_DRY


# How a request asks for a dry run

ASKING: dict[str, dict[str, Any]] = {
    "query": {"params": {"dryRun": "true"}, "json": {"name": "New"}},
    "query of another case": {"params": {"dryRun": "TRUE"}, "json": {"name": "New"}},
    "query in another spelling": {"params": {"dry_run": "true"}, "json": {"name": "New"}},
    "JSON": {"json": {"name": "New", "dryRun": True}},
    "JSON in another spelling": {"json": {"name": "New", "dryrun": True}},
    "JSON as text": {"json": {"name": "New", "dryRun": "1"}},
    "form": {"data": {"name": "New", "dryRun": "true"}},
    "form field json": {"data": {"json": json.dumps({"name": "New", "dryRun": True})}},
    "form in parts": {"files": {"name": (None, "New"), "dryRun": (None, "true")}},
    "header": {"headers": {"Prefer": "dry-run"}, "json": {"name": "New"}},
    "header among others": {"headers": {"Prefer": "respond-async, Dry-Run; x=1"}, "json": {"name": "New"}},
    "query against JSON": {"params": {"dryRun": "true"}, "json": {"name": "New", "dryRun": False}},
    "JSON against query": {"params": {"dryRun": "false"}, "json": {"name": "New", "dryRun": True}},
    "twice": {"params": {"dryRun": ["false", "true"]}, "json": {"name": "New"}},
}


@pytest.mark.parametrize("given", ASKING.values(), ids=ASKING)
def test_each_way_to_ask_is_a_dry_run(world: World, given: dict[str, Any]) -> None:
    box = world.box(world.pipeline())
    found = ok(world.ada.http.post(f"/api/v1/boxes/{box['key']}", **given))
    assert (found["name"], found["dryRun"]) == ("New", True)
    assert [(each["before"], each["after"]) for each in found["changes"]] == [({"name": "Acme"}, {"name": "New"})]
    assert ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))["name"] == "Acme"


def test_a_request_that_says_false_writes(world: World) -> None:
    box = world.box(world.pipeline())
    sent: list[dict[str, Any]] = [
        {"params": {"dryRun": "false"}, "json": {"name": "Name 0"}},
        {"json": {"name": "Name 1", "dryRun": None}},
        {"json": {"name": "Name 2", "dryRun": 0}},
        {"json": {"name": "Name 3"}, "headers": {"Prefer": "return=minimal"}},
        {"json": {"name": "Name 4"}, "headers": {"Prefer": "dry-run=false"}},
    ]
    for at, given in enumerate(sent):
        assert "changes" not in ok(world.ada.http.post(f"/api/v1/boxes/{box['key']}", **given))
        assert ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))["name"] == f"Name {at}"


def test_a_value_that_is_neither_true_nor_false_writes_nothing(world: World) -> None:
    box = world.box(world.pipeline())
    values: list[Any] = ["", "maybe", 2, "tru", {}, []]
    for value in values:
        answer = world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"name": "New", "dryRun": value})
        refused(answer, 400, "dryRun", "must be true or false")
    assert ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))["name"] == "Acme"


def test_a_delete_reads_dry_run_from_its_body(world: World) -> None:
    box = world.box(world.pipeline())
    path = f"/api/v1/boxes/{box['key']}"
    for body in (b'{"dryRun":true}', b"dryRun=true"):
        kind = "application/json" if body[:1] == b"{" else "application/x-www-form-urlencoded"
        answer = world.ada.http.request("DELETE", path, content=body, headers={"Content-Type": kind})
        assert [change["kind"] for change in ok(answer)["changes"]] == ["box.deleted"]
    refused(world.ada.http.request("DELETE", path, content=b'{"dryRun":tru'), 400)
    assert ok(world.ada.http.get(path))["key"] == box["key"]
    ok(world.ada.http.request("DELETE", path, content=b"not JSON"))
    assert world.ada.http.get(path).status_code == 404


def test_reads_ignore_dry_run(world: World) -> None:
    pipeline = world.pipeline()
    box = world.box(pipeline)
    path = f"/api/v1/boxes/{box['key']}"
    assert "dryRun" not in ok(world.ada.http.get(path, params={"dryRun": "true"}))
    found = world.ada.http.post(f"/api/v1/pipelines/{pipeline['key']}/boxes/batch?dryRun=true", json=[box["key"]])
    assert [each["key"] for each in ok(found)] == [box["key"]]


# What a dry run leaves alone


def test_an_idempotency_key_is_not_used_up(world: World) -> None:
    pipeline = world.pipeline()
    path, headers = f"/api/v2/pipelines/{pipeline['key']}/boxes", {"Idempotency-Key": "one"}
    dry = ok(world.ada.http.post(path, json={"name": "Acme", "dryRun": True}, headers=headers))
    wet = ok(world.ada.http.post(path, json={"name": "Acme"}, headers=headers))
    assert dry["key"] != wet["key"]
    again = world.ada.http.post(path, json={"name": "Acme", "dryRun": True}, headers=headers)
    assert ok(again)["key"] != wet["key"]
    assert "idempotent-replayed" not in again.headers


def test_if_match_holds_for_a_dry_run(world: World) -> None:
    box = world.box(world.pipeline())
    path = f"/api/v1/boxes/{box['key']}?dryRun=true"
    refused(world.ada.http.post(path, json={"name": "New"}, headers={"If-Match": '"abc"'}), 412)
    tag = world.ada.http.get(f"/api/v1/boxes/{box['key']}").headers["etag"]
    assert ok(world.ada.http.post(path, json={"name": "New"}, headers={"If-Match": tag}))["name"] == "New"


def test_what_is_refused_is_refused_in_the_same_way(world: World) -> None:
    box = world.box(world.pipeline())
    path = f"/api/v1/boxes/{box['key']}"
    for who, body in (("ada", {"stageKey": "9"}), ("cy", {"name": "X"}), ("ada", {"fields": {"1": 2}})):
        client: httpx.Client = getattr(world, who).http
        dry, wet = client.post(path, json={**body, "dryRun": True}), client.post(path, json=body)
        assert wet.status_code >= 400
        assert (dry.status_code, dry.content) == (wet.status_code, wet.content)


def test_bytes_of_an_upload_are_not_stored(world: World) -> None:
    path = f"/api/v2/boxes/{world.box(world.pipeline())['key']}/files"
    before = snapshot(world)
    file = ("offer.txt", b"One hundred", "text/plain")
    sent: list[dict[str, Any]] = [
        {"params": {"fileName": "offer.txt", "dryRun": "true"}, "content": b"One hundred"},
        {"files": {"file": file, "dryRun": (None, "true")}},
        {"files": {"dryRun": (None, "true"), "file": file}},
    ]
    for request in sent:
        found = ok(world.ada.http.post(path, **request))
        assert (found["fileName"], found["size"], found["dryRun"]) == ("offer.txt", "11", True)
        assert [change["kind"] for change in found["changes"]] == ["file.added"]
        assert difference(before, snapshot(world)) == {}
    assert ok(world.ada.http.post(path, files={"file": file}))["size"] == "11"


# Batches, undo and imports


def test_a_batch_is_dry_as_a_whole_or_by_operation(world: World) -> None:
    box = world.box(world.pipeline())
    path = f"/v1/boxes/{box['key']}"
    operations: list[dict[str, Any]] = [
        {"method": "POST", "path": path, "body": {"name": "One"}},
        {"method": "POST", "path": path, "body": {"stageKey": "nowhere"}},
        {"method": "POST", "path": f"/v2/boxes/{box['key']}/comments", "body": {"message": "Two"}},
    ]
    before = snapshot(world)
    for atomic in (False, True):
        found = ok(world.ada.http.post("/api/v2/batch?dryRun=true", json={"operations": operations, "atomic": atomic}))
        statuses = [result["status"] for result in found["results"]]
        assert (statuses, found["committed"]) == (([200, 400], False) if atomic else ([200, 400, 200], True))
        kinds = [change["kind"] for change in found["changes"]]
        assert kinds == ([] if atomic else ["box.renamed", "comment.created"])
        assert difference(before, snapshot(world)) == {}
    operations[0]["path"] = f"{path}?dryRun=true"
    results = ok(world.ada.http.post("/api/v2/batch", json={"operations": operations}))["results"]
    assert [change["kind"] for change in results[0]["body"]["changes"]] == ["box.renamed"]
    assert "changes" not in results[2]["body"]
    assert world.events(box["key"]) == ["box.created", "comment.created"]
    assert ok(world.ada.http.get(f"/api{path}"))["name"] == "Acme"


def test_an_undo_is_shown_before_it_happens(world: World) -> None:
    box = world.box(world.pipeline())
    edit = world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"name": "New", "stageKey": "5002"})
    change = {"change": edit.headers["x-boxwood-change"]}
    dry = ok(world.ada.http.post("/api/v2/undo", json={**change, "dryRun": True}))
    assert {change["kind"]: change["after"] for change in dry["changes"]} == {
        "box.moved": {"stageKey": "5001"},
        "box.renamed": {"name": "Acme"},
    }
    refused(world.ada.http.post("/api/v2/undo", json={"change": dry["change"]}), 404)
    assert len(ok(world.ada.http.post("/api/v2/undo", json=change))["undone"]) == len(dry["undone"]) == 2
    refused(world.ada.http.post("/api/v2/undo", json={**change, "dryRun": True}), 400)


def test_a_dry_import_imports_every_row_and_undoes_it(world: World) -> None:
    pipeline = world.pipeline()
    world.box(pipeline, name="Acme", notes="old")
    path = f"/api/v2/pipelines/{pipeline['key']}/import"
    table = b"Name,Notes,Stage\nAcme,new,Won\nBeta,,Demo\n,x,\nBeta,again,Demo\n"
    asked = {"match": "name", "make": "stages"}
    before = snapshot(world)
    sent: list[dict[str, Any]] = [
        {"params": {**asked, "dryRun": "true"}, "content": table, "headers": {"Content-Type": "text/csv"}},
        {"params": asked, "files": {"file": ("deals.csv", table), "dryRun": (None, "1")}},
    ]
    for request in sent:
        found = ok(world.ada.http.post(path, **request))
        counts = [found[name] for name in ("state", "rows", "created", "updated", "refused", "dryRun")]
        assert counts == ["done", 4, 1, 2, 1, True]
        assert [row["row"] for row in found["refusedRows"]] == [3]
        kinds = Counter(change["kind"] for change in found["changes"])
        assert kinds["box.created"] == kinds["stage.created"] == kinds["box.moved"] == 1
        assert difference(before, snapshot(world)) == {}


def test_a_large_table_is_checked_by_a_job(world: World) -> None:
    pipeline = world.pipeline()
    path = f"/api/v2/pipelines/{pipeline['key']}/import"
    table = "Name,Notes\n" + "".join(f"Box {at},{'x' * 5000}\n" for at in range(250))
    found = ok(world.ada.http.post(path, params={"dryRun": "true", "wait": 20}, content=table.encode()))
    assert (found["state"], found["dryRun"], found["created"]) == ("done", True, 250)
    assert "changes" not in found
    assert ok(world.ada.http.get(f"/api/v1/pipelines/{pipeline['key']}/boxes")) == []
    exported = json.dumps({"pipeline": {"name": "P"}, "boxes": [{"name": "x" * 1_000_001}]})
    answer = world.ada.http.post("/api/v2/pipelines/import?dryRun=true", content=exported.encode())
    refused(answer, 400, "dryRun", "1,000,000 bytes")


# Effects


def test_effects_name_what_would_follow(world: World) -> None:
    pipeline = world.pipeline()
    box = world.box(pipeline)
    ok(world.bo.http.post(f"/api/v2/boxes/{box['key']}/following", json={"following": True, "muted": True}))
    steps = [{"type": "task.create", "with": {"text": "Send the contract"}}]
    won = {"name": "Won", "trigger": {"type": "box.moved", "to": ["5002"]}, "steps": steps}
    automation = ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/automations", json=won))
    hook = {"event": "BOX_CHANGE_STAGE", "targetUrl": "https://receiver.example/hook"}
    webhook = ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/webhooks", json=hook))
    rule = {"name": "Notes", "mode": "WARN", "assertion": {"field": "notes", "op": "isNotEmpty"}}
    ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/validators", json=rule))
    moved = ok(world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"stageKey": "5002", "dryRun": True}))
    effects = moved["effects"]
    assert effects["automations"] == [{"key": automation["key"], "name": "Won", "boxKey": box["key"]}]
    (sent,) = effects["webhooks"]
    assert (sent["key"], sent["event"], sent["targetUrl"]) == (webhook["key"], hook["event"], hook["targetUrl"])
    (notified,) = effects["notifications"]
    assert (notified["userKey"], notified["reason"]) == (world.bo.user_key, "followed"), "it shows who muted the box"
    (broken,) = effects["rules"]
    assert (broken["name"], broken["mode"], broken["boxKey"]) == ("Notes", "WARN", box["key"])
    rule["mode"] = "REJECT"
    ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/validators", json=rule))
    dry = world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/boxes?dryRun=true", json={"name": "No notes"})
    refused(dry, 400)
    assert [violation["mode"] for violation in dry.json()["violations"]] == ["REJECT"]


def test_effects_leave_out_what_the_caller_may_not_see(world: World) -> None:
    pipeline = world.pipeline()
    box = world.box(pipeline)
    steps = [{"type": "task.create", "with": {"text": "Send the contract"}}]
    won = {"name": "Won", "trigger": {"type": "box.moved"}, "steps": steps}
    hook = {"event": "BOX_CHANGE_STAGE", "targetUrl": "https://receiver.example/secret"}
    keys = {
        noun: ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/{noun}", json=body))["key"]
        for noun, body in (("automations", won), ("webhooks", hook))
    }
    members = [{"userKey": world.bo.user_key, "permissionSetName": permissions.ASSIGNEE}]
    ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}", json={"aclEntries": members}))
    ok(
        world.ada.http.post(
            f"/api/v1/boxes/{box['key']}", json={"assignedToSharingEntries": [{"email": world.bo.email}]}
        )
    )
    for person in (world.ada, world.bo):
        effects = ok(person.http.post(f"/api/v1/boxes/{box['key']}?dryRun=true", json={"stageKey": "5002"}))["effects"]
        for noun, key in keys.items():
            sees = person.http.get(f"/api/v2/{noun}/{key}").status_code == 200
            assert sees == (person is world.ada)
            assert [each["key"] for each in effects[noun]] == [key] * sees, (person.email, noun)


@pytest.fixture
def mailing(fresh_store: Store, mailbox: Mailbox) -> Iterator[World]:
    """A world on a server of its own that sends mail."""
    config = fresh_store.config(smtp_url=mailbox.url, mail_from="crm@example.com", base_url="https://crm.example")
    server = Server(config).start()
    yield (created := World(server))
    created.close()
    server.stop()


def test_mails_of_a_dry_run_do_not_leave(mailing: World) -> None:
    world = mailing
    body = {"email": "new@client.example", "role": "Member"}
    dry = ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}/invitations?dryRun=true", json=body))
    (mail,) = dry["effects"]["mails"]
    assert (mail["about"], mail["to"]) == ("invitation", ["new@client.example"])
    assert ok(world.ada.http.get(f"/api/v2/teams/{world.team_key}/invitations"))["results"] == []


def test_a_dry_run_beside_other_writes_undoes_only_itself(world: World) -> None:
    pipeline = world.pipeline()
    path = f"/api/v2/pipelines/{pipeline['key']}/boxes"

    def send(at: int) -> Any:
        return ok(world.ada.http.post(path, json={"name": f"Box {at}", "dryRun": at % 2 == 0}))

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(send, range(60)))
    assert [len(answer["changes"]) for answer in found if "changes" in answer] == [1] * 30
    names = {box["name"] for box in ok(world.ada.http.get(f"/api/v1/pipelines/{pipeline['key']}/boxes"))}
    assert names == {f"Box {at}" for at in range(60) if at % 2}
