"""The checks of the official Python client's answers detect errors that the client itself accepts."""

import pytest
from streak_crm.types import ApiKey, OperationResponse, SearchResponse, TeamMember

from tests.streak.sdk import mismatches

KEY = {"apiKey": "s", "key": "k", "creationTimestamp": 1, "lastSavedTimestamp": 2, "keyType": "USER"}
FOUND = {"results": {"boxes": [{"boxKey": "b", "assignedToKeys": ["u"]}], "contacts": [], "orgs": []}}


def seen(kind, value):
    return [*mismatches(kind, value, "body")]


@pytest.mark.parametrize(
    "value",
    [KEY, KEY | {"teamKey": None}, KEY | {"teamKey": "t"}, KEY | {"name": "an undocumented member"}],
)
def test_a_correct_response_is_accepted(value):
    assert seen(ApiKey, value) == []
    assert seen(list[ApiKey], [value, value]) == []


def test_nested_members_are_checked_too():
    assert seen(SearchResponse, FOUND) == []
    wrong = {"results": FOUND["results"] | {"boxes": [{"boxKey": "b", "assignedToKeys": "u"}]}}
    assert seen(SearchResponse, wrong) == ["body.results.boxes[0].assignedToKeys: 'u' is not a list"]
    assert seen(SearchResponse, {"results": {"boxes": [], "contacts": []}}) == ["body.results.orgs is missing"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"creationTimestamp": "1"},
        {"creationTimestamp": 1.0},
        {"creationTimestamp": True},
        {"creationTimestamp": None},
        {"key": 5001},
        {"teamKey": 1},
        {"keyType": "user"},
        {"keyType": None},
        {"success": True},
    ],
)
def test_a_wrong_response_is_detected(wrong):
    assert len(seen(ApiKey, KEY | wrong)) == 1


def test_each_missing_required_member_is_detected():
    assert len(seen(ApiKey, {})) == 5
    assert seen(OperationResponse, {"success": True}) == []
    assert len(seen(TeamMember, {"role": "Boss", "inviteStatus": "Accepted", "emailSharing": "None"})) == 3
