"""Addresses that get no mail: who sees and changes the list of a team, and what it stops."""

from typing import Any

from boxwood.core.activity.sending import suppressions
from boxwood.core.context import Ctx
from tests.conftest import World, ok, refused
from tests.core.activity.sending.sent import mailbox_key

URL = "/api/v2/suppressions"
ZOE = "zoe@client.example"


def test_the_team_keeps_one_list_with_a_reason_for_each_address(world: World) -> None:
    ada, bo, cy = world.ada.http, world.bo.http, world.cy.http
    added = ok(ada.post(URL, json={"address": " Zoe@Client.example ", "text": "asked on the phone"}))
    assert (added["address"], added["reason"], added["creatorKey"]) == (ZOE, "manual", world.ada.user_key)
    assert ok(bo.post(URL, json={"address": ZOE}))["key"] == added["key"]
    unsubscribed = ok(bo.post(URL, json={"address": ZOE, "reason": "unsubscribe"}))
    ok(bo.post(URL, json={"address": "=kim@client.example"}))
    assert [it["key"] for it in ok(bo.get(URL, params={"address": "ZOE@"}))["results"]] == [
        unsubscribed["key"],
        added["key"],
    ]
    assert ok(ada.get(URL, params={"reason": "unsubscribe"}))["results"] == [unsubscribed]
    assert ok(ada.get(URL, params={"address": "%"}))["results"] == []
    first = ok(ada.get(URL, params={"limit": "2"}))
    assert (len(first["results"]), first["hasNextPage"]) == (2, True)
    lines = ada.get(f"{URL}/export").text.splitlines()
    assert lines[0].startswith("address,reason")
    assert "'=kim@client.example" in lines[1]
    assert len(lines) == 4

    assert ok(cy.get(URL))["results"] == []
    refused(cy.get(f"{URL}/{added['key']}"), 404)
    refused(cy.delete(f"{URL}/{added['key']}"), 404)
    for wrong in ({}, {"address": "zoe"}, {"address": ZOE, "reason": "bounce"}):
        refused(ada.post(URL, json=wrong), 400)
    refused(ada.get(URL, params={"reason": "other"}), 400)

    ok(bo.delete(f"{URL}/{added['key']}"))
    refused(bo.delete(f"{URL}/{unsubscribed['key']}"), 403)
    ok(ada.delete(f"{URL}/{unsubscribed['key']}"))


def test_changes_of_the_list_are_undone_and_stand_in_the_audit_log(world: World) -> None:
    ada = world.ada.http
    answer = ada.post(URL, json={"address": ZOE})
    added = ok(answer)
    deleted = ada.delete(f"{URL}/{added['key']}")
    ok(ada.post("/api/v2/undo", json={"change": deleted.headers["x-boxwood-change"]}))
    assert ok(ada.get(f"{URL}/{added['key']}")) == added
    ok(ada.post("/api/v2/undo", json={"change": answer.headers["x-boxwood-change"]}))
    refused(ada.get(f"{URL}/{added['key']}"), 404)
    kinds = [it["kind"] for it in ok(ada.get(f"/api/v2/teams/{world.team_key}/audit"))["results"]]
    assert kinds[:3] == ["suppression.deleted", "suppression.restored", "suppression.deleted"]


def test_each_reason_stops_what_it_should(world: World) -> None:
    """Letters of people go to those who unsubscribed or complained; mailings, sequences and automations do not. A
    person may write to a bounced address all the same."""

    def notice(ctx: Ctx) -> dict[str, Any]:
        for reason in suppressions.REASONS:
            assert suppressions.notice(ctx, world.team_key, f"{reason}@client.example", reason, None, code="5.1.1")
        assert suppressions.notice(ctx, world.team_key, "Bounce@client.example", "bounce", None) is None
        return {
            (reason, automatic, overrides): suppressions.stopping(
                ctx.db,
                world.team_key,
                ["free@client.example", f"{reason.title()}@client.example"],
                automatic=automatic,
                overrides=overrides,
            )
            is not None
            for reason in suppressions.REASONS
            for automatic, overrides in ((False, False), (False, True), (True, True))
        }

    stops = world.as_("ada", notice)
    assert {case for case, is_stopped in stops.items() if not is_stopped} == {
        ("bounce", False, True),
        ("complaint", False, False),
        ("complaint", False, True),
        ("unsubscribe", False, False),
        ("unsubscribe", False, True),
    }
    other = ok(world.cy.http.post("/api/v2/teams", json={"name": "C", "members": [{"email": world.cy.email}]}))["key"]
    free = lambda ctx: suppressions.stopping(ctx.db, other, ["manual@client.example"], automatic=True)  # noqa: E731
    assert world.as_("cy", free) is None


def test_a_letter_to_a_suppressed_address_is_refused_with_the_reason(world: World) -> None:
    ada, mailbox = world.ada.http, mailbox_key(world)

    def notice(ctx: Ctx) -> None:
        gone = {"code": "5.1.1", "text": "550 no such user"}
        suppressions.notice(ctx, world.team_key, "gone@client.example", "bounce", None, **gone)
        suppressions.notice(ctx, world.team_key, ZOE, "unsubscribe", None)

    world.as_("ada", notice)
    ok(ada.post(URL, json={"address": "never@client.example"}))

    def draft(*to: str) -> str:
        given = {"mailboxKey": mailbox, "subject": "Offer", "text": "Hello", "to": to}
        return str(ok(ada.post("/api/v2/drafts", json=given))["key"])

    def send(key: str, **given: Any) -> Any:
        later = world.clock() + 86_400_000
        return ada.post(f"/api/v2/drafts/{key}/send", json={"sendAt": later, **given})

    gone, both = draft("Gone <Gone@client.example>"), draft(ZOE, "gone@client.example")
    warnings = ok(ada.post(f"/api/v2/drafts/{both}/preview"))["warnings"]
    assert warnings == ["Mail to gone@client.example came back: 550 no such user", f"{ZOE} unsubscribed"]
    assert "came back: 550 no such user" in refused(send(gone), 400)
    refused(send(both), 400)
    refused(send(both, overrideBounces=True), 400, "overrideBounces")
    letter = ok(send(gone, overrideBounces=True))
    assert letter["state"] == "scheduled"
    never = draft("never@client.example")
    assert "remove it from the list" in refused(send(never, overrideBounces=True), 400)
    assert ok(send(draft(ZOE)))["state"] == "scheduled"
