"""Lists of pipelines."""

from tests.conftest import World, ok


def test_a_pipeline_list_counts_boxes_unless_the_caller_does_not_want_that(world: World) -> None:
    full, empty = world.pipeline(name="Full"), world.pipeline(name="Empty")
    for stage_key in ("5001", "5001", "5003"):
        world.box(full, stageKey=stage_key)
    counted = {pipeline["key"]: pipeline for pipeline in ok(world.ada.http.get("/api/v2/pipelines"))["results"]}
    assert counted[full["key"]]["boxCount"] == 3
    assert [stage["boxCount"] for stage in counted[full["key"]]["stages"].values()] == [2, 0, 1]
    assert counted[empty["key"]]["boxCount"] == 0
    for path in ("/api/v1/pipelines", "/api/v2/pipelines"):
        listed = ok(world.ada.http.get(f"{path}?counts=false"))
        assert all("boxCount" not in each for each in (listed if path.startswith("/api/v1") else listed["results"]))
