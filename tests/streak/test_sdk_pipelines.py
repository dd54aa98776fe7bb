"""Pipelines through the official Python client."""

from streak_crm.types import (
    PipelineFieldCreate,
    PipelinePermissionInput,
    PipelinePermissionSetInput,
    PipelineSharingEntryInput,
)

from tests.streak.sdk import refused

ADMIN, EDITOR, VIEWER = "__adminPermissionSet__", "__editAllPermissionSet__", "__viewAllPermissionSet__"


def a_pipeline(client, world, name="Sales", **more):
    return client.pipelines.create_pipeline(name=name, team_key=world.team_key, stages=["Lead", "Won"], **more)


def test_a_pipeline_is_created_with_all_members(ada, world):
    created = a_pipeline(
        ada,
        world,
        icon="rocket",
        description="All that sells",
        template_type="SALES",
        fields=[
            PipelineFieldCreate(name="Value", type="TEXT_INPUT"),
            PipelineFieldCreate(name="Twice", type="FORMULA", default_value="= 1 + 1"),
        ],
        default_permission_set_name=VIEWER,
        sharing_restricted_to_team=True,
    )
    assert (created.name, created.icon, created.description) == ("Sales", "rocket", "All that sells")
    assert (created.team_key, created.creator_key) == (world.team_key, world.ada.user_key)
    assert created.stage_order == ["5001", "5002"]
    assert {key: stage.name for key, stage in created.stages.items()} == {"5001": "Lead", "5002": "Won"}
    fields = [(field.key, field.name, field.type, field.default_value) for field in created.fields]
    assert fields == [
        ("1001", "Value", "TEXT_INPUT", None),
        ("1002", "Twice", "FORMULA", "= 1 + 1"),
    ]
    assert created.default_permission_set_name == VIEWER
    assert created.sharing_restricted_to_team is True
    assert created.creation_source_type == "HUMAN"
    assert created.box_count == 0
    assert ada.pipelines.get_pipeline(created.key) == created


def test_the_creator_of_a_pipeline_is_its_admin(ada, world):
    entries = {entry.user_key: entry for entry in a_pipeline(ada, world).acl_entries}
    assert entries[world.ada.user_key].permission_set_name == ADMIN
    assert entries[world.ada.user_key].email == world.ada.email


def test_a_pipeline_needs_a_name_and_a_reachable_team(ada, cy, world):
    with refused(400, "name"):
        a_pipeline(ada, world, name="")
    with refused(404):
        a_pipeline(cy, world)
    assert ada.pipelines.list_pipelines().results == []


def test_pipelines_come_sorted_and_in_pages(ada, world):
    keys = [a_pipeline(ada, world, name).key for name in ("one", "two", "three")]
    ada.pipelines.update_pipeline(keys[0], description="touched last")
    created = [pipeline.key for pipeline in ada.pipelines.list_pipelines(sort_by="creationTimestamp").results]
    assert created == keys[::-1]
    updated = [pipeline.key for pipeline in ada.pipelines.list_pipelines(sort_by="lastUpdatedTimestamp").results]
    assert updated == [keys[0], keys[2], keys[1]]
    first, last = (ada.pipelines.list_pipelines(sort_by="creationTimestamp", limit=2, page=page) for page in (0, 1))
    assert [pipeline.key for pipeline in first.results + last.results] == created
    assert (first.has_next_page, bool(last.has_next_page)) == (True, False)


def test_users_list_only_pipelines_they_can_reach(ada, bo, cy, world):
    key = a_pipeline(ada, world).key
    assert [pipeline.key for pipeline in bo.pipelines.list_pipelines().results] == [key]
    assert key not in [pipeline.key for pipeline in cy.pipelines.list_pipelines().results]
    with refused(404):
        cy.pipelines.get_pipeline(key)


def test_a_changed_pipeline_is_read_back_changed(ada, world):
    created = a_pipeline(ada, world)
    changed = ada.pipelines.update_pipeline(
        created.key,
        icon="ship",
        name="Shipping",
        description="All that sails",
        sharing_restricted_to_team=True,
        stage_order=["5002", "5001"],
        stage_color_theme="LAKESIDE_FADED",
        default_permission_set_name=VIEWER,
    )
    assert (changed.icon, changed.name, changed.description) == ("ship", "Shipping", "All that sails")
    assert changed.sharing_restricted_to_team is True
    assert changed.stage_order == ["5002", "5001"]
    assert changed.stage_color_theme == "LAKESIDE_FADED"
    assert changed.default_permission_set_name == VIEWER
    assert changed.last_updated_timestamp >= created.last_updated_timestamp
    assert changed.stages["5001"].color != created.stages["5001"].color
    assert ada.pipelines.get_pipeline(created.key) == changed


def test_members_left_out_of_a_change_stay(ada, world):
    before = a_pipeline(ada, world, description="Before", icon="rocket")
    after = ada.pipelines.update_pipeline(before.key, name="After")
    assert (after.name, after.description, after.icon) == ("After", "Before", "rocket")
    assert (after.stages, after.fields, after.acl_entries) == (
        before.stages,
        before.fields,
        before.acl_entries,
    )


def test_a_stage_order_must_list_every_stage_once(ada, world):
    key = a_pipeline(ada, world).key
    for order in ([], ["5001"], ["5001", "5001"], ["5001", "5002", "5003"]):
        with refused(400, "stageOrder"):
            ada.pipelines.update_pipeline(key, stage_order=order, name="Never")
    unchanged = ada.pipelines.get_pipeline(key)
    assert (unchanged.stage_order, unchanged.name) == (["5001", "5002"], "Sales")


def test_a_pipeline_moves_to_another_team(ada, bo, world):
    key = a_pipeline(ada, world).key
    team = ada.teams.create_team(name="Alone", members=[{"userKey": world.ada.user_key}])
    assert ada.pipelines.update_pipeline(key, team_key=team.key).team_key == team.key
    assert ada.pipelines.get_pipeline(key).team_key == team.key
    with refused(404):
        bo.pipelines.get_pipeline(key)


def test_sharing_entries_decide_what_a_user_may_do(ada, bo, world):
    key = a_pipeline(ada, world).key
    mine = PipelineSharingEntryInput(user_key=world.ada.user_key, permission_set_name=ADMIN)
    shown = PipelineSharingEntryInput(email=world.bo.email, permission_set_name=VIEWER)
    changed = ada.pipelines.update_pipeline(key, acl_entries=[mine, shown])
    entries = {entry.user_key: entry.permission_set_name for entry in changed.acl_entries}
    assert entries == {world.ada.user_key: ADMIN, world.bo.user_key: VIEWER}
    assert bo.pipelines.get_pipeline(key).name == "Sales"
    with refused(403):
        bo.pipelines.update_pipeline(key, name="Mine")
    edits = PipelineSharingEntryInput(user_key=world.bo.user_key, permission_set_name=ADMIN)
    ada.pipelines.update_pipeline(key, acl_entries=[mine, edits])
    assert bo.pipelines.update_pipeline(key, name="Ours").name == "Ours"


def test_empty_sharing_entries_and_unknown_roles_are_refused(ada, world):
    created = a_pipeline(ada, world)
    with refused(400, "aclEntries"):
        ada.pipelines.update_pipeline(created.key, acl_entries=[])
    odd = PipelineSharingEntryInput(user_key=world.ada.user_key, permission_set_name="__king__")
    with refused(400, "permissionSetName"):
        ada.pipelines.update_pipeline(created.key, acl_entries=[odd])
    assert ada.pipelines.get_pipeline(created.key) == created


def test_custom_permission_sets_are_stored_and_replaced(ada, world):
    key = a_pipeline(ada, world).key
    reads = PipelinePermissionInput(entity_type="BOX", action="GET", conditional_check="ASSIGNED_TO")
    auditor = PipelinePermissionSetInput(permissions=[reads], user_assignable=True)
    changed = ada.pipelines.update_pipeline(key, custom_permission_sets={"Auditor": auditor})
    (permission,) = changed.custom_permission_sets["Auditor"].permissions
    assert (permission.entity_type, permission.action) == ("BOX", "GET")
    assert permission.conditional_check == "ASSIGNED_TO"
    assert changed.custom_permission_sets["Auditor"].user_assignable is True
    assert ada.pipelines.get_pipeline(key) == changed
    held = PipelineSharingEntryInput(user_key=world.bo.user_key, permission_set_name="Auditor")
    ada.pipelines.update_pipeline(key, acl_entries=[held])
    with refused(400, "Auditor"):
        ada.pipelines.update_pipeline(key, custom_permission_sets={})
    given_up = PipelineSharingEntryInput(user_key=world.bo.user_key, permission_set_name=VIEWER)
    bare = ada.pipelines.update_pipeline(key, custom_permission_sets={}, acl_entries=[given_up])
    assert bare.custom_permission_sets == {}


def test_only_an_empty_pipeline_can_be_deleted(ada, world):
    key = a_pipeline(ada, world).key
    box = world.box({"key": key}, name="Deal")
    assert ada.pipelines.get_pipeline(key).box_count == 1
    with refused(400):
        ada.pipelines.delete_pipeline(key)
    assert ada.pipelines.get_pipeline(key).name == "Sales"
    assert world.ada.http.delete(f"/api/v1/boxes/{box['key']}").json() == {"success": True}
    assert ada.pipelines.delete_pipeline(key).success is True
    with refused(404, "Entity not found with key"):
        ada.pipelines.get_pipeline(key)
    assert key not in [pipeline.key for pipeline in ada.pipelines.list_pipelines().results]


def test_editors_do_not_delete_a_pipeline_and_strangers_do_not_find_it(ada, bo, cy, world):
    key = a_pipeline(ada, world, default_permission_set_name=EDITOR).key
    with refused(403):
        bo.pipelines.delete_pipeline(key)
    with refused(404):
        cy.pipelines.delete_pipeline(key)
    assert ada.pipelines.get_pipeline(key).name == "Sales"
