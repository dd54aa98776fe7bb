"""Every spelling of a path that known clients use works as intended."""

import pytest

from tests.conftest import Server, World


@pytest.mark.parametrize("host", ["api.streak.com", "www.streak.com", "mailfoogae.appspot.com", "crm.example"])
def test_any_host_name_is_accepted_if_the_operator_allows_it(database, host):
    server = Server(database.config(allowed_hosts=("*",))).start()
    world = World(server)
    answer = world.ada.http.get("/api/v1/users/me", headers={"Host": host})
    assert answer.json()["email"] == world.ada.email
    world.close()
    server.stop()


def test_a_trailing_slash_is_ignored(world):
    pipeline = world.pipeline()
    box = world.box(pipeline)
    get, post = world.ada.http.get, world.ada.http.post
    for path in ("/api/v1/pipelines", "/api/v1/boxes", "/api/v2/pipelines", f"/api/v1/boxes/{box['key']}"):
        with_slash = get(path + "/")
        assert with_slash.status_code == 200
        assert with_slash.json() == get(path).json()
    batch = post(f"/api/v1/pipelines/{pipeline['key']}/boxes/batch/", json=[box["key"]])
    assert [result["key"] for result in batch.json()] == [box["key"]]


def test_v1_and_v2_paths_work_on_the_same_data(world):
    pipeline = world.pipeline(name="Ours")["key"]
    for version in ("v1", "v2"):
        assert world.ada.http.get(f"/api/{version}/pipelines/{pipeline}").json()["name"] == "Ours"


def test_the_node_clients_missing_slash_is_forgiven(world):
    pipeline = world.pipeline()["key"]
    path = f"/api/v2pipelines/{pipeline}/boxes"
    created = world.ada.http.put(path, params={"name": "my tasks"})
    assert created.status_code == 200
    assert (created.json()["name"], created.json()["pipelineKey"]) == ("my tasks", pipeline)
    stage = world.ada.http.put(f"/api/v2pipelines/{pipeline}/stages", params={"name": "tasks to do"})
    assert stage.json()["name"] == "tasks to do"
    pipeline = world.ada.http.put("/api/v2pipelines", params={"name": "all tasks"})
    assert pipeline.json()["name"] == "all tasks"


def test_streak_nets_doubled_prefix_is_forgiven(world):
    box = world.box(world.pipeline(), name="Doubled")
    answer = world.ada.http.get(f"/api/v1/api/v2/boxes/{box['key']}")
    assert answer.json()["name"] == "Doubled"


def test_swapped_methods_work_as_intended(world):
    created = world.ada.http.post("/api/v1/pipelines", json={"name": "By POST"})
    assert (created.status_code, created.json()["name"]) == (200, "By POST")
    path = f"/api/v1/pipelines/{created.json()['key']}"
    assert world.ada.http.put(path, json={"name": "By PUT"}).json()["name"] == "By PUT"
    assert world.ada.http.get(path).json()["name"] == "By PUT"
    stage = world.ada.http.post(f"{path}/stages", json={"name": "Posted"}).json()
    assert world.ada.http.put(f"{path}/stages/{stage['key']}", json={"name": "Put"}).json()["name"] == "Put"
    field = world.ada.http.post(f"{path}/fields", json={"name": "Posted", "type": "DATE"}).json()
    assert world.ada.http.put(f"{path}/fields/{field['key']}", json={"name": "Put"}).json()["name"] == "Put"
    box = world.ada.http.post(f"{path}/boxes", json={"name": "Posted"}).json()
    assert world.ada.http.put(f"/api/v1/boxes/{box['key']}", json={"name": "Put"}).json()["name"] == "Put"
    assert world.ada.http.get(f"/api/v1/boxes/{box['key']}").json()["name"] == "Put"


def test_teams_answer_on_v1_as_on_v2(world):
    for path in ("/users/me/teams", f"/teams/{world.team_key}", f"/teams/{world.team_key}/users"):
        first = world.ada.http.get(f"/api/v1{path}")
        assert first.status_code == 200
        assert first.json() == world.ada.http.get(f"/api/v2{path}").json()


def test_a_key_in_a_path_may_be_percent_encoded(world):
    box = world.box(world.pipeline(), name="Encoded")
    encoded = "".join(f"%{ord(letter):02X}" for letter in box["key"])
    assert world.ada.http.get(f"/api/v1/boxes/{encoded}").json()["name"] == "Encoded"


def test_doubled_slashes_are_forgiven_and_no_path_of_the_api_is_a_page(world):
    box = world.box(world.pipeline(), name="Doubled")
    for path in (f"//api/v1/boxes/{box['key']}", f"/api//v1/boxes/{box['key']}", f"/api/v1//boxes//{box['key']}/"):
        answer = world.ada.http.get(f"{world.server.url}{path}")
        assert (answer.status_code, answer.json()["name"]) == (200, "Doubled"), path
    for path in ("/api", "/api/", "/api/v1", "/api/v3/boxes"):
        answer = world.ada.http.get(path)
        assert (answer.status_code, answer.json()["error"]) == (400, "Invalid API path specified"), path
