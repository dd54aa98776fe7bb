"""Reports of a pipeline, compared with figures counted by hand."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.conftest import World, ok, refused

DAY = 86_400_000
HOUR = 3_600_000


def report(world: World, pipeline: dict[str, Any], name: str, who: str = "ada", **query: Any) -> dict[str, Any]:
    http = getattr(world, who).http
    found: dict[str, Any] = ok(http.get(f"/api/v2/pipelines/{pipeline['key']}/reports/{name}", params=query))
    return found


def move(world: World, box: dict[str, Any], stage: str) -> None:
    ok(world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"stageKey": stage}))


@pytest.fixture
def sales(world: World) -> dict[str, Any]:
    """A pipeline with the stages Lead, Talks, Won and Lost, whose keys are 5001 to 5004."""
    return world.pipeline(stages=["Lead", "Talks", "Closed - Won", "Lost"])


def test_the_funnel_counts_how_far_boxes_got(world: World, sales: dict[str, Any]) -> None:
    lead, talks, won, skipped, lost = (world.box(sales, name=name) for name in ("a", "b", "c", "d", "e"))
    move(world, talks, "5002")
    for stage in ("5002", "5003"):
        move(world, won, stage)
    move(world, skipped, "5003")
    move(world, lost, "5002")
    move(world, lost, "5004")
    found = report(world, sales, "funnel")
    shown = [(item["stageKey"], item["reached"], item["now"], item["conversion"]) for item in found["stages"]]
    assert shown == [("5001", 5, 1, 1.0), ("5002", 4, 1, 0.8), ("5003", 2, 2, 0.5)]
    assert [item["share"] for item in found["stages"]] == [1.0, 0.8, 0.4]
    assert (found["total"], found["won"], found["lost"], found["winRate"]) == (5, 2, 1, 0.6667)
    # The box moves back to the first stage. It still counts in the stages it has reached.
    move(world, won, "5001")
    again = report(world, sales, "funnel")
    assert [(item["reached"], item["now"]) for item in again["stages"]] == [(5, 2), (4, 1), (2, 1)]
    ok(world.ada.http.delete(f"/api/v1/boxes/{lead['key']}"))
    assert report(world, sales, "funnel")["total"] == 4
    only = report(world, sales, "funnel", won="5002", lost="")
    assert [item["stageKey"] for item in only["stages"]] == ["5001", "5002", "5003", "5004"]
    assert only["won"] == 1


def test_an_empty_pipeline_has_reports_without_rates(world: World, sales: dict[str, Any]) -> None:
    found = report(world, sales, "funnel")
    assert found["winRate"] is None
    assert [stage["conversion"] for stage in found["stages"]] == [None, None, None]
    assert [stage["averageMs"] for stage in report(world, sales, "time-in-stage")["stages"]] == [None] * 4
    assert report(world, sales, "totals")["groups"] == []
    assert all(point["created"] == 0 for point in report(world, sales, "over-time")["points"])


def test_time_in_stage_sums_finished_and_open_stays(world: World, sales: dict[str, Any]) -> None:
    first, second, third = (world.box(sales, name=name) for name in "abc")
    world.clock.advance(ms=10 * HOUR)
    move(world, first, "5002")
    move(world, second, "5002")
    world.clock.advance(ms=20 * HOUR)
    move(world, first, "5001")
    world.clock.advance(ms=5 * HOUR)
    lead, talks, *_ = report(world, sales, "time-in-stage")["stages"]
    # 15 h (10 and 5 again), 10 h, 35 h; then 20 h and 25 h
    assert (lead["boxes"], lead["now"], talks["boxes"], talks["now"]) == (3, 2, 2, 1)
    assert lead["averageMs"] == pytest.approx(20 * HOUR, abs=60_000)
    assert lead["medianMs"] == pytest.approx(15 * HOUR, abs=HOUR)
    assert lead["longestMs"] == pytest.approx(35 * HOUR, abs=60_000)
    assert talks["averageMs"] == pytest.approx(22.5 * HOUR, abs=60_000)
    assert third["key"]


def test_over_time_counts_by_days_and_months_of_a_time_zone(world: World, sales: dict[str, Any]) -> None:
    value = world.field(sales, "TEXT_INPUT", "Value")["key"]
    start = world.clock()
    early = world.box(sales, name="a", fields={value: "100"})
    world.clock.advance(days=2)
    world.box(sales, name="b", fields={value: "n/a"})
    move(world, early, "5003")
    late = world.box(sales, name="c", fields={value: "7.5"})
    move(world, late, "5004")
    zone = ZoneInfo("Asia/Kathmandu")  # a time zone 5 h 45 min ahead of UTC
    query = {"interval": "day", "from": start, "to": world.clock() + 1, "timezone": zone.key, "sums": value}
    points = report(world, sales, "over-time", **query)["points"]
    assert len(points) == 3
    assert datetime.fromtimestamp(points[0]["from"] / 1000, zone).time().isoformat() == "00:00:00"
    assert [(point["created"], point["won"], point["lost"]) for point in points] == [(1, 0, 0), (0, 0, 0), (2, 1, 1)]
    assert points[0]["sums"] == {value: {"created": 100.0, "won": 0.0, "lost": 0.0}}
    assert points[2]["sums"] == {value: {"created": 7.5, "won": 100.0, "lost": 7.5}}
    months = report(world, sales, "over-time")["points"]
    assert len(months) in (12, 13)
    assert sum(point["created"] for point in months) == 3
    for name in ("week", "quarter", "year"):
        assert sum(point["created"] for point in report(world, sales, "over-time", interval=name)["points"]) == 3


def test_totals_are_by_stage_person_and_field(world: World, sales: dict[str, Any]) -> None:
    value = world.field(sales, "TEXT_INPUT", "Value")["key"]
    size = world.field(sales, "DROPDOWN", "Size", dropdownSettings={"items": [{"name": "S"}, {"name": "L"}]})
    small, large = (option["key"] for option in size["dropdownSettings"]["items"])
    tags = world.field(sales, "TAG", "Tags", tagSettings={"tags": [{"name": "hot"}]})
    hot = tags["tagSettings"]["tags"][0]["key"]
    both = [{"email": world.ada.email}, {"email": world.bo.email}]
    world.box(sales, name="a", fields={value: "10", size["key"]: large, tags["key"]: [hot]})
    world.box(sales, name="b", fields={value: 5, size["key"]: small}, assignedToSharingEntries=both)
    world.box(sales, name="c", fields={value: "later"}, stageKey="5002", assignedToSharingEntries=[])
    by = report(world, sales, "totals", sum=value)["groups"]
    assert [(group["key"], group["count"], group["sums"][value]["sum"]) for group in by] == [
        ("5001", 2, 15),
        ("5002", 1, 0),
    ]
    assert by[0]["sums"][value] == {"sum": 15.0, "count": 2, "average": 7.5, "ignored": 0}
    assert report(world, sales, "totals", sums=value)["groups"] == by
    people = {group["name"]: group["count"] for group in report(world, sales, "totals", by="assignee")["groups"]}
    assert people == {"Ada Lovelace": 2, "Bo Diddley": 1, "": 1}
    sizes = [(group["name"], group["count"]) for group in report(world, sales, "totals", by=size["key"])["groups"]]
    assert sizes == [("S", 1), ("L", 1), ("", 1)]
    tagged = {group["name"]: group["count"] for group in report(world, sales, "totals", by=tags["key"])["groups"]}
    assert tagged == {"hot": 1, "": 2}
    assert report(world, sales, "totals", by="creator")["groups"][0]["name"] == "Ada Lovelace"


def test_boards_tables_and_reports_sum_by_one_rule_in_both_spellings(world: World, sales: dict[str, Any]) -> None:
    value, spent = world.field(sales, "TEXT_INPUT", "Value")["key"], "timeInStage.5001"
    for number in ("0.1", "0.2", "later", ""):
        world.box(sales, name="a", fields={value: number})
    world.clock.advance(ms=HOUR)
    hours = pytest.approx(4 * HOUR, abs=60_000)
    path = f"/api/v2/pipelines/{sales['key']}"
    for spelling in ("sums", "sum"):
        query = {spelling: f"{value},{spent}"}
        board = ok(world.ada.http.get(f"{path}/board", params=query))["columns"][0]["sums"]
        assert board == {value: 0.3, spent: hours}
        group = ok(world.ada.http.get(f"{path}/table", params=query))["groups"][0]
        assert group["sums"] == {value: 0.3, spent: hours}
        assert group["ignored"] == {value: 1}
        totals = report(world, sales, "totals", **query)["groups"][0]["sums"]
        assert totals[value] == {"sum": 0.3, "count": 2, "average": 0.15, "ignored": 1}
        assert totals[spent]["sum"] == hours
        points = report(world, sales, "over-time", **query)["points"]
        assert points[-1]["sums"][value] == {"created": 0.3, "won": 0, "lost": 0}
        assert points[-1]["sums"][spent]["created"] == hours
    many = ",".join(["taskTotal"] * 51)
    for at in ("board", "table", "reports/totals", "reports/over-time"):
        refused(world.ada.http.get(f"{path}/{at}", params={"sum": many}), 400, "sums")


def test_a_filter_that_matches_all_boxes_changes_no_figure(world: World, sales: dict[str, Any]) -> None:
    """Without a filter the server counts all boxes with another query."""
    moves: tuple[tuple[str, ...], ...] = (
        (),
        ("5002",),
        ("5002", "5003"),
        ("5004",),
        ("5003", "5001"),
        ("5002", "5004"),
    )
    for number, stages in enumerate(moves):
        box = world.box(sales, name=str(number))
        for stage in stages:
            world.clock.advance(ms=7 * HOUR)
            move(world, box, stage)
    tree = '{"field": "name", "op": "isNotEmpty"}'
    assert report(world, sales, "funnel", filter=tree) == report(world, sales, "funnel")
    some, every = (report(world, sales, "time-in-stage", **query)["stages"] for query in ({"filter": tree}, {}))
    for delivery, other in zip(some, every, strict=True):
        assert {name: delivery[name] for name in ("stageKey", "boxes", "now")} == {
            name: other[name] for name in ("stageKey", "boxes", "now")
        }
        for name in ("averageMs", "medianMs", "longestMs"):
            assert delivery[name] == pytest.approx(other[name], abs=HOUR)
        assert delivery["averageMs"] == pytest.approx(other["averageMs"], abs=60_000)


def test_reports_count_only_matching_boxes_that_the_user_may_see(world: World) -> None:
    sales = world.pipeline(stages=["Lead", "Won"], defaultPermissionSetName="__viewAssignedPermissionSet__")
    world.box(sales, name="Hers")
    theirs = world.box(sales, name="His", assignedToSharingEntries=[{"email": world.bo.email}])
    move(world, theirs, "5002")
    assert report(world, sales, "funnel")["total"] == 2
    assert report(world, sales, "funnel", "bo")["total"] == 1
    assert [stage["reached"] for stage in report(world, sales, "funnel", "bo")["stages"]] == [1, 1]
    tree = '{"field": "name", "op": "eq", "value": "Hers"}'
    assert report(world, sales, "totals", filter=tree)["groups"][0]["count"] == 1
    assert [stage["boxes"] for stage in report(world, sales, "time-in-stage", filter=tree)["stages"]] == [1, 0]
    later = {"from": world.clock() + 1000}
    assert report(world, sales, "funnel", **later)["total"] == 0
    refused(world.cy.http.get(f"/api/v2/pipelines/{sales['key']}/reports/funnel"), 404)


@pytest.mark.parametrize(
    ("name", "query", "field"),
    [
        ("funnel", {"won": "9"}, "won[0]"),
        ("over-time", {"interval": "hour"}, "interval"),
        ("over-time", {"interval": "day", "from": 0}, "interval"),
        ("over-time", {"from": 5, "to": 5}, "to"),
        ("over-time", {"timezone": "Mars"}, "timezone"),
        ("over-time", {"timezone": "../etc/passwd"}, "timezone"),
        ("over-time", {"to": 10**15}, "from"),
        ("totals", {"by": "9"}, "by"),
        ("totals", {"sums": "name"}, "sums[0]"),
        ("totals", {"sum": "name"}, "sums[0]"),
        ("totals", {"filter": "{"}, "filter"),
    ],
)
def test_invalid_report_parameters_are_refused_by_name(
    world: World, sales: dict[str, Any], name: str, query: dict[str, Any], field: str
) -> None:
    answer = world.ada.http.get(f"/api/v2/pipelines/{sales['key']}/reports/{name}", params=query)
    refused(answer, 400)
    assert answer.json()["field"] == field


def test_stays_move_with_boxes_to_other_pipelines_and_return_from_the_trash(
    world: World, sales: dict[str, Any]
) -> None:
    other = world.pipeline()
    box = world.box(sales)
    move(world, box, "5002")
    ok(world.ada.http.delete(f"/api/v1/boxes/{box['key']}"))
    assert report(world, sales, "funnel")["stages"][0]["reached"] == 0
    ok(world.ada.http.post(f"/api/v2/trash/{box['key']}/restore"))
    assert [stage["reached"] for stage in report(world, sales, "funnel")["stages"]] == [1, 1, 0]
    ok(world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"pipelineKey": other["key"]}))
    assert [stage["reached"] for stage in report(world, sales, "funnel")["stages"]] == [0, 0, 0]
    assert report(world, other, "funnel")["stages"][0]["reached"] == 1


def test_won_and_lost_are_kinds_of_stages_that_names_decide_and_users_change(world: World) -> None:
    http = world.ada.http
    sales = world.pipeline(stages=["Neu", "Gewonnen", "Closed-Won", "lost for now", "Wonder"])
    path = f"/api/v2/pipelines/{sales['key']}"

    def kinds(key: str = sales["key"]) -> list[str]:
        pipeline = ok(http.get(f"/api/v1/pipelines/{key}"))
        return [pipeline["stages"][stage]["kind"] for stage in pipeline["stageOrder"]]

    def counted() -> tuple[int, int]:
        funnel = ok(http.get(f"{path}/reports/funnel"))
        return funnel["won"], funnel["lost"]

    assert kinds() == ["OPEN", "OPEN", "WON", "LOST", "OPEN"]
    world.box(sales, name="Acme", stageKey="5002")
    assert counted() == (0, 0)
    response = http.post(f"{path}/stages/5002", json={"kind": "WON"})
    assert (ok(response)["kind"], counted()) == ("WON", (1, 0))
    ok(http.post("/api/v2/undo", json={"change": response.headers["X-Boxwood-Change"]}))
    assert kinds()[1] == "OPEN"
    ok(http.post(f"{path}/stages/5002", json={"kind": "WON"}))
    # A kind that is given stays when the name changes, unless the new name says otherwise.
    ok(http.post(f"{path}/stages/5002", json={"name": "Abgeschlossen"}))
    assert kinds()[1] == "WON"
    ok(http.post(f"{path}/stages/5005", json={"name": "Lost"}))
    assert kinds()[4] == "LOST"
    created = ok(http.post(f"{path}/stages", json={"name": "Verloren", "kind": "LOST"}))
    assert created["kind"] == "LOST"
    exported = ok(http.get(f"{path}/export?format=json"))
    copy = ok(http.post("/api/v2/pipelines/import", params={"teamKey": world.team_key, "name": "Copy"}, json=exported))
    assert kinds(copy["pipelineKey"]) == kinds()
    refused(http.post(f"{path}/stages/5001", json={"kind": "DONE"}), 400, "kind")
    colours = ok(http.get(path))["stages"]
    assert colours["5003"]["color"]["backgroundColor"] == "#a8dab5"
    assert colours["5004"]["color"]["backgroundColor"] == colours[created["key"]]["color"]["backgroundColor"]
