"""Custom permission sets: every action under every condition, once allowed and once refused."""

import base64
from typing import Any

import pytest

from tests.conftest import World, ok, refused

ADMIN, EDITOR = "__adminPermissionSet__", "__editAllPermissionSet__"
GOLD = {"fieldKey": "1001", "operator": "EQUALS", "value": "gold"}


def grant(entity: str, action: str, check: str = "NONE", params: dict[str, str] | None = None) -> dict[str, Any]:
    return {"entityType": entity, "action": action, "conditionalCheck": check, "params": params}


def assign_set(world: World, pipeline: dict[str, Any], *grants: dict[str, Any]) -> None:
    """Bo and the rest of the team have this set."""
    body = {"customPermissionSets": {"Own": {"permissions": list(grants)}}, "defaultPermissionSetName": "Own"}
    ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}", json=body))


def archive_bo(world: World) -> None:
    members = [{"userKey": world.ada.user_key, "role": "Owner"}, {"userKey": world.bo.user_key, "role": "ArchiveOnly"}]
    ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}", json={"members": members}))


PARAMS = {"STAGE": {"stageKey": "5001, 5003"}, "FIELD_COMPARISON": GOLD}
BOX_CONDITIONS = ["NONE", "ASSIGNED_TO", "CREATOR", "STAGE", "FIELD_COMPARISON", "BOX_UPDATE", "BOX_VIEW", "UNARCHIVED"]
ITSELF = {("GET", "BOX_VIEW"), ("GET_BOXES", "BOX_VIEW"), ("UPDATE", "BOX_UPDATE")}
"""Conditions that depend on the right they condition. They grant nothing, and another test covers them."""
ACTIONS = ["GET", "GET_BOXES", "UPDATE", "DELETE"]
PAIRS = [(action, check) for action in ACTIONS for check in BOX_CONDITIONS if (action, check) not in ITSELF]
MATCHING: dict[str, Any] = {"stageKey": "5001", "fields": {"1001": "gold"}}
OTHER: dict[str, Any] = {"stageKey": "5002", "fields": {"1001": "tin"}}


def grants_for(action: str, check: str) -> list[dict[str, Any]]:
    """Grant the action under the condition, plus only the rights needed to reach the thing."""
    entity = "PIPELINE" if action == "GET_BOXES" else "BOX"
    found = [grant(entity, action, check, PARAMS.get(check))]
    if check == "BOX_UPDATE":
        found.append(grant("BOX", "UPDATE", "ASSIGNED_TO"))
    if check == "BOX_VIEW":
        found.append(grant("BOX", "GET", "ASSIGNED_TO"))
    elif action not in ("GET", "GET_BOXES"):
        found.append(grant("BOX", "GET"))
    return found


@pytest.mark.parametrize(("action", "check"), PAIRS)
def test_a_box_is_open_only_to_users_who_satisfy_the_condition(world: World, action: str, check: str) -> None:
    pipeline = world.pipeline()
    assert world.field(pipeline, "TEXT_INPUT")["key"] == "1001"
    path = f"/api/v2/pipelines/{pipeline['key']}/boxes"
    mine = {"assignedToSharingEntries": [world.bo.user_key]}
    yes = ok(world.bo.http.post(path, json={"name": "Yes", **MATCHING, **mine}))["key"]
    no = world.box(pipeline, name="No", **OTHER)["key"]
    assign_set(world, pipeline, *grants_for(action, check))
    if check == "UNARCHIVED":
        ok(request_for(world, action, yes))
        archive_bo(world)
    elif check == "NONE":
        ok(request_for(world, action, yes))
        assign_set(world, pipeline, *grants_for(action, check)[1:])
    elif action in ("GET", "GET_BOXES"):
        for listed in ("/api/v1/boxes", f"/api/v1/pipelines/{pipeline['key']}/boxes", path):
            reply = ok(world.bo.http.get(listed))
            assert [box["key"] for box in (reply["results"] if listed == path else reply)] == [yes], listed
        feed = ok(world.bo.http.get(f"/api/v1/pipelines/{pipeline['key']}/newsfeed"))
        assert {entry["boxKey"] for entry in feed if "boxKey" in entry} == {yes}
    reply = request_for(world, action, no)
    assert reply.status_code in (403, 404), reply.text
    assert ok(world.ada.http.get(f"/api/v1/boxes/{no}")).get("notes", "") == ""
    if check not in ("NONE", "UNARCHIVED"):
        ok(request_for(world, action, yes))


def request_for(world: World, action: str, box: str) -> Any:
    match action:
        case "UPDATE":
            return world.bo.http.post(f"/api/v1/boxes/{box}", json={"notes": "by Bo"})
        case "DELETE":
            return world.bo.http.delete(f"/api/v1/boxes/{box}")
    return world.bo.http.get(f"/api/v1/boxes/{box}")


@pytest.mark.parametrize("check", [condition for condition in BOX_CONDITIONS if condition != "CREATOR"])
def test_a_box_is_created_only_if_the_new_box_satisfies_the_condition(world: World, check: str) -> None:
    pipeline = world.pipeline()
    world.field(pipeline, "TEXT_INPUT")
    path = f"/api/v2/pipelines/{pipeline['key']}/boxes"
    assign_set(world, pipeline, *grants_for("CREATE", check))
    ok(world.bo.http.post(path, json={"name": "Yes", **MATCHING, "assignedToSharingEntries": [world.bo.user_key]}))
    if check == "NONE":
        assign_set(world, pipeline, *grants_for("CREATE", check)[1:])
    if check == "UNARCHIVED":
        archive_bo(world)
    reply = world.bo.http.post(path, json={"name": "No", **OTHER, "assignedToSharingEntries": [world.ada.user_key]})
    assert reply.status_code in (403, 404), reply.text
    assert [box["name"] for box in ok(world.ada.http.get(path))["results"]] == ["Yes"]


def test_a_box_moves_only_if_the_moved_box_satisfies_the_condition(world: World) -> None:
    pipeline, target = world.pipeline(), world.pipeline()
    created = grant("BOX", "CREATE", "STAGE", {"stageKey": "5002"})
    assign_set(world, target, grant("BOX", "GET"), grant("BOX", "UPDATE"), created)
    box = world.box(pipeline)["key"]
    path = f"/api/v1/boxes/{box}"
    refused(world.bo.http.post(path, json={"pipelineKey": target["key"], "stageKey": "5001"}), 403)
    assert ok(world.ada.http.get(path))["pipelineKey"] == pipeline["key"]
    ok(world.bo.http.post(path, json={"pipelineKey": target["key"], "stageKey": "5002"}))
    assert ok(world.ada.http.get(path))["pipelineKey"] == target["key"]


# Actions on the pipeline, its stages and its fields, by permission.
DEEDS: dict[tuple[str, str], tuple[str, str, Any]] = {
    ("PIPELINE", "UPDATE"): ("POST", "/v2/pipelines/{p}", {"name": "New"}),
    ("PIPELINE", "DELETE"): ("DELETE", "/v2/pipelines/{p}", None),
    ("PIPELINE", "EXPORT"): ("PUT", "/v1/pipelines/{p}/newsfeed/export/full", None),
    ("PIPELINE", "CHANGE_PERMISSIONS"): ("POST", "/v2/pipelines/{p}", {"defaultPermissionSetName": EDITOR}),
    ("PIPELINE", "CHANGE_ADMINS"): ("POST", "/v2/pipelines/{p}", {"defaultPermissionSetName": ADMIN}),
    ("PIPELINE", "SET_TEAM"): ("POST", "/v2/pipelines/{p}", None),
    ("PIPELINE", "RESTRICT_SHARING"): ("POST", "/v2/pipelines/{p}", {"sharingRestrictedToTeam": True}),
    ("STAGE", "CREATE"): ("PUT", "/v1/pipelines/{p}/stages", {"name": "New"}),
    ("STAGE", "UPDATE"): ("POST", "/v1/pipelines/{p}/stages/5001", {"name": "New"}),
    ("STAGE", "DELETE"): ("DELETE", "/v1/pipelines/{p}/stages/5003", None),
    ("FIELD", "CREATE"): ("PUT", "/v1/pipelines/{p}/fields", {"name": "New", "type": "DATE"}),
    ("FIELD", "UPDATE"): ("POST", "/v1/pipelines/{p}/fields/1001", {"name": "New"}),
    ("FIELD", "OPTIONS"): ("POST", "/v2/pipelines/{p}/fields/1002", {"dropdownSettings": {"items": [{"name": "A"}]}}),
    ("FIELD", "DELETE"): ("DELETE", "/v1/pipelines/{p}/fields/1001", None),
}
BESIDE = {"SET_TEAM": "UPDATE", "RESTRICT_SHARING": "UPDATE", "CHANGE_ADMINS": "CHANGE_PERMISSIONS"}
"""Further rights that the action needs."""


@pytest.mark.parametrize("check", ["NONE", "UNARCHIVED", "CREATOR"])
@pytest.mark.parametrize(("entity", "action"), list(DEEDS))
def test_a_pipeline_is_open_to_users_who_satisfy_the_condition(
    world: World, entity: str, action: str, check: str
) -> None:
    verb, path, body = DEEDS[entity, action]
    if action == "SET_TEAM":
        team = {"name": "Second", "members": [{"email": world.ada.email, "role": "Owner"}, {"email": world.bo.email}]}
        body = {"teamKey": ok(world.ada.http.post("/api/v2/teams", json=team))["key"]}
    beside = [grant("PIPELINE", BESIDE[action])] if action in BESIDE else []
    for allowed in (True, False):
        pipeline = world.pipeline()
        world.field(pipeline, "TEXT_INPUT")
        world.field(pipeline, "DROPDOWN")
        actor = world.bo
        grants = beside + ([grant(entity, action, check)] if allowed or check != "NONE" else [])
        if check == "CREATOR" and allowed:
            actor = world.ada
            entries = [
                {"userKey": world.bo.user_key, "permissionSetName": ADMIN},
                {"userKey": world.ada.user_key, "permissionSetName": "Own"},
            ]
            sets = {"Own": {"permissions": grants}}
            body_of_sets = {"customPermissionSets": sets, "aclEntries": entries}
            ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}", json=body_of_sets))
        else:
            assign_set(world, pipeline, *grants)
        if check == "UNARCHIVED" and not allowed:
            archive_bo(world)
        reply = actor.http.request(verb, "/api" + path.format(p=pipeline["key"]), json=body)
        if allowed:
            ok(reply)
        else:
            refused(reply, 404 if check == "UNARCHIVED" else 403)


@pytest.mark.parametrize(("action", "check"), [("GET", "BOX_VIEW"), ("UPDATE", "BOX_UPDATE")])
def test_a_right_that_depends_on_itself_grants_nothing(world: World, action: str, check: str) -> None:
    pipeline = world.pipeline()
    box = world.box(pipeline)
    others = [] if action == "GET" else [grant("BOX", "GET")]
    assign_set(world, pipeline, grant("BOX", action, check), *others)
    assert request_for(world, action, box["key"]).status_code in (403, 404)
    assign_set(world, pipeline, grant("BOX", "GET", "BOX_UPDATE"), grant("BOX", "UPDATE", "BOX_VIEW"))
    refused(request_for(world, action, box["key"]), 404)


COMPARISONS: list[tuple[str, str, str, Any, Any]] = [
    ("TEXT_INPUT", "EQUALS", "gold", "gold", "Gold"),
    ("TEXT_INPUT", "EQUALS", "12.50", 12.5, 12),
    ("TEXT_INPUT", "NOT_EQUALS", "gold", None, "gold"),
    ("TEXT_INPUT", "CONTAINS", "ol", "gold", "tin"),
    ("TEXT_INPUT", "CONTAINS", "%", "5%", "5"),
    ("TEXT_INPUT", "IS_EMPTY", "", None, "x"),
    ("TEXT_INPUT", "IS_NOT_EMPTY", "", 0, None),
    ("CHECKBOX", "EQUALS", "true", True, False),
    ("CHECKBOX", "EQUALS", "false", None, True),
    ("CHECKBOX", "NOT_EQUALS", "false", True, None),
    ("TEXT_INPUT", "EQUALS", "1250", "1.250,00 €", "1.25"),
    ("TEXT_INPUT", "EQUALS", "$1,250", 1250, "1250 boxes"),
    ("TEXT_INPUT", "NOT_EQUALS", "-5", None, "(5.00)"),
    ("TEXT_INPUT", "EQUALS", "12%", "0.12", "12"),
    ("TEXT_INPUT", "EQUALS", "007", "007", 7),
    ("DATE", "EQUALS", "1000", 1000, 2000),
    ("DROPDOWN", "EQUALS", "9001", "9001", "9002"),
    ("DROPDOWN", "NOT_EQUALS", "9001", "9002", "9001"),
    ("TAG", "CONTAINS", "9002", ["9001", "9002"], ["9001"]),
]


@pytest.mark.parametrize(("kind", "operator", "value", "holds", "fails"), COMPARISONS)
def test_conditions_on_fields_work_the_same_for_lists_and_single_boxes(
    world: World, kind: str, operator: str, value: str, holds: Any, fails: Any
) -> None:
    pipeline = world.pipeline()
    items = [{"name": "One"}, {"name": "Two"}]
    given = {"DROPDOWN": {"dropdownSettings": {"items": items}}, "TAG": {"tagSettings": {"tags": items}}}
    key = world.field(pipeline, kind, **given.get(kind, {}))["key"]
    yes = world.box(pipeline, fields={} if holds is None else {key: holds})
    no = world.box(pipeline, fields={} if fails is None else {key: fails})
    params = {"fieldKey": key, "operator": operator, "value": value}
    assign_set(world, pipeline, grant("BOX", "GET", "FIELD_COMPARISON", params))
    listed = ok(world.bo.http.get(f"/api/v1/pipelines/{pipeline['key']}/boxes"))
    assert [box["key"] for box in listed] == [yes["key"]]
    ok(world.bo.http.get(f"/api/v1/boxes/{yes['key']}"))
    assert world.bo.http.get(f"/api/v1/boxes/{no['key']}").status_code == 404


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (grant("SPACESHIP", "GET"), "entityType"),
        (grant("PIPELINE", "UPDATE", "ASSIGNED_TO"), "conditionalCheck"),
        (grant("BOX", "GET", "STAGE"), "stageKey"),
        (grant("BOX", "GET", "STAGE", {"stageKey": "5001,9999"}), "9999"),
        (grant("BOX", "GET", "STAGE", {"stageKey": "5001') OR ('1'='1"}), "stageKey"),
        (grant("BOX", "GET", "FIELD_COMPARISON", {**GOLD, "fieldKey": "1002"}), "fieldKey"),
        (grant("BOX", "GET", "FIELD_COMPARISON", {**GOLD, "operator": "LIKE"}), "operator"),
        (grant("BOX", "GET", "FIELD_COMPARISON", {"fieldKey": "1001", "operator": "EQUALS"}), "value"),
        (grant("BOX", "GET", "FIELD_COMPARISON", {**GOLD, "value": "1e400"}), "value"),
        (grant("PIPELINE", "OVERRIDE_SHARING_RESTRICTION"), "action"),
        (grant("COMMENT", "GET", "ASSIGNED_TO"), "conditionalCheck"),
        (grant("FIELD", "HIDE", "CREATOR"), "conditionalCheck"),
        (grant("SNIPPET", "UPDATE", "STAGE", {"stageKey": "5001"}), "conditionalCheck"),
    ],
)
def test_a_meaningless_grant_is_refused(world: World, given: dict[str, Any], named: str) -> None:
    pipeline = world.pipeline()
    world.field(pipeline, "TEXT_INPUT")
    path = f"/api/v2/pipelines/{pipeline['key']}"
    before = ok(world.ada.http.get(path))
    body = {"customPermissionSets": {"Own": {"permissions": [grant("BOX", "GET"), given]}}}
    refused(world.ada.http.post(path, json=body), 400, "Own.permissions[1]", named)
    assert ok(world.ada.http.get(path)) == before


def test_only_users_who_may_appoint_admins_grant_that_right(world: World) -> None:
    pipeline = world.pipeline()
    path = f"/api/v2/pipelines/{pipeline['key']}"
    sets = {"Boss": {"permissions": [grant("PIPELINE", "CHANGE_ADMINS")]}}
    refused(world.bo.http.post(path, json={"customPermissionSets": sets}), 403)
    ok(world.ada.http.post(path, json={"customPermissionSets": sets}))
    entries = [{"userKey": world.bo.user_key, "permissionSetName": "Boss"}]
    refused(world.bo.http.post(path, json={"aclEntries": entries}), 403)
    ok(world.ada.http.post(path, json={"aclEntries": entries}))


def test_a_part_of_a_box_is_granted_without_the_box(world: World) -> None:
    """For each part and action: forbidden without the grant, allowed with it. The box itself stays closed."""
    for entity, (path, body, edit) in PARTS.items():
        pipeline = world.pipeline()
        box = world.box(pipeline)["key"]
        collection, sees = f"/api/v2/boxes/{box}/{path}", grant("BOX", "GET")
        assign_set(world, pipeline, sees, grant(entity, "GET"))
        refused(send(world, collection, body), 403)
        assign_set(world, pipeline, sees, grant(entity, "CREATE"))
        created = ok(send(world, collection, body))
        key = (created[0] if isinstance(created, list) else created)["key"]
        record = f"/api/v2/{path}/{key}"
        for verb, json, action in [("POST", edit, "UPDATE"), ("DELETE", None, "DELETE")]:
            if verb == "POST" and edit is None:
                continue
            refused(world.bo.http.request(verb, record, json=json), 403)
            elsewhere = grant(entity, action, "STAGE", {"stageKey": "5002"})
            assign_set(world, pipeline, sees, elsewhere)
            refused(world.bo.http.request(verb, record, json=json), 403)
            assign_set(world, pipeline, sees, grant(entity, action, "BOX_VIEW"))
            ok(world.bo.http.request(verb, record, json=json))
            assign_set(world, pipeline, sees, grant(entity, "CREATE"))
        ok(world.bo.http.post(f"/api/v2/trash/{key}/restore"))
        assert ok(world.bo.http.get(record))["key"] == key
        refused(world.bo.http.post(f"/api/v1/boxes/{box}", json={"notes": "by Bo"}), 403)


PARTS: dict[str, tuple[str, Any, Any]] = {
    "TASK": ("tasks", {"text": "Call"}, {"text": "Call again"}),
    "COMMENT": ("comments", {"message": "Hello"}, {"message": "Hello again"}),
    "MEETING": ("meetings", {"meetingType": "CALL_LOG", "startTimestamp": 1, "notes": "Yes"}, {"notes": "No"}),
    "FILE": ("files", b"bytes", None),
}


def test_conversations_are_granted_without_the_box(world: World) -> None:
    pipeline = world.pipeline()
    box = world.box(pipeline)["key"]
    sees, path = grant("BOX", "GET"), f"/api/v2/boxes/{box}/messages"
    raw = base64.b64encode(b"From: eva@client.example\nTo: bo@example.org\nMessage-ID: <1@x>\n\nHello").decode()
    assign_set(world, pipeline, sees, grant("THREAD", "UPDATE"), grant("THREAD", "DELETE"))
    refused(world.bo.http.post(path, json={"raw": raw}), 403)
    refused(world.bo.http.put(f"/api/v1/boxes/{box}/threads", data={"threadGmailId": "15d52837dc00ff8e"}), 403)
    assign_set(world, pipeline, sees, grant("THREAD", "CREATE", "STAGE", {"stageKey": "5001"}))
    thread = ok(world.bo.http.post(path, json={"raw": raw}))["threadKey"]
    ok(world.bo.http.put(f"/api/v1/boxes/{box}/threads", data={"threadGmailId": "15d52837dc00ff8e"}))
    refused(world.bo.http.delete(f"/api/v1/threads/{thread}"), 403)
    refused(world.bo.http.post(f"/api/v2/threads/{thread}/share", json={"share": "private"}), 403)
    assign_set(world, pipeline, sees, grant("THREAD", "UPDATE"))
    ok(world.bo.http.post(f"/api/v2/threads/{thread}/share", json={"share": "full"}))
    assign_set(world, pipeline, sees, grant("THREAD", "CREATE"), grant("THREAD", "DELETE"))
    ok(world.bo.http.delete(f"/api/v1/threads/{thread}"))
    ok(world.bo.http.post(f"/api/v2/trash/{thread}/restore"))
    refused(world.bo.http.post(f"/api/v1/boxes/{box}", json={"notes": "by Bo"}), 403)


def test_snippets_are_granted_without_the_pipeline(world: World) -> None:
    pipeline = world.pipeline()
    sees, shared = grant("PIPELINE", "GET"), {"snippetName": "Thanks", "pipelineKey": pipeline["key"]}
    snippet = ok(world.ada.http.put("/api/v1/snippets", json=shared))["key"]
    assign_set(world, pipeline, sees)
    refused(world.bo.http.put("/api/v1/snippets", json=shared), 403)
    refused(world.bo.http.post(f"/api/v1/snippets/{snippet}", json={"snippetName": "By Bo"}), 403)
    assign_set(world, pipeline, sees, grant("SNIPPET", "CREATE"), grant("SNIPPET", "UPDATE"))
    ok(world.bo.http.put("/api/v1/snippets", json=shared))
    ok(world.bo.http.post(f"/api/v1/snippets/{snippet}", json={"snippetName": "By Bo"}))
    refused(world.bo.http.delete(f"/api/v1/snippets/{snippet}"), 403)
    assign_set(world, pipeline, sees, grant("SNIPPET", "DELETE"))
    ok(world.bo.http.delete(f"/api/v1/snippets/{snippet}"))


def send(world: World, path: str, body: Any) -> Any:
    if isinstance(body, bytes):
        return world.bo.http.post(path, content=body, headers={"X-File-Name": "a.txt", "Content-Type": "text/plain"})
    return world.bo.http.post(path, json=body)
