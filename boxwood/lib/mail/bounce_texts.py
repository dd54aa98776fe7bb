"""Reads delivery reports that say only in words what happened, as those of qmail, Gmail, sendmail and old Exchange."""

from __future__ import annotations

import re

from .records import DeliveryReport

MOST_RECIPIENTS = 20
LONGEST = 20_000
LONGEST_DIAGNOSTIC = 500
_DELAYED = re.compile(
    r"has not (?:yet )?been delivered|warning message only|will (?:continue to )?(?:re)?try|keep trying"
    r"|delivery incomplete|temporary (?:problem|failure|error)|(?:is|been) delayed|\(delay\)"
    r"|wurde noch nicht zugestellt",
    re.I,
)
_FAILED = re.compile(
    r"(?:could|can)(?:n[’']t| ?not) be (?:delivered|found)|(?:wasn[’']t|was not|not) delivered|undeliver"
    r"|(?:unable|failed|not able) to deliver|deliver\w*[^.\n]{0,80}fail|fail\w* permanently"
    r"|permanent (?:fatal )?(?:error|failure)"
    r"|did(?:n[’']t| not) reach|address not found|failure notice|returned mail|returning message to sender"
    r"|nicht zugestellt|unzustellbar|non remis|no se (?:pudo|ha podido) entregar",
    re.I,
)
_COPY = re.compile(
    r"^[ >]*-{2,}[^\n]{0,30}(?:copy of (?:the|your) message|original message|below this line|unsent message"
    r"|returned message|message header|original headers)|^original message headers:",
    re.I | re.M,
)
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,2}\.\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.@:])([45]\d\d)(?=[ \-:;#]|$)(?!\.\d)", re.M)


def read(text: str, subject: str, named: list[str], own: set[str]) -> list[DeliveryReport]:
    """The reports in the text of a mail server; none if it reports nothing. `named` are the recipients that a header
    names, and `own` the addresses that the report was sent to."""
    cut = _COPY.search(text)
    text = text[: cut.start() if cut else LONGEST][:LONGEST]
    said = f"{subject}\n{text}"
    if _DELAYED.search(said):
        action = "delayed"
    elif named or _FAILED.search(said):
        action = "failed"
    else:
        return []
    found = [(match[0].lower(), match.start(), match.end()) for match in _ADDRESS.finditer(text)]
    wanted = named or [email for email, _, _ in found if email not in own and not _is_server(email)]
    return [_report(email, action, text, found) for email in list(dict.fromkeys(wanted))[:MOST_RECIPIENTS]]


def _is_server(email: str) -> bool:
    return email.partition("@")[0] in ("mailer-daemon", "postmaster")


def _report(email: str, action: str, text: str, found: list[tuple[str, int, int]]) -> DeliveryReport:
    """What the text says after the address, up to the next other one that begins a line."""
    begin = next((end for each, _, end in found if each == email), None)
    if begin is None:
        begin, end = (0, len(text)) if len({each for each, _, _ in found}) == 0 else (0, 0)
    else:
        after = (start for each, start, _ in found if start > begin and each != email and _begins_line(text, start))
        end = next(after, len(text))
    part = text[begin:end]
    status, reply = _STATUS.search(part), _REPLY.search(part)
    at = min((match.start() for match in (status, reply) if match), default=None)
    code = status[1] if status else f"{reply[1][0]}.0.0" if reply else ""
    return DeliveryReport(email, action, code, "" if at is None else _line(part, at))


def _begins_line(text: str, at: int) -> bool:
    return not text[text.rfind("\n", 0, at) + 1 : at].strip(" <>\t")


def _line(text: str, at: int) -> str:
    """The line around a code, with the next if it is one sentence, without what stands before the code's reply."""
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    line = text[start : end if end >= 0 else len(text)]
    return " ".join(line.strip(" \t>'\"#*|").split())[:LONGEST_DIAGNOSTIC]
