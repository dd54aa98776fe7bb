"""A box with everything that it names, as far as the actor may see it: pipeline, stages, field values, users, contacts,
organizations, linked boxes and tasks."""

from __future__ import annotations

from typing import Any

import msgspec

from ...lib.formulas import Result
from .. import boxes, persons
from ..context import Ctx
from ..people import contact_access
from ..people.contacts import CONTACTS, Contact
from ..people.organizations import ORGANIZATIONS, Organization
from ..pipelines import schema
from ..pipelines.formula_inputs import Sheet
from ..records import Box, Field, Person, Pipeline, Stage
from ..views import listing
from . import tasks
from .tasks import Task

MOST_TASKS = 1000


class Neighbour(msgspec.Struct, frozen=True):
    """A linked box, with the names of its pipeline and stage."""

    name: str
    pipeline: str
    stage: str


class Overview(msgspec.Struct, frozen=True):
    box: Box
    pipeline: Pipeline
    stages: dict[str, Stage]
    columns: list[tuple[Field, Result]]
    """The fields that have a value, with their values as text."""
    people: dict[str, Person]
    contacts: list[Contact]
    organizations: list[Organization]
    linked: list[Neighbour]
    tasks: list[Task]
    """The published tasks."""


def for_box(ctx: Ctx, box_key: str) -> Overview:
    """The overview of a box. Raises NotFound if the actor may not see the box."""
    box, pipeline, _ = boxes.reach(ctx, box_key)
    all_tasks = tasks.list_for_box(ctx, box.key, limit=MOST_TASKS, offset=0)
    published = [task for task in all_tasks if not task.is_draft]
    return Overview(
        box=box,
        pipeline=pipeline,
        stages=schema.stages(ctx, [pipeline.key])[pipeline.key],
        columns=_columns(ctx, box, pipeline),
        people=persons.by_key(ctx, {*box.people(), *(key for task in published for key in task.people())}),
        contacts=contact_access.by_keys(ctx, CONTACTS, [link.key for link in box.contacts]),
        organizations=contact_access.by_keys(ctx, ORGANIZATIONS, [link.key for link in box.organizations]),
        linked=_linked(ctx, box),
        tasks=published if ctx.sees("tasks") else [],
    )


def _columns(ctx: Ctx, box: Box, pipeline: Pipeline) -> list[tuple[Field, Result]]:
    found = schema.fields_by_key(ctx, pipeline.key)
    with_value = [field for field in found.values() if field.key in box.fields]
    sheet = Sheet(ctx, pipeline, found, [box], {field.key for field in with_value})
    return [(field, sheet.column(field.key)[0]) for field in with_value]


def _linked(ctx: Ctx, box: Box) -> list[Neighbour]:
    """The linked boxes that the actor may see, in the order of the box's links."""
    if not box.linked_box_keys:
        return []
    test, params = listing.visible(ctx)
    among = ctx.db.dialect.among("b.key", "keys")
    rows: list[Any] = ctx.db.rows(
        f"""
        SELECT b.key, b.name, p.name, s.name FROM boxes b JOIN pipelines p ON p.key = b.pipeline_key
        JOIN stages s ON s.pipeline_key = b.pipeline_key AND s.key = b.stage_key WHERE {among} AND {test}
        """,
        keys=ctx.db.texts(box.linked_box_keys),
        **params,
    )
    found = {row[0]: Neighbour(*row[1:]) for row in rows}
    return [found[key] for key in box.linked_box_keys if key in found]
