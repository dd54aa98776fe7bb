"""A text that is a number counts as this number everywhere: in totals, filters, orders, formulas and templates."""

import json
from pathlib import Path
from typing import Any

import pytest

from boxwood.core.records import numbers_in
from tests.conftest import World, ok

CASES = json.loads((Path(__file__).parents[1] / "lib/numbers.json").read_text())
WRITTEN = ["9.50", "1.250,00 €", "(5.00)", 100, "1,200.50", "$5", "many", "-3", "007", ""]
NUMBERS = 9.5 + 1250 - 5 + 100 + 1200.5 + 5 - 3


@pytest.fixture
def pipeline(world: World) -> dict[str, Any]:
    """Return a pipeline with a text field (1001) and a formula that doubles it (1002), and a box for each text."""
    pipeline = world.pipeline()
    assert world.field(pipeline, "TEXT_INPUT", "Value")["key"] == "1001"
    world.field(pipeline, "FORMULA", "Double", defaultValue="= IF(ISNUMBER($'Value'), $'Value' * 2, \"\")")
    for value in WRITTEN:
        world.box(pipeline, name=str(value) or "unset", fields={"1001": value})
    return pipeline


def read(world: World, pipeline: dict[str, Any], path: str, **params: Any) -> Any:
    return ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}/{path}", params=params))


def names(world: World, pipeline: dict[str, Any], op: str, value: Any) -> set[str]:
    tree = json.dumps({"field": "1001", "op": op, "value": value})
    return {box["name"] for box in read(world, pipeline, "boxes", filter=tree)["results"]}


def test_totals_count_every_number_and_say_how_many_values_they_leave_out(
    world: World, pipeline: dict[str, Any]
) -> None:
    column = read(world, pipeline, "board", sums="1001")["columns"][0]
    assert (column["sums"], column["ignored"]) == ({"1001": NUMBERS}, {"1001": 2})
    group = read(world, pipeline, "table", sums="1001,1002")["groups"][0]
    assert group["sums"] == {"1001": NUMBERS, "1002": 2 * NUMBERS}
    assert group["ignored"] == {"1001": 2}
    total = read(world, pipeline, "reports/totals", sums="1001")["groups"][0]["sums"]["1001"]
    assert (total["sum"], total["count"], total["ignored"]) == (NUMBERS, 7, 2)


def test_a_report_over_time_says_how_many_values_it_leaves_out(world: World, pipeline: dict[str, Any]) -> None:
    box = read(world, pipeline, "boxes", filter=json.dumps({"field": "name", "op": "eq", "value": "many"}))["results"][
        0
    ]
    ok(world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"stageKey": "5002"}))
    point = read(world, pipeline, "reports/over-time", sums="1001", interval="year")["points"][-1]
    assert point["sums"]["1001"] == {"created": NUMBERS, "won": 0, "lost": 0}
    assert point["ignored"]["1001"] == {"created": 2, "won": 1, "lost": 0}


def test_filters_and_orders_read_the_same_numbers(world: World, pipeline: dict[str, Any]) -> None:
    assert names(world, pipeline, "gt", 1000) == {"1.250,00 €", "1,200.50"}
    assert names(world, pipeline, "gt", "1'200,5") == {"1.250,00 €"}
    assert names(world, pipeline, "eq", "1.200,50") == {"1,200.50"}
    assert names(world, pipeline, "lt", "0") == {"(5.00)", "-3"}
    assert names(world, pipeline, "between", ["4", "€9,50"]) == {"$5", "9.50"}
    assert names(world, pipeline, "eq", "007") == {"007"}
    order = [box["name"] for box in read(world, pipeline, "boxes", sort="1001")["results"]]
    numbers = ["(5.00)", "-3", "$5", "9.50", "100", "1,200.50", "1.250,00 €"]
    assert order == [*numbers, "007", "many", "unset"]


def test_a_changed_value_counts_as_what_it_is_now(world: World, pipeline: dict[str, Any]) -> None:
    boxes = {box["name"]: box for box in read(world, pipeline, "boxes", sort="name")["results"]}
    for name, value in (("$5", "about 5"), ("many", "2 500,5"), ("007", None)):
        ok(world.ada.http.post(f"/api/v1/boxes/{boxes[name]['key']}/fields/1001", json={"value": value}))
    column = read(world, pipeline, "board", sums="1001")["columns"][0]
    assert (column["sums"], column["ignored"]) == ({"1001": NUMBERS - 5 + 2500.5}, {"1001": 1})


def test_a_deleted_field_that_comes_back_counts_again(world: World, pipeline: dict[str, Any]) -> None:
    path = f"/api/v1/pipelines/{pipeline['key']}/fields/1001"
    change = world.ada.http.delete(path).headers["x-boxwood-change"]
    ok(world.ada.http.post("/api/v2/undo", json={"change": change}))
    assert read(world, pipeline, "board", sums="1001")["columns"][0]["sums"] == {"1001": NUMBERS}


def test_every_imported_amount_is_summed(world: World) -> None:
    pipeline = world.pipeline()
    world.field(pipeline, "TEXT_INPUT", "Value")
    rows = "".join(f'box {at},"{text}"\n' for at, (text, _) in enumerate(CASES))
    done = ok(
        world.ada.http.post(
            f"/api/v2/pipelines/{pipeline['key']}/import",
            params={"wait": 20},
            content=f"Name,Value\n{rows}".encode(),
            headers={"Content-Type": "text/csv"},
        )
    )
    assert done["created"] == len(CASES)
    total = read(world, pipeline, "reports/totals", sums="1001")["groups"][0]["sums"]["1001"]
    expected = [number for _, number in CASES if number is not None]
    assert total["count"] == len(expected)
    assert total["sum"] == pytest.approx(sum(expected))


def test_only_texts_that_the_database_cannot_read_are_stored_as_numbers_too() -> None:
    assert numbers_in({"1001": "9.50", "1002": 5, "1003": "Acme", "1004": ["1,5"], "1005": True}) is None
    assert numbers_in({"1001": "1,5", "1002": "x"}) == '{"1001":1.5}'
