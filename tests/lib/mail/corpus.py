# ruff: noqa: E501 - a case stands in a line.
"""Messages as programs and people send them, each with what a mail program shows of it.

Each case is the bytes of a message and the members that are expected of it. The first group writes a text in every
character set and transfer encoding; the others hold a message each.
"""

from __future__ import annotations

import base64
import binascii
import textwrap
from collections.abc import Iterator
from typing import Any, NamedTuple

BASE = "From: Ada <ada@x.example>\nTo: bo@x.example\nDate: Tue, 4 Mar 2025 10:00:00 +0100\nMessage-ID: <1@x.example>\n"
WHEN = 1741078800000
"""The date of `BASE`."""


class Case(NamedTuple):
    name: str
    raw: bytes
    expected: dict[str, Any]
    """`from` and `to` as pairs of name and address, `files` as pairs of name and content; other members by their name."""


def cases() -> list[Case]:
    return [
        *charsets(),
        *of_table("address", ADDRESSES),
        *of_table("date", DATES),
        *of_table("header", HEADERS),
        *of_table("file", FILES),
        *of_table("body", BODIES),
        *of_table("html", PAGES),
        *of_table("structure", STRUCTURES),
        *of_table("program", PROGRAMS),
    ]


# --- Character sets: label, codec in which the text is written, text -----------------------------------------------

CHARSETS = [
    ("utf-8", "utf-8", "Grüße aus Köln – 日本語 😀"),
    ("UTF8", "utf-8", "Ünïcödé"),
    ("us-ascii", "utf-8", "Größe in UTF-8"),
    ("us-ascii", "cp1252", "Größe – “so”"),
    ("iso-8859-1", "cp1252", "“Preis” 5 € – schön"),
    ("iso-8859-1", "utf-8", "eigentlich ütf-8"),
    ("latin1", "iso-8859-1", "déjà vu"),
    ("windows-1252", "cp1252", "Œuvre… ™"),
    ("unknown-8bit", "utf-8", "Ærøskøbing"),
    ("x-unknown", "cp1252", "Ærøskøbing"),
    ("no-such-charset", "utf-8", "Smørrebrød"),
    ("iso-8859-2", "iso-8859-2", "Zażółć gęślą jaźń"),
    ("windows-1250", "cp1250", "Příliš žluťoučký kůň „úpěl“"),
    ("iso-8859-3", "iso-8859-3", "Ĉu vi parolas Esperanton? ĝ"),
    ("iso-8859-4", "iso-8859-4", "Ģirts Ķēniņš"),
    ("iso-8859-5", "iso-8859-5", "Привет, мир"),
    ("windows-1251", "cp1251", "Съешь ещё этих мягких булок"),
    ("win-1251", "cp1251", "Договор № 5"),
    ("koi8-r", "koi8-r", "Здравствуйте"),
    ("koi8-u", "koi8-u", "Привіт, Україно"),
    ("x-mac-cyrillic", "mac-cyrillic", "Привет"),
    ("iso-8859-6", "iso-8859-6", "مرحبا بالعالم"),
    ("windows-1256", "cp1256", "السلام عليكم"),
    ("iso-8859-7", "iso-8859-7", "Καλημέρα κόσμε"),
    ("windows-1253", "cp1253", "Ελλάδα €"),
    ("iso-8859-8", "iso-8859-8", "שלום עולם"),
    ("iso-8859-8-i", "iso-8859-8", "ירושלים"),
    ("windows-1255", "cp1255", "שָׁלוֹם"),
    ("iso-8859-9", "cp1254", "Güneş İstanbul ığ"),
    ("windows-1254", "cp1254", "Çağrı “şöyle”"),
    ("iso-8859-10", "iso-8859-10", "Ĩŋđ Þórr"),
    ("iso-8859-13", "iso-8859-13", "Ąžuolų šlamėjimas"),
    ("windows-1257", "cp1257", "Žvaigždė “taip”"),
    ("iso-8859-14", "iso-8859-14", "Ŵŷ Ḃáṫ"),
    ("iso-8859-15", "iso-8859-15", "10 € œuvre"),
    ("iso-8859-16", "iso-8859-16", "Ștefan țară"),
    ("windows-1258", "cp1258", "Đồng".replace("ồ", "ô\u0300")),
    ("tis-620", "cp874", "สวัสดีชาวโลก"),
    ("windows-874", "cp874", "ราคา €"),
    ("macintosh", "mac-roman", "Café † “ok”"),
    ("ibm850", "cp850", "Ærø ½"),
    ("cp-850", "cp850", "naïve"),
    ("cp437", "cp437", "façade ½ π"),
    ("gb2312", "gb2312", "你好世界"),
    ("gb2312", "gbk", "朱镕基 與 資料"),
    ("gb_2312-80", "gbk", "简体中文"),
    ("gbk", "gbk", "價格 €".replace("€", "元")),
    ("gb18030", "gb18030", "𠮷野家 😀"),
    ("x-gbk", "gbk", "合同已签"),
    ("hz-gb-2312", "hz", "己所不欲"),
    ("big5", "big5", "繁體中文測試"),
    ("big5", "big5hkscs", "香港嘅喺"),
    ("shift_jis", "shift_jis", "こんにちは世界"),
    ("shift_jis", "cp932", "①株式会社髙島屋㈱"),
    ("x-sjis", "cp932", "半角ｶﾀｶﾅ"),
    ("windows-31j", "cp932", "Ⅳ号"),
    ("euc-jp", "euc_jp", "日本語のメール"),
    ("iso-2022-jp", "iso2022_jp", "件名のテスト"),
    ("iso-2022-jp-ms", "iso2022_jp", "件名"),
    ("iso-2022-kr", "iso2022_kr", "안녕"),
    ("euc-kr", "euc_kr", "안녕하세요 세계"),
    ("ks_c_5601-1987", "cp949", "똠방각하 펲시콜라"),
    ("ks_c_5601", "cp949", "견적서 믜"),
    ("utf-7", "utf-7", "Fröhlich € 日本"),
    ("unicode-1-1-utf-7", "utf-7", "zażółć"),
    ("utf-16", "utf-16", "Sechzehn Bit: ñ 日"),
    ("utf-16le", "utf-16-le", "klein é"),
    ("utf-16be", "utf-16-be", "groß é"),
    ("utf-32", "utf-32", "zweiunddreißig"),
]
_WIDE = ("utf-16", "utf-32")


def charsets() -> Iterator[Case]:
    for label, codec, text in CHARSETS:
        content = text.encode(codec)
        wide = codec.startswith(_WIDE)
        for kind in ("base64", "quoted-printable") if wide else ("base64", "quoted-printable", "8bit"):
            raw = _in_charset(label, content, kind)
            files = [(f"{text}.txt".replace("/", "-"), b"x")]
            expected = {"subject": text, "from": [(text, "ada@x.example")], "text": text, "files": files, "date": WHEN}
            yield Case(f"charset-{label}-{codec}-{kind}", raw, expected)


def _in_charset(label: str, content: bytes, kind: str) -> bytes:
    """A message with the text in its subject, in its sender's name, as its body and in the name of a file: the
    subject in `B`, the name in `Q`, and the file's name by RFC 2231."""
    b = b"=?%s?B?%s?=" % (label.encode(), binascii.b2a_base64(content, newline=False))
    q = b"=?%s?Q?%s?=" % (label.encode(), b"".join(b"=%02X" % byte for byte in content))
    ending = ".txt".encode(label) if label in ("utf-16le", "utf-16be") else b".txt"
    ending = {"utf-16": ".txt".encode("utf-16-le"), "utf-32": ".txt".encode("utf-32-le")}.get(label, ending)
    named = b"%s''%s" % (label.encode(), b"".join(b"%%%02X" % byte for byte in content + ending))
    body = {
        "base64": base64.encodebytes(content),
        "quoted-printable": b"".join(b"=%02X" % byte for byte in content),
        "8bit": content,
    }[kind]
    return b"\r\n".join(
        [
            b"From: %s <ada@x.example>" % q,
            b"Subject: %s" % b,
            b"Date: Tue, 4 Mar 2025 10:00:00 +0100",
            b"MIME-Version: 1.0",
            b'Content-Type: multipart/mixed; boundary="b1"',
            b"",
            b"--b1",
            b"Content-Type: text/plain; charset=%s" % label.encode(),
            b"Content-Transfer-Encoding: %s" % kind.encode(),
            b"",
            body,
            b"--b1",
            b"Content-Type: application/octet-stream",
            b"Content-Disposition: attachment; filename*=%s" % named,
            b"",
            b"x",
            b"--b1--",
            b"",
        ]
    )


# --- Tables: a message (bytes, or a text in UTF-8), and what is expected -------------------------------------------


def of_table(group: str, table: list[tuple[str | bytes, dict[str, Any]]]) -> Iterator[Case]:
    for number, (message, expected) in enumerate(table, 1):
        raw = message if isinstance(message, bytes) else textwrap.dedent(message).lstrip("\n").encode()
        yield Case(f"{group}-{number}", raw, expected)


def sender(value: str | bytes, *found: tuple[str, str]) -> tuple[bytes, dict[str, Any]]:
    value = value if isinstance(value, bytes) else value.encode()
    return b"From: %s\nSubject: x\n\nHi" % value, {"from": list(found)}


def to(value: str | bytes, *found: tuple[str, str]) -> tuple[bytes, dict[str, Any]]:
    value = value if isinstance(value, bytes) else value.encode()
    return BASE.encode().replace(b"To: bo@x.example", b"To: " + value) + b"\nHi", {"to": list(found)}


FOO = ("", "foo@bar.example")

ADDRESSES = [
    sender("foo@bar.example", FOO),
    sender("<foo@bar.example>", FOO),
    sender("Foo Bar <FOO@Bar.Example>", ("Foo Bar", "foo@bar.example")),
    sender('"Bar, Foo" <foo@bar.example>', ("Bar, Foo", "foo@bar.example")),
    sender('"Foo \\"the\\" Bar" <foo@bar.example>', ('Foo "the" Bar', "foo@bar.example")),
    sender("foo@bar.example (Foo Bar)", ("Foo Bar", "foo@bar.example")),
    sender("<foo@bar.example> (Foo Bar)", ("Foo Bar", "foo@bar.example")),
    sender("Foo@Work <foo@bar.example>", ("Foo@Work", "foo@bar.example")),
    sender("'foo@bar.example' <foo@bar.example>", ("foo@bar.example", "foo@bar.example")),
    sender("\"'Foo Bar'\" <foo@bar.example>", ("Foo Bar", "foo@bar.example")),
    sender("Foo [Dept] <foo@bar.example>", ("Foo [Dept]", "foo@bar.example")),
    sender("Foo/Bar;X <foo@bar.example>", ("Foo/Bar;X", "foo@bar.example")),
    sender("Foo; Bar <foo@bar.example>", ("Foo; Bar", "foo@bar.example")),
    sender("Foo, Bar <foo@bar.example>", ("Foo, Bar", "foo@bar.example")),
    sender("Foo <mailto:foo@bar.example>", ("Foo", "foo@bar.example")),
    sender("mailto:foo@bar.example", FOO),
    sender("Foo Bar foo@bar.example", ("Foo Bar", "foo@bar.example")),
    sender("Foo: Bar <foo@bar.example>", ("Foo: Bar", "foo@bar.example")),
    sender("Foo <foo@bar.example", ("Foo", "foo@bar.example")),
    sender("Foo <<foo@bar.example>>", ("Foo", "foo@bar.example")),
    sender("Foo < foo@bar.example >", ("Foo", "foo@bar.example")),
    sender("Foo <foo @ bar.example>", ("Foo", "foo@bar.example")),
    sender("<@relay.example,@other.example:foo@bar.example>", FOO),
    sender("foo@bar.example.", FOO),
    sender("O'Brien <o'brien@bar.example>", ("O'Brien", "o'brien@bar.example")),
    sender("=?utf-8?q?F=C3=BC?= <foo@bar.example>", ("Fü", "foo@bar.example")),
    sender('"=?utf-8?q?F=C3=BC=2C_B?=" <foo@bar.example>', ("Fü, B", "foo@bar.example")),
    sender("=?utf-8?q?Foo_Bar_=3Cfoo=40bar=2Eexample=3E?=", ("Foo Bar", "foo@bar.example")),
    sender("=?utf-8?q?foo=40bar=2Eexample?=", FOO),
    sender(
        "=?iso-8859-1?Q?J=FCrgen_M?=\n =?iso-8859-1?Q?=FCller?= <foo@bar.example>",
        ("Jürgen Müller", "foo@bar.example"),
    ),
    sender("=?utf-8?q?Andr=C3?= =?utf-8?q?=A9?= <foo@bar.example>", ("André", "foo@bar.example")),
    sender("=?utf-8?Q?Doe=2C?= =?utf-8?Q?_J=C3=B6rg?= <foo@bar.example>", ("Doe, Jörg", "foo@bar.example")),
    sender(b"J\xfcrgen <foo@bar.example>", ("Jürgen", "foo@bar.example")),
    sender("Jürgen <foo@bar.example>", ("Jürgen", "foo@bar.example")),
    sender("用户 <用户@例子.example>", ("用户", "用户@例子.example")),
    sender("foo@[192.0.2.1]", ("", "foo@[192.0.2.1]")),
    sender("MAILER-DAEMON"),
    sender("MAILER-DAEMON (Mail Delivery System)"),
    sender("(nothing here)"),
    sender('"foo bar"@bar.example'),
    sender('"foo.bar"@bar.example', ("", "foo.bar@bar.example")),
    sender("Foo Bar <foo@bar.example> <real@bar.example>", ("Foo Bar <foo@bar.example>", "real@bar.example")),
    to("a@x.example, b@y.example", ("", "a@x.example"), ("", "b@y.example")),
    to("a@x.example; b@y.example", ("", "a@x.example"), ("", "b@y.example")),
    to("a@x.example;b@y.example;", ("", "a@x.example"), ("", "b@y.example")),
    to("a@x.example,, ,b@y.example,", ("", "a@x.example"), ("", "b@y.example")),
    to(
        "Doe, John <john@x.example>, Roe, Jane <jane@x.example>",
        ("Doe, John", "john@x.example"),
        ("Roe, Jane", "jane@x.example"),
    ),
    to(
        "Team: a@x.example, Bo <b@y.example>;, c@z.example",
        ("", "a@x.example"),
        ("Bo", "b@y.example"),
        ("", "c@z.example"),
    ),
    to("undisclosed-recipients:;"),
    to("Undisclosed recipients: ;"),
    to("a@x.example, A@X.example", ("", "a@x.example")),
    to("a@x.example\nTo: b@y.example", ("", "a@x.example"), ("", "b@y.example")),
    to("Foo (x <a@x.example>, b@y.example", ("Foo (x", "a@x.example"), ("", "b@y.example")),
    to('"Foo <a@x.example>, b@y.example', ("Foo", "a@x.example"), ("", "b@y.example")),
    to("a@x.example b@y.example", ("", "a@x.example"), ("", "b@y.example")),
    to("Foo [Dept] <a@x.example>, Bo <b@y.example>", ("Foo [Dept]", "a@x.example"), ("Bo", "b@y.example")),
    to("a@x.example,\n\tb@y.example,\n  c@z.example", ("", "a@x.example"), ("", "b@y.example"), ("", "c@z.example")),
    to("not an address, <a@x.example>", ("not an address", "a@x.example")),
    to(
        "=?utf-8?b?w4TDlsOc?= <a@x.example>, =?utf-8?b?w58=?= <b@y.example>",
        ("ÄÖÜ", "a@x.example"),
        ("ß", "b@y.example"),
    ),
    to(
        b"=?gb2312?B?1uzptrv5?= <a@x.example>".replace(b"1uzptrv5", base64.b64encode("朱镕基".encode("gbk"))),
        ("朱镕基", "a@x.example"),
    ),
]


def dated(value: str, moment: int | None) -> tuple[bytes, dict[str, Any]]:
    return b"From: a@x.example\nDate: %s\n\nHi" % value.encode(), {"date": moment}


DATES = [
    dated("Tue, 4 Mar 2025 10:00:00 +0100", WHEN),
    dated("4 Mar 2025 10:00:00 +0100", WHEN),
    dated("Tue, 04 Mar 2025 10:00 +0100", WHEN),
    dated("Tue,4 Mar 2025 10:00:00 +0100 (CET)", WHEN),
    dated("Tue, 4 Mar 2025 09:00:00 GMT", WHEN),
    dated("Tue, 4 Mar 2025 09:00:00 UT", WHEN),
    dated("Tue, 4 Mar 2025 09:00:00", WHEN),
    dated("Tue, 4 Mar 2025 09:00:00 -0000", WHEN),
    dated("Tue, 4 Mar 2025 04:00:00 EST", WHEN),
    dated("Tue, 4 Mar 2025 01:00:00 PST", WHEN),
    dated("Tue, 4 Mar 2025 10:00:00 CET", WHEN),
    dated("Tue, 4 Mar 2025 10:00:00 GMT+01:00", WHEN),
    dated("Tue, 4 Mar 2025 10:00:00 GMT+0100 (Central European Standard Time)", WHEN),
    dated("Tue, 4 Mar 2025 10:00:00 +01:00", WHEN),
    dated("Tue, 4 Mar 2025 10:00:00 +100", WHEN),
    dated("Tue, 4 Mar 2025 10.00.00 +0100", WHEN),
    dated("Tue, 4 Mar 25 10:00:00 +0100", WHEN),
    dated("Tue, 4-Mar-2025 10:00:00 +0100", WHEN),
    dated("Tue, 4 March 2025 10:00:00 +0100", WHEN),
    dated("Tue, 4 Mar 2025 10:00:00 AM +0100", WHEN),
    dated("Tue, 4 Mar 2025 10:00:00 PM +0100", WHEN + 43_200_000),
    dated("Tue Mar  4 09:00:00 2025", WHEN),
    dated("Tue Mar  4 09:00:00 UTC 2025", WHEN),
    dated("Tue, Mar 4, 2025 09:00:00", WHEN),
    dated("2025-03-04 09:00:00", WHEN),
    dated("2025-03-04T10:00:00+01:00", WHEN),
    dated("2025-03-04T09:00:00.123Z", WHEN),
    dated("Di, 4 Mär 2025 10:00:00 +0100", WHEN),
    dated("mar., 4 mars 2025 10:00:00 +0100", WHEN),
    dated("Tue, 31 Dec 2024 23:59:60 +0000", 1735689600000),
    dated("Mon, 1 Jan 1968 00:00:00 +0000", -63158400000),
    dated("Tue, 4 Mar 99 10:00:00 +0000", 920541600000),
    dated("Tue, 4 Mar 125 10:00:00 +0100", WHEN),
    dated("yesterday", None),
    dated("Tue, 99 Mar 2025 10:00:00 +0100", None),
    dated("Tue, 4 Foo 2025 10:00:00 +0100", None),
    dated("", None),
]


def header(lines: str | bytes, **expected: Any) -> tuple[bytes, dict[str, Any]]:
    lines = lines if isinstance(lines, bytes) else lines.encode()
    return b"From: a@x.example\n" + lines + b"\n\nHi", {"text": "Hi", **expected}


HEADERS = [
    header("Subject: x\nDate: Tue, 4 Mar 2025 10:00:b <bo@x.example>\nDate: Tue, 4 Mar 2025 10:00:00 +0100", date=WHEN),
    header("Subject: x\nDate: yesterday\nDate: Tue, 4 Mar 2025 10:00:00 +0100", date=WHEN),
    header("Subject: Hello", subject="Hello"),
    header("SUBJECT:Hello", subject="Hello"),
    header("Subject : Hello", subject="Hello"),
    header("Subject:\n Hello\n  there", subject="Hello there"),
    header("Subject: a\r\n\tb", subject="a b"),
    header(b"Subject: caf\xe9", subject="café"),
    header("Subject: café", subject="café"),
    header(b"Subject: \xcf\xf0\xe8\xe2\xe5\xf2\nContent-Type: text/plain; charset=windows-1251", subject="Привет"),
    header("Subject: =?utf-8?b?SMOp?= =?utf-8?q?llo?=", subject="Héllo"),
    header("Subject: =?utf-8?b?SMOp?=\n =?utf-8?q?llo?=", subject="Héllo"),
    header("Subject: =?utf-8?b?SMOp?= llo", subject="Hé llo"),
    header("Subject: Re:=?utf-8?q?_H=C3=A9?=llo", subject="Re: Héllo"),
    header("Subject: =?utf-8?Q?what??=", subject="what?"),
    header("Subject: =?utf-8?Q?two words?=", subject="two words"),
    header("Subject: =?utf-8?B?SGVsbG8?=", subject="Hello"),
    header("Subject: =?utf-8?B?SGVsbG8gd29y bGQ=?=", subject="Hello world"),
    header("Subject: =?utf-8?B?SGVsb?= =?utf-8?B?G8=?=", subject="Hello"),
    header("Subject: =?utf-8?B?5pel?= =?utf-8?B?5pys?=", subject="日本"),
    header("Subject: =?utf-8?B?5pc=?= =?utf-8?B?pQ==?=", subject="日"),
    header("Subject: =?iso-2022-jp?B?GyRCN29MPhsoQg==?= =?iso-2022-jp?B?GyRCN29MPhsoQg==?=", subject="件名件名"),
    header("Subject: =?utf-8*de?Q?Gr=C3=BC=C3=9Fe?=", subject="Grüße"),
    header("Subject: =??Q?Gr=C3=BC=C3=9Fe?=", subject="Grüße"),
    header("Subject: =?iso-8859-1?Q?=93x=94?=", subject="“x”"),
    header("Subject: =?broken", subject="=?broken"),
    header("Subject: =?utf-8?x?abc?=", subject="=?utf-8?x?abc?="),
    header("Subject: 1 =? 2", subject="1 =? 2"),
    header("Subject: =?utf-8?Q?a=ZZ?=", subject="a=ZZ"),
    header("Subject:", subject=""),
    header("Subject:\nSubject: second", subject="second"),
    header("Subject: first\nSubject: second", subject="first"),
    header("X-A: 1\nbroken line\nSubject: x", subject="x"),
    header("Message-ID: <a@b>", id="a@b"),
    header("Message-ID: <[m15]@x.[y]>", id="[m15]@x.[y]"),
    header("Message-ID: a@b", id="a@b"),
    header("Message-ID: <a\n b@c>", id="ab@c"),
    header("Message-ID: <<a@b>>", id="a@b"),
    header("Message-ID: (c) <a@b> (d)", id="a@b"),
    header("Message-ID: <no-at-sign>", id="no-at-sign"),
    header("Message-ID: nothing here", id=None),
    header("References: <a@b>junk<c@d>\n <e@f>", references=["a@b", "c@d", "e@f"]),
    header("References: a@b c@d", references=["a@b", "c@d"]),
    header("References: <a@b>,<c@d>", references=["a@b", "c@d"]),
    header("References: =?us-ascii?Q?=3Ca=40b=3E_=3Cc=40d=3E?=", references=["a@b", "c@d"]),
    header("References: <a@b>\nIn-Reply-To: <c@d>", references=["a@b", "c@d"]),
    header("In-Reply-To: Your message of Tue <a@b>", references=["a@b"]),
    header("In-Reply-To: <a@b> (Ada's message)", references=["a@b"]),
    (b"From: a@x.example\rSubject: old Mac\r\rHi", {"subject": "old Mac", "text": "Hi"}),
    (b"From: a@x.example\r\r\nSubject: x\r\r\n\r\r\nHi\r\r\n", {"subject": "x", "text": "Hi\n"}),
    (b"From ada Tue Mar  4 10:00:00 2025\nFrom: a@x.example\nSubject: x\n\nHi", {"subject": "x", "text": "Hi"}),
    (b"\xef\xbb\xbfFrom: a@x.example\nSubject: x\n\nHi", {"subject": "x", "text": "Hi"}),
    (b"\r\n\r\nFrom: a@x.example\nSubject: x\n\nHi", {"subject": "x", "text": "Hi"}),
    (
        b"From: a@x.example\nSubject: x\nHello Bo,\nhow are you\n\nbye",
        {"subject": "x", "text": "Hello Bo,\nhow are you\n\nbye"},
    ),
    (b"Sender: a@x.example\nSubject: x\n\nHi", {"from": [("", "a@x.example")]}),
    (b"From: Bo\nSender: a@x.example\n\nHi", {"from": [("", "a@x.example")]}),
]


def file(headers: str | bytes, name: str, content: bytes = b"data") -> tuple[bytes, dict[str, Any]]:
    headers = headers if isinstance(headers, bytes) else headers.encode()
    body = b"--b\n\nHi\n--b\n" + headers + b"\n\n" + content + b"\n--b--\n"
    raw = BASE.encode() + b"Content-Type: multipart/mixed; boundary=b\n\n" + body
    return raw, {"text": "Hi", "files": [(name, content)]}


AT = "Content-Disposition: attachment; "

FILES = [
    file(AT + "filename=a.pdf", "a.pdf"),
    file(AT + 'filename="a.pdf"', "a.pdf"),
    file(AT + "filename = a.pdf", "a.pdf"),
    file(AT + "FileName=A.PDF;", "A.PDF"),
    file("Content-Disposition: ATTACHMENT;filename=a.pdf", "a.pdf"),
    file(AT + "filename=My big file.pdf", "My big file.pdf"),
    file(AT + "filename=My big file.pdf; size=4", "My big file.pdf"),
    file(AT + "filename=a=b.pdf", "a=b.pdf"),
    file(AT + "filename=O'Brien.pdf", "O'Brien.pdf"),
    file(AT + 'filename="the "big" one.pdf"', 'the "big" one.pdf'),
    file(AT + 'filename="the \\"big\\" one.pdf"', 'the "big" one.pdf'),
    file(AT + 'filename="a;b;c;d;e;f;g;h;i;j;k;l.pdf"', "a;b;c;d;e;f;g;h;i;j;k;l.pdf"),
    file(AT + 'filename="never closed.pdf', "never closed.pdf"),
    file(AT + 'filename="C:\\Users\\x\\a.pdf"', "a.pdf"),
    file(AT + 'filename="/etc/passwd"', "passwd"),
    file(AT + 'filename="../../a.pdf"', "a.pdf"),
    file(AT + "filename==?utf-8?B?w6QucGRm?=", "ä.pdf"),
    file(AT + 'filename="=?utf-8?Q?=C3=A4?= =?utf-8?Q?=2Epdf?="', "ä.pdf"),
    file(AT + 'filename="=?utf-8?Q?=C3?=\n =?utf-8?Q?=A4.pdf?="', "ä.pdf"),
    file(AT.encode() + b"filename=caf\xe9.pdf", "café.pdf"),
    file(AT + "filename=café.pdf", "café.pdf"),
    file(AT + "filename*=utf-8''%C3%A4%20b.pdf", "ä b.pdf"),
    file(AT + "filename*=UTF-8'de'%C3%A4.pdf", "ä.pdf"),
    file(AT + "filename*=iso-8859-1''%E4.pdf", "ä.pdf"),
    file(AT + "filename*=%C3%A4.pdf", "ä.pdf"),
    file(AT + "filename*=\"utf-8''%C3%A4.pdf\"", "ä.pdf"),
    file(AT + "filename*=no-such'x'%E9.pdf", "é.pdf"),
    file(AT + "filename=a.pdf; filename*=utf-8''%C3%A4.pdf", "ä.pdf"),
    file(AT + 'filename*0="long-"; filename*1="name.pdf"', "long-name.pdf"),
    file(AT + 'filename*1="name.pdf"; filename*0="long-"', "long-name.pdf"),
    file(AT + "filename*0*=utf-8''%C3%A4-; filename*1*=%C3%B6; filename*2=.pdf", "ä-ö.pdf"),
    file(AT + "filename*0*=utf-8''%C3; filename*1*=%A4.pdf", "ä.pdf"),
    file(
        AT + "; ".join(f'filename*{number}="{number:02}-"' for number in range(14)) + "; filename*14=.pdf",
        "".join(f"{number:02}-" for number in range(14)) + ".pdf",
    ),
    file(AT + 'filename*0="=?utf-8?B?w6Qu"; filename*1="cGRm?="', "ä.pdf"),
    file("Content-Type: application/pdf; name=a.pdf", "a.pdf"),
    file('Content-Type: application/pdf; name="=?utf-8?q?=C3=A4=2Epdf?="', "ä.pdf"),
    file("Content-Type: application/pdf; name*=utf-8''%C3%A4.pdf", "ä.pdf"),
    file("Content-Type: application/pdf; name=wrong.pdf\n" + AT + "filename=right.pdf", "right.pdf"),
    file("Content-Type: application/pdf name=a.pdf", "a.pdf"),
    file("Content-Disposition: attachment filename=a.pdf", "a.pdf"),
    file("Content-Type: application/pdf; x=y name=a.pdf", "a.pdf"),
    file("Content-Type: application/pdf", "attachment-1.pdf"),
    file("Content-Type: image/png\nContent-Disposition: inline", "attachment-1.png"),
    file("Content-Type: text/calendar; method=REQUEST", "invite.ics", b"BEGIN:VCALENDAR"),
    file("Content-Type: text/plain; name=notes.txt", "notes.txt"),
    file("Content-Type: text/html\n" + AT + "filename=page.html", "page.html", b"<p>x</p>"),
    file("Content-Disposition: attachment", "attachment-1.txt"),
    file("Content-Type: message/rfc822", "Offer.eml", b"From: b@x.example\nSubject: Offer\n\nHello"),
    file("Content-Type: message/rfc822", "A-B.eml", b"From: b@x.example\nSubject: A/B\n\nHello"),
    file("Content-Type: message/rfc822; name=kept.eml", "kept.eml", b"Subject: Offer\n\nHello"),
    file("Content-Type: message/delivery-status", "attachment-1.txt", b"Final-Recipient: rfc822; a@b\nAction: failed"),
    file("Content-Type: message/disposition-notification", "attachment-1.txt", b"Disposition: displayed"),
    file("Content-Type: message/global", "attachment-1.eml", b"\n\nHello"),
    file("Content-Type: application/pgp-signature", "attachment-1.asc", b"-----BEGIN PGP"),
    file("Content-Type: application/pkcs7-mime; name=smime.p7m", "smime.p7m", b"\x30\x82"),
    file("Content-Type: application/octet-stream; name=data.bin", "data.bin", bytes(range(14, 256))),
]


def body(headers: str | bytes, content: bytes | str, text: str) -> tuple[bytes, dict[str, Any]]:
    headers = headers if isinstance(headers, bytes) else headers.encode()
    content = content if isinstance(content, bytes) else content.encode()
    return BASE.encode() + headers + b"\n\n" + content, {"text": text}


CTE = "Content-Transfer-Encoding: "
FLOWED = "Content-Type: text/plain; format=flowed"

BODIES = [
    body("X: y", "Hi", "Hi"),
    body("X: y", "a\r\nb\rc\nd", "a\nb\nc\nd"),
    body("X: y", b"a\x00b", "ab"),
    body("X: y", "naïve", "naïve"),
    body("X: y", b"na\xefve", "naïve"),
    body("X: y", b"\xef\xbb\xbfnaive", "naive"),
    body("X: y", "ö".encode() + b" and \xf6", "ö and ö"),
    body("X: y", b"\x1b$B7oL>\x1b(B", "件名"),
    body("X: y", b"\xff\xfeh\x00i\x00", "hi"),
    body("Content-Type: text/plain; charset=utf-8", b"cut \xc3", "cut Ã"),
    body("Content-Type: text/plain; charset=utf-16", "plain ASCII", "plain ASCII"),
    body('Content-Type: text/plain; charset=3D"utf-8"', "ö", "ö"),
    body('Content-Type: text/plain; charset="utf-8', "ö", "ö"),
    body("Content-Type: text/plain charset=utf-8", "ö", "ö"),
    body("Content-Type: text", "Hi", "Hi"),
    body("Content-Type: nonsense", "Hi", "Hi"),
    body("Content-Type:", "Hi", "Hi"),
    body("Content-Type: text/plain (comment); charset=utf-8", "ö", "ö"),
    body("Content-Type: text/plain; charset=gb2312\n" + CTE + "8bit", "价格 联系".encode("gbk"), "价格 联系"),
    body("Content-Type: text/plain; charset=gb2312", "价格联系方式".encode(), "价格联系方式"),
    body("Content-Type: text/plain; charset=iso-2022-jp", b'\x1b$B-!-"\x1b(B ok', "①② ok"),
    body("Content-Type: text/plain; charset=iso-2022-jp", "株式".encode("cp932"), "株式"),
    body("Content-Type: text/plain; charset=windows-1251", b"\xcf\xf0\x98", "Пр\ufffd"),
    body(CTE + "base64", b"aGVsbG8gd29ybGQ=", "hello world"),
    body(CTE + "BASE64 ", b"aGVsbG8gd29ybGQ=", "hello world"),
    body(CTE + "base64;", b"aGVsbG8gd29ybGQ=", "hello world"),
    body(CTE + '"base64"', b"aGVsbG8gd29ybGQ=", "hello world"),
    body(CTE + "base64 (mime)", b"aGVsbG8gd29ybGQ=", "hello world"),
    body(CTE + "base64", b"aGVsbG8gd29ybGQ", "hello world"),
    body(CTE + "base64", b"aGVs\r\nbG8g\r\n\r\nd29ybGQ=\r\n", "hello world"),
    body(CTE + "base64", b"aGVsbG8=\nIHdvcmxk\n", "hello world"),
    body(CTE + "base64", b"aGVsbG8gd29ybGQ=\n\n_______\nlist mailing list\n", "hello world"),
    body(CTE + "base64", b"This is not base64 at all", "This is not base64 at all"),
    body(CTE + "quoted-printable", b"caf=C3=A9 =ZZ =", "café =ZZ "),
    body(CTE + "quoted-printable;", b"caf=C3=A9", "café"),
    body(CTE + "Quoted-Printable", b"a=\r\nb=  \r\nc=3D=\nd", "abc=d"),
    body(CTE + "quoted-printable", b"caf=c3=a9", "café"),
    body(CTE + "quoted-printable", b"a =\n b_c", "a  b_c"),
    body(CTE + "nonsense", b"plain", "plain"),
    body(CTE + "7bit", "trotzdem ö", "trotzdem ö"),
    body(CTE + "x-uuencode", b"begin 644 t\n#86)C\n`\nend\n", "abc"),
    body(FLOWED, "one \ntwo\nthree", "one two\nthree"),
    body(FLOWED, "> one \n> two\n>> deep\nmine", "> one two\n>> deep\nmine"),
    body(FLOWED, " >not quoted\n From here", ">not quoted\nFrom here"),
    body(FLOWED, "Hi \n-- \nAda", "Hi \n-- \nAda"),
    body(FLOWED + "; delsp=yes", "日本 \n語", "日本語"),
    body("Content-Type: text/plain; format=fixed", "one \ntwo", "one \ntwo"),
    (
        BASE + "\nSee below\n\nbegin 644 a.txt\n#86)C\n`\nend\nBye\n",
        {"text": "See below\n\nBye\n", "files": [("a.txt", b"abc")]},
    ),
    (
        BASE + "\nbegin 644 a.txt\n#86)C\nend\nbegin 600 b c.txt\n#86)C\nend\n",
        {"text": "", "files": [("a.txt", b"abc"), ("b c.txt", b"abc")]},
    ),
    (
        BASE.encode() + b"\nFile:\n=ybegin line=128 size=3 name=a.bin\n\x8b\x8c\x8d\n=yend size=3\n",
        {"text": "File:\n", "files": [("a.bin", b"abc")]},
    ),
    body("X: y", "begin 644 the work\nand end it\n", "begin 644 the work\nand end it\n"),
]


def page(
    content: str, text: str, headers: str = "Content-Type: text/html; charset=utf-8"
) -> tuple[bytes, dict[str, Any]]:
    return BASE.encode() + headers.encode() + b"\n\n" + content.encode(), {"text": text, "html": content}


PAGES = [
    page("<p>Hello</p>", "Hello"),
    page("<p>1 < 2 and 3 > 2</p>", "1 < 2 and 3 > 2"),
    page("<table><tr><td>Name</td><td>Ann</td></tr><tr><td>Age</td><td>5</td></tr></table>", "Name Ann\nAge 5"),
    page("<li>1<li>2", "1\n2"),
    page("<ul><li>1</li><li>2</li></ul>after", "1\n2\nafter"),
    page("a<hr>b", "a\nb"),
    page("a<br>b<br/>c", "a\nb\nc"),
    page("a<br><br>b", "a\n\nb"),
    page("<div>a</div><div>b</div>", "a\nb"),
    page("<div><div><div>a</div></div></div>b", "a\nb"),
    page("un<b>bo</b>ld", "unbold"),
    page("a <i> b</i> c", "a b c"),
    page("a\n  b\n\tc", "a b c"),
    page("<h1>Title</h1>text", "Title\ntext"),
    page("&lt;b&gt; &amp; &eacute; &#8364; &nbsp;x", "<b> & é € x"),
    page("<style>p{}</style><script>x()</script>text<!-- no -->", "text"),
    page("<html><head><title>t</title></head><body>text</body></html>", "text"),
    page("<pre>a  b\n  c</pre>d", "a  b\n  c\nd"),
    page('<a href="https://x.example">link</a>', "link"),
    page('<img alt="picture" src="cid:1">text', "text"),
    page('<div style="display:none">hidden</div>shown', "shown"),
    page("<a title='1 > 0'>x</a>", "x"),
    page("<!-- never closed", ""),
    page("<blockquote>quoted</blockquote>mine", "quoted\nmine"),
    page("日本<span>語</span>", "日本語"),
    page("<p>a</p>\n\n<p>b</p>", "a\nb"),
    page("<div>" * 3000 + "deep" + "</div>" * 3000, "deep"),
    (
        BASE.encode() + b'Content-Type: text/html\n\n<meta charset="windows-1251"><p>\xcf\xf0\xe8</p>',
        {"text": "При"},
    ),
    (
        BASE.encode()
        + b"Content-Type: text/html\n\n<meta http-equiv=Content-Type content='text/html; charset=koi8-r'>\xf0\xd2\xc9",
        {"text": "При"},
    ),
    (BASE.encode() + b"Content-Type: text/html; charset=utf-16\n\n" + "<p>é</p>".encode("utf-16"), {"text": "é"}),
]


def structure(message: str, **expected: Any) -> tuple[str, dict[str, Any]]:
    return BASE + textwrap.dedent(message).lstrip("\n"), expected


def bounded(stated: str, used: str) -> tuple[str, dict[str, Any]]:
    """A message with a text and a file, whose boundary is written in an unusual way."""
    message = f"""
        Content-Type: multipart/mixed; {stated}

        --{used}
        Content-Type: text/plain

        The whole offer
        --{used}
        Content-Type: application/pdf; name=a.pdf

        data
        --{used}--
        """
    return structure(message, text="The whole offer", files=[("a.pdf", b"data")])


STRUCTURES = [
    bounded("boundary=b", "b"),
    bounded('boundary="b"', "b"),
    bounded("BOUNDARY=b", "b"),
    bounded("boundary = b", "b"),
    bounded("boundary=----=_NextPart_000_0001", "----=_NextPart_000_0001"),
    bounded("boundary=Apple-Mail=_A", "Apple-Mail=_A"),
    bounded("boundary=a(b)c", "a(b)c"),
    bounded("boundary=abc@def", "abc@def"),
    bounded("boundary=O'x", "O'x"),
    bounded("boundary=a:b/c?d", "a:b/c?d"),
    bounded('boundary="<--- x --->"', "<--- x --->"),
    bounded("boundary=<x>", "<x>"),
    bounded("boundary=a b", "a b"),
    bounded("boundary=b; type=x", "b"),
    bounded("boundary=b charset=utf-8", "b"),
    bounded("charset=utf-8; boundary=b", "b"),
    bounded("boundary*=us-ascii''b", "b"),
    bounded('boundary*0="long"; boundary*1="er"', "longer"),
    bounded('boundary="b ";', "b"),
    bounded("x=y", "wrong"),
    bounded("boundary=other", "wrong"),
    bounded("boundary=", "wrong"),
    bounded('boundary=""', "wrong"),
    structure(
        "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nfirst\n--b\n\nsecond\n", text="first\nsecond", files=[]
    ),
    structure("Content-Type: multipart/mixed; boundary=b\n\npreamble\n--b\n\nHi\n--b--\nepilogue", text="Hi"),
    structure("Content-Type: multipart/mixed; boundary=b\n\nno boundary here", text="no boundary here"),
    structure(
        "Content-Type: multipart/mixed\n\nbefore\n--x\nContent-Type: text/plain\n\nafter\n--x--\n", text="before\nafter"
    ),
    structure("Content-Type: multipart/mixed; boundary=b\n\n--b\n--b\n\nHi\n--b--", text="\nHi"),
    structure(
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nHi --b--", text="Hi --b--"
    ),
    structure("Content-Type: multipart/mixed; boundary=b\n\n--b\n\n--bc\n--b--", text="--bc"),
    structure("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nHi--b--\n", text="Hi"),
    structure("Content-Type: multipart/mixed; boundary=b\n--b\nContent-Type: text/plain\n\nHi\n--b--", text="Hi"),
    structure(
        "Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/mixed; boundary=i\n"
        "MIME-Version: 1.0\n--i\nContent-Type: text/plain\n\nHi\n--i--\n--o--",
        text="Hi",
    ),
    structure(
        "Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/mixed; boundary=i\n\n"
        "--i\nContent-Type: text/plain\n\nfirst\n--o\nContent-Type: text/plain\n\nsecond\n"
        "--i\nContent-Type: text/plain\n\nthird\n--i--\n--o--",
        text="first\nsecond\nthird",
    ),
    structure(
        "Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/mixed; boundary=i\n\n"
        "--o\nContent-Type: text/plain\n\nHi\n--i--\n--o--",
        text="\nHi",
    ),
    structure("Content-Type: multipart/mixed; boundary=b\n\n--b  \n\nHi\n--b-- \n", text="Hi"),
    structure(
        """
        Content-Type: multipart/alternative; boundary=b

        --b
        Content-Type: text/plain

        plain
        --b
        Content-Type: text/html

        <p>page</p>
        --b--
        """,
        text="plain",
        html="<p>page</p>",
        files=[],
    ),
    structure(
        """
        Content-Type: multipart/alternative; boundary=b

        --b
        Content-Type: text/html

        <p>page</p>
        --b
        Content-Type: text/plain

        plain
        --b--
        """,
        text="plain",
        html="<p>page</p>",
    ),
    structure(
        """
        Content-Type: multipart/alternative; boundary=b

        --b
        Content-Type: text/plain


        --b
        Content-Type: text/html

        <p>page</p>
        --b--
        """,
        text="page",
        html="<p>page</p>",
    ),
    structure(
        """
        Content-Type: multipart/mixed; boundary=m

        --m
        Content-Type: multipart/alternative; boundary=a

        --a
        Content-Type: text/plain

        plain
        --a
        Content-Type: multipart/related; boundary=r

        --r
        Content-Type: text/html

        <img src="cid:i@x">
        --r
        Content-Type: image/png
        Content-ID: <i@x>

        png
        --r--
        --a--
        --m
        Content-Type: application/pdf; name=a.pdf

        data
        --m--
        """,
        text="plain",
        html='<img src="cid:i@x">',
        files=[("attachment-1.png", b"png"), ("a.pdf", b"data")],
    ),
    structure(
        """
        Content-Type: multipart/mixed; boundary=m

        --m
        Content-Type: multipart/alternative; boundary=a

        --a
        Content-Type: text/plain

        plain
        --a
        Content-Type: text/html

        <p>page</p>
        --m
        Content-Type: application/pdf; name=a.pdf

        data
        --m--
        """,
        text="plain",
        html="<p>page</p>",
        files=[("a.pdf", b"data")],
    ),
    structure(
        """
        Content-Type: multipart/mixed; boundary=m

        --m
        Content-Type: text/html

        <p>page</p>
        --m
        Content-Type: text/plain

        -- list footer
        --m--
        """,
        text="page\n-- list footer",
        html='<p>page</p>\n<div style="white-space: pre-wrap">-- list footer</div>',
    ),
    structure(
        """
        Content-Type: multipart/digest; boundary=d

        --d

        From: a@x.example
        Subject: One

        first
        --d

        From: a@x.example
        Subject: Two

        second
        --d--
        """,
        text="",
        files=[
            ("One.eml", b"From: a@x.example\nSubject: One\n\nfirst"),
            ("Two.eml", b"From: a@x.example\nSubject: Two\n\nsecond"),
        ],
    ),
    structure(
        """
        Content-Type: multipart/mixed; boundary=m

        --m

        see
        --m
        Content-Type: message/rfc822
        Content-Transfer-Encoding: base64

        U3ViamVjdDogSW5uZXIKCkhlbGxv
        --m--
        """,
        text="see",
        files=[("Inner.eml", b"Subject: Inner\n\nHello")],
    ),
    structure(
        """
        Content-Type: multipart/signed; protocol="application/pgp-signature"; boundary=s

        --s
        Content-Type: text/plain

        signed
        --s
        Content-Type: application/pgp-signature; name=signature.asc

        -----BEGIN PGP SIGNATURE-----
        --s--
        """,
        text="signed",
        files=[("signature.asc", b"-----BEGIN PGP SIGNATURE-----")],
    ),
    structure(
        """
        Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=s

        --s
        Content-Type: application/pgp-encrypted

        Version: 1
        --s
        Content-Type: application/octet-stream; name=encrypted.asc

        -----BEGIN PGP MESSAGE-----
        --s--
        """,
        text="",
        files=[("attachment-1", b"Version: 1"), ("encrypted.asc", b"-----BEGIN PGP MESSAGE-----")],
    ),
    structure(
        """
        Content-Type: multipart/alternative; boundary=b

        --b
        Content-Type: text/plain

        Meet at 5
        --b
        Content-Type: text/calendar; charset=utf-8; method=REQUEST

        BEGIN:VCALENDAR
        --b--
        """,
        text="Meet at 5",
        files=[("invite.ics", b"BEGIN:VCALENDAR")],
    ),
    structure(
        """
        Content-Type: multipart/alternative; boundary=b

        --b
        Content-Type: text/plain

        news
        --b
        Content-Type: text/x-amp-html

        <html amp4email></html>
        --b
        Content-Type: text/html

        <p>news</p>
        --b--
        """,
        text="news",
        html="<p>news</p>",
        files=[],
    ),
    structure("Content-Type: application/pdf; name=a.pdf\n\ndata", text="", files=[("a.pdf", b"data")]),
    structure("Content-Type: text/plain; name=a.txt\n\nHi", text="Hi", files=[]),
    structure("Content-Disposition: attachment; filename=a.txt\n\nHi", text="", files=[("a.txt", b"Hi")]),
    structure(
        "Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64\n\n"
        + base64.encodebytes(b"--b\n\nHi\n--b--\n").decode(),
        text="Hi",
    ),
    structure(
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nJust text, no headers\n\nmore\n--b--",
        text="Just text, no headers\n\nmore",
    ),
    (
        (BASE + "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHi\n--b--\n").encode().replace(b"\n", b"\r\n"),
        {"text": "Hi"},
    ),
    (
        (BASE + "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHi\n--b--\n").encode().replace(b"\n", b"\r"),
        {"text": "Hi"},
    ),
]

PROGRAMS: list[tuple[str | bytes, dict[str, Any]]] = [
    (  # Gmail in a browser
        """
        MIME-Version: 1.0
        Date: Tue, 4 Mar 2025 10:00:00 +0100
        Message-ID: <CAF+x=AbC@mail.gmail.com>
        Subject: Re: Angebot
        From: =?UTF-8?Q?J=C3=B6rg_M=C3=BCller?= <joerg@gmail.com>
        To: Ada <ada@x.example>
        References: <1@x.example>
        In-Reply-To: <1@x.example>
        Content-Type: multipart/alternative; boundary="000000000000f5e3c1062f8a1b2c"

        --000000000000f5e3c1062f8a1b2c
        Content-Type: text/plain; charset="UTF-8"
        Content-Transfer-Encoding: quoted-printable

        Sch=C3=B6n!

        On Mon, Mar 3, 2025 at 9:00 AM Ada <ada@x.example> wrote:

        > Hallo
        >

        --000000000000f5e3c1062f8a1b2c
        Content-Type: text/html; charset="UTF-8"
        Content-Transfer-Encoding: quoted-printable

        <div dir=3D"ltr">Sch=C3=B6n!</div>
        --000000000000f5e3c1062f8a1b2c--
        """,
        {
            "subject": "Re: Angebot",
            "from": [("Jörg Müller", "joerg@gmail.com")],
            "id": "CAF+x=AbC@mail.gmail.com",
            "references": ["1@x.example"],
            "text": "Schön!\n\nOn Mon, Mar 3, 2025 at 9:00 AM Ada <ada@x.example> wrote:\n\n> Hallo\n>\n",
            "html": '<div dir="ltr">Schön!</div>',
        },
    ),
    (  # Outlook for Windows, with a picture in the text
        b"From: =?iso-8859-1?Q?M=FCller=2C_J=F6rg?= <Joerg.Mueller@Firm.example>\r\n"
        b"To: \"'ada@x.example'\" <ada@x.example>\r\nSubject: AW: Angebot\r\nThread-Index: AQHb\r\n"
        b"Date: Tue, 4 Mar 2025 09:00:00 +0000\r\nMessage-ID: <AM9PR01MB[1]@AM9PR01.eurprd01.prod.[x]>\r\n"
        b'Content-Type: multipart/related;\r\n\tboundary="_004_x_";\r\n\ttype="multipart/alternative"\r\n\r\n'
        b'--_004_x_\r\nContent-Type: multipart/alternative;\r\n\tboundary="_000_x_"\r\n\r\n'
        b'--_000_x_\r\nContent-Type: text/plain; charset="iso-8859-1"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
        b'Gr=FC=DFe =96 5 =80\r\n\r\n--_000_x_\r\nContent-Type: text/html; charset="iso-8859-1"\r\n'
        b'Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>Gr=FC=DFe</p><img src=3D"cid:image001.png@01DB">\r\n'
        b'--_000_x_--\r\n\r\n--_004_x_\r\nContent-Type: image/png; name="image001.png"\r\nContent-ID: <image001.png@01DB>\r\n'
        b'Content-Disposition: inline; filename="image001.png"; size=4\r\nContent-Transfer-Encoding: base64\r\n\r\n'
        b"iVBORw==\r\n\r\n--_004_x_--\r\n",
        {
            "from": [("Müller, Jörg", "joerg.mueller@firm.example")],
            "to": [("ada@x.example", "ada@x.example")],
            "id": "AM9PR01MB[1]@AM9PR01.eurprd01.prod.[x]",
            "text": "Grüße – 5 €\n",
            "html": '<p>Grüße</p><img src="cid:image001.png@01DB">',
            "files": [("image001.png", b"\x89PNG")],
            "date": WHEN,
        },
    ),
    (  # Apple Mail: a file between two texts
        """
        From: Ada <ada@x.example>
        Content-Type: multipart/mixed; boundary="Apple-Mail=_1"
        Mime-Version: 1.0 (Mac OS X Mail 16.0)
        Subject: Plan

        --Apple-Mail=_1
        Content-Transfer-Encoding: 7bit
        Content-Type: text/plain; charset=us-ascii

        Above

        --Apple-Mail=_1
        Content-Disposition: inline; filename*=utf-8''Pla%CC%88ne.pdf
        Content-Type: application/pdf; name="=?utf-8?Q?Pla=CC=88ne=2Epdf?="
        Content-Transfer-Encoding: base64

        JVBERg==
        --Apple-Mail=_1
        Content-Type: text/plain; charset=us-ascii

        Below
        --Apple-Mail=_1--
        """,
        {"text": "Above\n\nBelow", "files": [("Pla\u0308ne.pdf", b"%PDF")]},
    ),
    (  # Thunderbird, flowed
        """
        Message-ID: <5f1c@x.example>
        Date: Tue, 4 Mar 2025 10:00:00 +0100
        User-Agent: Mozilla Thunderbird
        From: Ada <ada@x.example>
        Subject: Long lines
        Content-Type: text/plain; charset=UTF-8; format=flowed
        Content-Transfer-Encoding: 8bit

        Eine sehr lange Zeile, die \x20
        weitergeht.

        > zitiert \x20
        > weiter
        """,
        {"text": "Eine sehr lange Zeile, die  weitergeht.\n\n> zitiert  weiter\n"},
    ),
    (  # Exchange: a file in winmail.dat is tested in test_tnef.py
        """
        From: "Doe, John" <john@x.example>
        To: "Roe, Jane" <jane@x.example>, "Team (Sales)" <team@x.example>
        Subject: =?utf-8?B?UmU6IOKCrCA1?=
        X-MS-Has-Attach: yes
        Content-Language: en-US
        Content-Type: text/plain; charset="utf-8"
        Content-Transfer-Encoding: base64

        SGVsbG8g4oCTIHdvcmxk
        """,
        {
            "from": [("Doe, John", "john@x.example")],
            "to": [("Roe, Jane", "jane@x.example"), ("Team (Sales)", "team@x.example")],
            "subject": "Re: € 5",
            "text": "Hello – world",
        },
    ),
    (  # A delivery report of Postfix
        """
        Return-Path: <>
        From: MAILER-DAEMON@mx.example (Mail Delivery System)
        To: ada@x.example
        Subject: Undelivered Mail Returned to Sender
        Auto-Submitted: auto-replied
        Content-Type: multipart/report; report-type=delivery-status;
        \tboundary="A1B2.1741078800/mx.example"

        This is a MIME-encapsulated message.

        --A1B2.1741078800/mx.example
        Content-Description: Notification
        Content-Type: text/plain; charset=us-ascii

        This is the mail system at host mx.example.

        --A1B2.1741078800/mx.example
        Content-Description: Delivery report
        Content-Type: message/delivery-status

        Reporting-MTA: dns; mx.example

        Final-Recipient: rfc822; gone@y.example
        Original-Recipient: rfc822;gone@y.example
        Action: failed
        Status: 5.1.1
        Remote-MTA: dns; mx.y.example
        Diagnostic-Code: smtp; 550 5.1.1 <gone@y.example>: Recipient address
            rejected: User unknown

        --A1B2.1741078800/mx.example
        Content-Description: Undelivered Message
        Content-Type: message/rfc822

        Message-ID: <offer-1@x.example>
        Subject: Offer

        Hello
        --A1B2.1741078800/mx.example--
        """,
        {
            "from": [("Mail Delivery System", "mailer-daemon@mx.example")],
            "text": "This is the mail system at host mx.example.\n",
            "automatic": True,
            "reports": [
                (
                    "gone@y.example",
                    "failed",
                    "5.1.1",
                    "550 5.1.1 <gone@y.example>: Recipient address rejected: User unknown",
                )
            ],
            "reported": "offer-1@x.example",
        },
    ),
    (  # A delivery report of Exim
        """
        X-Failed-Recipients: gone@y.example
        Auto-Submitted: auto-replied
        From: Mail Delivery System <Mailer-Daemon@mx.example>
        To: ada@x.example
        Content-Type: multipart/report; report-type=delivery-status; boundary=1741078800-eximdsn-1
        MIME-Version: 1.0
        Subject: Mail delivery failed: returning message to sender

        --1741078800-eximdsn-1
        Content-type: text/plain; charset=us-ascii

        This message was created automatically by mail delivery software.

        --1741078800-eximdsn-1
        Content-type: message/delivery-status

        Reporting-MTA: dns; mx.example

        Action: failed
        Final-Recipient: rfc822;gone@y.example
        Status: 5.0.0
        Remote-MTA: dns; mx.y.example
        Diagnostic-Code: smtp; 550 no such user

        --1741078800-eximdsn-1
        Content-type: text/rfc822-headers

        Message-ID: <offer-2@x.example>
        Subject: Offer

        --1741078800-eximdsn-1--
        """,
        {
            "reports": [("gone@y.example", "failed", "5.0.0", "550 no such user")],
            "reported": "offer-2@x.example",
            "automatic": True,
        },
    ),
    (  # An old Exim: all in the text
        """
        X-Failed-Recipients: gone@y.example, lost@y.example
        From: Mail Delivery System <Mailer-Daemon@mx.example>
        Subject: Mail delivery failed

        A message could not be delivered.

        ------ This is a copy of the message, including all the headers. ------

        Message-ID: <offer-3@x.example>
        Subject: Offer
        """,
        {
            "reports": [("gone@y.example", "failed", "", ""), ("lost@y.example", "failed", "", "")],
            "reported": "offer-3@x.example",
        },
    ),
    (  # Exchange Online: the report in base64
        BASE.encode()
        + b"Content-Type: multipart/report; boundary=r\nIn-Reply-To: <offer-4@x.example>\n\n--r\n\nx\n--r\n"
        + b"Content-Type: message/delivery-status\nContent-Transfer-Encoding: base64\n\n"
        + base64.encodebytes(
            b"Reporting-MTA: dns;x\r\n\r\nFinal-Recipient: rfc822;a@y.example\r\nAction: delayed\r\nStatus: 4.4.7\r\n"
        )
        + b"--r--\n",
        {"reports": [("a@y.example", "delayed", "4.4.7", "")], "reported": "offer-4@x.example"},
    ),
    (  # Mailman: encoded body, plain footer, list headers
        """
        From: Ada via News <news@lists.example>
        Reply-To: Ada <ada@x.example>
        List-Id: Our news <News.lists.example>
        Precedence: list
        Subject: [News] Hi
        Content-Type: multipart/mixed; boundary="===============1=="

        --===============1==
        Content-Type: text/plain; charset="utf-8"
        Content-Transfer-Encoding: base64

        SGnDoQ==

        --===============1==
        Content-Type: text/plain; charset="us-ascii"
        Content-Disposition: inline

        ____
        News mailing list
        --===============1==--
        """,
        {
            "from": [("Ada via News", "news@lists.example")],
            "text": "Hiá\n____\nNews mailing list",
            "list_id": "news.lists.example",
            "automatic": True,
        },
    ),
    (  # An automatic reply
        "From: Bo <bo@x.example>\nSubject: Out of office\nAuto-Submitted: auto-replied (vacation)\n\nBack on Monday",
        {"automatic": True, "text": "Back on Monday"},
    ),
    ("From: Bo <bo@x.example>\nSubject: x\nAuto-Submitted: no\n\nHi", {"automatic": False}),
    ("From: Bo <bo@x.example>\nSubject: x\nX-Autoreply: yes\n\nHi", {"automatic": True}),
    ("From: postmaster@x.example\nSubject: x\n\nHi", {"automatic": True}),
    (  # A program that writes no MIME headers, and Windows-1252
        b"From: shop@x.example\r\nSubject: Bestellung f\xfcr Sie\r\n\r\nGr\xf6\xdfe \x96 5 \x80\r\n",
        {"subject": "Bestellung für Sie", "text": "Größe – 5 €\n"},
    ),
    (  # A scanner
        b'From: scan@x.example\nSubject: Scan\nContent-Type: multipart/mixed; boundary = "scan" \n\n'
        b'--scan\nContent-Type: application/pdf;name="Scan 1.pdf"\nContent-Transfer-Encoding: BASE64\n\nJVBERg==\n--scan--\n',
        {"text": "", "files": [("Scan 1.pdf", b"%PDF")]},
    ),
    (  # Yahoo Japan: a long subject in several words
        b"From: =?iso-2022-jp?B?GyRCPEZFRBsoQg==?= <s@x.example>\nSubject: =?iso-2022-jp?B?GyRCN29MPiROGyhC?=\n"
        b" =?iso-2022-jp?B?GyRCJUYlOSVIGyhC?=\nContent-Type: text/plain; charset=iso-2022-jp\n\n\x1b$B$3$s$K$A$O\x1b(B\n",
        {"subject": "件名のテスト", "from": [("柴田", "s@x.example")], "text": "こんにちは\n"},
    ),
]
