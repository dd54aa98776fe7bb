"""Calendar feeds, read as calendar programs do: without an API key, and by another library than the writer's."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
from ical.calendar import Calendar
from ical.calendar_stream import IcsCalendarStream

from boxwood.core.accounts import locked_users
from tests.conftest import World, ok, refused

DAY = 86_400_000


@pytest.fixture
def program(world: World) -> Iterator[httpx.Client]:
    with world.client(None) as client:
        yield client


def feed(world: World, **given: Any) -> dict[str, Any]:
    return ok(world.ada.http.post("/api/v2/calendars", json=given))  # type: ignore[no-any-return]


def read(program: httpx.Client, url: str) -> Calendar:
    answer = program.get(url)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/calendar;charset=utf-8"
    assert all(len(line) <= 75 for line in answer.content.split(b"\r\n"))
    return IcsCalendarStream.calendar_from_ics(answer.text)


def names(calendar: Calendar) -> list[str]:
    return sorted(event.summary or "" for event in calendar.events)


def midnight(world: World, days: int) -> int:
    """Midnight UTC, some days from today."""
    return (world.clock() // DAY + days) * DAY


def test_a_feed_shows_tasks_and_meetings_with_their_times(world: World, program: httpx.Client) -> None:
    pipeline = world.pipeline(name="Sales")
    box = world.box(pipeline, name="Müller & Söhne, Köln — a name that is so long that its line must be folded")
    path = f"/api/v2/boxes/{box['key']}"
    me = [{"userKey": world.ada.user_key}]
    day, moment = midnight(world, 3), midnight(world, 4) + 9 * 3_600_000 + 30 * 60_000
    text = "Send the offer, with\nboth prices; 10\\20"
    whole = ok(world.ada.http.post(f"{path}/tasks", json={"text": text, "dueDate": day, "assignedTo": me}))
    timed = ok(world.ada.http.post(f"{path}/tasks", json={"text": "Call Kim", "dueDate": moment, "assignedTo": me}))
    call = {"meetingType": "CALL_LOG", "startTimestamp": moment, "duration": 1_800_000, "notes": "Talked\nabout 🌲"}
    meeting = ok(world.ada.http.post(f"{path}/meetings", json=call))
    made = feed(world, name="Ada's work")
    calendar = read(program, made["url"])
    assert calendar.prodid == "-//Boxwood//Calendar feed//EN"
    events = {event.uid: event for event in calendar.events}
    assert set(events) == {f"{each['key']}@boxwood" for each in (whole, timed, meeting)}
    all_day = events[f"{whole['key']}@boxwood"]
    expected = datetime.fromtimestamp(day / 1000, UTC).date()
    assert (all_day.dtstart, all_day.dtend) == (expected, expected + timedelta(days=1))
    assert isinstance(all_day.dtstart, date)
    assert not isinstance(all_day.dtstart, datetime)
    assert all_day.summary == f"Send the offer, with ({box['name']})"
    assert (all_day.description or "").endswith("both prices; 10\\20")
    assert all_day.categories == ["Sales"]
    assert str(all_day.url) == f"{world.server.url}/boxes/{box['key']}"
    assert events[f"{timed['key']}@boxwood"].dtstart == datetime.fromtimestamp(moment / 1000, UTC)
    talk = events[f"{meeting['key']}@boxwood"]
    assert talk.dtstart == datetime.fromtimestamp(moment / 1000, UTC)
    assert (talk.computed_duration, talk.summary) == (timedelta(minutes=30), f"Call: {box['name']}")
    assert (talk.description or "").endswith("Talked\nabout 🌲")


def test_a_feed_leaves_out_done_tasks_drafts_and_what_is_of_others(world: World, program: httpx.Client) -> None:
    box = world.box(world.pipeline(), name="Acme")
    path = f"/api/v2/boxes/{box['key']}/tasks"
    due = midnight(world, 1)
    mine, his = [{"userKey": world.ada.user_key}], [{"userKey": world.bo.user_key}]
    ok(world.ada.http.post(path, json={"text": "Open", "dueDate": due, "assignedTo": mine}))
    ok(world.ada.http.post(path, json={"text": "Of Bo", "dueDate": due, "assignedTo": his}))
    ok(world.ada.http.post(path, json={"text": "Draft", "dueDate": due, "assignedTo": mine, "isDraft": True}))
    ok(world.ada.http.post(path, json={"text": "Some day", "assignedTo": mine}))
    ok(world.ada.http.post(path, json={"text": "Old", "dueDate": midnight(world, -100), "assignedTo": mine}))
    done = ok(world.ada.http.post(path, json={"text": "Done", "dueDate": due, "assignedTo": mine}))
    ok(world.ada.http.post(f"/api/v2/tasks/{done['key']}", json={"status": "DONE"}))
    assert names(read(program, feed(world)["url"])) == ["Open (Acme)"]
    assert names(read(program, feed(world, whose="ALL")["url"])) == ["Of Bo (Acme)", "Open (Acme)"]


def test_a_feed_of_a_pipeline_shows_only_its_boxes_and_ends_with_the_access(
    world: World, program: httpx.Client
) -> None:
    other, pipeline = world.pipeline(name="Other"), world.pipeline(name="Sales")
    for place, name in ((other, "Initech"), (pipeline, "Acme")):
        task = {"text": "Call", "dueDate": midnight(world, 1)}
        ok(world.ada.http.post(f"/api/v2/boxes/{world.box(place, name=name)['key']}/tasks", json=task))
    asked = {"pipelineKey": pipeline["key"], "whose": "ALL"}
    of_bo = ok(world.bo.http.post("/api/v2/calendars", json=asked))
    everything = ok(world.bo.http.post("/api/v2/calendars", json={"whose": "ALL"}))
    assert names(read(program, of_bo["url"])) == ["Call (Acme)"]
    assert names(read(program, everything["url"])) == ["Call (Acme)", "Call (Initech)"]
    ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}", json={"teamWide": False}))
    assert names(read(program, of_bo["url"])) == []
    assert names(read(program, everything["url"])) == ["Call (Initech)"]
    assert refused(world.cy.http.post("/api/v2/calendars", json=asked), 404)


def test_the_address_is_shown_once_works_without_a_key_and_ends_when_the_feed_is_deleted(
    world: World, program: httpx.Client
) -> None:
    made = feed(world, name="Phone")
    token = made["url"].rpartition("token=")[2]
    assert len(token) == 43
    (listed,) = ok(world.ada.http.get("/api/v2/calendars"))["results"]
    assert listed == ok(world.ada.http.get(f"/api/v2/calendars/{made['key']}"))
    assert listed == {name: value for name, value in made.items() if name != "url"}
    stored = world.server.engine.read(lambda db: db.rows("SELECT * FROM calendars"))
    assert token not in str(stored)
    tag = program.get(made["url"]).headers["etag"]
    assert program.get(made["url"], headers={"If-None-Match": tag}).status_code == 304
    wrong = program.get(made["url"][:-1] + ("A" if made["url"][-1] != "A" else "B"))
    unknown = program.get(made["url"].replace(made["key"], made["key"][:-1] + "-"))
    for answer in (wrong, unknown, program.get(made["url"].partition("?")[0])):
        refused(answer, 404)
    for other in (world.bo, world.cy):
        refused(other.http.get(f"/api/v2/calendars/{made['key']}"), 404)
        refused(other.http.delete(f"/api/v2/calendars/{made['key']}"), 404)
    ok(world.ada.http.delete(f"/api/v2/calendars/{made['key']}"))
    refused(program.get(made["url"]), 404)
    assert ok(world.ada.http.get("/api/v2/calendars"))["results"] == []


def test_a_locked_user_has_no_feed(world: World, program: httpx.Client) -> None:
    url = ok(world.bo.http.post("/api/v2/calendars", json={}))["url"]
    assert program.get(url).status_code == 200
    world.server.engine.write(lambda db: locked_users.lock(db, world.bo.user, world.clock()))
    refused(program.get(url), 404)


def test_a_user_has_at_most_twenty_feeds_and_bad_input_is_named(world: World) -> None:
    refused(world.ada.http.post("/api/v2/calendars", json={"whose": "THEIRS"}), 400, "whose", "MINE, ALL")
    for _ in range(20):
        feed(world)
    refused(world.ada.http.post("/api/v2/calendars", json={}), 400, "20 calendar feeds")
