"""Members that clients of Streak send: each has its effect, is refused, or is in docs/api/stored.md."""

import re

from boxwood.core.records import PermissionSet, TeamSettings
from boxwood.core.records.field import AiSettings
from boxwood.core.records.user import UserSettings
from boxwood.wire.codec import camel
from tests.conftest import World, ok, refused
from tests.house.tree import ROOT, texts


def test_a_team_that_restricts_sharing_adds_no_outsider_to_any_pipeline(world: World) -> None:
    pipeline = world.pipeline()
    path = f"/api/v2/pipelines/{pipeline['key']}"
    owner = {"userKey": world.ada.user_key, "permissionSetName": "__adminPermissionSet__"}
    guest = {"email": world.cy.email, "permissionSetName": "__viewAllPermissionSet__"}
    ok(world.ada.http.post(path, json={"aclEntries": [owner, guest]}))
    ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}", json={"sharingRestrictedToTeam": True}))
    stranger = {"email": "new@example.org", "permissionSetName": "__viewAllPermissionSet__"}
    error = refused(world.ada.http.post(path, json={"aclEntries": [owner, guest, stranger]}), 400, "aclEntries[2]")
    assert "its pipelines are shared within the team only" in str(error)
    refused(world.ada.http.post(f"/api/v1/pipelines/{pipeline['key']}", json={"aclEntries": [owner, stranger]}), 400)
    member = {"userKey": world.bo.user_key, "permissionSetName": "__viewAllPermissionSet__"}
    shared = ok(world.ada.http.post(path, json={"aclEntries": [owner, guest, member]}))
    assert {entry["email"] for entry in shared["aclEntries"]} == {world.ada.email, world.bo.email, world.cy.email}
    ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}", json={"sharingRestrictedToTeam": False}))
    ok(world.ada.http.post(path, json={"aclEntries": [owner, stranger]}))


def test_a_formula_for_contacts_or_organizations_is_refused(world: World) -> None:
    team = f"/api/v2/teams/{world.team_key}"
    body = {"name": "Sum", "type": "FORMULA", "defaultValue": "=1+1"}
    for noun, settings in (("contacts", "contactSettings"), ("organizations", "organizationSettings")):
        error = refused(world.ada.http.post(f"{team}/{noun}/fields", json=body), 400, "type")
        assert "only fields of boxes are computed" in str(error)
        refused(world.ada.http.post(team, json={settings: {"fields": {"1001": body}}}), 400)


def test_each_stored_setting_is_read_somewhere_or_documented() -> None:
    page = (ROOT / "docs/api/stored.md").read_text()
    readers = [text for path, text in texts("boxwood/*.py") if not {"wire", "migrations", "records"} & set(path.parts)]
    code = "\n".join(readers)
    unread = [
        camel(name)
        for record in (TeamSettings, UserSettings, AiSettings, PermissionSet)
        for name in record.__struct_fields__
        if not re.search(rf'\.{name}\b|_access"|_fields"', code)
    ]
    assert [name for name in unread if f"`{name}`" not in page] == []
