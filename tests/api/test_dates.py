"""Dates: a day is that day at every door and in every time zone, and the same text is the same date everywhere."""

import json
from pathlib import Path
from typing import Any

import pytest

from boxwood.lib import dates
from tests.api.test_exports import export
from tests.api.test_filters import listed
from tests.api.test_imports import boxes, counts, imported, refusals
from tests.conftest import World, ok, refused

CASES = json.loads((Path(__file__).parents[1] / "dates.json").read_text(encoding="utf-8"))
MARCH_4 = 1_741_046_400_000
DAY = 86_400_000


def dated(world: World) -> tuple[dict[str, Any], str]:
    """A pipeline with a date field, and the key of the field."""
    pipeline = world.pipeline()
    return pipeline, world.field(pipeline, "DATE", "Due")["key"]


def set_date(world: World, box: dict[str, Any], key: str, value: Any) -> Any:
    return world.ada.http.post(f"/api/v1/boxes/{box['key']}/fields/{key}", json={"value": value})


def preview(world: World, pipeline: dict[str, Any], table: str, **params: str) -> dict[str, Any]:
    path = f"/api/v2/pipelines/{pipeline['key']}/import/preview"
    return ok(world.ada.http.post(path, params=params, content=table.encode()))


def test_every_door_reads_the_same_texts(world: World) -> None:
    pipeline, key = dated(world)
    box = world.box(pipeline)
    tasks = f"/api/v2/boxes/{box['key']}/tasks"
    contact_field = ok(
        world.ada.http.post(f"/api/v2/teams/{world.team_key}/contacts/fields", json={"name": "When", "type": "DATE"})
    )["key"]
    for text, at in [*list(CASES["days"].items())[::3], *list(CASES["moments"].items())[::3]]:
        assert ok(set_date(world, box, key, text))["value"] == at, text
        assert listed(world, pipeline, {"field": key, "op": "eq", "value": text}) == [box["name"]], text
        contact = {"givenName": "Kim", "fields": {contact_field: text}}
        made = ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}/contacts", json=contact))
        assert made["fields"] == {contact_field: str(at)}, text
        if at > 0:
            assert ok(world.ada.http.post(tasks, json={"text": "Call", "dueDate": text}))["dueDate"] == at, text
            meeting = {"meetingType": "CALL_LOG", "startTimestamp": text}
            made = ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}/meetings", json=meeting))
            assert made["startTimestamp"] == at, text
    for text in CASES["refused"]:
        if not text:
            continue
        refused(set_date(world, box, key, text), 400, repr(text[:50]))
        if text not in ("0", "-1"):  # no date, for a task
            refused(world.ada.http.post(tasks, json={"text": "x", "dueDate": text}), 400, "dueDate")


def test_milliseconds_stay_exact_and_years_are_1_to_9999_at_every_door(world: World) -> None:
    pipeline, key = dated(world)
    box = world.box(pipeline)
    path = f"/api/v2/teams/{world.team_key}/contacts"
    when = ok(world.ada.http.post(f"{path}/fields", json={"name": "When", "type": "DATE"}))["key"]
    for number in (0, 1000, DAY, -DAY, 1347451200000):
        assert ok(set_date(world, box, key, number))["value"] == number
        contact = ok(world.ada.http.post(path, json={"givenName": "Kim", "fields": {when: number}}))
        assert contact["fields"] == {when: str(number)}
        same = ok(world.ada.http.post(f"/api/v2/contacts/{contact['key']}", json={"fields": contact["fields"]}))
        assert same["fields"] == contact["fields"]
    for number in (-62135596800001, 253402300800000, 1741046400, 46000, 20260331):
        refused(set_date(world, box, key, number), 400)
        refused(world.ada.http.post(path, json={"givenName": "Kim", "fields": {when: number}}), 400)
        refused(world.ada.http.post(f"/api/v2/boxes/{box['key']}/tasks", json={"text": "x", "dueDate": number}), 400)


def test_a_day_in_a_filter_is_the_whole_day_in_the_callers_time_zone(world: World) -> None:
    pipeline, key = dated(world)
    values = {
        "day 3": "2025-03-03",
        "late 3": "2025-03-04T04:59:00Z",  # 23:59 on the third in New York
        "day 4": "2025-03-04",
        "noon 4": "2025-03-04T17:00:00Z",
        "late 4": "2025-03-05T04:59:00Z",
        "day 5": "2025-03-05",
        "early 5": "2025-03-05T05:00:00Z",
    }
    for name, value in values.items():
        world.box(pipeline, name=name, fields={key: value})
    world.box(pipeline, name="none")
    expected = {
        "eq": ["day 4", "noon 4", "late 4"],
        "lt": ["day 3", "late 3"],
        "lte": ["day 3", "late 3", "day 4", "noon 4", "late 4"],
        "gt": ["day 5", "early 5"],
        "gte": ["day 4", "noon 4", "late 4", "day 5", "early 5"],
        "ne": ["day 3", "late 3", "day 5", "early 5", "none"],
    }
    ok(world.ada.http.post(f"/api/v1/users/{world.ada.user_key}", json={"timezoneId": "America/New_York"}))
    for op, names in expected.items():
        assert listed(world, pipeline, {"field": key, "op": op, "value": "2025-03-04"}) == names, op
    between = {"field": key, "op": "between", "value": ["3 March 2025", "3/4/2025"]}
    assert listed(world, pipeline, between) == ["day 3", "late 3", "day 4", "noon 4", "late 4"]
    exact = {"field": key, "op": "lte", "value": MARCH_4}
    assert listed(world, pipeline, exact) == ["day 3", "day 4"]
    ok(world.ada.http.post(f"/api/v1/users/{world.ada.user_key}", json={"timezoneId": "Pacific/Auckland"}))
    assert listed(world, pipeline, {"field": key, "op": "eq", "value": "2025-03-04"}) == ["late 3", "day 4"]
    ok(world.ada.http.post(f"/api/v1/users/{world.ada.user_key}", json={"timezoneId": "UTC"}))
    whole = {"field": key, "op": "lte", "value": "2025-03-04"}
    assert listed(world, pipeline, whole) == ["day 3", "late 3", "day 4", "noon 4"]


def test_relative_dates_stay_relative_in_saved_views(world: World) -> None:
    pipeline, key = dated(world)
    today = world.clock() // DAY * DAY
    for name, days in (("yesterday", -1), ("today", 0), ("tomorrow", 1), ("next week", 7)):
        world.box(pipeline, name=name, fields={key: today + days * DAY})
    tree = {"field": key, "op": "between", "value": ["today-1d", "today"]}
    body = {"name": "Due", "filter": tree}
    view = ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/views", json=body))
    assert view["filter"] == tree
    path = f"/api/v2/pipelines/{pipeline['key']}/views/{view['key']}/boxes"
    assert [box["name"] for box in ok(world.ada.http.get(path))["results"]] == ["yesterday", "today"]
    world.clock.advance(days=1)
    assert [box["name"] for box in ok(world.ada.http.get(path))["results"]] == ["today", "tomorrow"]
    world.clock.advance(days=-1)
    for value, names in (
        ("tomorrow", ["tomorrow"]),
        ("today+1w", ["next week"]),
        ("Yesterday", ["yesterday"]),
        ("today+999y", []),
    ):
        assert listed(world, pipeline, {"field": key, "op": "eq", "value": value}) == names
    assert listed(world, pipeline, {"field": "creationTimestamp", "op": "gt", "value": "now-1h"}) == [
        "yesterday",
        "today",
        "tomorrow",
        "next week",
    ]
    for value in ("today-2h", "today+9999y", "last week"):
        path = f"/api/v2/pipelines/{pipeline['key']}/boxes"
        wrong = {"filter": json.dumps({"field": key, "op": "eq", "value": value})}
        refused(world.ada.http.get(path, params=wrong), 400, "filter.value")
    rule = {"name": "Late", "assertion": {"field": key, "op": "gt", "value": "today"}}
    refused(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/validators", json=rule), 400, "assertion.value")


@pytest.mark.parametrize(
    ("cells", "order", "stored"),
    [
        (["03/04/2025", "10.20.30.40"], "mdy", "2025-03-04"),
        (["03/04/2025", "25/12/2025"], "dmy", "2025-04-03"),
        (["03/04/2025", "12/25/2025"], "mdy", "2025-03-04"),
        (["3.4.2025", "4.4.2025"], "dmy", "2025-04-03"),
        (["25/03/04", "99/12/31"], "ymd", "2025-03-04"),
        (["2025/03/04", "20250304"], "mdy", "2025-03-04"),
    ],
)
def test_the_order_of_dates_comes_from_whole_cells_of_date_columns(
    world: World, cells: list[str], order: str, stored: str
) -> None:
    pipeline, key = dated(world)
    table = "Name,Due,Version,Phone\n" + "".join(f"b,{cell},1.2.34,06.12.34.56.78\n" for cell in cells)
    found = preview(world, pipeline, table)
    assert found["dates"] == order
    assert found["datesAmbiguous"] == (cells[0] == "03/04/2025" and cells[1] == "10.20.30.40")
    imported(world, pipeline, table)
    assert boxes(world, pipeline)[0]["fields"][key] == dates.read(stored)


def test_a_preview_says_what_was_found_about_dates(world: World) -> None:
    pipeline, _ = dated(world)
    found = preview(world, pipeline, "Name,Due\na,03/04/2025\n")
    assert (found["dates"], found["datesAmbiguous"]) == ("mdy", True)
    assert "'03/04/2025' in 'Due' is 2025-03-04" in found["datesNotes"][0]
    assert "2025-04-03" in found["datesNotes"][0]
    given = preview(world, pipeline, "Name,Due\na,03/04/2025\n", dates="dmy")
    assert (given["dates"], given["datesAmbiguous"]) == ("dmy", False)
    assert given["rows"][0]["fields"]["1001"] == dates.read("2025-04-03")
    mixed = preview(world, pipeline, "Name,Due\na,25/12/2025\nb,26/12/2025\nc,12/25/2025\n")
    assert (mixed["dates"], mixed["datesAmbiguous"]) == ("dmy", False)
    assert "'12/25/2025' in 'Due' is not a date in the order day, month, year" in mixed["datesNotes"][1]
    none = preview(world, pipeline, "Name,Due\na,4 March 2025\n")
    assert (none["datesAmbiguous"], none["datesNotes"], none["excelDays"]) == (False, [], [])


def test_a_late_row_in_another_order_is_refused_in_words(world: World) -> None:
    pipeline, _ = dated(world)
    table = "Name,Due\n" + "a,03/04/2025\n" * 1200 + "late,25/12/2025\n"
    job = imported(world, pipeline, table, dryRun="true")
    assert counts(job)[1:] == (1201, 1200, 0, 1)
    [(row, column, reason)] = [(row["row"], row["column"], row["reason"]) for row in job["refusedRows"]]
    assert (row, column) == (1201, "Due")
    assert "'25/12/2025' is not a date in the order month, day, year" in reason
    assert "dates=dmy" in reason


def test_day_numbers_of_a_spreadsheet_are_days_only_in_columns_of_them(world: World) -> None:
    pipeline, key = dated(world)
    found = preview(world, pipeline, "Name,Due\na,45720\nb,\nc,45721.5\n")
    assert found["excelDays"] == ["Due"]
    assert "'Due' holds day numbers of a spreadsheet: 45720 is read as 2025-03-04" in found["datesNotes"][0]
    imported(world, pipeline, "Name,Due\na,45720\nb,\nc,45721.5\n")
    assert [box["fields"].get(key) for box in boxes(world, pipeline)] == [
        MARCH_4,
        None,
        MARCH_4 + DAY + DAY // 2,
    ]
    job = imported(world, pipeline, "Name,Due\nd,45720\ne,20250304\nf,1741046400\ng,2025\nh,1741046400000\n")
    assert [(row, reason.split(" looks")[0].split(" is not")[0]) for row, _, reason in refusals(world, job)] == [
        (1, "'45720'"),
        (3, "'1741046400'"),
        (4, "'2025'"),
    ]
    assert [box["fields"][key] for box in boxes(world, pipeline)[3:]] == [MARCH_4, MARCH_4]
    lines = '{"name":"i","Due":45720}\n{"name":"j","Due":"2025-03-04"}\n{"name":"k","Due":1741046400000}\n'
    lines += '{"name":"l","Due":20250304}\n{"name":"m","Due":1741046400}\n'
    job = imported(world, pipeline, lines, kind="application/x-ndjson")
    assert [row for row, _, _ in refusals(world, job)] == [1, 5]
    assert [box["fields"][key] for box in boxes(world, pipeline)[5:]] == [MARCH_4] * 3


def test_an_export_writes_days_as_days_and_its_import_reads_them_back(world: World) -> None:
    pipeline, key = dated(world)
    values = [MARCH_4, MARCH_4 + 1, MARCH_4 + 36_000_000, -DAY]
    for value in values:
        world.box(pipeline, fields={key: value})
    sent = export(world, pipeline)
    rows = [line.split(",")[2] for line in sent.text.splitlines()[1:]]
    assert rows == ["2025-03-04", "2025-03-04T00:00:00.001Z", "2025-03-04T10:00:00Z", "1969-12-31"]
    other, same = dated(world)
    imported(world, other, sent.text)
    assert [box["fields"][same] for box in boxes(world, other)] == values


def test_old_dates_outside_the_calendar_break_no_reader(world: World) -> None:
    pipeline, key = dated(world)
    far = {"a": -62135596800001, "b": -253402300799999, "c": MARCH_4}
    for name in far:
        world.box(pipeline, name=name, fields={key: MARCH_4})
    sql = "UPDATE boxes SET fields = :fields WHERE name = :name"
    for name, value in far.items():
        stored = json.dumps({key: value})
        world.as_("ada", lambda ctx, name=name, stored=stored: ctx.db.run(sql, fields=stored, name=name))
    table = ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}/table", params={"by": key}))
    assert [(group["key"], len(group["boxKeys"])) for group in table["groups"]] == [("0001-01", 2), ("2025-03", 1)]
    rows = [line.split(",")[2] for line in export(world, pipeline).text.splitlines()[1:]]
    assert rows == ["-62135596800001", "-253402300799999", "2025-03-04"]
    box = boxes(world, pipeline)[0]
    assert "-62135596800001" in world.ada.http.get(f"/api/v1/boxes/{box['key']}/md").text
    assert listed(world, pipeline, {"field": key, "op": "lt", "value": "2025-03-04"}) == ["a", "b"]
