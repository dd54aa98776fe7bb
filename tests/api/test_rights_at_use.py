"""Rights are asked when something is used, not only when it was created: TEAM keys, links, counts and names."""

from typing import Any

import pytest

from boxwood.core.accounts import locked_users
from boxwood.core.import_export.exports import Export
from boxwood.core.records import TEAM_MEMBERS, TeamMember
from boxwood.errors import NotFound
from tests.conftest import Person, World, ok, refused

NO_ACCESS = "__noAccessPermissionSet__"
OBSERVER = "__viewAssignedPermissionSet__"


def set_role(world: World, person: Person, role: str) -> None:
    ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}/members/{person.user_key}", json={"role": role}))


def join(world: World, name: str, role: str) -> Person:
    """Create a person who is a member of Ada's team."""
    person = world.person(name, name.title(), "Smith")
    world.stack.callback(person.http.close)
    member = TeamMember(world.team_key, person.user_key, role, "Accepted", world.clock())
    world.server.engine.write(lambda db: TEAM_MEMBERS.insert(db, member))
    return person


def team_key_of(world: World, person: Person) -> tuple[str, str]:
    """Create a TEAM key of Ada's team; return its record key and its secret."""
    created = ok(person.http.put("/api/v1/apikeys", json={"teamKey": world.team_key, "name": "deploy"}))
    return created["key"], created["apiKey"]


def act(world: World, secret: str, person: Person, path: str) -> Any:
    with world.client(secret) as caller:
        return caller.get(path, headers={"X-Boxwood-Act-As": person.email})


@pytest.mark.parametrize("way", ["role", "members", "members' role", "leave", "archive", "database"])
def test_a_team_key_stops_working_when_its_creator_is_no_longer_an_owner(world: World, way: str) -> None:
    set_role(world, world.bo, "Owner")
    private = world.pipeline(defaultPermissionSetName=NO_ACCESS)
    _, secret = team_key_of(world, world.bo)
    path = f"/api/v1/pipelines/{private['key']}"
    assert act(world, secret, world.ada, path).status_code == 200
    team, bo = f"/api/v2/teams/{world.team_key}", world.bo.user_key
    ada = {"userKey": world.ada.user_key, "role": "Owner"}
    match way:
        case "role":
            set_role(world, world.bo, "Member")
        case "members":
            ok(world.ada.http.post(team, json={"members": [ada]}))
        case "members' role":
            ok(world.ada.http.post(team, json={"members": [ada, {"userKey": bo, "role": "PayerOnly"}]}))
        case "leave":
            ok(world.ada.http.post(f"{team}/members/{bo}/leave", json={}))
        case "archive":
            ok(world.ada.http.post(f"{team}/members/{bo}/leave", json={"archive": True}))
        case "database":
            # The check at each use holds by itself, even if the key was not deleted with the role.
            sql = "UPDATE team_members SET role = 'Member' WHERE user_key = :bo"
            world.server.engine.write(lambda db: db.run(sql, bo=bo))
    for acting in (world.ada, world.bo):
        answer = act(world, secret, acting, path)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid api key")
    with world.client(secret) as alone:
        assert alone.get("/api/v1/users/me").status_code == 401
        invitation = {"email": world.bo.email, "role": "Owner"}
        assert alone.post(f"{team}/invitations", json=invitation).status_code == 401


def test_a_team_key_acts_for_no_archived_and_no_locked_member(world: World) -> None:
    _, secret = team_key_of(world, world.ada)
    assert act(world, secret, world.bo, "/api/v1/users/me").json()["email"] == world.bo.email
    world.server.engine.write(lambda db: locked_users.lock(db, world.bo.user, world.clock()))
    refused(act(world, secret, world.bo, "/api/v1/users/me"), 400, "not an active member")
    world.server.engine.write(lambda db: locked_users.unlock(db, world.bo.user))
    assert act(world, secret, world.bo, "/api/v1/users/me").status_code == 200
    set_role(world, world.bo, "ArchiveOnly")
    refused(act(world, secret, world.bo, "/api/v1/users/me"), 400, "not an active member")


def test_every_owner_sees_and_revokes_all_team_keys_of_the_team(world: World) -> None:
    set_role(world, world.bo, "Owner")
    key, secret = team_key_of(world, world.bo)
    listed = {entry["key"]: entry for entry in ok(world.ada.http.get("/api/v1/apikeys"))}
    assert (listed[key]["userKey"], listed[key]["creator"]["email"]) == (world.bo.user_key, world.bo.email)
    assert secret not in str(listed)
    # Personal keys of other owners stay private, and strangers and members see none.
    own = ok(world.bo.http.put("/api/v1/apikeys", json={"name": "laptop"}))["key"]
    assert own not in {entry["key"] for entry in ok(world.ada.http.get("/api/v1/apikeys"))}
    assert world.ada.http.delete(f"/api/v1/apikeys/{own}").status_code == 404
    dee = join(world, "dee", "Member")
    for other in (dee, world.cy):
        assert key not in {entry["key"] for entry in ok(other.http.get("/api/v1/apikeys"))}
        assert other.http.delete(f"/api/v1/apikeys/{key}").status_code == 404
    ok(world.ada.http.delete(f"/api/v1/apikeys/{key}"))
    assert act(world, secret, world.ada, "/api/v1/users/me").status_code == 401


def test_a_member_who_is_left_out_of_members_loses_access_as_if_removed(world: World) -> None:
    entries = [{"userKey": world.bo.user_key, "permissionSetName": "__editAllPermissionSet__"}]
    shared = world.pipeline(aclEntries=entries)
    ok(world.ada.http.post(f"/api/v2/pipelines/{shared['key']}", json={"aclEntries": entries}))
    thrown = world.pipeline(name="Old")
    ok(world.ada.http.post(f"/api/v2/pipelines/{thrown['key']}", json={"aclEntries": entries}))
    ok(world.ada.http.delete(f"/api/v1/pipelines/{thrown['key']}"))
    hook = {"event": "BOX_CREATE", "targetUrl": "https://example.com/h", "pipelineKey": shared["key"]}
    hook = ok(world.bo.http.post("/api/v2/webhooks", json=hook))
    members = [{"userKey": world.ada.user_key, "role": "Owner"}]
    team = ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}", json={"members": members}))
    assert [member["email"] for member in team["members"]] == [world.ada.email]
    assert world.bo.http.get(f"/api/v1/pipelines/{shared['key']}").status_code == 404
    assert world.bo.http.get(f"/api/v2/webhooks/{hook['key']}").status_code == 404
    assert ok(world.ada.http.get(f"/api/v2/webhooks/{hook['key']}"))["userKey"] == world.ada.user_key
    # A pipeline that is restored from the trash does not bring the access back.
    trashed = [entry for entry in ok(world.ada.http.get("/api/v2/trash"))["results"] if entry["name"] == "Old"]
    ok(world.ada.http.post(f"/api/v2/trash/{trashed[0]['key']}/restore"))
    assert world.ada.http.get(f"/api/v1/pipelines/{thrown['key']}").status_code == 200
    assert world.bo.http.get(f"/api/v1/pipelines/{thrown['key']}").status_code == 404


def test_an_owner_can_leave_by_members_if_another_owner_stays(world: World) -> None:
    only_bo = {"name": "Bo's", "members": [{"userKey": world.bo.user_key, "role": "Owner"}]}
    ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}", json=only_bo))
    team = ok(world.bo.http.get(f"/api/v2/teams/{world.team_key}"))
    assert (team["name"], [member["role"] for member in team["members"]]) == ("Bo's", ["Owner"])
    nothing = {"members": [{"userKey": world.bo.user_key, "role": "Member"}]}
    refused(world.bo.http.post(f"/api/v2/teams/{world.team_key}", json=nothing), 400, "needs an owner")


def test_counts_hold_only_the_boxes_that_the_reader_sees(world: World) -> None:
    pipeline = world.pipeline(defaultPermissionSetName=OBSERVER)
    world.box(pipeline)
    world.box(pipeline, stageKey="5002")
    world.box(pipeline, assignedToSharingEntries=[{"email": world.bo.email}])
    path = f"/api/v2/pipelines/{pipeline['key']}"

    def counts(person: Person) -> tuple[Any, ...]:
        whole = ok(person.http.get(path))
        listed = ok(person.http.get("/api/v2/pipelines?counts=true"))["results"]
        listed = next(entry for entry in listed if entry["key"] == pipeline["key"])
        stages = ok(person.http.get(f"{path}/stages"))
        alone = ok(person.http.get(f"{path}/stages/5002"))
        return (
            whole["boxCount"],
            listed["boxCount"],
            [stage["boxCount"] for stage in whole["stages"].values()],
            [stage["boxCount"] for stage in stages.values()],
            alone["boxCount"],
        )

    assert counts(world.ada) == (3, 3, [2, 1, 0], [2, 1, 0], 1)
    assert counts(world.bo) == (1, 1, [1, 0, 0], [1, 0, 0], 0)


def test_unread_notifications_of_boxes_that_are_hidden_now_are_not_counted(world: World) -> None:
    pipeline = world.pipeline(defaultPermissionSetName=OBSERVER)
    assigned = [{"email": world.bo.email}]
    box = world.box(pipeline, assignedToSharingEntries=assigned)
    world.box(pipeline, assignedToSharingEntries=assigned)
    assert ok(world.bo.http.get("/api/v2/notifications"))["unread"] == 2
    ok(world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"assignedToSharingEntries": []}))
    listed = ok(world.bo.http.get("/api/v2/notifications"))
    assert (listed["unread"], len(listed["results"])) == (1, 1)


def test_endpoints_are_named_only_to_users_who_may_see_them(world: World) -> None:
    private = world.pipeline(defaultPermissionSetName=NO_ACCESS)
    ok(world.ada.http.post(f"/api/v2/pipelines/{private['key']}/inbound", json={"name": "Secret orders"}))
    ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}/inbound", json={"name": "Secret of the team"}))
    pay = join(world, "pay", "PayerOnly")
    path = f"/api/v2/teams/{world.team_key}/endpoints"
    assert [use["name"] for use in ok(world.ada.http.get(path))["results"]] == ["Secret orders", "Secret of the team"]
    for person in (world.bo, pay):
        assert ok(person.http.get(path)) == {"allowance": 16, "used": 2, "results": []}
    own = ok(world.bo.http.post(f"/api/v2/teams/{world.team_key}/inbound", json={"name": "Bo's"}))
    assert [use["key"] for use in ok(world.bo.http.get(path))["results"]] == [own["key"]]
    set_role(world, world.bo, "ArchiveOnly")
    assert world.bo.http.get(path).status_code == 404


def test_a_payer_creates_nothing_in_the_team(world: World) -> None:
    pay = join(world, "pay", "PayerOnly")
    team = {"teamKey": world.team_key}
    step = {"type": "http.request", "with": {"url": "https://example.com/"}}
    rule = {"name": "x", "trigger": {"type": "contact.created"}, "steps": [step]}
    hook = {"event": "CONTACT_CREATE", "targetUrl": "https://example.com/h"}
    for path, body in (
        (f"/api/v2/teams/{world.team_key}/inbound", {"name": "x"}),
        (f"/api/v2/teams/{world.team_key}/webhooks", hook),
        (f"/api/v2/teams/{world.team_key}/automations", rule),
        ("/api/v2/webhooks", {**hook, **team}),
        ("/api/v2/automations", {**rule, **team}),
        ("/api/v2/pipelines", {"name": "x", **team}),
    ):
        refused(pay.http.post(path, json=body), 403, "PayerOnly")
    refused(pay.http.post("/api/v2/pipelines", json={"name": "x"}), 400, "teamKey")


def test_members_cannot_use_up_the_endpoints_of_the_owners(world: World) -> None:
    path = f"/api/v2/teams/{world.team_key}/inbound"
    for _ in range(12):
        ok(world.bo.http.post(path, json={"name": "Bo's"}))
    refused(world.bo.http.post(path, json={"name": "13"}), 400, "left to owners")
    for _ in range(4):
        ok(world.ada.http.post(path, json={"name": "Ada's"}))
    refused(world.ada.http.post(path, json={"name": "17"}), 400, "16 native endpoints")


def test_an_inbound_webhook_of_an_owner_without_access_is_unknown(world: World) -> None:
    pipeline = world.pipeline()
    urls = [
        ok(world.bo.http.post(f"/api/v2/{place}/inbound", json={"name": "x"}))["url"]
        for place in (f"pipelines/{pipeline['key']}", f"teams/{world.team_key}")
    ]
    with world.client(None) as caller:
        assert [caller.post(url, json={}).status_code for url in urls] == [200, 200]
        set_role(world, world.bo, "ArchiveOnly")
        unknown = caller.post(f"{world.server.url}/hooks/unknown", json={})
        for url in urls:
            answer = caller.post(url, json={})
            assert (answer.status_code, answer.content) == (404, unknown.content)
        set_role(world, world.bo, "Member")
        assert [caller.post(url, json={}).status_code for url in urls] == [200, 200]


def test_a_file_link_ends_with_the_lock_the_key_or_the_session_of_its_creator(world: World) -> None:
    pipeline = world.pipeline()
    box = world.box(pipeline)
    upload = {"file": ("offer.txt", b"One hundred", "text/plain")}
    file = ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}/files", files=upload))

    def link(key: str) -> str:
        with world.client(key) as caller:
            return str(ok(caller.get(f"/api/v1/files/{file['key']}/link"))["link"])

    second = ok(world.bo.http.put("/api/v1/apikeys", json={}))
    of_key, of_bo = link(second["apiKey"]), link(world.bo.key)
    _, team_secret = team_key_of(world, world.ada)
    with world.client(team_secret) as caller:
        acting = {"X-Boxwood-Act-As": world.bo.email}
        of_team = ok(caller.get(f"/api/v1/files/{file['key']}/link", headers=acting))["link"]
    with world.client(None) as browser:
        assert [browser.get(url).status_code for url in (of_key, of_bo, of_team)] == [200, 200, 200]
        ok(world.bo.http.delete(f"/api/v1/apikeys/{second['key']}"))
        assert [browser.get(url).status_code for url in (of_key, of_bo, of_team)] == [403, 200, 200]
        world.server.engine.write(lambda db: locked_users.lock(db, world.bo.user, world.clock()))
        assert [browser.get(url).status_code for url in (of_key, of_bo, of_team)] == [403, 403, 403]


def test_an_archived_member_reads_no_person_of_the_team(world: World) -> None:
    path = f"/api/v1/users/{world.ada.user_key}"
    pipeline = world.pipeline()
    entries = [{"userKey": world.bo.user_key, "permissionSetName": "__editAllPermissionSet__"}]
    ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}", json={"aclEntries": entries}))
    assert world.bo.http.get(path).status_code == 200
    set_role(world, world.bo, "ArchiveOnly")
    unknown = world.bo.http.get("/api/v1/users/u-AAAAAAAAAAAAAAAAAAAA")
    answer = world.bo.http.get(path)
    assert answer.status_code == 404
    assert answer.text.replace(world.ada.user_key, "k") == unknown.text.replace("u-AAAAAAAAAAAAAAAAAAAA", "k")


def test_a_team_key_reads_only_persons_of_its_team(world: World) -> None:
    bo_and_cy = ok(world.bo.http.post("/api/v2/teams", json={"name": "Other", "members": [world.bo.email]}))["key"]
    members = [{"userKey": world.bo.user_key, "role": "Owner"}, {"email": world.cy.email}]
    ok(world.bo.http.post(f"/api/v2/teams/{bo_and_cy}", json={"members": members}))
    path = f"/api/v1/users/{world.cy.user_key}"
    assert world.bo.http.get(path).status_code == 200
    _, secret = team_key_of(world, world.ada)
    assert act(world, secret, world.bo, path).status_code == 404
    assert act(world, secret, world.bo, f"/api/v1/users/{world.ada.user_key}").status_code == 200


def test_an_api_key_alone_does_not_choose_the_first_password(world: World) -> None:
    refused(
        world.bo.http.post("/api/v2/session/password", json={"password": "seven green owls"}), 403, "first password"
    )
    sql = "SELECT 1 FROM passwords WHERE user_key = :bo"
    assert world.server.engine.read(lambda db: db.row(sql, bo=world.bo.user_key)) is None


@pytest.mark.parametrize("way", ["pipeline", "members"])
def test_an_invitation_link_is_void_after_others_share_something_with_the_person(world: World, way: str) -> None:
    email = f"pending@w{world.number}.example"
    team = ok(world.cy.http.get("/api/v2/users/me/teams"))["results"][0]["key"]
    shown = ok(world.cy.http.post(f"/api/v2/teams/{team}/invitations", json={"email": email}))["link"]
    look = {"token": shown.partition("#")[2]}
    assert ok(world.cy.http.post("/api/v2/session/link/look", json=look))["email"] == email
    if way == "pipeline":
        entries = [{"email": email, "permissionSetName": "__viewAllPermissionSet__"}]
        secret = world.pipeline(defaultPermissionSetName=NO_ACCESS)
        ok(world.ada.http.post(f"/api/v2/pipelines/{secret['key']}", json={"aclEntries": entries}))
    else:
        ada = {"userKey": world.ada.user_key, "role": "Owner"}
        ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}", json={"members": [ada, {"email": email}]}))
    with world.client(None) as browser:
        refused(browser.post("/api/v2/session/link/look", json=look), 400, "others have shared")
        body = {**look, "password": "seven green owls"}
        refused(browser.post("/api/v2/session/link", json=body), 400, "others have shared")


def test_an_export_that_is_under_way_stops_when_rights_end(world: World) -> None:

    pipeline = world.pipeline()
    world.box(pipeline)
    export = world.as_("bo", lambda ctx: Export(ctx, pipeline["key"], form="csv"))
    ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}", json={"defaultPermissionSetName": NO_ACCESS}))
    with pytest.raises(NotFound):
        world.as_("bo", export.slice)
