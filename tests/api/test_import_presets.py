"""Exports of other programs that an import recognizes, with sample files of our own."""

from typing import Any

import pytest

from tests.conftest import World, ok

SAMPLES = {
    "streak-boxes": ("Box Key,Name,Stage,Pipeline,Creation Date,Notes", "agx1,Acme,Lead,Deals,2026-01-02,Hi"),
    "hubspot-deals": (
        "Record ID,Deal Name,Deal Stage,Close Date,Deal owner,Amount,Associated Contact,Associated Company",
        "1,Acme,Lead,2026-02-03 10:00,Somebody Else,1200,Kim Lee (kim@acme.example),Acme Inc.",
    ),
    "hubspot-contacts": ("Record ID,First Name,Last Name,Email,Contact owner", "1,Kim,Lee,kim@acme.example,Ada"),
    "hubspot-companies": ("Record ID,Company name,Company owner,City", "1,Acme,Ada,Bonn"),
    "pipedrive-deals": (
        "Deal - ID,Deal - Title,Deal - Organization,Deal - Contact person,Deal - Stage,Deal - Deal created",
        "1,Acme,Acme Inc.,Kim Lee,Lead,2026-01-02 03:04:05",
    ),
    "pipedrive-people": ("Person - Name,Person - Email - Work", "Kim Lee,kim@acme.example"),
    "pipedrive-organizations": ("Organization - Name,Organization - Address", "Acme,Bonn"),
    "salesforce-opportunities": (
        "Opportunity Name,Account Name,Stage,Close Date,Amount,Opportunity Owner,Created Date",
        "Acme,Acme Inc.,Lead,2026-02-03,1200,Ada Lovelace,2026-01-02",
    ),
    "salesforce-contacts": (
        "First Name,Last Name,Account Name,Email,Mailing City",
        "Kim,Lee,Acme,kim@acme.example,Bonn",
    ),
    "zoho-deals": (
        "Record Id,Deal Owner.id,Deal Owner,Amount,Deal Name,Closing Date,Account Name,Stage,Contact Name,Created Time",
        "zcrm_1,zcrm_2,Ada Lovelace,1200,Acme,2026-02-03,Acme Inc.,Lead,Kim Lee,2026-01-02 03:04:05",
    ),
    "zoho-contacts": ("Record Id,Contact Owner,First Name,Last Name,Email", "zcrm_1,Ada,Kim,Lee,kim@acme.example"),
    "trello-cards": (
        "Card ID,Card Name,Card URL,Card Description,Labels,Members,Due Date,List ID,List Name,Board ID,Board Name",
        "1,Acme,https://t.example,Hello,,,2026-02-03,2,Lead,3,Sales",
    ),
    "airtable-records": ("Name,Notes,Assignee,Status,Attachments,Attachment Summary", "Acme,Hello,Ada Lovelace,Lead,,"),
    "google-contacts": ("First Name,Last Name,Phonetic First Name,E-mail 1 - Value", "Kim,Lee,,kim@acme.example"),
    "outlook-contacts": ("First Name,Last Name,E-mail Address,Business Phone", "Kim,Lee,kim@acme.example,1"),
}


def preview(world: World, pipeline: dict[str, Any], text: str, **query: str) -> dict[str, Any]:
    found: dict[str, Any] = ok(
        world.ada.http.post(
            f"/api/v2/pipelines/{pipeline['key']}/import/preview",
            params=query,
            content=text,
            headers={"Content-Type": "text/csv"},
        )
    )
    return found


def test_each_program_is_recognized_and_its_columns_go_where_they_belong(world: World) -> None:
    pipeline = world.pipeline()
    for key, (heading, row) in SAMPLES.items():
        seen = preview(world, pipeline, f"{heading}\n{row}\n", make="contacts")
        assert seen["preset"]["key"] == key
        targets = {each["target"] for each in seen["columns"]}
        if seen["preset"]["noun"] == "boxes":
            assert {"name", "stage"} <= targets, key
            assert [(each["name"], seen["refused"]) for each in seen["rows"]] == [("Acme", [])], key
        else:
            assert any("Import them on the page" in warning for warning in seen["warnings"]), key
    assert "preset" not in preview(world, pipeline, "Name,Size\nAcme,5\n")


def test_a_hubspot_export_links_contacts_and_companies_and_is_correctable(world: World) -> None:
    pipeline, http = world.pipeline(), world.ada.http
    world.field(pipeline, "DATE", "Close Date")
    team = f"/api/v2/teams/{world.team_key}"
    kim = ok(http.post(f"{team}/contacts", json={"givenName": "Kim", "emailAddresses": ["kim@acme.example"]}))
    heading, row = SAMPLES["hubspot-deals"]
    second = "2,Beta,New stage,2026-02-04,,5,Lou Reed (lou@beta.example);Kim (kim@acme.example),Beta"
    text = f"{heading}\n{row}\n{second}\n"
    seen = preview(world, pipeline, text)
    assert {each["name"]: each["target"] for each in seen["columns"]} == {
        "Record ID": None,
        "Deal Name": "name",
        "Deal Stage": "stage",
        "Close Date": "1001",
        "Deal owner": None,  # no user here is called Somebody Else
        "Amount": None,
        "Associated Contact": "contacts",
        "Associated Company": "organizations",
    }
    assert seen["preset"]["make"] == ["stages", "contacts"]
    assert [each["reason"] for each in seen["refused"]] == [
        "the team has no organization 'Acme Inc.'",
        "no stage 'New stage' in this pipeline",
    ]
    path = f"/api/v2/pipelines/{pipeline['key']}/import"
    sent = {"content": text, "headers": {"Content-Type": "text/csv"}}
    query = {"make": "stages,contacts", "wait": "30"}
    would = ok(http.post(path, params={**query, "dryRun": "true"}, **sent))
    assert (would["created"], would["refused"]) == (2, 0)
    assert len(ok(http.get(f"{team}/contacts"))["results"]) == 1
    done = ok(http.post(path, params=query, **sent))
    assert (done["state"], done["created"], done["refused"]) == ("done", 2, 0)
    contacts = {each["key"]: each["emailAddresses"] for each in ok(http.get(f"{team}/contacts"))["results"]}
    assert sorted(contacts.values()) == [["kim@acme.example"], ["lou@beta.example"]]
    firms = {each["key"]: each["name"] for each in ok(http.get(f"{team}/organizations"))["results"]}
    boxes = {each["name"]: each for each in ok(http.get(f"/api/v1/pipelines/{pipeline['key']}/boxes"))}
    assert [each["key"] for each in boxes["Acme"]["contacts"]] == [kim["key"]]
    assert [firms[each["key"]] for each in boxes["Acme"]["organizations"]] == ["Acme Inc."]
    assert len(boxes["Beta"]["contacts"]) == 2
    # Another mapping, and the boxes that match are updated.
    mapping = '{"Amount": "notes", "Associated Company": null}'
    again = ok(http.post(path, params={**query, "match": "name", "mapping": mapping}, **sent))
    assert (again["created"], again["updated"]) == (0, 2)
    assert ok(http.get(f"/api/v1/boxes/{boxes['Acme']['key']}"))["notes"] == "1200"


@pytest.mark.one_database
def test_a_field_called_contacts_is_still_a_target(world: World) -> None:
    pipeline = world.pipeline()
    field = world.field(pipeline, "TEXT_INPUT", "Contacts")
    seen = preview(world, pipeline, "Name,Who\nAcme,Kim\n", mapping='{"Who": "Contacts"}')
    assert {each["name"]: each["target"] for each in seen["columns"]}["Who"] == field["key"]
