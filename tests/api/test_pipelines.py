"""Lists of pipelines."""

from tests.conftest import World, ok


def test_a_pipeline_list_counts_boxes_when_requested(world: World) -> None:
    full, empty = world.pipeline(name="Full"), world.pipeline(name="Empty")
    for stage_key in ("5001", "5001", "5003"):
        world.box(full, stageKey=stage_key)
    counted = {
        pipeline["key"]: pipeline for pipeline in ok(world.ada.http.get("/api/v2/pipelines?counts=true"))["results"]
    }
    assert counted[full["key"]]["boxCount"] == 3
    assert [stage["boxCount"] for stage in counted[full["key"]]["stages"].values()] == [2, 0, 1]
    assert counted[empty["key"]]["boxCount"] == 0
    assert all("boxCount" not in pipeline for pipeline in ok(world.ada.http.get("/api/v2/pipelines"))["results"])
