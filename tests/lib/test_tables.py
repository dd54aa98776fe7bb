"""Tables as other programs write them are read, and what cannot be read is reported with its line or row."""

import contextlib
import gzip
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boxwood.lib import tables
from boxwood.lib.csv_cells import guarded, unguarded, written
from tests.sheets import ods, wide_xlsx, xlsx

KNOWN = {"name", "value"}


def opened(content: bytes, *, known: set[str] = KNOWN, piece: int = 1000, **given: str) -> tables.Opened:
    source = [content[at : at + piece] for at in range(0, len(content), piece)]
    table = tables.Table(tables.unpacked(source))
    whole = b"".join(table)
    return tables.open_table(table, lambda: [whole], known=known, **given)


def read(content: bytes, piece: int = 1000, **given: Any) -> tuple[list[str], list[Any], list[tuple[int, str]]]:
    """The columns, the good rows, and the numbers and faults of the others."""
    found = opened(content, piece=piece, **given)
    whole = b"".join(tables.unpacked([content]))
    rows = list(tables.rows([whole[at : at + piece] for at in range(0, len(whole), piece)], found.form))
    good = [row.cells for row in rows if not row.fault]
    return found.columns, good, [(row.number, row.fault) for row in rows if row.fault]


GOOD = (["Name", "Value"], [["Acme", "1"], ["Beta", "2"]], [])


@pytest.mark.parametrize("piece", [1, 7, 1000])
@pytest.mark.parametrize(
    "content",
    [
        b"sep=;\r\nName;Value\r\nAcme;1\r\nBeta;2\r\n",
        b'"sep=\t"\nName\tValue\nAcme\t1\nBeta\t2\n',
        b"Name,Value\rAcme,1\rBeta,2\r",
        b"Name,Value\r\nAcme,1\nBeta,2\r",
        gzip.compress(b"Name,Value\rAcme,1\rBeta,2\r"),
        gzip.compress(b"Name,Value\nAcme,1\n") + gzip.compress(b"Beta,2\n"),
        b"\n \n\nName,Value\nAcme,1\n\nBeta,2\n",
        b"Deals of May\nFor Ada,,\n\nName,Value\nAcme,1\nBeta,2\n",
        b"Name,Value\nAcme,1\nBeta,2\n\x1a",
        b"Name,Value\nAcme,1\nBeta,2\x1a\x1a",
        b'"Name", "Value"\n"Acme", "1"\n"Beta", "2"\n',
        "Name,Value\nAcme,1\nBeta,2\n".encode("utf-16-be"),
        "Name,Value\nAcme,1\nBeta,2\n".encode("utf-16-le"),
        "Name,Value\nAcme,1\nBeta,2\n".encode("utf-16"),
        "Name,Value\nAcme,1\nBeta,2\n".encode("utf-32"),
        "Name,Value\nAcme,1\nBeta,2\n".encode("utf-8-sig"),
        b"Name,Value,,\nAcme,1,,\nBeta,2\n",
    ],
)
def test_a_table_is_read_as_programs_write_it(content: bytes, piece: int) -> None:
    columns, rows, faults = read(content, piece)
    assert (columns[:2], [[cell.strip() for cell in row[:2]] for row in rows], faults) == GOOD


def test_a_zero_byte_spoils_its_row_alone() -> None:
    assert read(b"Name,Value\nA\0,1\nB,2\n")[1] == [["A\0", "1"], ["B", "2"]]


def test_commas_in_a_heading_with_semicolons_are_text() -> None:
    content = b"Name;Value, EUR;Note, long, text\nA;1,5;a,b,c\nB;2,5;c,d,e\n"
    assert read(content)[:2] == (
        ["Name", "Value, EUR", "Note, long, text"],
        [["A", "1,5", "a,b,c"], ["B", "2,5", "c,d,e"]],
    )


def test_lines_of_a_text_are_no_title_and_heading() -> None:
    assert read(b'Name,Note\nA,"Hello\nName\tAda"\n')[:2] == (["Name", "Note"], [["A", "Hello\nName\tAda"]])
    assert read(b"Deals of May\nName\tNote\nA\tb\n")[:2] == (["Name", "Note"], [["A", "b"]])


def test_a_quote_within_quotes_is_read_in_both_spellings() -> None:
    assert read(b'Name,Value\n"say ""hi""",1\n')[1] == [['say "hi"', "1"]]
    assert read(b'Name,Value\n"say \\"hi\\"",1\n')[1] == [['say "hi"', "1"]]
    assert read(b'Name,Value\n5" pipe,1\n')[1] == [['5" pipe', "1"]]


@pytest.mark.parametrize(
    ("content", "rows", "faults"),
    [
        (b'Name,Value\n"A,1\nB,2\nC,3\n', [["B", "2"], ["C", "3"]], [(1, "line 2 has a quote that is not closed")]),
        (
            b'Name,Value\nA,"12"" pipe\nB,y\nC,"z"\nD,w\n',
            [["B", "y"], ["C", "z"], ["D", "w"]],
            [(1, "line 2 has a quote that is not closed: line 4 has text after the next quote")],
        ),
        (
            b'Name,Value\n"A" x,1\nB,2\n',
            [["B", "2"]],
            [(1, 'line 2 has text after a closing quote: write a quote inside a cell twice ("")')],
        ),
        (
            b'Name,Value\nA,"two\nlines" x\nB,2\n',
            [["B", "2"]],
            [
                (1, "line 2 has a quote that is not closed: line 3 has text after the next quote"),
                (2, "line 3 is part of a row with a quote that is not closed"),
            ],
        ),
        (
            b"Name,Value\nDoe, Jane, 5\nB,2\n",
            [["B", "2"]],
            [(1, "has 3 cells, but the heading has 2: write a cell that contains ',' in double quotes")],
        ),
        (
            b"name\nDoe, John\nAda\n",
            [["Ada"]],
            [(1, "has 2 cells, but the heading has 1: write a cell that contains ',' in double quotes")],
        ),
    ],
)
@pytest.mark.parametrize("piece", [3, 1000])
def test_a_damaged_row_is_reported_and_the_next_ones_are_read(
    content: bytes, rows: list[Any], faults: list[Any], piece: int
) -> None:
    _, found, reported = read(content, piece)
    assert (found, reported) == (rows, faults)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "Müller & Söhne;Köln"),
        ("cp1252", "François Lefèvre;5 €"),
        ("cp1250", "Łukasz Wiśniewski;Łódź"),
        ("cp1250", "Dvořák;Žižkov"),
        ("cp1250", "Łukasz Żółć;Święta Góra"),
        ("cp1251", "Смирнов;Москва"),
        ("cp1253", "Γιώργος;Αθήνα"),
        ("cp1254", "Çağrı Şahin;İstanbul"),
        ("cp1255", "דוד;ירושלים"),
        ("cp1256", "أحمد;القاهرة"),
        ("cp1257", "Jānis Bērziņš;Rīga"),
        ("gb18030", "王伟;北京科技有限公司"),
        ("big5", "王大明;台北公司"),
        ("cp932", "田中太郎;株式会社東京"),
        ("cp932", "ｱｲｳｴｵ;カタカナとひらがな"),
        ("cp949", "김철수;삼성전자"),
        ("koi8_r", "Имя Смирнов;Москва"),
    ],
)
def test_the_encoding_is_told_from_the_whole_table(encoding: str, text: str) -> None:
    """The letters are in the last row, far after the bytes that a preview reads."""
    content = ("Name;Value\n" + "a plain row;1\n" * 20_000 + text + "\n").encode(encoding)
    assert len(content) > tables.HEAD
    assert read(content, 65_536)[1][-1] == text.split(";")


def test_mac_roman_is_told_by_the_line_ends_of_old_macs() -> None:
    content = "Name;Value\rMüller;Köln\r".encode("mac_roman")
    assert read(content)[1] == [["Müller", "Köln"]]


def test_a_byte_that_the_encoding_lacks_is_reported_with_its_row() -> None:
    rows = "".join(f"Zoë {number},ü\n" for number in range(50)).encode()
    content = b"Name,Value\n" + rows + b"M\xfcller,x\n" + "Ärzte,y\n".encode()
    _, found, faults = read(content)
    assert (len(found), found[-1]) == (51, ["Ärzte", "y"])
    assert faults == [(51, "has the byte 0xfc after 'M', which is no text in utf-8")]
    assert read(b"Name,Value\nM\x81ller,x\nA,1\n", encoding="windows-1252")[2][0][0] == 1


@pytest.mark.parametrize(
    "encoding",
    [
        "base64",
        "hex",
        "zlib",
        "bz2",
        "rot13",
        "idna",
        "punycode",
        "undefined",
        "uu",
        "quopri",
        "unicode_escape",
        "klingon",
    ],
)
def test_an_encoding_that_is_no_text_is_refused_with_examples(encoding: str) -> None:
    with pytest.raises(tables.Broken, match=f"encoding: '{encoding}' is not a known text encoding: use, for example"):
        opened(b"Name,Value\nA,1\n", encoding=encoding)


@pytest.mark.parametrize("delimiter", ['"', "\n", "\r", "\\", "\0", ",,"])
def test_a_delimiter_that_is_none_or_that_csv_needs_itself_is_refused(delimiter: str) -> None:
    with pytest.raises(tables.Broken, match="delimiter: must be one character, or tab"):
        opened(b"Name,Value\nA,1\n", delimiter=delimiter)


@pytest.mark.parametrize("encoding", ["utf-16", "utf_32", "utf-16-be", "utf-7", "iso2022_jp", "hz"])
def test_a_wrong_encoding_is_no_failure_of_the_server(encoding: str) -> None:
    with contextlib.suppress(tables.Broken):
        assert read(b"Name,Value\nA,1\n\xff\xfe", encoding=encoding)
    assert read("Name,Value\nA,1\n".encode("utf-16-be"), encoding="utf-16")[1] == [["A", "1"]]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b" \r\n", "is empty"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "is a PDF file, and not a table: send CSV"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0", "a picture (PNG)"),
        (b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ada\r\nEND:VCARD\r\n", "a vCard file of contacts"),
        (b"\xef\xbb\xbfBEGIN:VCARD\r\nVERSION:4.0\r\n", "a vCard file of contacts"),
        (b'<?xml version="1.0"?><Workbook><Row/></Workbook>', "an XML file"),
        (b"\x01\x02\0\0" * 10 + b"\xff", "a file of type application/octet-stream"),
        (b"ID3\x04" + b"\0" * 100, "a file of type audio/mpeg"),
        (b"<html><body><table><tr><td>Name</table>", "an HTML page"),
        (b"PK\x03\x04\x14\0\0\0\0\0" + b"\0" * 20 + b"deals.csv", "a ZIP archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "cannot be read as a spreadsheet"),
        (b"\x1f\x8b\x08\0garbage", "is a gzip file that is damaged"),
        (b"[{]", "is not valid JSON"),
    ],
)
def test_what_is_no_table_is_named(content: bytes, words: str) -> None:
    with pytest.raises(tables.Broken) as refused:
        opened(content)
    assert words in str(refused.value)


def test_json_is_read_in_every_unicode_encoding() -> None:
    text = '{"pipeline": {}, "boxes": [{"name": "Zoë", "fields": {"name": "f", "Size": 1}}]}'
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"):
        assert read(text.encode(encoding))[1] == [{"name": "Zoë", "name (field)": "f", "Size": 1}]
        lines = '{"name": "Zoë"}\n{"name": "B"}\n'
        assert read(lines.encode(encoding))[1] == [{"name": "Zoë"}, {"name": "B"}]


def test_half_of_a_character_in_json_is_one_bad_row() -> None:
    _, rows, faults = read(b'[{"name":"\\ud800"},{"name":"B"}]')
    assert (rows, faults) == ([{"name": "B"}], [(1, "is not a JSON object")])


def test_spreadsheets_keep_their_types() -> None:
    head: list[object] = ["Name", "Value", "Due", "Done", "Code"]
    rows: list[list[object]] = [head, ["Acme", 1.5, ("date", 45720), True, "0049"], [None], ["Beta", 12, None, False]]
    content = xlsx({"Deals": [["Deals of May"], *rows], "Other one": [["Name"], ["x"]]})
    found = opened(content)
    assert (found.form.kind, found.form.sheet, found.sheets) == ("xlsx", "Deals", ["Deals", "Other one"])
    columns, cells, faults = read(content)
    assert (columns, faults) == (head, [])
    assert cells[0] == ["Acme", 1.5, "2025-03-04", True, "0049"]
    assert cells[1][:4] == ["Beta", 12, None, False] or cells[1][:4] == ["Beta", 12, "", False]
    assert read(content, sheet="Other one")[1] == [["x"]]
    with pytest.raises(tables.Broken, match="sheet: 'Nope' is not a sheet of this file: it has 'Deals', 'Other one'"):
        opened(content, sheet="Nope")
    assert read(ods([["Name", "Due", "Value"], ["Acme", ("date", "2025-03-04"), 1.5]]))[1] == [
        ["Acme", "2025-03-04", 1.5]
    ]


def test_a_spreadsheet_that_would_need_all_memory_is_refused() -> None:
    content = wide_xlsx()
    assert len(content) < 5000
    with pytest.raises(tables.Broken, match="damaged or too large"):
        opened(content)


@pytest.mark.parametrize(
    "text", ["=1+1", "+1 maybe", "-New", "@only", "\t=1", "\r=1", "'=1", "''-x", "'", "'a", "-", "a", ""]
)
def test_a_guarded_text_comes_back(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert guarded(text)[:1] not in ("=", "+", "@", "\t", "\r")


def test_every_cell_of_a_csv_is_guarded() -> None:
    assert written([["=1+1", -5, None, "\t@x", "a"]]) == b"'=1+1,-5,,'\t@x,a\r\n"


_PIECES = st.sampled_from(
    [
        b"Name,Value",
        b"Name;Value",
        b"sep=;",
        b'"',
        b"\r",
        b"\n",
        b"\r\n",
        b",",
        b";",
        b"\t",
        b"\\",
        b"\x00",
        b"\xff",
        b"\xfe",
        b"\xef\xbb\xbf",
        b"{",
        b"[",
        b"]",
        b"}",
        b'{"name": "a"}',
        b'"\\ud83d"',
        b"\xd8\x00",
        b"\x1a",
        b"NaN",
        b"1e999",
        b"=",
    ]
)


@settings(max_examples=300, deadline=None)
@given(
    pieces=st.lists(st.one_of(_PIECES, st.binary(min_size=1, max_size=3)), max_size=20),
    encoding=st.sampled_from(
        ["", "", "utf-16", "utf-32", "cp1252", "shift_jis", "gb18030", "utf-7", "iso2022_jp", "hz"]
    ),
    delimiter=st.sampled_from(["", "", ",", ";", "\t", "x", '"', "\n"]),
    kind=st.sampled_from(["", "", "csv", "json", "jsonl"]),
)
def test_any_bytes_are_read_or_refused(pieces: list[bytes], encoding: str, delimiter: str, kind: str) -> None:
    """Each cell is text that can be stored, and each row without a fault has as many cells as it says."""
    content = b"".join(pieces)
    try:
        found = opened(content, encoding=encoding, delimiter=delimiter, kind=kind)
        rows = list(tables.rows([content], found.form))
    except tables.Broken as broken:
        refusal = str(broken)
    else:
        refusal = ""
        for row in rows:
            texts = row.cells if isinstance(row.cells, list) else []
            assert all(letter < "\udc00" or letter > "\udcff" for text in texts for letter in str(text))
    assert refusal.isprintable()
