"""Members that clients of Streak send: each has its effect, is refused, or is in docs/api/stored.md."""

import asyncio
import re

from boxwood.core.records import PermissionSet, TeamSettings
from boxwood.core.records.field import AiSettings
from boxwood.core.records.user import UserSettings
from boxwood.jobs import task_due
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


def test_what_has_no_effect_is_refused_unless_it_is_sent_back_as_it_was_read(world: World) -> None:
    pipeline = world.pipeline()
    field = world.field(pipeline, "TEXT_INPUT")["key"]
    team, user = f"/api/v2/teams/{world.team_key}", f"/api/v1/users/{world.ada.user_key}"
    fields = f"/api/v1/pipelines/{pipeline['key']}/fields/{field}"
    own = ok(world.ada.http.post(f"{team}/contacts/fields", json={"name": "Size", "type": "TEXT_INPUT"}))
    bo = {"userKey": world.bo.user_key, "emailSharing": "Existence"}
    members = [{"userKey": world.ada.user_key}, bo]
    cases: list[tuple[str, dict[str, object], str]] = [
        (team, {"automaticallyApproveJoinRequests": True}, "automaticallyApproveJoinRequests"),
        (team, {"automaticallySendInvoiceEmails": True}, "automaticallySendInvoiceEmails"),
        (team, {"emailsToSendInvoiceTo": ["a@b.example"]}, "emailsToSendInvoiceTo"),
        (team, {"members": members}, "members[1].emailSharing"),
        (team, {"contactSettings": {"fields": {own["key"]: {**own, "defaultValue": "x"}}}}, "defaultValue"),
        ("/api/v2/teams", {"name": "New", "members": members}, "members[1].emailSharing"),
        (f"{team}/contacts/fields", {"name": "Sum", "type": "DATE", "defaultValue": "x"}, "defaultValue"),
        (user, {"automaticallySendInvoiceEmails": True}, "automaticallySendInvoiceEmails"),
        (user, {"emailsToSendInvoiceTo": ["a@b.example"]}, "emailsToSendInvoiceTo"),
        (user, {"customerSpecifiedInvoiceData": "VAT 1"}, "customerSpecifiedInvoiceData"),
        (fields, {"aiSettings": {"prompt": "What do they make?"}}, "aiSettings"),
        (fields, {"aiSettings": {"source": "WEB_CRAWLING"}}, "aiSettings"),
        (fields, {"defaultValue": "x"}, "defaultValue"),
        ("/api/v2/pipelines", {"name": "P", "fields": [{"name": "x", "type": "DATE", "defaultValue": 1}]}, "default"),
    ]
    for path, body, member in cases:
        refused(world.ada.http.post(path, json={"stages": ["One"], **body}), 400, member)
    for path in (team, user, fields):
        as_read = ok(world.ada.http.get(path))
        after = ok(world.ada.http.post(path, json=as_read))
        differing = {name for name in as_read if after[name] != as_read[name]}
        assert differing <= {"lastSavedTimestamp", "lastUpdatedTimestamp"}, path


def test_the_template_of_a_pipeline_is_in_the_newsfeed(world: World) -> None:
    body = {"name": "Sales", "teamKey": world.team_key, "stages": ["Lead"], "templateType": "SALES"}
    made = ok(world.ada.http.post("/api/v2/pipelines", json=body))
    story = ok(world.ada.http.get(f"/api/v1/pipelines/{made['key']}/newsfeed"))[0]["storyTextGlobal"]
    assert story.endswith("created Sales from the template SALES")


def test_a_set_that_only_reads_is_shown_as_read_only(world: World) -> None:
    entries = [
        {"userKey": world.ada.user_key, "permissionSetName": "__editAllPermissionSet__", "isReadOnly": True},
        {"userKey": world.bo.user_key, "permissionSetName": "__viewAllPermissionSet__"},
    ]
    lists = {"contactOrgListPermissions": {"contacts": {"aclEntries": entries}}}
    changed = ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}", json=lists))
    shown = changed["contactOrgListPermissions"]["contacts"]["aclEntries"]
    assert [entry["isReadOnly"] for entry in shown] == [False, True]


def test_followers_are_notified_of_due_reminders_that_ask_for_it(world: World) -> None:
    box = world.box(world.pipeline(), followerKeys=[world.bo.user_key], assignedToSharingEntries=[])
    path, due = f"/api/v1/boxes/{box['key']}/reminders", world.clock() + 1000
    for message, asks in (("Alone", "false"), ("Together", "true")):
        ok(world.ada.http.put(path, data={"message": message, "remindDate": str(due), "remindFollowers": asks}))
    asyncio.run(task_due.remind(world.server.engine, due + 1000))
    found = ok(world.bo.http.get("/api/v2/notifications", params={"reason": "due"}))["results"]
    assert [("Together" in each["story"], each["reason"]) for each in found] == [(True, "due")]


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
