"""Contacts through the official Python client."""

from streak_crm.types import ContactLinkInput, OrganizationLinkInput, TeamFieldSettingsUpdate, TeamFieldUpdate

from tests.streak.sdk import refused

WHOLE = {
    "given_name": "Konrad",
    "family_name": "Zuse",
    "title": "Engineer",
    "other": "Relays",
    "email_addresses": ["konrad@zuse.example"],
    "phone_numbers": ["+49 30 1"],
    "addresses": ["Methfesselstraße 7, Berlin"],
    "domains": ["zuse.example"],
    "twitter_handle": "z1",
    "facebook_handle": "z2",
    "linkedin_handle": "z3",
    "instagram_handle": "z4",
    "photo_url": "https://zuse.example/konrad.png",
}


def keys(page):
    return [contact.key for contact in page.results]


def test_a_contact_is_created_with_all_members_and_read_back(ada, bo, world):
    created = ada.contacts.create_contact(world.team_key, **WHOLE)
    assert {name: getattr(created, name) for name in WHOLE} == WHOLE
    assert created.team_key == world.team_key
    assert created.normalized_domains == ["zuse.example"]
    assert created.creator_key == created.last_saved_user_key == world.ada.user_key
    assert (created.fields, created.contact_links, created.org_links) == ({}, [], [])
    assert 0 < created.creation_date <= created.last_saved_timestamp
    assert ada.contacts.get_contact(created.key) == created
    assert bo.contacts.get_contact(created.key) == created


def test_lists_are_normalised(ada, world):
    created = ada.contacts.create_contact(
        world.team_key,
        email_addresses=["Konrad@Zuse.example", "", "konrad@zuse.example", "k@zuse.example"],
        phone_numbers=["1", "", "1", "2"],
        addresses=["Berlin", "Berlin", ""],
    )
    assert created.email_addresses == ["konrad@zuse.example", "k@zuse.example"]
    assert created.phone_numbers == ["1", "2"]
    assert created.addresses == ["Berlin"]


def test_a_contact_needs_a_name_or_an_address(ada, world):
    with refused(400):
        ada.contacts.create_contact(world.team_key, title="Nobody")
    assert keys(ada.contacts.list_contacts(world.team_key)) == []
    created = ada.contacts.create_contact(world.team_key, given_name="Konrad")
    with refused(400):
        ada.contacts.update_contact(created.key, given_name="")
    assert ada.contacts.get_contact(created.key) == created


def test_a_known_address_returns_the_existing_contact_unmerged(ada, world):
    known = ada.contacts.create_contact(world.team_key, given_name="Konrad", email_addresses=["k@zuse.example"])
    found = ada.contacts.create_contact(
        world.team_key, get_if_existing=True, given_name="Other", email_addresses=["K@zuse.example"]
    )
    assert found == known
    fresh = ada.contacts.create_contact(world.team_key, get_if_existing=True, email_addresses=["new@zuse.example"])
    assert fresh.key != known.key
    assert sorted(keys(ada.contacts.list_contacts(world.team_key))) == sorted([known.key, fresh.key])


def test_a_changed_contact_keeps_what_was_left_out(ada, world):
    created = ada.contacts.create_contact(world.team_key, **WHOLE)
    changed = ada.contacts.update_contact(created.key, title="Inventor", other="", phone_numbers=["2", "3"])
    assert changed.title == "Inventor"
    assert not changed.other
    assert changed.phone_numbers == ["2", "3"]
    stored = {name: value for name, value in WHOLE.items() if name not in ("title", "other", "phone_numbers")}
    assert {name: getattr(changed, name) for name in stored} == stored
    assert changed.last_saved_timestamp >= created.last_saved_timestamp
    assert ada.contacts.get_contact(created.key) == changed


def test_every_member_of_a_contact_can_be_changed(ada, bo, world):
    created = ada.contacts.create_contact(world.team_key, given_name="Someone")
    changed = bo.contacts.update_contact(created.key, **WHOLE)
    assert {name: getattr(changed, name) for name in WHOLE} == WHOLE
    assert (changed.creator_key, changed.last_saved_user_key) == (world.ada.user_key, world.bo.user_key)


def test_custom_field_values_are_merged_and_unknown_fields_ignored(ada, world):
    defined = {key: TeamFieldUpdate(name=key, key=key, type="TEXT_INPUT") for key in ("1001", "1002")}
    ada.teams.update_team(world.team_key, contact_settings=TeamFieldSettingsUpdate(fields=defined))
    key = ada.contacts.create_contact(world.team_key, given_name="Konrad").key
    first, second = ada.teams.get_team(world.team_key).contact_settings.fields
    assert ada.contacts.update_contact(key, fields={first: "gold"}).fields == {first: "gold"}
    merged = ada.contacts.update_contact(key, fields={second: "tin", first: None, "9999": "odd"})
    assert merged.fields == {first: "gold", second: "tin"}
    assert ada.contacts.update_contact(key, fields={}).fields == merged.fields


def test_new_links_replace_old_links_and_work_both_ways(ada, world):
    konrad = ada.contacts.create_contact(world.team_key, given_name="Konrad").key
    gisela = ada.contacts.create_contact(world.team_key, given_name="Gisela").key
    firm = ada.organizations.create_organization(world.team_key, name="Zuse KG").key
    linked = ada.contacts.update_contact(
        konrad,
        contact_links=[ContactLinkInput(key=gisela)],
        org_links=[OrganizationLinkInput(key=firm)],
    )
    assert [link.key for link in linked.contact_links] == [gisela]
    assert [link.key for link in linked.org_links] == [firm]
    assert [link.key for link in ada.organizations.get_organization(firm).contact_links] == [konrad]
    left = ada.contacts.update_contact(konrad, contact_links=[])
    assert left.contact_links == []
    assert left.org_links == linked.org_links
    assert ada.contacts.update_contact(konrad, org_links=[]).org_links == []
    assert ada.organizations.get_organization(firm).contact_links == []


def test_contacts_are_fetched_in_one_call(ada, cy, world):
    created = {
        contact.key: contact
        for contact in (ada.contacts.create_contact(world.team_key, given_name=name) for name in "AB")
    }
    assert ada.contacts.get_contacts(request=[*created, "nobody"]) == created
    assert cy.contacts.get_contacts(request=[*created]) == {}


def test_the_contacts_of_a_team_are_paged_by_cursor(ada, world):
    created = {ada.contacts.create_contact(world.team_key, given_name=f"{number}").key for number in range(5)}
    seen, cursor = [], None
    for _ in range(4):
        page = ada.contacts.list_contacts(world.team_key, limit=2, cursor=cursor)
        assert len(page.results) <= 2
        seen += keys(page)
        if not (cursor := page.cursor):
            break
    assert len(seen) == 5
    assert set(seen) == created
    assert keys(ada.contacts.list_contacts(world.team_key, cursor="")) == seen


def test_the_after_parameter_is_in_seconds(ada, world):
    created = ada.contacts.create_contact(world.team_key, given_name="Konrad")
    seconds = created.last_saved_timestamp // 1000
    assert keys(ada.contacts.list_contacts(world.team_key, after=seconds)) == [created.key]
    assert keys(ada.contacts.list_contacts(world.team_key, after=seconds + 60)) == []


def test_a_deleted_contact_is_gone_with_its_links(ada, world):
    contact = ada.contacts.create_contact(world.team_key, given_name="Konrad").key
    box = world.box(world.pipeline(), name="Deal")["key"]
    linked = world.ada.http.post(f"/api/v1/boxes/{box}", json={"contacts": [{"key": contact}]}).json()
    assert [link["key"] for link in linked["contacts"]] == [contact]
    assert ada.contacts.delete_contact(contact).success is True
    with refused(404):
        ada.contacts.get_contact(contact)
    with refused(404):
        ada.contacts.delete_contact(contact)
    assert keys(ada.contacts.list_contacts(world.team_key)) == []
    assert not world.ada.http.get(f"/api/v1/boxes/{box}").json().get("contacts")


def test_a_strangers_contacts_are_not_found(ada, cy, world):
    created = ada.contacts.create_contact(world.team_key, given_name="Konrad")
    for call in (
        lambda: cy.contacts.get_contact(created.key),
        lambda: cy.contacts.update_contact(created.key, given_name="Mine"),
        lambda: cy.contacts.delete_contact(created.key),
        lambda: cy.contacts.list_contacts(world.team_key),
        lambda: cy.contacts.create_contact(world.team_key, given_name="Mine"),
    ):
        with refused(404):
            call()
    assert ada.contacts.list_contacts(world.team_key).results == [created]
