"""Sequences through the API: their steps, and everything that ends a run."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

from boxwood.core.activity.sending import sequence_queue
from boxwood.lib.durations import DAY, MINUTE
from tests.api.test_mailings import V2, box_with, contact_of, mailbox_of
from tests.conftest import World, ok, refused
from tests.jobs.webhooks import eventually

STEPS: list[dict[str, Any]] = [
    {"type": "mail", "subject": "Offer for {{box.name}}", "html": "<p>Dear {{contact.givenName|customer}}</p>"},
    {"type": "wait", "days": 2},
    {"type": "condition", "filter": {"field": "notes", "op": "isEmpty"}, "condition": "box.stage.name == 'Lead'"},
    {"type": "mail", "text": "Did you see it?"},
    {"type": "condition", "condition": "box.name == 'Other'", "else": "skip"},
    {"type": "task", "text": "Never"},
    {"type": "task", "text": "Call {{contact.name|them}}", "dueInDays": 1},
]
ALWAYS = {"opens": "00:00", "closes": "23:59", "weekends": True, "timeZone": "UTC"}


def sequence_of(world: World, pipeline: dict[str, Any], steps: list[dict[str, Any]] = STEPS, **given: Any) -> str:
    body = {"name": "Follow up", "pipelineKey": pipeline["key"], "steps": steps, "settings": ALWAYS, **given}
    key: str = ok(world.ada.http.post(f"{V2}/sequences", json=body))["key"]
    return key


def go_on(world: World) -> None:
    """Continue all runs that are due, as the job does."""
    engine = world.server.engine
    while keys := engine.read(partial(sequence_queue.due, now=world.clock())):  # until the server's own job is done too
        for key in keys:
            engine.write(partial(sequence_queue.advance, now=world.clock(), key=key))


def run_of(world: World, key: str) -> dict[str, Any]:
    run: dict[str, Any] = ok(world.ada.http.get(f"{V2}/sequenceruns/{key}"))
    return run


def start(world: World, sequence: str, **given: Any) -> dict[str, Any]:
    answer: dict[str, Any] = ok(world.ada.http.post(f"{V2}/sequences/{sequence}/start", json=given))
    return answer


def mark_sent(world: World, run: str, state: str = "sent") -> None:
    """The mail server accepted the letters of the run."""
    now = world.clock()
    sql = "UPDATE sent_letters SET state = :state, sent_at = :now, handed_at = :now WHERE run_key = :run"
    world.server.engine.write(lambda db: db.run(f"{sql} AND state = 'scheduled'", state=state, now=now, run=run))
    world.clock.advance(ms=MINUTE)


def letter_of(world: World, run: str) -> dict[str, Any]:
    letter: dict[str, Any] = ok(world.ada.http.get(f"{V2}/letters/{run_of(world, run)['letterKey']}"))
    return letter


def test_a_run_does_the_steps_that_its_sequence_had_when_it_started(world: World) -> None:
    pipeline = world.pipeline()
    mailbox_of(world, world.ada)
    kim = contact_of(world, "Kim", "kim@client.example")
    box = world.box(pipeline, contacts=[{"key": kim}])["key"]
    bare = world.box(pipeline, name="Without address")["key"]
    sequence = sequence_of(world, pipeline)
    answer = start(world, sequence, boxKeys=[box, bare])
    assert [(each["key"], each["reason"]) for each in answer["notStarted"]] == [(bare, "noAddress")]
    again = start(world, sequence, contactKeys=[kim])
    assert (again["started"], [each["reason"] for each in again["notStarted"]]) == ([], ["running"])
    run = answer["started"][0]["key"]
    go_on(world)
    letter = letter_of(world, run)
    assert (letter["subject"], letter["to"]) == ("Offer for Acme", ["Kim <kim@client.example>"])
    ok(world.ada.http.post(f"{V2}/sequences/{sequence}", json={"name": "New", "steps": [STEPS[0]]}))
    mark_sent(world, run)
    go_on(world)
    assert run_of(world, run)["place"] == 1
    assert abs(run_of(world, run)["dueTimestamp"] - world.clock() - 2 * DAY) < MINUTE
    world.clock.advance(days=2)
    go_on(world)
    assert (run_of(world, run)["place"], letter_of(world, run)["to"]) == (3, ["Kim <kim@client.example>"])
    mark_sent(world, run)
    go_on(world)
    ended = run_of(world, run)
    assert (ended["state"], ended["place"], ended["version"]) == ("done", 7, 1)
    tasks = ok(world.ada.http.get(f"{V2}/boxes/{box}/tasks"))["results"]
    assert [task["text"] for task in tasks] == ["Call Kim"]
    kinds = world.events(box)
    assert kinds.count("sequence.started") == kinds.count("sequence.finished") == 1
    assert ok(world.ada.http.get(f"{V2}/sequences/{sequence}"))["counts"] == {"done": 1}
    assert [each["key"] for each in ok(world.bo.http.get(f"{V2}/boxes/{box}/sequenceruns"))["results"]] == [run]
    for path in (f"/sequences/{sequence}", f"/sequenceruns/{run}", f"/sequences/{sequence}/runs"):
        assert world.cy.http.get(f"{V2}{path}").status_code == 404


def test_what_happens_on_a_box_ends_its_runs(world: World) -> None:
    http, pipeline = world.ada.http, world.pipeline()
    mailbox_of(world, world.ada)
    sequence = sequence_of(world, pipeline)
    quiet = sequence_of(world, pipeline, name="Quiet", settings={**ALWAYS, "stopOn": []})

    def begun(name: str) -> tuple[str, str, str]:
        box = box_with(world, pipeline, f"{name}@client.example", name=name)
        first = start(world, sequence, boxKeys=[box])["started"][0]["key"]
        other = start(world, quiet, boxKeys=[box])["started"][0]["key"]
        go_on(world)
        return box, first, other

    def mail(sender: str, *more: str) -> str:
        head = [
            f"From: {sender}",
            "To: ada@team.example",
            f"Message-ID: <{sender}-{len(more)}@x>",
            "Subject: Re",
            *more,
        ]
        return "\r\n".join([*head, "Date: " + datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S +0000"), "", "Yes", ""])

    box, first, other = begun("reply")
    automatic = mail("reply@client.example", "Auto-Submitted: auto-replied")
    ok(http.post(f"{V2}/boxes/{box}/messages", json={"raw": automatic}))
    assert run_of(world, first)["state"] == "running"
    ok(http.post(f"{V2}/boxes/{box}/messages", json={"raw": mail("stranger@else.example")}))
    assert run_of(world, first)["state"] == "running"
    letter = run_of(world, first)["letterKey"]
    ok(http.post(f"{V2}/boxes/{box}/messages", json={"raw": mail("reply@client.example")}))
    assert (run_of(world, first)["state"], run_of(world, first)["reason"]) == ("stopped", "the recipient replied")
    assert http.get(f"{V2}/letters/{letter}").status_code == 404
    assert run_of(world, other)["state"] == "running"

    box, first, other = begun("meeting")
    call = {"meetingType": "CALL_LOG", "startTimestamp": world.clock(), "duration": 60_000, "notes": "Talked"}
    ok(http.post(f"{V2}/boxes/{box}/meetings", json=call))
    assert [run_of(world, key)["state"] for key in (first, other)] == ["stopped", "running"]

    box, first, other = begun("stage")
    ok(http.post(f"{V2}/boxes/{box}", json={"stageKey": "5002"}))
    assert [run_of(world, key)["state"] for key in (first, other)] == ["stopped", "running"]

    box, first, other = begun("hand")
    refused(world.cy.http.post(f"{V2}/sequenceruns/{first}/stop"), 404)
    assert ok(world.bo.http.post(f"{V2}/sequenceruns/{first}/stop"))["reason"] == "stopped by hand"
    refused(http.post(f"{V2}/sequenceruns/{first}/stop"), 400)
    change = ok(http.get(f"{V2}/boxes/{box}/history"))["results"]
    started = next(each["change"] for each in change if each["kind"] == "sequence.started")
    ok(http.post(f"{V2}/undo", json={"change": started}))
    assert [run_of(world, key)["state"] for key in (first, other)] == ["stopped", "stopped"]

    box, first, other = begun("refused")
    mark_sent(world, first, "refused")
    go_on(world)
    assert run_of(world, first)["state"] == "failed"
    ok(http.delete(f"{V2}/boxes/{box}"))
    states = "SELECT state, reason FROM sequence_runs WHERE box_key = :box ORDER BY key"
    assert world.server.engine.read(lambda db: db.rows(states, box=box))[1] == ("stopped", "the box was deleted")

    ok(http.delete(f"{V2}/sequences/{sequence}"))
    assert http.get(f"{V2}/sequences/{sequence}").status_code == 404
    ok(http.post(f"{V2}/trash/{sequence}/restore"))
    assert ok(http.get(f"{V2}/sequences/{sequence}"))["steps"][1] == STEPS[1]


def test_steps_and_settings_are_checked_when_a_sequence_is_saved(world: World) -> None:
    pipeline = world.pipeline()
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"steps": [{"type": "sms"}]}, "steps[0].type"),
        ({"steps": [{"type": "wait", "days": 1}]}, "mail"),
        ({"steps": [{"type": "mail"}]}, "steps[0].html"),
        ({"steps": [{"type": "mail", "text": "{{ conract.name }}"}]}, "steps[0].text"),
        ({"steps": [{"type": "mail", "text": "x", "colour": "red"}]}, "steps[0].colour"),
        ({"steps": [*STEPS, {"type": "wait", "days": 0}]}, "steps[7].days"),
        ({"steps": [*STEPS, {"type": "condition"}]}, "steps[7]"),
        ({"steps": [*STEPS, {"type": "condition", "condition": "box.name =="}]}, "steps[7].condition"),
        ({"steps": [*STEPS, {"type": "condition", "filter": {"field": "nope", "op": "isEmpty"}}]}, "steps[7].filter"),
        ({"settings": {"opens": "9"}}, "settings.opens"),
        ({"settings": {"opens": "18:00"}}, "settings.closes"),
        ({"settings": {"stopOn": ["rain"]}}, "settings.stopOn"),
        ({"settings": {"timeZone": "Mars"}}, "settings.timeZone"),
    ]
    for given, where in wrong:
        body = {"name": "x", "pipelineKey": pipeline["key"], "steps": STEPS, **given}
        assert where in refused(world.ada.http.post(f"{V2}/sequences", json=body), 400), given
    sequence = sequence_of(world, pipeline, settings={"timeZone": "Europe/Berlin"})
    changed = ok(world.ada.http.post(f"{V2}/sequences/{sequence}", json={"steps": STEPS, "name": "Other"}))
    assert (changed["version"], changed["settings"]["closes"]) == (1, "17:00")
    box = box_with(world, pipeline, "kim@client.example")
    refused(world.ada.http.post(f"{V2}/sequences/{sequence}/start", json={"boxKeys": [box]}), 400, "mailbox")


def test_automations_start_and_stop_sequences(world: World) -> None:
    http, pipeline = world.ada.http, world.pipeline()
    mailbox_of(world, world.ada)
    sequence = sequence_of(world, pipeline, settings={**ALWAYS, "stopOn": ["reply"]})
    at = f"{V2}/pipelines/{pipeline['key']}/automations"
    begin = {"type": "sequence.start", "with": {"sequence": sequence}}
    unknown = {"type": "sequence.start", "with": {"sequence": "qUnknown"}}
    refused(http.post(at, json={"name": "x", "trigger": {"type": "box.created"}, "steps": [unknown]}), 400, "sequence")
    moved = {"type": "box.moved", "to": ["5002"]}
    keys = [
        ok(http.post(at, json={"name": "Start", "trigger": moved, "steps": [begin]}))["key"],
        ok(http.post(at, json={"name": "Stop", "trigger": moved, "steps": [{"type": "sequence.stop"}]}))["key"],
    ]
    box = box_with(world, pipeline, "kim@client.example")
    for key in keys:
        path = (
            f"{V2}/automations/{key}/runs/{ok(http.post(f'{V2}/automations/{key}/runs', json={'boxKey': box}))['key']}"
        )
        eventually(lambda path=path: ok(http.get(path))["state"] != "RUNNING")
        assert ok(http.get(path))["state"] == "DONE"
    states = [each["state"] for each in ok(http.get(f"{V2}/boxes/{box}/sequenceruns"))["results"]]
    assert states == ["stopped"]
