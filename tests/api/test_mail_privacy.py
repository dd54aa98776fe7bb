"""The privacy matrix of mail: 6 viewers, 4 shares, and every surface on which mail could appear.

Text, file, subject and sender hold different words. A surface leaks if a viewer finds a word there that the share does
not give them.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec
import pytest

from boxwood.core.activity.mail.matching import Decision
from boxwood.core.activity.mail.progress import PLACES, PlaceRecord
from boxwood.core.records import TEAM_MEMBERS, TeamMember
from tests.conftest import World, ok, refused
from tests.mail_in import mailbox_of, raw_mail, receive
from tests.receiver import Receiver

TEXT, FILE, SUBJECT, SENDER = "Quillwort", "Zymurgy", "Jacinth", "ophidian"
INSIDE = (TEXT, FILE)
SEEN = {
    "full": {TEXT, FILE, SUBJECT, SENDER},
    "subject": {SUBJECT, SENDER},
    "metadata": {SENDER},
    "private": set(),
}
"""The words that other users than the owner may read, by share."""


@dataclass
class Viewer:
    name: str
    http: httpx.Client = field(repr=False)
    owns: bool = False
    """Whether it is the owner of the mailbox."""
    sees_box: bool = True


@dataclass
class Scene:
    world: World
    share: str
    box: str
    thread: str
    message: str
    file: str
    change: str
    """The change key of the mail's events."""
    removed_thread: str
    """A conversation with the same words that is in the trash."""
    webhook: str
    automation: str
    receiver: Receiver
    contact: str
    organization: str
    mailbox: str
    cursor: str
    """Of the event stream, before the mail."""
    viewers: list[Viewer]


def mail_with_words(number: int, **more: Any) -> bytes:
    return raw_mail(
        number,
        subject=f"{SUBJECT} plan",
        text=f"The {TEXT} text",
        sender=f"{SENDER}@client.example",
        files={f"{FILE}.txt": FILE.encode()},
        **more,
    )


def viewers(world: World, pipeline: dict[str, Any]) -> list[Viewer]:
    """The owner of the mailbox; an owner of the team; a member; the owner of the team through a key of the team; a user
    who only has a viewer's role; and a stranger."""
    eve = world.person("eve", "Eve", "Polastri")
    engine, now = world.server.engine, world.clock()
    member = TeamMember(world.team_key, eve.user_key, "Member", "Accepted", now)
    engine.write(lambda db: TEAM_MEMBERS.insert(db, member))
    world.stack.callback(eve.http.close)
    members = [
        {"email": world.ada.email, "permissionSetName": "__adminPermissionSet__"},
        {"email": eve.email, "permissionSetName": "__viewAllPermissionSet__"},
    ]
    ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}", json={"aclEntries": members}))
    team_key = ok(world.ada.http.put("/api/v1/apikeys", json={"teamKey": world.team_key}))["apiKey"]
    return [
        Viewer("the owner of the mailbox", world.bo.http, owns=True),
        Viewer("an owner of the team", world.ada.http),
        Viewer("a viewer", eve.http),
        Viewer("a key of the team", world.stack.enter_context(world.client(team_key))),
        Viewer("the owner of the mailbox through a key of the team", as_bo(world, team_key)),
        Viewer("a stranger", world.cy.http, sees_box=False),
    ]


def as_bo(world: World, team_key: str) -> httpx.Client:
    client = world.stack.enter_context(world.client(team_key))
    client.headers["X-Boxwood-Act-As"] = world.bo.email
    return client


def make_scene(world: World, share: str, receiver: Receiver) -> Scene:
    pipeline = world.pipeline()
    box = world.box(pipeline)["key"]
    seen_by = viewers(world, pipeline)
    ok(world.ada.http.post(f"/api/v2/boxes/{box}/following", json={"following": True}))
    hooks = [
        ok(
            world.ada.http.post(
                "/api/v2/webhooks",
                params={"pipelineKey": pipeline["key"]},
                json={"event": event, "targetUrl": receiver.url},
            )
        )
        for event in ("THREAD_ADDED_TO_BOX", "BOX_NEW_EMAIL_RECEIVED", "THREAD_REMOVED_FROM_BOX")
    ]
    automation = ok(
        world.ada.http.post(
            f"/api/v2/pipelines/{pipeline['key']}/automations",
            json={
                "name": "Note mail",
                "trigger": {"type": "message.received"},
                "steps": [{"type": "comment.create", "with": {"message": "{{ message.subject }} {{ message.text }}"}}],
            },
        )
    )
    ok(world.ada.http.post(f"/api/v2/automations/{automation['key']}/enable"))
    contact = ok(
        world.ada.http.post(
            f"/api/v2/teams/{world.team_key}/contacts",
            json={"givenName": "Kim", "emailAddresses": [f"{SENDER}@client.example"]},
        )
    )
    organization = ok(
        world.ada.http.post(
            f"/api/v2/teams/{world.team_key}/organizations", json={"name": "Client", "domains": ["client.example"]}
        )
    )
    server = {"host": "127.0.0.1", "port": 1, "security": "none", "password": "correct-horse"}
    given = {"address": world.bo.email, "imap": server, "share": share, "teamKey": world.team_key}
    mailbox_key = ok(world.bo.http.post("/api/v2/mailboxes", json=given))["key"]
    ok(world.bo.http.post(f"/api/v2/mailboxes/{mailbox_key}/pause"))
    cursor = ok(world.ada.http.get("/api/v2/events", params={"after": "now"}))["cursor"]
    mailbox = msgspec.structs.replace(mailbox_of(world, "bo", share), key=mailbox_key)
    chosen = Decision("store", "chosen", [box])
    first = receive(world, "bo", mailbox, mail_with_words(1), decision=chosen)
    message = ok(world.bo.http.get(f"/api/v2/messages/{first.message_keys[0]}"))
    place = PlaceRecord(mailbox_key, "INBOX", 1, 1, first.mail_key, [], [], None, None, None)
    world.server.engine.write(lambda db: PLACES.insert(db, place))
    second = receive(world, "bo", mailbox, mail_with_words(2), decision=chosen)
    gone = ok(world.bo.http.get(f"/api/v2/messages/{second.message_keys[0]}"))["threadKey"]
    ok(world.bo.http.delete(f"/api/v1/threads/{gone}"))
    history = ok(world.bo.http.get(f"/api/v2/boxes/{box}/history"))["results"]
    change = next(event["change"] for event in history if event["kind"] == "thread.added")
    return Scene(
        world, share, box, message["threadKey"], message["key"], message["fileKeys"][0], change, gone,
        hooks[0]["key"], automation["key"], receiver, contact["key"], organization["key"], mailbox_key, cursor, seen_by,
    )  # fmt: skip


def get(path: str, verb: str = "GET", **params: str) -> Callable[[Scene, Viewer], httpx.Response]:
    def ask(scene: Scene, viewer: Viewer) -> httpx.Response:
        names = {name: getattr(scene, name) for name in ("box", "thread", "message", "file", "webhook", "automation")}
        more = {"contact": scene.contact, "organization": scene.organization, "mailbox": scene.mailbox}
        filled = path.format(**names, **more, pipeline=pipeline_of(scene))
        return viewer.http.request(verb, f"/api{filled}", params=params)

    return ask


def pipeline_of(scene: Scene) -> str:
    key: str = ok(scene.world.ada.http.get(f"/api/v1/boxes/{scene.box}"))["pipelineKey"]
    return key


SURFACES: dict[str, Callable[[Scene, Viewer], httpx.Response]] = {
    "threads of the box": get("/v1/boxes/{box}/threads"),
    "the thread": get("/v1/threads/{thread}"),
    "messages of the thread": get("/v2/threads/{thread}/messages"),
    "the message": get("/v2/messages/{message}"),
    "view of the message": get("/v2/messages/{message}/view"),
    "page of the message": get("/v2/messages/{message}/page"),
    "original": get("/v2/messages/{message}/raw"),
    "mbox": get("/v2/boxes/{box}/mbox"),
    "mbox of the mailbox": get("/v2/mailboxes/{mailbox}/mbox"),
    "files of the box": get("/v1/boxes/{box}/files"),
    "the file": get("/v1/files/{file}"),
    "bytes of the file": get("/v1/files/{file}/contents"),
    "link to the file": get("/v1/files/{file}/link"),
    "timeline": get("/v2/boxes/{box}/timeline"),
    "timeline, oldest first": get("/v2/boxes/{box}/timeline", direction="Ascending", filters="EMAILS,FILES"),
    "markdown": get("/v1/boxes/{box}/md"),
    "newsfeed of the box": get("/v1/boxes/{box}/newsfeed", detailLevel="ALL"),
    "newsfeed of the pipeline": get("/v1/pipelines/{pipeline}/newsfeed", detailLevel="ALL"),
    "newsfeed of all": get("/v1/newsfeed", detailLevel="ALL"),
    "newsfeed export": get("/v1/pipelines/{pipeline}/newsfeed/export/full", "PUT"),
    "history": get("/v2/boxes/{box}/history"),
    "events": lambda scene, viewer: viewer.http.get("/api/v2/events", params={"after": scene.cursor, "limit": "500"}),
    "notifications": get("/v2/notifications"),
    "trash": get("/v2/trash"),
    "search by text": get("/v1/search", query=TEXT),
    "search by subject": get("/v1/search", query=SUBJECT),
    "search by file": get("/v1/search", query=FILE),
    "matches by text": get("/v2/search/matches", query=TEXT),
    "matches by subject": get("/v2/search/matches", query=SUBJECT),
    "matches by file": get("/v2/search/matches", query=FILE),
    "conversations of the contact": get("/v2/contacts/{contact}/threads"),
    "conversations of the organization": get("/v2/organizations/{organization}/threads"),
    "suggestions": get("/v2/mail/suggestions"),
    "box": get("/v1/boxes/{box}"),
    "box in the past": get("/v1/boxes/{box}", asOf="4000000000000"),
    "boxes": get("/v1/pipelines/{pipeline}/boxes"),
    "export of the pipeline": get("/v2/pipelines/{pipeline}/export", format="json"),
    "export of the pipeline with mail": get("/v2/pipelines/{pipeline}/export", format="json", mails="true"),
    "comments of the box": get("/v1/boxes/{box}/comments"),
    "deliveries": get("/v2/webhooks/{webhook}/deliveries"),
    "runs": get("/v2/automations/{automation}/runs"),
}


WHOLE = set(SURFACES) - {
    *("the file", "link to the file", "search by text", "search by subject", "search by file", "box in the past"),
    *("box", "boxes", "export of the pipeline", "comments of the box", "deliveries", "runs", "notifications"),
    "suggestions",
}
"""Surfaces on which the owner of the mail must find it, or they test nothing."""


@pytest.mark.parametrize("share", SEEN)
def test_no_surface_shows_more_than_the_share_gives(world: World, share: str) -> None:
    receiver = Receiver()
    world.stack.callback(receiver.close)
    scene = make_scene(world, share, receiver)
    faults, asked = [], 0
    for viewer in scene.viewers:
        allowed = SEEN["full"] if viewer.owns else SEEN[share] if viewer.sees_box else set()
        for name, ask in SURFACES.items():
            answer = ask(scene, viewer)
            assert answer.status_code < 500, (name, answer.text)
            if viewer.owns and answer.status_code != 200:
                faults.append(f"{name} is no surface: {answer.text}")
            if viewer.owns and name in WHOLE and not any(word in answer.text for word in SEEN["full"]):
                faults.append(f"{name} does not show the mail to its owner")
            asked += 1
            # A response repeats what was searched for.
            text = answer.text.replace(answer.request.url.params.get("query", "-"), "", 1)
            leaked = {word for word in SEEN["full"] - allowed if word.casefold() in text.casefold()}
            if leaked:
                faults.append(f"{share}: {viewer.name} finds {sorted(leaked)} in {name}")
        faults += [f"{share}: {viewer.name} {fault}" for fault in found_by_undo(scene, viewer, allowed)]
    assert asked == len(SURFACES) * 6
    sent = json.dumps([request.body.decode() for request in received(scene)])
    if share != "full":
        faults += [f"{share}: a webhook sent {word}" for word in SEEN["full"] if word in sent]
        assert runs_of(scene) == []
    assert faults == []


def found_by_undo(scene: Scene, viewer: Viewer, allowed: set[str]) -> list[str]:
    """Faults of an undo by a viewer who may not see the mail: it must be like that of an unknown change."""
    if allowed == SEEN["full"]:
        return []
    faults = []
    for body in ({"change": scene.change}, {"event": scene.change}):
        answer, unknown = (
            viewer.http.post("/api/v2/undo", json=each) for each in (body, dict.fromkeys(body, "n" + "9" * 12))
        )
        if answer.status_code != unknown.status_code:
            faults.append(f"undoes {body}: {answer.text}")
    answer = viewer.http.post(f"/api/v2/trash/{scene.removed_thread}/restore")
    if answer.status_code != 404:
        faults.append(f"restores the conversation: {answer.text}")
    return faults


def received(scene: Scene) -> list[Any]:
    """What the webhooks sent, after all deliveries ended."""
    return [request for path in ("/", "") for request in scene.receiver.received(path)]


def runs_of(scene: Scene) -> list[Any]:
    return list(ok(scene.world.ada.http.get(f"/api/v2/automations/{scene.automation}/runs"))["results"])


@pytest.mark.parametrize("share", SEEN)
def test_the_share_gives_what_it_says(world: World, share: str) -> None:
    box = world.box(world.pipeline())["key"]
    chosen = Decision("store", "chosen", [box])
    receive(world, "bo", mailbox_of(world, "bo", share), mail_with_words(1), decision=chosen)
    for person, words in ((world.bo, SEEN["full"]), (world.ada, SEEN[share])):
        threads = person.http.get(f"/api/v1/boxes/{box}/threads").text
        assert {word for word in (SUBJECT, SENDER) if word in threads} == words & {SUBJECT, SENDER}
        timeline = person.http.get(f"/api/v2/boxes/{box}/timeline").text
        assert {word for word in SEEN["full"] if word in timeline} == words
    shown = ok(world.ada.http.get(f"/api/v1/boxes/{box}"))
    assert shown["totalNumberOfEmails"] == (0 if share == "private" else 1)
    assert shown["fileCount"] == (1 if share == "full" else 0)
    assert shown["emailAddresses"] == ([] if share == "private" else [f"{SENDER}@client.example"])
    assert ok(world.bo.http.get("/api/v1/search", params={"query": TEXT}))["results"]["boxes"][0]["boxKey"] == box
    found = ok(world.ada.http.get("/api/v1/search", params={"query": TEXT}))["results"]["boxes"]
    assert len(found) == (1 if share == "full" else 0)


def test_mail_that_also_comes_to_an_open_mailbox_is_open(world: World) -> None:
    box = world.box(world.pipeline())["key"]
    chosen = Decision("store", "chosen", [box])
    private = receive(world, "bo", mailbox_of(world, "bo", "private"), mail_with_words(1), decision=chosen)
    only_private = receive(
        world, "bo", mailbox_of(world, "bo", "private"), mail_with_words(2, answers=1), decision=chosen
    )
    assert ok(world.ada.http.get(f"/api/v1/boxes/{box}/threads")) == []
    opened = receive(world, "ada", mailbox_of(world, "ada"), mail_with_words(1), decision=chosen)
    assert (opened.new, opened.message_keys) == (False, private.message_keys)
    assert world.ada.http.get(f"/api/v2/messages/{private.message_keys[0]}").status_code == 200
    assert world.ada.http.get(f"/api/v2/messages/{only_private.message_keys[0]}").status_code == 404
    assert len(ok(world.bo.http.get(f"/api/v1/boxes/{box}/threads"))) == 2
    assert ok(world.ada.http.get(f"/api/v1/boxes/{box}"))["totalNumberOfEmails"] == 1


def test_an_owner_restricts_a_conversation_and_opens_it_again_with_undo(world: World) -> None:
    box = world.box(world.pipeline())["key"]
    chosen = Decision("store", "chosen", [box])
    stored = receive(world, "bo", mailbox_of(world, "bo"), mail_with_words(1), decision=chosen)
    thread = ok(world.bo.http.get(f"/api/v2/messages/{stored.message_keys[0]}"))["threadKey"]
    refused(world.ada.http.post(f"/api/v2/threads/{thread}/share", json={"share": "private"}), 403)
    refused(world.bo.http.post(f"/api/v2/threads/{thread}/share", json={"share": "secret"}), 400, "share")
    answer = world.bo.http.post(f"/api/v2/threads/{thread}/share", json={"share": "private"})
    assert ok(answer)["share"] == "private"
    assert world.ada.http.get(f"/api/v1/threads/{thread}").status_code == 404
    refused(world.ada.http.post("/api/v2/undo", json={"change": answer.headers["x-boxwood-change"]}), 404)
    # An answer joins the conversation, and is as private.
    later = receive(world, "bo", mailbox_of(world, "bo"), mail_with_words(2, answers=1))
    assert world.ada.http.get(f"/api/v2/messages/{later.message_keys[0]}").status_code == 404
    ok(world.bo.http.post("/api/v2/undo", json={"change": answer.headers["x-boxwood-change"]}))
    assert len(ok(world.ada.http.get(f"/api/v2/threads/{thread}/messages"))["results"]) == 2


def test_mail_in_several_mailboxes_is_restricted_only_after_a_split(world: World) -> None:
    box = world.box(world.pipeline())["key"]
    chosen = Decision("store", "chosen", [box])
    both = [
        receive(world, name, mailbox_of(world, name), mail_with_words(1), decision=chosen) for name in ("bo", "ada")
    ]
    own = receive(world, "bo", mailbox_of(world, "bo"), mail_with_words(2, answers=1))
    assert both[0].message_keys == both[1].message_keys
    thread = ok(world.bo.http.get(f"/api/v2/messages/{own.message_keys[0]}"))["threadKey"]
    refused(world.bo.http.post(f"/api/v2/threads/{thread}/share", json={"share": "metadata"}), 400, "1 of 2")
    answer = world.bo.http.post(f"/api/v2/threads/{thread}/split", json={"messageKeys": own.message_keys})
    new = ok(answer)["key"]
    ok(world.bo.http.post(f"/api/v2/threads/{new}/share", json={"share": "metadata"}))
    shown = ok(world.ada.http.get(f"/api/v2/messages/{own.message_keys[0]}"))
    assert (shown["subject"], shown["text"], shown["from"]["email"]) == ("", "", f"{SENDER}@client.example")
    refused(
        world.bo.http.post("/api/v2/undo", json={"change": answer.headers["x-boxwood-change"]}), 400, "changed since"
    )
    ok(world.bo.http.post(f"/api/v2/threads/{new}/share", json={"share": "full"}))


def test_a_split_is_undone(world: World) -> None:
    box = world.box(world.pipeline())["key"]
    chosen = Decision("store", "chosen", [box])
    stored = [receive(world, "bo", mailbox_of(world, "bo"), mail_with_words(1), decision=chosen)]
    stored.append(receive(world, "bo", mailbox_of(world, "bo"), mail_with_words(2, answers=1)))
    thread = ok(world.bo.http.get(f"/api/v2/messages/{stored[0].message_keys[0]}"))["threadKey"]
    answer = world.bo.http.post(f"/api/v2/threads/{thread}/split", json={"messageKeys": stored[1].message_keys})
    assert ok(answer)["numberOfEmails"] == 1
    ok(world.bo.http.post("/api/v2/undo", json={"change": answer.headers["x-boxwood-change"]}))
    (only,) = ok(world.bo.http.get(f"/api/v1/boxes/{box}/threads"))
    assert (only["key"], only["numberOfEmails"], len(only["fileKeys"])) == (thread, 2, 2)


def test_moving_a_conversation_of_several_messages_is_undone(world: World) -> None:
    pipeline = world.pipeline()
    box, other = (world.box(pipeline, name=name)["key"] for name in ("Acme", "Initech"))
    chosen = Decision("store", "chosen", [box])
    for number in (1, 2):
        stored = receive(world, "bo", mailbox_of(world, "bo"), mail_with_words(number, answers=1), decision=chosen)
    thread = ok(world.bo.http.get(f"/api/v2/messages/{stored.message_keys[0]}"))["threadKey"]
    answer = world.bo.http.post(f"/api/v2/threads/{thread}/box", json={"boxKey": other, "move": True})
    assert ok(answer)["numberOfEmails"] == 2
    ok(world.bo.http.post("/api/v2/undo", json={"change": answer.headers["x-boxwood-change"]}))
    (back,) = ok(world.bo.http.get(f"/api/v1/boxes/{box}/threads"))
    assert (back["key"], back["numberOfEmails"]) == (thread, 2)
    assert ok(world.bo.http.get(f"/api/v1/boxes/{other}/threads")) == []


def test_a_conversation_moves_to_another_box_as_it_is_shared(world: World) -> None:
    pipeline = world.pipeline()
    box, other = (world.box(pipeline, name=name)["key"] for name in ("Acme", "Initech"))
    chosen = Decision("store", "chosen", [box])
    stored = receive(world, "bo", mailbox_of(world, "bo", "subject"), mail_with_words(1), decision=chosen)
    thread = ok(world.bo.http.get(f"/api/v2/messages/{stored.message_keys[0]}"))["threadKey"]
    refused(world.ada.http.post(f"/api/v2/threads/{thread}/box", json={"boxKey": other}), 403)
    answer = world.bo.http.post(f"/api/v2/threads/{thread}/box", json={"boxKey": other, "move": True})
    moved = ok(answer)
    assert (moved["boxKey"], moved["share"], len(moved["fileKeys"])) == (other, "subject", 1)
    assert ok(world.ada.http.get(f"/api/v1/threads/{moved['key']}"))["fileKeys"] == []
    assert ok(world.ada.http.get(f"/api/v1/boxes/{box}"))["totalNumberOfEmails"] == 0
    ok(world.bo.http.post("/api/v2/undo", json={"change": answer.headers["x-boxwood-change"]}))
    assert ok(world.ada.http.get(f"/api/v1/boxes/{box}"))["totalNumberOfEmails"] == 1
    assert ok(world.ada.http.get(f"/api/v1/boxes/{other}"))["totalNumberOfEmails"] == 0
