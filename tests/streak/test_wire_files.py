"""Files of a box."""

import httpx
import pytest

CONTENT = b"%PDF-1.4 and any bytes: \x00\xff"


@pytest.fixture
def box(world):
    return world.box(world.pipeline())["key"]


@pytest.fixture
def file(world, box):
    upload = {"file": ("offer.pdf", CONTENT, "application/pdf")}
    return world.ada.http.post(f"/api/v2/boxes/{box}/files", files=upload).json()


def test_a_file_is_described_as_uploaded(world, box, file):
    assert (file["fileName"], file["mainFileName"], file["mimeType"]) == (
        "offer.pdf",
        "offer.pdf",
        "application/pdf",
    )
    assert file["key"] == file["fileKey"]
    assert (file["boxKey"], file["size"]) == (box, str(len(CONTENT)))
    assert file["fileOwner"]
    assert isinstance(file["isCurrentUserOwnerInDrive"], bool)
    assert 0 < file["creationTimestamp"] <= file["lastSavedTimestamp"]
    assert world.ada.http.get(f"/api/v1/files/{file['key']}").json() == file
    assert world.ada.http.get(f"/api/v1/boxes/{box}/files").json() == [file]


def test_the_contents_are_the_bytes_that_were_sent(world, file):
    answer = world.ada.http.get(f"/api/v1/files/{file['key']}/contents")
    assert answer.content == CONTENT
    assert answer.headers["content-type"].startswith("application/pdf")
    part = world.ada.http.get(f"/api/v1/files/{file['key']}/contents", headers={"Range": "bytes=1-3"})
    assert (part.status_code, part.content) == (206, b"PDF")


def test_a_link_opens_without_a_key(world, file, server):
    link = world.ada.http.get(f"/api/v1/files/{file['key']}/link").json()["link"]
    assert httpx.get(httpx.URL(server.url).join(link)).content == CONTENT


def test_the_files_of_a_box_come_in_pages(world, box):
    for number in range(3):
        world.ada.http.post(f"/api/v2/boxes/{box}/files", files={"file": (f"{number}.txt", b"x", "text/plain")})
    path = f"/api/v1/boxes/{box}/files"
    everything = world.ada.http.get(path).json()
    pages = [world.ada.http.get(path, params={"page": page, "limit": 2}).json() for page in range(3)]
    assert [len(page) for page in pages] == [2, 1, 0]
    assert [file for page in pages for file in page] == everything


@pytest.mark.parametrize("path", ["/api/v2/files", "/api/v2/files/"])
def test_a_drive_file_is_linked_by_its_id(world, box, path):
    created = world.ada.http.post(path, json={"driveFileId": "1AbC", "driveBoxKey": box})
    assert created.status_code == 200, created.text
    assert created.json()["boxKey"] == box
    assert [file["key"] for file in world.ada.http.get(f"/api/v1/boxes/{box}/files").json()] == [created.json()["key"]]
    contents = world.ada.http.get(f"/api/v1/files/{created.json()['key']}/contents")
    assert 400 <= contents.status_code < 500


def test_strangers_get_not_found(world, box, file):
    for path in (f"boxes/{box}/files", f"files/{file['key']}", f"files/{file['key']}/contents"):
        assert world.cy.http.get(f"/api/v1/{path}").status_code == 404
    assert world.cy.http.get(f"/api/v1/files/{file['key']}/link").status_code == 404
