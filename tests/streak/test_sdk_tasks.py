"""Tasks through the official Python client."""

import time

import pytest
from streak_crm.types import AssigneeInput

from tests.streak.sdk import refused

DAY = 24 * 60 * 60 * 1000


@pytest.fixture
def pipeline(world):
    return world.pipeline()


@pytest.fixture
def box(world, pipeline):
    return world.box(pipeline, name="Deal")["key"]


def now():
    return int(time.time() * 1000)


def assignees(task):
    return {user.user_key for user in task.assigned_to}


def texts(answer):
    return [task.text for task in answer.results]


def test_a_task_is_assigned_to_its_creator_by_default(ada, box, pipeline, world):
    created = ada.tasks.create_task(box, text="Call Zuse", due_date=1_800_000_000_000)
    assert (created.text, created.due_date, created.status) == ("Call Zuse", 1_800_000_000_000, "NOT_DONE")
    assert (created.box_key, created.pipeline_key) == (box, pipeline["key"])
    assert created.creator_key == created.creator.user_key == world.ada.user_key
    assert created.creator.email == world.ada.email
    assert assignees(created) == {world.ada.user_key}
    assert created.creation_date <= created.last_saved_timestamp
    assert created.key != box
    assert ada.tasks.get_task(created.key) == created


def test_a_task_is_assigned_by_user_key_or_email(ada, box, world):
    both = [AssigneeInput(user_key=world.ada.user_key), AssigneeInput(email=world.bo.email)]
    assert assignees(ada.tasks.create_task(box, text="Both", assigned_to=both)) == {
        world.ada.user_key,
        world.bo.user_key,
    }
    precedence = [AssigneeInput(user_key=world.bo.user_key, email=world.ada.email)]
    assert assignees(ada.tasks.create_task(box, text="Key wins", assigned_to=precedence)) == {world.bo.user_key}


def test_a_stranger_cannot_be_assigned_a_task(ada, box, world):
    with refused(400, "assignedTo"):
        ada.tasks.create_task(box, text="Not his", assigned_to=[AssigneeInput(user_key="nobody")])
    assert texts(ada.tasks.get_tasks_for_box(box)) == []


@pytest.mark.parametrize("date", [-1, 0])
def test_a_due_date_of_minus_one_means_no_due_date(ada, box, date):
    created = ada.tasks.create_task(box, text="Some day", due_date=date)
    assert created.due_date is None
    assert created.reminder_status == "NONE"
    dated = ada.tasks.update_task(created.key, due_date=now() + DAY)
    assert dated.due_date > now()
    assert dated.reminder_status == "SCHEDULED"
    assert ada.tasks.update_task(created.key, due_date=date).due_date is None
    assert ada.tasks.get_task(created.key).due_date is None


def test_a_changed_task_keeps_what_was_left_out(ada, box, world):
    created = ada.tasks.create_task(box, text="Call", due_date=1_800_000_000_000)
    changed = ada.tasks.update_task(created.key, text="Write", assigned_to=[AssigneeInput(email=world.bo.email)])
    assert (changed.text, changed.due_date, changed.status) == ("Write", created.due_date, "NOT_DONE")
    assert assignees(changed) == {world.bo.user_key}
    assert ada.tasks.get_task(created.key) == changed


def test_a_task_is_done_and_undone(ada, box):
    created = ada.tasks.create_task(box, text="Call")
    done = ada.tasks.update_task(created.key, status="DONE")
    assert done.status == "DONE"
    assert done.last_status_change_date >= created.last_status_change_date
    again = ada.tasks.update_task(created.key, text="Call again")
    assert (again.status, again.last_status_change_date) == ("DONE", done.last_status_change_date)
    assert ada.tasks.update_task(created.key, status="NOT_DONE").status == "NOT_DONE"
    with refused(400, "status"):
        ada.tasks.update_task(created.key, status="HALF")
    assert ada.tasks.get_task(created.key).status == "NOT_DONE"


def test_a_draft_becomes_a_task_when_published(ada, box):
    created = ada.tasks.create_task(box, text="Maybe", is_draft=True)
    assert created.model_extra["isDraft"] is True
    assert ada.tasks.update_task(created.key, is_draft=False).model_extra["isDraft"] is False
    assert ada.tasks.create_task(box, text="Old spelling", draft=True).model_extra["isDraft"] is True


def test_a_task_belongs_to_a_meeting(ada, box):
    meeting = ada.meetings.create_meeting(box, meeting_type="CALL_LOG", start_timestamp=1_700_000_000_000)
    created = ada.tasks.create_task(box, text="As discussed", meeting_key=meeting.key)
    assert created.meeting_key == meeting.key
    assert ada.tasks.get_task(created.key).meeting_key == meeting.key


def test_the_tasks_of_a_box_are_paged_in_creation_order(ada, box, world, pipeline):
    for text in ("one", "two", "three"):
        ada.tasks.create_task(box, text=text)
    ada.tasks.create_task(world.box(pipeline, name="Other")["key"], text="elsewhere")
    assert texts(ada.tasks.get_tasks_for_box(box)) == ["one", "two", "three"]
    first, last = (ada.tasks.get_tasks_for_box(box, limit=2, page=page) for page in (0, 1))
    assert (texts(first), texts(last)) == (["one", "two"], ["three"])
    assert (first.has_next_page, bool(last.has_next_page)) == (True, False)


def test_a_deleted_task_is_gone(ada, box):
    created = ada.tasks.create_task(box, text="Call")
    assert ada.tasks.delete_task(created.key).success is True
    with refused(404):
        ada.tasks.get_task(created.key)
    assert texts(ada.tasks.get_tasks_for_box(box)) == []


def test_the_box_counts_its_tasks(ada, box, world):
    done = ada.tasks.create_task(box, text="done", due_date=now() - DAY)
    ada.tasks.update_task(done.key, status="DONE")
    late = ada.tasks.create_task(box, text="late", due_date=now() - DAY)
    soon = ada.tasks.create_task(
        box, text="soon", due_date=now() + DAY, assigned_to=[AssigneeInput(email=world.bo.email)]
    )
    read = world.ada.http.get(f"/api/v1/boxes/{box}").json()
    assert (read["taskTotal"], read["taskCompleteCount"], read["taskIncompleteCount"]) == (3, 1, 2)
    assert read["taskOverdueCount"] == 1
    assert read["earliestOverdueTaskDueDate"] == late.due_date
    assert read["soonestTaskDueDate"] in (late.due_date, soon.due_date)
    assert set(read["taskAssigneeKeySet"]) == {world.ada.user_key, world.bo.user_key}
    assert read["overdueTaskAssigneeKeySet"] == [world.ada.user_key]


def test_the_agenda_has_the_users_open_tasks_until_tomorrow(ada, bo, box, world):
    ada.tasks.create_task(box, text="late", due_date=now() - 2 * DAY)
    ada.tasks.create_task(box, text="later", due_date=now() - DAY)
    ada.tasks.create_task(box, text="in a week", due_date=now() + 7 * DAY)
    ada.tasks.create_task(box, text="Bo's", due_date=now() - DAY, assigned_to=[AssigneeInput(email=world.bo.email)])
    done = ada.tasks.create_task(box, text="done", due_date=now() - 3 * DAY)
    ada.tasks.update_task(done.key, status="DONE")
    assert texts(ada.tasks.get_assigned_tasks()) == ["later", "late"]
    assert texts(ada.tasks.get_assigned_tasks(direction="past")) == ["later", "late"]
    assert texts(ada.tasks.get_assigned_tasks(include_completed=True)) == ["later", "late", "done"]
    assert texts(ada.tasks.get_assigned_tasks(direction="asc")) == ["in a week"]
    assert texts(ada.tasks.get_assigned_tasks(direction="future")) == ["in a week"]
    assert texts(bo.tasks.get_assigned_tasks()) == ["Bo's"]


def test_the_agenda_of_other_users_and_of_a_pipeline(ada, bo, box, pipeline, world):
    ada.tasks.create_task(box, text="mine", due_date=now() - DAY)
    ada.tasks.create_task(box, text="Bo's", due_date=now() - 2 * DAY, assigned_to=[AssigneeInput(email=world.bo.email)])
    other = world.pipeline(name="Other")
    ada.tasks.create_task(world.box(other, name="Elsewhere")["key"], text="elsewhere", due_date=now() - DAY)
    both = [world.ada.user_key, world.bo.user_key]
    assert sorted(texts(ada.tasks.get_assigned_tasks(user_keys=both))) == ["Bo's", "elsewhere", "mine"]
    assert texts(ada.tasks.get_assigned_tasks(user_keys=[world.bo.user_key])) == ["Bo's"]
    assert texts(ada.tasks.get_assigned_tasks(pipeline_key=pipeline["key"])) == ["mine"]


def test_the_agenda_is_paged_by_cursor(ada, box):
    for days in range(5):
        ada.tasks.create_task(box, text=f"{days}", due_date=now() - (days + 1) * DAY)
    first = ada.tasks.get_assigned_tasks(limit=2)
    assert texts(first) == ["0", "1"]
    cursor = first.results[-1].model_extra["sortOrder"]
    assert len(cursor) == 30
    assert cursor.isdigit()
    assert texts(ada.tasks.get_assigned_tasks(sort_order=cursor)) == ["2", "3", "4"]
    assert texts(ada.tasks.get_assigned_tasks(sort_order=cursor, direction="asc")) == ["0"]


def test_a_strangers_tasks_are_not_found(ada, cy, box, world):
    task = ada.tasks.create_task(box, text="Call", due_date=now() - DAY)
    for call in (
        lambda: cy.tasks.get_task(task.key),
        lambda: cy.tasks.update_task(task.key, text="Mine"),
        lambda: cy.tasks.delete_task(task.key),
        lambda: cy.tasks.get_tasks_for_box(box),
        lambda: cy.tasks.create_task(box, text="Mine"),
    ):
        with refused(404):
            call()
    assert texts(cy.tasks.get_assigned_tasks(user_keys=[world.ada.user_key])) == []
    assert texts(ada.tasks.get_tasks_for_box(box)) == ["Call"]
