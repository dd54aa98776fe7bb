"""Merge fields: what a template becomes for a recipient, and which values are missing."""

from typing import Any

from tests.conftest import World, ok, refused

TEMPLATES = [
    # template, the text for a contact, the fields that are missing
    ("Dear {{contact.givenName|customer}},", "Dear Kim,", []),
    ("Dear {{contact.title|customer}},", "Dear customer,", []),
    ('Dear {{contact.title | default("M|M")}},', "Dear M|M,", []),
    ("{{contact.name}}, {{contact}}, {{contact.email}}", "Kim &lt;Lee&gt;, Kim &lt;Lee&gt;, kim@client.example", []),
    ("<b>{{ contact.name | upper }}</b>", "<b>KIM &lt;LEE&gt;</b>", []),
    ("{{contact.<i>name</i>&nbsp;|M &amp; M}}", "Kim &lt;Lee&gt;", []),
    ("{{contact.title|M &amp; M}}", "M &amp; M", []),
    ("{{contact.Region}} {{contact.fields.region}}", "North North", []),
    ("{{organization.name|your company}}", "your company", []),
    ("{{box.name}} in {{box.stage}} of {{box.pipeline.name}}", "Acme in Lead of Sales", []),
    ("{{box.Deal size}} {{box.fields.Deal size}} {{box.1001}}", "€12,000 €12,000 €12,000", []),
    ("{{box.Share}}", "12.5%", []),
    ("{{box.Close date}}", "25 November 2026", []),
    ('{{box.Close date | date("%d.%m.%Y")}}', "25.11.2026", []),
    ('{{box.Close date | plus(1, "weeks") | date}}', "2026-12-02", []),
    ("{{box.Signed}}, {{box.Kind}}, {{box.Tags}}", "yes, Large, red, blue", []),
    ("{{box.Notes}}|{{box.Nothing}}", "|", ["box.Notes", "box.Nothing"]),
    ("{{box.Colour|red}}", "red", ["box.Colour"]),
    ("{{contact.givnName|you}}", "you", ["contact.givnName"]),
    ("{{sender.name}}, {{team.name}}", "Ada Lovelace, Ada&#x27;s team", []),
    ("no place", "no place", []),
]


def test_templates_are_filled_for_a_recipient_and_tell_what_is_missing(world: World) -> None:
    pipeline = world.pipeline(name="Sales", stageNames="Lead,Won")["key"]
    fields: list[dict[str, Any]] = [
        {"name": "Deal size", "type": "TEXT_INPUT", "displayFormat": {"type": "CURRENCY", "currency": "EUR"}},
        {"name": "Share", "type": "TEXT_INPUT", "displayFormat": {"type": "PERCENT"}},
        {"name": "Close date", "type": "DATE"},
        {"name": "Signed", "type": "CHECKBOX"},
        {"name": "Kind", "type": "DROPDOWN", "dropdownSettings": {"items": [{"name": "Large"}]}},
        {"name": "Tags", "type": "TAG", "tagSettings": {"tags": [{"tag": "red"}, {"tag": "blue"}]}},
        {"name": "Notes", "type": "TEXT_INPUT"},
        {"name": "Nothing", "type": "DATE"},
    ]
    http, v2 = world.ada.http, "/api/v2"
    made = [ok(http.post(f"{v2}/pipelines/{pipeline}/fields", json=field)) for field in fields]
    team = f"{v2}/teams/{world.team_key}/contacts"
    region = ok(http.post(f"{team}/fields", json={"name": "Region", "type": "TEXT_INPUT"}))["key"]
    kim = {"givenName": "Kim", "familyName": "<Lee>", "emailAddresses": ["kim@client.example"]}
    contact = ok(http.post(team, json={**kim, "fields": {region: "North"}}))["key"]
    values = ["12.000,00 €", 12.5, "2026-11-25", True, "Large", ["red", "blue"]]
    given = {"name": "Acme", "contacts": [{"key": contact}]}
    given["fields"] = {field["key"]: value for field, value in zip(made, values, strict=False)}
    box = ok(http.post(f"{v2}/pipelines/{pipeline}/boxes", json=given))["key"]

    snippet = ok(http.put("/api/v1/snippets", json={"snippetName": "x", "snippetText": "x"}))["key"]
    about: dict[str, Any] = {"boxKey": box}
    for template, text, missing in TEMPLATES:
        ok(http.post(f"/api/v1/snippets/{snippet}", json={"snippetText": template}))
        shown = ok(http.post(f"{v2}/snippets/{snippet}/render", json=about))
        assert (shown["html"], [each["field"] for each in shown["missing"]]) == (text, missing), template

    ok(http.post(f"/api/v1/snippets/{snippet}", json={"subject": "{{box.name}} for {{contact.title}}"}))
    shown = ok(http.post(f"{v2}/snippets/{snippet}/render", json={"contactKey": contact}))
    assert shown["subject"].strip() == "for"
    assert shown["missing"][:2] == [
        {"field": "box.name", "where": "subject"},
        {"field": "contact.title", "where": "subject"},
    ]
    ok(http.post(f"/api/v1/snippets/{snippet}", json={"snippetText": "{{contact.name | upper(1)}}"}))
    refused(http.post(f"{v2}/snippets/{snippet}/render", json=about), 400)
    ok(http.post(f"/api/v1/snippets/{snippet}", json={"snippetText": "{{contact.name"}))
    refused(http.post(f"{v2}/snippets/{snippet}/render", json=about), 400, "html")
    assert world.cy.http.post(f"{v2}/snippets/{snippet}/render", json=about).status_code == 404
