"""Search through the official Node client."""

import time

import pytest


@pytest.fixture
def ada(node, world):
    return node.client(world.ada.key)


@pytest.fixture
def pipeline(ada):
    return ada.Pipelines.create({"name": "Sales"})["key"]


@pytest.mark.parametrize("name", ["Plankalkül", "my tasks"])
def test_a_box_is_found_even_through_the_clients_broken_path(ada, pipeline, name):
    created = ada.Boxes.create(pipeline, {"name": name})["key"]
    deadline = time.monotonic() + 60
    while not (found := ada.search(name)["results"]["boxes"]) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [box["boxKey"] for box in found] == [created]
    assert ada.Boxes.getOne(created)["name"] == name
