"""Members of teams: invitations, roles, and leaving with a handover of work."""

import contextlib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from boxwood.core.activity import handovers
from tests.api.automations import Rule, do
from tests.api.test_sessions import PASSWORD
from tests.conftest import Server, Store, World, ok, refused
from tests.mailbox import Mailbox, link, text


@pytest.fixture
def mailing(fresh_store: Store, mailbox: Mailbox) -> Iterator[World]:
    """A world whose server sends mail to the test's mail server."""
    config = fresh_store.config(smtp_url=mailbox.url, mail_from="crm@example.com", base_url="https://crm.example")
    server = Server(config).start()
    yield (created := World(server))
    created.close()
    server.stop()


def invite(world: World, email: str, **more: Any) -> dict[str, Any]:
    path = f"/api/v2/teams/{world.team_key}/invitations"
    found: dict[str, Any] = ok(world.ada.http.post(path, json={"email": email, **more}))
    return found


@contextlib.contextmanager
def accept_invitation(world: World, url: str, name: str = "Dee Dee") -> Iterator[httpx.Client]:
    """Open the link, choose a password, and return the signed-in browser."""
    with world.client(None) as browser:
        body = {"token": url.partition("#")[2], "password": PASSWORD, "name": name}
        browser.headers["X-CSRF-Token"] = ok(browser.post("/api/v2/session/link", json=body))["csrfToken"]
        yield browser


def members(world: World) -> dict[str, tuple[str, str]]:
    team = ok(world.ada.http.get(f"/api/v2/teams/{world.team_key}"))
    return {member["email"]: (member["role"], member["inviteStatus"]) for member in team["members"]}


def member_events(world: World) -> list[str]:
    """Return the kinds of the team's member events, oldest first."""
    sql = "SELECT kind FROM events WHERE team_key = :team AND kind LIKE 'member.%' ORDER BY id"
    return [row[0] for row in world.server.engine.read(lambda db: db.rows(sql, team=world.team_key))]


def test_an_accepted_invitation_link_creates_a_member(world: World) -> None:
    email = f"dee@w{world.number}.example"
    created = invite(world, email, name="Dee Smith")
    assert (created["state"], created["mailed"], created["role"], created["teamKey"]) == (
        "PENDING",
        False,
        "Member",
        world.team_key,
    )
    assert "/invitation#" in created["link"]
    assert members(world)[email] == ("Member", "Pending")
    listed = ok(world.ada.http.get(f"/api/v2/teams/{world.team_key}/invitations"))["results"]
    assert [(invitation["key"], invitation["email"], "link" in invitation) for invitation in listed] == [
        (created["key"], email, False)
    ]
    pipeline = world.pipeline()
    with accept_invitation(world, created["link"]) as dee:
        assert ok(dee.get("/api/v1/users/me"))["fullName"] == "Dee Dee"
        assert ok(dee.get(f"/api/v2/pipelines/{pipeline['key']}"))["name"] == "Deals"
    assert members(world)[email] == ("Member", "Accepted")
    assert ok(world.ada.http.get(f"/api/v2/teams/{world.team_key}/invitations"))["results"] == []
    assert member_events(world) == ["member.invited", "member.joined"]
    again = world.ada.http.post("/api/v2/session/link", json={"token": created["link"].partition("#")[2]})
    refused(again, 400, "used already")
    refused(world.ada.http.post(f"/api/v2/invitations/{created['key']}/resend"), 400, "accepted")
    path = f"/api/v2/teams/{world.team_key}/invitations"
    refused(world.ada.http.post(path, json={"email": email}), 400, "member of this team already")


def test_only_owners_invite_and_their_input_is_checked(world: World) -> None:
    path = f"/api/v2/teams/{world.team_key}/invitations"
    refused(world.bo.http.post(path, json={"email": "x@y.example"}), 403, "owner")
    refused(world.bo.http.get(path), 403, "owner")
    assert world.cy.http.post(path, json={"email": "x@y.example"}).status_code == 404
    for body, field in (({}, "Invitation"), ({"email": "x"}, "email"), ({"email": "x@y.z", "role": "King"}, "role")):
        refused(world.ada.http.post(path, json=body), 400, field)
    assert member_events(world) == []


def test_an_existing_user_becomes_a_member_at_once(world: World) -> None:
    created = invite(world, world.cy.email, role="Owner")
    assert (created["state"], "link" in created) == ("ACCEPTED", False)
    assert members(world)[world.cy.email] == ("Owner", "Accepted")
    assert member_events(world) == ["member.added"]


def test_an_invitation_is_sent_again_and_revoked(world: World) -> None:
    created = invite(world, f"dee@w{world.number}.example")
    again = ok(world.ada.http.post(f"/api/v2/invitations/{created['key']}/resend"))
    assert again["link"] != created["link"]
    look = {"token": created["link"].partition("#")[2]}
    refused(world.ada.http.post("/api/v2/session/link/look", json=look), 400)
    assert world.bo.http.delete(f"/api/v2/invitations/{created['key']}").status_code == 404
    ok(world.ada.http.delete(f"/api/v2/invitations/{created['key']}"))
    look = {"token": again["link"].partition("#")[2]}
    refused(world.ada.http.post("/api/v2/session/link/look", json=look), 400)
    assert created["email"] not in members(world)
    assert member_events(world) == ["member.invited", "member.uninvited"]


def test_a_mailed_invitation_has_no_link_to_copy(mailing: World, mailbox: Mailbox) -> None:
    created = invite(mailing, "dee@example.com")
    assert created["mailed"]
    assert "link" not in created
    letter = mailbox.wait()[0]
    assert (letter["To"], letter["Reply-To"]) == ("dee@example.com", mailing.ada.email)
    assert letter["Subject"] == "Ada Lovelace invites you to Ada's team"
    url = link(letter)
    assert url.startswith("https://crm.example/invitation#")
    ok(mailing.ada.http.post(f"/api/v2/invitations/{created['key']}/resend"))
    newer = link(mailbox.wait(2)[1])
    refused(mailing.ada.http.post("/api/v2/session/link/look", json={"token": url.partition("#")[2]}), 400)
    with accept_invitation(mailing, newer) as dee:
        assert ok(dee.get("/api/v1/users/me"))["email"] == "dee@example.com"
    invite(mailing, mailing.cy.email)
    assert "added you to the team" in text(mailbox.wait(3)[2])


def test_an_assigned_person_without_an_account_gets_an_invitation_mail(mailing: World, mailbox: Mailbox) -> None:
    pipeline = mailing.pipeline(defaultPermissionSetName="__noAccessPermissionSet__")
    box = mailing.box(pipeline, assignedToSharingEntries=[{"email": "dee@example.com"}])
    entries = [{"email": "dee@example.com", "permissionSetName": "__viewAllPermissionSet__"}]
    ok(mailing.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}", json={"aclEntries": entries}))
    letter = mailbox.wait()[0]
    assert letter["Subject"] == "Ada Lovelace invites you to Boxwood"
    with accept_invitation(mailing, link(letter)) as dee:
        assert ok(dee.get(f"/api/v1/boxes/{box['key']}"))["name"] == "Acme"
    assert len(mailbox.came) == 1


def test_no_link_is_shown_when_other_teams_have_shared_something_with_the_invited_person(world: World) -> None:
    email = f"dee@w{world.number}.example"
    pipeline = world.pipeline(defaultPermissionSetName="__noAccessPermissionSet__")
    entries = [{"email": email, "permissionSetName": "__viewAllPermissionSet__"}]
    ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}", json={"aclEntries": entries}))
    # Otherwise Cy could open the link himself and act as Dee in Ada's pipeline.
    team = ok(world.cy.http.get("/api/v2/users/me/teams"))["results"][0]["key"]
    refused(world.cy.http.post(f"/api/v2/teams/{team}/invitations", json={"email": email}), 400, "mail")
    mine = ok(world.ada.http.get("/api/v2/invitations"))["results"]
    assert [invitation["email"] for invitation in mine] == [email]
    assert ok(world.cy.http.get("/api/v2/invitations"))["results"] == []
    with accept_invitation(
        world, ok(world.ada.http.post(f"/api/v2/invitations/{mine[0]['key']}/resend"))["link"]
    ) as dee:
        assert ok(dee.get(f"/api/v2/pipelines/{pipeline['key']}"))["name"] == "Deals"


def test_a_role_decides_what_a_member_may_do_and_the_last_owner_cannot_be_removed(world: World) -> None:
    def role(user: str, role: str, who: httpx.Client = world.ada.http) -> httpx.Response:
        return who.post(f"/api/v2/teams/{world.team_key}/members/{user}", json={"role": role})

    pipeline = world.pipeline()
    refused(role(world.bo.user_key, "Owner", world.bo.http), 403, "owner")
    refused(role(world.ada.user_key, "Member"), 400, "must have an owner")
    refused(role(world.bo.user_key, "King"), 400, "role")
    assert role(world.cy.user_key, "Owner").status_code == 404
    ok(role(world.bo.user_key, "ArchiveOnly"))
    assert world.bo.http.get(f"/api/v2/pipelines/{pipeline['key']}").status_code == 404
    ok(role(world.bo.user_key, "Owner"))
    ok(role(world.ada.user_key, "Member"))
    assert members(world) == {world.ada.email: ("Member", "Accepted"), world.bo.email: ("Owner", "Accepted")}
    assert member_events(world) == ["member.role_changed"] * 3


def test_replacing_the_members_records_who_joined_and_left(world: World) -> None:
    path = f"/api/v2/teams/{world.team_key}"
    both = [{"userKey": world.ada.user_key, "role": "Owner"}, {"email": world.cy.email, "role": "Owner"}]
    ok(world.ada.http.post(path, json={"members": both}))
    assert sorted(member_events(world)) == ["member.added", "member.removed"]


def test_removing_a_member_hands_over_the_work_in_one_step(world: World) -> None:
    shared = world.pipeline()
    body = {"name": "Bo's own", "teamKey": world.team_key, "stages": ["One"]}
    own = ok(
        world.bo.http.post("/api/v2/pipelines", json={**body, "defaultPermissionSetName": "__noAccessPermissionSet__"})
    )
    elsewhere = ok(world.cy.http.post("/api/v2/pipelines", json={"name": "Cy's", "stages": ["One"]}))
    assign = [{"email": world.bo.email}]
    both = [*assign, {"email": world.ada.email}]
    box = world.box(shared, assignedToSharingEntries=assign)
    twice = world.box(shared, assignedToSharingEntries=both)
    private = ok(world.bo.http.post(f"/api/v2/pipelines/{own['key']}/boxes", json={"name": "Secret"}))
    foreign = ok(
        world.cy.http.post(
            f"/api/v2/pipelines/{elsewhere['key']}/boxes", json={"name": "Cy's", "assignedToSharingEntries": assign}
        )
    )
    path = f"/api/v2/boxes/{box['key']}/tasks"
    task = ok(world.ada.http.post(path, json={"text": "Call", "assignedTo": assign, "dueDate": world.clock() + 10**8}))
    done = ok(world.ada.http.post(path, json={"text": "Past", "assignedTo": assign}))
    ok(world.ada.http.post(f"/api/v2/tasks/{done['key']}", json={"status": "DONE"}))
    hook = {"event": "BOX_CREATE", "targetUrl": "https://example.com/h", "pipelineKey": shared["key"]}
    hook = ok(world.bo.http.post("/api/v2/webhooks", json=hook))
    rule = Rule(world, shared, "box.created", do("comment.create", message="hi"), person=world.bo)
    leave = f"/api/v2/teams/{world.team_key}/members/{world.bo.user_key}/leave"
    refused(world.ada.http.post(leave, json={"reassignTo": world.cy.user_key}), 400, "reassignTo")
    assert world.cy.http.post(leave, json={}).status_code == 404
    handed = ok(world.ada.http.post(leave, json={"reassignTo": world.ada.email}))
    assert handed == {"boxes": 3, "tasks": 1, "pipelines": 1, "webhooks": 1, "automations": 1}
    for key, assigned in ((box["key"], 1), (twice["key"], 1), (private["key"], 1)):
        found = ok(world.ada.http.get(f"/api/v1/boxes/{key}"))
        assert [entry["email"] for entry in found["assignedToSharingEntries"]] == [world.ada.email] * assigned
    assert world.events(box["key"])[-2:] == ["box.assigned", "task.assigned"]
    agenda = ok(world.ada.http.get("/api/v2/tasks?direction=asc"))["results"]
    assert [item["key"] for item in agenda] == [task["key"]]
    stored = ok(world.ada.http.get(f"/api/v2/tasks/{done['key']}"))
    assert [entry["email"] for entry in stored["assignedToSharingEntries"]] == [world.bo.email]
    assert ok(world.ada.http.get(f"/api/v2/webhooks/{hook['key']}"))["active"]
    automation = ok(world.ada.http.get(rule.own))
    assert (automation["ownerKey"], automation["enabled"]) == (world.ada.user_key, False)
    assert automation["offReason"] == handovers.LEFT
    assert ok(world.ada.http.get(f"/api/v2/pipelines/{own['key']}"))["aclEntries"][0]["email"] == world.ada.email
    # Bo can no longer reach the team's data; data elsewhere is unchanged.
    assert world.bo.http.get(f"/api/v1/boxes/{box['key']}").status_code == 404
    assert world.bo.http.get(f"/api/v2/pipelines/{own['key']}").status_code == 404
    assert ok(world.bo.http.get("/api/v1/users/me"))["email"] == world.bo.email
    still = ok(world.cy.http.get(f"/api/v1/boxes/{foreign['key']}"))
    assert [entry["email"] for entry in still["assignedToSharingEntries"]] == [world.bo.email]
    assert member_events(world) == ["member.removed"]
    assert world.bo.email not in members(world)


def test_a_member_can_leave_and_can_be_archived(world: World) -> None:
    box = world.box(world.pipeline(), assignedToSharingEntries=[{"email": world.bo.email}])
    hook = {"event": "BOX_CREATE", "targetUrl": "https://example.com/h", "pipelineKey": box["pipelineKey"]}
    hook = ok(world.bo.http.post("/api/v2/webhooks", json=hook))
    path = f"/api/v2/teams/{world.team_key}/members"
    refused(world.ada.http.post(f"{path}/me/leave", json={}), 400, "must have an owner")
    refused(world.bo.http.post(f"{path}/{world.ada.user_key}/leave", json={}), 403, "owner")
    handed = ok(world.bo.http.post(f"{path}/me/leave", json={"archive": True}))
    assert handed == {"boxes": 0, "tasks": 0, "pipelines": 0, "webhooks": 1, "automations": 0}
    hook = ok(world.ada.http.get(f"/api/v2/webhooks/{hook['key']}"))
    assert (hook["active"], hook["offReason"]) == (False, handovers.LEFT)
    assert members(world)[world.bo.email] == ("ArchiveOnly", "Accepted")
    assert world.bo.http.get(f"/api/v1/boxes/{box['key']}").status_code == 404
    assert (
        ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))["assignedToSharingEntries"][0]["email"] == world.bo.email
    )
    assert member_events(world) == ["member.archived"]


def test_creating_and_revoking_keys_records_events_without_the_secret(world: World) -> None:
    created = ok(world.ada.http.put("/api/v1/apikeys", json={"name": "laptop"}))
    ok(world.ada.http.delete(f"/api/v1/apikeys/{created['key']}"))
    sql = "SELECT kind, record FROM events WHERE subject_key = :key ORDER BY id"
    rows = world.server.engine.read(lambda db: db.rows(sql, key=created["key"]))
    assert [row[0] for row in rows] == ["key.created", "key.revoked"]
    assert "digest" not in str(rows)
    assert created["apiKey"] not in str(rows)


def test_a_forgotten_password_is_reset_by_mail(mailing: World, mailbox: Mailbox) -> None:
    path = "/api/v2/session/forgotten"
    with mailing.client(None) as browser:
        known = browser.post(path, json={"email": mailing.bo.email.upper()})
        unknown = browser.post(path, json={"email": "nobody@example.com"})
        assert (
            (known.status_code, known.content) == (unknown.status_code, unknown.content) == (200, b'{"success":true}')
        )
        # A second mail within the same minute is not sent.
        ok(browser.post(path, json={"email": mailing.bo.email}))
        refused(browser.post(path, json={}), 400)
        letter = mailbox.wait()[0]
        assert letter["To"] == mailing.bo.email
        url = link(letter)
        assert url.startswith("https://crm.example/reset#")
        token = url.partition("#")[2]
        look = ok(browser.post("/api/v2/session/link/look", json={"token": token}))
        assert (look["kind"], look["needsPassword"]) == ("reset", True)
        refused(browser.post("/api/v2/session/link", json={"token": token}), 400)
        signed_in = ok(browser.post("/api/v2/session/link", json={"token": token, "password": PASSWORD}))
        assert signed_in["user"]["email"] == mailing.bo.email
        refused(browser.post("/api/v2/session/link", json={"token": token, "password": PASSWORD}), 400)
    mailing.clock.advance(ms=61_000)
    with mailing.client(None) as browser:
        ok(browser.post(path, json={"email": mailing.bo.email}))
        mailbox.wait(2)
    assert len(mailbox.came) == 2


def test_without_mail_a_password_reset_is_refused(world: World) -> None:
    with world.client(None) as browser:
        for email in (world.bo.email, "nobody@example.com"):
            refused(browser.post("/api/v2/session/forgotten", json={"email": email}), 400, "cannot send mail")


def test_a_member_added_before_signing_up_is_listed_as_invited(world: World) -> None:
    email = f"dee@w{world.number}.example"
    both = [{"userKey": world.ada.user_key, "role": "Owner"}, {"userKey": world.bo.user_key, "role": "Owner"}]
    ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}", json={"members": [*both, {"email": email}]}))
    listed = ok(world.bo.http.get(f"/api/v2/teams/{world.team_key}/invitations"))["results"]
    assert [member["email"] for member in listed] == [email]
    sent = ok(world.bo.http.post(f"/api/v2/invitations/{listed[0]['key']}/resend"))
    with accept_invitation(world, sent["link"]) as dee:
        assert ok(dee.get("/api/v2/users/me/teams"))["results"][0]["key"] == world.team_key
    assert members(world)[email] == ("Member", "Accepted")
