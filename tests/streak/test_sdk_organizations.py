"""Organizations through the official Python client."""

from streak_crm.types import ContactLinkInput, OrganizationLinkInput, TeamFieldSettingsUpdate, TeamFieldUpdate

from tests.streak.sdk import refused

WHOLE = {
    "name": "Zuse KG",
    "other": "Relays",
    "domains": ["zuse.example", "z4.example"],
    "industry": "Computers",
    "phone_numbers": ["+49 6673 1"],
    "addresses": ["Neukirchen"],
    "employee_count": "51-200",
    "logo_url": "https://zuse.example/logo.png",
    "twitter_handle": "z1",
    "facebook_handle": "z2",
    "linkedin_handle": "z3",
    "instagram_handle": "z4",
}


def keys(page):
    return [organization.key for organization in page.results]


def test_an_organization_is_created_with_all_members_and_read_back(ada, bo, world):
    created = ada.organizations.create_organization(world.team_key, **WHOLE)
    assert {name: getattr(created, name) for name in WHOLE} == WHOLE
    assert created.team_key == world.team_key
    assert created.normalized_domains == ["zuse.example", "z4.example"]
    assert created.creator_key == created.last_saved_user_key == world.ada.user_key
    assert (created.fields, created.contact_links, created.org_links) == ({}, [], [])
    assert 0 < created.creation_date <= created.last_saved_timestamp
    assert ada.organizations.get_organization(created.key) == created
    assert bo.organizations.get_organization(created.key) == created


def test_an_organization_needs_a_name_or_a_domain(ada, world):
    with refused(400):
        ada.organizations.create_organization(world.team_key, industry="None")
    assert keys(ada.organizations.list_organizations(world.team_key)) == []
    created = ada.organizations.create_organization(world.team_key, domains=["zuse.example"])
    with refused(400):
        ada.organizations.update_organization(created.key, domains=[])
    assert ada.organizations.get_organization(created.key) == created


def test_a_known_domain_returns_the_existing_organization_unmerged(ada, world):
    known = ada.organizations.create_organization(world.team_key, name="Zuse", domains=["zuse.example"])
    found = ada.organizations.create_organization(
        world.team_key, get_if_existing=True, name="Other", domains=["zuse.example"]
    )
    assert found == known
    namesake = ada.organizations.create_organization(world.team_key, get_if_existing=True, name="Zuse")
    assert namesake.key != known.key


def test_a_changed_organization_keeps_what_was_left_out(ada, world):
    created = ada.organizations.create_organization(world.team_key, **WHOLE)
    changed = ada.organizations.update_organization(created.key, industry="History", other="", phone_numbers=[])
    assert changed.industry == "History"
    assert not changed.other
    assert changed.phone_numbers == []
    stored = {name: value for name, value in WHOLE.items() if name not in ("industry", "other", "phone_numbers")}
    assert {name: getattr(changed, name) for name in stored} == stored
    assert ada.organizations.get_organization(created.key) == changed


def test_every_member_of_an_organization_can_be_changed(ada, bo, world):
    created = ada.organizations.create_organization(world.team_key, name="Something")
    changed = bo.organizations.update_organization(created.key, **WHOLE)
    assert {name: getattr(changed, name) for name in WHOLE} == WHOLE
    assert (changed.creator_key, changed.last_saved_user_key) == (world.ada.user_key, world.bo.user_key)


def test_custom_field_values_are_merged_and_unknown_fields_ignored(ada, world):
    defined = {"1001": TeamFieldUpdate(name="Tier", key="1001", type="TEXT_INPUT")}
    ada.teams.update_team(world.team_key, organization_settings=TeamFieldSettingsUpdate(fields=defined))
    (field,) = ada.teams.get_team(world.team_key).organization_settings.fields
    key = ada.organizations.create_organization(world.team_key, name="Zuse").key
    assert ada.organizations.update_organization(key, fields={field: "gold", "9999": "odd"}).fields == {field: "gold"}
    assert ada.organizations.update_organization(key, fields={field: None}).fields == {field: "gold"}


def test_new_links_replace_old_links(ada, world):
    zuse = ada.organizations.create_organization(world.team_key, name="Zuse KG").key
    parent = ada.organizations.create_organization(world.team_key, name="Siemens").key
    konrad = ada.contacts.create_contact(world.team_key, given_name="Konrad").key
    linked = ada.organizations.update_organization(
        zuse, contact_links=[ContactLinkInput(key=konrad)], org_links=[OrganizationLinkInput(key=parent)]
    )
    assert [link.key for link in linked.contact_links] == [konrad]
    assert [link.key for link in linked.org_links] == [parent]
    assert [link.key for link in ada.contacts.get_contact(konrad).org_links] == [zuse]
    left = ada.organizations.update_organization(zuse, contact_links=[])
    assert (left.contact_links, left.org_links) == ([], linked.org_links)
    assert ada.contacts.get_contact(konrad).org_links == []


def test_organizations_are_fetched_in_one_call(ada, cy, world):
    created = {
        organization.key: organization
        for organization in (ada.organizations.create_organization(world.team_key, name=name) for name in "AB")
    }
    assert ada.organizations.get_organizations(request=[*created, "nothing"]) == created
    assert cy.organizations.get_organizations(request=[*created]) == {}


def test_the_organizations_of_a_team_are_paged_by_cursor_in_key_order(ada, world):
    created = {ada.organizations.create_organization(world.team_key, name=f"{number}").key for number in range(5)}
    seen, cursor = [], None
    for _ in range(4):
        page = ada.organizations.list_organizations(world.team_key, limit=2, cursor=cursor)
        assert len(page.results) <= 2
        seen += keys(page)
        if not (cursor := page.cursor):
            break
    assert seen == sorted(created)
    assert keys(ada.organizations.list_organizations(world.team_key, cursor="")) == seen


def test_a_deleted_organization_is_gone_with_its_links(ada, world):
    key = ada.organizations.create_organization(world.team_key, name="Zuse KG").key
    box = world.box(world.pipeline(), name="Deal")["key"]
    linked = world.ada.http.post(f"/api/v1/boxes/{box}", json={"organizations": [{"key": key}]}).json()
    assert [link["key"] for link in linked["organizations"]] == [key]
    assert ada.organizations.delete_organization(key).success is True
    with refused(404):
        ada.organizations.get_organization(key)
    assert keys(ada.organizations.list_organizations(world.team_key)) == []
    assert not world.ada.http.get(f"/api/v1/boxes/{box}").json().get("organizations")


def test_a_strangers_organizations_are_not_found(ada, cy, world):
    created = ada.organizations.create_organization(world.team_key, name="Zuse KG")
    for call in (
        lambda: cy.organizations.get_organization(created.key),
        lambda: cy.organizations.update_organization(created.key, name="Mine"),
        lambda: cy.organizations.delete_organization(created.key),
        lambda: cy.organizations.list_organizations(world.team_key),
        lambda: cy.organizations.create_organization(world.team_key, name="Mine"),
    ):
        with refused(404):
            call()
    assert ada.organizations.list_organizations(world.team_key).results == [created]
