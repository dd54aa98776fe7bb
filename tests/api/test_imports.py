"""Imports: how columns map to fields, which rows are refused, and which events are recorded."""

import json
import time
from typing import Any

import httpx

from tests.conftest import World, ok, refused


def send(world: World, pipeline: dict[str, Any], table: str | bytes, who: str = "ada", **asked: Any) -> httpx.Response:
    params = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in asked.items()}
    kind = params.pop("kind", "text/csv")
    headers = {"content-type": kind}
    client: httpx.Client = getattr(world, who).http
    path = f"/api/v2/pipelines/{pipeline['key']}/import"
    content = table.encode() if isinstance(table, str) else table
    return client.post(path, params={"wait": 20, **params}, content=content, headers=headers)


def imported(world: World, pipeline: dict[str, Any], table: str | bytes, **asked: Any) -> dict[str, Any]:
    """Import the table, wait for the end and return the import."""
    job: dict[str, Any] = ok(send(world, pipeline, table, **asked))
    assert job["state"] in ("done", "cancelled", "failed"), job
    return job


def counts(job: dict[str, Any]) -> tuple[str, int, int, int, int]:
    return job["state"], job["rows"], job["created"], job["updated"], job["refused"]


def boxes(world: World, pipeline: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ok(world.ada.http.get(f"/api/v1/pipelines/{pipeline['key']}/boxes"))
    return found


def refusals(world: World, job: dict[str, Any]) -> list[tuple[int, str, str]]:
    found = ok(world.ada.http.get(f"/api/v2/imports/{job['key']}/refused"))["results"]
    return [(row["row"], row["column"], row["reason"]) for row in found]


def test_a_csv_is_imported_by_its_column_names(world: World) -> None:
    pipeline = world.pipeline()
    size, closing, done, tags = (
        world.field(pipeline, kind, name, **more)["key"]
        for kind, name, more in (
            ("TEXT_INPUT", "Deal Size", {}),
            ("DATE", "Closing", {}),
            ("CHECKBOX", "Signed", {}),
            ("TAG", "Tags", {"tagSettings": {"tags": [{"key": "", "name": "Hot"}, {"key": "", "name": "New"}]}}),
        )
    )
    table = (
        "Name;deal_size;Stage;Closing;signed;Tags;Assigned to;Notes;Nonsense\r\n"
        f'Acme;1200;won;31.12.2026;yes;"Hot, new";{world.bo.email};"two\nlines";x\r\n'
        "Beta;0049;;;no;;;;\r\n"
    )
    job = imported(world, pipeline, table)
    assert counts(job) == ("done", 2, 2, 0, 0)
    assert (job["progress"], job["format"], job["mapping"]["Nonsense"]) == (1, "csv", None)
    acme, beta = boxes(world, pipeline)
    tag_keys = acme["fields"].pop(tags)
    assert len(tag_keys) == 2
    assert acme["fields"] == {size: 1200, closing: 1798675200000, done: True}
    assert (acme["name"], acme["stageKey"], acme["notes"]) == ("Acme", "5002", "two\nlines")
    assert [entry["userKey"] for entry in acme["assignedToSharingEntries"]] == [world.bo.user_key]
    assert (beta["fields"], beta["stageKey"]) == ({size: "0049", done: False}, "5001")
    assert [entry["userKey"] for entry in beta["assignedToSharingEntries"]] == [world.ada.user_key]
    assert world.events(acme["key"]) == ["box.created"]


def test_an_imported_box_records_the_event_of_a_created_box(world: World) -> None:
    """An imported box records the event of a created box plus the import's key. All rows form one change."""
    pipeline = world.pipeline()
    size = world.field(pipeline, "TEXT_INPUT", "Size")["key"]
    name, notes = 'Ac"me \\ Ü 🙂', 'two\nlines of "notes"'
    created = world.box(pipeline, name=name, notes=notes, fields={size: 5})
    rows = [{"name": name, "notes": notes, "size": 5}, {"name": "Write to x@y.example", "size": 6}]
    job = imported(world, pipeline, "\n".join(map(json.dumps, rows)), kind="application/jsonl")

    def read(db: Any) -> list[dict[str, Any]]:
        sql = "SELECT kind, actor_key, team_key, pipeline_key, box_key, record, before, detail FROM events"
        names = ("kind", "actor", "team", "pipeline", "box", "record", "before", "detail")
        rows = db.rows(f"{sql} WHERE pipeline_key = :key ORDER BY id", key=pipeline["key"])
        return [dict(zip(names, row, strict=True)) for row in rows]

    events = [item for item in world.server.engine.read(read) if item["kind"].startswith(("box", "pipeline.imp"))]
    kinds = [event["kind"] for event in events]
    assert kinds == ["box.created", "box.created", "box.created", "box.email_added", "pipeline.imported"]
    by_hand, by_import = (
        {**event, "box": "", "record": json.loads(event["record"]), "detail": json.loads(event["detail"])}
        for event in events[:2]
    )
    assert by_import["detail"].pop("via") == f"import:{job['key']}"
    assert by_hand["detail"].pop("via").startswith("key:")
    assert by_import["detail"].pop("change_id") == job["change"] == job["key"]
    by_hand["detail"].pop("change_id", None)
    own = ("key", "created_at", "updated_at", "saved_at", "stage_changed_at", "stage_history")
    for event in (by_hand, by_import):
        event["record"] = {name: value for name, value in event["record"].items() if name not in own}
    assert by_hand == by_import
    assert {json.loads(event["detail"])["change_id"] for event in events[1:]} == {job["key"]}
    assert {created["key"]} & {box["key"] for box in boxes(world, pipeline)}
    feed = ok(world.ada.http.get(f"/api/v1/pipelines/{pipeline['key']}/newsfeed"))
    assert feed[0]["storyTextPipeline"].endswith("imported 2 boxes into this pipeline")


def test_json_lines_keep_the_types_of_their_values(world: World) -> None:
    pipeline = world.pipeline()
    size = world.field(pipeline, "TEXT_INPUT", "Size")["key"]
    lines = [{"name": "a", "Size": "7"}, {"name": "b", "fields": {size: 7.5}}, {"name": "c", "stageKey": "5003"}]
    table = "\n".join(json.dumps(line) for line in lines) + "\n[1]\n{oops\n"
    job = imported(world, pipeline, table, kind="application/x-ndjson")
    assert counts(job) == ("done", 5, 3, 0, 2)
    assert [(box["name"], box["fields"], box["stageKey"]) for box in boxes(world, pipeline)] == [
        ("a", {size: "7"}, "5001"),
        ("b", {size: 7.5}, "5001"),
        ("c", {}, "5003"),
    ]
    assert refusals(world, job) == [(4, "", "is not a JSON object"), (5, "", "is not a JSON object")]


def test_an_invalid_row_is_refused_with_its_column_and_reason(world: World) -> None:
    pipeline = world.pipeline()
    world.field(pipeline, "DATE", "Due")
    world.field(pipeline, "DROPDOWN", "Region", dropdownSettings={"items": [{"key": "", "name": "North"}]})
    table = (
        "Name,Due,Region,Stage,Assignees\na,never,,,\n,,,,x\nb,,South,,\nc,,,Nowhere,\nd,,,,who@x.example\ne,,north,,\n"
    )
    job = imported(world, pipeline, table)
    assert counts(job) == ("done", 6, 1, 0, 5)
    found = refusals(world, job)
    assert [(row, column) for row, column, _ in found] == [
        (1, "Due"),
        (2, "Assignees"),
        (3, "Region"),
        (4, "Stage"),
        (5, "Assignees"),
    ]
    for at, word in ((0, "is not a date"), (2, "South"), (4, "who@x.example")):
        assert word in found[at][2]
    assert [box["name"] for box in boxes(world, pipeline)] == ["e"]
    first = ok(world.ada.http.get(f"/api/v2/imports/{job['key']}/refused?limit=1"))
    assert (first["hasNextPage"], first["results"][0]["cells"][0]) == (True, "a")


def test_missing_options_stages_and_people_are_created_when_requested(world: World) -> None:
    pipeline = world.pipeline()
    region = world.field(pipeline, "DROPDOWN", "Region")["key"]
    table = "Name,Region,Stage,Assignees\na,North,Demo,new@x.example\nb,north,demo,\nc,South,,\n"
    job = imported(world, pipeline, table, make="options,stages,people")
    assert counts(job) == ("done", 3, 3, 0, 0)
    after = ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}"))
    options = {
        item["name"]: item["key"]
        for field in after["fields"]
        if field["key"] == region
        for item in field["dropdownSettings"]["items"]
    }
    assert list(options) == ["North", "South"]
    assert [stage["name"] for stage in after["stages"].values()].count("Demo") == 1
    a, b, c = boxes(world, pipeline)
    assert [box["fields"][region] for box in (a, b, c)] == [options["North"], options["North"], options["South"]]
    assert a["stageKey"] == b["stageKey"] == after["stageOrder"][-1]
    assert a["assignedToSharingEntries"][0]["email"] == "new@x.example"


def test_a_dry_run_reports_the_result_and_writes_nothing(world: World) -> None:
    pipeline = world.pipeline()
    world.box(pipeline, name="Acme")
    job = imported(world, pipeline, "name\nAcme\nBeta\nBeta\n\n", match="name", dryRun="true")
    assert counts(job) == ("done", 3, 1, 2, 0)
    assert [box["name"] for box in boxes(world, pipeline)] == ["Acme"]


def test_existing_boxes_are_found_by_the_match_column(world: World) -> None:
    pipeline = world.pipeline()
    number, word = (world.field(pipeline, "TEXT_INPUT", name)["key"] for name in ("Number", "Word"))
    old = world.box(pipeline, name="Acme", fields={number: 17, word: "old"}, notes="kept")
    table = "Number,Name,Word,Stage\n17,,new,Won\n18,Beta,x,\n18,,y,\n,Gamma,z,\n19,,,\n"
    job = imported(world, pipeline, table, match=number)
    assert counts(job) == ("done", 5, 1, 2, 2)
    found = {box["name"]: box for box in boxes(world, pipeline)}
    assert set(found) == {"Acme", "Beta"}
    acme = found["Acme"]
    assert (acme["key"], acme["stageKey"], acme["notes"]) == (old["key"], "5002", "kept")
    assert acme["fields"] == {number: 17, word: "new"}
    assert found["Beta"]["fields"] == {number: 18, word: "y"}
    assert world.events(old["key"]) == ["box.created", "box.moved", "box.fields_edited"]
    again = imported(world, pipeline, "Number,Name,Word\n17,,new\n", match=number)
    assert counts(again) == ("done", 1, 0, 1, 0)
    assert len(world.events(old["key"])) == 3


def test_encodings_and_delimiters_are_detected_from_the_file(world: World) -> None:
    for table in (
        "Name\tNotes\nMüller\tgrün\n".encode("cp1252"),
        "Name|Notes\nMüller|grün\n".encode("utf-16"),
        "\ufeffName,Notes\nMüller,grün\n".encode(),
    ):
        pipeline = world.pipeline()
        assert counts(imported(world, pipeline, table)) == ("done", 1, 1, 0, 0)
        assert [(box["name"], box["notes"]) for box in boxes(world, pipeline)] == [("Müller", "grün")]


def test_a_mapping_assigns_columns_to_fields(world: World) -> None:
    pipeline = world.pipeline()
    size = world.field(pipeline, "TEXT_INPUT", "Size")["key"]
    table = "Company,Size,When\nAcme,5,1/2/2026\n"
    job = imported(world, pipeline, table, mapping={"Company": "name", "Size": None, "When": "created"})
    assert job["mapping"] == {"Company": "name", "Size": None, "When": "created"}
    (box,) = boxes(world, pipeline)
    assert (box["fields"], box["creationTimestamp"]) == ({}, 1767312000000)
    refused(send(world, pipeline, table), 400, "mapping", "name")
    refused(send(world, pipeline, table, mapping={"Nope": "name"}), 400, "mapping.Nope")
    refused(send(world, pipeline, table, mapping={"Company": "9999"}), 400, "mapping.Company")
    refused(send(world, pipeline, table, mapping={"Company": "name", "When": size}, match="notes"), 400, "match")
    refused(send(world, pipeline, table, mapping="["), 400, "mapping")
    refused(send(world, pipeline, table, make="coffee"), 400, "make[0]")
    refused(send(world, pipeline, table, encoding="klingon"), 400, "encoding", "windows-1252")


def test_a_preview_shows_how_a_table_is_understood(world: World) -> None:
    pipeline = world.pipeline()
    world.field(pipeline, "DATE", "Due")
    world.field(pipeline, "DROPDOWN", "Region")
    path = f"/api/v2/pipelines/{pipeline['key']}/import/preview"
    table = "Title;Due;Region;Other\nAcme;13/02/2026;North;1\nBeta;x;;\n"
    found = ok(world.ada.http.post(path, params={"make": "options"}, content=table.encode()))
    assert (found["format"], found["delimiter"], found["encoding"], found["dates"]) == ("csv", ";", "utf-8", "dmy")
    assert [(column["name"], column["target"]) for column in found["columns"]] == [
        ("Title", "name"),
        ("Due", "1001"),
        ("Region", "1002"),
        ("Other", None),
    ]
    assert found["columns"][0]["samples"] == ["Acme", "Beta"]
    assert found["missing"] == {"1002": ["North"]}
    assert found["rows"][0]["fields"]["1001"] == 1770940800000
    assert [(row["row"], row["column"]) for row in found["refused"]] == [(2, "Due")]
    assert boxes(world, pipeline) == []


def test_users_who_may_not_create_boxes_may_not_import_them(world: World) -> None:
    pipeline = world.pipeline()
    job = imported(world, pipeline, "name\nAcme\n")
    share = [{"email": world.bo.email, "permissionSetName": "__viewAllPermissionSet__"}]
    ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}", json={"aclEntries": share}))
    refused(send(world, pipeline, "name\nx\n", who="bo"), 403)
    refused(send(world, pipeline, "name\nx\n", who="cy"), 404)
    for who in (world.bo, world.cy):
        refused(who.http.get(f"/api/v2/imports/{job['key']}"), 404)
        refused(who.http.get(f"/api/v2/imports/{job['key']}/refused"), 404)
        refused(who.http.post(f"/api/v2/imports/{job['key']}/cancel"), 404)
    assert ok(world.bo.http.get(f"/api/v2/pipelines/{pipeline['key']}/imports"))["results"] == []
    assert ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}/imports"))["results"] == [job]
    refused(world.ada.http.post(f"/api/v2/imports/{job['key']}/cancel"), 400, "done")


def test_a_repeated_import_request_runs_once(world: World) -> None:
    pipeline = world.pipeline()
    path = f"/api/v2/pipelines/{pipeline['key']}/import?wait=20"
    headers = {"Idempotency-Key": f"import-{world.number}", "content-type": "text/csv"}
    first, second = (ok(world.ada.http.post(path, content=b"name\nAcme\n", headers=headers)) for _ in range(2))
    assert first["key"] == second["key"]
    assert len(boxes(world, pipeline)) == 1
    refused(world.ada.http.post(path, content=b"name\nOther\n", headers=headers), 422)


def test_a_long_import_can_be_cancelled_and_keeps_the_row_order(world: World) -> None:
    pipeline = world.pipeline()
    table = "name\n" + "".join(f"box {number}\n" for number in range(150_000))
    job = ok(send(world, pipeline, table, wait=0))
    path = f"/api/v2/imports/{job['key']}"
    deadline = time.monotonic() + 120
    while not (now := ok(world.ada.http.get(path)))["created"]:
        assert now["state"] in ("waiting", "running"), now
        assert time.monotonic() < deadline
    cancelled = ok(world.ada.http.post(f"{path}/cancel"))
    assert cancelled["state"] == "cancelled"
    assert 0 < cancelled["progress"] < 1
    names = [box["name"] for box in boxes(world, pipeline)]
    assert names == [f"box {number}" for number in range(cancelled["created"])]
    assert ok(world.ada.http.get(path)) == cancelled


def test_imported_boxes_get_formula_values_and_are_found_by_search(world: World) -> None:
    pipeline = world.pipeline()
    world.field(pipeline, "TEXT_INPUT", "Size")
    double = world.field(pipeline, "FORMULA", "Double", defaultValue="$'Size' * 2")["key"]
    word = f"Zuse{world.number.replace('-', '')}"
    imported(world, pipeline, f"name,size\n{word},21\n")
    assert boxes(world, pipeline)[0]["fields"][double] == 42
    deadline = time.monotonic() + 120
    while not ok(world.ada.http.get("/api/v1/search", params={"query": word}))["results"]["boxes"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_imported_rows_must_satisfy_the_validation_rules(world: World) -> None:
    pipeline = world.pipeline()
    size = world.field(pipeline, "TEXT_INPUT", "Size")["key"]
    rule = {"name": "Small", "assertion": {"field": size, "op": "lt", "value": 100}, "message": "too large"}
    ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/validators", json=rule))
    job = imported(world, pipeline, "name,size\na,5\nb,500\nc,50\n")
    assert counts(job) == ("done", 3, 2, 0, 1)
    assert refusals(world, job) == [(2, "", "too large")]
    assert [box["name"] for box in boxes(world, pipeline)] == ["a", "c"]
