"""Search as the old clients request it."""

import time


def found(world, path="/api/v1/search", **params):
    """Return the keys of the found boxes; search again while the index is behind."""
    deadline = time.monotonic() + 60
    while True:
        answer = world.ada.http.get(path, params=params)
        assert answer.status_code == 200, answer.text
        keys = [box["boxKey"] for box in answer.json()["results"]["boxes"]]
        if keys or time.monotonic() > deadline:
            return keys
        time.sleep(0.05)


def test_a_query_that_contains_tasks_works_with_the_broken_path_of_the_node_client(world):
    box = world.box(world.pipeline(), name="my tasks")["key"]
    assert found(world, "/api/v2search", query="tasks") == [box]
    assert found(world, "/api/v2search", name="my tasks") == [box]
    assert found(world, "/api/v2/search", name="my tasks") == [box]


def test_n8n_narrows_to_a_pipeline_and_a_stage(world):
    here, there = world.pipeline(), world.pipeline()
    box = world.box(here, name="Zuse", stageKey="5002")["key"]
    other = world.box(there, name="Zuse")["key"]
    assert sorted(found(world, query="zuse")) == sorted([box, other])
    assert found(world, query="zuse", pipelineKey=here["key"]) == [box]
    assert found(world, query="zuse", pipelineKey=here["key"], stageKey="5002") == [box]


def test_an_answer_by_name_has_no_query(world):
    answer = world.ada.http.get("/api/v1/search", params={"name": "nothing"}).json()
    assert answer == {"results": {"boxes": [], "contacts": [], "orgs": []}, "query": None, "page": 0}
