"""Mail is exported: the original bytes of a mailbox, and the mail of a pipeline in its JSON."""

import json
from typing import Any

import msgspec

from boxwood.core.activity.mail import suggestions
from boxwood.core.activity.mail.matching import Decision
from boxwood.core.activity.mail.progress import PLACES, PlaceRecord
from tests.conftest import World, ok, refused
from tests.mail_in import mailbox_of, raw_mail, receive, shared_mailbox


def test_the_original_mail_of_a_mailbox_of_the_team_is_exported_as_far_as_its_owner_sees_it(world: World) -> None:
    server = {"host": "127.0.0.1", "port": 1, "security": "none", "password": "correct-horse"}
    given = {"address": "sales@team.example", "imap": server, "kind": "shared", "teamKey": world.team_key}
    key = ok(world.ada.http.post("/api/v2/mailboxes", json=given))["key"]
    ok(world.ada.http.post(f"/api/v2/mailboxes/{key}/pause"))
    mailbox = msgspec.structs.replace(shared_mailbox(world), key=key)
    open_box = world.box(world.pipeline())["key"]
    body = {"name": "Secret", "stages": ["Lead"], "teamWide": False, "teamKey": world.team_key}
    secret = ok(world.bo.http.post("/api/v2/pipelines", json=body))
    closed_box = ok(world.bo.http.post(f"/api/v2/pipelines/{secret['key']}/boxes", json={"name": "Plan"}))["key"]
    decisions = [Decision("store", "chosen", [box]) for box in (open_box, closed_box)]
    for number, decision in enumerate([*decisions, Decision("suggest", "unmatched")], 1):
        raw = raw_mail(number, subject=f"Mail {number}", text=f"From me\nnumber {number}")
        stored = receive(world, "bo", mailbox, raw, decision=decision)
        place = PlaceRecord(key, "INBOX", 1, number, stored.mail_key, [], [], None, None, None)
        world.server.engine.write(lambda db, place=place: PLACES.insert(db, place))
    world.as_("ada", lambda ctx: suggestions.add(ctx, mailbox, None, stored.mail_key, decision))
    path = f"/api/v2/mailboxes/{key}/mbox"
    answer = world.ada.http.get(path)
    assert answer.headers["content-type"] == "application/mbox"
    assert "sales@team.example.mbox" in answer.headers["content-disposition"]
    assert [word for word in ("Mail 1", "Mail 2", "Mail 3") if word in answer.text] == ["Mail 1", "Mail 3"]
    assert answer.text.count("\nFrom ") + answer.text.startswith("From ") == 2
    assert ">From me" in answer.text
    for stranger in (world.bo, world.cy):
        refused(stranger.http.get(path), 404)


def test_the_json_of_a_pipeline_has_the_mail_of_its_boxes_if_asked(world: World) -> None:
    pipeline = world.pipeline()
    boxes = [world.box(pipeline, name=name)["key"] for name in ("Acme", "Initech")]
    other = world.box(world.pipeline(name="Other"))["key"]
    for number, box in enumerate((*boxes, other), 1):
        raw = raw_mail(number, subject=f"Mail {number}")
        receive(world, "ada", mailbox_of(world, "ada"), raw, decision=Decision("store", "chosen", [box]))
    path = f"/api/v2/pipelines/{pipeline['key']}/export"

    def exported(**more: str) -> dict[str, Any]:
        answer = world.bo.http.get(path, params={"format": "json", **more})
        assert answer.status_code == 200, answer.text
        return dict(json.loads(answer.text))

    assert "mails" not in exported()
    whole = exported(mails="true")
    found = [(each["subject"], each["boxKey"], each["text"]) for each in whole["mails"]]
    assert found == [(f"Mail {at}", box, "The price is 1200\n") for at, box in enumerate(boxes, 1)]
    chosen = exported(mails="true", filter=json.dumps({"field": "name", "op": "eq", "value": "Initech"}))
    assert ([each["name"] for each in chosen["boxes"]], len(chosen["mails"])) == (["Initech"], 1)
    assert exported(mails="true", filter=json.dumps({"field": "name", "op": "eq", "value": "None"}))["mails"] == []
    refused(world.bo.http.get(path, params={"format": "csv", "mails": "true"}), 400, "mails")
    copied = ok(world.bo.http.post("/api/v2/pipelines/import?wait=20", content=json.dumps(whole).encode()))
    assert (copied["state"], copied["created"]) == ("done", 2), "an import passes over the mail"
