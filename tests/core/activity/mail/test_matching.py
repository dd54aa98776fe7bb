"""Which boxes a mail goes to, and that the rest of a user's own mailbox leaves nothing behind."""

import pytest

from boxwood.core.activity.mail.matching import Decision
from tests.conftest import World, ok, refused
from tests.mail_in import CLIENT, decide, mailbox_of, raw_mail, receive, shared_mailbox


@pytest.fixture
def box(world: World) -> str:
    return with_address(world, world.pipeline(), "Acme")


def with_address(world: World, pipeline: dict[str, str], name: str, address: str = CLIENT) -> str:
    """A box with this address, which its name holds."""
    key: str = world.box(pipeline, name=f"{name} {address}")["key"]
    return key


def decided(world: World, *raws: bytes, name: str = "ada") -> list[tuple[str, str, list[str]]]:
    found = decide(world, name, mailbox_of(world, name), *raws)
    return [(each.kind, each.reason, each.box_keys or each.candidates) for each in found]


def test_an_address_of_a_box_decides(world: World, box: str) -> None:
    assert decided(world, raw_mail(), raw_mail(2, sender="kim@other.example")) == [
        ("store", "address", [box]),
        ("skip", "unmatched", []),
    ]


def test_an_address_of_a_contact_of_the_box_decides_also_one_that_the_contact_gained_later(world: World) -> None:
    contact = ok(world.ada.http.post(f"/api/v2/teams/{world.team_key}/contacts", json={"givenName": "Zoe"}))
    box = world.box(world.pipeline(), contacts=[{"key": contact["key"]}])["key"]
    assert decided(world, raw_mail())[0][1] == "unmatched"
    ok(world.ada.http.post(f"/api/v2/contacts/{contact['key']}", json={"emailAddresses": [CLIENT]}))
    assert decided(world, raw_mail()) == [("store", "address", [box])]


def test_mail_that_fits_several_boxes_waits_for_a_decision(world: World, box: str) -> None:
    other = with_address(world, world.pipeline(), "Other")
    assert decided(world, raw_mail()) == [("suggest", "ambiguous", sorted([box, other]))]


def test_a_conversation_that_boxes_know_comes_before_everything_else(world: World, box: str) -> None:
    pipeline = world.pipeline()
    first, second = (world.box(pipeline, name=name)["key"] for name in ("First", "Second"))
    chosen = Decision("store", "chosen", [first, second])
    receive(world, "ada", mailbox_of(world, "ada"), raw_mail(1), decision=chosen)
    assert decided(world, raw_mail(2, answers=1, sender="stranger@else.example")) == [
        ("store", "thread", sorted([first, second]))
    ]


def test_mail_among_the_people_of_the_team_is_skipped(world: World, box: str) -> None:
    inside = raw_mail(sender=world.bo.email, to=f"{world.ada.email}, {world.bo.email}")
    assert decided(world, inside) == [("skip", "team", [])]
    assert decided(world, raw_mail(2, sender=world.bo.email, to=CLIENT)) == [("store", "address", [box])]


def test_blocked_senders_are_skipped_for_the_user_or_the_whole_team(world: World, box: str) -> None:
    mine = ok(world.ada.http.post("/api/v2/mail/blocks", json={"address": CLIENT}))
    assert decided(world, raw_mail()) == [("skip", "blocked", [])]
    assert decided(world, raw_mail(), name="bo") == [("store", "address", [box])]
    assert ok(world.bo.http.get("/api/v2/mail/blocks"))["results"] == []
    ok(world.ada.http.delete(f"/api/v2/mail/blocks/{mine['key']}"))
    assert decided(world, raw_mail())[0][1] == "address"
    refused(world.bo.http.post("/api/v2/mail/blocks", json={"domain": "client.example", "forTeam": True}), 403)
    ok(world.ada.http.post("/api/v2/mail/blocks", json={"domain": "client.example", "forTeam": True}))
    sub = raw_mail(3, sender="kim@mail.client.example")
    assert decided(world, raw_mail(), sub, name="bo") == [("skip", "blocked", []), ("skip", "blocked", [])]


def test_a_removed_block_is_undone(world: World, box: str) -> None:
    ok(world.ada.http.post("/api/v2/mail/blocks", json={"address": CLIENT}))
    block = ok(world.ada.http.get("/api/v2/mail/blocks"))["results"][0]
    answer = world.ada.http.delete(f"/api/v2/mail/blocks/{block['key']}")
    ok(world.ada.http.post("/api/v2/undo", json={"change": answer.headers["x-boxwood-change"]}))
    assert ok(world.ada.http.get("/api/v2/mail/blocks"))["results"] == [block]


def test_a_mailing_list_matches_no_box_by_an_address_of_its_subscribers(world: World, box: str) -> None:
    listed = raw_mail(List_Id="<news.client.example>")
    assert decided(world, listed) == [("skip", "list", [])]
    ok(world.ada.http.post(f"/api/v1/boxes/{box}", json={"emailAddressesWhitelist": [CLIENT]}))
    assert decided(world, listed) == [("store", "address", [box])]


def test_lists_of_a_box_decide_for_and_against_an_address(world: World, box: str) -> None:
    other = with_address(world, world.pipeline(), "Other")
    edited = ok(world.ada.http.post(f"/api/v1/boxes/{box}", json={"emailAddressesBlacklist": [CLIENT.upper()]}))
    assert edited["emailAddressesBlacklist"] == [CLIENT]
    assert edited["emailAddresses"] == [] == edited["emailAddressesAutoExtracted"]
    assert decided(world, raw_mail()) == [("store", "address", [other])]
    answer = world.ada.http.post(
        f"/api/v1/boxes/{box}", json={"emailAddressesBlacklist": [], "emailAddressesWhitelist": [CLIENT]}
    )
    assert ok(answer)["emailAddressesWhitelist"] == [CLIENT]
    assert decided(world, raw_mail()) == [("store", "address", [box])]
    ok(world.ada.http.post("/api/v2/undo", json={"change": answer.headers["x-boxwood-change"]}))
    assert decided(world, raw_mail()) == [("store", "address", [other])]
    error = refused(world.ada.http.post(f"/api/v1/boxes/{box}", json={"emailAddressesWhitelist": ["zoe"]}), 400)
    assert "'zoe'" in error


def test_rules_of_a_pipeline_come_last_and_create_boxes(world: World) -> None:
    pipeline = world.pipeline()
    rules = f"/api/v2/pipelines/{pipeline['key']}/mailrules"
    fixed = world.box(pipeline, name="Invoices")["key"]
    ok(world.ada.http.post(rules, json={"subject": "Invoice", "boxKey": fixed}))
    new = ok(world.ada.http.post(rules, json={"from": "client.example", "stageKey": "5002"}))
    assert decided(world, raw_mail(subject="Your INVOICE 7"))[0] == ("store", "rule", [fixed])
    receive(world, "ada", mailbox_of(world, "ada"), raw_mail(2, subject="We need a boat"))
    boxes = ok(world.ada.http.get(f"/api/v1/pipelines/{pipeline['key']}/boxes"))
    boat = next(box for box in boxes if box["name"] == "We need a boat")
    assert (boat["stageKey"], boat["totalNumberOfEmails"]) == ("5002", 1)
    # The answer belongs to the conversation, and creates no second box.
    receive(world, "ada", mailbox_of(world, "ada"), raw_mail(3, answers=2, subject="Re: We need a boat"))
    assert ok(world.ada.http.get(f"/api/v1/boxes/{boat['key']}"))["totalNumberOfEmails"] == 2
    ok(world.ada.http.delete(f"{rules}/{new['key']}"))
    assert decided(world, raw_mail(4, sender="kim@client.example"))[0][1] == "unmatched"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({}, "Rule"),
        ({"from": "gmail.com"}, "mail provider"),
        ({"from": "no domain"}, "from"),
        ({"subject": "a"}, "subject"),
        ({"from": "a@b.example", "to": "c@d.example"}, "to"),
        ({"from": "a@b.example", "boxKey": "b-none"}, "boxKey"),
    ],
)
def test_a_wrong_rule_is_refused(world: World, wrong: dict[str, str], says: str) -> None:
    pipeline = world.pipeline()
    refused(world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/mailrules", json=wrong), 400, says)


def test_a_rule_with_the_domain_of_the_team_is_refused(world: World) -> None:
    pipeline = world.pipeline()
    own = world.ada.email.partition("@")[2]
    answer = world.ada.http.post(f"/api/v2/pipelines/{pipeline['key']}/mailrules", json={"from": own})
    refused(answer, 400, "your own team")


def test_only_boxes_that_the_owner_may_change_are_matched(world: World, box: str) -> None:
    hidden = world.pipeline(defaultPermissionSetName="__noAccessPermissionSet__")
    with_address(world, hidden, "Hidden")
    assert decided(world, raw_mail(), name="bo") == [("store", "address", [box])]
    assert len(decided(world, raw_mail())[0][2]) == 2


def test_unmatched_mail_of_a_user_is_written_nowhere(world: World) -> None:
    secret = "My own diagnosis"
    stored = receive(
        world, "ada", mailbox_of(world, "ada"), raw_mail(subject=secret, text=secret, sender="doctor@clinic.example")
    )
    assert (stored.mail_key, stored.message_keys) == (None, [])
    tables = ("mails", "messages", "events", "search_entries", "box_suggestions")
    assert not [
        table
        for table in tables
        for row in world.server.engine.read(lambda db, table=table: db.rows(f"SELECT * FROM {table}"))  # type: ignore[misc]
        if secret.casefold() in repr(row).casefold()
    ]


def test_a_mailbox_of_the_team_keeps_what_no_box_gets(world: World) -> None:
    stored = receive(world, "ada", shared_mailbox(world), raw_mail(sender="new@client.example"))
    assert stored.mail_key
    assert stored.message_keys == []


def test_answers_to_a_removed_conversation_do_not_come_back_by_themselves(world: World, box: str) -> None:
    stored = receive(world, "ada", mailbox_of(world, "ada"), raw_mail(1))
    message = ok(world.ada.http.get(f"/api/v2/messages/{stored.message_keys[0]}"))
    removed = world.ada.http.delete(f"/api/v1/threads/{message['threadKey']}")
    assert decided(world, raw_mail(2, answers=1)) == [("skip", "unmatched", [])]
    assert decided(world, raw_mail(7)) == [("store", "address", [box])]
    ok(world.ada.http.post("/api/v2/undo", json={"change": removed.headers["x-boxwood-change"]}))
    assert decided(world, raw_mail(2, answers=1)) == [("store", "thread", [box])]


def test_another_users_private_conversation_is_not_noticed_by_matching(world: World) -> None:
    box = world.box(world.pipeline())["key"]
    chosen = Decision("store", "chosen", [box])
    receive(world, "ada", mailbox_of(world, "ada", "private"), raw_mail(1), decision=chosen)
    assert decided(world, raw_mail(2, answers=1), name="bo") == [("skip", "unmatched", [])]
    assert decided(world, raw_mail(2, answers=1)) == [("store", "thread", [box])]


def test_an_address_that_a_box_gains_is_searched_in_the_mailboxes_of_the_team(world: World) -> None:
    create_mailbox(world)
    box = with_address(world, world.pipeline(), "Acme")
    assert searched(world) == {CLIENT}
    receive(world, "ada", mailbox_of(world, "ada"), raw_mail(Cc="copied@else.example"))
    assert "copied@else.example" in ok(world.ada.http.get(f"/api/v1/boxes/{box}"))["emailAddresses"]
    assert searched(world) == {CLIENT}


def test_a_member_who_shares_a_mailbox_shows_it_in_email_sharing(world: World) -> None:
    def shown() -> dict[str, str]:
        team = ok(world.bo.http.get(f"/api/v2/teams/{world.team_key}"))
        return {member["userKey"]: member["emailSharing"] for member in team["members"]}

    assert shown() == {world.ada.user_key: "None", world.bo.user_key: "None"}
    create_mailbox(world)
    assert shown() == {world.ada.user_key: "Existence", world.bo.user_key: "None"}


def create_mailbox(world: World) -> None:
    """A row of Ada's mailbox that no worker reads."""
    columns = {
        **{"key": f"mailbox {world.number}", "team_key": world.team_key, "owner_key": world.ada.user_key},
        **{"user_key": world.ada.user_key, "address": world.ada.email, "aliases": "[]", "kind": "personal"},
        **{
            "share": "subject",
            "imap": '{"host": "imap.example"}',
            "provider": "",
            "state": "paused",
            "failures": 0,
            "due_at": 2**60,
        },
        **{"lease_until": 0, "day": 0, "day_bytes": 0, "created_at": 1, "updated_at": 1},
    }
    sql = f"INSERT INTO mailboxes ({', '.join(columns)}) VALUES ({', '.join(f':{name}' for name in columns)})"
    world.server.engine.write(lambda db: db.run(sql, **columns))


def searched(world: World) -> set[str]:
    sql = "SELECT address FROM mail_searches WHERE mailbox_key = :key"
    return {row[0] for row in world.server.engine.read(lambda db: db.rows(sql, key=f"mailbox {world.number}"))}
