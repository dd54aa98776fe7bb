"""Names in place of keys (ruling 36): in writes, filters, orders, groups, reports and automations, and in answers."""

from typing import Any

import pytest

from boxwood.core.people import teams
from boxwood.core.records import TEAM_MEMBERS, TeamMember
from tests.conftest import Person, World, ok, refused

Json = dict[str, Any]


class Deals:
    """A pipeline of Ada's with a field of each kind that names are given for."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.http = world.ada.http
        self.name = f"Deals {world.number}"
        self.pipeline = world.pipeline(name=self.name)
        self.key: str = self.pipeline["key"]
        self.status = world.field(self.pipeline, "DROPDOWN", "Status", enumValues="Open,On hold")["key"]
        self.tags = world.field(self.pipeline, "TAG", "Tags", enumValues="VIP,New")["key"]
        self.size = world.field(self.pipeline, "TEXT_INPUT", "Deal size")["key"]
        self.contact = world.field(self.pipeline, "PERSON", "Buyer")["key"]

    def box(self, **given: Any) -> Json:
        return self.world.box(self.pipeline, **given)

    def list(self, **query: Any) -> list[str]:
        """The names of the boxes of a list."""
        found = ok(self.http.get(f"/api/v2/pipelines/{self.key}/boxes", params=query))
        return [box["name"] for box in found["results"]]


@pytest.fixture
def deals(world: World) -> Deals:
    return Deals(world)


def assignees(box: Json) -> list[str]:
    return [entry["userKey"] for entry in box["assignedToSharingEntries"]]


def join_team(world: World, person: Person) -> None:
    member = TeamMember(world.team_key, person.user_key, "Member", "Accepted", world.clock())
    world.server.engine.write(lambda db: TEAM_MEMBERS.insert(db, member))


def test_a_box_is_created_by_names_alone(deals: Deals) -> None:
    world = deals.world
    box = deals.box(
        stageKey="won",
        assignedToSharingEntries=["Bo Diddley", "ada"],
        followerKeys=["Diddley, Bo", world.ada.email],
        fields={"Status": "On hold", "tags": ["VIP", "new"], "Deal size": 5, "Buyer": ["Bo"]},
    )
    assert box["stageKey"] == "5002"
    assert assignees(box) == [world.bo.user_key, world.ada.user_key]
    assert box["followerKeys"] == [world.bo.user_key, world.ada.user_key]
    assert box["fields"][deals.status] == "9002"
    assert box["fields"][deals.tags] == ["9003", "9004"]
    assert box["fields"][deals.size] == 5
    assert box["fields"][deals.contact][0]["userKey"] == world.bo.user_key


def test_a_box_is_edited_by_names_in_both_editions(deals: Deals) -> None:
    box = deals.box()
    edited = ok(deals.http.post(f"/api/v1/boxes/{box['key']}", json={"stageKey": "Won", "fields": {"Status": "Open"}}))
    assert (edited["stageKey"], edited["fields"]) == ("5002", {deals.status: "9001"})
    form = {"json": '{"fields":{"Deal size":"7"},"assignedToSharingEntries":"Bo"}'}
    edited = ok(deals.http.post(f"/api/v1/boxes/{box['key']}", data=form))
    assert (edited["fields"], assignees(edited)) == (
        {deals.status: "9001", deals.size: "7"},
        [deals.world.bo.user_key],
    )
    assert deals.world.events(box["key"]) == [
        *("box.created", "box.moved", "box.fields_edited", "box.fields_edited", "box.assigned"),
    ]


def test_one_value_is_read_and_set_by_the_name_of_its_field(deals: Deals) -> None:
    path = f"/api/v1/boxes/{deals.box()['key']}/fields"
    assert ok(deals.http.post(f"{path}/Status", json={"value": "on hold"})) == {"key": deals.status, "value": "9002"}
    assert ok(deals.http.get(f"{path}/status")) == {"key": deals.status, "value": "9002"}
    named = ok(deals.http.get(f"{path}/{deals.status}", params={"names": True}))
    assert named == {"key": deals.status, "value": "9002", "name": "Status", "label": "On hold"}
    assert deals.http.get(f"{path}/Nothing").status_code == 404
    assert deals.http.post(f"{path}/Nothing", json={"value": 1}).status_code == 404


def test_keys_win_over_names(world: World) -> None:
    pipeline = world.pipeline(stages=["5002", "Won", "5001"])
    first = world.field(pipeline, "TEXT_INPUT", "1002")["key"]
    second = world.field(pipeline, "DROPDOWN", "Two", enumValues="9002,9001")["key"]
    assert (first, second) == ("1001", "1002")
    box = world.box(pipeline, stageKey="5002", fields={"1002": "9002", "1001": "x"})
    assert box["stageKey"] == "5002"
    assert box["fields"] == {"1001": "x", "1002": "9002"}
    found = ok(
        world.ada.http.get(
            f"/api/v2/pipelines/{pipeline['key']}/boxes",
            params={"filter": '{"field":"1002","op":"eq","value":"9002"}'},
        )
    )
    assert [each["key"] for each in found["results"]] == [box["key"]]


def test_a_name_of_two_things_is_refused_with_both(world: World) -> None:
    pipeline = world.pipeline(stages=["Open", "Open", "OPEN"])
    for _ in range(2):
        world.field(pipeline, "TEXT_INPUT", "Size")
    create = f"/api/v2/pipelines/{pipeline['key']}/boxes"
    refused(
        world.ada.http.post(create, json={"name": "x", "stageKey": "Open"}),
        400,
        "stageKey",
        "5001 (Open)",
        "5002 (Open)",
    )
    assert world.box(pipeline, stageKey="OPEN")["stageKey"] == "5003"  # exactly one is spelled like this
    refused(world.ada.http.post(create, json={"name": "x", "stageKey": "open"}), 400, "3 stages", "5003")
    refused(world.ada.http.post(create, json={"name": "x", "fields": {"size": 1}}), 400, "1001 (Size)", "1002 (Size)")
    join_team(world, other := world.person("bo2", "Bo", "Derek"))
    refused(
        world.ada.http.post(create, json={"name": "x", "assignedToSharingEntries": ["Bo"]}),
        400,
        "2 users are called 'Bo'",
        world.bo.email,
        other.email,
    )
    box = world.box(pipeline, assignedToSharingEntries=["Bo Derek"])
    assert assignees(box) == [other.user_key]


def test_a_field_given_twice_is_refused(deals: Deals) -> None:
    box = deals.box()
    edit = {"fields": {deals.size: 1, "Deal size": 2}}
    refused(deals.http.post(f"/api/v1/boxes/{box['key']}", json=edit), 400, "Deal size", "given twice")


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"stageKey": "Nowhere"}, "5001 (Lead)"),
        ({"fields": {"Nothing": 1}}, "Nothing"),
        ({"fields": {"Status": "Closed"}}, "9001 (Open)"),
        ({"assignedToSharingEntries": ["Noel Unknown"]}, "Noel Unknown"),
        ({"followerKeys": ["Cy Twombly"]}, "Cy Twombly"),
    ],
)
def test_a_name_of_nothing_is_refused_and_nothing_changes(deals: Deals, given: Json, named: str) -> None:
    box = deals.box()
    refused(deals.http.post(f"/api/v1/boxes/{box['key']}", json={"name": "Other", **given}), 400, named)
    assert ok(deals.http.get(f"/api/v1/boxes/{box['key']}")) == box


def test_names_of_users_out_of_reach_are_unknown(deals: Deals) -> None:
    """Cy is in no team of Ada's: his name is answered as a name that no user has."""
    box = deals.box()
    answers = [
        refused(deals.http.post(f"/api/v1/boxes/{box['key']}", json={"followerKeys": [name]}), 400).replace(name, "…")
        for name in ("Cy Twombly", "No Such")
    ]
    assert answers[0] == answers[1]
    assert deals.http.get("/api/v1/users/Cy Twombly").status_code == 404
    assert ok(deals.http.get("/api/v1/users/Bo Diddley"))["key"] == deals.world.bo.user_key
    assert ok(deals.http.get(f"/api/v1/users/{deals.world.bo.email}"))["key"] == deals.world.bo.user_key
    assert deals.http.get(f"/api/v1/users/{deals.world.cy.email}").status_code == 404


def test_pipelines_and_teams_are_named_where_keys_are_taken(deals: Deals) -> None:
    world, box = deals.world, deals.box()
    other = world.pipeline(name=f"Support {world.number}", stages=["New", "Won"])
    moved = ok(deals.http.post(f"/api/v1/boxes/{box['key']}", json={"pipelineKey": other["name"], "stageKey": "won"}))
    assert (moved["pipelineKey"], moved["stageKey"]) == (other["key"], "5002")
    back = ok(deals.http.post(f"/api/v2/pipelines/{deals.name}/boxes/batch", json=[{"boxKey": box["key"]}]))
    assert [each["pipelineKey"] for each in back] == [deals.key]
    again = [{"boxKey": box["key"], "pipelineKey": other["name"], "stageKey": "Won"}]
    moved = ok(deals.http.post(f"/api/v2/pipelines/{deals.key}/boxes/batch", json=again))[0]
    assert (moved["pipelineKey"], moved["stageKey"]) == (other["key"], "5002")
    assert ok(deals.http.get(f"/api/v1/pipelines/{deals.name}"))["key"] == deals.key
    assert ok(deals.http.get(f"/api/v2/teams/{world.team_key}")) == ok(deals.http.get("/api/v2/teams/ada's team"))
    made = ok(deals.http.post("/api/v2/pipelines", json={"name": "More", "teamKey": "Ada's team"}))
    assert made["teamKey"] == world.team_key
    stranger = world.cy.http.get(f"/api/v1/pipelines/{deals.name}")
    assert (stranger.status_code, stranger.json()["details"]) == (404, deals.name)
    found = ok(
        deals.http.get("/api/v1/search", params={"query": "Acme", "pipelineKey": other["name"], "stageKey": "WON"})
    )
    assert [hit["boxKey"] for hit in found["results"]["boxes"]] == [box["key"]]


def test_a_name_of_two_pipelines_is_refused_with_both(world: World) -> None:
    name = f"Twins {world.number}"
    keys = [world.pipeline(name=name)["key"] for _ in range(2)]
    refused(world.ada.http.get(f"/api/v1/pipelines/{name}"), 400, "2 pipelines", *keys)
    box = world.box(world.pipeline())
    refused(world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"pipelineKey": name}), 400, "pipelineKey", *keys)


def test_stages_and_fields_are_named_in_paths(deals: Deals) -> None:
    stages, fields = (f"/api/v1/pipelines/{deals.name}/{noun}" for noun in ("stages", "fields"))
    assert ok(deals.http.get(f"{stages}/won"))["key"] == "5002"
    assert ok(deals.http.post(f"{stages}/Lost", json={"name": "Missed"}))["key"] == "5003"
    assert ok(deals.http.delete(f"{stages}/Missed"))["success"]
    assert ok(deals.http.get(f"/api/v1/pipelines/{deals.key}"))["stageOrder"] == ["5001", "5002"]
    assert ok(deals.http.post(f"{fields}/Deal size", json={"name": "Value"}))["key"] == deals.size
    assert ok(deals.http.delete(f"{fields}/value"))["success"]
    assert deals.http.get(f"{fields}/{deals.size}").status_code == 404


def test_lists_are_filtered_sorted_and_shown_by_names(deals: Deals) -> None:
    world = deals.world
    deals.box(name="A", stageKey="Won", fields={"Status": "Open", "Deal size": 2, "Tags": ["VIP"]})
    deals.box(name="B", fields={"Status": "On hold", "Deal size": 10}, assignedToSharingEntries=["Bo"])
    deals.box(name="C", fields={"Deal size": 1, "Tags": ["New"], "Buyer": ["Bo"]})

    def found(field: str, op: str, value: Any) -> list[str]:
        return deals.list(filter=f'{{"field":"{field}","op":"{op}","value":{value}}}')

    assert found("Status", "eq", '"open"') == ["A"]
    assert found("Status", "in", '["Open","On hold"]') == ["A", "B"]
    assert found("tags", "any", '["VIP"]') == ["A"]
    assert found("stage", "eq", '"won"') == ["A"]
    assert found("Deal size", "gt", "1") == ["A", "B"]
    assert found("assignee", "any", '["Bo Diddley"]') == ["B"]
    assert found("Buyer", "any", '["Bo"]') == ["C"]
    assert deals.list(sort="-Deal size") == ["B", "A", "C"]
    assert deals.list(stageKey="Won") == ["A"]
    v1 = ok(deals.http.get(f"/api/v1/pipelines/{deals.key}/boxes", params={"stageKey": "lead"}))
    assert [box["name"] for box in v1] == ["B", "C"]
    shown = ok(deals.http.get(f"/api/v2/pipelines/{deals.key}/boxes", params={"fields": "Status,timeInStage.Won"}))
    assert shown["results"][0]["columns"]["Status"] == "9001"
    assert list(shown["results"][0]["columns"]) == ["Status", "timeInStage.Won"]
    refused(deals.http.get(f"/api/v2/pipelines/{deals.key}/boxes", params={"sort": "Nothing"}), 400, "sort[0]")
    assert world.events(ok(deals.http.get(f"/api/v1/pipelines/{deals.key}/boxes"))[0]["key"]) == ["box.created"]


def test_boards_tables_and_reports_are_grouped_by_names(deals: Deals) -> None:
    deals.box(name="A", stageKey="Won", fields={"Status": "Open", "Deal size": 2})
    deals.box(name="B", fields={"Status": "Open", "Deal size": 3}, assignedToSharingEntries=["Bo"])

    def get(what: str, **query: Any) -> Json:
        found: Json = ok(deals.http.get(f"/api/v2/pipelines/{deals.key}/{what}", params=query))
        return found

    board = get("board", by="Status", column="open", sums="Deal size", names=True)
    assert board["by"] == deals.status
    assert [(column["key"], column["count"], column["sums"]) for column in board["columns"]] == [
        ("9001", 2, {"Deal size": 5})
    ]
    assert board["columns"][0]["results"][0]["names"]["fields"]["Status"] == "Open"
    table = get("table", by="status", names=True)
    assert table["by"] == deals.status
    assert [(group["key"], group["name"], group["count"]) for group in table["groups"]] == [
        ("9001", "Open", 2),
        ("9002", "On hold", 0),
    ]
    assert [group["name"] for group in get("table", names=True)["groups"]] == ["Lead", "Won", "Lost"]
    people = get("table", by="assignee", names=True)["groups"]
    assert sorted(group["name"] for group in people) == [["Ada Lovelace"], ["Bo Diddley"]]
    assert "name" not in get("table")["groups"][0]
    totals = get("reports/totals", by="Status", sums="Deal size")
    assert [(group["name"], group["count"]) for group in totals["groups"]] == [("Open", 2)]
    funnel = get("reports/funnel", won="won", lost="Lost")
    assert funnel["won"] == 1
    refused(deals.http.get(f"/api/v2/pipelines/{deals.key}/reports/funnel", params={"won": "Nowhere"}), 400, "won[0]")


def test_boxes_are_matched_by_the_name_of_a_field(deals: Deals) -> None:
    path = f"/api/v2/pipelines/{deals.name}/boxes/upsert"
    given = {"match": "Deal size", "name": "A", "fields": {"deal size": "7"}}
    made = ok(deals.http.post(path, json=given))
    again = ok(deals.http.post(path, json={**given, "name": "B"}))
    assert (made["created"], again["created"], again["box"]["name"]) == (True, False, "B")
    assert again["box"]["key"] == made["box"]["key"]


def test_operations_of_a_batch_take_names(deals: Deals) -> None:
    operations = [
        {"method": "POST", "path": f"/v2/pipelines/{deals.name}/boxes", "body": {"name": "A", "stageKey": "Won"}},
        {"method": "GET", "path": f"/v1/pipelines/{deals.name}/stages/Won"},
        {"method": "POST", "path": "/v2/pipelines", "body": {"name": "More", "teamKey": "Ada's team"}},
    ]
    done = ok(deals.http.post("/api/v2/batch", json={"operations": operations}))["results"]
    assert [result["status"] for result in done] == [200, 200, 200]
    assert done[0]["body"]["stageKey"] == "5002"
    assert done[2]["body"]["teamKey"] == deals.world.team_key


def test_tasks_and_agendas_take_users_by_name(deals: Deals) -> None:
    box = deals.box()
    task = ok(deals.http.post(f"/api/v2/boxes/{box['key']}/tasks", json={"text": "Call", "assignedTo": ["Bo Diddley"]}))
    assert [entry["userKey"] for entry in task["assignedToSharingEntries"]] == [deals.world.bo.user_key]
    edited = ok(deals.http.post(f"/api/v2/tasks/{task['key']}", json={"assignedToSharingEntries": ["Ada", "bo"]}))
    assert len(edited["assignedToSharingEntries"]) == 2
    agenda = ok(
        deals.http.get("/api/v2/tasks", params={"userKeys": "Bo", "direction": "asc", "pipelineKey": deals.name})
    )
    assert [found["key"] for found in agenda["results"]] == [task["key"]]


def test_members_are_given_by_name(deals: Deals) -> None:
    path = f"/api/v1/pipelines/{deals.name}"
    entries = [{"userKey": deals.world.ada.user_key}, {"userKey": "Bo Diddley"}]
    shared = ok(deals.http.post(path, json={"aclEntries": entries}))
    assert [entry["userKey"] for entry in shared["aclEntries"]] == [deals.world.ada.user_key, deals.world.bo.user_key]
    refusal = deals.http.post(path, json={"aclEntries": [entries[0], {"userKey": "Cy Twombly"}]})
    assert refusal.status_code == 404
    members = [{"userKey": deals.world.ada.user_key}, {"userKey": "Bo"}]
    team = ok(deals.http.post("/api/v2/teams", json={"name": f"Two {deals.world.number}", "members": members}))
    assert len(team["members"]) == 2


def test_views_store_keys_in_place_of_names(deals: Deals) -> None:
    deals.box(name="A", fields={"Status": "Open", "Deal size": 1})
    deals.box(name="B", fields={"Status": "On hold", "Deal size": 2})
    view = ok(
        deals.http.post(
            f"/api/v2/pipelines/{deals.key}/views",
            json={
                "name": "Open",
                "filter": {"and": [{"field": "Status", "op": "in", "value": ["Open"]}]},
                "sort": ["-Deal size"],
                "group": "Status",
                "columns": [{"key": "Deal size"}, {"key": "stageKey"}],
            },
        )
    )
    assert view["filter"] == {"and": [{"field": deals.status, "op": "in", "value": ["9001"]}]}
    assert (view["sort"], view["group"]) == ([f"-{deals.size}"], deals.status)
    assert [column["key"] for column in view["columns"]] == [deals.size, "stageKey"]
    ok(deals.http.post(f"/api/v1/pipelines/{deals.key}/fields/Status", json={"name": "State"}))
    boxes = ok(deals.http.get(f"/api/v2/pipelines/{deals.key}/views/{view['key']}/boxes"))
    assert [box["name"] for box in boxes["results"]] == ["A"]


def test_rules_store_keys_in_place_of_names(deals: Deals) -> None:
    rule = {
        "name": "Won deals have a size",
        "condition": {"field": "stage", "op": "eq", "value": "Won"},
        "assertion": {
            "or": [{"field": "Deal size", "op": "gt", "value": 0}, {"field": "Status", "op": "eq", "value": "Open"}]
        },
    }
    made = ok(deals.http.post(f"/api/v2/pipelines/{deals.key}/validators", json=rule))
    assert made["condition"]["value"] == "5002"
    assert [test["field"] for test in made["assertion"]["or"]] == [deals.size, deals.status]
    assert made["assertion"]["or"][1]["value"] == "9001"
    create = f"/api/v2/pipelines/{deals.key}/boxes"
    refused(deals.http.post(create, json={"name": "x", "stageKey": "Won"}), 400, "Won deals have a size")


def test_triggers_and_steps_of_automations_take_names(deals: Deals) -> None:
    world = deals.world
    other = world.pipeline(name=f"Other {world.number}")
    made = ok(
        deals.http.post(
            f"/api/v2/pipelines/{deals.name}/automations",
            json={
                "name": "When open",
                "trigger": {"type": "box.fieldChanged", "fields": ["Status"], "to": "Open"},
                "steps": [
                    {"type": "box.move", "with": {"stage": "Won"}},
                    {"type": "box.setFields", "with": {"fields": {"Tags": ["VIP"]}}},
                    {"type": "box.assign", "with": {"users": ["Bo Diddley"], "replace": True}},
                    {"type": "box.create", "with": {"pipeline": other["name"], "name": "Copy", "stage": "Won"}},
                ],
            },
        )
    )
    assert made["trigger"] == {"type": "box.fieldChanged", "fields": [deals.status], "to": "9001"}
    moved = {"type": "box.moved", "to": ["Won"], "from": ["lead"]}
    edited = ok(deals.http.post(f"/api/v2/automations/{made['key']}", json={"trigger": moved}))
    assert edited["trigger"] == {"type": "box.moved", "to": ["5002"], "from": ["5001"]}
    assigned = {"type": "box.assigned", "users": ["Bo", world.ada.email]}
    edited = ok(deals.http.post(f"/api/v2/automations/{made['key']}", json={"trigger": assigned}))
    assert edited["trigger"]["users"] == [world.bo.user_key, world.ada.user_key]
    wrong = {"type": "box.assigned", "users": ["Cy"]}
    refused(deals.http.post(f"/api/v2/automations/{made['key']}", json={"trigger": wrong}), 400, "trigger.users", "Cy")
    box = deals.box()
    tested = ok(deals.http.post(f"/api/v2/automations/{made['key']}/test", json={"boxKey": box["key"]}))
    assert [step["error"] for step in tested["steps"] if step.get("error")] == []


def test_a_step_that_names_two_stages_is_refused(world: World) -> None:
    pipeline = world.pipeline(stages=["Open", "Open"])
    step = {"type": "box.move", "with": {"stage": "Open"}}
    body = {"name": "x", "trigger": {"type": "manual"}, "steps": [step]}
    path = f"/api/v2/pipelines/{pipeline['key']}/automations"
    refused(world.ada.http.post(path, json=body), 400, "steps[0].with.stage", "5001 (Open)", "5002 (Open)")


def test_answers_carry_names_on_request(deals: Deals) -> None:
    world, path = deals.world, f"/api/v2/pipelines/{deals.key}/boxes"
    twin = world.field(deals.pipeline, "TEXT_INPUT", "Deal size")["key"]
    fields = {deals.status: "Open", deals.tags: ["New", "VIP"], deals.size: 3, twin: "big"}
    box = ok(deals.http.post(path, params={"names": True}, json={"name": "A", "stageKey": "5002", "fields": fields}))
    names = {
        "pipeline": deals.name,
        "stage": "Won",
        "fields": {"Status": "Open", "Tags": ["New", "VIP"], "Deal size": 3, f"Deal size ({twin})": "big"},
    }
    assert box["names"] == names
    address = f"/api/v1/boxes/{box['key']}"
    assert ok(deals.http.get(address, params={"names": "true"})) == box
    assert "names" not in ok(deals.http.get(address))
    lists = [
        ok(deals.http.get(path, params={"names": True}))["results"],
        ok(deals.http.get(path, params={"names": True, "sort": "name"}))["results"],
        ok(deals.http.get(f"/api/v1/pipelines/{deals.key}/boxes", params={"names": True})),
        ok(deals.http.get(f"/api/v1/pipelines/{deals.key}/boxes", params={"names": True, "limit": 5})),
        ok(deals.http.post(f"/api/v1/pipelines/{deals.key}/boxes/batch?names=true", json=[box["key"]])),
        ok(deals.http.get(f"/api/v2/pipelines/{deals.key}/table", params={"names": True}))["results"],
    ]
    assert [[each["names"] for each in found] for found in lists] == [[names]] * len(lists)
    assert lists[0][0] == box
    edited = ok(deals.http.post(address, json={"stageKey": "Lost", "names": True}))
    assert edited["names"]["stage"] == "Lost"
    values = ok(deals.http.get(f"{address}/fields", params={"names": True}))
    assert {value["name"]: value.get("label") for value in values}["Tags"] == ["New", "VIP"]


def test_a_box_read_with_names_is_changed_by_its_etag(deals: Deals) -> None:
    address = f"/api/v1/boxes/{deals.box()['key']}?names=true"
    tag = deals.http.get(address).headers["etag"]
    assert ok(deals.http.post(address, json={"stageKey": "Won"}, headers={"If-Match": tag}))["names"]["stage"] == "Won"
    assert deals.http.post(address, json={"stageKey": "Lost"}, headers={"If-Match": tag}).status_code == 412


def test_a_team_key_names_only_users_and_pipelines_of_its_team(deals: Deals) -> None:
    world = deals.world
    mine = world.server.engine.write(lambda db: teams.create(db, f"Mine {world.number}", world.ada.user, world.clock()))
    member = TeamMember(mine.key, world.bo.user_key, "Member", "Accepted", world.clock())
    world.server.engine.write(lambda db: TEAM_MEMBERS.insert(db, member))
    elsewhere = world.pipeline(name=f"Elsewhere {world.number}", teamKey=mine.key)
    assert ok(world.bo.http.get(f"/api/v1/pipelines/{elsewhere['name']}"))["key"] == elsewhere["key"]
    key = ok(deals.http.put("/api/v1/apikeys", params={"teamKey": "Ada's team"}))["apiKey"]
    with world.client(key) as http:
        http.headers["X-Boxwood-Act-As"] = world.bo.email
        assert ok(http.get(f"/api/v1/pipelines/{deals.name}"))["key"] == deals.key
        assert http.get(f"/api/v1/pipelines/{elsewhere['name']}").status_code == 404
        assert http.get(f"/api/v2/teams/{mine.name}").status_code == 404


def test_imports_take_names_of_pipelines_fields_and_stages(deals: Deals) -> None:
    path = f"/api/v2/pipelines/{deals.name}/import"
    query = {"mapping": '{"Company":"name","Sum":"Deal size"}', "match": "Deal size", "wait": "30"}
    done = ok(
        deals.http.post(path, params=query, content="Company,Sum\nAcme,7\n", headers={"content-type": "text/csv"})
    )
    assert done["created"] == 1
    assert done["mapping"]["Sum"] == deals.size
    assert deals.list(filter='{"field":"Deal size","op":"eq","value":7}') == ["Acme"]


@pytest.mark.parametrize(
    ("rows", "query", "target"),
    [
        ("Acme,Open\nBeta,Closed\n", {}, None),
        ("Acme,won\nBeta,Closed\n", {}, "stage"),
        ("Acme,Open\nBeta,Closed\n", {"make": "stages"}, "stage"),
        ("Acme,Open\nBeta,Closed\n", {"mapping": '{"Status":"stage"}'}, "stage"),
    ],
)
def test_a_column_status_goes_to_the_stage_only_if_it_names_stages(
    world: World, rows: str, query: Json, target: str | None
) -> None:
    """Other programs use the word for other things: rows of such a table were all rejected (data 51)."""
    pipeline = world.pipeline()
    path, table = f"/api/v2/pipelines/{pipeline['key']}/import", f"Name,Status\n{rows}"
    csv = {"content-type": "text/csv"}
    preview = ok(world.ada.http.post(f"{path}/preview", params=query, content=table, headers=csv))
    assert {column["name"]: column.get("target") for column in preview["columns"]} == {"Name": "name", "Status": target}
    assert any("name no stage" in warning for warning in preview["warnings"]) == (target is None)
    done = ok(world.ada.http.post(path, params={**query, "wait": 30}, content=table, headers=csv))
    assert done["mapping"] == {"Name": "name", "Status": target}
    rejected = {"make": 0, "mapping": 2}.get(next(iter(query), ""), 1 if target else 0)
    assert (done["created"], done["refused"]) == (2 - rejected, rejected)


def test_custom_fields_of_contacts_take_names(world: World) -> None:
    fields = f"/api/v2/teams/{world.team_key}/contacts/fields"
    level = {"name": "Level", "type": "DROPDOWN", "dropdownSettings": {"items": [{"name": "Gold"}, {"name": "Silver"}]}}
    key = ok(world.ada.http.post(fields, json=level))["key"]
    contact = {"emailAddresses": [f"x@w{world.number}.example"], "fields": {"level": "silver", "Unknown": "x"}}
    made = ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}/contacts", json=contact))
    assert made["fields"] == {key: "9002"}
    edited = ok(world.ada.http.post(f"/api/v2/contacts/{made['key']}", json={"fields": {"Level": "Gold"}}))
    assert edited["fields"] == {key: "9001"}
    assert ok(world.ada.http.get(f"{fields}/Level"))["key"] == key
    refused(
        world.ada.http.post(f"/api/v2/contacts/{made['key']}", json={"fields": {"Level": "Iron"}}), 400, "9001 (Gold)"
    )


def test_a_row_with_a_name_of_two_stages_is_rejected(world: World) -> None:
    pipeline = world.pipeline(stages=["Open", "Open", "Won", "won"])
    path, table = f"/api/v2/pipelines/{pipeline['key']}/import", "Name,Stage\nA,Open\nB,Won\nC,WON\nD,5002\n"
    done = ok(world.ada.http.post(path, params={"wait": 30}, content=table, headers={"content-type": "text/csv"}))
    assert (done["created"], done["refused"]) == (2, 2)
    rejected = ok(world.ada.http.get(f"/api/v2/imports/{done['key']}/refused"))["results"]
    reasons = [row["reason"] for row in rejected]
    assert "5001 (Open), 5002 (Open)" in reasons[0]
    assert "5003 (Won), 5004 (won)" in reasons[1]
