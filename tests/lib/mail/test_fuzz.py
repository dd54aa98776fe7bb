"""Whatever happens to the bytes of a message, it is read or refused, and quickly."""

import random
import time

import pytest

from boxwood.lib.mail import Unreadable, parse, parse_headers
from tests.lib.mail.corpus import cases

PIECES = [b"\0", b"\n", b"\r", b"\n\n", b'"', b"<", b">", b"(", b";", b":", b"=?utf-8?b?", b"?=", b"--b\n", b"--b--"]
PIECES += [
    b"=",
    b"%",
    b"*0*=",
    b"\xff",
    b"\xc3",
    b"\x1b$B",
    b"Content-Type: multipart/mixed; boundary=b\n",
    b"\\",
    b",",
]
PIECES += [
    b"Content-Transfer-Encoding: base64\n",
    b"charset=utf-7",
    b"begin 644 x\n",
    b"\x78\x9f\x3e\x22",
    b"<div>" * 600,
]


def mutated(raws: list[bytes], chance: random.Random) -> bytes:
    raw = chance.choice(raws)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(raw) + 1)
        kind = chance.randrange(5)
        if kind == 0:
            raw = raw[:at] + chance.choice(PIECES) * chance.choice((1, 1, 1, 50)) + raw[at:]
        elif kind == 1:
            raw = raw[:at] + raw[at + chance.randrange(40) :]
        elif kind == 2:
            raw = raw[:at] + chance.randbytes(chance.randrange(20)) + raw[at:]
        elif kind == 3:
            other = chance.choice(raws)
            raw = raw[:at] + other[chance.randrange(len(other)) :]
        else:
            raw = raw[:at] + raw[at : at + 60] * chance.choice((2, 30)) + raw[at:]
    return raw


@pytest.mark.parametrize(
    "count", [pytest.param(2_000, id="2000"), pytest.param(100_000, id="100000", marks=pytest.mark.long)]
)
def test_every_mutated_message_is_read_or_refused_within_a_second(count: int) -> None:
    raws = [case.raw for case in cases()]
    chance = random.Random(14)
    for _ in range(count):
        raw = mutated(raws, chance)
        began = time.process_time()
        try:
            found = parse(raw, sender_required=False)
        except Unreadable:
            continue
        spent = time.process_time() - began
        assert spent < 10, raw
        texts = [found.subject, found.text, found.html or "", *found.references]
        texts += [address.name + address.email for address in found.people] + [file.name for file in found.attachments]
        for text in texts:
            assert text.encode().decode() == text, raw
            assert "\0" not in text, raw
        assert parse_headers(raw).subject == found.subject, raw
