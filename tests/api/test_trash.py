"""Deleted things can be restored completely, under their keys, for 30 days."""

from typing import Any

from boxwood.core import trash
from boxwood.jobs import upkeep
from tests.api.test_contacts import box_of, contact, organization, path, read
from tests.api.test_merges import is_unchanged
from tests.conftest import World, ok, refused


def trash_entries(world: World, who: str = "ada", **query: Any) -> list[str]:
    found = ok(getattr(world, who).http.get("/api/v2/trash", params={"teamKey": world.team_key, **query}))
    return [entry["key"] for entry in found["results"]]


def restored(world: World, key: str) -> Any:
    return ok(world.ada.http.post(f"/api/v2/trash/{key}/restore"))


def everything(world: World, box: str) -> dict[str, Any]:
    """Return everything that can be read of a box except the save times."""
    urls = ("v2/boxes/{}/tasks", "v2/boxes/{}/comments", "v2/boxes/{}/meetings", "v1/boxes/{}/files")
    found = {url: ok(world.ada.http.get(f"/api/{url.format(box)}")) for url in (*urls, "v1/boxes/{}/threads")}
    shown = ok(world.ada.http.get(f"/api/v1/boxes/{box}"))
    return {
        **found,
        "box": {
            name: entry for name, entry in shown.items() if name not in ("lastUpdatedTimestamp", "lastSavedTimestamp")
        },
    }


def a_full_box(world: World) -> tuple[dict[str, Any], dict[str, Any]]:
    """A box with every kind of content, and another box that it is linked to."""
    pipeline = world.pipeline()
    field = world.field(pipeline, "TEXT_INPUT")["key"]
    other = world.box(pipeline, name="Other")
    konrad, firm = contact(world, givenName="Konrad"), organization(world, name="Zuse KG")
    links = {"contacts": [{"key": konrad["key"], "isStarred": True}], "organizations": [{"key": firm["key"]}]}
    box = world.box(pipeline, fields={field: "a"}, linkedBoxKeys=[other["key"]], notes="n", **links)
    url = f"/api/v2/boxes/{box['key']}"
    meeting = {"meetingType": "CALL_LOG", "startTimestamp": 1000, "notes": "Rang"}
    key = ok(world.ada.http.post(f"{url}/meetings", json=meeting))["key"]
    due = world.clock() + 86_400_000
    ok(world.ada.http.post(f"{url}/tasks", json={"text": "call", "meetingKey": key, "dueDate": due}))
    comment = ok(world.ada.http.post(f"{url}/comments", json={"message": "Shall we?"}))["key"]
    ok(world.bo.http.post(f"{url}/comments", json={"message": "Yes", "parent": comment}))
    ok(world.bo.http.post(f"/api/v2/comments/{comment}/react", json={"emoji": "👍"}))
    ok(world.ada.http.post(f"{url}/files?fileName=offer.txt", content=b"100 EUR"))
    ok(world.ada.http.put(f"/api/v1/boxes/{box['key']}/threads", params={"threadGmailId": "15d52837dc00ff8e"}))
    return box, other


def test_a_restored_box_has_everything_that_was_on_it(world: World) -> None:
    box, other = a_full_box(world)
    before, linked = everything(world, box["key"]), everything(world, other["key"])
    ok(world.ada.http.delete(f"/api/v1/boxes/{box['key']}"))
    assert trash_entries(world, noun="box")[0] == box["key"]
    assert everything(world, other["key"])["box"]["linkedBoxKeys"] == []
    upkeep.sweep(world.server.engine, world.server.boxwood.store, world.clock())
    answer = restored(world, box["key"])
    assert (answer["noun"], answer["name"]) == ("box", "Acme")
    assert everything(world, box["key"]) == before
    assert everything(world, other["key"]) == linked
    (file,) = before["v1/boxes/{}/files"]
    assert world.ada.http.get(f"/api/v1/files/{file['key']}/contents").content == b"100 EUR"
    assert world.events(box["key"])[-2:] == ["box.deleted", "box.restored"]
    assert box["key"] not in trash_entries(world)
    refused(world.ada.http.post(f"/api/v2/trash/{box['key']}/restore"), 404)


def test_a_restored_box_is_found_and_listed_again(world: World) -> None:
    pipeline = world.pipeline()
    box = world.box(pipeline, name=f"Zauberwort {world.number}")
    ok(world.ada.http.delete(f"/api/v1/boxes/{box['key']}"))
    restored(world, box["key"])
    assert [item["key"] for item in ok(world.ada.http.get(f"/api/v1/pipelines/{pipeline['key']}/boxes"))] == [
        box["key"]
    ]
    found = ok(world.ada.http.get("/api/v1/search", params={"query": "Zauberwort"}))
    assert box["key"] in str(found)


def test_things_deleted_meanwhile_are_left_out_of_a_restore(world: World) -> None:
    box, other = a_full_box(world)
    pipeline = box["pipelineKey"]
    (named,) = box["contacts"]
    field = next(iter(box["fields"]))
    ok(world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"stageKey": "5003"}))
    for url in (
        f"v1/boxes/{box['key']}",
        f"v1/boxes/{other['key']}",
        f"v2/contacts/{named['key']}",
        f"v1/pipelines/{pipeline}/stages/5003",
        f"v1/pipelines/{pipeline}/fields/{field}",
    ):
        ok(world.ada.http.delete(f"/api/{url}"))
    restored(world, box["key"])
    now = ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))
    assert (now["stageKey"], now["fields"], now.get("contacts"), now["linkedBoxKeys"]) == ("5001", {}, None, [])
    assert [organization["key"] for organization in now["organizations"]] == [
        organization["key"] for organization in box["organizations"]
    ]


def test_parts_of_a_box_are_restored_individually(world: World) -> None:
    box, _ = a_full_box(world)
    before = everything(world, box["key"])
    paths = {"v2/boxes/{}/tasks": "v2/tasks", "v2/boxes/{}/meetings": "v2/meetings", "v1/boxes/{}/files": "v2/files"}
    paths |= {"v2/boxes/{}/comments": "v2/comments", "v1/boxes/{}/threads": "v1/threads"}
    keys = []
    for url, own in paths.items():
        listed = before[url]["results"] if isinstance(before[url], dict) else before[url]
        keys.append(listed[0]["key"])
        ok(world.ada.http.delete(f"/api/{own}/{listed[0]['key']}"))
    assert everything(world, box["key"]) != before
    assert set(keys) <= set(trash_entries(world))
    for key in reversed(keys):
        restored(world, key)
    assert everything(world, box["key"]) == before
    kinds = {kind for kind in world.events(box["key"]) if kind.endswith(".restored")}
    assert kinds == {f"{noun}.restored" for noun in ("task", "meeting", "file", "comment", "thread")}


def test_a_restored_pipeline_is_complete_and_unreachable_until_then(world: World) -> None:
    box, _ = a_full_box(world)
    before, pipeline = everything(world, box["key"]), box["pipelineKey"]
    shown = ok(world.ada.http.get(f"/api/v1/pipelines/{pipeline}"))
    ok(world.ada.http.delete(f"/api/v1/pipelines/{pipeline}"))
    for url in (
        f"pipelines/{pipeline}",
        f"boxes/{box['key']}",
        f"boxes/{box['key']}/files",
        f"pipelines/{pipeline}/boxes",
    ):
        refused(world.ada.http.get(f"/api/v1/{url}"), 404)
    assert pipeline not in [item["key"] for item in ok(world.ada.http.get("/api/v1/pipelines"))]
    assert trash_entries(world, noun="pipeline")[0] == pipeline
    assert pipeline not in trash_entries(world, "bo")
    refused(world.bo.http.post(f"/api/v2/trash/{pipeline}/restore"), 404)
    restored(world, pipeline)
    assert ok(world.ada.http.get(f"/api/v1/pipelines/{pipeline}")) == shown
    assert everything(world, box["key"]) == before


def test_stages_and_fields_are_restored_with_their_position_and_values(world: World) -> None:
    pipeline = world.pipeline()
    field = world.field(pipeline, "TEXT_INPUT", "Size")["key"]
    double = world.field(pipeline, "FORMULA", "Double", defaultValue='$("Size") & "!"')["key"]
    boxes = [world.box(pipeline, fields={field: value}) for value in "ab"]
    url = f"/api/v1/pipelines/{pipeline['key']}"
    ok(world.ada.http.delete(f"{url}/stages/5002"))
    ok(world.ada.http.delete(f"{url}/fields/{field}"))
    assert field not in ok(world.ada.http.get(f"/api/v1/boxes/{boxes[0]['key']}"))["fields"]
    restored(world, f"{pipeline['key']}.5002")
    restored(world, f"{pipeline['key']}.{field}")
    assert ok(world.ada.http.get(url))["stageOrder"] == ["5001", "5002", "5003"]
    for box, value in zip(boxes, "ab", strict=True):
        held = ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))["fields"]
        assert held[field] == value
        assert double in held


def test_a_restored_contact_is_linked_where_it_was(world: World) -> None:
    pipeline = world.pipeline()
    field = world.field(pipeline, "TEAM_CONTACT")["key"]
    firm = organization(world, name="Zuse KG", domains=["zuse.example"])
    konrad = contact(world, givenName="Konrad", emailAddresses=["k@zuse.example"], orgLinks=[{"key": firm["key"]}])
    friend = contact(world, givenName="Helmut", contactLinks=[{"key": konrad["key"]}])
    named = {"contacts": [{"key": konrad["key"], "isStarred": True}], "fields": {field: [konrad["key"]]}}
    box = world.box(pipeline, **named)
    task = {"text": "call", "teamContactKey": konrad["key"]}
    task = ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}/tasks", json=task))
    before = {key["key"]: read(world, key) for key in (konrad, firm, friend)}
    shown = box_of(world, box)
    ok(world.ada.http.delete(path(konrad)))
    assert "contacts" not in box_of(world, box)
    restored(world, konrad["key"])
    for key, was in before.items():
        assert is_unchanged(was, read(world, {**was, "key": key})), was
    now = box_of(world, box)
    assert (now["contacts"], now["fields"]) == (shown["contacts"], shown["fields"])
    assert ok(world.ada.http.get(f"/api/v2/tasks/{task['key']}"))["teamContactKey"] == konrad["key"]


def test_only_users_who_may_delete_may_restore(world: World) -> None:
    pipeline = world.pipeline(defaultPermissionSetName="__viewAllPermissionSet__")
    box = world.box(pipeline)
    ok(world.ada.http.delete(f"/api/v1/boxes/{box['key']}"))
    for who in ("bo", "cy"):
        assert box["key"] not in trash_entries(world, who)
        refused(getattr(world, who).http.post(f"/api/v2/trash/{box['key']}/restore"), 404)
        refused(getattr(world, who).http.delete(f"/api/v2/trash/{box['key']}"), 404)
    restored(world, box["key"])


def test_the_trash_is_emptied_after_30_days_or_on_request(world: World) -> None:
    pipeline = world.pipeline()
    old, young, unwanted = (world.box(pipeline, name=name) for name in ("old", "young", "unwanted"))
    other = world.pipeline()
    world.box(other)
    ok(world.ada.http.delete(f"/api/v1/boxes/{old['key']}"))
    ok(world.ada.http.delete(f"/api/v1/pipelines/{other['key']}"))
    world.clock.advance(days=20)
    for box in (young, unwanted):
        ok(world.ada.http.delete(f"/api/v1/boxes/{box['key']}"))
    ok(world.ada.http.delete(f"/api/v2/trash/{unwanted['key']}"))
    world.clock.advance(days=11)
    assert trash_entries(world) == [young["key"]]
    refused(world.ada.http.post(f"/api/v2/trash/{old['key']}/restore"), 404)
    upkeep.sweep(world.server.engine, world.server.boxwood.store, world.clock())
    sql = "SELECT key FROM trash WHERE pipeline_key IN (:one, :other)"
    left = world.server.engine.read(lambda db: db.rows(sql, one=pipeline["key"], other=other["key"]))
    assert left == [(young["key"],)]
    sql = "SELECT COUNT(*) FROM pipelines p WHERE p.key = :other"
    assert world.server.engine.read(lambda db: db.row(sql, other=other["key"])) == (0,)
    restored(world, young["key"])


def test_the_trash_is_paged_by_cursor(world: World) -> None:
    pipeline = world.pipeline()
    keys = []
    for number in range(3):
        box = world.box(pipeline, name=str(number))
        ok(world.ada.http.delete(f"/api/v1/boxes/{box['key']}"))
        keys.insert(0, box["key"])
    query: dict[str, Any] = {"noun": "box", "limit": 2, "teamKey": world.team_key}
    page = ok(world.ada.http.get("/api/v2/trash", params=query))
    rest = ok(world.ada.http.get("/api/v2/trash", params={**query, "cursor": page["cursor"]}))
    found = [entry["key"] for entry in page["results"] + rest["results"]]
    assert sorted(found) == sorted(keys)
    refused(world.ada.http.get("/api/v2/trash", params={"cursor": "x"}), 400, "cursor")


def test_the_trash_covers_every_table_that_refers_to_a_box(world: World) -> None:
    """Every table whose rows are deleted with a box must be in the trash, or a restored box is incomplete."""
    held = {table for table, _ in trash.HELD["box"]} | set(trash.DERIVED)
    assert tables_that_go_with(world, "boxes") <= held
    assert {"reactions", "task_assignees"} <= held


def tables_that_go_with(world: World, table: str) -> set[str]:
    """Return the tables whose rows are deleted together with a row of this table."""
    sql = {
        "sqlite": """
            SELECT m.name FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f
            WHERE m.type = 'table' AND f."table" = :table AND f.on_delete = 'CASCADE'
        """,
        "postgres": """
            SELECT conrelid::regclass::text FROM pg_constraint
            WHERE contype = 'f' AND confrelid = to_regclass(:table) AND confdeltype = 'c'
        """,
    }
    engine = world.server.engine
    return {row[0] for row in engine.read(lambda db: db.rows(sql[db.dialect.name], table=table))}
