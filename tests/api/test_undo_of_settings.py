"""Undo of settings: subscriptions, inbound webhooks, automations, rules and field options."""

from typing import Any

import httpx
import pytest

from boxwood.core import undo_data
from boxwood.jobs import upkeep
from tests.api.automations import Rule, do
from tests.api.test_contacts import box_of, contact, read
from tests.api.test_undo import change_of, undo
from tests.conftest import Person, World, ok, refused

TARGET = "https://hooks.example.com/secret-path"


def webhook(person: Person, pipeline: dict[str, Any], **given: Any) -> dict[str, Any]:
    body = {"event": "BOX_EDIT", "targetUrl": TARGET, "pipelineKey": pipeline["key"], **given}
    created: dict[str, Any] = ok(person.http.post("/api/v2/webhooks", json=body))
    return created


def shown(person: Person, path: str) -> dict[str, Any]:
    """Return the thing as the API shows it, without save times and counters."""
    found: dict[str, Any] = ok(person.http.get(path))
    left = ("lastUpdatedTimestamp", "lastSavedTimestamp", "updatedTimestamp", "version", "switchedOn", "off", "onSince")
    return {name: entry for name, entry in found.items() if name not in left}


def change(person: Person, path: str, **given: Any) -> str:
    return change_of(person.http.post(path, json=given))


def test_undoing_an_edit_of_a_subscription_restores_its_address_and_token(world: World) -> None:
    pipeline = world.pipeline()
    created = webhook(world.ada, pipeline, stages=["5001"], condition='event == "BOX_EDIT"', token="hush-hush")
    path = f"/api/v2/webhooks/{created['key']}"
    before = shown(world.ada, path)
    edited = change(
        world.ada,
        path,
        targetUrl="https://other.example.com/",
        stages=[],
        condition="",
        token="loud-loud",
        event="BOX_CREATE",
        ordered=True,
    )
    assert shown(world.ada, path) != before
    undo(world, edited)
    assert shown(world.ada, path) == before
    sql = "SELECT target_url, token FROM webhooks WHERE key = :key"
    assert world.server.engine.read(lambda db: db.row(sql, key=created["key"])) == (TARGET, "hush-hush")
    entries = ok(world.ada.http.get(f"/api/v2/teams/{world.team_key}/audit", params={"kind": "webhook."}))
    assert "secret-path" not in str(entries)
    assert "hush-hush" not in str(entries)
    refused(world.cy.http.post("/api/v2/undo", json={"change": edited}), 404)


def test_a_later_edit_prevents_an_undo_and_a_new_secret_stays(world: World) -> None:
    created = webhook(world.ada, world.pipeline())
    path = f"/api/v2/webhooks/{created['key']}"
    edited = change(world.ada, path, targetUrl="https://one.example.com/", ordered=True)
    change(world.ada, path, targetUrl="https://two.example.com/")
    refused(world.ada.http.post("/api/v2/undo", json={"change": edited}), 400, "target url was changed since")
    rotated = change_of(world.ada.http.post(f"{path}/rotate"))
    refused(world.ada.http.post("/api/v2/undo", json={"change": rotated}), 400, "not stored any longer")


def test_editing_and_deleting_an_inbound_webhook_is_undone(world: World) -> None:
    pipeline = world.pipeline()
    body = {"name": "Orders", "signature": "GITHUB", "addresses": ["192.0.2.0/24"]}
    created = ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/inbound", json=body))
    path = f"/api/v2/inbound/{created['key']}"
    before = shown(world.ada, path)
    edited = change(
        world.ada, path, name="Other", signature="NONE", addresses=[], repeatPath="id", condition='method == "POST"'
    )
    undo(world, edited)
    assert shown(world.ada, path) == before
    change(world.ada, path, addresses=[], signature="NONE")
    undo(world, change_of(world.ada.http.delete(path)))
    with world.client(None) as caller:
        assert caller.post(httpx.URL(created["url"]).path, json={"id": 1}).status_code in (200, 202)
    refused(world.cy.http.get(path), 404)


def test_undoing_an_edit_of_an_automation_makes_it_run_as_before(world: World) -> None:
    pipeline = world.pipeline()
    rule = Rule(world, pipeline, "box.created", do("task.create", text="call"), secrets={"word": "hush-hush"})
    before = shown(world.ada, rule.own)
    edited = change(
        world.ada,
        rule.own,
        name="Changed",
        trigger={"type": "box.moved"},
        steps=[do("task.create", text="write")],
        secrets={"word": None, "other": "loud-loud"},
        enabled=False,
    )
    undo(world, edited)
    assert shown(world.ada, rule.own) == before
    sql = "SELECT secrets FROM automations WHERE key = :key"
    assert "hush-hush" in str(world.server.engine.read(lambda db: db.row(sql, key=rule.key)))
    box = world.box(pipeline)
    rule.only()
    tasks = ok(world.ada.http.get(f"/api/v2/boxes/{box['key']}/tasks"))["results"]
    assert [task["text"] for task in tasks] == ["call"]
    off = change_of(world.ada.http.post(f"{rule.own}/disable"))
    undo(world, off)
    assert ok(world.ada.http.get(rule.own))["enabled"] is True


def test_an_undo_does_not_restore_secrets_of_another_user(world: World) -> None:
    pipeline = world.pipeline()
    rule = Rule(world, pipeline, "box.created", do("task.create", text="call"), secrets={"word": "hush-hush"})
    edited = change(world.bo, rule.own, steps=[do("task.create", text="write")])
    taken = change_of(world.bo.http.post("/api/v2/undo", json={"change": edited}))
    sql = "SELECT user_key, secrets FROM automations WHERE key = :key"
    assert world.server.engine.read(lambda db: db.row(sql, key=rule.key)) == (world.bo.user_key, "{}")
    undo(world, taken)
    undo(world, edited)
    owner, secrets = world.server.engine.read(lambda db: db.row(sql, key=rule.key))
    assert (owner, "hush-hush" in secrets) == (world.ada.user_key, True)


def test_creating_changing_and_deleting_a_rule_is_undone(world: World) -> None:
    pipeline = world.pipeline()
    path = f"/api/v2/pipelines/{pipeline['key']}/validators"
    empty = {"field": "notes", "op": "isEmpty"}
    created = world.ada.http.post(path, json={"name": "Bare", "assertion": empty})
    own = f"{path}/{ok(created)['key']}"
    before = shown(world.ada, own)
    in_won = {"field": "stage", "op": "eq", "value": "5002"}
    undo(
        world, change(world.ada, own, name="Other", formula="return true", condition=in_won, message="No", mode="WARN")
    )
    assert shown(world.ada, own) == before
    undo(world, change_of(world.ada.http.delete(own)))
    assert shown(world.ada, own) == before
    refused(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/boxes", json={"name": "X", "notes": "n"}), 400)
    undo(world, change_of(created))
    refused(world.ada.http.get(own), 404)


@pytest.mark.parametrize("kind", ["DROPDOWN", "TAG"])
def test_undoing_the_removal_of_an_option_restores_the_values_of_boxes(world: World, kind: str) -> None:
    pipeline = world.pipeline()
    names, settings = ["S", "M", "L"], ("dropdownSettings", "items") if kind == "DROPDOWN" else ("tagSettings", "tags")
    field = world.field(pipeline, kind, **{settings[0]: {settings[1]: [{"name": name} for name in names]}})
    small, middle, large = (item["key"] for item in field[settings[0]][settings[1]])
    given = [[small], [middle], [small, large], [middle, small]]
    values = [entry[0] for entry in given] if kind == "DROPDOWN" else given
    boxes = [world.box(pipeline, fields={field["key"]: value}) for value in values]
    own = f"/api/v1/pipelines/{pipeline['key']}/fields/{field['key']}"

    def held() -> list[Any]:
        return [box_of(world, box)["fields"].get(field["key"]) for box in boxes]

    before = ok(world.ada.http.get(own))
    left = {settings[0]: {settings[1]: [{"key": middle, "name": "M"}, {"key": large, "name": "L"}]}}
    lost = change(world.ada, own, **left)
    cleared = held()
    assert cleared == ([None, middle, None, middle] if kind == "DROPDOWN" else [None, [middle], [large], [middle]])
    since = large if kind == "DROPDOWN" else [large]
    ok(world.ada.http.post(f"/api/v1/boxes/{boxes[0]['key']}", json={"fields": {field["key"]: since}}))
    undo(world, lost)
    assert ok(world.ada.http.get(own))[settings[0]] == before[settings[0]]
    assert held() == [large if kind == "DROPDOWN" else [large, small], *values[1:]]
    test = f'"op": "eq", "value": "{small}"' if kind == "DROPDOWN" else f'"op": "any", "value": ["{small}"]'
    tree = f'{{"field": "{field["key"]}", {test}}}'
    found = ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}/boxes", params={"filter": tree}))["results"]
    assert len(found) == (1 if kind == "DROPDOWN" else 3)


def test_undoing_the_removal_of_an_unused_option_restores_it(world: World) -> None:
    pipeline = world.pipeline()
    field = world.field(pipeline, "DROPDOWN", dropdownSettings={"items": [{"name": "S"}, {"name": "L"}]})
    own = f"/api/v1/pipelines/{pipeline['key']}/fields/{field['key']}"
    undo(world, change(world.ada, own, dropdownSettings={"items": [{"name": "S"}]}))
    assert ok(world.ada.http.get(own))["dropdownSettings"] == field["dropdownSettings"]


def test_undoing_the_deletion_of_contact_fields_restores_their_values(world: World) -> None:
    fields = f"/api/v2/teams/{world.team_key}/contacts/fields"
    size = ok(world.ada.http.post(fields, json={"name": "Size", "type": "TEXT_INPUT"}))["key"]
    tags = {"tags": [{"name": "Hot"}, {"name": "Cold"}]}
    mood = ok(world.ada.http.post(fields, json={"name": "Mood", "type": "TAG", "tagSettings": tags}))
    hot, cold = (tag["key"] for tag in mood["tagSettings"]["tags"])
    held = {size: "L", mood["key"]: f"{hot},{cold}"}
    konrad, other = (contact(world, givenName=name, fields=held) for name in ("Konrad", "Alan"))
    renamed = change(world.ada, f"{fields}/{size}", name="Weight")
    undo(world, renamed)
    lost = change(world.ada, f"{fields}/{mood['key']}", tagSettings={"tags": [{"key": cold, "name": "Cold"}]})
    assert read(world, konrad)["fields"] == {size: "L", mood["key"]: cold}
    gone = change_of(world.ada.http.delete(f"{fields}/{size}"))
    assert read(world, konrad)["fields"] == {mood["key"]: cold}
    refused(world.ada.http.post("/api/v2/undo", json={"change": lost}), 400, "were changed since")
    undo(world, gone)
    undo(world, lost)
    assert [read(world, each)["fields"] for each in (konrad, other)] == [held, held]
    shown = ok(world.ada.http.get(fields))
    assert [each["name"] for each in shown] == ["Size", "Mood"]
    refused(world.cy.http.post("/api/v2/undo", json={"change": gone}), 404)


def test_a_change_of_the_team_name_and_settings_is_undone(world: World) -> None:
    path = f"/api/v2/teams/{world.team_key}"
    before = ok(world.ada.http.get(path))
    edited = change(world.ada, path, name="Others", sharingRestrictedToTeam=True)
    assert ok(world.ada.http.get(path))["name"] == "Others"
    refused(world.bo.http.post("/api/v2/undo", json={"change": edited}), 400)
    undo(world, edited)
    after = ok(world.ada.http.get(path))
    assert {name for name in after if after[name] != before[name]} <= {"lastSavedTimestamp", "lastUpdatedTimestamp"}
    (entries,) = ok(world.ada.http.get(f"{path}/audit", params={"kind": "team.edited", "limit": 1}))["results"]
    assert (entries["before"]["name"], entries["after"]["name"]) == ("Others", before["name"])


def test_undo_data_is_deleted_after_30_days(world: World) -> None:
    created = webhook(world.ada, world.pipeline())
    path = f"/api/v2/webhooks/{created['key']}"
    edited = change(world.ada, path, targetUrl="https://one.example.com/")
    now = world.clock()
    upkeep.sweep(world.server.engine, world.server.boxwood.store, now)
    undo(world, edited)
    edited = change(world.ada, path, targetUrl="https://one.example.com/")
    upkeep.sweep(world.server.engine, world.server.boxwood.store, now + undo_data.LASTS + 60_000)
    refused(world.ada.http.post("/api/v2/undo", json={"change": edited}), 400, "not stored any longer")
    assert world.server.engine.read(lambda db: db.row("SELECT COUNT(*) FROM edits")) == (0,)
