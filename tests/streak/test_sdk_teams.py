"""Teams through the official Python client."""

from streak_crm import TeamMemberCreate, TeamMemberUpdate
from streak_crm.types import (
    TeamAclEntryUpdate,
    TeamBasedPermissionsUpdate,
)

from tests.streak.sdk import refused


def a_team(client, world, name="Engines"):
    return client.teams.create_team(name=name, members=[TeamMemberCreate(user_key=world.ada.user_key)])


def test_a_team_is_created_with_its_members(ada, bo, world):
    created = ada.teams.create_team(
        name="Engines",
        members=[TeamMemberCreate(user_key=world.ada.user_key), TeamMemberCreate(email=world.bo.email)],
    )
    assert created.name == "Engines"
    assert created.creator == world.ada.user_key
    roles = {member.user_key: member.role for member in created.members}
    assert roles == {world.ada.user_key: "Owner", world.bo.user_key: "Member"}
    assert ada.teams.get_team(created.key) == created
    assert bo.teams.get_team(created.key).name == "Engines"


def test_the_creator_of_a_team_is_a_member(ada, world):
    before = [team.key for team in ada.teams.get_current_user_teams().results]
    with refused(400, "members"):
        ada.teams.create_team(name="Without me", members=[TeamMemberCreate(email=world.bo.email)])
    assert [team.key for team in ada.teams.get_current_user_teams().results] == before


def test_an_unknown_person_is_invited_by_email(ada, world):
    address = f"dee.{world.ada.email}"
    created = ada.teams.create_team(
        name="Engines",
        members=[TeamMemberCreate(user_key=world.ada.user_key), TeamMemberCreate(email=address)],
    )
    invited = next(member for member in created.members if member.email == address)
    assert invited.invite_status == "Pending"
    assert invited.role == "Member"
    assert invited.invite_date >= created.creation_date


def test_a_team_is_not_found_by_strangers(cy, world):
    with refused(404):
        cy.teams.get_team(world.team_key)
    assert world.team_key not in {team.key for team in cy.teams.get_current_user_teams().results}


def test_the_users_teams_are_paged_newest_first(ada, world):
    created = [a_team(ada, world, name).key for name in ("first", "second", "third")]
    listed = [team.key for team in ada.teams.get_current_user_teams().results]
    assert listed == [*reversed(created), world.team_key]
    first, last = (ada.teams.get_current_user_teams(limit=3, page=page) for page in (0, 1))
    assert [team.key for team in first.results + last.results] == listed
    assert first.has_next_page is True
    assert not last.has_next_page


def test_a_changed_team_is_read_back_changed(ada, bo, world):
    changed = ada.teams.update_team(
        world.team_key,
        name="Difference",
        sharing_restricted_to_team=True,
        automatically_approve_join_requests=False,
        automatically_send_invoice_emails=False,
        emails_to_send_invoice_to=[],
    )
    assert changed.name == "Difference"
    assert changed.sharing_restricted_to_team is True
    assert changed.automatically_approve_join_requests is False
    assert changed.automatically_send_invoice_emails is False
    assert changed.emails_to_send_invoice_to == []
    with refused(400, "automaticallyApproveJoinRequests"):
        ada.teams.update_team(world.team_key, automatically_approve_join_requests=True)
    assert bo.teams.get_team(world.team_key) == changed


def test_members_left_out_of_a_change_stay(ada, world):
    ada.teams.update_team(world.team_key, sharing_restricted_to_team=True)
    before = ada.teams.get_team(world.team_key)
    after = ada.teams.update_team(world.team_key, name="Renamed")
    assert after.sharing_restricted_to_team is True
    assert after.members == before.members


def test_the_member_list_is_replaced_as_a_whole(ada, bo, world):
    address = f"dee.{world.ada.email}"
    changed = ada.teams.update_team(
        world.team_key,
        members=[
            TeamMemberUpdate(user_key=world.ada.user_key, role="Owner", email_sharing="None"),
            TeamMemberUpdate(email=address, role="PayerOnly"),
        ],
    )
    roster = {member.email: (member.role, member.email_sharing) for member in changed.members}
    assert roster == {world.ada.email: ("Owner", "None"), address: ("PayerOnly", "None")}
    with refused(404):
        bo.teams.get_team(world.team_key)


def test_a_member_list_without_an_owner_is_refused(ada, world):
    before = ada.teams.get_team(world.team_key)
    with refused(400, "members"):
        ada.teams.update_team(world.team_key, members=[TeamMemberUpdate(user_key=world.bo.user_key, role="Member")])
    assert ada.teams.get_team(world.team_key) == before


def test_only_owners_change_a_team(ada, bo, cy, world):
    before = ada.teams.get_team(world.team_key)
    with refused(403):
        bo.teams.update_team(world.team_key, name="Mine")
    with refused(404):
        cy.teams.update_team(world.team_key, name="Mine")
    assert ada.teams.get_team(world.team_key) == before


def test_the_lists_of_contacts_and_organizations_have_permissions(ada, world):
    assert {"contacts", "organizations"} <= set(ada.teams.get_team(world.team_key).contact_org_list_permissions)
    viewer = "__viewAllPermissionSet__"
    entry = TeamAclEntryUpdate(user_key=world.bo.user_key, permission_set_name=viewer)
    changed = ada.teams.update_team(
        world.team_key,
        contact_org_list_permissions={"contacts": TeamBasedPermissionsUpdate(acl_entries=[entry])},
    )
    entries = changed.contact_org_list_permissions["contacts"].acl_entries
    assert [(item.user_key, item.permission_set_name) for item in entries] == [(world.bo.user_key, viewer)]
    assert changed.contact_org_list_permissions["organizations"].acl_entries == []
    assert ada.teams.get_team(world.team_key) == changed
