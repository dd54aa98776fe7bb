"""Reads what a mail server reports about a message that was sent before (RFC 3464)."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from . import bounce_texts
from .header_values import ids_of, text_of
from .parts import MOST_BYTES_OF_PART_HEADERS, Headers, Part, read_headers
from .records import DeliveryReport, DeliveryStatus

MOST_REPORTS = 1_000
_STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
_RETURNED_TYPES = ("message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers")
_BLOCK = re.compile(rb"\r?\n(?:[ \t]*\r?\n)+")
_MESSAGE_ID = re.compile(rb"^[> \t]{0,10}Message-ID:[ \t\r\n]*(<[^<>\s]{1,500}>)", re.M | re.I)


def read(root: Part, text: str, subject: str, recipients: set[str], *, of_server: bool) -> DeliveryStatus | None:
    """The report that a message is, or None if it is another message. `of_server` says that a mail server sent it: only
    then its text counts, in which many servers say what happened. `recipients` are those of the report itself."""
    parts = list(walk(root))
    stated = [part for part in parts if part.type in _STATUS_TYPES]
    failed = root.headers.get("x-failed-recipients", [])
    reports = [report for part in stated for block in _blocks(part) if (report := _report(block))]
    if not reports and (failed or of_server):
        emails = [email.strip().lower() for value in failed for email in text_of(value).split(",")]
        reports = bounce_texts.read(text, subject, [email for email in emails if email], recipients)
    elif of_server and (silent := [report.email for report in reports if not report.diagnostic]):
        said = {report.email: report for report in bounce_texts.read(text, subject, silent, recipients)}
        reports = [_completed(report, said.get(report.email)) for report in reports]
    if not stated and not failed and not reports:
        return None
    return DeliveryStatus(reports[:MOST_REPORTS], message_id_of(root, parts))


def _completed(report: DeliveryReport, said: DeliveryReport | None) -> DeliveryReport:
    """The report with the answer that only the text has, and with its code if that of the report says less."""
    if report.diagnostic or said is None:
        return report
    is_finer = report.status.endswith(".0.0") and said.status[:1] == report.status[:1]
    status = said.status if is_finer or not report.status else report.status
    return msgspec.structs.replace(report, diagnostic=said.diagnostic, status=status)


def walk(part: Part) -> Iterator[Part]:
    """The part and all parts in it."""
    yield part
    for inner in part.parts:
        yield from walk(inner)


def _blocks(part: Part) -> Iterator[Headers]:
    for block in _BLOCK.split(part.content(1_000_000).strip())[: MOST_REPORTS + 1]:
        yield read_headers(block, 0, len(block), MOST_BYTES_OF_PART_HEADERS)[0]


def _report(block: Headers) -> DeliveryReport | None:
    recipient = _after_type(block, "final-recipient") or _after_type(block, "original-recipient")
    if not recipient:
        return None
    return DeliveryReport(
        email=recipient.strip(" <>").lower(),
        action=_first(block, "action").lower(),
        status=_first(block, "status").partition(" ")[0],
        diagnostic=_after_type(block, "diagnostic-code"),
    )


def _first(block: Headers, name: str) -> str:
    return text_of(block[name][0]) if name in block else ""


def _after_type(block: Headers, name: str) -> str:
    """A value without the type before it: `rfc822;` or `smtp;`."""
    value = _first(block, name)
    kind, _, rest = value.partition(";")
    return rest.strip() if rest and " " not in kind.strip() else value


def message_id_of(root: Part, parts: list[Part]) -> str | None:
    """The Message-ID of the message that a report is about."""
    for part in parts:
        if part.type in _RETURNED_TYPES:
            content = part.content(MOST_BYTES_OF_PART_HEADERS).lstrip()
            headers, _ = read_headers(content, 0, len(content), MOST_BYTES_OF_PART_HEADERS)
            if ids := ids_of(headers.get("message-id", [b""])[0]):
                return ids[0]
    texts = (part for part in parts if part is not root or not root.parts)
    for part in texts:
        if part.type == "text/plain" and (found := _MESSAGE_ID.search(part.content(100_000))):
            return next(iter(ids_of(found[1])), None)
    answered = [id_ for name in ("in-reply-to", "references") for id_ in ids_of(root.headers.get(name, [b""])[-1])]
    return answered[-1] if answered else None
