"""Telephone numbers and e-mail addresses have one form in search, duplicates, filters and sign-in."""

from typing import Any

import phonenumbers
import pytest

from boxwood.core.accounts import passwords
from boxwood.core.context import Ctx
from boxwood.lib import addresses, phones
from boxwood.lib import passwords as hashes
from tests.conftest import Person, World, ok

PASSWORD = "correct horse battery"
HASH = hashes.hashed(PASSWORD)
LETTERS, CODED = "user@münchen.example", "user@xn--mnchen-3ya.example"


def found(who: Person, query: str) -> set[str]:
    results = ok(who.http.get("/api/v1/search", params={"query": query}))["results"]
    contacts = [contact.get("givenName") for contact in results["contacts"]]
    return {*(box["name"] for box in results["boxes"]), *(name for name in contacts if name)}


def a_contact(world: World, **members: Any) -> dict[str, Any]:
    return ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}/contacts", json=members))


@pytest.mark.parametrize(
    ("written", "queries"),
    [
        ("+49 30 123456", ["030 123456", "030/123456", "+4930123456", "0049 30 123456", "30123456", "+49 (0)30 12345"]),
        ("030 123456", ["+49 30 123456", "030123456", "(030) 123456", "0049-30-123456", "30 123456"]),
        ("+49 (170) 123-4567", ["+491701234567", "1701234567", "01701234567", "170 123-4567", "0170 123"]),
        ("+1 (212) 555-0100", ["212-555-0100", "2125550100", "12125550100", "1 212 555 0100", "001 212.555.0100"]),
    ],
)
def test_search_finds_a_telephone_number_however_it_is_written(world: World, written: str, queries: list[str]) -> None:
    pipeline = world.pipeline()
    key = world.field(pipeline, "TEXT_INPUT", "Phone")["key"]
    world.box(pipeline, name="Acme", fields={key: written})
    world.box(pipeline, name="Other", fields={key: "+44 20 7946 0018"})
    a_contact(world, givenName="Zuse", phoneNumbers=[written])
    a_contact(world, givenName="Ann", phoneNumbers=["+44 20 7946 0018"])
    missed = [query for query in (written, *queries) if found(world.ada, query) != {"Acme", "Zuse"}]
    assert missed == []


def test_the_fast_reading_of_numbers_agrees_with_the_library() -> None:
    """For an example of every kind of number of every country."""
    for region in phonenumbers.SUPPORTED_REGIONS:
        for kind in range(11):
            number = phonenumbers.example_number_for_type(region, kind)
            if number is None:
                continue
            national = phonenumbers.national_significant_number(number).lstrip("0")
            written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
            assert phones.form(written) == (national if len(national) >= 6 else ""), written


@pytest.mark.parametrize(
    "text",
    ["Acme", "", "12345", "2025", "call +49 30 123456 or 030 1", "+", "(((((((", "1701234567", "1250.50", "1.250,00 €"],
)
def test_other_texts_are_no_telephone_numbers_for_search(text: str) -> None:
    assert phones.words(text) == []


@pytest.mark.parametrize(
    "written", [LETTERS, CODED, "User@MÜNCHEN.example", "user@mu\u0308nchen.example", "USER@XN--MNCHEN-3YA.example."]
)
def test_an_international_address_has_one_form(written: str) -> None:
    assert addresses.one_form(written) == LETTERS
    assert addresses.in_ascii(addresses.one_form(written)) == CODED


def test_other_domains_stay_as_they_are() -> None:
    for email in ("ada@y.example", "a@xn--99999999.example", "a@" + "ü" * 80 + ".example"):
        assert addresses.one_form(email) == email


def test_contacts_with_an_international_address_are_alike(world: World) -> None:
    first = a_contact(world, givenName="Anna", emailAddresses=[CODED])
    second = a_contact(world, givenName="Berta", emailAddresses=[LETTERS])
    assert first["emailAddresses"] == second["emailAddresses"] == [LETTERS]
    groups = ok(world.ada.http.get(f"/api/v2/teams/{world.team_key}/contacts/duplicates"))["results"]
    keys = [{each["key"] for each in group["contacts"]} for group in groups if group["reason"] == "email"]
    assert keys == [{first["key"], second["key"]}]
    company = {"name": "Works", "domains": [CODED.partition("@")[2]]}
    ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}/organizations", json=company))
    for query in (CODED, LETTERS):
        assert found(world.ada, query) == {"Anna", "Berta"}
    for query in ("münchen.example", "xn--mnchen-3ya.example"):
        results = ok(world.ada.http.get("/api/v1/search", params={"query": query}))["results"]
        assert [each["name"] for each in results["orgs"]] == ["Works"]


@pytest.mark.parametrize("spelling", ["{}", "mailto:{}", "{}.", " {} ", "<{}>"])
def test_a_user_signs_in_with_any_spelling_of_the_address(world: World, spelling: str) -> None:
    name = world.ada.user_key.lower()

    def set_password(ctx: Ctx) -> None:
        address = LETTERS.replace("user", name)
        ctx.db.run("UPDATE users SET email = :email WHERE key = :key", email=address, key=ctx.actor.key)
        passwords.store(ctx.db, ctx.actor, HASH, ctx.now)

    world.as_("ada", set_password)
    for email in (LETTERS, CODED):
        given = {"email": spelling.format(email.replace("user", name)), "password": PASSWORD}
        ok(world.ada.http.post("/api/v2/session", json=given))
