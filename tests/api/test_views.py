"""Saved views through the API."""

from typing import Any

import pytest

from tests.conftest import World, ok, refused


def path_of(pipeline: dict[str, Any]) -> str:
    return f"/api/v2/pipelines/{pipeline['key']}/views"


def create_view(world: World, pipeline: dict[str, Any], **given: Any) -> dict[str, Any]:
    """Create a view as Ada."""
    return ok(world.ada.http.post(path_of(pipeline), json={"name": "Big ones", **given}))


def view_events(world: World, key: str) -> list[tuple[str, str | None]]:
    sql = "SELECT kind, pipeline_key FROM events WHERE subject_key = :key ORDER BY id"
    return [tuple(row) for row in world.server.engine.read(lambda db: db.rows(sql, key=key))]


def as_viewer(world: World, pipeline: dict[str, Any]) -> None:
    """Make Bo a viewer of the pipeline."""
    share = [{"email": world.bo.email, "permissionSetName": "__viewAllPermissionSet__"}]
    ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}", json={"aclEntries": share}))


def test_a_view_is_stored_as_created(world: World) -> None:
    pipeline = world.pipeline()
    size = world.field(pipeline, "TEXT_INPUT")["key"]
    tree = {"and": [{"field": size, "op": "gt", "value": 1000}]}
    columns = [{"key": "name", "width": 200}, {"key": size, "hidden": True}, {"key": "daysInStage"}]
    view = create_view(world, pipeline, filter=tree, sort=[f"-{size}", "name"], group="stage", columns=columns)
    assert (view["filter"], view["sort"], view["group"]) == (tree, [f"-{size}", "name"], "stage")
    assert view["columns"] == [
        {"key": "name", "hidden": False, "frozen": False, "width": 200},
        {"key": size, "hidden": True, "frozen": False},
        {"key": "daysInStage", "hidden": False, "frozen": False},
    ]
    assert (view["shared"], view["creatorKey"], view["pipelineKey"]) == (False, world.ada.user_key, pipeline["key"])
    assert ok(world.ada.http.get(f"{path_of(pipeline)}/{view['key']}")) == view
    assert ok(world.ada.http.get(path_of(pipeline))) == {"results": [view], "hasNextPage": False}
    alias = path_of(pipeline).replace("/v2/", "/v1/")
    assert ok(world.ada.http.get(alias)) == {"results": [view], "hasNextPage": False}


def test_sending_back_what_was_read_records_no_event(world: World) -> None:
    pipeline = world.pipeline()
    view = create_view(world, pipeline, group="stage", sort="name,-taskTotal", shared=True)
    path = f"{path_of(pipeline)}/{view['key']}"
    world.clock.advance(ms=5000)
    assert ok(world.ada.http.post(path, json=view)) == view
    changed = ok(world.ada.http.post(path, json={"name": "Small ones", "group": None, "sort": []}))
    assert (changed["name"], changed["sort"], "group" in changed) == ("Small ones", [], False)
    ok(world.ada.http.delete(path))
    assert world.ada.http.get(path).status_code == 404
    assert view_events(world, view["key"]) == [
        (f"view.{what}", pipeline["key"]) for what in ("created", "edited", "deleted")
    ]


def test_a_private_view_is_visible_only_to_its_owner(world: World) -> None:
    pipeline = world.pipeline()
    view = create_view(world, pipeline)
    path = f"{path_of(pipeline)}/{view['key']}"
    assert ok(world.bo.http.get(path_of(pipeline)))["results"] == []
    for reply in (
        world.bo.http.get(path),
        world.bo.http.get(f"{path}/boxes"),
        world.bo.http.post(path, json={"name": "Mine"}),
        world.bo.http.delete(path),
        world.cy.http.get(path),
        world.cy.http.get(path_of(pipeline)),
        world.cy.http.post(path_of(pipeline), json={"name": "Mine"}),
    ):
        assert reply.status_code == 404
    assert ok(world.ada.http.get(path)) == view
    assert view_events(world, view["key"]) == [("view.created", None)]
    assert "VIEW" not in {entry.get("scope") for entry in ok(world.bo.http.get("/api/v1/newsfeed"))}


def test_a_shared_view_is_seen_by_all_and_changed_by_users_who_may_change_the_pipeline(world: World) -> None:
    pipeline = world.pipeline()
    view = create_view(world, pipeline, shared=True)
    path = f"{path_of(pipeline)}/{view['key']}"
    assert ok(world.bo.http.post(path, json={"name": "Ours"}))["name"] == "Ours"
    refused(world.bo.http.post(path, json={"shared": False}), 400, "shared")
    as_viewer(world, pipeline)
    assert ok(world.bo.http.get(path))["name"] == "Ours"
    refused(world.bo.http.post(path, json={"name": "Mine"}), 403, "Viewer")
    refused(world.bo.http.delete(path), 403, "Viewer")
    refused(world.bo.http.post(path_of(pipeline), json={"name": "x", "shared": True}), 403, "Viewer")
    own = ok(world.bo.http.post(path_of(pipeline), json={"name": "My own"}))
    refused(world.bo.http.post(f"{path_of(pipeline)}/{own['key']}", json={"shared": True}), 403, "Viewer")
    assert [item["name"] for item in ok(world.bo.http.get(path_of(pipeline)))["results"]] == ["Ours", "My own"]
    assert ok(world.ada.http.post(path, json={"shared": False}))["shared"] is False
    assert world.bo.http.get(path).status_code == 404


def test_a_team_key_reaches_only_the_shared_views_of_its_member(world: World) -> None:
    pipeline = world.pipeline()
    own = ok(world.bo.http.post(path_of(pipeline), json={"name": "Bo's own"}))
    shared = create_view(world, pipeline, shared=True)
    secret = ok(world.ada.http.put("/api/v1/apikeys", params={"teamKey": world.team_key}))["apiKey"]
    with world.client(secret) as team:
        team.headers["X-Boxwood-Act-As"] = world.bo.email
        assert [view["key"] for view in ok(team.get(path_of(pipeline)))["results"]] == [shared["key"]]
        assert team.get(f"{path_of(pipeline)}/{own['key']}").status_code == 404
        refused(team.post(path_of(pipeline), json={"name": "x"}), 400, "shared")


def test_a_view_lists_its_boxes_group_by_group_with_its_columns(world: World) -> None:
    pipeline = world.pipeline()
    size = world.field(pipeline, "TEXT_INPUT")["key"]
    for name, stage, value in (("a", "5002", 7), ("b", "5001", 5), ("c", "5001", 9), ("d", "5003", 0)):
        world.box(pipeline, name=name, stageKey=stage, fields={size: value})
    columns = [{"key": size}, {"key": "daysInStage"}, {"key": "notes", "hidden": True}]
    tree = {"and": [{"field": size, "op": "gt", "value": 0}, {"field": "assignee", "op": "eq", "value": "me"}]}
    view = create_view(world, pipeline, filter=tree, sort=[f"-{size}"], group="stage", columns=columns, shared=True)
    path = f"{path_of(pipeline)}/{view['key']}/boxes"
    first = ok(world.ada.http.get(path, params={"limit": 2, "fields": "taskTotal"}))
    assert [item["name"] for item in first["results"]] == ["c", "b"]
    assert first["results"][0]["columns"] == {size: 9, "daysInStage": 0, "taskTotal": 0}
    last = ok(world.ada.http.get(path, params={"limit": 2, "cursor": first["cursor"]}))
    assert ([item["name"] for item in last["results"]], last["hasNextPage"]) == (["a"], False)
    assert ok(world.bo.http.get(path))["results"] == []


def test_a_view_reports_that_it_names_deleted_things(world: World) -> None:
    pipeline = world.pipeline()
    field = world.field(pipeline, "TEXT_INPUT")["key"]
    view = create_view(world, pipeline, sort=[field])
    ok(world.ada.http.delete(f"/api/v1/pipelines/{pipeline['key']}/fields/{field}"))
    path = f"{path_of(pipeline)}/{view['key']}"
    refused(world.ada.http.get(f"{path}/boxes"), 400, "sort[0]", field)
    assert ok(world.ada.http.get(path))["sort"] == [field]
    ok(world.ada.http.post(path, json={"sort": "name"}))
    assert ok(world.ada.http.get(f"{path}/boxes"))["results"] == []


def test_views_belong_to_their_pipeline_and_are_deleted_with_it(world: World) -> None:
    pipeline, other = world.pipeline(), world.pipeline()
    view = create_view(world, pipeline, shared=True)
    assert world.ada.http.get(f"{path_of(other)}/{view['key']}").status_code == 404
    ok(world.ada.http.delete(f"/api/v1/pipelines/{pipeline['key']}"))
    assert world.ada.http.get(f"{path_of(pipeline)}/{view['key']}").status_code == 404


BAD: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "name"),
    ({"name": "a\x00"}, "name"),
    ({"name": ["a"]}, "name"),
    ({"filter": {"field": "nothing", "op": "eq", "value": 1}}, "filter.field"),
    ({"filter": {"and": [{"field": "name", "op": "gt"}]}}, "filter.and[0].value"),
    ({"filter": [1]}, "filter"),
    ({"filter": "half{"}, "filter"),
    ({"sort": ["nothing"]}, "sort[0]"),
    ({"sort": ["assignee"]}, "sort[0]"),
    ({"sort": ["name"] * 6}, "sort"),
    ({"sort": ["name"] * 5, "group": "stage"}, "sort"),
    ({"group": "nothing"}, "group"),
    ({"group": "emailAddresses"}, "group"),
    ({"columns": [{"width": 3}]}, "columns[0].key"),
    ({"columns": [{"key": "nothing"}]}, "columns[0].key"),
    ({"columns": [{"key": "name", "width": -1}]}, "columns[0].width"),
    ({"columns": [{"key": "name", "width": "wide"}]}, "columns[0].width"),
    ({"columns": [{"key": "name", "hidden": "perhaps"}]}, "columns[0].hidden"),
    ({"columns": [7]}, "columns[0]"),
    ({"columns": ["name"] * 601}, "columns"),
    ({"shared": "perhaps"}, "shared"),
]


@pytest.mark.parametrize(("body", "names"), BAD, ids=range(len(BAD)))
def test_an_invalid_member_is_named_and_no_change_is_saved(world: World, body: dict[str, Any], names: str) -> None:
    pipeline = world.pipeline()
    view = create_view(world, pipeline, sort=["name"])
    path = f"{path_of(pipeline)}/{view['key']}"
    refused(world.ada.http.post(path, json=body), 400, names)
    refused(world.ada.http.post(path_of(pipeline), json={"name": "New", **body}), 400)
    assert ok(world.ada.http.get(path_of(pipeline)))["results"] == [view]
    assert view_events(world, view["key"]) == [("view.created", None)]
