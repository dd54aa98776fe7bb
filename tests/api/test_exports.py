"""Tables that are exported and imported again hold the same values."""

import csv
import io
import json
from typing import Any

import pytest

from tests.api.test_imports import imported
from tests.conftest import World, ok, refused


def export(world: World, pipeline: dict[str, Any], who: str = "ada", **params: Any) -> Any:
    params = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in params.items()}
    return getattr(world, who).http.get(f"/api/v2/pipelines/{pipeline['key']}/export", params=params)


def table(world: World, pipeline: dict[str, Any], **params: Any) -> list[list[str]]:
    answer = export(world, pipeline, **params)
    assert answer.status_code == 200, answer.text
    return list(csv.reader(io.StringIO(answer.text)))


KINDS = ("TEXT_INPUT", "DATE", "CHECKBOX", "DROPDOWN", "TAG", "PERSON", "FORMULA")


def with_every_kind(world: World) -> dict[str, Any]:
    """A pipeline with a field of each type."""
    items = [{"key": "", "name": "Hot, or so"}, {"key": "", "name": "Cold"}]
    pipeline = world.pipeline()
    for kind in KINDS:
        more: dict[str, Any] = {"dropdownSettings": {"items": items}} if kind == "DROPDOWN" else {}
        more |= {"tagSettings": {"tags": items}} if kind == "TAG" else {}
        more |= {"defaultValue": "$'Name' + '!'"} if kind == "FORMULA" else {}
        world.field(pipeline, kind, kind.title(), **more)
    found: dict[str, Any] = ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}"))
    return found


def filled(world: World, pipeline: dict[str, Any]) -> None:
    text, date, flag, drop, tags, person = [field["key"] for field in pipeline["fields"]][:6]
    hot, cold = (option["key"] for option in pipeline["fields"][3]["dropdownSettings"]["items"])
    both = [tag["key"] for tag in pipeline["fields"][4]["tagSettings"]["tags"]]
    values = {text: -7.5, date: 1798675200000, flag: True, drop: hot, tags: both, person: [{"email": world.bo.email}]}
    world.box(pipeline, name="=1+1", stageKey="5002", notes='two\nlines, "quoted"', fields=values)
    values = {text: "-12", date: 1798675200123, flag: False, drop: cold, tags: both[1:]}
    world.box(pipeline, name="-Beta", fields=values, assignedToSharingEntries=[{"email": world.bo.email}])
    world.box(pipeline, name="Gamma", fields={text: "0049", person: [{"email": "no@body.example"}]})


def exported_values(world: World, pipeline: dict[str, Any]) -> list[Any]:
    """Return the values of the boxes that an export contains, with names in place of keys."""
    fields = {field["key"]: field for field in ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}"))["fields"]}
    found = []
    for box in ok(world.ada.http.get(f"/api/v1/pipelines/{pipeline['key']}/boxes")):
        values = {}
        for key, value in box["fields"].items():
            settings = fields[key].get("dropdownSettings", {}).get("items") or fields[key].get("tagSettings", {}).get(
                "tags"
            )
            names = {item["key"]: item.get("name") or item.get("tag") for item in settings or ()}
            shown = [names.get(item, item) for item in value] if settings and isinstance(value, list) else value
            values[fields[key]["name"]] = names.get(shown, shown) if isinstance(shown, str) else shown
        people = [
            [item["email"] for item in box[who]] for who in ("assignedToSharingEntries", "followerSharingEntries")
        ]
        found.append((box["name"], box["stageKey"], box.get("notes"), box["creationTimestamp"], values, people))
    return found


@pytest.mark.parametrize("form", ["csv", "jsonl", "json"])
def test_an_exported_table_is_imported_with_the_same_values(world: World, form: str) -> None:
    """Imports into another pipeline with the same fields under other keys."""
    pipeline = with_every_kind(world)
    filled(world, pipeline)
    other = world.pipeline(stages=["Won", "Lead", "Lost"])
    world.field(other, "TEXT_INPUT", "One more")
    for field in reversed(pipeline["fields"]):
        more = {name: field[name] for name in ("defaultValue",) if name in field}
        world.field(other, field["type"], field["name"], **more)
    sent = export(world, pipeline, format=form)
    assert sent.status_code == 200, sent.text
    job = imported(world, other, sent.content, make="options", dates="ymd")
    assert (job["state"], job["created"], job["refused"], job["format"]) == ("done", 3, 0, form)

    def named(boxes: list[Any], stages: list[str]) -> list[Any]:
        return [(name, stages[int(stage) - 5001], *rest) for name, stage, *rest in boxes]

    expected = named(exported_values(world, pipeline), ["Lead", "Won", "Lost"])
    found = named(exported_values(world, other), ["Won", "Lead", "Lost"])
    assert found == expected


def test_a_csv_has_headings_and_no_cell_that_a_spreadsheet_computes(world: World) -> None:
    pipeline = with_every_kind(world)
    filled(world, pipeline)
    rows = table(world, pipeline)
    names = [kind.title() for kind in KINDS]
    assert rows[0] == ["Name", "Stage", *names, "Notes", "Assignees", "Followers", "Created", "Updated", "Key"]
    ada, bo = world.ada.email, world.bo.email
    assert rows[1][:11] == [
        *("'=1+1", "Won", "-7.5", "2026-12-31", "true", "Hot, or so", '["Hot, or so","Cold"]', bo, "'=1+1!"),
        *('two\nlines, "quoted"', ada),
    ]
    assert rows[2][:9] == ["'-Beta", "Lead", "'-12", "2026-12-31T00:00:00.123Z", "false", "Cold", "Cold", "", "'-Beta!"]
    answer = export(world, pipeline)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="Deals.csv"')


def test_a_csv_has_a_byte_order_mark_on_request(world: World) -> None:
    pipeline = world.pipeline()
    world.box(pipeline, name="Müller")
    plain, marked = (export(world, pipeline, fields="name", **more).content for more in ({}, {"bom": "true"}))
    assert plain == "Name\r\nMüller\r\n".encode()
    assert marked == b"\xef\xbb\xbf" + plain
    assert export(world, pipeline, format="jsonl", bom="true").content.startswith(b"{")
    assert imported(world, pipeline, marked)["created"] == 1


def test_a_csv_guards_lists_and_headings(world: World) -> None:
    pipeline = world.pipeline()
    world.field(pipeline, "TAG", "=1+2", tagSettings={"tags": [{"key": "", "name": "=1+1"}, {"key": "", "name": "x"}]})
    key = ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}"))["fields"][0]
    tags = [tag["key"] for tag in key["tagSettings"]["tags"]]
    world.box(pipeline, name="=2", notes="\t- first bullet", fields={key["key"]: tags})
    found = table(world, pipeline, fields=f"name,notes,{key['key']}")
    assert found == [["Name", "Notes", "'=1+2"], ["'=2", "'\t- first bullet", "'=1+1, x"]]


def test_an_export_has_the_requested_boxes_and_columns(world: World) -> None:
    pipeline = world.pipeline()
    size = world.field(pipeline, "TEXT_INPUT", "Size")["key"]
    for number in range(4):
        world.box(pipeline, name=f"box {number}", fields={size: number}, stageKey="5001" if number else "5003")
    big = {"field": size, "op": "gt", "value": 0}
    assert table(world, pipeline, filter=big, fields=f"{size},name") == [["Size", "Name"]] + [
        [str(n), f"box {n}"] for n in (1, 2, 3)
    ]
    assert table(world, pipeline, stageKey="5003", fields="name") == [["Name"], ["box 0"]]
    assert table(world, pipeline, sort=f"-{size}", fields="name,taskTotal")[1:3] == [["box 3", "0"], ["box 2", "0"]]
    given = {"name": "Big", "filter": big, "sort": [f"-{size}"], "columns": [{"key": size}, {"key": "daysInStage"}]}
    view = ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/views", json=given))
    assert table(world, pipeline, view=view["key"])[:2] == [["Name", "Size", "daysInStage"], ["box 3", "3", "0"]]
    lines = export(world, pipeline, format="jsonl", fields=f"name,{size}").text.splitlines()
    assert json.loads(lines[0]) == {"name": "box 0", "fields": {"Size": 0}}
    whole = export(world, pipeline, format="json").json()
    assert whole["pipeline"]["key"] == pipeline["key"]
    assert [box["name"] for box in whole["boxes"]] == [f"box {number}" for number in range(4)]
    assert export(world, world.pipeline(), format="json").json()["boxes"] == []


def test_a_long_export_is_complete(world: World) -> None:
    pipeline = world.pipeline()
    rows = "".join(f"box {number}\n" for number in range(2500))
    imported(world, pipeline, "name\n" + rows)
    expected = [f"box {number}" for number in range(2500)]
    assert [row[0] for row in table(world, pipeline, fields="name")[1:]] == expected
    assert [row[0] for row in table(world, pipeline, fields="name,freshness")[1:]] == expected
    assert [box["name"] for box in export(world, pipeline, format="json").json()["boxes"]] == expected


def test_an_export_appears_only_in_the_audit_log(world: World) -> None:
    pipeline = world.pipeline(defaultPermissionSetName="__viewAssignedPermissionSet__")
    refused(export(world, pipeline, "bo"), 403)
    export(world, pipeline, format="jsonl")
    world.ada.http.head(f"/api/v2/pipelines/{pipeline['key']}/export")
    query = {"kind": "pipeline.exported"}
    (entry,) = ok(world.ada.http.get(f"/api/v2/teams/{world.team_key}/audit", params=query))["results"]
    assert (entry["story"], entry["actor"]["key"]) == ("Ada L exported Deals as JSONL", world.ada.user_key)
    assert entry["via"]["type"] == "key"
    history = ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}/history"))["results"]
    assert [entry["kind"] for entry in history] == ["pipeline.created"]


def test_only_permitted_users_export_and_only_what_they_see(world: World) -> None:
    pipeline = world.pipeline()
    world.box(pipeline, name="hers")
    world.box(pipeline, name="his", assignedToSharingEntries=[{"email": world.bo.email}])

    def share(name: str) -> None:
        entries = [{"email": world.bo.email, "permissionSetName": name}]
        ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}", json={"aclEntries": entries}))

    share("__viewAssignedPermissionSet__")
    refused(export(world, pipeline, who="bo"), 403)
    permissions = [
        {"entityType": "PIPELINE", "action": "EXPORT", "conditionalCheck": "NONE"},
        {"entityType": "BOX", "action": "GET", "conditionalCheck": "ASSIGNED_TO"},
    ]
    sets = {"Own": {"permissions": permissions}}
    ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}", json={"customPermissionSets": sets}))
    share("Own")
    assert [row[0] for row in csv.reader(io.StringIO(export(world, pipeline, who="bo").text))] == ["Name", "his"]
    refused(export(world, pipeline, who="cy"), 404)
    refused(export(world, pipeline, format="xml"), 400, "format")
    refused(export(world, pipeline, fields="nothing"), 400, "fields[0]")


def test_an_exported_pipeline_can_be_created_on_another_server(world: World) -> None:
    """A stranger creates the pipeline in his own team, with stages, colours, fields, options, formulas and boxes."""
    pipeline = with_every_kind(world)
    path = f"/api/v2/pipelines/{pipeline['key']}"
    ok(world.ada.http.post(path, json={"description": "What we sell", "stageColorTheme": "SUNSET_FADED"}))
    colours = {"foregroundColor": "#112233", "backgroundColor": "#445566"}
    ok(world.ada.http.post(f"{path}/stages/5002", json={"color": colours}))
    filled(world, pipeline)
    sent = export(world, pipeline, format="json")
    params = {"wait": 20, "make": "people", "name": "Copy"}
    headers = {"content-type": "application/json"}
    posted = world.cy.http.post("/api/v2/pipelines/import", params=params, content=sent.content, headers=headers)
    job = ok(posted)
    assert (job["state"], job["created"], job["refused"]) == ("done", 3, 0)
    before = ok(world.ada.http.get(path))
    after = ok(world.cy.http.get(f"/api/v2/pipelines/{job['pipelineKey']}"))
    assert (after["name"], before["name"]) == ("Copy", "Deals")

    def same(found: dict[str, Any]) -> Any:
        keys = ("description", "icon", "stageColorTheme")
        stages = [(found["stages"][key]["name"], found["stages"][key]["color"]) for key in found["stageOrder"]]
        own = ("name", "type", "defaultValue")
        return (
            [found.get(key) for key in keys],
            stages,
            [{name: field.get(name) for name in own} | options(field) for field in found["fields"]],
        )

    def options(field: dict[str, Any]) -> dict[str, Any]:
        listed = field.get("dropdownSettings", {}).get("items", []) + field.get("tagSettings", {}).get("tags", [])
        return {"options": [each.get("name") or each.get("tag") for each in listed]}

    assert same(after) == same(before)
    copied = world.cy.http.get(f"{path.replace(pipeline['key'], job['pipelineKey'])}/export?format=jsonl").text
    for mine, theirs in zip(
        export(world, pipeline, format="jsonl").text.splitlines(), copied.splitlines(), strict=True
    ):
        first, second = json.loads(mine), json.loads(theirs)
        for found in (first, second):
            del found["key"], found["lastUpdatedTimestamp"]
        assert first == second
    for broken in (b"[]", b'{"pipeline": 5}', b'{"pipeline": {"name": "x"}}', b'{"pipeline": {"na'):
        refused(world.cy.http.post("/api/v2/pipelines/import", content=broken, headers=headers), 400)
    gap = {"name": "x", "stageOrder": ["1"], "stages": {}, "fields": []}
    gapped = json.dumps({"pipeline": gap, "boxes": []})
    refused(world.cy.http.post("/api/v2/pipelines/import", content=gapped, headers=headers), 400, "pipeline.stages")
    wanted = {"teamKey": world.team_key}
    refused(world.cy.http.post("/api/v2/pipelines/import", params=wanted, content=sent.content, headers=headers), 404)
