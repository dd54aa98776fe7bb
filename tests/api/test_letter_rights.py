"""What API keys, colleagues and former members see of drafts and letters, and what sequences and snippets may use."""

import itertools
from typing import Any

import pytest

from tests.api.test_drafts import draft, mailbox, message
from tests.api.test_key_scopes import key_of
from tests.api.test_mailings import contact_of
from tests.api.test_sequences import go_on, run_of, sequence_of, start
from tests.conftest import World, ok, refused

V2 = "/api/v2"
TO = {"to": ["zoe@client.example"], "subject": "Offer"}


@pytest.fixture
def box(world: World) -> dict[str, Any]:
    found: dict[str, Any] = world.box(world.pipeline(team_wide=True), name="Zzbox", notes="Zznotes")
    return found


def test_a_key_that_may_only_write_mail_reads_no_boxes_files_and_snippets(world: World, box: dict[str, Any]) -> None:
    mailbox(world, world.ada)
    files = {"file": ("zzfile.txt", b"Zz", "text/plain")}
    file = ok(world.ada.http.post(f"{V2}/boxes/{box['key']}/files", files=files))["key"]
    snippet = ok(world.ada.http.put("/api/v1/snippets", json={"snippetName": "Mine", "snippetText": "Zzsnippet"}))
    written = draft(world, boxKey=box["key"], html="<p>{{box.name}} {{box.notes}} {{contact.name}}</p>", **TO)
    path = f"{V2}/drafts/{written['key']}"
    http = key_of(world, "mail:write")
    for body in ({}, {"boxKey": box["key"]}):
        shown = http.post(f"{path}/preview", json=body)
        assert [each["field"] for each in ok(shown)["missing"]] == ["box.name", "box.notes", "contact.name"]
        assert "Zz" not in shown.text
    for place in (path, f"{V2}/drafts"):
        refused(http.post(place, json={"files": [file]}), 403, "files:read")
    refused(http.post(f"{V2}/drafts", json={"snippetKey": snippet["key"]}), 403, "snippets:read")
    more = key_of(world, "mail:write", "boxes:read", "files:read", "snippets:read")
    assert "Zzbox Zznotes" in more.post(f"{path}/preview", json={}).text
    assert ok(more.post(f"{V2}/drafts", json={"files": [file], "snippetKey": snippet["key"]}))["html"] == "Zzsnippet"


def test_a_sequence_does_only_what_its_key_may_do(world: World, box: dict[str, Any]) -> None:
    mailbox(world, world.ada)
    pipeline = {"key": box["pipelineKey"]}
    ok(world.ada.http.post(f"{V2}/boxes/{box['key']}", json={"emailAddressesWhitelist": ["zoe@client.example"]}))
    snippet = ok(world.ada.http.put("/api/v1/snippets", json={"snippetName": "Mine", "snippetText": "Zzsnippet"}))
    mail = {"type": "mail", "subject": "Offer", "text": "Hello"}
    steps = ({"type": "task", "text": "Call"}, "tasks:write"), ({**mail, "snippetKey": snippet["key"]}, "snippets:read")
    for step, missing in steps:
        sequence = sequence_of(
            world, pipeline, [{k: v for k, v in step.items() if k != "text" or step is steps[0][0]}, mail]
        )
        http = key_of(world, "mail:write", "boxes:write", "contacts:read")
        run = ok(http.post(f"{V2}/sequences/{sequence}/start", json={"boxKeys": [box["key"]]}))["started"][0]["key"]
        go_on(world)
        ended = run_of(world, run)
        assert ended["state"] == "failed"
        assert missing in ended["reason"]
    assert ok(world.ada.http.get(f"{V2}/boxes/{box['key']}/tasks"))["results"] == []
    assert ok(world.ada.http.get(f"{V2}/letters"))["results"] == []


def test_a_sequence_takes_no_contacts_of_another_team(world: World, box: dict[str, Any]) -> None:
    mailbox(world, world.ada)
    team = ok(world.ada.http.post(f"{V2}/teams", json={"name": "Other", "members": [{"email": world.ada.email}]}))[
        "key"
    ]
    body = {"givenName": "Kim", "emailAddresses": ["kim@client.example"]}
    other = ok(world.ada.http.post(f"{V2}/teams/{team}/contacts", json=body))["key"]
    own = contact_of(world, "Zoe", "zoe@client.example")
    sequence = sequence_of(world, {"key": box["pipelineKey"]})
    path = f"{V2}/sequences/{sequence}/start"
    for boxes, contacts in itertools.product(([box["key"]], []), ([other], [own, other])):
        refused(world.ada.http.post(path, json={"boxKeys": boxes, "contactKeys": contacts}), 404)
    assert len(start(world, sequence, boxKeys=[box["key"]], contactKeys=[own])["started"]) == 1


def test_a_shared_draft_that_quotes_mail_is_hidden_when_the_mail_is(world: World, box: dict[str, Any]) -> None:
    mailbox(world, world.ada)
    came = message(world, box)
    first, second = (draft(world, kind="reply", messageKey=came["key"], shared=True) for _ in range(2))
    ok(world.ada.http.post(f"{V2}/drafts/{second['key']}", json={"threadKey": None}))
    third = draft(world, kind="reply", messageKey=came["key"])
    ok(world.ada.http.post(f"{V2}/drafts/{third['key']}", json={"threadKey": None}))
    keys = {first["key"], second["key"]}
    assert {each["key"] for each in ok(world.bo.http.get(f"{V2}/drafts"))["results"]} == keys
    ok(world.ada.http.post(f"{V2}/threads/{came['threadKey']}/share", json={"share": "private"}))
    assert ok(world.bo.http.get(f"{V2}/drafts"))["results"] == []
    for key in keys:
        assert world.bo.http.get(f"{V2}/drafts/{key}").status_code == 404
        assert world.bo.http.post(f"{V2}/drafts/{key}/preview", json={}).status_code == 404
    assert world.ada.http.post(f"{V2}/drafts/{third['key']}", json={"shared": True}).status_code == 400
    assert len(ok(world.ada.http.get(f"{V2}/drafts"))["results"]) == 3
    ok(world.ada.http.post(f"{V2}/threads/{came['threadKey']}/share", json={"share": "full"}))
    assert {each["key"] for each in ok(world.bo.http.get(f"{V2}/drafts"))["results"]} == keys


def test_files_of_letters_are_shown_with_their_text(world: World, box: dict[str, Any]) -> None:
    own = mailbox(world, world.ada)
    keys = []
    for more in ({"html": "<p>Hi</p>"}, {}):
        written = draft(world, boxKey=box["key"], mailboxKey=own, **TO, **more)
        path = f"{V2}/drafts/{written['key']}"
        ok(world.ada.http.post(f"{path}/files", files={"file": ("a.txt", b"A", "text/plain")}))
        body = {"sendAt": world.clock() + 86_400_000}
        keys.append(ok(world.ada.http.post(f"{path}/send", json=body))["key"])
    for share, subject, files in (
        ("full", "Offer", ["a.txt"]),
        ("subject", "Offer", []),
        ("metadata", "", []),
        ("private", None, []),
    ):
        ok(world.ada.http.post(f"{V2}/mailboxes/{own}", json={"share": share}))
        listed = {each["key"]: each for each in ok(world.bo.http.get(f"{V2}/letters"))["results"]}
        assert set(listed) == (set() if subject is None else set(keys)), share
        for key in keys:
            assert [each["name"] for each in ok(world.ada.http.get(f"{V2}/letters/{key}"))["files"]] == ["a.txt"]
            answer = world.bo.http.get(f"{V2}/letters/{key}")
            if subject is None:
                assert answer.status_code == 404
                continue
            assert ok(answer) == listed[key]
            assert (listed[key]["subject"], [each["name"] for each in listed[key]["files"]]) == (subject, files), share


def test_a_key_limited_to_pipelines_has_only_mail_of_their_boxes(world: World, box: dict[str, Any]) -> None:
    own = mailbox(world, world.ada)
    alone = draft(world, mailboxKey=own, html="Zzalone", **TO)
    waits = draft(world, mailboxKey=own, html="Zzwaits", **TO)
    later = {"sendAt": world.clock() + 86_400_000}
    letter = ok(world.ada.http.post(f"{V2}/drafts/{waits['key']}/send", json=later))
    http = key_of(world, "*:admin", pipelineKeys=[box["pipelineKey"]])
    for path in (f"{V2}/drafts", f"{V2}/letters"):
        assert ok(http.get(path))["results"] == []
    for path in (f"{V2}/drafts/{alone['key']}", f"{V2}/letters/{letter['key']}"):
        refused(http.get(path), 404)
    refused(http.post(f"{V2}/drafts/{alone['key']}/send", json=later), 404)
    refused(http.post(f"{V2}/letters/{letter['key']}/cancel"), 404)
    refused(http.post(f"{V2}/drafts", json={"mailboxKey": own, **TO}), 400, "boxKey", "limited to pipelines")
    written = ok(http.post(f"{V2}/drafts", json={"mailboxKey": own, "boxKey": box["key"], **TO}))
    path = f"{V2}/drafts/{written['key']}"
    refused(http.post(path, json={"boxKey": None}), 400, "boxKey")
    sent = ok(http.post(f"{path}/send", json=later))
    assert [each["key"] for each in ok(http.get(f"{V2}/letters"))["results"]] == [sent["key"]]
    body = {"toAddresses": ["zoe@client.example"], "subject": "Offer", "body": "Hi", "sendDate": later["sendAt"]}
    refused(http.post(f"{V2}/sendlaters", json=body), 400, "boxKey", "limited to pipelines")
    ok(http.post(f"{V2}/sendlaters", json={**body, "boxKey": box["key"]}))
    outside = world.box(world.pipeline())["key"]
    refused(http.post(f"{V2}/sendlaters", json={**body, "boxKey": outside}), 404)


def test_a_removed_member_sees_no_drafts_of_the_team(world: World) -> None:
    other = ok(world.bo.http.post(f"{V2}/drafts", json={"teamKey": world.team_key, **TO}))
    assert [each["key"] for each in ok(world.bo.http.get(f"{V2}/drafts"))["results"]] == [other["key"]]
    ok(world.ada.http.post(f"{V2}/teams/{world.team_key}/members/{world.bo.user_key}/leave", json={}))
    assert ok(world.bo.http.get(f"{V2}/drafts"))["results"] == []
    for verb in ("GET", "POST", "DELETE"):
        assert world.bo.http.request(verb, f"{V2}/drafts/{other['key']}").status_code == 404


def test_a_rendered_snippet_is_not_filled_again(world: World) -> None:
    pipeline = world.pipeline()
    key = world.box(pipeline, name="{{box.notes}} {<b></b>{box.notes}}", notes="a secret")["key"]
    body = {"snippetName": "X", "subject": "About {{box.name}}", "snippetText": "<p>{{box.name}}</p>"}
    snippet = ok(world.ada.http.put("/api/v1/snippets", json=body))["key"]
    shown = ok(world.ada.http.post(f"{V2}/snippets/{snippet}/render", json={"boxKey": key}))
    mailbox(world, world.ada)
    again = draft(world, boxKey=key, to=["zoe@client.example"], subject=shown["subject"], html=shown["html"])
    text = draft(world, boxKey=key, to=["zoe@client.example"], subject="X", text=shown["text"])
    for each in (again, text):
        assert "a secret" not in str(ok(world.ada.http.post(f"{V2}/drafts/{each['key']}/preview", json={})))


def test_a_content_id_is_on_one_line(world: World) -> None:
    written = draft(world, **TO)
    path = f"{V2}/drafts/{written['key']}/files"
    for wrong in ("a\r\nX: y", "a b", "ä", "<a>", "a" * 201):
        files = {"file": ("a.png", b"A", "image/png")}
        refused(world.ada.http.post(path, files=files, params={"contentId": wrong}), 400, "contentId")


def test_letters_are_listed_page_by_page(world: World, box: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("boxwood.core.activity.sending.letters.AT_ONCE", 2)
    own = mailbox(world, world.ada)
    keys, later = [], world.clock() + 86_400_000
    for at in range(5):
        written = draft(
            world, mailboxKey=own, html=f"<p>Letter {at}</p>", **({"boxKey": box["key"]} if at % 2 else {}), **TO
        )
        body = {"sendAt": later - at}
        keys.append(ok(world.ada.http.post(f"{V2}/drafts/{written['key']}/send", json=body))["key"])
    for page, limit in itertools.product(range(3), (1, 2, 3, 5)):
        answer = ok(world.ada.http.get(f"{V2}/letters", params={"page": page, "limit": limit}))
        assert [each["key"] for each in answer["results"]] == keys[page * limit : (page + 1) * limit]
        assert answer["hasNextPage"] == ((page + 1) * limit < 5)
    assert [each["key"] for each in ok(world.bo.http.get(f"{V2}/letters"))["results"]] == [keys[1], keys[3]]
