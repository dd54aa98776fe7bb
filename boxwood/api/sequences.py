"""Sequences over HTTP."""

from __future__ import annotations

from ..core.activity.sending import sequence_runs, sequences
from ..core.activity.sending.sequence_records import Sequence, SequenceRun
from ..core.context import Ctx
from ..wire.shapes import sequences as shapes
from ..wire.shapes.lists import SUCCESS, Results, Success
from .http.call import Call

PAGE = 50


def _shown(ctx: Ctx, found: list[Sequence]) -> list[shapes.SequenceOut]:
    counts = sequence_runs.counts(ctx.db, [each.key for each in found])
    return [shapes.sequence(sequences.shown(ctx, each), counts[each.key]) for each in found]


def _run(ctx: Ctx, found: SequenceRun) -> shapes.SequenceRunOut:
    return shapes.run(sequence_runs.shown(ctx, [found])[0])


def list_all(call: Call) -> Results[shapes.SequenceOut]:
    """The sequences of a pipeline (`pipelineKey`), or of all pipelines that you see, oldest first, 50 per page."""
    limit, offset = call.page(PAGE)
    found = sequences.page(call.ctx, call.text("pipelineKey"), limit=limit + 1, offset=offset)
    return Results(_shown(call.ctx, found[:limit]), len(found) > limit)


def get(call: Call) -> shapes.SequenceOut:
    """A sequence with its steps, its settings and the number of its runs."""
    return _shown(call.ctx, [sequences.get(call.ctx, call.path[0])])[0]


def create(call: Call) -> shapes.SequenceOut:
    """Create a sequence in a pipeline that you may change."""
    return _shown(call.ctx, [sequences.create(call.ctx, call.parse(shapes.SEQUENCE_CREATE))])[0]


def edit(call: Call) -> shapes.SequenceOut:
    """Change a sequence. Runs in progress keep the steps and settings that they started with."""
    return _shown(call.ctx, [sequences.edit(call.ctx, call.path[0], call.parse(shapes.SEQUENCE_EDIT))])[0]


def delete(call: Call) -> Success:
    """Delete a sequence and its runs. Letters that wait are not sent."""
    sequences.delete(call.ctx, call.path[0])
    return SUCCESS


def _page(call: Call, **which: str) -> Results[shapes.SequenceRunOut]:
    limit, offset = call.page(PAGE)
    found: list[SequenceRun] = sequence_runs.page(call.ctx, **which, limit=limit + 1, offset=offset)
    return Results([shapes.run(each) for each in sequence_runs.shown(call.ctx, found[:limit])], len(found) > limit)


def list_runs(call: Call) -> Results[shapes.SequenceRunOut]:
    """The runs of a sequence on boxes that you see, newest first, 50 per page."""
    return _page(call, sequence_key=call.path[0])


def list_runs_of_box(call: Call) -> Results[shapes.SequenceRunOut]:
    """The runs on a box, newest first, 50 per page."""
    return _page(call, box_key=call.path[0])


def start(call: Call) -> shapes.SequenceStartOut:
    """Start a sequence for boxes and contacts. `notStarted` says for which no run was started, and why."""
    given = call.parse(shapes.SEQUENCE_START)
    outcome = sequence_runs.start(
        call.ctx,
        call.path[0],
        box_keys=given.get("box_keys") or [],
        contact_keys=given.get("contact_keys") or [],
        mailbox_key=given.get("mailbox_key"),
    )
    return shapes.started(sequence_runs.shown(call.ctx, outcome[0]), outcome[1])


def get_run(call: Call) -> shapes.SequenceRunOut:
    """A run of a sequence."""
    return _run(call.ctx, sequence_runs.get(call.ctx, call.path[0]))


def stop_run(call: Call) -> shapes.SequenceRunOut:
    """Stop a run. A letter that waits is not sent."""
    return _run(call.ctx, sequence_runs.stop(call.ctx, call.path[0]))
