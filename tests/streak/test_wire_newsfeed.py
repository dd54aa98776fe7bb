"""Newsfeeds of a box, of a pipeline, and of everything the user can see."""

import pytest

MEMBERS = {
    "newsfeedItemKey": str,
    "newsfeedEntryScope": str,
    "newsfeedEntryOperation": str,
    "newsfeedEntrySpecific": str,
    "pipelineKey": str,
    "creatorKey": str,
    "timestamp": int,
    "lastSavedTimestamp": int,
    "moved": bool,
    "collapsedEntries": list,
    "storyTextBox": str,
    "storyTextPipeline": str,
    "storyTextGlobal": str,
    "specificVariables": dict,
}

SALES = {"name": "Sales", "stageNames": "Lead,Won", "teamWide": True}


@pytest.fixture
def pipeline(world):
    return world.ada.http.put("/api/v1/pipelines", params=SALES).json()


def feed(person, path="", **params):
    answer = person.http.get(f"/api/v1{path}/newsfeed", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def specifics(entries):
    return [entry["newsfeedEntrySpecific"] for entry in entries]


def test_the_newsfeed_of_a_box_is_newest_first(world, pipeline):
    box = world.box(pipeline, name="Deal")
    world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"stageKey": "5002"})
    entries = feed(world.ada, f"/boxes/{box['key']}")
    assert specifics(entries) == ["EDIT_STAGE", "NEW_BOX"]
    assert [entry["timestamp"] for entry in entries] == sorted([e["timestamp"] for e in entries], reverse=True)
    for entry in entries:
        assert {name: type(entry.get(name)) for name in MEMBERS} == MEMBERS
        assert (entry["boxKey"], entry["pipelineKey"]) == (box["key"], pipeline["key"])
        assert entry["creatorKey"] == world.ada.user_key
        assert all(isinstance(value, str) for value in entry["specificVariables"].values())
        assert entry["specificVariables"]["BOX_NAME"] == "Deal"
        assert entry["specificVariables"]["PIPELINE_NAME"] == "Sales"
        assert entry["collapsedEntries"] == []
    assert entries[0]["specificVariables"]["STAGE_KEY"] == "5002"
    assert "Won" in entries[0]["storyTextBox"]
    assert "Deal" in entries[0]["storyTextGlobal"]


def test_newsfeed_entries_do_not_change_later(world, pipeline):
    box = world.box(pipeline, name="Deal")
    (before,) = feed(world.ada, f"/boxes/{box['key']}")
    world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"name": "Renamed"})
    after = feed(world.ada, f"/boxes/{box['key']}")
    assert len(after) == 2
    assert after[1] == before


def test_each_newsfeed_has_its_own_scope(world, pipeline):
    other = world.pipeline(name="Other")
    box, elsewhere = world.box(pipeline, name="Deal"), world.box(other, name="Elsewhere")
    keys = {entry.get("boxKey") for entry in feed(world.ada, f"/pipelines/{pipeline['key']}")}
    assert box["key"] in keys
    assert elsewhere["key"] not in keys
    assert {box["key"], elsewhere["key"]} <= {entry.get("boxKey") for entry in feed(world.bo)}
    assert feed(world.cy) == [] or not {box["key"], elsewhere["key"]} & {e.get("boxKey") for e in feed(world.cy)}
    for path in (f"/pipelines/{pipeline['key']}", f"/boxes/{box['key']}"):
        assert world.cy.http.get(f"/api/v1{path}/newsfeed").status_code == 404


def test_a_newsfeed_has_fifty_entries_and_pages_for_the_rest(world, pipeline):
    box = world.box(pipeline)
    for number in range(60):
        world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"stageKey": ("5002", "5001")[number % 2]})
    path = f"/boxes/{box['key']}"
    newest = feed(world.ada, path)
    assert len(newest) == 50
    everything = feed(world.ada, path, limit=1000)
    assert specifics(everything) == ["EDIT_STAGE"] * 60 + ["NEW_BOX"]
    assert everything[:50] == newest
    pages = [feed(world.ada, path, page=page, limit=25) for page in range(4)]
    assert [len(page) for page in pages] == [25, 25, 11, 0]
    assert [entry for page in pages for entry in page] == everything


def test_a_condensed_newsfeed_keeps_the_important_entries(world, pipeline):
    box = world.box(pipeline)
    world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"stageKey": "5002"})
    path = f"/boxes/{box['key']}"
    assert feed(world.ada, path, detailLevel="ALL") == feed(world.ada, path)
    assert {"EDIT_STAGE", "NEW_BOX"} <= set(specifics(feed(world.ada, path, detailLevel="CONDENSED")))
    refused = world.ada.http.get(f"/api/v1{path}/newsfeed", params={"detailLevel": "xxINVALID"})
    assert refused.status_code == 400


def test_the_whole_history_of_a_pipeline_is_exported(world, pipeline):
    boxes = [world.box(pipeline, name=f"{number}") for number in range(2)]
    for _ in range(30):
        for box in boxes:
            for stage in ("5002", "5001"):
                world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"stageKey": stage})
    path = f"/api/v1/pipelines/{pipeline['key']}/newsfeed/export/full"
    exported = world.ada.http.put(path, params={"includeSpecifics": "EDIT_STAGE,NEW_BOX"}).json()
    assert len(exported) == 2 + 120
    assert set(specifics(exported)) == {"EDIT_STAGE", "NEW_BOX"}
    moves = world.ada.http.put(path, params={"includeSpecifics": "EDIT_STAGE"}).json()
    assert len(moves) == 120
    since = max(entry["timestamp"] for entry in exported)
    assert world.ada.http.put(path, params={"startTimestamp": since + 60_000}).json() == []
    assert world.cy.http.put(path).status_code == 404
