"""Errors: a status that clients do not retry, and a body that every client can read."""

import pytest

ITEMS = ["/api/v1/boxes/{key}", "/api/v1/pipelines/{key}", "/api/v2/pipelines/{key}", "/api/v1/users/{key}"]
ITEMS += ["/api/v2/teams/{key}"]


def refused(answer, status, **body):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.json()["success"] is False
    for member, value in body.items():
        assert answer.json()[member] == value
    return answer.json()["error"]


@pytest.mark.parametrize("path", ITEMS)
@pytest.mark.parametrize("key", ["nothing", "agxzfm1haWxmb29nYWVyLgsSDE9yZ2FuaXphdGlvbg", "0", "%20", "%F0%9F%8E%89"])
def test_the_error_for_an_unknown_key_repeats_the_key(world, path, key):
    answer = world.ada.http.get(path.format(key=key))
    shown = {"%20": " ", "%F0%9F%8E%89": "🎉"}.get(key, key)
    refused(answer, 404, error="Entity not found with key", details=shown)


@pytest.mark.parametrize("path", ["/api/v1/boxes/nothing", "/api/v1/pipelines/nothing"])
def test_editing_an_unknown_thing_is_not_found(world, path):
    refused(world.ada.http.post(path, json={"name": "x"}), 404, error="existing entity does not exist")


def test_strangers_get_the_error_of_an_unknown_key(world):
    pipeline = world.pipeline()
    box = world.box(pipeline)
    for path in (f"/api/v1/boxes/{box['key']}", f"/api/v1/pipelines/{pipeline['key']}"):
        key = path.rpartition("/")[2]
        refused(world.cy.http.get(path), 404, error="Entity not found with key", details=key)
        refused(world.cy.http.post(path, json={"name": "Mine"}), 404, error="existing entity does not exist")
        refused(world.cy.http.delete(path), 404)
    assert world.ada.http.get(f"/api/v1/boxes/{box['key']}").json()["name"] == box["name"]


def test_missing_parameters_are_named_after_what_needs_them(world):
    pipeline = world.pipeline()["key"]
    put = world.ada.http.put
    assert "Insufficient params for Pipeline" in refused(put("/api/v1/pipelines"), 400)
    assert "Insufficient params for Stage" in refused(put(f"/api/v1/pipelines/{pipeline}/stages"), 400)
    assert "Insufficient params for Field" in refused(
        put(f"/api/v1/pipelines/{pipeline}/fields", data={"name": "No type"}), 400
    )
    assert "Insufficient params for Box" in refused(put(f"/api/v1/pipelines/{pipeline}/boxes"), 400)
    post = world.ada.http.post
    refused(post(f"/api/v2/pipelines/{pipeline}/boxes", json={}), 400, field="name")
    assert world.ada.http.get(f"/api/v1/pipelines/{pipeline}/boxes").json() == []
    assert len(world.ada.http.get("/api/v1/pipelines").json()) == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/nothing"),
        ("GET", "/api/v2/nothing/at/all"),
        ("GET", "/api/v3/pipelines"),
        ("POST", "/api/v1/pipelines/k/nothing"),
        ("POST", "/api/v2/teams/t/contacts/c"),
        ("DELETE", "/api/v1/boxes/k/nothing/more"),
    ],
)
def test_an_unknown_path_is_reported(world, method, path):
    answer = world.ada.http.request(method, path)
    assert "Invalid API path specified" in refused(answer, 400)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/api/v1/users/me", "GET"),
        ("PATCH", "/api/v1/boxes/k", "GET"),
        ("POST", "/api/v1/newsfeed", "GET"),
    ],
)
def test_a_known_path_lists_its_methods(world, method, path, allowed):
    answer = world.ada.http.request(method, path)
    refused(answer, 405)
    assert allowed in [item.strip() for item in answer.headers["allow"].split(",")]
    assert method not in answer.headers["allow"]


def test_the_kind_of_a_field_never_changes(world):
    pipeline = f"/api/v1/pipelines/{world.pipeline()['key']}"
    field = world.ada.http.put(f"{pipeline}/fields", data={"name": "F", "type": "DATE"}).json()["key"]
    answer = world.ada.http.post(f"{pipeline}/fields/{field}", json={"type": "CHECKBOX", "name": "G"})
    assert "Can't change the type of a field" in refused(answer, 400)
    assert world.ada.http.get(f"{pipeline}/fields/{field}").json()["name"] == "F"
    same = world.ada.http.post(f"{pipeline}/fields/{field}", json={"type": "DATE", "name": "G"})
    assert (same.status_code, same.json()["name"]) == (200, "G")


def test_a_deleted_stage_or_field_is_not_found(world):
    pipeline = f"/api/v1/pipelines/{world.pipeline()['key']}"
    field = world.ada.http.put(f"{pipeline}/fields", data={"name": "F", "type": "DATE"}).json()["key"]
    stage = world.ada.http.put(f"{pipeline}/stages", data={"name": "S"}).json()["key"]
    for path in (f"{pipeline}/fields/{field}", f"{pipeline}/stages/{stage}"):
        assert world.ada.http.delete(path).json() == {"success": True}
        refused(world.ada.http.get(path), 404)
        refused(world.ada.http.delete(path), 404)


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b'{"name": ', "application/json"),
        (b"\xff\xfe", "application/json"),
        (b'{"name": "a\\u0000b"}', "application/json"),
        (b'{"name": ["not", "text"]}', "application/json"),
        (b'{"name": {"not": "text"}}', "application/json"),
        (b'"just text"', "application/json"),
        (b"7", "application/json"),
        (b"[" * 100_000, "application/json"),
        (b"json=%7Bbroken", "application/x-www-form-urlencoded"),
        (b"name=%FF%FE", "application/x-www-form-urlencoded"),
        (b"name=a%00b", "application/x-www-form-urlencoded"),
    ],
)
def test_a_broken_body_is_refused_and_writes_nothing(world, content, content_type):
    box = world.box(world.pipeline())
    path = f"/api/v1/boxes/{box['key']}"
    answer = world.ada.http.post(path, content=content, headers={"Content-Type": content_type})
    refused(answer, 400)
    assert world.ada.http.get(path).json() == box


def test_a_huge_body_is_refused(world):
    box = world.box(world.pipeline())
    path = f"/api/v1/boxes/{box['key']}"
    answer = world.ada.http.post(path, json={"notes": "x" * 20_000_000})
    refused(answer, 413)
    assert world.ada.http.get(path).json() == box


@pytest.mark.parametrize(
    "asked", [{"page": "-1"}, {"limit": "-1"}, {"page": "two"}, {"limit": "many"}, {"limit": "1.5"}]
)
def test_a_page_limit_must_be_a_number(world, asked):
    pipeline = world.pipeline()["key"]
    for path in (
        f"/api/v1/pipelines/{pipeline}/boxes",
        f"/api/v2/pipelines/{pipeline}/boxes",
        "/api/v2/pipelines",
    ):
        (name,) = asked
        assert name in refused(world.ada.http.get(path, params=asked), 400)


def test_a_limit_too_large_is_clamped(world):
    pipeline = world.pipeline()
    box = world.box(pipeline)
    path = f"/api/v2/pipelines/{pipeline['key']}/boxes"
    answer = world.ada.http.get(path, params={"limit": 10**9})
    assert [result["key"] for result in answer.json()["results"]] == [box["key"]]


def test_a_stage_of_another_pipeline_is_refused(world):
    here, there = (
        world.ada.http.put("/api/v1/pipelines", params={"name": "P", "stageNames": names}).json()
        for names in ("Lead", "Lead,Won")
    )
    only_there = there["stageOrder"][1]
    box = world.box(here)
    path = f"/api/v1/boxes/{box['key']}"
    answer = world.ada.http.post(path, json={"stageKey": only_there, "name": "Never"})
    assert "stageKey" in refused(answer, 400)
    assert world.ada.http.get(path).json() == box
    assert "stageKey" in refused(
        world.ada.http.put(f"/api/v1/pipelines/{here['key']}/boxes", params={"name": "N", "stageKey": only_there}),
        400,
    )


@pytest.mark.parametrize("key", ["xxINVALID", "SOME"])
def test_an_unknown_detail_level_is_refused(world, key):
    pipeline = world.pipeline()["key"]
    for path in ("/api/v1/newsfeed", f"/api/v1/pipelines/{pipeline}/newsfeed"):
        refused(world.ada.http.get(path, params={"detailLevel": key}), 400)
