"""Formula fields through the API."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from boxwood.core.pipelines import formulas
from boxwood.core.records import BOXES
from tests.conftest import Person, World, ok, refused

DAY = 86_400_000
JUST = {"error": "#DIV/0!", "message": "Division by zero"}


def fields_of(world: World, box: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))["fields"]
    return found


def edit(who: Person, box: dict[str, Any], **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = ok(who.http.post(f"/api/v1/boxes/{box['key']}", json=changes))
    return found


def set_field(world: World, field: dict[str, Any], pipeline: dict[str, Any], **changes: Any) -> dict[str, Any]:
    path = f"/api/v2/pipelines/{pipeline['key']}/fields/{field['key']}"
    found: dict[str, Any] = ok(world.ada.http.post(path, json=changes))
    return found


def text_of(world: World, field: dict[str, Any], pipeline: dict[str, Any]) -> str:
    path = f"/api/v1/pipelines/{pipeline['key']}/fields/{field['key']}"
    text: str = ok(world.ada.http.get(path))["defaultValue"]
    return text


def settled(world: World, pipeline: dict[str, Any]) -> None:
    """Wait until the formulas of every box of the pipeline are computed."""
    sql = "SELECT 1 FROM formula_runs WHERE pipeline_key = :key"
    eventually(lambda: world.server.engine.read(lambda db: db.row(sql, key=pipeline["key"])) is None)


def eventually(holds: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_formula_value_is_in_the_reply_and_the_event_of_each_change(world: World) -> None:
    pipeline = world.pipeline()
    price, units = world.field(pipeline, "TEXT_INPUT", "Price"), world.field(pipeline, "TEXT_INPUT", "Units")
    total = world.field(pipeline, "FORMULA", "Total", defaultValue="= $'Price' * $'Units'")
    box = world.box(pipeline, fields={price["key"]: 20, units["key"]: 3})
    assert box["fields"][total["key"]] == 60
    edited = edit(world.ada, box, fields={units["key"]: 4})
    assert edited["fields"] == fields_of(world, box) == {price["key"]: 20, units["key"]: 4, total["key"]: 80}
    feed = ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}/newsfeed"))
    assert len(feed) == 2
    sql = "SELECT record FROM events WHERE box_key = :box ORDER BY id"
    records = [row[0] for row in world.server.engine.read(lambda db: db.rows(sql, box=box["key"]))]
    assert [
        f'"{total["key"]}":{n}' in record.replace(" ", "") for record, n in zip(records, (60, 80), strict=True)
    ] == [
        True,
        True,
    ]


def test_sending_the_current_formula_value_is_ignored_and_another_value_refused(world: World) -> None:
    pipeline = world.pipeline()
    shout = world.field(pipeline, "FORMULA", "Shout", defaultValue="UPPER($'Name')")
    box = world.box(pipeline)
    assert box["fields"] == {shout["key"]: "ACME"}
    world.clock.advance(ms=5000)
    assert edit(world.ada, box, **box) == box
    assert edit(world.ada, box, fields={shout["key"]: "other"}) == box
    refused(
        world.ada.http.post(f"/api/v1/boxes/{box['key']}/fields/{shout['key']}", json={"value": 1}), 400, "computed"
    )
    assert world.events(box["key"]) == ["box.created"]


def test_formulas_that_read_other_formulas_are_computed_in_dependency_order(world: World) -> None:
    pipeline = world.pipeline()
    when = world.field(pipeline, "DATE", "When")
    late = world.field(pipeline, "FORMULA", "Late")
    week = world.field(pipeline, "FORMULA", "Week", defaultValue="new Date($'When'.getTime() + 7 * 86400000)")
    set_field(world, late, pipeline, defaultValue="DAYS($'Week', $'When') & \" days\"")
    box = world.box(pipeline, fields={when["key"]: 10 * DAY})
    assert box["fields"] == {when["key"]: 10 * DAY, week["key"]: 17 * DAY, late["key"]: "7 days"}
    assert edit(world.ada, box, fields={when["key"]: 11 * DAY})["fields"][week["key"]] == 18 * DAY


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 1.5", 2.5),
        ("$'Name' + '!'", "Acme!"),
        ("$'Name' === 'Acme'", True),
        ("new Date(86400000)", DAY),
        ("[1, 2]", [1, 2]),
        ("return {a: 'x', b: 'y'}", {"a": "x", "b": "y"}),
        ("IF(1 / 0 > 1, 1, 2)", JUST),
        ("'a' + String.fromCharCode(0)", {"error": "#VALUE!", "message": "The result holds a NUL character"}),
        ("nothing.at.all", {"error": "#ERROR!", "message": "ReferenceError: nothing is not defined"}),
        ("null", None),
        ("''", None),
    ],
)
def test_the_result_of_a_formula_is_read_from_the_box(world: World, text: str, value: Any) -> None:
    pipeline = world.pipeline()
    field = world.field(pipeline, "FORMULA", "Result", defaultValue=text)
    assert world.box(pipeline)["fields"].get(field["key"]) == value


def test_a_formula_reads_every_field_by_its_name(world: World) -> None:
    pipeline = world.pipeline()
    dropdown = world.field(pipeline, "DROPDOWN", "Size", dropdownSettings={"items": [{"name": "Small"}]})
    tag = world.field(pipeline, "TAG", "Tags", tagSettings={"tags": [{"tag": "hot"}, {"tag": "new"}]})
    check = world.field(pipeline, "CHECKBOX", "Paid")
    path = f"/api/v2/teams/{world.team_key}"
    contact = ok(world.ada.http.post(f"{path}/contacts", json={"emailAddresses": ["eve@example.com"]}))
    organization = ok(world.ada.http.post(f"{path}/organizations", json={"name": "Initech"}))
    other = world.box(pipeline, name="Other")
    text = (
        "JSON.stringify([$'Name', $'Notes', $'Stage', $'Assigned To', $'Contacts', $'Organizations',"
        " $'Linked Boxes'.length, $'Size', $'Tags', $'Paid', $'Creator', $'Date Created' instanceof Date])"
    )
    field = world.field(pipeline, "FORMULA", "All", defaultValue=text)
    box = world.box(
        pipeline,
        contacts=[{"key": contact["key"]}],
        organizations=[{"key": organization["key"]}],
        linkedBoxKeys=[other["key"]],
        fields={dropdown["key"]: "9001", tag["key"]: ["9002", "9003"], check["key"]: True},
    )
    assert box["fields"][field["key"]] == (
        '["Acme",null,"Lead",["Ada Lovelace"],["eve@example.com"],["Initech"],1,"Small",["hot","new"],true,'
        '"Ada Lovelace",true]'
    )
    linked = fields_of(world, other)[field["key"]]
    assert linked.startswith('["Other",null,"Lead",["Ada Lovelace"],[],[],1,null,[],null')
    moved = edit(world.ada, box, stageKey="5002")
    assert moved["fields"][field["key"]].startswith('["Acme",null,"Won"')


def test_a_shared_name_means_the_oldest_field_with_that_name(world: World) -> None:
    pipeline = world.pipeline()
    first, second = (world.field(pipeline, "TEXT_INPUT", "Size") for _ in range(2))
    world.field(pipeline, "TEXT_INPUT", "Name")
    field = world.field(pipeline, "FORMULA", "Both", defaultValue="$'Name' + $'Size'")
    box = world.box(pipeline, fields={first["key"]: "1", second["key"]: "2"})
    assert box["fields"][field["key"]] == "Acme1"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("$'Prize' * 2", ("there is no column 'Prize'", "did you mean 'Price'")),
        ("IF($'Price' > 1, 2", ("Expected",)),
        ("$'Price' +", ("at character",)),
        ("ROUNDD(1)", ("ROUND",)),
        (17, ("a formula is text",)),
        (["x"], ("a formula is text",)),
        ("1 +" * 10_000, ("20000",)),
    ],
)
def test_an_invalid_formula_is_refused_when_it_is_saved(world: World, text: Any, words: tuple[str, ...]) -> None:
    pipeline = world.pipeline()
    world.field(pipeline, "TEXT_INPUT", "Price")
    path = f"/api/v2/pipelines/{pipeline['key']}/fields"
    refused(
        world.ada.http.post(path, json={"name": "F", "type": "FORMULA", "defaultValue": text}),
        400,
        "defaultValue",
        *words,
    )
    assert len(ok(world.ada.http.get(path.replace("/v2/", "/v1/")))) == 1
    body = {"name": "P", "teamKey": world.team_key, "fields": [{"name": "F", "type": "FORMULA", "defaultValue": text}]}
    refused(world.ada.http.post("/api/v2/pipelines", json=body), 400, "defaultValue")


def test_formulas_that_read_each_other_in_a_circle_are_refused(world: World) -> None:
    pipeline = world.pipeline()
    a = world.field(pipeline, "FORMULA", "A", defaultValue="1")
    b = world.field(pipeline, "FORMULA", "B", defaultValue="$'A' + 1")
    path = f"/api/v2/pipelines/{pipeline['key']}/fields"
    for text, ring in (("$'B' + 1", "A → B → A"), ("$'A' + 1", "A → A")):
        refused(world.ada.http.post(f"{path}/{a['key']}", json={"defaultValue": text}), 400, "defaultValue", ring)
    refused(world.ada.http.post(path, json={"name": "C", "type": "FORMULA", "defaultValue": "$'C'"}), 400, "C → C")
    assert (text_of(world, a, pipeline), text_of(world, b, pipeline)) == ("1", "$'A' + 1")
    assert world.box(pipeline)["fields"] == {a["key"]: 1, b["key"]: 2}


def test_a_new_pipeline_may_have_formulas_that_read_later_fields(world: World) -> None:
    fields = [
        {"name": "Twice", "type": "FORMULA", "defaultValue": "$'Price' * 2"},
        {"name": "Price", "type": "TEXT_INPUT"},
        {"name": "Unset", "type": "FORMULA"},
    ]
    pipeline = world.pipeline(fields=fields)
    assert world.box(pipeline, fields={"1002": 4})["fields"] == {"1001": 8, "1002": 4}


def test_a_renamed_field_is_renamed_in_the_formulas_that_read_it(world: World) -> None:
    pipeline = world.pipeline()
    price = world.field(pipeline, "TEXT_INPUT", "Price")
    script = world.field(pipeline, "FORMULA", "Script", defaultValue="= /* $'Price' */ $'Price' + \"$'Price'\"")
    sheet = world.field(pipeline, "FORMULA", "Sheet", defaultValue="=SUM($'Price', 1)")
    set_field(world, price, pipeline, name="Client's \\ price")
    assert text_of(world, script, pipeline) == "= /* $'Price' */ $'Client\\'s \\\\ price' + \"$'Price'\""
    assert text_of(world, sheet, pipeline) == "=SUM($'Client\\'s \\\\ price', 1)"
    box = world.box(pipeline, fields={price["key"]: 2})
    assert (box["fields"][script["key"]], box["fields"][sheet["key"]]) == ("2$'Price'", 3)
    set_field(world, sheet, pipeline, defaultValue=text_of(world, sheet, pipeline).replace("1)", "2)"))
    assert edit(world.ada, box, fields={price["key"]: 3})["fields"][sheet["key"]] == 5


def test_a_formula_still_reads_its_field_after_a_rename_to_a_shared_name(world: World) -> None:
    pipeline = world.pipeline()
    first, second = world.field(pipeline, "TEXT_INPUT", "One"), world.field(pipeline, "TEXT_INPUT", "Two")
    field = world.field(pipeline, "FORMULA", "Difference", defaultValue="$'One' - $'Two'")
    set_field(world, second, pipeline, name="One")
    assert text_of(world, field, pipeline) == "$'One' - $'One'"
    assert world.box(pipeline, fields={first["key"]: 5, second["key"]: 3})["fields"][field["key"]] == 2


def test_a_formula_that_reads_a_deleted_field_is_in_error(world: World) -> None:
    pipeline = world.pipeline()
    price = world.field(pipeline, "TEXT_INPUT", "Price")
    twice = world.field(pipeline, "FORMULA", "Twice", defaultValue="$'Price' * 2")
    field = world.field(pipeline, "FORMULA", "More", defaultValue="$'Twice' + 1")
    box = world.box(pipeline, fields={price["key"]: 5})
    ok(world.ada.http.delete(f"/api/v1/pipelines/{pipeline['key']}/fields/{price['key']}"))
    settled(world, pipeline)
    found = fields_of(world, box)
    assert found.keys() == {twice["key"], field["key"]}
    assert {item["error"] for item in found.values()} == {"#REF!"}
    assert world.box(pipeline)["fields"] == found
    assert edit(world.ada, box, name="Other")["fields"] == found
    assert world.events(box["key"]) == ["box.created", "box.renamed"]


def test_an_empty_formula_has_no_value(world: World) -> None:
    pipeline = world.pipeline()
    field = world.field(pipeline, "FORMULA", "Later")
    box = world.box(pipeline)
    assert box["fields"] == {}
    set_field(world, field, pipeline, defaultValue="$'Name'")
    settled(world, pipeline)
    assert fields_of(world, box) == {field["key"]: "Acme"}
    set_field(world, field, pipeline, defaultValue="")
    settled(world, pipeline)
    assert fields_of(world, box) == {}
    assert world.box(pipeline)["fields"] == {}


def test_renaming_an_option_or_a_stage_updates_formula_values(world: World) -> None:
    pipeline = world.pipeline()
    size = world.field(pipeline, "DROPDOWN", "Size", dropdownSettings={"items": [{"name": "Small"}]})
    field = world.field(pipeline, "FORMULA", "Both", defaultValue="$'Size' + ' ' + $'Stage'")
    box = world.box(pipeline, fields={size["key"]: "9001"})
    assert box["fields"][field["key"]] == "Small Lead"
    set_field(world, size, pipeline, dropdownSettings={"items": [{"key": "9001", "name": "Tiny"}]})
    ok(world.ada.http.post(f"/api/v1/pipelines/{pipeline['key']}/stages/5001", json={"name": "New"}))
    settled(world, pipeline)
    after = ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))
    assert after["fields"][field["key"]] == "Tiny New"
    assert after["lastUpdatedTimestamp"] == box["lastUpdatedTimestamp"]
    assert after["lastSavedTimestamp"] > box["lastSavedTimestamp"]


def test_a_moved_box_has_the_values_of_its_new_pipeline(world: World) -> None:
    here, there = world.pipeline(), world.pipeline()
    world.field(here, "FORMULA", "F", defaultValue="1")
    world.field(here, "FORMULA", "G", defaultValue="2")
    field, _ = world.field(there, "FORMULA", "F", defaultValue="3"), world.field(there, "FORMULA", "G")
    box = world.box(here)
    assert edit(world.ada, box, pipelineKey=there["key"])["fields"] == {field["key"]: 3}


def test_boxes_are_filtered_and_sorted_by_a_formulas_value(world: World) -> None:
    pipeline = world.pipeline()
    price = world.field(pipeline, "TEXT_INPUT", "Price")
    total = world.field(pipeline, "FORMULA", "Total", defaultValue="IF($'Price' = 0, 1 / 0, $'Price' * 10)")
    for number in (3, 0, 1, 20):
        world.box(pipeline, name=f"{number}", fields={price["key"]: number})
    tree = {"field": total["key"], "op": "gte", "value": 30}
    path, sort = f"/api/v2/pipelines/{pipeline['key']}/boxes", f"-{total['key']}"
    found = ok(world.ada.http.get(path, params={"filter": json.dumps(tree), "sort": sort}))
    names = [box["name"] for box in found["results"]]
    assert names == ["20", "3"]
    every = ok(world.ada.http.get(path, params={"sort": total["key"]}))["results"]
    assert [box["name"] for box in every][:3] == ["1", "3", "20"]
    assert every[3]["fields"][total["key"]] == JUST


def test_formulas_that_read_the_clock_are_computed_again_each_day(world: World) -> None:
    pipeline = world.pipeline()
    field = world.field(pipeline, "FORMULA", "Today", defaultValue="TODAY()")
    box = world.box(pipeline)
    today = box["fields"][field["key"]]
    assert today == world.clock() // DAY * DAY
    settled(world, pipeline)
    world.clock.advance(days=1)
    eventually(lambda: fields_of(world, box)[field["key"]] == today + DAY)


def test_a_formula_that_keeps_timing_out_is_stopped_until_it_is_changed(world: World) -> None:
    pipeline = world.pipeline()
    field = world.field(pipeline, "FORMULA", "Hostile", defaultValue="while ($'Name') {} return 1")
    good = world.field(pipeline, "FORMULA", "Good", defaultValue="$'Name'.length")
    box = world.box(pipeline)
    assert (box["fields"][field["key"]]["error"], box["fields"][good["key"]]) == ("#TIMEOUT!", 4)
    for n in range(formulas.MOST_OVERRUNS):
        box = edit(world.ada, box, name=f"Acme {n}")
    assert box["fields"][field["key"]] == {"error": formulas.GIVEN_UP.code, "message": formulas.GIVEN_UP.message}
    assert box["fields"][good["key"]] == 6
    set_field(world, field, pipeline, defaultValue="2")
    settled(world, pipeline)
    assert fields_of(world, box)[field["key"]] == 2


def test_a_pipeline_without_formulas_needs_no_extra_queries(world: World) -> None:
    pipeline = world.pipeline()
    world.field(pipeline, "FORMULA", "Unset")
    created = world.as_("ada", lambda ctx: _statements_about_formulas(ctx, pipeline["key"]))
    assert created == []


def _statements_about_formulas(ctx: Any, pipeline_key: str) -> list[str]:
    from boxwood.core import boxes

    ctx.db = Listening(ctx.db)
    box = boxes.create(ctx, pipeline_key, {"name": "Acme"})
    boxes.edit(ctx, box.key, {"name": "Other"})
    assert ctx.db.heard
    return [sql for sql in ctx.db.heard if "formula" in sql.replace("formulas_updated_at", "") or "SHARE" in sql]


class Listening:
    """A transaction that records its statements."""

    def __init__(self, db: Any) -> None:
        self.db = db
        self.heard: list[str] = []

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.db, name)
        if name not in ("row", "rows", "run"):
            return found

        def call(sql: str, **params: Any) -> Any:
            self.heard.append(sql)
            return found(sql, **params)

        return call


@pytest.mark.slow
def test_ten_thousand_boxes_are_computed_when_a_formula_changes(world: World) -> None:
    pipeline = world.pipeline()
    price = world.field(pipeline, "TEXT_INPUT", "Price")
    box = world.box(pipeline)
    many = 10_000

    def fill(ctx: Any) -> None:
        first = BOXES.load(ctx.db.row(f"SELECT {BOXES.columns} FROM boxes WHERE key = :key", key=box["key"]))
        params = BOXES.params(first)
        names = ", ".join(f":{name}" for name in BOXES.names)
        rows = ({**params, "key": f"{box['key']}{n}", "fields": f'{{"{price["key"]}": {n}}}'} for n in range(many - 1))
        ctx.db.many(f"INSERT INTO boxes ({BOXES.columns}) VALUES ({names})", rows)

    world.as_("ada", fill)
    field = world.field(pipeline, "FORMULA", "Twice", defaultValue="$'Price' * 2")
    # The formula changes while its first version is being computed.
    set_field(world, field, pipeline, defaultValue="= $'Price' * 3 + 1")
    edited = edit(world.ada, {"key": f"{box['key']}7"}, fields={price["key"]: 70})
    assert edited["fields"][field["key"]] == 211
    settled(world, pipeline)
    sql = "SELECT fields FROM boxes WHERE pipeline_key = :key"
    found = world.server.engine.read(lambda db: db.rows(sql, key=pipeline["key"]))
    values = [json.loads(row[0]) for row in found]
    assert len(values) == many
    assert all(item[field["key"]] == item.get(price["key"], 0) * 3 + 1 for item in values)


def test_a_formula_can_be_previewed_before_it_is_saved(world: World) -> None:
    pipeline = world.pipeline()
    size = world.field(pipeline, "TEXT_INPUT", "Size")
    for number in ("0", "4"):
        world.box(pipeline, name=f"Acme {number}", fields={size["key"]: number})
    path = f"/api/v2/pipelines/{pipeline['key']}/formulas/preview"
    tried = ok(world.bo.http.post(path, json={"formula": "=ROUND(12/$'Size', 0)"}))["results"]
    assert [(item["name"], item["value"]) for item in tried] == [("Acme 4", 3), ("Acme 0", JUST)]
    assert ok(world.bo.http.post(path, params={"limit": 1}, json={"formula": "=$'Notes'"}))["results"] == [
        {"boxKey": tried[0]["boxKey"], "name": "Acme 4"}
    ]
    refused(world.ada.http.post(path, json={"formula": "=12/$'Sizes'"}), 400, "formula", "did you mean 'Size'")
    refused(world.ada.http.post(path, json={}), 400, "formula")
    refused(world.cy.http.post(path, json={"formula": "=1"}), 404, "not found")
    assert len(ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}"))["fields"]) == 1
