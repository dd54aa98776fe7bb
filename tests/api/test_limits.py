"""Requests that need ten times of what databases are usually asked for: they work, or name what is too much."""

import json
import random

import pytest

from tests.conftest import World, ok, refused

LONGEST = 100_000
"""Characters of the longest text."""


def words(seed: int, length: int) -> str:
    """Different words that do not compress, of this length together."""
    made = random.Random(seed)
    return " ".join(f"w{made.getrandbits(60):x}" for _ in range(length // 17 + 1))[:length]


def test_the_longest_texts_are_saved_searched_sorted_and_filtered(world: World) -> None:
    pipeline = world.pipeline()
    field = world.field(pipeline, "TEXT_INPUT")["key"]
    text = words(1, LONGEST)
    box = world.box(pipeline, name=text[:1000], notes=text, fields={field: text})
    assert (box["notes"], box["fields"][field]) == (text, text)
    url = f"/api/v2/pipelines/{pipeline['key']}/boxes"
    for sort in (field, f"-{field}", "name", "notes"):
        found = ok(world.ada.http.get(url, params={"sort": sort}))["results"]
        assert [each["key"] for each in found] == [box["key"]], sort
    tests = [{"field": field, "op": "contains", "value": text[-1000:]}]
    found = ok(world.ada.http.get(url, params={"filter": json.dumps({"and": tests})}))["results"]
    assert [each["key"] for each in found] == [box["key"]]


@pytest.mark.slow
def test_a_field_with_20_mb_of_values_is_deleted_and_restored(world: World) -> None:
    pipeline = world.pipeline()
    field = world.field(pipeline, "TEXT_INPUT")["key"]
    url = f"/v2/pipelines/{pipeline['key']}/boxes"
    for at in range(0, 2000, 500):
        bodies = [{"name": str(number), "fields": {field: words(number, 10_000)}} for number in range(at, at + 500)]
        operations = [{"method": "POST", "path": url, "body": body} for body in bodies]
        ok(world.ada.http.post("/api/v2/batch", json={"operations": operations}))
    sql = "SELECT COUNT(*), SUM(LENGTH(CAST(fields AS TEXT))) FROM boxes WHERE pipeline_key = :key"

    def stored() -> tuple[int, int]:
        row = world.server.engine.read(lambda db: db.row(sql, key=pipeline["key"]))
        assert row is not None
        return row[0], row[1]

    count, before = stored()
    assert before > 19_000_000
    answer = world.ada.http.delete(f"/api/v2/pipelines/{pipeline['key']}/fields/{field}")
    ok(answer)
    assert stored() == (count, 2 * count)
    ok(world.ada.http.post("/api/v2/undo", json={"change": answer.headers["x-boxwood-change"]}))
    assert stored() == (count, before)


def test_more_kinds_of_events_than_there_are_is_an_error_that_says_so(world: World) -> None:
    kinds = ",".join(f"k{number}" for number in range(2000))
    url = f"/api/v2/teams/{world.team_key}/audit"
    refused(world.ada.http.get(url, params={"kind": kinds}), 400, "kind")
