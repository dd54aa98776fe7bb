"""Tables of all kinds over the API: what is imported, and what the answer says of what is not."""

import codecs
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.api.test_imports import boxes, counts, imported, refusals, send
from tests.conftest import World, ok, refused
from tests.sheets import xlsx

HERE = Path(__file__).parent


def names(world: World, pipeline: dict[str, Any]) -> list[str]:
    return [box["name"] for box in boxes(world, pipeline)]


def preview(world: World, pipeline: dict[str, Any], content: bytes, **asked: str) -> dict[str, Any]:
    path = f"/api/v2/pipelines/{pipeline['key']}/import/preview"
    found: dict[str, Any] = ok(world.ada.http.post(path, params=asked, content=content))
    return found


def test_rows_that_cannot_be_read_are_refused_and_the_others_imported(world: World) -> None:
    pipeline = world.pipeline()
    world.field(pipeline, "TEXT_INPUT", "Note")
    table = b'Name,Note\nA,"12"" pipe\nB,y\nC,"z"\nD,w,too,many\nE,\xfc and \xe9\nF,x\n'
    seen = preview(world, pipeline, table)
    assert (seen["encoding"], [row["row"] for row in seen["refused"]]) == ("cp1252", [1, 4])
    job = imported(world, pipeline, table)
    assert counts(job) == ("done", 6, 4, 0, 2)
    assert names(world, pipeline) == ["B", "C", "E", "F"]
    (number, _, first), (fourth, _, second) = refusals(world, job)
    assert (number, first) == (1, "line 2 has a quote that is not closed: line 4 has text after the next quote")
    assert (fourth, second.startswith("has 4 cells, but the heading has 2")) == (4, True)
    lines = imported(world, pipeline, '{"name": "G"}\n[1]\n', kind="application/x-ndjson")
    (row,) = ok(world.ada.http.get(f"/api/v2/imports/{lines['key']}/refused"))["results"]
    assert (row["reason"], row["cells"]) == ("is not a JSON object", ["[1]"])


def test_a_table_can_be_the_file_of_a_form_or_compressed(world: World) -> None:
    pipeline = world.pipeline()
    path = f"/api/v2/pipelines/{pipeline['key']}/import"
    files = {"file": ("deals.csv", b"Name\rA\r", "text/csv")}
    assert ok(world.ada.http.post(f"{path}?wait=20", files=files))["created"] == 1
    seen = ok(world.ada.http.post(f"{path}/preview", files=files))
    assert [column["target"] for column in seen["columns"]] == ["name"]
    assert imported(world, pipeline, gzip.compress(b"sep=;\r\nName;Other\r\nB;1\r\n"))["created"] == 1
    assert names(world, pipeline) == ["A", "B"]
    for kind in ("application/x-www-form-urlencoded", "application/vnd.ms-excel", "text/plain", ""):
        assert imported(world, pipeline, b"Name\nC\n", kind=kind)["created"] == 1
    empty = world.ada.http.post(path, files={"file": (None, b"Name\nA\n")})
    refused(empty, 400, "is a form without a file")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty: send a table"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF file, and not a table"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a picture (PNG)"),
        (b"BEGIN:VCARD\nVERSION:3.0\nEND:VCARD\n", "a vCard file of contacts"),
        (b"Company,Size\nA,1\n", "must send a column to name"),
        (b'[{"name": "a"', "is not valid JSON"),
    ],
)
def test_what_is_no_table_is_refused_in_words_that_name_it(world: World, content: bytes, words: str) -> None:
    pipeline = world.pipeline()
    refused(send(world, pipeline, content), 400, words)
    assert boxes(world, pipeline) == []
    assert ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}/imports"))["results"] == []


@pytest.mark.parametrize("encoding", ["utf-16", "utf_32", "base64", "hex", "zlib", "idna", "undefined", "rot13"])
def test_no_name_of_an_encoding_is_a_failure_of_the_server(world: World, encoding: str) -> None:
    pipeline = world.pipeline()
    path = f"/api/v2/pipelines/{pipeline['key']}/import"
    for where in (path, f"{path}/preview"):
        answer = world.ada.http.post(where, params={"encoding": encoding}, content=b"Name\nA\n")
        assert answer.status_code < 500, answer.text
        if not encoding.startswith("utf"):
            refused(answer, 400, "encoding", "windows-1252")


def test_half_a_character_in_json_is_a_refused_row(world: World) -> None:
    pipeline = world.pipeline()
    table = b'[{"name":"\\ud800"},{"name":"B"}]'
    assert [row["row"] for row in preview(world, pipeline, table)["refused"]] == [1]
    assert counts(imported(world, pipeline, table)) == ("done", 2, 1, 0, 1)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be"])
def test_json_is_imported_with_a_byte_order_mark(world: World, encoding: str) -> None:
    pipeline = world.pipeline()
    content = '[{"name": "Zoë"}]'.encode(encoding)
    assert counts(imported(world, pipeline, content))[2] == 1
    exported = world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}/export?format=json").text
    copied = ok(world.ada.http.post("/api/v2/pipelines/import?wait=20", content=exported.encode(encoding)))
    assert (copied["state"], copied["created"]) == ("done", 1)


def test_a_copy_of_a_pipeline_that_cannot_be_read_leaves_no_pipeline(world: World) -> None:
    path = "/api/v2/pipelines"
    before = len(ok(world.ada.http.get(path))["results"])
    pipeline = {"name": "P", "stageOrder": [], "stages": {}, "fields": []}
    cut = json.dumps({"pipeline": pipeline, "boxes": [{"name": "a"}]})[:-3]
    for content in (cut.encode(), codecs.BOM_UTF8 + cut.encode(), cut.encode("utf-16")):
        refused(world.ada.http.post(f"{path}/import", content=content), 400, "is not valid JSON")
    assert len(ok(world.ada.http.get(path))["results"]) == before


def test_a_sheet_of_a_workbook_is_imported(world: World) -> None:
    pipeline = world.pipeline()
    size, due = (world.field(pipeline, kind, name)["key"] for kind, name in (("TEXT_INPUT", "Size"), ("DATE", "Due")))
    rows: list[list[object]] = [["Name", "Size", "Due"], ["Acme", 1.5, ("date", 45720)], ["Beta", "0049", None]]
    workbook = xlsx({"Notes": [["Nothing here"]], "Deals": rows})
    seen = preview(world, pipeline, workbook, sheet="Deals")
    assert (seen["format"], seen["sheet"], seen["sheets"]) == ("xlsx", "Deals", ["Notes", "Deals"])
    job = imported(world, pipeline, workbook, sheet="Deals")
    assert (counts(job), job["format"]) == (("done", 2, 2, 0, 0), "xlsx")
    acme, beta = boxes(world, pipeline)
    assert acme["fields"] == {size: 1.5, due: 1741046400000}
    assert beta["fields"] == {size: "0049"}
    refused(send(world, pipeline, workbook, sheet="Nope"), 400, "sheet", "'Deals'")
    refused(send(world, pipeline, workbook), 400, "must send a column to name")


def test_a_file_of_an_old_excel_is_imported(world: World) -> None:
    """The files are of the library xlwt: BIFF8, the second one with the dates of old Macintosh programs."""
    pipeline = world.pipeline()
    kinds = {"Value": "TEXT_INPUT", "Close": "DATE", "Paid": "CHECKBOX", "Note": "TEXT_INPUT", "Called": "DATE"}
    keys = {name: world.field(pipeline, kind, name)["key"] for name, kind in kinds.items()}
    workbook = (HERE.parent / "old.xls").read_bytes()
    seen = preview(world, pipeline, workbook)
    assert (seen["format"], seen["sheet"], seen["sheets"]) == ("xls", "Deals", ["Deals", "Others"])
    assert counts(imported(world, pipeline, workbook)) == ("done", 2, 2, 0, 0)
    first, second = boxes(world, pipeline)
    assert (first["name"], second["name"]) == ("Müller & Söhne", "Смирнов")
    values = {"Value": 1250.5, "Close": 1741046400000, "Paid": True, "Note": "first\nsecond", "Called": 1741084200000}
    assert first["fields"] == {keys[name]: value for name, value in values.items()}
    values = {"Value": 7, "Close": 1709164800000, "Paid": False, "Note": "007"}
    assert {key: value for key, value in second["fields"].items() if value is not False} == {
        keys[name]: value for name, value in values.items() if value is not False
    }
    assert counts(imported(world, pipeline, workbook, sheet="Others")) == ("done", 1, 1, 0, 0)
    assert counts(imported(world, pipeline, (HERE.parent / "old-1904.xls").read_bytes())) == ("done", 1, 1, 0, 0)
    mac = next(box for box in boxes(world, pipeline) if box["name"] == "Mac")
    assert mac["fields"] == {keys["Close"]: 1741046400000}
    refused(send(world, pipeline, workbook[:3000]), 400, "cannot be read as a spreadsheet")


def test_a_text_in_a_formula_is_this_text(world: World) -> None:
    """Programs write `="007"` so that a spreadsheet keeps the zeros."""
    pipeline = world.pipeline()
    key = world.field(pipeline, "TEXT_INPUT", "Number")["key"]
    imported(world, pipeline, 'Name,Number\n="01",="007"\n"=""02""","=""0049"""\n=1+1,\'="x"\n')
    found = [(box["name"], box["fields"][key]) for box in boxes(world, pipeline)]
    assert found == [("01", "007"), ("02", "0049"), ("=1+1", '="x"')]


def test_matching_ignores_the_case_of_letters_and_how_accents_are_written(world: World) -> None:
    pipeline = world.pipeline()
    email = world.field(pipeline, "TEXT_INPUT", "Email")["key"]
    imported(world, pipeline, "Name,Email\nZoe\u0308,a@x.example\nBeta,b@x.example\n")
    again = imported(world, pipeline, "Name,Email\nZoe,A@X.example\nNew,n@x.example\nNewer,N@x.example\n", match=email)
    assert counts(again) == ("done", 3, 1, 2, 0)
    by_name = imported(world, pipeline, "Name\nbeta\nZo\u00eb\nzoe\n", match="name")
    assert counts(by_name) == ("done", 3, 1, 2, 0)
    assert sorted(names(world, pipeline)) == ["Newer", "Zo\u00eb", "beta", "zoe"]


def test_users_are_named_as_people_name_them(world: World) -> None:
    pipeline = world.pipeline()
    me = ok(world.ada.http.get("/api/v1/users/me"))
    full = me["fullName"]
    first, _, last = full.partition(" ")
    cells = [
        full,
        full.upper(),
        f"{last}, {first}",
        f"{full} <{world.ada.email}>",
        "(none)",
        world.bo.email,
        "Nobody",
    ]
    table = "Name,Owner\n" + "".join(f'n{at},"{cell}"\n' for at, cell in enumerate(cells))
    job = imported(world, pipeline, table)
    assert counts(job) == ("done", 7, 6, 0, 1)
    found = [[user["email"] for user in box["assignedToSharingEntries"]] for box in boxes(world, pipeline)]
    assert found == [[world.ada.email]] * 4 + [[], [world.bo.email]]
    ((row, column, reason),) = refusals(world, job)
    assert (row, column) == (7, "Owner")
    assert reason == "no user of this pipeline is called 'Nobody': give an e-mail address"


def test_two_users_of_one_name_are_told_apart_by_address(world: World) -> None:
    pipeline = world.pipeline()
    people = [f"sam.{world.number}{letter}@x.example" for letter in "ab"]
    shared = {"aclEntries": [{"email": email} for email in people]}
    ok(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}", json=shared))
    job = imported(world, pipeline, "Name,Owner\nx,Sam\n")
    ((_, _, reason),) = refusals(world, job)
    assert "2 users are called 'Sam'" in reason
    assert all(email in reason for email in people)


def test_the_name_is_joined_from_first_and_last_name(world: World) -> None:
    pipeline = world.pipeline()
    job = imported(world, pipeline, "First Name,Last Name,Title\nAda,Lovelace,Countess\nBo,,Sir\n")
    assert job["mapping"] == {"First Name": "name", "Last Name": "name", "Title": None}
    assert names(world, pipeline) == ["Ada Lovelace", "Bo"]
    two = imported(world, pipeline, "A,B\nAda,Byron\n", mapping={"A": "name", "B": "name"})
    assert counts(two)[2] == 1
    assert names(world, pipeline)[-1] == "Ada Byron"


def test_check_boxes_are_read_as_other_programs_write_them(world: World) -> None:
    pipeline = world.pipeline()
    done = world.field(pipeline, "CHECKBOX", "Done")["key"]
    cells = ["checked", "✔", "vrai", "T", "1.0", "unchecked", "falsch", "0"]
    job = imported(world, pipeline, "Name,Done\n" + "".join(f"n,{cell}\n" for cell in cells))
    assert counts(job) == ("done", 8, 8, 0, 0)
    assert [box["fields"][done] for box in boxes(world, pipeline)] == [True] * 5 + [False] * 3
