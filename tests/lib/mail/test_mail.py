"""Mail is read as well as it can be, within bounds, and never by accident refused."""

import base64
import time
import tracemalloc
from email.message import EmailMessage

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from boxwood.lib import mail
from boxwood.lib.mail import Address, DeliveryReport, Unreadable, parse, parse_headers

HEAD = b"From: Ada <ada@x.example>\r\n"


def read(headers: bytes = b"", body: bytes = b"Hello\r\n") -> mail.Mail:
    return parse(HEAD + headers + b"\r\n" + body)


def test_a_whole_message() -> None:
    sent = EmailMessage()
    sent["From"] = "Jörg Müller <Jorg@Firm.example>"
    sent["To"] = '"Doe, John" <john@x.example>, jane@x.example, JANE@x.example'
    sent["Cc"] = "Team: a@x.example, b@x.example;"
    sent["Subject"] = "Angebot für  Café"
    sent["Date"] = "Mon, 23 Nov 2026 10:00:00 +0100"
    sent["Message-ID"] = "<2@firm.example>"
    sent["In-Reply-To"] = "<1@x.example>"
    sent["References"] = "<0@x.example> <1@x.example>"
    sent.set_content("Guten Tag\n")
    sent.add_alternative("<p>Guten <b>Tag</b></p>", subtype="html")
    sent.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="Angebot é.pdf")
    found = parse(bytes(sent))
    assert found.sender == Address("jorg@firm.example", "Jörg Müller")
    assert found.to == [Address("john@x.example", "Doe, John"), Address("jane@x.example")]
    assert [address.email for address in found.cc] == ["a@x.example", "b@x.example"]
    assert (found.subject, found.sent_at) == ("Angebot für Café", 1795424400000)
    assert (found.message_id, found.references) == ("2@firm.example", ["0@x.example", "1@x.example"])
    assert (found.text, found.html) == ("Guten Tag\n", "<p>Guten <b>Tag</b></p>\n")
    assert [(file.name, file.content) for file in found.attachments] == [("Angebot é.pdf", b"%PDF-1.4")]
    assert not found.truncated


BODIES = [
    (b"Content-Type: text/plain; charset=iso-8859-1\n", b"caf\xe9", "café"),
    (b"Content-Type: text/plain; charset=utf-8\n", b"caf\xe9", "café"),
    (b"Content-Type: text/plain; charset=no-such\n", "café".encode(), "café"),
    (b"Content-Type: text/plain; charset=utf-7\n", b"caf+AOk- +2D3eAA-, 2 +- 2", "café 😀, 2 + 2"),
    (b"Content-Type: text/plain; charset=utf-7\n", b"caf+AOk- 1 + 1 = 2, +&, +A", "café 1 + 1 = 2, +&, +A"),
    (b"Content-Type: text/plain; charset=utf-7\n", b"caf+AOk- caf\xc3\xa9", "café café"),
    (b"Content-Type: text/plain; charset=punycode\n", "café".encode(), "café"),
    (b"Content-Type: text/plain; charset=hex\n", b"plain", "plain"),
    (b"Content-Type: text/plain; charset=undefined\n", b"plain", "plain"),
    (b"", "naïve".encode(), "naïve"),
    (b"", b"a\x00b", "ab"),
    (b"Content-Transfer-Encoding: quoted-printable\n", b"caf=C3=A9 =ZZ", "café =ZZ"),
    (b"Content-Transfer-Encoding: base64\n", b"Y2Fmw6k", "café"),
    (b"Content-Transfer-Encoding: nonsense\n", b"plain", "plain"),
    (b"Content-Type: nonsense\n", b"plain", "plain"),
    (
        b"Content-Type: text/html\n",
        b"<title>t</title><p>Hello&nbsp;<b>you</b></p><script>x()</script>ok",
        "Hello you\nok",
    ),
    (b"Content-Type: multipart/mixed; boundary=x\n", b"--x\n\nfirst\n--x\n\nsecond\n", "first\nsecond"),
]


@pytest.mark.parametrize(("headers", "body", "text"), BODIES)
def test_a_body_is_read_as_it_was_meant(headers: bytes, body: bytes, text: str) -> None:
    assert read(headers, body).text == text


HEADERS = [
    (b"Subject: =?utf-8?b?SMOp?= =?utf-8?q?llo?=\n", "subject", "Héllo"),
    (b"Subject: caf\xc3\xa9\n", "subject", "café"),
    (b"Subject: a\n\tb\n", "subject", "a b"),
    (b"Subject: =?broken\n", "subject", "=?broken"),
    (b"Date: Mon, 32 Foo 99999 99:99\n", "sent_at", None),
    (b"Date: \n", "sent_at", None),
    (b"Date: Mon, 23 Nov 2026 10:00:00\n", "sent_at", 1795428000000),
    (b"Message-ID: no brackets\n", "message_id", None),
    (b"References: <a@b>junk<c@d>\n <e@f>\n", "references", ["a@b", "c@d", "e@f"]),
    (b"To: undisclosed-recipients:;\n", "to", []),
    (b"To: not an address, fine@x.example, <also@x.example\n", "to", None),
    (b"To: " + b"(" * 5000 + b"\n", "to", []),
]


@pytest.mark.parametrize(("headers", "member", "value"), HEADERS)
def test_a_header_is_read_as_well_as_it_can_be(headers: bytes, member: str, value: object) -> None:
    found = getattr(read(headers), member)
    if value is None and member == "to":
        assert Address("fine@x.example") in found
    else:
        assert found == value


def test_raw_bytes_in_a_header_leave_a_text_that_can_be_stored() -> None:
    found = read(b"Subject: caf\xe9 \x00\n")
    assert found.subject.encode()
    assert "\0" not in found.subject


def test_what_comes_with_it_is_an_attachment() -> None:
    inner = b"From: b@x.example\nSubject: inner\n\nforwarded"
    body = b"".join(
        b"--x\n" + part + b"\n"
        for part in (
            b"Content-Type: text/plain\n\nsee these",
            b"Content-Type: message/rfc822\n\n" + inner,
            b"Content-Type: text/plain\nContent-Disposition: attachment; filename=notes.txt\n\nnotes",
            b"Content-Type: image/png\nContent-Disposition: inline\nContent-Transfer-Encoding: base64\n\niVBORw==",
            b"Content-Type: text/calendar; name=*\n\nBEGIN:VCALENDAR",
            b"Content-Disposition: attachment; filename*=no-such'x'%E9%FF\n\nodd",
        )
    )
    found = read(b"Content-Type: multipart/mixed; boundary=x\n", body + b"--x--\n")
    assert found.text == "see these"
    assert [file.content.strip() for file in found.attachments[1:4]] == [b"notes", b"\x89PNG", b"BEGIN:VCALENDAR"]
    assert b"Subject: inner" in found.attachments[0].content
    assert found.attachments[0].name.endswith(".eml")
    assert found.attachments[1].name == "notes.txt"
    assert len({file.name for file in found.attachments}) == 5


@pytest.mark.parametrize("raw", [b"", b"hello", b"Subject: no sender\n\nx", b"From: missing\n\nx", b"\x00\xff" * 100])
def test_what_has_no_sender_is_no_mail(raw: bytes) -> None:
    with pytest.raises(Unreadable, match="no sender"):
        parse(raw)


def nested(depth: int, inner: bytes, kind: bytes = b"multipart/mixed; boundary=b%d\n\n--b%d\n") -> bytes:
    out = HEAD
    for level in range(depth):
        out += b"Content-Type: " + (kind % (level, level) if b"%" in kind else kind)
    return out + b"\n" + inner


BOMBS = [
    (nested(25, b"x"), "deep"),
    (nested(3000, b"x"), "deep"),
    (HEAD + b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--x\n\nhi\n" * 300, "parts"),
    (HEAD + b"\n" + b"x" * 40_000_001, "MB"),
]


@pytest.mark.parametrize(("raw", "says"), BOMBS, ids=[f"{says}-{number}" for number, (_, says) in enumerate(BOMBS)])
def test_a_bomb_is_refused_with_a_reason(raw: bytes, says: str) -> None:
    with pytest.raises(Unreadable, match=says):
        parse(raw)


def parts(header: bytes) -> bytes:
    return HEAD + b"Content-Type: multipart/mixed; boundary=x\n\n" + (b"--x\n" + header + b"\n\nhi\n") * 199 + b"--x--"


SLOW = [
    HEAD + b"To: " + b",,,a" * 10_000 + b"\n\nx",
    HEAD + b"To: " + b'"a' * 5_000 + b"\n\nx",
    HEAD + b"Subject: " + b"=?utf-8?q?a?= " * 20_000 + b"\n\nx",
    HEAD + b"References: " + b"<a@b> " * 100_000 + b"\n\nx",
    HEAD + b"X: y\n" * 100_000 + b"\nx",
    HEAD + b"Content-Type: text/html\n\n" + b"<script" * 200_000,
    HEAD + b"Content-Type: text/html\n\n" + b"<!--" * 250_000,
    HEAD + b"Content-Type: text/html\n\n" + b"<" * 1_000_000,
    HEAD + b"\n" * 10_000_000,
    HEAD + b"\r" * 10_000_000,
    nested(18, b"\n" * 900_000),
    nested(300, b"x", b"message/rfc822\n\n"),
    parts(b"Content-Type: text/plain; a=" + b'"b' * 1000),
    parts(b"Content-Type: text/plain; " + b"a=b;" * 480),
    parts(b"Content-Disposition: attachment; filename=" + b"=?utf-8?q?a?= " * 200),
]


@pytest.mark.parametrize("raw", SLOW, ids=range(len(SLOW)))
def test_no_message_takes_long(raw: bytes) -> None:
    """Each takes 0.1 to 2 s of the processor here; without the bounds minutes."""
    began = time.process_time()
    assert parse(raw).sender == Address("ada@x.example", "Ada")
    assert time.process_time() - began < 30


SAMPLE = (
    b'From: =?utf-8?q?J=C3=B6rg?= <j@x.example>\r\nTo: a@b.example, "C" <c@d.example>\r\nSubject: =?utf-8?b?SMOp?=\r\n'
    b"Message-ID: <1@x>\r\nReferences: <0@x>\r\nDate: Mon, 23 Nov 2026 10:00:00 +0100\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHi\r\n'
    b'--b\r\nContent-Type: application/pdf; name="x.pdf"\r\nContent-Transfer-Encoding: base64\r\n'
    b"Content-Disposition: attachment; filename*0*=utf-8''x%20; filename*1=y.pdf\r\n\r\nJVBERg==\r\n--b--\r\n"
)
_edits = st.lists(st.tuples(st.integers(0, len(SAMPLE)), st.integers(0, 40), st.binary(max_size=30)), max_size=8)


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(_edits)
def test_whatever_happens_to_a_message_it_is_read_or_refused(edits: list[tuple[int, int, bytes]]) -> None:
    raw = SAMPLE
    for at, cut, put in edits:
        raw = raw[:at] + put + raw[at + cut :]
    try:
        found = parse(raw)
    except Unreadable:
        return
    for text in (
        found.text,
        found.subject,
        found.html or "",
        *(person.name for person in found.people),
        *found.references,
    ):
        assert text.encode().decode() == text
        assert "\0" not in text


def test_a_message_without_sender_is_read_where_that_is_allowed() -> None:
    assert parse(b"From: MAILER-DAEMON\nSubject: Returned\n\nx", sender_required=False).sender is None


def test_headers_alone_are_read_like_those_of_a_message() -> None:
    headers = HEAD + b"Subject: =?utf-8?q?H=C3=A9?=\nIn-Reply-To: <1@x>\nReferences: <0@x> <1@x>\nTo: b@x.example\n"
    found = parse_headers(headers)
    whole = parse(headers + b"\nHello")
    assert (found.subject, found.in_reply_to, found.references) == ("Hé", "1@x", ["0@x", "1@x"])
    assert (found.sender, found.to, found.text, found.digest) == (whole.sender, whole.to, "", "")
    assert parse_headers(b"").sender is None


AUTOMATIC = [
    b"Auto-Submitted: auto-replied",
    b"Precedence: bulk",
    b"Precedence: list",
    b"List-Id: News <news.firm.example>",
    b"Return-Path: <>",
]


@pytest.mark.parametrize("header", AUTOMATIC)
def test_mail_of_programs_is_automatic(header: bytes) -> None:
    assert read(header + b"\n").automatic
    assert not read(b"Auto-Submitted: no\nPrecedence: first-class\nReturn-Path: <ada@x.example>\n").automatic


def test_the_id_of_a_mailing_list_is_read() -> None:
    assert read(b'List-Id: "News" <News.Firm.example>\n').list_id == "news.firm.example"
    assert read().list_id is None


REPORT = (
    b"Content-Type: multipart/report; report-type=delivery-status; boundary=x\n\n--x\n\nNot delivered\n--x\n"
    b"Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.firm.example\n\n"
    b"Final-Recipient: rfc822; B@x.example\nAction: failed\nStatus: 5.1.1\n"
    b"Diagnostic-Code: smtp; 550 5.1.1 no such user\n--x\n"
    b"Content-Type: message/rfc822\n\nMessage-ID: <7@firm.example>\nSubject: Offer\n\nx\n--x--\n"
)


def test_a_delivery_report_names_the_recipient_and_the_message() -> None:
    head, _, body = REPORT.partition(b"\n\n")
    found = read(head + b"\n", body)
    assert found.automatic
    assert found.delivery_status
    assert found.delivery_status.message_id == "7@firm.example"
    assert found.delivery_status.reports == [DeliveryReport("b@x.example", "failed", "5.1.1", "550 5.1.1 no such user")]


def test_copies_of_a_message_have_the_same_digest() -> None:
    headers = b"Subject: Offer\nContent-Type: text/plain; charset=utf-8\n"
    sent = read(headers, "Grüße\n".encode())
    assert (
        sent.digest == read(headers + b"Content-Transfer-Encoding: quoted-printable\n", b"Gr=C3=BC=C3=9Fe\r\n").digest
    )
    assert sent.digest == read(b"X-Mailbox: 2\n" + headers, "Grüße\n".encode()).digest
    assert sent.digest != read(headers, b"Other\n").digest


def test_pictures_in_the_text_are_inline_and_files_are_not() -> None:
    body = (
        b'--x\nContent-Type: text/html\n\n<img src="cid:1@x">\n--x\nContent-Type: image/png\nContent-ID: <1@x>\n\na\n'
        b"--x\nContent-Type: application/pdf; name=b.pdf\nContent-Disposition: inline\n\nb\n--x--\n"
    )
    picture, document = read(b"Content-Type: multipart/mixed; boundary=x\n", body).attachments
    assert (picture.inline, picture.content_id, picture.content_type) == (True, "1@x", "image/png")
    assert (document.inline, document.content_id, document.content_type) == (False, None, "application/pdf")


def test_a_mail_of_24_mb_takes_little_time_and_memory() -> None:
    file = base64.encodebytes(b"\0\x01\x02" * 6_000_000)
    body = b"--x\n\nHi\n--x\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment\n\n" + file + b"--x--\n"
    raw = HEAD + b"Content-Type: multipart/mixed; boundary=x\n\n" + body
    tracemalloc.start()
    began = time.process_time()
    found = parse(raw)
    spent, peak = time.process_time() - began, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found.attachments[0].content) == 18_000_000
    assert peak < 30_000_000
    assert spent < 5
