"""Search through everything: what is found, where it matches, what is counted, and what other users do not see."""

import time
from typing import Any

from tests.conftest import Person, World, ok, refused

MAIL = (
    "From: Kim Lee <kim@client.example>\r\nTo: ada@team.example\r\nSubject: Zebrafish offer\r\n"
    "Message-ID: <1@client.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
    "--x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nWe take the aquarium.\r\n"
    '--x\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename="walrus-prices.txt"\r\n\r\n'
    "1\r\n--x--\r\n"
)


def find(who: Person, query: str, **params: Any) -> dict[str, Any]:
    found: dict[str, Any] = ok(who.http.get("/api/v2/search/matches", params={"query": query, **params}))
    return found


def counts(who: Person, query: str, **params: Any) -> dict[str, int]:
    return {facet["noun"]: facet["count"] for facet in find(who, query, **params)["facets"] if facet["count"]}


def marked(snippet: dict[str, Any]) -> list[str]:
    """The highlighted parts. Ranges count UTF-16 units."""
    units = snippet["text"].encode("utf-16-le")
    return [units[2 * part["start"] : 2 * part["end"]].decode("utf-16-le") for part in snippet["ranges"]]


def fill(world: World, pipeline: dict[str, Any]) -> dict[str, str]:
    """A thing of each noun with the word "walrus", by noun."""
    http = world.ada.http
    field = world.field(pipeline, "TEXT_INPUT", name="Animal")["key"]
    box = world.box(pipeline, name="Acme", notes="They keep a 🐟 and a Walrus <b>too</b>", fields={field: "walrus"})[
        "key"
    ]
    team, on = f"/api/v2/teams/{world.team_key}", f"/api/v2/boxes/{box}"
    created = {
        "contact": http.post(f"{team}/contacts", json={"givenName": "Wally", "other": "Has a walrus"}),
        "organization": http.post(f"{team}/organizations", json={"name": "Walrus Ltd"}),
        "task": http.post(f"{on}/tasks", json={"text": "Feed the walrus"}),
        "comment": http.post(f"{on}/comments", json={"message": "Such a nice wálrus, " + "really " * 60 + "nice"}),
        "meeting": http.post(
            f"{on}/meetings", json={"meetingType": "CALL_LOG", "startTimestamp": 1, "notes": "walruses"}
        ),
        "file": http.post(
            f"{on}/files", content=b"1", headers={"X-File-Name": "walrus_2.txt", "Content-Type": "text/plain"}
        ),
        "message": http.post(f"{on}/messages", json={"raw": MAIL}),
    }
    keys = {noun: ok(reply) for noun, reply in created.items()}
    return {"box": box, **{noun: (each[0] if isinstance(each, list) else each)["key"] for noun, each in keys.items()}}


def test_search_finds_every_noun_and_says_where(world: World) -> None:
    pipeline = world.pipeline()
    keys = fill(world, pipeline)
    found = find(world.ada, "walrus")
    by_noun = {each["noun"]: each for each in found["results"] if each["key"] == keys[each["noun"]]}
    assert list(by_noun) == ["box", "contact", "organization", "task", "message", "comment", "meeting", "file"]
    assert counts(world.ada, "walrus") == {**dict.fromkeys(by_noun, 1), "file": 2}  # the attachment is a file, too
    where = {noun: [snippet["where"] for snippet in each["snippets"]] for noun, each in by_noun.items()}
    assert where == {
        "box": ["notes"],
        "contact": ["other"],
        "organization": ["name"],
        "task": ["text"],
        "message": ["attachments"],
        "comment": ["message"],
        "meeting": ["notes"],
        "file": ["fileName"],
    }
    assert {noun: marked(each["snippets"][0]) for noun, each in by_noun.items()} == {
        **{noun: ["walrus"] for noun in ("contact", "task", "message", "meeting", "file")},
        **{"box": ["Walrus"], "organization": ["Walrus"], "comment": ["wálrus"]},
    }
    # The text of a snippet is plain text: nothing is escaped, and nothing is added but the dots where it is cut.
    assert by_noun["box"]["snippets"][0]["text"] == "They keep a 🐟 and a Walrus <b>too</b>"
    assert by_noun["comment"]["snippets"][0]["text"].endswith(" …")
    assert len(by_noun["comment"]["snippets"][0]["text"]) < 170
    for noun in ("task", "message", "comment", "meeting", "file"):
        assert by_noun[noun]["boxKey"] == keys["box"]
        assert by_noun[noun]["boxName"] == "Acme"
        assert by_noun[noun]["pipelineKey"] == pipeline["key"]
    # Several words in several texts, each with its snippet; the field's name.
    (message,) = find(world.ada, "zebra kim aqua", noun="message")["results"]
    assert [snippet["where"] for snippet in message["snippets"]] == ["subject", "from", "text"]
    (box,) = find(world.ada, "acme walrus", noun="box", pipelineKey=pipeline["key"])["results"]
    assert [(each["where"], marked(each)) for each in box["snippets"]] == [("name", ["Acme"]), ("notes", ["Walrus"])]
    ok(world.ada.http.post(f"/api/v1/boxes/{keys['box']}", json={"notes": ""}))
    (box,) = find(world.ada, "walrus", noun="box")["results"]
    assert [(each["where"], each["fieldName"]) for each in box["snippets"]] == [("fields.1001", "Animal")]


def test_the_page_the_nouns_and_the_limits_of_a_search(world: World) -> None:
    pipeline, other = world.pipeline(), world.pipeline()
    boxes = [world.box(pipeline, name=f"Llama {number}", stageKey="5002")["key"] for number in range(3)]
    world.box(other, name="Llama elsewhere")
    for number in range(2):
        ok(world.ada.http.post(f"/api/v2/boxes/{boxes[0]}/tasks", json={"text": f"Brush the llama {number}"}))
    draft = {"text": "llama draft", "isDraft": True}
    ok(world.ada.http.post(f"/api/v2/boxes/{boxes[0]}/tasks", json=draft))
    assert counts(world.ada, "llama") == {"box": 4, "task": 2}
    assert counts(world.ada, "llama", pipelineKey=pipeline["key"]) == {"box": 3, "task": 2}
    assert counts(world.ada, "llama", pipelineKey=pipeline["key"], stageKey="5001") == {}
    first = find(world.ada, "llama", limit=2, noun="box")
    assert ([each["noun"] for each in first["results"]], first["hasNextPage"]) == (["box", "box"], True)
    second = find(world.ada, "llama", limit=2, noun="box", page=1)
    assert second["hasNextPage"] is False
    assert len({each["key"] for each in first["results"] + second["results"]}) == 4
    assert {each["noun"]: each["count"] for each in second["facets"] if each["count"]} == {"box": 4, "task": 2}
    (mistyped,) = find(world.ada, "elsewhree", noun="box")["results"]
    assert marked(mistyped["snippets"][0]) == ["elsewhere"]
    for wrong, member in ({"noun": "walrus", "query": "x"}, "noun"), ({}, "query"), ({"query": "x" * 1001}, "query"):
        refused(world.ada.http.get("/api/v2/search/matches", params=wrong), 400, member)
    assert find(world.ada, "...")["results"] == []


def test_what_a_user_may_not_see_is_neither_found_nor_counted(world: World) -> None:
    pipeline = world.pipeline()
    keys = fill(world, pipeline)
    everything = {
        "box": 1,
        "contact": 1,
        "organization": 1,
        "task": 1,
        "message": 1,
        "comment": 1,
        "meeting": 1,
        "file": 2,
    }
    assert counts(world.bo, "walrus") == everything
    assert counts(world.cy, "walrus") == {}
    of_team = {"contact": 1, "organization": 1}
    # Restricted mail, with its files, is found by its owner alone.
    thread = find(world.ada, "walrus", noun="message")["results"][0]["threadKey"]
    ok(world.ada.http.post(f"/api/v2/threads/{thread}/share", json={"share": "subject"}))
    for query in ("walrus", "zebrafish", "kim", "aquarium"):
        assert not counts(world.bo, query).get("message")
    assert counts(world.bo, "walrus") == {noun: 1 for noun in everything if noun != "message"}
    assert counts(world.ada, "walrus") == everything
    # Only assigned boxes, then none.
    path = f"/api/v2/pipelines/{pipeline['key']}"
    ok(world.ada.http.post(path, json={"defaultPermissionSetName": "__viewAssignedPermissionSet__"}))
    assert counts(world.bo, "walrus") == of_team
    ok(world.ada.http.post(f"/api/v1/boxes/{keys['box']}", json={"assignedToSharingEntries": [world.bo.user_key]}))
    assert counts(world.bo, "walrus")["comment"] == 1
    ok(world.ada.http.post(path, json={"defaultPermissionSetName": "__noAccessPermissionSet__"}))
    assert counts(world.bo, "walrus") == of_team


def test_the_index_follows_every_change(world: World) -> None:
    pipeline = world.pipeline()
    keys = fill(world, pipeline)
    http = world.ada.http
    ok(http.post(f"/api/v2/tasks/{keys['task']}", json={"text": "Feed the otter"}))
    ok(http.post(f"/api/v2/comments/{keys['comment']}", json={"message": "Such a nice otter"}))
    ok(http.post(f"/api/v2/meetings/{keys['meeting']}", json={"notes": "otters"}))
    ok(http.delete(f"/api/v2/files/{keys['file']}"))
    assert counts(world.ada, "otter") == {"task": 1, "comment": 1, "meeting": 1}
    assert counts(world.ada, "walrus") == {"box": 1, "contact": 1, "organization": 1, "message": 1, "file": 1}
    # A box that moves to a pipeline which Bo does not reach takes everything along, at once.
    other = world.pipeline()
    ok(http.post(f"/api/v2/pipelines/{other['key']}", json={"defaultPermissionSetName": "__noAccessPermissionSet__"}))
    ok(http.post(f"/api/v1/boxes/{keys['box']}", json={"pipelineKey": other["key"]}))
    assert counts(world.bo, "otter") == {}
    eventually(lambda: counts(world.ada, "otter") == {"task": 1, "comment": 1, "meeting": 1})
    # Deleted, its things are gone; restored, they are back.
    ok(http.delete(f"/api/v1/boxes/{keys['box']}"))
    assert counts(world.ada, "otter") == {}
    ok(http.post(f"/api/v2/trash/{keys['box']}/restore"))
    eventually(lambda: counts(world.ada, "otter") == {"task": 1, "comment": 1, "meeting": 1})


def eventually(holds: Any) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
