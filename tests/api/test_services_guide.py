"""The requests on the pages for Zapier, Make, Pipedream and Google Sheets are sent as they stand there."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import World, ok
from tests.house.tree import ROOT

PAGES = ("zapier", "make", "pipedream", "google-sheets")
_REQUEST = re.compile(r"```http\n(GET|POST) (\S+)\n(?:(\{.*?\})\n)?```", re.S)
# What Apps Script gives to a script: requests, a CSV reader and a sheet. curl sends the requests.
APPS_SCRIPT = r"""
const { execFileSync } = require("node:child_process");
let cells = [];
const UrlFetchApp = { fetch(url, given) {
  const more = Object.entries(given.headers).flatMap(([name, value]) => ["-H", name + ": " + value]);
  if (given.payload) more.push("-H", "Content-Type: " + given.contentType, "--data-binary", given.payload);
  const method = given.method.toUpperCase();
  const text = execFileSync("curl", ["-s", "-w", "\n%{http_code}", "-X", method, ...more, url]).toString();
  const end = text.lastIndexOf("\n");
  return { getResponseCode: () => Number(text.slice(end + 1)), getContentText: () => text.slice(0, end) };
} };
const Utilities = { parseCsv: (text) => text.trim().split(/\r?\n/).map((line) => line.split(",")) };
const sheet = {
  clearContents() { cells = []; },
  getRange: (row, column, rows, columns) => ({ setValues(values) {
    if (values.length !== rows || values.some((each) => each.length !== columns)) throw new Error("wrong range");
    cells = values;
  } }),
  getDataRange: () => ({ getValues: () => cells }),
};
const SpreadsheetApp = { getActiveSheet: () => sheet };
"""


def test_the_requests_of_each_service_work_as_the_page_shows_them(world: World) -> None:
    pipeline = world.pipeline()
    world.field(pipeline, "TEXT_INPUT", "Value")
    box = world.box(pipeline, name="Initech")
    real = {"PIPELINE": pipeline["key"], "TEAM": world.team_key, "BOX": box["key"]}
    visitor = world.stack.enter_context(world.client(None))
    for page in PAGES:
        found = _REQUEST.findall((ROOT / f"docs/guide/{page}.md").read_text())
        assert len(found) >= 2, page
        for method, path, body in found:
            for word, key in real.items():
                path = re.sub(rf"\b{word}\b", key, path)
            headers = {"Authorization": f"Bearer {world.ada.key}", "Content-Type": "application/json"}
            answer = visitor.request(method, path, content=body or None, headers=headers)
            assert answer.status_code == 200, f"{page}: {method} {path}: {answer.text}"
    hooks = ok(world.ada.http.get(f"/api/v2/pipelines/{pipeline['key']}/webhooks"))["results"]
    assert {each["name"] for each in hooks} == {"Zapier", "Make", "Pipedream"}
    names = {each["name"] for each in ok(world.ada.http.get(f"/api/v1/pipelines/{pipeline['key']}/boxes"))}
    assert names == {"Initech", "Acme"}
    assert ok(world.ada.http.get(f"/api/v1/boxes/{box['key']}"))["notes"] == "Signed"


@pytest.mark.one_database
def test_the_script_of_google_sheets_reads_and_writes_boxes(world: World, tmp_path: Path) -> None:
    pipeline = world.pipeline()
    world.box(pipeline, name="Acme", notes="Before")
    script = re.search(r"```javascript\n(.*?)```", (ROOT / "docs/guide/google-sheets.md").read_text(), re.S)
    assert script
    text = script[1].replace("https://crm.example.com", world.server.url)
    text = text.replace('"KEY"', f'"{world.ada.key}"').replace('"PIPELINE"', f'"{pipeline["key"]}"')
    program = tmp_path / "sheet.cjs"
    used = 'readBoxes(); const before = cells; cells = [...cells, ["Initech", "", "New"]]; cells[1][2] = "After";'
    program.write_text(f"{APPS_SCRIPT}\n{text}\n{used}\nsendRows(); console.log(JSON.stringify(before[0]));\n")
    done = subprocess.run(["node", str(program)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["Name", "Stage", "Notes"]
    boxes = ok(world.ada.http.get(f"/api/v1/pipelines/{pipeline['key']}/boxes"))
    assert {each["name"]: each["notes"] for each in boxes} == {"Acme": "After", "Initech": "New"}
