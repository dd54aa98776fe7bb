"""winmail.dat is opened: its files become files of the message."""

import struct

import pytest

from boxwood.lib.mail import parse

FILE, TITLE, DATA, FILE_PROPERTIES, PROPERTIES = 0x9002, 0x8010, 0x800F, 0x9005, 0x9003
STRING, UNICODE, BINARY, OBJECT, NUMBER = 0x1E, 0x1F, 0x102, 0xD, 3
NAME, CONTENT, HTML, TEXT, SUBJECT = 0x3707, 0x3701, 0x1013, 0x1000, 0x0037


def packed(*objects: tuple[int, bytes]) -> bytes:
    start = b"\x78\x9f\x3e\x22\x01\x00"
    return start + b"".join(
        struct.pack("<BHHI", 2 if name in (FILE, TITLE, DATA, FILE_PROPERTIES) else 1, name, 6, len(data))
        + data
        + struct.pack("<H", sum(data) % 65536)
        for name, data in objects
    )


def properties(*found: tuple[int, int, bytes]) -> bytes:
    out = struct.pack("<I", len(found))
    for kind, id_, value in found:
        out += struct.pack("<HH", kind, id_)
        out += value if kind == NUMBER else struct.pack("<II", 1, len(value)) + value + b"\0" * (-len(value) % 4)
    return out


def mail(
    content: bytes, text: str = "Hi", headers: str = "Content-Type: application/ms-tnef; name=winmail.dat"
) -> bytes:
    return (
        f"From: a@x.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n{text}\n--b\n{headers}\n\n".encode()
        + content
        + b"\n--b--\n"
    )


def test_the_files_in_winmail_dat_are_files_of_the_message() -> None:
    content = packed(
        (FILE, b"\0" * 14),
        (TITLE, b"OFFER~1.PDF\0"),
        (DATA, b"%PDF"),
        (FILE_PROPERTIES, properties((NUMBER, 0x0E20, b"\4\0\0\0"), (STRING, NAME, b"Offer 5.pdf\0"))),
        (FILE, b"\0" * 14),
        (TITLE, b"notes.txt\0"),
        (DATA, b"notes"),
        (FILE, b"\0" * 14),
        (FILE_PROPERTIES, properties((UNICODE, NAME, "Größe.txt\0".encode("utf-16-le")), (BINARY, CONTENT, b"big"))),
    )
    found = parse(mail(content))
    files = [(file.name, file.content) for file in found.attachments]
    assert files == [("Offer 5.pdf", b"%PDF"), ("notes.txt", b"notes"), ("Größe.txt", b"big")]
    assert found.text == "Hi"


def test_the_text_of_winmail_dat_is_shown_if_the_message_has_none() -> None:
    content = packed((PROPERTIES, properties((BINARY, HTML, b"<p>Hello</p>"), (STRING, TEXT, b"Hello\0"))))
    found = parse(mail(content, text=""))
    assert (found.text, found.html, found.attachments) == ("Hello", "<p>Hello</p>", [])
    assert parse(mail(content, text="Outside")).text == "Outside"


def test_a_message_in_winmail_dat_gives_its_text_and_its_files() -> None:
    inner = packed(
        (PROPERTIES, properties((STRING, TEXT, b"inside\0"))), (FILE, b""), (TITLE, b"a.txt\0"), (DATA, b"a")
    )
    outer = packed(
        (FILE, b"\0"), (FILE_PROPERTIES, properties((STRING, NAME, b"Mail\0"), (OBJECT, CONTENT, b"i" * 16 + inner)))
    )
    files = [(file.name, file.content) for file in parse(mail(outer)).attachments]
    assert files == [("Mail.txt", b"inside"), ("a.txt", b"a")]


@pytest.mark.parametrize(
    "content", [b"not packed", b"\x78\x9f\x3e\x22", packed((FILE, b"")), packed((PROPERTIES, b"\xff" * 9))]
)
def test_winmail_dat_that_holds_nothing_stays_a_file(content: bytes) -> None:
    assert [(file.name, file.content) for file in parse(mail(content)).attachments] == [("winmail.dat", content)]


def test_winmail_dat_is_known_by_its_name_alone() -> None:
    content = packed((FILE, b""), (TITLE, b"a.txt\0"), (DATA, b"a"))
    headers = "Content-Type: application/octet-stream; name=WINMAIL.DAT"
    assert [file.name for file in parse(mail(content, headers=headers)).attachments] == ["a.txt"]
