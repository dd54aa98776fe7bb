"""API keys through the official Python client."""

from tests.streak.sdk import refused


def test_a_new_key_acts_for_its_owner(ada, streak, world):
    created = ada.api_keys.create_api_key()
    assert created.key_type == "USER"
    assert created.team_key is None
    assert created.api_key not in (created.key, world.ada.key)
    assert streak(created.api_key).users.get_current_user().key == world.ada.user_key


def test_keys_are_listed_without_their_secret(ada, bo):
    created = ada.api_keys.create_api_key()
    listed = {key.key: key for key in ada.api_keys.get_api_keys()}
    assert listed[created.key].creation_timestamp == created.creation_timestamp
    assert listed[created.key].api_key != created.api_key
    assert created.key not in {key.key for key in bo.api_keys.get_api_keys()}


def test_keys_come_in_pages(ada):
    for _ in range(3):
        ada.api_keys.create_api_key()
    everything = [key.key for key in ada.api_keys.get_api_keys()]
    pages = [[key.key for key in ada.api_keys.get_api_keys(limit=2, page=page)] for page in range(3)]
    assert [len(page) for page in pages] == [2, 2, len(everything) - 4]
    assert [key for page in pages for key in page] == everything


def test_a_deleted_key_stops_working_and_other_keys_stay(ada, streak):
    gone, stays = ada.api_keys.create_api_key(), ada.api_keys.create_api_key()
    assert ada.api_keys.delete_api_key(gone.key).success is True
    with refused(401, "invalid api key"):
        streak(gone.api_key).users.get_current_user()
    assert streak(stays.api_key).users.get_current_user().email
    left = {key.key for key in ada.api_keys.get_api_keys()}
    assert stays.key in left
    assert gone.key not in left


def test_a_user_cannot_delete_the_key_of_another_user(ada, bo, streak):
    created = ada.api_keys.create_api_key()
    with refused(404):
        bo.api_keys.delete_api_key(created.key)
    assert streak(created.api_key).users.get_current_user().email


def test_a_team_key_acts_for_the_member_it_names(ada, streak, world):
    created = ada.api_keys.create_api_key(team_key=world.team_key)
    assert created.key_type == "TEAM"
    assert created.team_key == world.team_key
    assert streak(created.api_key).users.get_current_user().key == world.ada.user_key
    for name in (world.bo.email, world.bo.user_key):
        acting = streak(created.api_key, headers={"X-Boxwood-Act-As": name})
        assert acting.users.get_current_user().key == world.bo.user_key


def test_a_team_key_acts_only_for_members_of_the_team(ada, streak, world):
    created = ada.api_keys.create_api_key(team_key=world.team_key)
    for name in (world.cy.email, world.cy.user_key):
        with refused(400, "X-Boxwood-Act-As"):
            streak(created.api_key, headers={"X-Boxwood-Act-As": name}).users.get_current_user()


def test_a_user_cannot_create_a_key_for_a_team_of_others(cy, world):
    with refused(404):
        cy.api_keys.create_api_key(team_key=world.team_key)
    assert all(key.key_type == "USER" for key in cy.api_keys.get_api_keys())
