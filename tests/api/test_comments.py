"""Comments through the API."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.conftest import World, ok, refused


def a_comment(world: World, box: dict[str, Any], message: str = "Hello", **given: Any) -> dict[str, Any]:
    body = {"message": message, **given}
    return ok(world.ada.http.post(f"/api/v2/boxes/{box['key']}/comments", json=body))


def mentioned(world: World, box: dict[str, Any], text: str) -> list[tuple[str, str]]:
    """Return which users the comment mentions, with the text of each mention."""
    found = a_comment(world, box, text, searchForAtMentions=True).get("mentions", [])
    names = {person.user_key: name for name, person in (("ada", world.ada), ("bo", world.bo), ("cy", world.cy))}
    return [(names[comment["userKey"]], text[comment["offset"] :][: comment["length"]]) for comment in found]


def test_each_change_of_a_comment_records_an_event(world: World) -> None:
    box = world.box(world.pipeline())
    comment = a_comment(world, box, "Shall we\ncall?")
    own = f"/api/v2/comments/{comment['key']}"
    ok(world.ada.http.post(own, json={"message": "Let us call"}))
    ok(world.bo.http.post(f"{own}/react", json={"emoji": "👍"}))
    ok(world.bo.http.post(f"{own}/react", json={"emoji": "👍"}))
    ok(world.bo.http.post(f"{own}/unreact", json={"emoji": "👍"}))
    ok(world.ada.http.delete(own))
    feed = ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}/newsfeed"))
    assert [(entry["newsfeedEntrySpecific"], entry["storyTextPipeline"]) for entry in reversed(feed)][1:] == [
        ("ADD_COMMENT", "Ada L commented on Acme: Shall we call?"),
        ("EDIT_COMMENT", "Ada L changed a comment on Acme: Let us call"),
        ("ADD_REACTION", "Bo D reacted 👍 to a comment on Acme"),
        ("DELETE_REACTION", "Bo D took 👍 back from a comment on Acme"),
        ("DELETE_COMMENT", "Ada L deleted a comment on Acme"),
    ]
    assert feed[-2]["newsfeedItemKey"] == comment["newsfeedEntryKey"]
    assert feed[-2]["specificVariables"]["COMMENT_TEXT"] == "Shall we\ncall?"


def test_saving_an_unchanged_comment_records_no_event(world: World) -> None:
    box = world.box(world.pipeline())
    mention = {"userKey": world.bo.user_key, "offset": 0, "length": 3}
    comment = a_comment(world, box, "@Bo look", mentions=[mention])
    world.clock.advance(ms=1000)
    assert ok(world.ada.http.post(f"/api/v2/comments/{comment['key']}", json=comment)) == comment
    assert world.events(box["key"]) == ["box.created", "comment.created"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("@Bo, look", [("bo", "@Bo")]),
        ("@bo diddley!", [("bo", "@bo diddley")]),
        ("@Bo D and @Ada", [("bo", "@Bo D"), ("ada", "@Ada")]),
        ("(@Bo)@Ada", [("bo", "@Bo"), ("ada", "@Ada")]),
        ("🎉 @Bo", [("bo", "@Bo")]),
        ("@Bob, @Bo_ and a@Bo are no one's", []),
        ("@Bo@elsewhere.example", []),
        ("@Cy is a stranger", []),
        ("@ Bo", []),
        ("@" * 5000, []),
    ],
)
def test_the_longest_matching_name_is_mentioned(world: World, text: str, found: list[tuple[str, str]]) -> None:
    assert mentioned(world, world.box(world.pipeline()), text) == found


def test_an_address_is_found_before_the_name_it_begins_with(world: World) -> None:
    text = f"@{world.bo.email.upper()}."
    assert mentioned(world, world.box(world.pipeline()), text) == [("bo", text[:-1])]


def test_only_users_who_can_see_the_box_are_mentioned(world: World) -> None:
    pipeline = world.pipeline(defaultPermissionSetName="__editAssignedPermissionSet__")
    hidden = world.box(pipeline)
    seen = world.box(pipeline, assignedToSharingEntries=[{"email": world.bo.email}])
    assert mentioned(world, hidden, "@Bo") == []
    assert mentioned(world, seen, "@Bo") == [("bo", "@Bo")]
    body = {"message": "@Bo", "mentions": [{"userKey": world.bo.user_key, "offset": 0, "length": 3}]}
    refused(world.ada.http.post(f"/api/v2/boxes/{hidden['key']}/comments", json=body), 400, "mentions[0].userKey")


def test_a_given_mention_is_not_detected_twice(world: World) -> None:
    mention = {"userKey": world.bo.user_key, "offset": 0, "length": 3}
    text = "@Bo and @Ada"
    created = a_comment(world, world.box(world.pipeline()), text, mentions=[mention], searchForAtMentions=True)
    assert created["mentions"] == [mention, {"userKey": world.ada.user_key, "offset": 8, "length": 4}]


def test_mentions_beyond_the_end_of_the_message_are_dropped(world: World) -> None:
    mentions = [{"userKey": world.bo.user_key, "offset": at, "length": 3} for at in (0, 8)]
    comment = a_comment(world, world.box(world.pipeline()), "@Bo and @Bo", mentions=mentions)
    changed = ok(world.ada.http.post(f"/api/v2/comments/{comment['key']}", json={"message": "@Bo"}))
    assert changed["mentions"] == mentions[:1]


def test_replies_stay_when_their_parent_is_deleted(world: World) -> None:
    box = world.box(world.pipeline())
    parent = a_comment(world, box)
    reply = a_comment(world, box, "Hi", parent=parent["key"])
    deeper = a_comment(world, box, "Hi hi", parent=reply["key"])
    listed = ok(world.ada.http.get(f"/api/v2/boxes/{box['key']}/comments"))["results"]
    assert [comment.get("children") for comment in listed] == [[reply["key"]], [deeper["key"]], None]
    ok(world.ada.http.delete(f"/api/v2/comments/{parent['key']}"))
    listed = ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}/comments"))
    assert [(comment["message"], comment.get("parent")) for comment in listed] == [
        ("Hi", None),
        ("Hi hi", reply["key"]),
    ]


def test_users_who_may_change_the_box_comment_and_only_authors_change_comments(world: World) -> None:
    """An editor of the pipeline may not delete a comment of another user; an admin may."""
    box = world.box(world.pipeline())
    ours = a_comment(world, box)
    theirs = ok(world.bo.http.post(f"/api/v2/boxes/{box['key']}/comments", json={"message": "Mine"}))
    refused(world.bo.http.delete(f"/api/v2/comments/{ours['key']}"), 403, "author")
    refused(world.ada.http.post(f"/api/v2/comments/{theirs['key']}", json={"message": "No"}), 403, "author")
    ok(world.ada.http.delete(f"/api/v2/comments/{theirs['key']}"))
    change = {"defaultPermissionSetName": "__viewAllPermissionSet__"}
    ok(world.ada.http.post(f"/api/v2/pipelines/{box['pipelineKey']}", json=change))
    assert ok(world.bo.http.get(f"/api/v2/comments/{ours['key']}")) == ours
    refused(world.bo.http.post(f"/api/v2/boxes/{box['key']}/comments", json={"message": "No"}), 403, "change")
    refused(world.bo.http.post(f"/api/v2/comments/{ours['key']}/react", json={"emoji": "👍"}), 403, "change")
    assert ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}/comments")) == [ours]


def test_comments_are_paged_when_requested(world: World) -> None:
    box = world.box(world.pipeline())
    created = []
    for number in range(3):
        world.clock.advance(ms=5)
        created.append(a_comment(world, box, f"{number}"))
    assert ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}/comments")) == created
    assert ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}/comments", params={"limit": 2, "page": 1})) == created[2:]
    page = ok(world.ada.http.get(f"/api/v2/boxes/{box['key']}/comments", params={"limit": 2}))
    assert page == {"results": created[:2], "hasNextPage": True}


def test_comment_counts_are_correct_after_concurrent_comments(world: World) -> None:
    box = world.box(world.pipeline())
    with ThreadPoolExecutor(8) as pool:
        created = list(pool.map(lambda number: a_comment(world, box, f"{number}"), range(20)))
    read = ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))
    assert read["commentCount"] == 20
    assert read["lastCommentTimestamp"] == max(comment["timestamp"] for comment in created)
    for comment in created:
        ok(world.ada.http.delete(f"/api/v2/comments/{comment['key']}"))
    read = ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))
    assert (read["commentCount"], "lastCommentTimestamp" in read) == (0, False)


def test_comments_are_deleted_with_their_box(world: World) -> None:
    box = world.box(world.pipeline())
    comment = a_comment(world, box)
    ok(world.ada.http.post(f"/api/v2/comments/{comment['key']}/react", json={"emoji": "👍"}))
    new = world.pipeline(name="Projects")["key"]
    ok(world.ada.http.post(f"/api/v1/boxes/{box['key']}", json={"pipelineKey": new}))
    assert ok(world.ada.http.get(f"/api/v2/comments/{comment['key']}"))["pipelineKey"] == new
    ok(world.ada.http.delete(f"/api/v1/boxes/{box['key']}"))
    assert world.ada.http.get(f"/api/v2/comments/{comment['key']}").status_code == 404


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({"mentions": "Bo"}, "mentions"),
        ({"mentions": [{"offset": 0}]}, "mentions[0].userKey"),
        ({"mentions": [{"userKey": "BO", "offset": 3, "length": 3}]}, "mentions[0].offset"),
        ({"mentions": [{"userKey": "BO", "offset": -1, "length": 3}]}, "mentions[0].offset"),
        ({"mentions": [{"userKey": "BO", "offset": "x"}]}, "mentions[0].offset"),
    ],
)
def test_an_invalid_member_is_named_and_no_change_is_saved(world: World, body: dict, names: str) -> None:
    box = world.box(world.pipeline())
    for mention in body.get("mentions", []):
        if isinstance(mention, dict) and "userKey" in mention:
            mention["userKey"] = world.bo.user_key
    comment = a_comment(world, box)
    body = {"message": "Hello", **body}
    refused(world.ada.http.post(f"/api/v2/comments/{comment['key']}", json=body), 400, names)
    refused(world.ada.http.post(f"/api/v2/boxes/{box['key']}/comments", json=body), 400, names)
    assert ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}/comments")) == [comment]


@pytest.mark.parametrize("emoji", ["", " ", "a b", "x" * 65, 7, None])
def test_a_reaction_is_an_emoji(world: World, emoji: object) -> None:
    comment = a_comment(world, world.box(world.pipeline()))
    for verb in ("react", "unreact"):
        refused(world.ada.http.post(f"/api/v2/comments/{comment['key']}/{verb}", json={"emoji": emoji}), 400, "emoji")
    assert ok(world.ada.http.get(f"/api/v2/comments/{comment['key']}")) == comment
