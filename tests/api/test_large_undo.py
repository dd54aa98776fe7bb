"""Undo of changes that take many requests: imports of thousands of rows, and large batches."""

import time
from typing import Any

import pytest

from tests.conftest import World, ok, refused


def imported(world: World, pipeline: dict[str, Any], rows: list[str], **asked: Any) -> dict[str, Any]:
    """Import rows of a name, notes and a source. Returns the import when it is done."""
    content = "\n".join(["Name;Notes;Source", *rows]).encode()
    url, headers = f"/api/v2/pipelines/{pipeline['key']}/import", {"content-type": "text/csv"}
    job = ok(world.ada.http.post(url, params={"wait": 20, **asked}, content=content, headers=headers))
    deadline = time.monotonic() + 900
    while job["state"] in ("waiting", "running"):
        assert time.monotonic() < deadline
        time.sleep(0.2)
        job = ok(world.ada.http.get(f"/api/v2/imports/{job['key']}"))
    assert (job["state"], job["refused"]) == ("done", 0)
    return job  # type: ignore[no-any-return]


def undo(world: World, change: str, **given: Any) -> list[dict[str, Any]]:
    """Undo a change whole. Returns the answers."""
    answers = [ok(world.ada.http.post("/api/v2/undo", json={"change": change, **given}))]
    while answers[-1]["hasMore"]:
        assert len(answers) < 1000
        answers.append(ok(world.ada.http.post("/api/v2/undo", json={"change": change, **given})))
    return answers


def boxes_of(world: World, pipeline: dict[str, Any]) -> list[tuple[str, str]]:
    """The names and notes of the boxes in a pipeline."""
    sql = "SELECT name, COALESCE(notes, '') FROM boxes WHERE pipeline_key = :key ORDER BY name"
    return world.server.engine.read(lambda db: db.rows(sql, key=pipeline["key"]))


def rows_of(count: int, note: str) -> list[str]:
    return [f"Row {number:06};{note} {number};Fair {number % 7}" for number in range(count)]


def a_pipeline(world: World) -> dict[str, Any]:
    pipeline = world.pipeline()
    world.field(pipeline, "TEXT_INPUT", "Source")
    return pipeline


@pytest.mark.parametrize("count", [4000, pytest.param(100_000, marks=pytest.mark.long)])
def test_an_import_of_thousands_of_rows_is_undone_and_redone(world: World, count: int) -> None:
    pipeline = a_pipeline(world)
    job = imported(world, pipeline, rows_of(count, "note"))
    before = boxes_of(world, pipeline)
    assert len(before) == count
    answers = undo(world, job["change"])
    assert boxes_of(world, pipeline) == []
    assert sum(len(answer["undone"]) for answer in answers) == count
    progress = [answer["progress"] for answer in answers]
    assert progress == sorted(progress)
    assert progress[-1] == 1
    assert len(answers) == -(-(count + 1) // 1000)
    (name,) = {answer["change"] for answer in answers}
    undo(world, name)
    assert boxes_of(world, pipeline) == before


@pytest.mark.parametrize("count", [2500, pytest.param(100_000, marks=pytest.mark.long)])
def test_an_import_that_changed_thousands_of_boxes_is_undone_but_for_later_changes(world: World, count: int) -> None:
    pipeline = a_pipeline(world)
    imported(world, pipeline, rows_of(count, "old"))
    before = boxes_of(world, pipeline)
    job = imported(world, pipeline, rows_of(count, "new"), match="name")
    assert job["updated"] == count
    changed = boxes_of(world, pipeline)
    sql = "SELECT key FROM boxes WHERE pipeline_key = :key AND name = 'Row 000007'"
    row = world.server.engine.read(lambda db: db.row(sql, key=pipeline["key"]))
    assert row is not None
    ok(world.ada.http.post(f"/api/v1/boxes/{row[0]}", json={"notes": "mine"}))
    reason = "notes was changed since"
    answer = world.ada.http.post("/api/v2/undo", json={"change": job["change"]})
    refused(answer, 400, f"Row 000007: {reason}")
    assert [each for each in boxes_of(world, pipeline) if each[0] != "Row 000007"] == [
        each for each in changed if each[0] != "Row 000007"
    ]
    answers = undo(world, job["change"], partial=True)
    left = [(each["name"], each["boxKey"], each["reason"]) for answer in answers for each in answer["left"]]
    assert left == [("Row 000007", row[0], reason)]
    now = boxes_of(world, pipeline)
    assert now[7] == ("Row 000007", "mine")
    assert [*now[:7], *now[8:]] == [*before[:7], *before[8:]]
    refused(world.ada.http.post("/api/v2/undo", json={"change": job["change"]}), 400, f"Row 000007: {reason}")


def test_a_batch_of_long_notes_is_saved_and_undone(world: World) -> None:
    pipeline = world.pipeline()
    operation = {"method": "POST", "path": f"/v2/pipelines/{pipeline['key']}/boxes"}
    operations = [{**operation, "body": {"name": f"Row {number:03}", "notes": "x" * 7000}} for number in range(400)]
    created = ok(world.ada.http.post("/api/v2/batch", json={"operations": operations}))["results"]
    keys = [result["body"]["key"] for result in created]
    edits = [{"method": "POST", "path": f"/v1/boxes/{key}", "body": {"notes": "y" * 7000}} for key in keys]
    answer = world.ada.http.post("/api/v2/batch", json={"operations": edits, "atomic": True})
    assert {result["status"] for result in ok(answer)["results"]} == {200}
    assert {notes[:1] for _, notes in boxes_of(world, pipeline)} == {"y"}
    undo(world, answer.headers["x-boxwood-change"])
    assert {notes for _, notes in boxes_of(world, pipeline)} == {"x" * 7000}


def test_an_undo_that_was_itself_undone_begins_again(world: World) -> None:
    pipeline = a_pipeline(world)
    job = imported(world, pipeline, rows_of(1500, "note"))
    first = ok(world.ada.http.post("/api/v2/undo", json={"change": job["change"]}))
    assert (len(first["undone"]), first["hasMore"]) == (999, True)
    assert len(boxes_of(world, pipeline)) == 501
    undo(world, first["change"])
    assert len(boxes_of(world, pipeline)) == 1500
    position = world.server.engine.read(lambda db: db.row("SELECT 1 FROM undos WHERE change_key = :k", k=job["change"]))
    assert position is None
