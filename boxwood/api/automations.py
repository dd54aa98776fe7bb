"""Automations over HTTP."""

from __future__ import annotations

from ..core.automations import automations, runs, test_runs
from ..core.automations.automations import Automation
from ..errors import Invalid
from ..wire.shapes import automations as shapes
from ..wire.shapes.lists import SUCCESS, Results, Success
from .http.call import Call


def catalogue(call: Call) -> shapes.CatalogueOut:
    """The catalogue of triggers, steps and template filters, with the parameters of each."""
    return shapes.catalogue()


def get(call: Call) -> shapes.AutomationOut:
    """An automation."""
    return _shown(call, [automations.get(call.ctx, call.path[0])])[0]


def list_of_pipeline(call: Call) -> Results[shapes.AutomationOut]:
    """The automations of a pipeline.

    Users who may see its logs and all its boxes get all automations. Other users get their own.
    """
    limit, offset = call.page(1000)
    found = automations.list_for_pipeline(call.ctx, call.path[0], limit=limit + 1, offset=offset)
    return Results(_shown(call, found[:limit]), len(found) > limit)


def list_of_team(call: Call) -> Results[shapes.AutomationOut]:
    """The automations of a team: all of them for owners, and their own for other users."""
    limit, offset = call.page(1000)
    found = automations.list_for_team(call.ctx, call.path[0], limit=limit + 1, offset=offset)
    return Results(_shown(call, found[:limit]), len(found) > limit)


def _shown(call: Call, found: list[Automation]) -> list[shapes.AutomationOut]:
    last = runs.latest(call.ctx, [automation.key for automation in found])
    return [shapes.automation(automation, last=last.get(automation.key)) for automation in found]


def create(call: Call) -> shapes.AutomationOut:
    """Create an automation: steps to run after something happens in a pipeline or, with `teamKey`, in a team.

    It acts for its maker, with that person's rights. `signingSecret`, by which its requests are signed, is in this
    answer alone. Each step that calls a URL takes one of the team's native endpoints.
    """
    return _created(call, call.parse(shapes.AUTOMATION_CREATE))


def create_in_pipeline(call: Call) -> shapes.AutomationOut:
    """Create an automation for the pipeline in the path."""
    return _created(call, {**call.parse(shapes.AUTOMATION_CREATE), "pipeline_key": call.path[0]})


def create_in_team(call: Call) -> shapes.AutomationOut:
    """Create an automation for the team in the path."""
    return _created(call, {**call.parse(shapes.AUTOMATION_CREATE), "pipeline_key": None, "team_key": call.path[0]})


def _created(call: Call, given: dict[str, object]) -> shapes.AutomationOut:
    automation = automations.create(call.ctx, given, call.rules, call.api.most_endpoints)
    return shapes.automation(automation, secret=True)


def edit(call: Call) -> shapes.AutomationOut:
    """Update an automation. Only the members you send change.

    A user who changes what the automation does becomes its owner. Runs in progress use the previous version.
    """
    given = call.parse(shapes.AUTOMATION_EDIT)
    return shapes.automation(automations.edit(call.ctx, call.path[0], given, call.rules, call.api.most_endpoints))


def enable(call: Call) -> shapes.AutomationOut:
    """Enable an automation. It runs for events from now on."""
    return shapes.automation(automations.switch(call.ctx, call.path[0], True))


def disable(call: Call) -> shapes.AutomationOut:
    """Disable an automation. It starts no new runs; runs in progress continue."""
    return shapes.automation(automations.switch(call.ctx, call.path[0], False))


def rotate(call: Call) -> shapes.AutomationOut:
    """Create a new `signingSecret`, which only this response contains. For one day, requests are signed with both."""
    return shapes.automation(automations.rotate(call.ctx, call.path[0]), secret=True)


def delete(call: Call) -> Success:
    """Delete an automation and its runs."""
    automations.delete(call.ctx, call.path[0])
    return SUCCESS


def test(call: Call) -> shapes.RunOut:
    """Test an automation on a box, without saving or sending anything.

    You may send other steps, another trigger and so on to test them before you save them.
    """
    given = call.parse(shapes.AUTOMATION_TEST)
    box_key, body = given.pop("box_key", None) or None, given.pop("body", None)
    run, steps = test_runs.perform(call.ctx, call.path[0], given, call.rules, box_key=box_key, body=body)
    return shapes.run(run, steps, call.ctx.now)


def start(call: Call) -> shapes.RunOut:
    """Run an automation now, whatever its trigger is, even if it is disabled."""
    given = call.parse(shapes.AUTOMATION_RUN)
    run = runs.start_manually(call.ctx, call.path[0], box_key=given.get("box_key") or None, body=given.get("body"))
    return shapes.run(run, now=call.ctx.now)


def list_runs(call: Call) -> Results[shapes.RunOut]:
    """The runs of an automation, newest first: all, or only those with these `state`s or about the box `boxKey`."""
    limit, offset = call.page(50)
    states = [word.upper() for word in call.texts("state")]
    for state in states:
        if state not in shapes.RUN_STATES:
            raise Invalid("state", f"must be one of {', '.join(shapes.RUN_STATES)}")
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
    """A run with the log of its steps: the input, output and duration of each."""
    run, steps = runs.get(call.ctx, *call.path)
    return shapes.run(run, steps, call.ctx.now)


def retry(call: Call) -> shapes.RunOut:
    """Continue a failed run with the step that failed."""
    return shapes.run(runs.retry(call.ctx, *call.path), now=call.ctx.now)


def again(call: Call) -> shapes.RunOut:
    """Start a new run with the input of this run and the current version of the automation."""
    return shapes.run(runs.restart(call.ctx, *call.path), now=call.ctx.now)


def cancel(call: Call) -> shapes.RunOut:
    """Cancel a run."""
    return shapes.run(runs.cancel(call.ctx, *call.path), now=call.ctx.now)
