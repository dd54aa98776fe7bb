"""Custom fields of contacts and organizations through the official Python client."""

from streak_crm.types import (
    TeamDropdownItem,
    TeamDropdownSettingsUpdate,
    TeamFieldSettingsUpdate,
    TeamFieldUpdate,
)


def test_a_team_defines_fields_for_contacts_and_organizations(ada, world):
    tier = TeamFieldUpdate(
        name="Tier",
        key="1001",
        type="DROPDOWN",
        dropdown_settings=TeamDropdownSettingsUpdate(
            items=[TeamDropdownItem(key="9001", name="Gold"), TeamDropdownItem(key="9002", name="Tin")]
        ),
    )
    note = TeamFieldUpdate(name="Remark", key="1001", type="TEXT_INPUT")
    ada.teams.update_team(
        world.team_key,
        contact_settings=TeamFieldSettingsUpdate(fields={"1001": tier}),
        organization_settings=TeamFieldSettingsUpdate(fields={"1001": note}),
    )
    team = ada.teams.get_team(world.team_key)
    (contact_field,) = team.contact_settings.fields.values()
    assert (contact_field.name, contact_field.type) == ("Tier", "DROPDOWN")
    assert [item.name for item in contact_field.dropdown_settings.items] == ["Gold", "Tin"]
    (organization_field,) = team.organization_settings.fields.values()
    assert (organization_field.name, organization_field.type) == ("Remark", "TEXT_INPUT")
    emptied = ada.teams.update_team(world.team_key, contact_settings=TeamFieldSettingsUpdate(fields={}))
    assert emptied.contact_settings.fields == {}
    assert emptied.organization_settings == team.organization_settings
