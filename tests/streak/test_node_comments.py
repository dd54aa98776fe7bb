"""Comments through the official Node client."""

import pytest


@pytest.fixture
def ada(node, world):
    return node.client(world.ada.key)


@pytest.fixture
def box(world):
    return world.box(world.pipeline())["key"]


def test_comments_are_created_and_listed(ada, box, world):
    assert ada.Boxes.getComments(box) == []
    first = ada.Boxes.postComment(box, "Looks good & cheap ✓")
    assert (first["message"], first["boxKey"]) == ("Looks good & cheap ✓", box)
    assert first["key"] == first["commentKey"]
    assert first["creatorKey"] == world.ada.user_key
    second = ada.Boxes.createComment(box, {"message": "all my tasks"})
    listed = {comment["key"]: comment["message"] for comment in ada.Boxes.getComments(box)}
    assert listed == {first["key"]: "Looks good & cheap ✓", second["key"]: "all my tasks"}
    assert ada.Boxes.getOne(box)["commentCount"] == 2
