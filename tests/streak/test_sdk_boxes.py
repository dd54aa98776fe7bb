"""A box as Markdown through the official Python client, which has no other call for boxes."""

import pytest

from tests.conftest import ok
from tests.streak.sdk import refused


@pytest.fixture
def box(world):
    """A box with content in every section."""
    pipeline = world.pipeline(name="Sales", description="What we sell")
    text, drop = world.field(pipeline, "TEXT_INPUT", "Value"), world.field(pipeline, "DROPDOWN", "Size")
    options = {"dropdownSettings": {"items": [{"name": "Small"}, {"name": "Large"}]}}
    field = ok(world.ada.http.post(f"/api/v1/pipelines/{pipeline['key']}/fields/{drop['key']}", json=options))
    small, date = field["dropdownSettings"]["items"][0]["key"], world.field(pipeline, "DATE", "Signed")
    team = f"/api/v2/teams/{world.team_key}"
    kim = {"givenName": "Kim", "familyName": "Lee", "emailAddresses": ["kim@client.example"]}
    contact = ok(world.ada.http.post(f"{team}/contacts", json=kim))
    organization = ok(world.ada.http.post(f"{team}/organizations", json={"name": "Client Ltd"}))
    other = world.box(pipeline, name="Renewal")
    created = world.box(
        pipeline,
        name="Deal",
        notes="First line\n# Not a heading",
        fields={text["key"]: 42, drop["key"]: small, date["key"]: 1_700_000_000_000},
        contacts=[{"key": contact["key"]}],
        organizations=[{"key": organization["key"]}],
        linkedBoxKeys=[other["key"]],
    )["key"]
    own = f"/api/v2/boxes/{created}"
    ok(world.ada.http.post(f"{own}/tasks", json={"text": "Call Kim", "dueDate": 1_700_000_000_000}))
    ok(world.ada.http.post(f"{own}/comments", json={"message": "Looks good\n# Not one either"}))
    meeting = {"meetingType": "CALL_LOG", "startTimestamp": 1_600_000_000_000, "notes": "<p>Went <b>well</b></p>"}
    ok(world.ada.http.post(f"{own}/meetings", json=meeting))
    ok(world.ada.http.post(f"/api/v1/boxes/{created}", json={"stageKey": "5002"}))
    return created


def test_the_document_describes_the_content_of_the_box(ada, box):
    text = ada.boxes.get_box_markdown(box)
    for item in [
        "# Deal\n",
        "- **Stage:** Won",
        "- **Assigned to:** Ada Lovelace",
        "## Notes\n\n> First line\n> # Not a heading",
        "## Columns\n\n- **Value:** 42\n- **Size:** Small\n- **Signed:** 2023-11-14T22:13:20Z",
        "## Contacts\n\n- Kim Lee (kim@client.example)",
        "## Organizations\n\n- Client Ltd",
        "## Linked boxes\n\n- Renewal (Sales, Lead)",
        "## Tasks\n\n- [ ] Call Kim (due 2023-11-14T22:13:20Z; assigned to Ada Lovelace)",
        "## Pipeline\n\n- **Name:** Sales\n",
        "- **Description:** What we sell\n- **Stages:** Lead → Won → Lost",
        "Comment by Ada Lovelace\n\n> Looks good\n> # Not one either",
        "### 2020-09-13T12:26:40Z: Call logged by Ada Lovelace\n\n> Went well",
    ]:
        assert item in text, item
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    sections = ["Notes", "Columns", "Contacts", "Organizations", "Linked boxes", "Tasks", "Pipeline", "Timeline"]
    assert headings == [f"## {name}" for name in sections]
    timeline = text.partition("## Timeline\n\n")[2]
    assert "moved this box to Won" in timeline.splitlines()[0]


def test_a_size_limit_keeps_the_sections_and_the_newest_entries(ada, box):
    whole = ada.boxes.get_box_markdown(box)
    with refused(400, "maxTokens") as refusal:
        ada.boxes.get_box_markdown(box, max_tokens=1)
    least = int(refusal.value.body["error"].rpartition(" ")[2])
    with refused(400, str(least)):
        ada.boxes.get_box_markdown(box, max_tokens=least - 1)
    shortest = ada.boxes.get_box_markdown(box, max_tokens=least)
    assert shortest.endswith("## Timeline\n\n*Earlier entries were left out here.*\n")
    assert whole.startswith(shortest.partition("## Timeline")[0])
    middle = ada.boxes.get_box_markdown(box, max_tokens=least + 60)
    assert "moved this box to Won" in middle
    assert middle.endswith("*Earlier entries were left out here.*\n")
    assert ada.boxes.get_box_markdown(box, max_tokens=1_000_000) == whole
    assert "left out" not in whole


def test_the_document_of_an_unreachable_box_is_not_found(cy, box):
    with refused(404, "not found"):
        cy.boxes.get_box_markdown(box)
