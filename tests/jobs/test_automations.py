"""Automations that call URLs or start each other, against a real receiver."""

import json
from html import escape
from urllib.parse import quote, quote_plus

import pytest
from standardwebhooks.webhooks import Webhook

from boxwood.lib.requests import storable
from tests.api.automations import Rule, do
from tests.conftest import ok, refused
from tests.jobs.webhooks import (
    eventually,
    receiver,  # noqa: F401 - fixtures
)
from tests.receiver import Answer


def call(receiver, path, id_="call", **given):  # noqa: F811
    return do("http.request", id_, url=receiver.url + path, **given)


def test_a_request_is_sent_signed_and_its_reply_is_used(world, receiver):  # noqa: F811
    pipeline = world.pipeline()
    receiver.answer = lambda request: Answer(
        200,
        {"Content-Type": "application/json"},
        body=b'{"items": [{"id": 7}], "big": 12345678901234567890123, "nul": "a\\u0000b"}',
    )
    rule = Rule(
        world,
        pipeline,
        "box.created",
        call(
            receiver,
            "/make",
            method="PUT",
            query={"name": "{{ box.name }}", "from": "boxwood"},
            headers={"Authorization": "Bearer {{ secrets.TOKEN }}", "X-Box": "{{ box.key }}"},
            json={"box": {"name": "{{ box.name }}", "who": "{{ box.assignees }}"}, "size": "{{ fields }}"},
        ),
        do("box.edit", notes="{{ steps.call.status }}: {{ steps.call.body.items[0].id }}"),
        secrets={"TOKEN": "t0ken-of-12"},
    )
    box = world.box(pipeline, name='A "quoted" & odd name')
    run = rule.only()
    path = "/make?name=A%20%22quoted%22%20%26%20odd%20name&from=boxwood"
    (sent,) = receiver.wait_for(path, 1)
    assert sent.method == "PUT"
    assert sent.headers["authorization"] == "Bearer t0ken-of-12"
    assert sent.headers["x-box"] == box["key"]
    assert json.loads(sent.body)["box"]["name"] == 'A "quoted" & odd name'
    Webhook(rule.created["signingSecret"]).verify(sent.body, sent.headers)
    assert sent.id == f"{run['key']}-0"
    assert ok(world.ada.http.get(f"/api/v2/boxes/{box['key']}"))["notes"] == "200: 7"
    step = run["steps"][0]
    assert step["input"]["headers"]["Authorization"] == "Bearer •••"
    assert step["output"]["body"] == {"items": [{"id": 7}], "big": 12345678901234567890123, "nul": "a\ufffdb"}
    shown = ok(rule.http.get(rule.own))
    assert shown["secrets"] == ["TOKEN"]
    assert "t0ken-of-12" not in json.dumps([shown, run, rule.runs()])
    assert "signingSecret" not in shown


def test_a_secret_in_a_reply_is_hidden_in_the_log(world, receiver):  # noqa: F811
    """Also what a filter made of it, and where the receiver encodes it for JSON, HTML or an address."""
    pipeline = world.pipeline()
    key = 's3"cret & <12>'
    forms = [key, key.upper(), "X" + key[1:], json.dumps(key)[1:-1], quote(key), quote_plus(key), escape(key)]

    def echo(request):
        sent = [request.headers[name] for name in ("x-key", "x-upper", "x-replaced")]
        assert sent == forms[:3]
        return Answer(headers={"content-type": f"text/{key}"}, body="\n".join([*sent, *forms]).encode() + request.body)

    receiver.answer = echo
    headers = {
        "X-Key": "{{ secrets.KEY }}",
        "X-Upper": "{{ secrets.KEY | upper }}",
        "X-Replaced": '{{ secrets.KEY | replace("s3", "X3") | trim }}',
    }
    step = call(
        receiver, "/echo", headers=headers, json={"k": "{{ secrets.KEY | upper | json }}", "n": "{{ box.name }}"}
    )
    rule = Rule(world, pipeline, "box.created", step, secrets={"KEY": key})
    world.box(pipeline, name="Acme")
    run = rule.only()
    shown = json.dumps(run, ensure_ascii=False)
    assert "Acme" in shown
    assert [
        form for form in [*forms, json.dumps(key.upper())[1:-1]] if form in shown or json.dumps(form)[1:-1] in shown
    ] == []
    stored = str(world.server.engine.read(lambda db: db.rows("SELECT * FROM automation_runs")))
    assert [form for form in forms if form in stored] == []


def test_texts_forms_and_gets(world, receiver):  # noqa: F811
    pipeline = world.pipeline()
    rule = Rule(
        world,
        pipeline,
        "box.created",
        call(
            receiver,
            "/text",
            "a",
            headers={"Content-Type": "application/json"},
            text='{"n": "{{ box.notes }}", "all": {{ box.linkedBoxKeys }}}',
        ),
        call(receiver, "/form", "b", method="PATCH", form={"n": "{{ box.notes }}", "m": "1 & 2"}),
        call(receiver, "/get", "c", method="GET"),
        call(receiver, "/gone", "d", method="DELETE"),
    )
    world.box(pipeline, notes='"x"\ny')
    rule.only()
    text, form = receiver.received("/text")[-1], receiver.received("/form")[-1]
    assert json.loads(text.body) == {"n": '"x"\ny', "all": []}
    assert (form.method, form.body) == ("PATCH", b"n=%22x%22%0Ay&m=1+%26+2")
    assert form.headers["content-type"] == "application/x-www-form-urlencoded"
    assert (receiver.received("/get")[-1].method, receiver.received("/get")[-1].body) == ("GET", b"")
    assert receiver.received("/gone")[-1].method == "DELETE"


def test_a_busy_receiver_gets_the_request_again_with_the_same_id(world, receiver):  # noqa: F811
    pipeline = world.pipeline()
    answers = iter([503, 429, 200])
    receiver.answer = lambda request: Answer(next(answers))
    rule = Rule(world, pipeline, "box.created", call(receiver, "/busy"), do("box.edit", notes="sent"))
    world.box(pipeline)
    for after in (6_500, 75_000):
        rule.waiting()
        world.clock.advance(ms=after)
        count = len(receiver.received("/busy"))
        receiver.wait_for("/busy", count + 1)
        eventually(lambda least=count: len(rule.run(rule.runs()[0]["key"])["steps"]) > least)
    steps = rule.only()["steps"]
    assert [(step["state"], step["attempt"]) for step in steps[:3]] == [("FAILED", 1), ("FAILED", 2), ("DONE", 3)]
    assert steps[0]["error"] == "it answered 503"
    assert len({request.id for request in receiver.received("/busy")}) == 1
    assert [request.headers["x-boxwood-attempt"] for request in receiver.received("/busy")] == ["1", "2", "3"]


def test_a_request_that_the_receiver_refuses_is_not_sent_again(world, receiver):  # noqa: F811
    pipeline = world.pipeline()
    receiver.answer = lambda request: Answer(404)
    rule = Rule(world, pipeline, "box.created", call(receiver, "/no"))
    once = Rule(world, pipeline, "box.created", call(receiver, "/once", attempts=1))
    world.box(pipeline)
    assert "it answered 404" in rule.only("FAILED")["reason"]
    receiver.answer = lambda request: Answer(500)
    assert "it answered" in once.only("FAILED")["reason"]
    assert len(receiver.received("/no")) == 1
    receiver.answer = lambda request: Answer(200)
    ok(rule.http.post(f"{rule.own}/runs/{rule.runs()[0]['key']}/retry"))
    assert [step["state"] for step in rule.only()["steps"]] == ["FAILED", "DONE"]
    assert len({request.id for request in receiver.received("/no")}) == 1


def test_a_url_from_a_template_is_checked_when_it_is_called(world, receiver):  # noqa: F811
    pipeline = world.pipeline()
    rule = Rule(world, pipeline, "box.created", do("http.request", url="{{ box.name }}"))
    world.box(pipeline, name="ftp://example.com/")
    assert "must begin with http" in rule.only("FAILED")["reason"]
    world.box(pipeline, name=world.server.url.replace("127.0.0.1", "user:pw@127.0.0.1"))
    assert "user name or password" in rule.ended(2)[0]["reason"]


# Automations that start each other


def test_two_automations_that_start_each_other_stop(world):
    pipeline = world.pipeline()
    to = Rule(world, pipeline, {"type": "box.moved", "to": ["5002"]}, do("box.move", stage="Lost"))
    fro = Rule(world, pipeline, {"type": "box.moved", "to": ["5003"]}, do("box.move", stage="Won"))
    box = world.box(pipeline)
    ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}", json={"stageKey": "5002"}))
    stopped, first = to.ended(2)
    assert first["state"] == "DONE"
    assert stopped["state"] == "REFUSED"
    assert "it would be a loop" in stopped["reason"]
    assert stopped["chain"] == [to.key, fro.key, to.key]
    assert len(fro.ended(1)) == 1
    assert world.events(box["key"]).count("box.moved") == 3


def test_an_automation_does_not_start_itself_unless_it_may(world):
    pipeline = world.pipeline()
    count = world.field(pipeline, "TEXT_INPUT", "Count")
    step = do("box.setFields", fields={"Count": "{{ fields.Count | plus(1) }}"})
    shy = Rule(world, pipeline, "box.fieldChanged", step)
    box = world.box(pipeline)
    ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}", json={"fields": {count["key"]: 1}}))
    refused_run, _ = shy.ended(2)
    assert "own change started it" in refused_run["reason"]
    ok(shy.http.post(f"{shy.own}/disable"))
    bold = Rule(world, pipeline, "box.fieldChanged", step, allowSelf=True)
    ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}", json={"fields": {count["key"]: 10}}))
    found = bold.ended(9)
    assert "9th automation in a row" in found[0]["reason"]
    assert ok(world.ada.http.get(f"/api/v2/boxes/{box['key']}"))["fields"][count["key"]] == 18


@pytest.mark.slow
def test_an_automation_that_runs_too_often_for_one_record_is_refused_and_then_switched_off(world):
    pipeline = world.pipeline()
    rule = Rule(world, pipeline, "comment.created", do("stop"))
    box = world.box(pipeline)

    def talk(ctx):
        from boxwood.core.activity import comments

        for number in range(121):
            comments.create(ctx, box["key"], {"message": str(number)})

    world.as_("bo", talk)
    now = ok(rule.http.get(rule.own))
    assert now["enabled"] is False
    assert "100 times within an hour" in now["offReason"]
    assert len(rule.runs(state="REFUSED", limit=1000)) == 20
    assert ok(rule.http.post(f"{rule.own}/enable"))["enabled"] is True


# Replies that databases cannot store


def test_replies_are_cleaned_so_that_they_can_be_stored():
    assert storable({"a": ["x\x00y", 2**70], "b\x00": None}) == {"a": ["x\ufffdy", 2**70], "b\ufffd": None}


def test_requests_of_automations_count_as_native_endpoints_of_the_team(world, receiver):  # noqa: F811
    pipeline = world.pipeline()
    rule = Rule(world, pipeline, "box.created", *[call(receiver, "/x", f"s{number}") for number in range(15)])
    given = {
        "name": "More",
        "trigger": {"type": "manual"},
        "steps": [call(receiver, "/x", "a"), call(receiver, "/x", "b")],
    }
    answer = world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/automations", json=given)
    refused(answer, 400, "has used 15 of its 16 native endpoints")
    used = ok(world.ada.http.get(f"/api/v2/teams/{world.team_key}/endpoints"))
    assert len(used["results"]) == 15
    assert used["results"][0]["key"] == rule.key
    ok(rule.http.post(rule.own, json={"steps": [call(receiver, "/x")]}))
    ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/automations", json=given))
