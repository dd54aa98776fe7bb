"""List formats of v1 and v2, and paging that ends."""

import pytest


@pytest.fixture
def pipeline(world):
    return world.pipeline()


@pytest.fixture
def boxes(world, pipeline):
    return [world.box(pipeline, name=f"{number}")["key"] for number in range(5)]


def ask(world, path, **params):
    answer = world.ada.http.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def keys(listed):
    return [box["key"] for box in listed]


def test_stages_are_an_object_and_fields_an_array_on_both_generations(world, pipeline):
    path = f"pipelines/{pipeline['key']}"
    field = world.ada.http.put(f"/api/v1/{path}/fields", params={"name": "F", "type": "DATE"}).json()
    for version in ("v1", "v2"):
        stages = ask(world, f"/api/{version}/{path}/stages")
        assert all(stage["key"] == key for key, stage in stages.items())
        assert stages.keys() == set(ask(world, f"/api/{version}/{path}")["stageOrder"])
    assert ask(world, f"/api/v1/{path}/fields") == [field]


def test_v1_lists_boxes_in_an_array_and_v2_in_an_envelope(world, pipeline, boxes):
    path = f"pipelines/{pipeline['key']}/boxes"
    bare = ask(world, f"/api/v1/{path}")
    envelope = ask(world, f"/api/v2/{path}")
    assert sorted(keys(bare)) == sorted(boxes)
    assert envelope == {"results": bare, "hasNextPage": False}


def test_the_array_stays_an_array_when_paged_and_the_pages_end(world, pipeline, boxes):
    path = f"/api/v1/pipelines/{pipeline['key']}/boxes"
    pages = [keys(ask(world, path, page=page, limit=2)) for page in range(4)]
    assert [len(page) for page in pages] == [2, 2, 1, 0]
    assert [key for page in pages for key in page] == keys(ask(world, path))


def test_the_envelope_says_whether_there_are_more_pages(world, pipeline, boxes):
    path = f"/api/v2/pipelines/{pipeline['key']}/boxes"
    pages = [ask(world, path, page=page, limit=2) for page in range(3)]
    assert [page["hasNextPage"] for page in pages] == [True, True, False]
    assert sorted(key for page in pages for key in keys(page["results"])) == sorted(boxes)
    assert ask(world, path, offset=2, limit=2)["results"] == pages[1]["results"]
    full = ask(world, path, limit=5)
    assert (len(full["results"]), full["hasNextPage"]) == (5, False)


def test_lists_are_sorted_and_narrowed_as_asked(world, pipeline, boxes):
    path = f"/api/v1/pipelines/{pipeline['key']}/boxes"
    world.ada.http.post(f"/api/v1/boxes/{boxes[1]}", json={"notes": "touched last"})
    assert keys(ask(world, path, sortBy="creationTimestamp")) == boxes[::-1]
    assert keys(ask(world, path, sortBy="lastUpdatedTimestamp"))[0] == boxes[1]
    stage = world.ada.http.put(f"/api/v1/pipelines/{pipeline['key']}/stages", params={"name": "Won"}).json()["key"]
    world.ada.http.post(f"/api/v1/boxes/{boxes[3]}", json={"stageKey": stage})
    assert keys(ask(world, path, stageKey=stage)) == [boxes[3]]
    narrowed = ask(world, f"/api/v2/pipelines/{pipeline['key']}/boxes", stageKey=stage)
    assert (keys(narrowed["results"]), narrowed["hasNextPage"]) == ([boxes[3]], False)


def test_all_boxes_of_all_pipelines_are_one_array(world, boxes):
    other = world.box(world.pipeline(name="Other"))["key"]
    assert sorted(keys(ask(world, "/api/v1/boxes"))) == sorted([*boxes, other])
    assert len(ask(world, "/api/v1/boxes", page=1, limit=4)) == 2
    assert world.cy.http.get("/api/v1/boxes").json() == []


def test_pipelines_are_an_array_on_v1_and_an_envelope_on_v2(world, pipeline):
    bare = ask(world, "/api/v1/pipelines")
    assert keys(bare) == [pipeline["key"]]
    assert bare[0]["pipelineKey"] == pipeline["key"]
    assert keys(ask(world, "/api/v2/pipelines")["results"]) == [pipeline["key"]]


def test_the_members_of_a_list_are_what_a_single_read_gives(world, pipeline, boxes):
    for box in ask(world, f"/api/v1/pipelines/{pipeline['key']}/boxes"):
        assert box == ask(world, f"/api/v1/boxes/{box['key']}")
    (listed,) = ask(world, "/api/v1/pipelines")
    read = ask(world, f"/api/v1/pipelines/{pipeline['key']}")
    assert listed == read


def test_field_values_are_an_array_in_the_order_of_the_fields(world, pipeline):
    path = f"/api/v1/pipelines/{pipeline['key']}/fields"
    first, second = (
        world.ada.http.put(path, params={"name": name, "type": "TEXT_INPUT"}).json()["key"] for name in "AB"
    )
    box = world.box(pipeline, fields={second: "set"})["key"]
    assert ask(world, f"/api/v1/boxes/{box}/fields") == [{"key": first}, {"key": second, "value": "set"}]


def test_lists_and_entities_have_no_success_member(world, pipeline, boxes):
    for path in (
        "/api/v1/users/me",
        "/api/v1/pipelines",
        f"/api/v1/pipelines/{pipeline['key']}",
        f"/api/v2/pipelines/{pipeline['key']}",
        f"/api/v1/pipelines/{pipeline['key']}/stages",
        f"/api/v1/boxes/{boxes[0]}",
        f"/api/v2/pipelines/{pipeline['key']}/boxes",
        "/api/v2/users/me/teams",
        f"/api/v2/teams/{world.team_key}",
        "/api/v1/newsfeed",
    ):
        assert '"success"' not in world.ada.http.get(path).text


def test_answers_are_json_in_utf8_with_a_request_id(world):
    answer = world.ada.http.get("/api/v1/users/me")
    assert answer.headers["content-type"].replace(" ", "").lower() == "application/json;charset=utf-8"
    other = world.ada.http.get("/api/v1/users/me")
    assert answer.headers["x-streak-request-id"] != other.headers["x-streak-request-id"]
