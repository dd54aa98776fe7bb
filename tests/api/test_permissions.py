"""The six roles: what each may and may not do."""

import pytest

from tests.conftest import World, ok, refused

ADMIN, EDITOR = "__adminPermissionSet__", "__editAllPermissionSet__"
CREATOR, ASSIGNEE = "__editAssignedBoxCreatePermissionSet__", "__editAssignedPermissionSet__"
VIEWER, OBSERVER = "__viewAllPermissionSet__", "__viewAssignedPermissionSet__"
ALL = [ADMIN, EDITOR, CREATOR, ASSIGNEE, VIEWER, OBSERVER]

# What Bo tries in Ada's pipeline, and the roles that allow it. It has two boxes: Bo's and Ada's.
DEEDS = {
    "see the pipeline": ("GET", "/v1/pipelines/{p}", None, ALL),
    "see his box": ("GET", "/v1/boxes/{his}", None, ALL),
    "see the other box": ("GET", "/v1/boxes/{other}", None, [ADMIN, EDITOR, CREATOR, VIEWER]),
    "create a box": ("POST", "/v2/pipelines/{p}/boxes", {"name": "New"}, [ADMIN, EDITOR, CREATOR]),
    "change his box": ("POST", "/v1/boxes/{his}", {"notes": "x"}, [ADMIN, EDITOR, CREATOR, ASSIGNEE]),
    "set his field": ("POST", "/v1/boxes/{his}/fields/{f}", {"value": "x"}, [ADMIN, EDITOR, CREATOR, ASSIGNEE]),
    "change the other box": ("POST", "/v1/boxes/{other}", {"notes": "x"}, [ADMIN, EDITOR]),
    "delete the other box": ("DELETE", "/v1/boxes/{other}", None, [ADMIN, EDITOR]),
    "rename the pipeline": ("POST", "/v1/pipelines/{p}", {"name": "x"}, [ADMIN, EDITOR]),
    "add a stage": ("PUT", "/v1/pipelines/{p}/stages", {"name": "x"}, [ADMIN, EDITOR]),
    "rename a stage": ("POST", "/v1/pipelines/{p}/stages/5001", {"name": "x"}, [ADMIN, EDITOR]),
    "add a field": ("PUT", "/v1/pipelines/{p}/fields", {"name": "x", "type": "DATE"}, [ADMIN, EDITOR]),
    "rename a field": ("POST", "/v1/pipelines/{p}/fields/{f}", {"name": "x"}, [ADMIN, EDITOR]),
    "delete a field": ("DELETE", "/v1/pipelines/{p}/fields/{f}", None, [ADMIN]),
    "make an admin": (
        "POST",
        "/v2/pipelines/{p}",
        {"aclEntries": [{"email": "new@admin.example", "permissionSetName": ADMIN}]},
        [ADMIN],
    ),
    "delete the pipeline": ("DELETE", "/v1/pipelines/{p}", None, [ADMIN]),
}


@pytest.mark.parametrize("role", ALL)
@pytest.mark.parametrize("deed", DEEDS)
def test_only_the_listed_roles_may_do_this(world: World, role: str, deed: str) -> None:
    verb, path, body, may = DEEDS[deed]
    pipeline = world.pipeline(defaultPermissionSetName=role)
    field = world.field(pipeline, "TEXT_INPUT")
    his = world.box(pipeline, assignedToSharingEntries=[{"email": world.bo.email}])
    other = world.box(pipeline, name="Other")
    filled = "/api" + path.format(p=pipeline["key"], his=his["key"], other=other["key"], f=field["key"])
    before = ok(world.ada.http.get(f"/api/v1/pipelines/{pipeline['key']}"))
    reply = world.bo.http.request(verb, filled, json=body)
    if role in may:
        ok(reply)
    else:
        assert reply.status_code in (403, 404), reply.text
        assert reply.json()["success"] is False
        assert ok(world.ada.http.get(f"/api/v1/boxes/{other['key']}")) == other
        now = ok(world.ada.http.get(f"/api/v1/pipelines/{pipeline['key']}"))
        assert {**now, "boxCount": 0} == {**before, "boxCount": 0}


def test_unreachable_things_are_not_found_and_disallowed_actions_are_forbidden(world: World) -> None:
    pipeline = world.pipeline(defaultPermissionSetName=OBSERVER)
    box = world.box(pipeline)
    assert world.bo.http.post(f"/api/v1/boxes/{box['key']}", json={"notes": "x"}).status_code == 404
    assert "Observer" in refused(world.bo.http.put(f"/api/v1/pipelines/{pipeline['key']}/boxes?name=x"), 403)


def test_lists_hold_only_what_the_user_may_see(world: World) -> None:
    pipeline = world.pipeline(defaultPermissionSetName=ASSIGNEE)
    his = world.box(pipeline, assignedToSharingEntries=[world.bo.user_key])
    other = world.box(pipeline)
    for path in ("/api/v1/pipelines/{}/boxes", "/api/v1/boxes"):
        listed = {box["key"] for box in ok(world.bo.http.get(path.format(pipeline["key"])))}
        assert his["key"] in listed
        assert other["key"] not in listed
    batch = world.bo.http.post(f"/api/v1/pipelines/{pipeline['key']}/boxes/batch/", json=[his["key"], other["key"]])
    assert [box["key"] for box in ok(batch)] == [his["key"]]
    feed = ok(world.bo.http.get(f"/api/v1/pipelines/{pipeline['key']}/newsfeed"))
    assert {entry["boxKey"] for entry in feed if "boxKey" in entry} == {his["key"]}


def test_a_personal_sharing_entry_overrides_the_team_default(world: World) -> None:
    pipeline = world.pipeline(defaultPermissionSetName=VIEWER)
    path = f"/api/v2/pipelines/{pipeline['key']}"
    refused(world.bo.http.post(path, json={"name": "x"}), 403, "Viewer")
    ok(world.ada.http.post(path, json={"aclEntries": [{"userKey": world.bo.user_key, "permissionSetName": EDITOR}]}))
    ok(world.bo.http.post(path, json={"name": "By Bo"}))
    entries = [{"email": world.bo.email, "permissionSetName": "__noAccessPermissionSet__"}]
    shared = ok(world.ada.http.post(path, json={"aclEntries": entries}))
    assert [entry["userKey"] for entry in shared["aclEntries"] if entry["isOwner"]] == [world.ada.user_key]
    assert world.bo.http.get(path).status_code == 404


def test_a_pipeline_is_private_until_shared(world: World) -> None:
    created = ok(world.ada.http.put("/api/v1/pipelines", params={"name": "Mine", "teamKey": world.team_key}))
    path = f"/api/v1/pipelines/{created['key']}"
    assert world.bo.http.get(path).status_code == 404
    assert ok(world.ada.http.post(path, json={"orgWide": True}))["teamWide"] is True
    ok(world.bo.http.get(path))
    assert world.cy.http.get(path).status_code == 404
    ok(world.ada.http.post(path, json={"aclEntries": [{"email": world.cy.email}]}))
    assert ok(world.cy.http.get(path))["key"] == created["key"]


def test_an_archived_member_reaches_nothing(world: World) -> None:
    pipeline = world.pipeline()
    members = [
        {"userKey": world.ada.user_key, "role": "Owner"},
        {"userKey": world.bo.user_key, "role": "ArchiveOnly"},
    ]
    ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}", json={"members": members}))
    assert world.bo.http.get(f"/api/v1/pipelines/{pipeline['key']}").status_code == 404
    assert world.bo.http.get(f"/api/v2/teams/{world.team_key}").status_code == 404


def test_a_team_key_acts_for_a_member_within_that_team_alone(world: World) -> None:
    pipeline = world.pipeline()
    own = ok(world.bo.http.post("/api/v2/teams", json={"name": "Bo's", "members": [{"email": world.bo.email}]}))
    private = ok(world.bo.http.put("/api/v1/pipelines", params={"name": "Bo's own", "teamKey": own["key"]}))
    secret = ok(world.ada.http.put("/api/v1/apikeys", params={"teamKey": world.team_key}))["apiKey"]
    refused(world.bo.http.put("/api/v1/apikeys", params={"teamKey": world.team_key}), 403)
    with world.client(secret) as client:
        assert ok(client.get("/api/v1/users/me"))["email"] == world.ada.email
        client.headers["X-Boxwood-Act-As"] = world.bo.email
        assert ok(client.get("/api/v1/users/me"))["email"] == world.bo.email
        ok(client.get(f"/api/v1/pipelines/{pipeline['key']}"))
        assert client.get(f"/api/v1/pipelines/{private['key']}").status_code == 404
        refused(client.put("/api/v1/apikeys"), 403)
        refused(client.get("/api/v1/apikeys"), 403)
        client.headers["X-Boxwood-Act-As"] = world.cy.email
        refused(client.get("/api/v1/users/me"), 400, "X-Boxwood-Act-As")


def test_a_revoked_key_is_refused_at_once(world: World) -> None:
    created = ok(world.ada.http.put("/api/v1/apikeys", params={"name": "for a script"}))
    with world.client(created["apiKey"]) as client:
        ok(client.get("/api/v1/users/me"))
        listed = {key["key"]: key for key in ok(world.ada.http.get("/api/v1/apikeys"))}
        assert listed[created["key"]]["apiKey"] != created["apiKey"]
        assert created["apiKey"].startswith(listed[created["key"]]["prefix"])
        assert world.cy.http.delete(f"/api/v1/apikeys/{created['key']}").status_code == 404
        assert ok(world.ada.http.delete(f"/api/v1/apikeys/{created['key']}"))["success"] is True
        reply = client.get("/api/v1/users/me")
        assert (reply.status_code, reply.json()) == (401, {"success": False, "error": "invalid api key"})
