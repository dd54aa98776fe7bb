"""Files through the API: uploads, downloads, ranges and links."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import Server, Store, World, ok, refused

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


@pytest.fixture
def box(world: World) -> str:
    key: str = world.box(world.pipeline())["key"]
    return key


def upload(world: World, box: str, content: bytes = PNG, name: str = "picture.png", **headers: str) -> Any:
    """Upload a file as Ada, with a raw body."""
    path = f"/api/v2/boxes/{box}/files"
    return ok(world.ada.http.post(path, params={"fileName": name}, content=content, headers=headers))


def contents(world: World, file: dict[str, Any], **headers: str) -> httpx.Response:
    return world.ada.http.get(f"/api/v1/files/{file['key']}/contents", headers=headers)


def files_of(world: World, box: str) -> Any:
    return ok(world.ada.http.get(f"/api/v1/boxes/{box}/files"))


def test_a_raw_body_is_accepted_as_a_file(world: World, box: str) -> None:
    path = f"/api/v2/boxes/{box}/files"
    by_header = ok(world.ada.http.post(path, content=PNG, headers={"X-File-Name": "d%C3%A9j%C3%A0 vu.png"}))
    assert (by_header["fileName"], by_header["mimeType"]) == ("déjà vu.png", "image/png")
    assert contents(world, by_header).content == PNG
    assert files_of(world, box) == [by_header]
    assert world.events(box) == ["box.created", "file.added"]
    assert ok(world.ada.http.get(f"/api/v1/boxes/{box}"))["fileCount"] == 1
    assert by_header["fileOwner"] == world.ada.email


def test_an_upload_updates_the_box_timestamp_and_its_newsfeed(world: World, box: str) -> None:
    before = ok(world.ada.http.get(f"/api/v1/boxes/{box}"))
    world.clock.advance(ms=5000)
    upload(world, box)
    assert ok(world.ada.http.get(f"/api/v1/boxes/{box}"))["lastUpdatedTimestamp"] > before["lastUpdatedTimestamp"]
    entry = ok(world.ada.http.get(f"/api/v1/boxes/{box}/newsfeed"))[0]
    assert entry["newsfeedEntrySpecific"] == "ADD_FILE"
    assert entry["storyTextBox"] == "Ada L added the file picture.png to this box"


TYPES = [
    (PNG, "x.html", "text/html", "image/png", "image/png"),
    (b"<!doctype html><script>alert(1)</script>", "x.png", "image/png", "text/html", "application/octet-stream"),
    (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "x.svg", "image/svg+xml", "image/svg+xml", None),
    (b"alert(1)", "x.js", "text/javascript", "text/javascript", "application/octet-stream"),
    (b"a,b\n1,2\n", "x.csv", "application/octet-stream", "text/csv", "text/csv; charset=utf-8"),
    (b"", "empty.txt", "text/plain", "text/plain", "text/plain; charset=utf-8"),
]


@pytest.mark.parametrize(("content", "name", "declared", "detected", "served"), TYPES)
def test_a_browser_never_executes_a_file(
    world: World, box: str, content: bytes, name: str, declared: str, detected: str, served: str | None
) -> None:
    """The type is detected from the bytes, not from the given type. HTML and scripts are sent as plain bytes."""
    file = upload(world, box, content, name, **{"Content-Type": declared})
    assert (file["mimeType"], file["size"]) == (detected, str(len(content)))
    answer = contents(world, file)
    assert answer.content == content
    assert answer.headers["content-type"] == (served or "application/octet-stream")
    assert answer.headers["content-disposition"].startswith("attachment; ")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"


NAMES = [
    ("../../etc/passwd", "passwd"),
    ("C:\\docs\\offer.pdf", "offer.pdf"),
    ("a\r\nSet-Cookie: x=1", "aSet-Cookie: x=1"),
    ("cod\u202efdp.exe", "codfdp.exe"),
    (".htaccess", "htaccess"),
    ('say "hi".txt', 'say "hi".txt'),
    ("日本語.txt", "日本語.txt"),
    ("x" * 300 + ".pdf", "x" * 251 + ".pdf"),
]


@pytest.mark.parametrize(("given", "stored"), NAMES)
def test_a_file_name_has_no_other_effect(world: World, box: str, given: str, stored: str) -> None:
    file = upload(world, box, name=given)
    assert file["fileName"] == stored
    header = contents(world, file).headers["content-disposition"]
    assert httpx.URL(f"http://x/?{header.rpartition(chr(39) * 2)[2]}").query  # it is percent-encoded, so it parses
    assert not set(header) & set("\r\n")
    assert header.count('"') == 2


RANGES = [
    ("bytes=0-0", 206, slice(0, 1)),
    ("bytes=1-3", 206, slice(1, 4)),
    ("bytes=260-", 206, slice(260, None)),
    ("bytes=260-9999999999", 206, slice(260, None)),
    ("bytes=-4", 206, slice(-4, None)),
    ("bytes=-99999", 206, slice(0, None)),
    ("bytes=264-", 416, None),
    ("bytes=9999-", 416, None),
    ("bytes=-0", 416, None),
    ("bytes=3-1", 200, slice(0, None)),
    ("bytes=0-0,2-2", 200, slice(0, None)),
    ("bytes=-", 200, slice(0, None)),
    ("lines=1-2", 200, slice(0, None)),
    ("bytes=" + "9" * 50 + "-", 200, slice(0, None)),
]


@pytest.mark.parametrize(("asked", "status", "part"), RANGES)
def test_a_range_request_gets_the_requested_range(
    world: World, box: str, asked: str, status: int, part: slice | None
) -> None:
    file = upload(world, box)
    answer = contents(world, file, Range=asked)
    assert answer.status_code == status
    if part is None:
        assert answer.headers["content-range"] == f"bytes */{len(PNG)}"
        assert answer.json()["success"] is False
        return
    wanted = PNG[part]
    assert answer.content == wanted
    assert answer.headers["accept-ranges"] == "bytes"
    if status == 206:
        start = len(PNG) - len(wanted) if part.stop is None else part.start
        assert answer.headers["content-range"] == f"bytes {start}-{start + len(wanted) - 1}/{len(PNG)}"


def test_an_unchanged_file_is_not_sent_again(world: World, box: str) -> None:
    file = upload(world, box)
    tag = contents(world, file).headers["etag"]
    known = contents(world, file, **{"If-None-Match": tag})
    assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", tag)
    assert contents(world, file, Range="bytes=1-3", **{"If-Range": tag}).status_code == 206
    assert contents(world, file, Range="bytes=1-3", **{"If-Range": '"other"'}).content == PNG


def test_a_head_request_gets_the_length_without_a_body(world: World, box: str) -> None:
    file = upload(world, box)
    answer = world.ada.http.head(f"/api/v1/files/{file['key']}/contents")
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", str(len(PNG)))


def test_a_form_upload_takes_the_name_of_its_file(world: World, box: str) -> None:
    path = f"/api/v2/boxes/{box}/files"
    sent = {"file": ("scan.png", PNG, "image/png")}
    assert ok(world.ada.http.post(path, files=sent, data={"fileName": "offer.png"}))["fileName"] == "offer.png"
    assert ok(world.ada.http.post(path, files={"other": ('a"b.png', PNG)}))["fileName"] == 'a"b.png'
    assert [file["size"] for file in files_of(world, box)] == [str(len(PNG))] * 2


@pytest.mark.parametrize(
    ("disposition", "stored"),
    [
        (b"filename*=utf-8''%D7%90.txt", "\u05d0.txt"),
        (b"filename*=UTF-8'en'%C2%A3%20and%20%E2%82%AC%20rates.txt", "£ and € rates.txt"),
        (b"filename*=iso-8859-1''%A3.txt", "£.txt"),
        (b"filename=\"=?utf-8?B?5paw?=\"; filename*=utf-8''%E6%96%B0.txt", "新.txt"),
        (b"filename*=utf-8''%E6%96%B0.txt; filename=\"old.txt\"", "新.txt"),
        (b"filename*0*=utf-8''%E6%96%B0; filename*1=-plan.txt", "新-plan.txt"),
        (b'filename="=?utf-8?B?S29ow6FuLnR4dA==?="', "Kohán.txt"),
        (b'filename="=?iso-8859-1?Q?J=FCrgen?= =?iso-8859-1?Q?.txt?="', "Jürgen.txt"),
        (b'filename="%C3%BC%20x.txt"', "ü x.txt"),
        ('filename="ü.txt"'.encode(), "ü.txt"),
        ('filename="ü.txt"'.encode("latin-1"), "ü.txt"),
        (b'filename="100%25 sure.txt"', "100%25 sure.txt"),
        (b'filename="a%22b.txt"', 'a"b.txt'),
        (b'filename="=?no-such-charset?B?5paw?="', "=?no-such-charset?B?5paw?="),
        (b"filename=plain.txt", "plain.txt"),
    ],
)
def test_a_file_name_is_read_as_programs_write_it(world: World, box: str, disposition: bytes, stored: str) -> None:
    path = f"/api/v2/boxes/{box}/files"
    part = b'--x\r\nContent-Disposition: form-data; name="file"; ' + disposition + b"\r\n\r\nhi\r\n--x--\r\n"
    sent = {"Content-Type": "multipart/form-data; boundary=x"}
    assert ok(world.ada.http.post(path, content=part, headers=sent))["fileName"] == stored
    alone = {"Content-Type": "text/plain", "Content-Disposition": b"attachment; " + disposition}
    assert ok(world.ada.http.post(path, content=b"hi", headers=alone))["fileName"] == stored


HEAD = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
FORMS = [
    (HEAD + b"cut", "multipart/form-data; boundary=x", "boundary"),
    (HEAD + b"cut\r\n--x", "multipart/form-data; boundary=x", "boundary"),
    (b"no form at all", "multipart/form-data; boundary=x", "multipart"),
    (HEAD + b"a\r\n--x--\r\n", "multipart/form-data", "Content-Type"),
    (b"--x--\r\n", "multipart/form-data; boundary=x", "File"),
    (b"", "multipart/form-data; boundary=x", "boundary"),
    (HEAD + b"a\r\n" + HEAD + b"b\r\n--x--\r\n", "multipart/form-data; boundary=x", "second file"),
    (b"--x\r\nContent-Disposition: " + b"y" * 9000 + b"\r\n\r\n", "multipart/form-data; boundary=x", "multipart"),
    (
        b'--x\r\nContent-Disposition: form-data; name="n"\r\n\r\n\r\n' * 101 + b"--x--",
        "multipart/form-data; boundary=x",
        "100",
    ),
    (
        b'--x\r\nContent-Disposition: form-data; name="fileName"\r\n\r\n' + b"y" * 5000 + b"\r\n--x--",
        "multipart/form-data; boundary=x",
        "fileName",
    ),
    (HEAD.replace(b"a.txt", b"..") + b"a\r\n--x--\r\n", "multipart/form-data; boundary=x", "fileName"),
]


@pytest.mark.parametrize(("body", "kind", "names"), FORMS)
def test_a_broken_form_is_refused_and_no_file_is_stored(
    world: World, box: str, body: bytes, kind: str, names: str
) -> None:
    before = stored(world.server)
    answer = world.ada.http.post(f"/api/v2/boxes/{box}/files", content=body, headers={"Content-Type": kind})
    refused(answer, 400, names)
    assert files_of(world, box) == []
    assert stored(world.server) == before
    assert world.events(box) == ["box.created"]


def stored(server: Server) -> set[str]:
    """Return the ids of all files on disk, complete or partial."""
    root = server.boxwood.config.data / "files"
    return {path.name for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", ["", "/", "..", "\x01"])
def test_bytes_without_a_name_are_refused(world: World, box: str, name: str) -> None:
    answer = world.ada.http.post(f"/api/v2/boxes/{box}/files", params={"fileName": name}, content=PNG)
    assert answer.status_code == 400
    assert answer.json()["field"] == "fileName"
    assert files_of(world, box) == []


def test_a_viewer_cannot_upload_or_delete_files(world: World) -> None:
    pipeline = world.pipeline(defaultPermissionSetName="__viewAllPermissionSet__")
    box = world.box(pipeline)["key"]
    file = upload(world, box)
    before = stored(world.server)
    refused(world.bo.http.post(f"/api/v2/boxes/{box}/files", files={"file": ("a.txt", b"a")}), 403, "Viewer")
    refused(world.bo.http.delete(f"/api/v2/files/{file['key']}"), 403, "Viewer")
    refused(world.bo.http.post("/api/v2/files", json={"driveFileId": "1", "driveBoxKey": box}), 403, "Viewer")
    assert ok(world.bo.http.get(f"/api/v1/boxes/{box}/files")) == [file]
    assert world.bo.http.get(f"/api/v1/files/{file['key']}/contents").content == PNG
    assert stored(world.server) == before


def test_a_stranger_reaches_no_file(world: World, box: str) -> None:
    file = upload(world, box)
    for verb, path in [
        ("POST", f"boxes/{box}/files?fileName=a"),
        ("DELETE", f"files/{file['key']}"),
        ("GET", f"files/{file['key']}"),
    ]:
        answer = world.cy.http.request(verb, f"/api/v2/{path}")
        assert (answer.status_code, answer.json()["error"]) == (404, "Entity not found with key")
    with world.client(None) as anonymous:
        assert anonymous.get(f"/api/v1/files/{file['key']}/contents").status_code == 401
    assert files_of(world, box) == [file]


def test_a_deleted_file_is_gone(world: World, box: str) -> None:
    file, remaining = upload(world, box), upload(world, box, name="kept.png")
    assert ok(world.ada.http.delete(f"/api/v2/files/{file['key']}")) == {"success": True}
    assert files_of(world, box) == [remaining]
    assert world.ada.http.get(f"/api/v1/files/{file['key']}").status_code == 404
    assert contents(world, file).status_code == 404
    assert ok(world.ada.http.get(f"/api/v1/boxes/{box}"))["fileCount"] == 1
    assert world.events(box) == ["box.created", "file.added", "file.added", "file.deleted"]


def test_a_drive_file_is_linked_once(world: World, box: str) -> None:
    body = {"driveFileId": "1AbC", "driveBoxKey": box, "fileName": "Plan"}
    created = ok(world.ada.http.post("/api/v2/files/", json=body))
    assert (created["fileName"], created["driveFileId"], created["fileType"]) == ("Plan", "1AbC", "DRIVE")
    assert created["isCurrentUserOwnerInDrive"] is True
    again = ok(world.bo.http.post("/api/v2/files", json=body))
    assert (again["key"], again["isCurrentUserOwnerInDrive"]) == (created["key"], False)
    refused(contents(world, created), 400, "Google Drive")
    refused(world.ada.http.get(f"/api/v1/files/{created['key']}/link"), 400, "Google Drive")
    assert world.events(box) == ["box.created", "file.added"]


@pytest.mark.parametrize(
    ("body", "status", "names"),
    [
        ({"driveBoxKey": "BOX"}, 400, "Insufficient params for File"),
        ({"driveFileId": "1"}, 400, "Insufficient params for File"),
        ({"driveFileId": {"a": 1}, "driveBoxKey": "BOX"}, 400, "driveFileId"),
        ({"driveFileId": "1", "driveBoxKey": "nobox"}, 404, ""),
        ({"driveFileId": "1", "driveBoxKey": "BOX", "fileName": "/"}, 400, "fileName"),
    ],
)
def test_a_bad_drive_link_is_refused(world: World, box: str, body: dict[str, Any], status: int, names: str) -> None:
    body = {name: box if value == "BOX" else value for name, value in body.items()}
    refused(world.ada.http.post("/api/v2/files", json=body), status, names)
    assert files_of(world, box) == []


# Links


def link_to(world: World, file: dict[str, Any]) -> str:
    """Return Bo's link to the file."""
    link: str = ok(world.bo.http.get(f"/api/v1/files/{file['key']}/link"))["link"]
    return link


def test_a_link_opens_for_an_hour(world: World, box: str) -> None:
    file = upload(world, box)
    answer = ok(world.bo.http.get(f"/api/v1/files/{file['key']}/link"))
    world.clock.advance(ms=3_590_000)
    opened = httpx.get(answer["link"], headers={"Range": "bytes=1-3"}, trust_env=False)
    assert (opened.status_code, opened.content) == (206, PNG[1:4])
    assert opened.headers["referrer-policy"] == "no-referrer"
    world.clock.advance(ms=answer["expiresTimestamp"] - world.clock() + 1)
    refused(httpx.get(answer["link"], trust_env=False), 403, "hour")


def test_a_file_link_works_only_while_its_creator_can_reach_the_file(world: World) -> None:
    pipeline = world.pipeline()
    box = world.box(pipeline)["key"]
    file = upload(world, box)
    link = link_to(world, file)
    private = {"defaultPermissionSetName": "__noAccessPermissionSet__"}
    ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}", json=private))
    assert httpx.get(link, trust_env=False).status_code == 404
    mine = ok(world.ada.http.get(f"/api/v1/files/{file['key']}/link"))["link"]
    assert httpx.get(mine, trust_env=False).content == PNG
    ok(world.ada.http.delete(f"/api/v2/files/{file['key']}"))
    assert httpx.get(mine, trust_env=False).status_code == 404


def test_a_file_link_opens_only_its_own_file(world: World, box: str) -> None:
    file, other = upload(world, box), upload(world, box, b"secret", "other.txt")
    link = link_to(world, file)
    for changed in (
        link.replace(file["key"], other["key"]),
        link[:-2],
        link[:-4] + "AAAA",
        link.partition("token=")[0] + "token=",
        link.partition("?")[0],
        link.partition("token=")[0] + "token=%C3%A9.%01",
        link.partition("token=")[0] + "token=bnVsbA.bnVsbA",
    ):
        refused(httpx.get(changed, trust_env=False), 403, "not valid")
    token = link.partition("token=")[2]
    bearer = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{world.server.url}/api/v1/users/me", headers=bearer, trust_env=False).status_code == 401


def test_a_file_link_works_after_a_restart(world: World, box: str, database: Store) -> None:
    link = httpx.URL(link_to(world, upload(world, box)))
    restarted = Server(database.config()).start()
    try:
        again = httpx.get(httpx.URL(restarted.url).join(link.raw_path.decode()), trust_env=False)
        assert again.content == PNG
    finally:
        restarted.stop()


@pytest.mark.parametrize(
    ("settings", "headers", "base"),
    [
        (
            {"trusted_proxies": ("127.0.0.1",)},
            {"Host": "crm.example", "X-Forwarded-Proto": "https"},
            "https://crm.example",
        ),
        (
            {"trusted_proxies": ("127.0.0.1",)},
            {"X-Forwarded-Host": "evil.example, crm.example", "X-Forwarded-Proto": "http, https"},
            "https://crm.example",
        ),
        ({"allowed_hosts": ("*",)}, {"Host": "crm.example", "X-Forwarded-Proto": "https"}, "http://crm.example"),
        ({"base_url": "https://crm.example/"}, {"X-Forwarded-Proto": "http"}, "https://crm.example"),
    ],
    ids=["proxy", "proxy-adds", "untrusted", "url"],
)
def test_links_begin_with_the_public_url_or_with_what_a_trusted_proxy_says(
    fresh_store: Store, settings: dict[str, Any], headers: dict[str, str], base: str
) -> None:
    server = Server(fresh_store.config(**settings)).start()
    world = World(server)
    pipeline = world.pipeline()
    path = f"/api/v1/files/{upload(world, world.box(pipeline)['key'])['key']}/link"
    assert ok(world.ada.http.get(path, headers=headers))["link"].startswith(f"{base}/api/v2/files/")
    inbound = f"/api/v2/pipelines/{pipeline['key']}/inbound"
    made = ok(world.ada.http.post(inbound, json={"name": "Orders"}, headers=headers))
    assert made["url"].startswith(f"{base}/hooks/")
    world.close()
    server.stop()


def test_links_begin_with_the_url_that_an_owner_set_in_the_browser(fresh_store: Store) -> None:
    server = Server(fresh_store.config()).start()
    world = World(server)
    path = f"/api/v1/files/{upload(world, world.box(world.pipeline())['key'])['key']}/link"
    assert ok(world.ada.http.get(path))["link"].startswith(f"{server.url}/api/")
    ok(world.ada.http.post("/api/v2/settings/mail", json={"baseUrl": "https://crm.example"}))
    assert ok(world.ada.http.get(path))["link"].startswith("https://crm.example/api/")
    # The owner's URL is also a name of this server.
    assert world.ada.http.get(path, headers={"Host": "crm.example"}).status_code == 200
    assert world.ada.http.get(path, headers={"Host": "evil.example"}).status_code == 421
    world.close()
    server.stop()


# The size limit


@pytest.fixture
def small_server(fresh_store: Store) -> Iterator[World]:
    """A server that takes files of up to 1,000 bytes."""
    running = Server(fresh_store.config(max_file_size=1000)).start()
    new_world = World(running)
    yield new_world
    new_world.close()
    running.stop()


def test_a_file_up_to_the_size_limit_is_accepted_and_a_larger_file_refused(small_server: World) -> None:
    box = small_server.box(small_server.pipeline())["key"]
    path = f"/api/v2/boxes/{box}/files?fileName=a.bin"
    fits, too_large = bytes(1000), bytes(1001)
    file = ok(small_server.ada.http.post(path, content=fits))
    in_chunks = iter([too_large[:600], too_large[600:]])
    for sent in (
        {"content": too_large},
        {"content": in_chunks},
        {"files": {"file": ("a.bin", too_large)}},
    ):
        refused(small_server.ada.http.post(path, **sent), 413, "0.001 MB")
    assert ok(small_server.ada.http.post(path, files={"file": ("a.bin", fits)}))["size"] == "1000"
    listed = ok(small_server.ada.http.get(f"/api/v1/boxes/{box}/files"))
    assert (listed[0], len(listed), len(stored(small_server.server))) == (file, 2, 2)
