"""The one form in which e-mail addresses are stored."""

import pytest

from boxwood.core import persons
from boxwood.errors import Invalid
from tests.conftest import World, ok

SPELLINGS = [
    "ada@y.example",
    " Ada@Y.Example ",
    "mailto:ada@y.example",
    "MAILTO:Ada@y.example",
    "Ada L <ada@y.example>",
    '"L, Ada" <ada@y.example>',
    "<mailto:ada@y.example>",
    "ada@y.example.",
    "ada@y.example\u200b",
    "\ufeffada@\u200dy.example",
]
WRONG = [
    "foo@bar..example",
    "foo@.example",
    "ada",
    "Ada <ada>",
    "<a@b.example> <c@d.example>",
    "a@b.example, c@d.example",
]


@pytest.mark.parametrize("given", SPELLINGS)
def test_an_address_has_one_form(given: str) -> None:
    assert persons.check_email(given) == "ada@y.example"


@pytest.mark.parametrize("given", WRONG)
def test_what_is_no_address_is_refused(given: str) -> None:
    with pytest.raises(Invalid, match="is not an e-mail address"):
        persons.check_email(given)


def test_a_contact_stores_spellings_of_an_address_once(world: World) -> None:
    given = {"emailAddresses": ["Ada L <ada@y.example>", "mailto:ada@y.example", "ada@y.example."]}
    contact = ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}/contacts", json=given))
    assert contact["emailAddresses"] == ["ada@y.example"]
