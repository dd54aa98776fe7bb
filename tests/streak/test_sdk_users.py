"""Users through the official Python client."""

from tests.streak.sdk import refused


def test_the_current_user_is_the_owner_of_the_key(ada, bo, world):
    me = ada.users.get_current_user()
    assert (me.key, me.email, me.user_type) == (world.ada.user_key, world.ada.email, "HUMAN")
    assert bo.users.get_current_user().key == world.bo.user_key
    assert 0 < me.creation_timestamp <= me.last_saved_timestamp


def test_a_user_is_read_by_key(ada, world):
    assert ada.users.get_user(world.ada.user_key) == ada.users.get_current_user()
    assert ada.users.get_user(world.bo.user_key).email == world.bo.email


def test_a_stranger_is_not_found(cy, world):
    with refused(404, "not"):
        cy.users.get_user(world.ada.user_key)


def test_a_changed_user_is_read_back_changed(ada, bo, world):
    before = ada.users.get_current_user()
    changed = ada.users.update_user(
        world.ada.user_key,
        timezone_id="Europe/Berlin",
        first_name="Augusta",
        last_name="King",
    )
    assert changed.timezone_id == "Europe/Berlin"
    with refused(400, "customerSpecifiedInvoiceData"):
        ada.users.update_user(world.ada.user_key, customer_specified_invoice_data="Analytical Engines, London")
    assert "Augusta" in changed.display_name
    assert changed.email == before.email
    assert ada.users.get_current_user() == changed
    assert "Augusta" in bo.users.get_user(world.ada.user_key).display_name


def test_members_left_out_of_a_change_stay(ada, world):
    ada.users.update_user(world.ada.user_key, first_name="Augusta", timezone_id="Europe/Berlin")
    ada.users.update_user(world.ada.user_key, timezone_id="Asia/Tokyo")
    me = ada.users.get_current_user()
    assert me.timezone_id == "Asia/Tokyo"
    assert "Augusta" in me.display_name


def test_an_unknown_time_zone_is_refused(ada, world):
    before = ada.users.get_current_user()
    with refused(400, "timezoneId"):
        ada.users.update_user(world.ada.user_key, timezone_id="Mars/Olympus", first_name="Nobody")
    assert ada.users.get_current_user() == before


def test_a_user_cannot_change_another_user(ada, bo, cy, world):
    before = ada.users.get_current_user()
    with refused(403):
        bo.users.update_user(world.ada.user_key, first_name="Eve")
    with refused(404):
        cy.users.update_user(world.ada.user_key, first_name="Eve")
    assert ada.users.get_current_user() == before


def test_the_users_of_a_team_are_its_members(ada, bo, cy, world):
    expected = {world.ada.user_key: world.ada.email, world.bo.user_key: world.bo.email}
    for member in (ada, bo):
        listed = member.users.get_users_on_team(world.team_key).results
        assert {user.key: user.email for user in listed} == expected
    with refused(404):
        cy.users.get_users_on_team(world.team_key)
