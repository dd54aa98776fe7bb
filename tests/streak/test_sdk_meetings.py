"""Meetings and call logs through the official Python client."""

import pytest

from tests.streak.sdk import refused

START = 1_700_000_000_000


@pytest.fixture
def pipeline(world):
    return world.pipeline()


@pytest.fixture
def box(world, pipeline):
    return world.box(pipeline, name="Deal")["key"]


def notes(answer):
    return [meeting.notes for meeting in answer.results]


@pytest.mark.parametrize("kind", ["CALL_LOG", "MEETING_NOTES"])
def test_a_meeting_is_created_and_read_back(ada, bo, box, pipeline, world, kind):
    created = ada.meetings.create_meeting(
        box, meeting_type=kind, start_timestamp=START, duration=1_800_000, notes="<p>Went well</p>"
    )
    assert (created.meeting_type, created.start_timestamp, created.duration) == (kind, START, 1_800_000)
    assert (created.notes, created.task_keys) == ("<p>Went well</p>", [])
    assert (created.box_key, created.pipeline_key) == (box, pipeline["key"])
    assert created.creator_key == world.ada.user_key
    assert created.creation_date <= created.last_saved_timestamp
    assert ada.meetings.get_meeting(created.key) == created
    assert bo.meetings.get_meeting(created.key).notes == created.notes


def test_a_meeting_has_a_known_kind(ada, box):
    with refused(400, "meetingType"):
        ada.meetings.create_meeting(box, meeting_type="SEANCE", start_timestamp=START)
    assert notes(ada.meetings.get_meetings(box)) == []


def test_a_meeting_names_its_tasks(ada, box):
    tasks = [ada.tasks.create_task(box, text=text).key for text in ("one", "two")]
    created = ada.meetings.create_meeting(box, meeting_type="MEETING_NOTES", start_timestamp=START, task_keys=tasks)
    assert sorted(created.task_keys) == sorted(tasks)
    changed = ada.meetings.update_meeting(created.key, task_keys=tasks[:1])
    assert changed.task_keys == tasks[:1]
    assert ada.meetings.get_meeting(created.key) == changed
    assert ada.meetings.update_meeting(created.key, task_keys=[]).task_keys == []


def test_a_changed_meeting_keeps_what_was_left_out(ada, box):
    created = ada.meetings.create_meeting(
        box, meeting_type="CALL_LOG", start_timestamp=START, duration=60_000, notes="Before"
    )
    changed = ada.meetings.update_meeting(created.key, notes="After")
    assert (changed.notes, changed.duration, changed.start_timestamp) == ("After", 60_000, START)
    moved = ada.meetings.update_meeting(
        created.key, meeting_type="MEETING_NOTES", start_timestamp=START + 1000, duration=120_000
    )
    assert (moved.meeting_type, moved.start_timestamp, moved.duration) == (
        "MEETING_NOTES",
        START + 1000,
        120_000,
    )
    assert moved.notes == "After"
    assert ada.meetings.get_meeting(created.key) == moved


def test_a_draft_is_published(ada, box):
    created = ada.meetings.create_meeting(box, meeting_type="CALL_LOG", start_timestamp=START, is_draft=True)
    assert created.is_draft is True
    assert ada.meetings.update_meeting(created.key, is_draft=False).is_draft is False
    assert not ada.meetings.get_meeting(created.key).is_draft


def test_the_meetings_of_a_box_come_in_pages(ada, box, world, pipeline):
    for number in range(3):
        ada.meetings.create_meeting(box, meeting_type="CALL_LOG", start_timestamp=START + number, notes=f"{number}")
    other = world.box(pipeline, name="Other")["key"]
    ada.meetings.create_meeting(other, meeting_type="CALL_LOG", start_timestamp=START, notes="elsewhere")
    everything = notes(ada.meetings.get_meetings(box))
    assert sorted(everything) == ["0", "1", "2"]
    first, last = (ada.meetings.get_meetings(box, limit=2, page=page) for page in (0, 1))
    assert notes(first) + notes(last) == everything
    assert (first.has_next_page, bool(last.has_next_page)) == (True, False)


def test_a_deleted_meeting_is_gone(ada, box):
    created = ada.meetings.create_meeting(box, meeting_type="CALL_LOG", start_timestamp=START)
    assert ada.meetings.delete_meeting(created.key).success is True
    with refused(404):
        ada.meetings.get_meeting(created.key)
    assert notes(ada.meetings.get_meetings(box)) == []


def test_the_box_counts_calls_and_meetings(ada, box, world):
    for start, duration in ((START, 60_000), (START + 5000, 30_000)):
        ada.meetings.create_meeting(box, meeting_type="CALL_LOG", start_timestamp=start, duration=duration)
    ada.meetings.create_meeting(box, meeting_type="MEETING_NOTES", start_timestamp=START + 9000, duration=1000)
    read = world.ada.http.get(f"/api/v1/boxes/{box}").json()
    assert (read["callLogCount"], read["totalCallLogDuration"]) == (2, 90_000)
    assert (read["firstCallLogTimestamp"], read["mostRecentCallLogTimestamp"]) == (START, START + 5000)
    assert (read["meetingNotesCount"], read["totalMeetingNotesDuration"]) == (1, 1000)
    assert read["mostRecentMeetingNotesTimestamp"] == START + 9000


def test_a_strangers_meetings_are_not_found(ada, cy, box):
    created = ada.meetings.create_meeting(box, meeting_type="CALL_LOG", start_timestamp=START, notes="Ours")
    for call in (
        lambda: cy.meetings.get_meetings(box),
        lambda: cy.meetings.create_meeting(box, meeting_type="CALL_LOG", start_timestamp=START),
        lambda: cy.meetings.get_meeting(created.key),
        lambda: cy.meetings.update_meeting(created.key, notes="Mine"),
        lambda: cy.meetings.delete_meeting(created.key),
    ):
        with refused(404):
            call()
    assert notes(ada.meetings.get_meetings(box)) == ["Ours"]
