"""Contacts and organizations are exported and imported as tables and vCards."""

import json
from typing import Any

import pytest

from boxwood.api import entry_tables
from boxwood.errors import Unavailable
from tests.conftest import World, ok, refused
from tests.sheets import xlsx

GOOGLE = """\
First Name,Last Name,Organization Name,Organization Title,Notes,E-mail 1 - Label,E-mail 1 - Value,Phone 1 - Value
Kim,Lee,Acme,CTO,Met at the fair,* Work,kim@acme.example ::: kim@home.example,+49 30 1234567
,,,,,,,
"""
OUTLOOK = """\
First Name,Last Name,Company,Job Title,E-mail Address,E-mail 2 Address,Business Phone,Mobile Phone
Lou,Reed,Velvet,Singer,lou@velvet.example,lou@home.example,030 1,0170 2
"""
CARDS = (
    "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Lee;Kim;;;\r\nFN:Kim Lee\r\nORG:Acme\\, Inc.;Sales\r\n"
    'item1.EMAIL;TYPE=INTERNET:kim@acme.example\r\nTEL;TYPE="work,voice":+49 30 1234567\r\n'
    "ADR;TYPE=WORK:;;Main St 1;Berlin;;10115;Germany\r\nNOTE:Met at\\nthe \r\n fair\r\nEND:VCARD\r\n"
    "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=\r\n=B6rg\r\n"
    "EMAIL:joerg@home.example\r\nEND:VCARD\r\n"
)


def contacts(world: World, noun: str = "contacts") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ok(world.ada.http.get(f"/api/v2/teams/{world.team_key}/{noun}"))["results"]
    return found


def send(world: World, content: bytes | str, noun: str = "contacts", **params: Any) -> Any:
    path = f"/api/v2/teams/{world.team_key}/{noun}/import"
    return world.ada.http.post(path, params=params, content=content, headers={"content-type": "text/csv"})


def test_exports_of_other_programs_need_no_mapping(world: World) -> None:
    dry = ok(send(world, GOOGLE, dryRun="true"))
    assert (dry["created"], dry["rejectedCount"], dry["dryRun"]) == (1, 0, True)
    assert contacts(world) == []
    done = ok(send(world, GOOGLE))
    assert (done["created"], done["rejectedCount"]) == (1, 0)
    (kim,) = contacts(world)
    assert (kim["givenName"], kim["familyName"], kim["title"], kim["other"]) == ("Kim", "Lee", "CTO", "Met at the fair")
    assert kim["emailAddresses"] == ["kim@acme.example", "kim@home.example"]
    (acme,) = contacts(world, "organizations")
    assert (acme["name"], [link["key"] for link in kim["orgLinks"]]) == ("Acme", [acme["key"]])
    again = ok(send(world, GOOGLE))
    assert (again["created"], again["unchanged"]) == (0, 1)
    lou = ok(send(world, OUTLOOK))
    assert (lou["created"], lou["columns"]["Mobile Phone"]) == (1, "phone_numbers")
    found = next(each for each in contacts(world) if each.get("givenName") == "Lou")
    assert (found["emailAddresses"], found["phoneNumbers"]) == (
        ["lou@velvet.example", "lou@home.example"],
        ["030 1", "0170 2"],
    )
    ok(world.ada.http.post("/api/v2/undo", json={"change": lou["change"]}))
    assert [each["givenName"] for each in contacts(world)] == ["Kim"]


@pytest.mark.parametrize("form", ["csv", "jsonl", "vcf"])
def test_an_export_is_imported_with_the_same_values(world: World, form: str) -> None:
    team = f"/api/v2/teams/{world.team_key}"
    ok(world.ada.http.post(f"{team}/contacts/fields", json={"name": "Region", "type": "TEXT_INPUT"}))
    acme = ok(world.ada.http.post(f"{team}/organizations", json={"name": "Acme, Inc.", "domains": ["acme.example"]}))
    given = {
        "givenName": "Kim",
        "familyName": "Lee; Jr",
        "title": "=CTO",
        "other": "two\nlines, \\ and more " * 9,
        "emailAddresses": ["kim@acme.example", "kim@home.example"],
        "phoneNumbers": ["+49 30 1234567"],
        "addresses": ["Main St 1, 10115 Berlin", "Side St 2"],
    }
    kim = ok(world.ada.http.post(f"{team}/contacts", json=given))
    if form != "vcf":
        ok(world.ada.http.post(f"/api/v2/contacts/{kim['key']}", json={"fields": {"1001": "North"}}))
    before = ok(world.ada.http.get(f"/api/v2/contacts/{kim['key']}"))
    answer = world.ada.http.get(f"{team}/contacts/export", params={"format": form})
    assert f"contacts.{form}" in answer.headers["content-disposition"]
    organizations = world.ada.http.get(f"{team}/organizations/export", params={"format": form})
    assert (answer.status_code, organizations.status_code) == (200, 200)
    for noun, key in (("contacts", kim["key"]), ("organizations", acme["key"])):
        ok(world.ada.http.delete(f"/api/v2/{noun}/{key}"))
    assert ok(send(world, organizations.content, "organizations"))["created"] == 1
    assert ok(send(world, answer.content))["created"] == 1
    (after,) = contacts(world)
    members = [*given, "fields"] if form != "vcf" else [*given]
    assert {name: after[name] for name in members} == {name: before[name] for name in members}
    assert len(after["orgLinks"]) == 1
    (found,) = contacts(world, "organizations")
    assert (found["name"], found["domains"]) == ("Acme, Inc.", ["acme.example"])


def test_a_long_table_is_imported_in_parts_as_one_change(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry_tables, "AT_ONCE", 2)
    rows = "".join(f"Ann {at},ann{at}@home.example\n" for at in range(4))
    table = f"Name,Email\n{rows}Bo,none\nCy,cy@home.example\n"
    path = f"/api/v2/teams/{world.team_key}/contacts/import"
    headers = {"content-type": "text/csv", "Idempotency-Key": f"k{world.number}"}
    refused(world.ada.http.post(path, params={"dryRun": "true"}, content=table), 400, "dryRun", "up to 2 rows")
    # The connection to the database breaks in the third part; the repetition continues there, and a later one is
    # answered alike without doing anything.
    take, calls = entry_tables.entry_tables.take, []

    def breaks(*given: Any, **more: Any) -> Any:
        calls.append(more["change"])
        if len(calls) == 3:
            raise Unavailable("the disk is full")
        return take(*given, **more)

    monkeypatch.setattr(entry_tables.entry_tables, "take", breaks)
    assert world.ada.http.post(path, content=table, headers=headers).status_code == 503
    assert len(contacts(world)) == 4
    done = ok(world.ada.http.post(path, content=table, headers=headers))
    assert (done["created"], [each["row"] for each in done["rejected"]]) == (5, [5])
    assert len(calls) == 4
    again = world.ada.http.post(path, content=table, headers=headers)
    assert (ok(again), again.headers["idempotent-replayed"], len(calls)) == (done, "true", 4)
    refused(world.ada.http.post(path, content=table + "Di,di@home.example\n", headers=headers), 422, "")
    ok(world.ada.http.post("/api/v2/undo", json={"change": done["change"]}))
    assert contacts(world) == []


def test_vcards_and_spreadsheets_are_read_and_bad_input_is_refused(world: World) -> None:
    assert ok(send(world, CARDS))["created"] == 2
    kim, joerg = sorted(contacts(world), key=lambda each: str(each["emailAddresses"]), reverse=True)
    assert (kim["phoneNumbers"], kim["addresses"]) == (["+49 30 1234567"], ["Main St 1, Berlin, 10115, Germany"])
    assert kim["other"] == "Met at\nthe fair"
    assert (joerg["givenName"], joerg["familyName"]) == ("Jörg", "Müller")
    assert contacts(world, "organizations")[0]["name"] == "Acme, Inc."
    sheet = xlsx({"A": [["Name", "Mail"], ["Ann Bo", "ann@home.example"], ["", "no address"]]})
    done = ok(send(world, sheet, mapping=json.dumps({"Mail": "emailAddresses"})))
    assert (done["created"], [each["row"] for each in done["rejected"]]) == (1, [2])
    assert "is not an e-mail address" in done["rejected"][0]["reason"]
    assert "incomplete" in refused(send(world, CARDS[:-20]), 400)
    assert "no column is known" in refused(send(world, "a,b\n1,2\n"), 400, "mapping")
    refused(send(world, "Name\nAcme\n", mapping='{"Nme": "name"}'), 400, "Nme")
    refused(send(world, "Name\nAcme\n", mapping='{"Name": "shoe size"}'), 400, "shoe size")
    refused(send(world, ""), 400, "empty")
    refused(send(world, "Name;Mail\n", delimiter=";;"), 400, "delimiter")
    refused(send(world, "Name;Mail\n", encoding="klingon"), 400, "encoding")
    assert ok(send(world, "Name\tMail\nAcme\tann@acme.example\n", delimiter="tab"))["created"] == 1
    path = f"/api/v2/teams/{world.team_key}/contacts/export"
    refused(world.ada.http.get(path, params={"format": "xml"}), 400, "format")
    refused(world.cy.http.get(path), 404)
