"""Files through the official Node client."""

import pytest

from tests.streak.nodejs import refused

CONTENT = b"\x89PNG\r\n\x1a\n and any other bytes: \x00\xff"


@pytest.fixture
def ada(node, world):
    return node.client(world.ada.key)


@pytest.fixture
def box(world):
    return world.box(world.pipeline())["key"]


def test_files_are_listed_read_and_fetched(ada, box, world):
    assert ada.Files.getForBox(box) == []
    upload = {"file": ("picture.png", CONTENT, "image/png")}
    sent = world.ada.http.post(f"/api/v2/boxes/{box}/files", files=upload)
    assert sent.status_code == 200, sent.text
    (file,) = ada.Boxes.getFiles(box)
    assert ada.Files.getForBox(box) == [file]
    assert (file["fileName"], file["boxKey"], file["size"]) == ("picture.png", box, str(len(CONTENT)))
    assert file["key"] == file["fileKey"]
    assert ada.Files.getOne(file["key"]) == file
    assert bytes(ada.Files.getContents(file["key"])["data"]) == CONTENT
    assert ada.Boxes.getOne(box)["fileCount"] == 1


def test_strangers_find_no_file(ada, box, node, world):
    upload = {"file": ("picture.png", CONTENT, "image/png")}
    world.ada.http.post(f"/api/v2/boxes/{box}/files", files=upload)
    (file,) = ada.Files.getForBox(box)
    cy = node.client(world.cy.key)
    with refused(404):
        cy.Files.getOne(file["key"])
    with pytest.raises(Exception, match="Response code 404"):
        cy.Files.getContents(file["key"])
