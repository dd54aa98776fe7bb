"""The endpoint matrix: the table in `docs/api/matrix.md`, read, with what each row's request carries."""

import re
from pathlib import Path
from typing import Any, NamedTuple

PAGE = Path(__file__).parents[2] / "docs/api/matrix.md"
MEETING = {"meetingType": "CALL_LOG", "startTimestamp": 1_700_000_000_000}
HOOK = {"event": "BOX_CREATE", "targetUrl": "https://receiver.example/hook"}
GMAIL = "15d52837dc00ff8e"
MOVE = {"key": "{box}", "boxKey": "{box}", "pipelineKey": "{pipeline}"}

# The things named in braces are created when a row first needs them (see `tests/things.py`).
SENT: dict[str, dict[str, Any]] = {
    "POST /v1/users/{user}": {"json": {"firstName": "Ada"}},
    "POST /v2/teams": {"json": {"name": "Team", "members": [{"email": "{email}"}]}},
    "POST /v2/teams/{team}": {"json": {"name": "Team"}},
    "PUT /v1/pipelines": {"data": {"name": "P"}},
    "POST /v1/pipelines/{pipeline}": {"json": {"name": "P"}},
    "POST /v2/pipelines": {"json": {"name": "P", "teamKey": "{team}", "stages": ["Lead"]}},
    "POST /v2/pipelines/{pipeline}": {"json": {"name": "P"}},
    "PUT /v1/pipelines/{pipeline}/stages": {"data": {"name": "S"}},
    "POST /v1/pipelines/{pipeline}/stages/{stage}": {"json": {"name": "S"}},
    "POST /v2/pipelines/{pipeline}/stages": {"json": {"name": "S"}},
    "POST /v2/pipelines/{pipeline}/stages/{stage}": {"json": {"name": "S"}},
    "PUT /v1/pipelines/{pipeline}/fields": {"data": {"name": "F", "type": "DATE"}},
    "POST /v2/pipelines/{pipeline}/fields": {"json": {"name": "F", "type": "DATE"}},
    "POST /v1/pipelines/{pipeline}/fields/{field}": {"json": {"name": "F"}},
    "PUT /v1/pipelines/{pipeline}/boxes": {"data": {"name": "B"}},
    "POST /v1/pipelines/{pipeline}/boxes": {"json": {"name": "B"}},
    "POST /v2/pipelines/{pipeline}/boxes": {"json": {"name": "B"}},
    "POST /v1/pipelines/{pipeline}/boxes/batch": {"json": ["{box}"]},
    "POST /v2/pipelines/{pipeline}/boxes/batch": {"json": [MOVE]},
    "POST /v1/boxes/{box}": {"json": {"name": "B"}},
    "POST /v1/boxes/{box}/fields/{field}": {"json": {"value": "x"}},
    "POST /v2/boxes/{box}/tasks": {"json": {"text": "T"}},
    "POST /v2/tasks/{task}": {"json": {"text": "T"}},
    "PUT /v1/boxes/{box}/reminders": {"data": {"message": "R", "remindDate": "1800000000000"}},
    "POST /v1/reminders/{reminder}": {"json": {"message": "R"}},
    "PUT /v1/boxes/{box}/comments": {"params": {"message": "C"}},
    "POST /v1/boxes/{box}/comments": {"json": {"message": "C"}},
    "POST /v2/boxes/{box}/comments": {"json": {"message": "C"}},
    "POST /v2/comments/{comment}": {"json": {"message": "C"}},
    "POST /v2/comments/{comment}/react": {"json": {"emoji": "👍"}},
    "POST /v2/comments/{comment}/unreact": {"json": {"emoji": "👍"}},
    "POST /v2/boxes/{box}/meetings": {"json": MEETING},
    "POST /v2/meetings/{meeting}": {"json": {"notes": "N"}},
    "POST /v2/files": {"json": {"driveFileId": "1AbC", "driveBoxKey": "{box}"}},
    "PUT /v1/boxes/{box}/threads": {"data": {"boxKey": "{box}", "threadGmailId": GMAIL}},
    "POST /v1/threadinfo": {"params": {"hexGmailThreadId": "{gmail}"}},
    "PUT /v1/snippets": {"data": {"snippetName": "S"}},
    "POST /v1/snippets/{snippet}": {"json": {"snippetName": "S"}},
    "GET /v1/search": {"params": {"query": "x"}},
    "POST /v2/contacts/{contact}": {"json": {"title": "T"}},
    "POST /v2/teams/{team}/contacts": {"json": {"givenName": "G"}},
    "POST /v2/contacts/batch/get": {"json": ["{contact}"]},
    "POST /v2/organizations/{organization}": {"json": {"name": "N"}},
    "POST /v2/teams/{team}/organizations": {"json": {"name": "N"}},
    "POST /v2/organizations/batch/get": {"json": ["{organization}"]},
    "POST /v2/webhooks": {"params": {"pipelineKey": "{pipeline}"}, "json": HOOK},
    "POST /v2/pipelines/{pipeline}/webhooks": {"json": HOOK},
    "POST /v2/webhooks/{webhook}": {"json": {"event": "BOX_EDIT"}},
}


class Row(NamedTuple):
    noun: str
    method: str
    path: str
    tests: list[str]

    @property
    def send(self) -> dict[str, Any]:
        return SENT.get(f"{self.method} {self.path}", {})


def rows() -> list[Row]:
    found, noun = [], ""
    for line in PAGE.read_text().splitlines():
        noun = line.removeprefix("## ") if line.startswith("## ") else noun
        if line.startswith("| `"):
            endpoint, *_, tests = line.strip("| ").split(" | ")
            found.append(Row(noun, *endpoint.strip("`").split(" "), re.findall(r"`(\w+::\w+)`", tests)))
    return found
