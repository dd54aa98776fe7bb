"""Comments through the official Python client."""

import pytest
from streak_crm.types import CommentMentionBody

from tests.streak.sdk import refused


@pytest.fixture
def pipeline(world):
    return world.pipeline()


@pytest.fixture
def box(world, pipeline):
    return world.box(pipeline, name="Deal")["key"]


def test_a_comment_is_created_and_read_back(ada, bo, box, pipeline, world):
    created = ada.comments.create_comment(box, message="Looks good ✓")
    assert (created.message, created.box_key, created.pipeline_key) == ("Looks good ✓", box, pipeline["key"])
    assert created.creator_key == world.ada.user_key
    assert created.timestamp > 0
    assert created.reaction_summary == []
    assert ada.comments.get_comment(created.key) == created
    assert bo.comments.get_comment(created.key).message == "Looks good ✓"


def test_the_comments_of_a_box_are_listed(ada, bo, box, world, pipeline):
    created = [ada.comments.create_comment(box, message=text).key for text in ("one", "two")]
    created.append(bo.comments.create_comment(box, message="three").key)
    ada.comments.create_comment(world.box(pipeline, name="Other")["key"], message="elsewhere")
    listed = ada.comments.get_comments(box)
    assert sorted(comment.key for comment in listed.results) == sorted(created)
    assert {comment.creator_key for comment in listed.results} == {world.ada.user_key, world.bo.user_key}
    assert not listed.has_next_page


def test_a_comment_needs_a_message(ada, box):
    with refused(400, "message"):
        ada.comments.create_comment(box, message="")
    assert ada.comments.get_comments(box).results == []


def test_mentions_keep_their_position(ada, box, world):
    mention = CommentMentionBody(user_key=world.bo.user_key, offset=6, length=3)
    created = ada.comments.create_comment(box, message="Hello @Bo!", mentions=[mention])
    (stored,) = created.mentions
    assert (stored.user_key, stored.offset, stored.length) == (world.bo.user_key, 6, 3)
    assert ada.comments.get_comment(created.key).mentions == created.mentions


def test_mentions_are_detected_in_the_text_when_requested(ada, box, world):
    text = f"Hello @{world.bo.email}, please look"
    plain = ada.comments.create_comment(box, message=text)
    assert not plain.mentions
    created = ada.comments.create_comment(box, message=text, search_for_at_mentions=True)
    (found,) = created.mentions
    assert found.user_key == world.bo.user_key
    assert text[found.offset :][: found.length] == f"@{world.bo.email}"


def test_a_stranger_is_not_mentioned(ada, box, world):
    text = f"Hello @{world.cy.email}"
    assert not ada.comments.create_comment(box, message=text, search_for_at_mentions=True).mentions
    mention = CommentMentionBody(user_key=world.cy.user_key, offset=6, length=3)
    with refused(400, "mentions"):
        ada.comments.create_comment(box, message=text, mentions=[mention])


def test_replies_belong_to_their_parent_comment(ada, bo, box):
    parent = ada.comments.create_comment(box, message="Shall we?")
    reply = bo.comments.create_comment(box, message="Yes", parent=parent.key)
    assert reply.parent == parent.key
    assert ada.comments.get_comment(parent.key).children == [reply.key]
    assert not ada.comments.get_comment(reply.key).children


def test_a_reply_stays_in_its_box(ada, box, pipeline, world):
    parent = ada.comments.create_comment(box, message="Shall we?")
    other = world.box(pipeline, name="Other")["key"]
    with refused(400, "parent"):
        ada.comments.create_comment(other, message="Yes", parent=parent.key)
    assert ada.comments.get_comments(other).results == []


def test_a_changed_comment_is_read_back_changed(ada, box, world):
    mention = CommentMentionBody(user_key=world.bo.user_key, offset=0, length=3)
    created = ada.comments.create_comment(box, message="@Bo look", mentions=[mention])
    changed = ada.comments.update_comment(created.key, message="@Bo look again")
    assert changed.message == "@Bo look again"
    assert changed.mentions == created.mentions
    assert changed.timestamp == created.timestamp
    assert changed.last_saved_timestamp >= created.last_saved_timestamp
    assert ada.comments.get_comment(created.key) == changed
    assert not ada.comments.update_comment(created.key, mentions=[]).mentions


def test_only_its_author_changes_a_comment(ada, bo, box):
    created = ada.comments.create_comment(box, message="Mine")
    with refused(403):
        bo.comments.update_comment(created.key, message="Ours")
    assert ada.comments.get_comment(created.key).message == "Mine"


def test_a_deleted_comment_is_gone(ada, box):
    gone, stays = (ada.comments.create_comment(box, message=text) for text in ("gone", "stays"))
    assert ada.comments.delete_comment(gone.key).success is True
    with refused(404):
        ada.comments.get_comment(gone.key)
    assert [comment.key for comment in ada.comments.get_comments(box).results] == [stays.key]


def test_reactions_are_counted_by_emoji(ada, bo, box, world):
    key = ada.comments.create_comment(box, message="Won!").key
    ada.comments.react_to_comment(key, emoji="🎉")
    ada.comments.react_to_comment(key, emoji="🎉")
    bo.comments.react_to_comment(key, emoji="🎉")
    summary = bo.comments.react_to_comment(key, emoji="👍").reaction_summary
    counted = {reaction.emoji: (reaction.count, [user.user_key for user in reaction.users]) for reaction in summary}
    assert counted == {
        "🎉": (2, [world.ada.user_key, world.bo.user_key]),
        "👍": (1, [world.bo.user_key]),
    }
    assert ada.comments.get_comment(key).reaction_summary == summary
    left = ada.comments.unreact_to_comment(key, emoji="🎉").reaction_summary
    assert {item.emoji: item.count for item in left} == {"🎉": 1, "👍": 1}
    left = bo.comments.unreact_to_comment(key, emoji="👍").reaction_summary
    assert [item.emoji for item in left] == ["🎉"]
    assert ada.comments.unreact_to_comment(key, emoji="🎉").reaction_summary == left


def test_the_box_counts_its_comments(ada, box, world):
    created = [ada.comments.create_comment(box, message=text) for text in ("one", "two")]
    read = world.ada.http.get(f"/api/v1/boxes/{box}").json()
    assert (read["commentCount"], read["lastCommentTimestamp"]) == (2, created[-1].timestamp)
    ada.comments.delete_comment(created[0].key)
    assert world.ada.http.get(f"/api/v1/boxes/{box}").json()["commentCount"] == 1


def test_a_strangers_comments_are_not_found(ada, cy, box):
    created = ada.comments.create_comment(box, message="Ours")
    for call in (
        lambda: cy.comments.get_comments(box),
        lambda: cy.comments.create_comment(box, message="Mine"),
        lambda: cy.comments.get_comment(created.key),
        lambda: cy.comments.update_comment(created.key, message="Mine"),
        lambda: cy.comments.react_to_comment(created.key, emoji="👍"),
        lambda: cy.comments.unreact_to_comment(created.key, emoji="👍"),
        lambda: cy.comments.delete_comment(created.key),
    ):
        with refused(404):
            call()
    assert ada.comments.get_comments(box).results == [created]
