"""Every row of the endpoint matrix is there, and the page about it is true."""

import ast
import json
import re
from functools import cached_property
from pathlib import Path

import pytest

from tests.streak.matrix import GMAIL, HOOK, MEETING, SENT, rows

HERE = Path(__file__).parent


class Things:
    """One of everything, made when a row first names it."""

    def __init__(self, world):
        self._world = world

    def made(self, method, path, **request):
        answer = self._world.ada.http.request(method, f"/api{path}", **request)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        return (body[0] if isinstance(body, list) else body)["key"]

    @property
    def user(self):
        return self._world.ada.user_key

    @property
    def email(self):
        return self._world.ada.email

    @property
    def team(self):
        return self._world.team_key

    @cached_property
    def apikey(self):
        return self.made("PUT", "/v1/apikeys")

    @cached_property
    def pipeline(self):
        return self.made("PUT", "/v1/pipelines", data={"name": "P"})

    @cached_property
    def stage(self):
        return self.made("PUT", f"/v1/pipelines/{self.pipeline}/stages", data={"name": "S"})

    @cached_property
    def field(self):
        body = {"name": "F", "type": "TEXT_INPUT"}
        return self.made("PUT", f"/v1/pipelines/{self.pipeline}/fields", data=body)

    @cached_property
    def box(self):
        return self.made("PUT", f"/v1/pipelines/{self.pipeline}/boxes", data={"name": "B"})

    @cached_property
    def task(self):
        return self.made("POST", f"/v2/boxes/{self.box}/tasks", json={"text": "T"})

    @cached_property
    def reminder(self):
        body = {"message": "R", "remindDate": "1800000000000"}
        return self.made("PUT", f"/v1/boxes/{self.box}/reminders", data=body)

    @cached_property
    def comment(self):
        return self.made("POST", f"/v2/boxes/{self.box}/comments", json={"message": "C"})

    @cached_property
    def meeting(self):
        return self.made("POST", f"/v2/boxes/{self.box}/meetings", json=MEETING)

    @cached_property
    def file(self):
        return self.made("POST", f"/v2/boxes/{self.box}/files", files={"file": ("f.txt", b"f", "text/plain")})

    @cached_property
    def thread(self):
        body = {"boxKey": self.box, "threadGmailId": GMAIL}
        return self.made("PUT", f"/v1/boxes/{self.box}/threads", data=body)

    @property
    def gmail(self):
        return self.thread and GMAIL

    @cached_property
    def snippet(self):
        return self.made("PUT", "/v1/snippets", data={"snippetName": "S"})

    @cached_property
    def contact(self):
        return self.made("POST", f"/v2/teams/{self.team}/contacts", json={"givenName": "G"})

    @cached_property
    def organization(self):
        return self.made("POST", f"/v2/teams/{self.team}/organizations", json={"name": "N"})

    @cached_property
    def webhook(self):
        return self.made("POST", "/v2/webhooks", params={"pipelineKey": self.pipeline}, json=HOOK)

    def fill(self, text):
        return re.sub(r"\{(\w+)\}", lambda name: getattr(self, name[1]), text)


@pytest.mark.parametrize("row", [pytest.param(row, id=f"{row.method} {row.path}") for row in rows()])
def test_the_row_is_there(world, row):
    things = Things(world)
    request = json.loads(things.fill(json.dumps(row.send, ensure_ascii=False)))
    answer = world.ada.http.request(row.method, "/api" + things.fill(row.path), **request)
    assert "Invalid API path specified" not in answer.text
    assert answer.status_code == 200, answer.text
    if not row.path.endswith(("/md", "/contents")):
        assert answer.json() is not None


def test_the_matrix_has_every_pair_once():
    pairs = [(row.method, row.path) for row in rows()]
    assert len(pairs) == len(set(pairs)) == 118
    assert SENT.keys() <= {f"{method} {path}" for method, path in pairs}


def test_every_row_names_tests_that_are_there():
    there = {
        f"{path.stem}::{node.name}"
        for path in HERE.glob("test_*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef)
    }
    assert all(row.tests for row in rows())
    assert not {row.noun: missing for row in rows() if (missing := {*row.tests} - there)}
