"""Automations over HTTP."""

from __future__ import annotations

from ..core.automations import automations, runs, test_runs
from ..core.automations.automations import Automation
from ..errors import Invalid
from ..wire.shapes import automations as shapes
from ..wire.shapes.lists import SUCCESS, Results, Success
from .http.call import Call


def catalogue(call: Call) -> shapes.CatalogueOut:
    """The triggers, steps and template filters there are, with what each takes."""
    return shapes.catalogue()


def get(call: Call) -> shapes.AutomationOut:
    """An automation."""
    return _shown(call, [automations.get(call.ctx, call.path[0])])[0]


def list_of_pipeline(call: Call) -> Results[shapes.AutomationOut]:
    """The automations of a pipeline: everybody's for those who may see its logs and all its boxes, else one's own."""
    limit, offset = call.page(1000)
    found = automations.list_for_pipeline(call.ctx, call.path[0], limit=limit + 1, offset=offset)
    return Results(_shown(call, found[:limit]), len(found) > limit)


def list_of_team(call: Call) -> Results[shapes.AutomationOut]:
    """The automations of a team itself: everybody's for its owners, else one's own."""
    limit, offset = call.page(1000)
    found = automations.list_for_team(call.ctx, call.path[0], limit=limit + 1, offset=offset)
    return Results(_shown(call, found[:limit]), len(found) > limit)


def _shown(call: Call, found: list[Automation]) -> list[shapes.AutomationOut]:
    last = runs.latest(call.ctx, [automation.key for automation in found])
    return [shapes.automation(automation, last=last.get(automation.key)) for automation in found]


def create(call: Call) -> shapes.AutomationOut:
    """Do steps when something happens in a pipeline or, with `teamKey`, to a team's contacts and organizations.

    It acts for its maker, with that person's rights. `signingSecret`, by which its requests are signed, is in this
    answer alone. Each step that calls a URL takes one of the team's native endpoints.
    """
    return _created(call, call.parse(shapes.AUTOMATION_CREATE))


def create_in_pipeline(call: Call) -> shapes.AutomationOut:
    """The same for the pipeline in the path."""
    return _created(call, {**call.parse(shapes.AUTOMATION_CREATE), "pipeline_key": call.path[0]})


def create_in_team(call: Call) -> shapes.AutomationOut:
    """The same for the team in the path."""
    return _created(call, {**call.parse(shapes.AUTOMATION_CREATE), "pipeline_key": None, "team_key": call.path[0]})


def _created(call: Call, given: dict[str, object]) -> shapes.AutomationOut:
    made = automations.create(call.ctx, given, call.rules, call.api.most_endpoints)
    return shapes.automation(made, secret=True)


def edit(call: Call) -> shapes.AutomationOut:
    """Change what is named. Whoever changes what it does is its owner from then on; runs under way go on as they
    began."""
    given = call.parse(shapes.AUTOMATION_EDIT)
    return shapes.automation(automations.edit(call.ctx, call.path[0], given, call.rules, call.api.most_endpoints))


def enable(call: Call) -> shapes.AutomationOut:
    """Switch it on, beginning with what happens now."""
    return shapes.automation(automations.switch(call.ctx, call.path[0], True))


def disable(call: Call) -> shapes.AutomationOut:
    """Switch it off: nothing begins it any more; runs under way go on."""
    return shapes.automation(automations.switch(call.ctx, call.path[0], False))


def rotate(call: Call) -> shapes.AutomationOut:
    """A new `signingSecret`, in this answer alone. For a day requests are signed with both."""
    return shapes.automation(automations.rotate(call.ctx, call.path[0]), secret=True)


def delete(call: Call) -> Success:
    """Delete it with its runs."""
    automations.delete(call.ctx, call.path[0])
    return SUCCESS


def test(call: Call) -> shapes.RunOut:
    """What it would do, on a box as it is now, or would with other steps and so on: everything is done and undone, and
    nothing is sent or saved."""
    given = call.parse(shapes.AUTOMATION_TEST)
    box_key, body = given.pop("box_key", None) or None, given.pop("body", None)
    run, steps = test_runs.perform(call.ctx, call.path[0], given, call.rules, box_key=box_key, body=body)
    return shapes.run(run, steps, call.ctx.now)


def start(call: Call) -> shapes.RunOut:
    """Run it now, whatever its trigger; it need not be on."""
    given = call.parse(shapes.AUTOMATION_RUN)
    run = runs.start_manually(call.ctx, call.path[0], box_key=given.get("box_key") or None, body=given.get("body"))
    return shapes.run(run, now=call.ctx.now)


def list_runs(call: Call) -> Results[shapes.RunOut]:
    """Its runs, the newest first; with `state` those in these states, with `boxKey` those about a box."""
    limit, offset = call.page(50)
    states = [word.upper() for word in call.texts("state")]
    for state in states:
        if state not in shapes.RUN_STATES:
            raise Invalid("state", f"is one of {', '.join(shapes.RUN_STATES)}")
    found = runs.page(
        call.ctx,
        call.path[0],
        states=[shapes.RUN_STATES[state] for state in states],
        box_key=call.text("boxKey"),
        limit=limit + 1,
        offset=offset,
    )
    return Results([shapes.run(run, now=call.ctx.now) for run in found[:limit]], len(found) > limit)


def get_run(call: Call) -> shapes.RunOut:
    """A run with the log of its steps: what each saw and did, and how long it took."""
    run, steps = runs.get(call.ctx, *call.path)
    return shapes.run(run, steps, call.ctx.now)


def retry(call: Call) -> shapes.RunOut:
    """Go on with a run from the step that failed."""
    return shapes.run(runs.retry(call.ctx, *call.path), now=call.ctx.now)


def again(call: Call) -> shapes.RunOut:
    """A new run with what began this one, by what the automation does now."""
    return shapes.run(runs.restart(call.ctx, *call.path), now=call.ctx.now)


def cancel(call: Call) -> shapes.RunOut:
    """End a run where it is."""
    return shapes.run(runs.cancel(call.ctx, *call.path), now=call.ctx.now)
